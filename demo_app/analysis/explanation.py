"""What the page draws for an analysed photograph: boxes, maps, panels, two models side by side.

Choosing a face, a class, an opacity or a threshold only redraws.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.photo import Analysis
from demo_app.language import say, say_count
from demo_app.render import panels
from demo_app.render import text as words
from demo_app.render.boxes import Mark, crop_overlay, draw_marks, enlarge
from demo_app.render.hidden_places import describe_places, draw_places
from demo_app.render.movements import movements_panel
from fer_core.inference.face_prediction import FacePrediction

OPACITY = 0.55
CROP_SIDE = 256  # pixels of a shown face crop


class Selection(NamedTuple):
    """What a visitor has chosen to see of a photograph.

    Attributes:
        number: of the face, from 1.
        emotion: whose map is drawn; None for the predicted class.
        opacity: of the map, in [0, 1].
        threshold: of "not sure", in [0, 1].
    """

    number: int = 1
    emotion: str | None = None
    opacity: float = OPACITY
    threshold: float = 0.0

    def within(self, analysis: Analysis) -> "Selection":
        """The same where the photograph has it; else the largest face, the predicted class."""
        faces = analysis.faces
        number = self.number if self.number <= len(faces) else 1
        known = bool(faces) and self.emotion in faces[number - 1].classes
        return self._replace(number=number, emotion=self.emotion if known else None)


class Explanation(NamedTuple):
    """One face and the map of one class.

    Attributes:
        overlay: the photograph with the map.
        crop: the aligned face as the model sees it, enlarged.
        crop_map: the same with the map.
        mirror_map: the same with the map of its mirror image, flipped back.
        caption: one HTML sentence about the map.
        bars: the probabilities as HTML.
        mirror: captions of the three crops and the mirror check, as HTML.
    """

    overlay: Image.Image
    crop: Image.Image
    crop_map: Image.Image
    mirror_map: Image.Image
    caption: str
    bars: str
    mirror: str


class SideBySide(NamedTuple):
    """One face by two models.

    Attributes:
        crop_maps: the face with the map of one class, by either model.
        texts: name, prediction, probabilities and mirror check of each model; HTML.
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
    """The photograph with boxes, predictions and their maps; None when it was unreadable."""
    image = overlay_all(analysis)
    return image and draw_marks(image, _marks(analysis, 0, threshold))


def explain(
    analysis: Analysis,
    number: int = 1,
    emotion: str | None = None,
    opacity: float = OPACITY,
    threshold: float = 0.0,
) -> Explanation | None:
    """The map of one class on one face; None when there is no such face.

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


def hide_places(
    pool: ModelPool, analysis: Analysis, number: int, emotion: str | None
) -> tuple[Image.Image, str] | None:
    """The occlusion map of one class on one face, and what it says; None without such a face.

    Args:
        pool: the models; the one of the analysis is asked again for every hidden place.
        analysis: of the photograph.
        number: of the face, from 1.
        emotion: whose score is looked at, by default (or where the model lacks it) the predicted
            one.

    Raises:
        ModelError: when the model is no longer there.
    """
    if not 1 <= number <= len(analysis.faces):
        return None
    face = analysis.faces[number - 1]
    emotion = emotion if emotion in face.classes else face.emotion
    found = pool.occlude(analysis.model, face.crop, emotion)
    told = describe_places(found, face.classes, face.map_of(emotion))
    return draw_places(face.crop, found), told


def movements(pool: ModelPool, analysis: Analysis, number: int) -> str:
    """What one face does, as HTML; empty without such a face.

    Args:
        pool: has the analyser.
        analysis: of the photograph.
        number: of the face, from 1.

    Raises:
        ModelError: when the page has no analyser.
    """
    if analysis.photo is None or not 1 <= number <= len(analysis.faces):
        return ""
    (face,) = pool.analyse_faces(analysis.photo, [analysis.faces[number - 1]])
    return movements_panel(face.analysis, number)


def side_by_side(
    analysis: Analysis, number: int, emotion: str | None, opacity: float, threshold: float
) -> SideBySide | None:
    """One face by both models; None without a second one or without such a face.

    A model without that class shows the map of its own prediction;
    one of another project shows the face without a map.
    """
    if not 1 <= number <= len(analysis.second_faces):
        return None
    images, texts = [], []
    for name, faces in ((analysis.model, analysis.faces), (analysis.second, analysis.second_faces)):
        face = faces[number - 1]
        shown = emotion if emotion in face.classes else face.emotion
        if face.has_maps:
            images.append(crop_overlay(face.crop, face.map_of(shown), opacity))
            texts.append(panels.model_panel(name, face, shown, threshold))
        else:
            images.append(enlarge(face.crop))
            texts.append(
                panels.model_panel_without_map(name, face, analysis.second_note, threshold)
            )
    return SideBySide((images[0], images[1]), (texts[0], texts[1]))


def one_map(
    analysis: Analysis, number: int, emotion: str, opacity: float
) -> tuple[str, Image.Image | None, Image.Image | None]:
    """For programs: a sentence, and the photograph and the crop with one map; no images on a fault.

    Args:
        analysis: of the photograph.
        number: of the face, from 1.
        emotion: whose map; empty takes the predicted one.
        opacity: of the map, in [0, 1].
    """
    if not analysis.faces:
        return analysis.sentence(0.0), None, None
    if not 1 <= number <= len(analysis.faces):
        told = say_count("photo.no_such_face", len(analysis.faces), number=number)
        return told, None, None
    face = analysis.faces[number - 1]
    if emotion and emotion not in face.classes:
        known = ", ".join(face.classes)
        return say("photo.no_such_class", emotion=emotion, known=known), None, None
    if not 0 <= opacity <= 1:
        return say("page.opacity_fault", opacity=opacity), None, None
    found = explain(analysis, number, emotion, opacity)
    assert found is not None  # the face is there
    return analysis.sentence(0.0), found.overlay, found.crop_map


def overlay_all(analysis: Analysis) -> Image.Image | None:
    """The photograph with the map of every face's predicted class."""
    image = analysis.photo
    for face in analysis.faces:
        assert image is not None  # faces come with a photograph
        image = face.overlay_on(image)
    return image


def _marks(analysis: Analysis, chosen: int, threshold: float) -> list[Mark]:
    return [
        Mark(
            face.box,
            f"{number} {words.prediction(face, threshold)}",
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
