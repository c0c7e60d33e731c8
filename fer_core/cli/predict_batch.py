"""Photographs of ``fer-core predict`` that go through detector and model together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from fer_core.errors import FerError
from fer_core.inference.any_predictor import AnyPredictor
from fer_core.inference.face_prediction import FacePrediction
from fer_core.inference.inputs import PredictionInput
from fer_core.inference.photo_files import OpenedPhoto, open_for, predict_opened

MOST_PIXELS = 24e6  # of the photographs of a batch, for the memory


class InputError(FerError, ValueError):
    """An input of the command line with nothing to predict."""


@dataclass(eq=False)
class BatchPhoto:
    """An input and what was found in it.

    Attributes:
        source: as the command line names it; a video is not opened here.
        overlay: file for its overlay.
        report: place of a video's files, see `fer_core.cli.predict_places.report_places`.
        opened: the image; None of a video, and where there is a fault.
        faces: the predictions.
        fault: why there are none.
    """

    source: PredictionInput
    overlay: Path
    report: Path
    opened: OpenedPhoto | None = None
    faces: list[FacePrediction] = field(default_factory=list)
    fault: ValueError | None = None


def photo_batches(
    inputs: Iterable[tuple[PredictionInput, Path, Path]],
    most: int,
    predictor: AnyPredictor | None = None,
) -> Iterator[list[BatchPhoto]]:
    """The inputs in their order, opened, a few at a time; a video is alone in its batch.

    Args:
        inputs: with the file of the overlay of each, and the place of its report.
        most: photographs of a batch; fewer where they are large.
        predictor: that large JPEGs may be reduced for; None: all are read whole.
    """
    batch: list[BatchPhoto] = []
    pixels = 0.0
    for source, overlay, report in inputs:
        photo = _opened(BatchPhoto(source, overlay, report), predictor)
        size = photo.opened.pixels if photo.opened is not None else 0.0
        if batch and (source.kind == "video" or pixels + size > MOST_PIXELS):
            yield batch
            batch, pixels = [], 0.0
        batch.append(photo)
        pixels += size
        if source.kind == "video" or len(batch) == most:
            yield batch
            batch, pixels = [], 0.0
    if batch:
        yield batch


def predict_batch(
    predictor: AnyPredictor, batch: Sequence[BatchPhoto], *, cropped: bool = False
) -> None:
    """Find and classify the faces of the photographs that could be opened.

    Args:
        predictor: of the faces.
        batch: whose ``faces`` and ``fault`` are filled in.
        cropped: each image is a face already.
    """
    opened = [photo for photo in batch if photo.opened is not None]
    photos = [photo.opened for photo in opened if photo.opened is not None]
    try:
        if cropped and photos:
            found = predictor.predict_all([one.image for one in photos], cropped=True)
        else:
            found = predict_opened(predictor, photos)
    except ValueError as error:
        if len(opened) == 1:
            opened[0].fault = error
            return
        for photo in opened:  # which of them it was
            predict_batch(predictor, [photo], cropped=cropped)
        return
    for photo, faces in zip(opened, found, strict=True):
        photo.faces = faces


def _opened(photo: BatchPhoto, predictor: AnyPredictor | None) -> BatchPhoto:
    source = photo.source
    try:
        if source.problem:
            raise InputError(source.problem)
        if source.kind == "address":
            photo.opened = OpenedPhoto(source.name, _fetch(source.name))
        elif source.kind == "image":
            photo.opened = open_for(predictor, source.path)
    except ValueError as error:
        photo.fault = error
    return photo


def _fetch(address: str) -> Image.Image:
    from fer_core.io.safe_fetch import fetch_image  # few command lines name an address

    return fetch_image(address)
