"""Pieces of HTML on the page: the probabilities as bars, the mirror check, captions."""

from html import escape

import numpy as np

from demo_app.language import class_name, say
from demo_app.render import text as words
from demo_app.render.text import colour, percent
from fer_core.explain.cam import colourise
from fer_core.inference.face_prediction import FacePrediction


def caption(face: FacePrediction, number: int, emotion: str) -> str:
    """One HTML sentence about the map of one class, with the colour scale."""
    title = say("panel.map_of", number=number, emotion=_coloured(face, emotion))
    probability = float(face.probabilities[face.classes.index(emotion)])
    if float(face.map_of(emotion).max()) <= 0:
        return f'<p class="map-caption">{title}. {escape(say("panel.nothing_to_draw"))}</p>'
    prediction = (
        say("panel.the_prediction")
        if emotion == face.emotion
        else say("panel.predicted", emotion=class_name(face.emotion))
    )
    return (
        f'<p class="map-caption">{title} ({escape(percent(probability))}; {escape(prediction)}).'
        f'<span class="scale">0<i style="background:{_scale()}"></i>'
        f"{escape(say('panel.maximum'))}</span></p>"
    )


def bars(face: FacePrediction, shown: str, threshold: float) -> str:
    """The probabilities of one face as bars in the model's colours and order.

    Each bar knows its rank too: the page can order them by value (`demo_app.tabs.heading`).

    Args:
        face: the face.
        shown: the class whose map is shown; its bar is marked.
        threshold: of "not sure", a line across the bars.
    """
    ranks = np.argsort(np.argsort(-face.probabilities, kind="stable"))
    rows = [
        _bar(name, float(value), tint, rank, strong=name == face.emotion, shown=name == shown)
        for name, value, tint, rank in zip(
            face.classes, face.probabilities, face.taxonomy.colours, ranks.tolist(), strict=True
        )
    ]
    return (
        f'<h2 class="panel-title">{escape(say("panel.probabilities"))}</h2>'
        f'<div class="bars" role="list" style="--threshold:{threshold:.3f}">'
        f"{''.join(rows)}</div>"
    )


def crop_names(face: FacePrediction) -> str:
    """Captions of the three small images of a face, as HTML."""
    of_mirror = "mirror_map" if face.mirror_check else "same_map"
    names = (escape(say(f"panel.{key}")) for key in ("crop", "crop_map", of_mirror))
    return f'<div class="crop-names">{"".join(f"<span>{name}</span>" for name in names)}</div>'


def mirror_line(face: FacePrediction, emotion: str) -> str:
    """The mirror check of one face and one class, as HTML with three meters."""
    check = face.mirror_check
    if check is None:
        return f'<p class="mirror">{escape(say("panel.no_mirror"))}</p>'
    index = face.classes.index(emotion)
    meters = [
        ("consistency", check.consistency(index)),
        ("predictions_agree", check.answer_agreement),
        ("maps_agree", check.map_agreement(index)),
    ]
    one, other = (class_name(face.classes[int(row.argmax())]) for row in check.probabilities)
    text = (
        say("panel.both", emotion=one)
        if check.same_answer
        else say("panel.differ", one=one, other=other)
    )
    rows = "".join(
        f'<span class="meter"><b>{escape(percent(value))}</b>'
        f'<i style="--share:{value:.3f}"></i>{escape(say(f"panel.{name}"))}</span>'
        for name, value in meters
    )
    return f'<div class="mirror"><p>{escape(text)}</p><div class="meters">{rows}</div></div>'


def model_panel(name: str, face: FacePrediction, emotion: str, threshold: float) -> str:
    """One of two models side by side: its prediction, probabilities and mirror check as HTML."""
    text = escape(words.prediction(face, threshold))
    return (
        f'<h3>{escape(name)}</h3><p class="said" style="--colour:{colour(face, threshold)}">'
        f"{text}<span> · {escape(say('panel.side_map', emotion=class_name(emotion)))}</span></p>"
        f"{bars(face, emotion, threshold)}{mirror_line(face, emotion)}"
    )


def model_panel_without_map(name: str, face: FacePrediction, note: str, threshold: float) -> str:
    """A second model without maps: its prediction and probabilities, and a note on it, as HTML."""
    text = escape(words.prediction(face, threshold))
    return (
        f'<h3>{escape(name)}</h3><p class="said" style="--colour:{colour(face, threshold)}">'
        f"{text}<span> · {escape(say('panel.side_no_map'))}</span></p>"
        f'{bars(face, "", threshold)}<p class="mirror">{escape(note)}</p>'
    )


def _coloured(face: FacePrediction, emotion: str) -> str:
    colour = face.taxonomy.colour_of(emotion)
    return f'<b class="emotion" style="--colour:{colour}">{escape(class_name(emotion))}</b>'


def _bar(name: str, value: float, colour: str, rank: int, *, strong: bool, shown: bool) -> str:
    state = " strong" * strong + " shown" * shown
    return (
        f'<div class="bar{state}" role="listitem" style="--rank:{rank}">'
        f'<span class="name">{escape(class_name(name))}</span>'
        f'<span class="track"><i style="width:{100 * value:.1f}%;background:{colour}"></i></span>'
        f'<span class="value">{escape(percent(value))}</span></div>'
    )


def _scale() -> str:
    stops = ",".join(f"rgb({r} {g} {b})" for r, g, b in colourise(np.linspace(0, 1, 6)[None])[0])
    return f"linear-gradient(to right,{stops})"
