"""Every sentence of the page, and the probabilities as bars of HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from fer_core.cam import colourise
from fer_core.emotions import COLOURS
from fer_core.predictor import FacePrediction

OTHER_COLOUR = "#7f8c9b"  # of a class outside the taxonomy

TITLE = "Which expression, and where is the evidence?"
INTRODUCTION = (
    "Every face of a photograph gets an expression, and a map of the places that spoke for it."
)
NO_FACE = (
    "No face found in this picture. A face should look towards the camera, stand upright, and "
    "fill at least a twentieth of the picture's shorter side."
)
UNREADABLE = (
    "This file cannot be read as a photograph. Please choose a JPEG, PNG or WebP picture; "
    "it may be damaged, or of another kind."
)
FACES_ALT = "The photograph with a numbered box around every face"
MAP_ALT = "The photograph with the map of the chosen emotion on the chosen face"
FORGOTTEN = "The server no longer holds this photograph. Please choose it again."
ENDPOINT = (
    "Find every face of a photograph and name its expression. Takes a picture file. Returns a "
    "dictionary with a sentence and one row per face (face, emotion, probability, box in pixels "
    "of the upright photograph, probabilities of all classes), and the photograph with the "
    "attention map of every face's emotion; a picture without a face gives no rows."
)
ABOUT = """
**What the map means.** The model gives every class a map over the face. The mean of this map plus
one constant (the bias) is exactly the class's score, its logit; the percentages are the softmax of
the scores. So the map is not a guess made afterwards: it is the score, laid out in space. Drawn is
its positive part, smoothed, and scaled to its own strongest place: brightness tells places of one
map apart, it does not compare two maps.

**What it does not mean.** It shows where evidence comes from, not why a person feels something. An
expression is not a feeling: people smile when they are sad, and look stern when they concentrate.
The model learned how other people labelled faces, with their mistakes and their habits.

**Privacy.** Photographs are analysed by the computer that runs this page and are sent nowhere else.
Nothing is kept: picture files are deleted after some minutes, what stands in memory within an
hour of closing the page, and everything when the program stops.

**Responsible use.** Inferring emotions of people at work or in education is prohibited in the
European Union (AI Act, Article 5(1)(f)), except for medical or safety reasons; elsewhere, people
must be told (Article 50(3)). Public models learn from research data such as FER2013, which does
not represent all people. Decide nothing about a person with this page.
"""


def percent(probability: float) -> str:
    """A probability as whole percent; never 0 % or 100 % where that would be untrue."""
    if 0 < probability < 0.005:
        return "<1 %"
    if 0.995 <= probability < 1:
        return ">99 %"
    return f"{100 * probability:.0f} %"


def found(faces: Sequence[FacePrediction]) -> str:
    """What was found in a photograph."""
    if not faces:
        return NO_FACE
    if len(faces) == 1:
        return f"One face: {faces[0].emotion}, {percent(faces[0].confidence)}."
    return f"{len(faces)} faces. Choose one by its number, or click on it."


def face_name(face: FacePrediction, number: int) -> str:
    """A face in the list of choices."""
    return f"{number} · {face.emotion} {percent(face.confidence)}"


def caption(face: FacePrediction, number: int, emotion: str) -> str:
    """One HTML sentence about the map of one emotion, with the colour scale."""
    of = f"Face {number}: evidence for {_coloured(emotion)}"
    probability = float(face.probabilities[face.classes.index(emotion)])
    if float(face.map_of(emotion).max()) <= 0:
        return f'<p class="map-caption">{of}: none. No place of this face speaks for it.</p>'
    answer = "the model's answer" if emotion == face.emotion else f"the answer is {face.emotion}"
    return (
        f'<p class="map-caption">{of} ({escape(percent(probability))}; {escape(answer)}).'
        f'<span class="scale">none<i style="background:{_scale()}"></i>strongest</span></p>'
    )


def bars(face: FacePrediction, shown: str) -> str:
    """The probabilities of one face as bars in the fixed colours, in the fixed order.

    Args:
        face: the face.
        shown: the emotion whose map is shown; its bar is marked.
    """
    rows = [
        _bar(name, float(value), strong=name == face.emotion, shown=name == shown)
        for name, value in zip(face.classes, face.probabilities, strict=True)
    ]
    return f'<h2>Probabilities</h2><div class="bars" role="list">{"".join(rows)}</div>'


def model_line(facts: Mapping[str, Any], size: int) -> str:
    """One sentence about the model, from the facts it was saved with; no fact is made up.

    Args:
        facts: `TrainedModel.facts`.
        size: side of the input in pixels.
    """
    parts = [f"Model: sees faces at {size} x {size} pixels"]
    if "data" in facts:
        method = f" with {facts['method']}" if "method" in facts else ""
        parts.append(f"trained on {facts['data']}{method}")
    if facts.get("noise", "none") != "none":
        parts.append(
            f"{100 * float(facts.get('noise_rate', 0)):.0f} % {facts['noise']} label noise"
        )
    if "accuracy" in facts:
        split = f" on {facts['test_split']}" if "test_split" in facts else ""
        parts.append(f"accuracy {100 * float(facts['accuracy']):.1f} %{split}")
    if "class_mean_accuracy" in facts:
        parts.append(f"class mean {100 * float(facts['class_mean_accuracy']):.1f} %")
    return "; ".join(parts) + "."


def _coloured(emotion: str) -> str:
    colour = COLOURS.get(emotion, OTHER_COLOUR)
    return f'<b class="emotion" style="--colour:{colour}">{escape(emotion)}</b>'


def _bar(name: str, value: float, *, strong: bool, shown: bool) -> str:
    state = " strong" * strong + " shown" * shown
    colour = COLOURS.get(name, OTHER_COLOUR)
    return (
        f'<div class="bar{state}" role="listitem"><span class="name">{escape(name)}</span>'
        f'<span class="track"><i style="width:{100 * value:.1f}%;background:{colour}"></i></span>'
        f'<span class="value">{escape(percent(value))}</span></div>'
    )


def _scale() -> str:
    stops = ",".join(f"rgb({r} {g} {b})" for r, g, b in colourise(np.linspace(0, 1, 6)[None])[0])
    return f"linear-gradient(to right,{stops})"
