"""From a photograph to everything the page shows; no Gradio here.

A photograph is analysed once; choosing a face, an emotion or an opacity only draws again.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from demo_app import words
from demo_app.drawing import Mark, crop_overlay, draw_marks, enlarge
from demo_app.model_shelf import ModelShelf
from fer_core.emotions import COLOURS
from fer_core.predictor import FacePrediction, open_photo

DISPLAY_SIDE = 1600  # pixels; larger photographs are shown reduced
OPACITY = 0.55


@dataclass(frozen=True, eq=False)
class Analysis:
    """A photograph and its faces.

    Attributes:
        photo: upright RGB photograph at display size; None when the file was unreadable.
        faces: the largest first; boxes and maps in pixels of ``photo``.
        scale: pixels of the original photograph per pixel of ``photo``, at least 1.
        sentence: what was found, or why there is nothing to show.
    """

    photo: Image.Image | None
    faces: tuple[FacePrediction, ...]
    scale: float
    sentence: str


class Explanation(NamedTuple):
    """One face and the map of one emotion.

    Attributes:
        overlay: the photograph with the map.
        crop: the aligned face as the model saw it, enlarged.
        crop_map: the same with the map.
        caption: one HTML sentence about the map.
        bars: the probabilities as HTML.
    """

    overlay: Image.Image
    crop: Image.Image
    crop_map: Image.Image
    caption: str
    bars: str


def analyse(
    shelf: ModelShelf, model: str, photo: str | Path | Image.Image | np.ndarray
) -> Analysis:
    """Find and classify every face; unreadable files give an analysis that says so."""
    try:
        picture = open_photo(photo)
    except ValueError:
        return Analysis(None, (), 1.0, words.UNREADABLE)
    # Faces are read from the full photograph, as on the command line; only the display is reduced.
    faces = shelf.predict(model, picture)
    scale = max(1.0, max(picture.size) / DISPLAY_SIDE)
    if scale > 1:
        width, height = (max(1, round(side / scale)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    shown = tuple(_reduce(face, scale) for face in faces)
    return Analysis(picture, shown, scale, words.found(shown))


def annotate(analysis: Analysis, chosen: int = 1) -> Image.Image | None:
    """The photograph with every face boxed and numbered; the chosen one stands out.

    A photograph without faces comes back unchanged, an unreadable one as None.
    """
    if analysis.photo is None or not analysis.faces:
        return analysis.photo
    marks = [
        Mark(
            face.box,
            f"{number} {face.emotion} {words.percent(face.confidence)}",
            COLOURS.get(face.emotion, words.OTHER_COLOUR),
            strong=number == chosen and len(analysis.faces) > 1,
        )
        for number, face in enumerate(analysis.faces, start=1)
    ]
    return draw_marks(analysis.photo, marks)


def explain(
    analysis: Analysis, number: int = 1, emotion: str | None = None, opacity: float = OPACITY
) -> Explanation | None:
    """Where one face shows evidence for one emotion; None when there is no such face.

    Args:
        analysis: of the photograph.
        number: of the face, from 1.
        emotion: whose map to draw, by default the predicted one.
        opacity: of the map, in [0, 1].
    """
    if analysis.photo is None or not 1 <= number <= len(analysis.faces):
        return None
    face = analysis.faces[number - 1]
    emotion = emotion or face.emotion
    return Explanation(
        face.overlay_on(analysis.photo, emotion, opacity),
        enlarge(face.crop),
        crop_overlay(face.crop, face.map_of(emotion), opacity),
        words.caption(face, number, emotion),
        words.bars(face, emotion),
    )


def overlay_all(analysis: Analysis) -> Image.Image | None:
    """The photograph with the map of every face's predicted emotion."""
    picture = analysis.photo
    for face in analysis.faces:
        assert picture is not None  # faces come with a photograph
        picture = face.overlay_on(picture)
    return picture


def table(analysis: Analysis) -> list[dict[str, Any]]:
    """One row per face; boxes in pixels of the original photograph, upright."""
    return [
        {
            "face": number,
            "emotion": face.emotion,
            "probability": round(face.confidence, 4),
            "box": [round(value * analysis.scale, 1) for value in face.box],
            "probabilities": {
                name: round(float(value), 4)
                for name, value in zip(face.classes, face.probabilities, strict=True)
            },
        }
        for number, face in enumerate(analysis.faces, start=1)
    ]


def face_at(analysis: Analysis, x: float, y: float) -> int | None:
    """Number of the face at a point of the displayed photograph; the smallest box wins."""
    hits = [
        ((face.box[2] - face.box[0]) * (face.box[3] - face.box[1]), number)
        for number, face in enumerate(analysis.faces, start=1)
        if face.box[0] <= x <= face.box[2] and face.box[1] <= y <= face.box[3]
    ]
    return min(hits)[1] if hits else None


def _reduce(face: FacePrediction, scale: float) -> FacePrediction:
    x0, y0, x1, y1 = (value / scale for value in face.box)
    return replace(
        face,
        box=(x0, y0, x1, y1),
        landmarks=face.landmarks / scale,
        to_photo=face.to_photo / scale,
    )
