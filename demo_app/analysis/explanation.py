"""What the page draws of an analysed photograph: boxes, maps, panels, two models beside each other.

Choosing a face, a class, an opacity or a threshold only draws again.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from demo_app.analysis.photo import Analysis
from demo_app.render import panels
from demo_app.render import text as words
from demo_app.render.boxes import Mark, crop_overlay, draw_marks, enlarge
from fer_core.inference.predictor import FacePrediction

OPACITY = 0.55
CROP_SIDE = 256  # pixels of a shown face crop


class Explanation(NamedTuple):
    """One face and the map of one class.

    Attributes:
        overlay: the photograph with the map.
        crop: the aligned face as the model saw it, enlarged.
        crop_map: the same with the map.
        mirror_map: the same with the map of its mirror image, flipped back.
        caption: one HTML sentence about the map.
        bars: the probabilities as HTML.
        mirror: names of the three crops, and what the mirror check says, as HTML.
    """

    overlay: Image.Image
    crop: Image.Image
    crop_map: Image.Image
    mirror_map: Image.Image
    caption: str
    bars: str
    mirror: str


class SideBySide(NamedTuple):
    """One face as two models see it.

    Attributes:
        crop_maps: the face with the map of one class, by either model.
        texts: which model, what it answers, its probabilities, its mirror check; HTML.
    """

    crop_maps: tuple[Image.Image, Image.Image]
    texts: tuple[str, str]


def annotate(analysis: Analysis, chosen: int = 1, threshold: float = 0.0) -> Image.Image | None:
    """The photograph with every face boxed and numbered; the chosen one stands out.

    A photograph without faces comes back unchanged, an unreadable one as None.
    """
    if analysis.photo is None or not analysis.faces:
        return analysis.photo
    return draw_marks(analysis.photo, _marks(analysis, chosen, threshold))


def draw_all(analysis: Analysis, threshold: float) -> Image.Image | None:
    """The photograph with boxes, answers and the map of each; None when it was unreadable."""
    picture = overlay_all(analysis)
    return picture and draw_marks(picture, _marks(analysis, 0, threshold))


def explain(
    analysis: Analysis,
    number: int = 1,
    emotion: str | None = None,
    opacity: float = OPACITY,
    threshold: float = 0.0,
) -> Explanation | None:
    """Where one face shows evidence for one class; None when there is no such face.

    Args:
        analysis: of the photograph.
        number: of the face, from 1.
        emotion: whose map to draw, by default (or where the model lacks it) the predicted one.
        opacity: of the map, in [0, 1].
        threshold: of "not sure", in [0, 1].
    """
    if analysis.photo is None or not 1 <= number <= len(analysis.faces):
        return None
    face = analysis.faces[number - 1]
    emotion = emotion if emotion in face.classes else face.emotion
    alone, mirrored = _view_maps(face, emotion)
    return Explanation(
        face.overlay_on(analysis.photo, emotion, opacity),
        enlarge(face.crop, CROP_SIDE),
        crop_overlay(face.crop, alone, opacity, CROP_SIDE),
        crop_overlay(face.crop, mirrored, opacity, CROP_SIDE),
        panels.caption(face, number, emotion),
        panels.bars(face, emotion, threshold),
        panels.crop_names(face) + panels.mirror_line(face, emotion),
    )


def set_side_by_side(
    analysis: Analysis, number: int, emotion: str | None, opacity: float, threshold: float
) -> SideBySide | None:
    """One face by both models; None without a second one or without such a face.

    A model that does not know the class shows the map of its own answer;
    one of another project shows the face without a map.
    """
    if not 1 <= number <= len(analysis.others):
        return None
    pictures, texts = [], []
    for name, faces in ((analysis.model, analysis.faces), (analysis.other, analysis.others)):
        face = faces[number - 1]
        shown = emotion if emotion in face.classes else face.emotion
        if face.has_maps:
            pictures.append(crop_overlay(face.crop, face.map_of(shown), opacity))
            texts.append(panels.beside(name, face, shown, threshold))
        else:
            pictures.append(enlarge(face.crop))
            texts.append(panels.beside_without_map(name, face, analysis.other_remark, threshold))
    return SideBySide((pictures[0], pictures[1]), (texts[0], texts[1]))


def one_map(
    analysis: Analysis, number: int, emotion: str, opacity: float
) -> tuple[str, Image.Image | None, Image.Image | None]:
    """For programs: a sentence, the photograph and the crop with one map; no pictures on a fault.

    Args:
        analysis: of the photograph.
        number: of the face, from 1.
        emotion: whose map; empty takes the predicted one.
        opacity: of the map, in [0, 1].
    """
    if not analysis.faces:
        return analysis.sentence(0.0), None, None
    if not 1 <= number <= len(analysis.faces):
        count = len(analysis.faces)
        return f"There is no face {number}: the photograph has faces 1 to {count}.", None, None
    face = analysis.faces[number - 1]
    if emotion and emotion not in face.classes:
        known = ", ".join(face.classes)
        return f"The model knows no class {emotion!r}: choose one of {known}.", None, None
    if not 0 <= opacity <= 1:
        return f"opacity must be in [0, 1], got {opacity}.", None, None
    found = explain(analysis, number, emotion, opacity)
    assert found is not None  # the face is there
    return analysis.sentence(0.0), found.overlay, found.crop_map


def overlay_all(analysis: Analysis) -> Image.Image | None:
    """The photograph with the map of every face's predicted class."""
    picture = analysis.photo
    for face in analysis.faces:
        assert picture is not None  # faces come with a photograph
        picture = face.overlay_on(picture)
    return picture


def _marks(analysis: Analysis, chosen: int, threshold: float) -> list[Mark]:
    return [
        Mark(
            face.box,
            f"{number} {words.answer(face, threshold)}",
            words.colour(face, threshold),
            strong=number == chosen and len(analysis.faces) > 1,
            short=str(number),
        )
        for number, face in enumerate(analysis.faces, start=1)
    ]


def _view_maps(face: FacePrediction, emotion: str) -> tuple[np.ndarray, np.ndarray]:
    """The map of the face alone and of its mirror image alone; the one there is, twice."""
    if face.mirror_check is None:
        return face.map_of(emotion), face.map_of(emotion)
    alone, mirrored = face.mirror_check.maps[:, face.classes.index(emotion)]
    return alone, mirrored
