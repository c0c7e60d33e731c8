"""Several models on the same labelled photographs: accuracy with interval, side by side.

The faces of a photograph are found once, for all models; the largest one is judged, and a missed
face is an error of each, as in `fer_core.evaluation.photos`.
"""

import shutil
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from demo_app.analysis.class_folders import list_class_folders
from demo_app.analysis.model_pool import ModelPool
from demo_app.language import say
from demo_app.render import text as words
from fer_core.datasets import DataError
from fer_core.evaluation.photo_folder import LabelledPhoto, PhotoFolder
from fer_core.evaluation.photo_report import PhotoAssessment, assess_photos
from fer_core.evaluation.photos import NO_FACE, PhotoPrediction, PhotoPredictions
from fer_core.faces.face import Face
from fer_core.io.csv_cells import csv_bytes
from fer_core.io.images import fault
from fer_core.metrics.intervals import McNemar, mcnemar

MOST_MODELS = 6
UNREADABLE = "unreadable photograph"
TABLE_FILE, PHOTOS_FILE = "models.csv", "photographs.csv"
FIGURES = (
    *("model", "photographs", "correct", "accuracy", "low", "high", "mean_class_accuracy"),
    *("faces_found", "p_against_first", "problem"),
)


class TableProgress(NamedTuple):
    """How many of the photographs are done."""

    done: int
    all: int


@dataclass(frozen=True)
class ModelResult:
    """One model on the photographs.

    Attributes:
        name: of the model.
        predictions: one row a photograph; None where there is a problem.
        assessment: its figures; None where there is a problem.
        against_first: McNemar's test against the first model that has figures, on the photographs
            whose class both know; None for that model itself.
        problem: why there are no figures; empty where there are.
    """

    name: str
    predictions: PhotoPredictions | None
    assessment: PhotoAssessment | None
    against_first: McNemar | None = None
    problem: str = ""


@dataclass(frozen=True)
class ModelTable:
    """All models on the same photographs.

    Attributes:
        folder: the photographs.
        results: one a model, in the order asked for.
        table: the figures as CSV.
        photos: a row a photograph with the prediction of each model, as CSV.
        unreadable: names of the photographs that could not be read, which count for no model.
    """

    folder: PhotoFolder
    results: tuple[ModelResult, ...]
    table: Path
    photos: Path
    unreadable: tuple[str, ...]


def compare_models(
    pool: ModelPool, models: Sequence[str], archive: str | Path, most: int, root: Path
) -> Generator[TableProgress | ModelTable]:
    """Measure models on a ZIP file of class folders; the photographs are deleted at the end.

    Args:
        pool: the models.
        models: names, at least one; those of other projects too.
        archive: the ZIP file.
        most: photographs that are taken.
        root: folder in which a new one is made for the files of this call; none is left when the
            generator is stopped before its end.

    Raises:
        ClassFoldersError: when the file holds no labelled photographs, or too many.
        ModelError: when a model cannot be loaded.
    """
    names = list(dict.fromkeys(pool.current_name(name.strip()) for name in models))
    known = {name: pool.classes(name) for name in names}
    folder = Path(tempfile.mkdtemp(prefix="models-", dir=root))
    finished = False
    try:
        photos = list_class_folders(archive, folder, most)
        rows: dict[str, list[PhotoPrediction]] = {name: [] for name in names}
        for done, photo in enumerate(photos.photos, 1):
            for name, row in _predict(pool, photo, known).items():
                rows[name].append(row)
            yield TableProgress(done, len(photos.photos))
        results = _compare([_assess(name, known[name], rows[name], photos) for name in names])
        shutil.rmtree(folder / "photographs", ignore_errors=True)
        first = next(iter(rows.values()))  # a photograph is read once, for all models
        unreadable = tuple(row.photo.name for row in first if row.reason.startswith(UNREADABLE))
        yield ModelTable(photos, results, *_write(folder, photos, results), unreadable)
        finished = True
    finally:
        if not finished:
            shutil.rmtree(folder, ignore_errors=True)


def _predict(
    pool: ModelPool, photo: LabelledPhoto, known: dict[str, tuple[str, ...]]
) -> dict[str, PhotoPrediction]:
    """The largest face of a photograph by each model."""
    try:
        with pool.decoder.decoded(photo.path) as (image, scale):
            faces = pool.find_faces(image)
            largest = max(faces, key=lambda face: face.box[2] - face.box[0], default=None)
            return {
                name: _row(pool, name, photo, (image, scale), largest, len(faces), classes)
                for name, classes in known.items()
            }
    except (ValueError, OSError) as error:
        reason = fault(error).replace(str(photo.path), photo.name)  # no path of this computer
        text = f"{UNREADABLE}: {reason}"
        return {name: PhotoPrediction(photo, text, counted=False) for name in known}


def _row(
    pool: ModelPool,
    name: str,
    photo: LabelledPhoto,
    decoded: tuple[Image.Image, float],
    face: Face | None,
    faces: int,
    classes: Sequence[str],
) -> PhotoPrediction:
    if photo.label not in classes:
        return PhotoPrediction(photo, f"the model does not know {photo.label}", counted=False)
    if face is None:
        return PhotoPrediction(photo, NO_FACE, counted=True)
    image, scale = decoded
    (prediction,) = pool.predict_faces(name, image, [face])
    x0, y0, x1, y1 = (value * scale for value in face.box)
    return PhotoPrediction(
        photo,
        "",
        counted=True,
        faces=faces,
        box=(x0, y0, x1, y1),
        probabilities=prediction.probabilities,
    )


def _assess(
    name: str, classes: tuple[str, ...], rows: Sequence[PhotoPrediction], photos: PhotoFolder
) -> ModelResult:
    if not set(classes) & set(photos.classes):
        problem = say("models.no_common_class", classes=", ".join(photos.classes))
        return ModelResult(name, None, None, problem=problem)
    absent = tuple(one for one in classes if one not in photos.classes)
    unknown = {one: 0 for one in photos.classes if one not in classes}
    predictions = PhotoPredictions(classes, tuple(rows), unknown, absent)
    try:
        return ModelResult(name, predictions, assess_photos(predictions))
    except DataError as error:
        return ModelResult(name, None, None, problem=words.sentence(str(error)))


def _compare(results: Sequence[ModelResult]) -> tuple[ModelResult, ...]:
    """Each model against the first one that has figures."""
    first = next((one for one in results if one.assessment is not None), None)
    compared = []
    for one in results:
        if first is None or one is first or one.predictions is None or first.predictions is None:
            compared.append(one)
            continue
        pairs = [
            (_is_right(a, first.predictions), _is_right(b, one.predictions))
            for a, b in zip(first.predictions.rows, one.predictions.rows, strict=True)
            if a.counted and b.counted
        ]
        test = mcnemar(sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs))
        compared.append(ModelResult(one.name, one.predictions, one.assessment, test))
    return tuple(compared)


def _answer(row: PhotoPrediction, predictions: PhotoPredictions) -> str:
    if row.probabilities is None:
        return ""
    return predictions.classes[int(np.argmax(row.probabilities))]


def _is_right(row: PhotoPrediction, predictions: PhotoPredictions) -> bool:
    return _answer(row, predictions) == row.photo.label


def _write(folder: Path, photos: PhotoFolder, results: Sequence[ModelResult]) -> tuple[Path, Path]:
    table, single = folder / TABLE_FILE, folder / PHOTOS_FILE
    table.write_bytes(csv_bytes([FIGURES, *(_figures(one) for one in results)]))
    shown = [one for one in results if one.predictions is not None]
    header = ("file", "class", "faces", *(one.name for one in shown), "problem")
    rows: list[Sequence[object]] = [header]
    for index, photo in enumerate(photos.photos):
        of_models = [(one.predictions.rows[index], one.predictions) for one in shown
                     if one.predictions is not None]  # fmt: skip
        answers = [_answer(row, predictions) for row, predictions in of_models]
        faces = max((row.faces for row, _ in of_models), default=0)
        reasons = dict.fromkeys(row.reason for row, _ in of_models if row.reason)
        rows.append((photo.name, photo.label, faces, *answers, "; ".join(reasons)))
    single.write_bytes(csv_bytes(rows))
    return table, single


def _figures(result: ModelResult) -> tuple[object, ...]:
    found = result.assessment
    if found is None:
        return (result.name, *[""] * (len(FIGURES) - 2), result.problem)
    test = result.against_first
    return (
        *(result.name, found.photos, found.right),
        *(round(value, 4) for value in found.accuracy),
        *(round(found.mean_class_accuracy, 4), found.found),
        *("" if test is None else round(test.p_value, 4), ""),
    )
