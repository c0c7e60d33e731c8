"""Pieces of HTML on the page: the probabilities as bars, the mirror check, captions."""

from html import escape

import numpy as np

from demo_app.render.text import answer, colour, percent
from fer_core.explain.cam import colourise
from fer_core.inference.predictor import FacePrediction


def caption(face: FacePrediction, number: int, emotion: str) -> str:
    """One HTML sentence about the map of one class, with the colour scale."""
    of = f"Face {number}: evidence for {_coloured(face, emotion)}"
    probability = float(face.probabilities[face.classes.index(emotion)])
    if float(face.map_of(emotion).max()) <= 0:
        return f'<p class="map-caption">{of}: none. No place of this face speaks for it.</p>'
    answer = "the model's answer" if emotion == face.emotion else f"the answer is {face.emotion}"
    return (
        f'<p class="map-caption">{of} ({escape(percent(probability))}; {escape(answer)}).'
        f'<span class="scale">none<i style="background:{_scale()}"></i>strongest</span></p>'
    )


def bars(face: FacePrediction, shown: str, threshold: float) -> str:
    """The probabilities of one face as bars in the model's colours and order.

    Args:
        face: the face.
        shown: the class whose map is shown; its bar is marked.
        threshold: of "not sure", a line across the bars.
    """
    rows = [
        _bar(name, float(value), tint, strong=name == face.emotion, shown=name == shown)
        for name, value, tint in zip(
            face.classes, face.probabilities, face.taxonomy.colours, strict=True
        )
    ]
    return (
        '<h2 class="panel-title">Probabilities</h2>'
        f'<div class="bars" role="list" style="--threshold:{threshold:.3f}">'
        f"{''.join(rows)}</div>"
    )


def crop_names(face: FacePrediction) -> str:
    """What the three small pictures of a face show, as HTML under them."""
    of_mirror = "map of its mirror image, flipped back" if face.mirror_check else "the same"
    names = ("what the model saw", "map of the face", of_mirror)
    return f'<div class="crop-names">{"".join(f"<span>{name}</span>" for name in names)}</div>'


def mirror_line(face: FacePrediction, emotion: str) -> str:
    """What the mirror check says of one face and one class, as HTML with three meters."""
    check = face.mirror_check
    if check is None:
        return '<p class="mirror">This model looks at the face alone, not at its mirror image.</p>'
    index = face.classes.index(emotion)
    meters = [
        ("consistency", check.consistency(index)),
        ("answers agree", check.answer_agreement),
        ("maps agree", check.map_agreement(index)),
    ]
    names = [face.classes[int(row.argmax())] for row in check.probabilities]
    told = (
        f"Both views say {names[0]}."
        if check.same_answer
        else f"The face says {names[0]}, its mirror image {names[1]}: do not rely on this answer."
    )
    rows = "".join(
        f'<span class="meter"><b>{escape(percent(value))}</b>'
        f'<i style="--share:{value:.3f}"></i>{name}</span>'
        for name, value in meters
    )
    return f'<div class="mirror"><p>{escape(told)}</p><div class="meters">{rows}</div></div>'


def beside(name: str, face: FacePrediction, emotion: str, threshold: float) -> str:
    """One of two models beside each other: its answer, its probabilities, its mirror check."""
    said = escape(answer(face, threshold))
    return (
        f'<h3>{escape(name)}</h3><p class="said" style="--colour:{colour(face, threshold)}">'
        f"{said}<span> · map of {escape(emotion)}</span></p>"
        f"{bars(face, emotion, threshold)}{mirror_line(face, emotion)}"
    )


def beside_without_map(name: str, face: FacePrediction, remark: str, threshold: float) -> str:
    """A second model that has no maps: its answer, its probabilities, and what to know of it."""
    said = escape(answer(face, threshold))
    return (
        f'<h3>{escape(name)}</h3><p class="said" style="--colour:{colour(face, threshold)}">'
        f"{said}<span> · no map</span></p>"
        f'{bars(face, "", threshold)}<p class="mirror">{escape(remark)}</p>'
    )


def _coloured(face: FacePrediction, emotion: str) -> str:
    colour = face.taxonomy.colour_of(emotion)
    return f'<b class="emotion" style="--colour:{colour}">{escape(emotion)}</b>'


def _bar(name: str, value: float, colour: str, *, strong: bool, shown: bool) -> str:
    state = " strong" * strong + " shown" * shown
    return (
        f'<div class="bar{state}" role="listitem"><span class="name">{escape(name)}</span>'
        f'<span class="track"><i style="width:{100 * value:.1f}%;background:{colour}"></i></span>'
        f'<span class="value">{escape(percent(value))}</span></div>'
    )


def _scale() -> str:
    stops = ",".join(f"rgb({r} {g} {b})" for r, g, b in colourise(np.linspace(0, 1, 6)[None])[0])
    return f"linear-gradient(to right,{stops})"
