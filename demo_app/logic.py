"""From a photograph to everything the photo tab shows; no Gradio here.

A photograph is analysed once; choosing a face, an emotion, an opacity or a threshold only draws
again.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from demo_app import panels, words
from demo_app.drawing import Mark, crop_overlay, draw_marks, enlarge
from demo_app.model_shelf import ModelShelf
from demo_app.web_picture import WebPictureError, fetch_picture
from fer_core.faces import Face
from fer_core.hub import ModelError
from fer_core.predictor import FacePrediction, open_photo

DISPLAY_SIDE = 1600  # pixels; larger photographs are shown reduced
OPACITY = 0.55
CROP_SIDE = 256  # pixels of a shown face crop

Photo = str | Path | Image.Image | np.ndarray


@dataclass(frozen=True, eq=False)
class Analysis:
    """A photograph and its faces.

    Attributes:
        photo: upright RGB photograph at display size; None when the file was unreadable.
        faces: the largest first; boxes and maps in pixels of ``photo``.
        scale: pixels of the original photograph per pixel of ``photo``, at least 1.
        fault: why there is nothing to show; empty where there is.
        source: what was analysed, to be analysed again by another model.
        model: name of the model.
        other: name of the model beside it; empty when there is none.
        others: the same faces as the other model answers them.
    """

    photo: Image.Image | None
    faces: tuple[FacePrediction, ...]
    scale: float
    fault: str
    source: Photo
    model: str
    other: str = ""
    others: tuple[FacePrediction, ...] = ()

    def sentence(self, threshold: float) -> str:
        """What was found, or why there is nothing to show."""
        return self.fault or words.found(self.faces, threshold)


class Explanation(NamedTuple):
    """One face and the map of one emotion.

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
        crop_maps: the face with the map of one emotion, by either model.
        texts: which model, what it answers, its probabilities, its mirror check; HTML.
    """

    crop_maps: tuple[Image.Image, Image.Image]
    texts: tuple[str, str]


def analyse(shelf: ModelShelf, model: str, photo: Photo, other: str = "") -> Analysis:
    """Find and classify every face; what cannot be done gives an analysis that says so.

    Args:
        shelf: of the models.
        model: name of the model.
        photo: the photograph.
        other: name of a second model, to answer the same faces.
    """
    try:
        picture = open_photo(photo)
    except ValueError:
        return Analysis(None, (), 1.0, words.UNREADABLE, photo, model)
    # Faces are read from the full photograph, as on the command line; only the display is reduced.
    try:
        faces = shelf.predict(model, picture)
        places = [Face(face.box, face.landmarks, face.score) for face in faces]
        others = shelf.predict_faces(other, picture, places) if other and faces else []
    except ModelError as error:
        return Analysis(None, (), 1.0, words.sentence(str(error)), photo, model)
    scale = max(1.0, max(picture.size) / DISPLAY_SIDE)
    if scale > 1:
        width, height = (max(1, round(side / scale)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return Analysis(
        picture,
        tuple(_reduce(face, scale) for face in faces),
        scale,
        "",
        photo,
        model,
        other,
        tuple(_reduce(face, scale) for face in others),
    )


def analyse_url(shelf: ModelShelf, model: str, url: str, other: str = "") -> Analysis:
    """As `analyse`, of the picture at a web address."""
    try:
        picture = fetch_picture(url)
    except WebPictureError as error:
        return Analysis(None, (), 1.0, words.sentence(str(error)), url, model)
    return analyse(shelf, model, picture, other)


def analyse_again(shelf: ModelShelf, model: str, analysis: Analysis, other: str = "") -> Analysis:
    """The same photograph by another model, or beside another one.

    From the display copy where the file has been deleted meanwhile.
    """
    source = analysis.source
    gone = isinstance(source, str | Path) and not Path(source).is_file()
    if gone and analysis.photo is not None:
        source = analysis.photo
    return analyse(shelf, model, source, other)


def annotate(analysis: Analysis, chosen: int = 1, threshold: float = 0.0) -> Image.Image | None:
    """The photograph with every face boxed and numbered; the chosen one stands out.

    A photograph without faces comes back unchanged, an unreadable one as None.
    """
    if analysis.photo is None or not analysis.faces:
        return analysis.photo
    marks = [
        Mark(
            face.box,
            f"{number} {words.answer(face, threshold)}",
            words.colour(face, threshold),
            strong=number == chosen and len(analysis.faces) > 1,
        )
        for number, face in enumerate(analysis.faces, start=1)
    ]
    return draw_marks(analysis.photo, marks)


def explain(
    analysis: Analysis,
    number: int = 1,
    emotion: str | None = None,
    opacity: float = OPACITY,
    threshold: float = 0.0,
) -> Explanation | None:
    """Where one face shows evidence for one emotion; None when there is no such face.

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

    A model that does not know the emotion shows the map of its own answer.
    """
    if not 1 <= number <= len(analysis.others):
        return None
    pictures, texts = [], []
    for name, faces in ((analysis.model, analysis.faces), (analysis.other, analysis.others)):
        face = faces[number - 1]
        shown = emotion if emotion in face.classes else face.emotion
        pictures.append(crop_overlay(face.crop, face.map_of(shown), opacity))
        texts.append(panels.beside(name, face, shown, threshold))
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
        return f"The model knows no emotion {emotion!r}: choose one of {known}.", None, None
    if not 0 <= opacity <= 1:
        return f"opacity must be in [0, 1], got {opacity}.", None, None
    found = explain(analysis, number, emotion, opacity)
    assert found is not None  # the face is there
    return analysis.sentence(0.0), found.overlay, found.crop_map


def overlay_all(analysis: Analysis) -> Image.Image | None:
    """The photograph with the map of every face's predicted emotion."""
    picture = analysis.photo
    for face in analysis.faces:
        assert picture is not None  # faces come with a photograph
        picture = face.overlay_on(picture)
    return picture


def table(analysis: Analysis, threshold: float = 0.0) -> list[dict[str, Any]]:
    """One row per face; boxes in pixels of the original photograph, upright."""
    return [
        {
            "face": number,
            "emotion": face.emotion,
            "probability": round(face.confidence, 4),
            "sure": words.is_sure(face, threshold),
            "consistency": None if face.consistency is None else round(face.consistency, 4),
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


def _view_maps(face: FacePrediction, emotion: str) -> tuple[np.ndarray, np.ndarray]:
    """The map of the face alone and of its mirror image alone; the one there is, twice."""
    if face.mirror_check is None:
        return face.map_of(emotion), face.map_of(emotion)
    alone, mirrored = face.mirror_check.maps[:, face.classes.index(emotion)]
    return alone, mirrored


def _reduce(face: FacePrediction, scale: float) -> FacePrediction:
    x0, y0, x1, y1 = (value / scale for value in face.box)
    return replace(
        face,
        box=(x0, y0, x1, y1),
        landmarks=face.landmarks / scale,
        to_photo=face.to_photo / scale,
    )
