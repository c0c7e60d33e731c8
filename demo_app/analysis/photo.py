"""From a photograph to its faces and their table; no Gradio here.

A photograph is analysed once; what is drawn of it stands in `demo_app.analysis.explanation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from demo_app.analysis.model_pool import ModelShelf
from demo_app.render import text as words
from demo_app.serving.safe_fetch import WebPictureError, fetch_picture
from fer_core.faces.detect import Face
from fer_core.inference.face_prediction import FacePrediction
from fer_core.inference.photos import open_photo
from fer_core.io.images import PictureError
from fer_core.models.pretrained import ModelError

DISPLAY_SIDE = 1600  # pixels; larger photographs are shown reduced
BROWSER_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")

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
        other_remark: what is to be said of a model of another project.
        other_fault: why there is no other model although one was named.
    """

    photo: Image.Image | None
    faces: tuple[FacePrediction, ...]
    scale: float
    fault: str
    source: Photo
    model: str
    other: str = ""
    others: tuple[FacePrediction, ...] = ()
    other_remark: str = ""
    other_fault: str = ""

    def sentence(self, threshold: float) -> str:
        """What was found, or why there is nothing to show."""
        beside = words.beside_fault(self.other_fault) if self.other_fault else ""
        return self.fault or words.found(self.faces, threshold) + beside


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
    except PictureError as error:
        return Analysis(None, (), 1.0, words.sentence(str(error)), photo, model)
    except ValueError:
        return Analysis(None, (), 1.0, words.UNREADABLE, photo, model)
    # Faces are read from the full photograph, as on the command line; only the display is reduced.
    try:
        faces = shelf.predict(model, picture)
    except ModelError as error:
        return Analysis(None, (), 1.0, words.sentence(str(error)), photo, model)
    beside = _answer_beside(shelf, other, picture, faces) if other and faces else _Beside()
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
        tuple(_reduce(face, scale) for face in beside.faces),
        beside.remark,
        beside.fault,
    )


def analyse_url(shelf: ModelShelf, model: str, url: str, other: str = "") -> Analysis:
    """As `analyse`, of the picture at a web address."""
    try:
        picture = fetch_picture(url)
    except WebPictureError as error:
        return Analysis(None, (), 1.0, words.sentence(str(error)), url, model)
    analysis = analyse(shelf, model, picture, other)
    # The picture itself may be huge, and would stay with the session: what is shown is enough.
    return analysis if analysis.photo is None else replace(analysis, source=analysis.photo)


def analyse_again(shelf: ModelShelf, model: str, analysis: Analysis, other: str = "") -> Analysis:
    """The same photograph by another model, or beside another one.

    From the display copy where the file has been deleted meanwhile.
    """
    source = analysis.source
    gone = isinstance(source, str | Path) and not Path(source).is_file()
    if gone and analysis.photo is not None:
        source = analysis.photo
    return analyse(shelf, model, source, other)


def is_shown_by_browsers(path: str | None, analysis: Analysis) -> bool:
    """Whether a browser can show the file itself: it was readable, and of a usual kind."""
    if path is None or analysis.photo is None:
        return False
    return Path(path).suffix.lower() in BROWSER_SUFFIXES


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


class _Beside(NamedTuple):
    """What a second model says of the faces, or why it says nothing."""

    faces: Sequence[FacePrediction] = ()
    remark: str = ""
    fault: str = ""


def _answer_beside(
    shelf: ModelShelf, name: str, picture: Image.Image, faces: Sequence[FacePrediction]
) -> _Beside:
    """The same faces by a second model; one that cannot be had takes nothing from the first."""
    places = [Face(face.box, face.landmarks, face.score) for face in faces]
    try:
        return _Beside(shelf.predict_faces(name, picture, places), shelf.remark(name))
    except ModelError as error:
        return _Beside(fault=str(error))


def _reduce(face: FacePrediction, scale: float) -> FacePrediction:
    x0, y0, x1, y1 = (value / scale for value in face.box)
    return replace(
        face,
        box=(x0, y0, x1, y1),
        landmarks=face.landmarks / scale,
        to_photo=face.to_photo / scale,
    )
