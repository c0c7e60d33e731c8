"""From a photograph to its faces and their table; no Gradio here.

A photograph is analysed once; drawing is in `demo_app.analysis.explanation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.photo_reading import Photo, Reading, display_copy, read_faces
from demo_app.language import say
from demo_app.render import text as words
from fer_core.faces.face import Face
from fer_core.inference.face_prediction import FacePrediction
from fer_core.io.image_decoder import Decoded
from fer_core.io.images import ImageError
from fer_core.io.safe_fetch import WebImageError, fetch_decoded
from fer_core.models.saved_model import ModelError

BROWSER_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")


@dataclass(frozen=True, eq=False)
class Analysis:
    """A photograph and its faces.

    Attributes:
        photo: upright RGB photograph at display size; None when the file was unreadable.
        faces: the largest first; boxes and maps in pixels of ``photo``.
        scale: pixels of the original photograph per pixel of ``photo``, at least 1.
        fault: why there is nothing to show; empty where there is.
        source: what was analysed, so that another model can analyse it.
        model: name of the model.
        second: name of a second model; empty when there is none.
        second_faces: the same faces, predicted by the second model.
        second_note: what to know about a second model of another project.
        second_fault: why there is no second model although one was named.
    """

    photo: Image.Image | None
    faces: tuple[FacePrediction, ...]
    scale: float
    fault: str
    source: Photo
    model: str
    second: str = ""
    second_faces: tuple[FacePrediction, ...] = ()
    second_note: str = ""
    second_fault: str = ""

    def sentence(self, threshold: float) -> str:
        """What was found, or why there is nothing to show."""
        second = words.second_model_fault(self.second_fault) if self.second_fault else ""
        return self.fault or words.found(self.faces, threshold) + second


def analyse(
    pool: ModelPool, model: str, photo: Photo, second: str = "", *, cropped: bool = False
) -> Analysis:
    """Find and classify every face; what cannot be done gives an analysis that says so.

    Args:
        pool: the models.
        model: name of the model.
        photo: the photograph.
        second: name of a second model, for the same faces.
        cropped: the photograph is one face already, as the images of a data set.
    """
    model, second = pool.current_name(model), pool.current_name(second)
    try:
        with read_faces(pool, model, photo, cropped=cropped) as reading:
            return _analyse(pool, model, photo, reading, second, cropped=cropped)
    except ImageError as error:
        return Analysis(None, (), 1.0, words.sentence(str(error)), photo, model)
    except ModelError as error:
        return Analysis(None, (), 1.0, words.sentence(str(error)), photo, model)
    except (ValueError, OSError):
        return Analysis(None, (), 1.0, say("photo.unreadable"), photo, model)


def _analyse(
    pool: ModelPool, model: str, photo: Photo, reading: Reading, second: str, *, cropped: bool
) -> Analysis:
    image, faces, reduction = reading
    other = _SecondPrediction()
    if second and faces:
        other = _predict_second(pool, second, image, faces, cropped=cropped)
    shown, scale = display_copy(image)
    return Analysis(
        shown,
        tuple(reduce_face(face, scale) for face in faces),
        reduction * scale,
        "",
        photo,
        model,
        second,
        tuple(reduce_face(face, scale) for face in other.faces),
        other.note,
        other.fault,
    )


def analyse_url(
    pool: ModelPool, model: str, url: str, second: str = "", *, cropped: bool = False
) -> Analysis:
    """As `analyse`, of the image at a web address."""
    try:
        opened = fetch_decoded(url, partial(_decode, pool))
    except WebImageError as error:
        return Analysis(None, (), 1.0, words.sentence(str(error)), url, model)
    analysis = analyse(pool, model, opened.image, second, cropped=cropped)
    analysis = replace(analysis, scale=analysis.scale * opened.scale)
    # The image itself may be huge, and would stay in the session: the display copy is enough.
    return analysis if analysis.photo is None else replace(analysis, source=analysis.photo)


def _decode(pool: ModelPool, content: bytes) -> Decoded:
    with pool.decoder.decoded(content) as decoded:
        return decoded


def analyse_again(
    pool: ModelPool, model: str, analysis: Analysis, second: str = "", *, cropped: bool = False
) -> Analysis:
    """The same photograph by another model, with another second model, or as a face.

    From the display copy when the file has been deleted since.
    """
    source = analysis.source
    gone = isinstance(source, str | Path) and not Path(source).is_file()
    if gone and analysis.photo is not None:
        source = analysis.photo
    return analyse(pool, model, source, second, cropped=cropped)


def with_movements(pool: ModelPool, analysis: Analysis) -> Analysis:
    """The same with what every face does; where the page cannot tell, that is its fault."""
    if analysis.photo is None:
        return analysis
    try:
        faces = pool.analyse_faces(analysis.photo, analysis.faces)
    except ModelError as error:
        return replace(analysis, faces=(), fault=str(error))
    return replace(analysis, faces=tuple(faces))


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
            **({} if face.analysis is None else face.analysis.to_dict()),
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


class _SecondPrediction(NamedTuple):
    """A second model's predictions, or why there are none."""

    faces: Sequence[FacePrediction] = ()
    note: str = ""
    fault: str = ""


def _predict_second(
    pool: ModelPool,
    name: str,
    image: Image.Image,
    faces: Sequence[FacePrediction],
    *,
    cropped: bool,
) -> _SecondPrediction:
    """The same faces by a second model; when it cannot be loaded, the first one's result stays."""
    found = [Face(face.box, face.landmarks, face.score) for face in faces]
    try:
        predicted = pool.predict_faces(name, image, found, cropped=cropped)
        return _SecondPrediction(predicted, pool.note(name))
    except ModelError as error:
        return _SecondPrediction(fault=str(error))


def reduce_face(face: FacePrediction, scale: float) -> FacePrediction:
    """A face in pixels of a copy that is smaller by a factor."""
    x0, y0, x1, y1 = (value / scale for value in face.box)
    return replace(
        face,
        box=(x0, y0, x1, y1),
        landmarks=face.landmarks / scale,
        to_photo=face.to_photo / scale,
        analysis=face.analysis and face.analysis.scaled(1 / scale),
    )
