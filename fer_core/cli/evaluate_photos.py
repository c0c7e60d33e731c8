"""Measure a model on whole photographs: ``fer-core evaluate MODEL --photos FOLDER``.

docs/evaluation.md describes the figures and the files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fer_core.cli.measured_models import load_measured
from fer_core.config import RunConfig, without_folders
from fer_core.evaluation.photo_folder import list_photo_folder, photo_uri
from fer_core.evaluation.photo_report import assess_photos
from fer_core.evaluation.photos import PhotoPredictor, predict_photos
from fer_core.foreign.model import ForeignModel
from fer_core.inference.foreign_predictor import ForeignPredictor
from fer_core.inference.predictor import Predictor
from fer_core.io.files import write_whole
from fer_core.machine import Device
from fer_core.models.pretrained import TrainedModel
from fer_core.reporting.evaluation_json import EvaluatedModel
from fer_core.reporting.photos_json import PhotoReport, photos_csv, photos_json
from fer_core.reporting.photos_text import photos_text

SUBJECT = (
    "name what the model is measured on: labelled faces with --data URI, or whole photographs with "
    "--photos FOLDER"
)


@dataclass(frozen=True)
class PhotoOptions:
    """The options of ``fer-core evaluate`` that photographs have; see `Command` there."""

    model: str
    photos: str
    labels: str | None
    tta_flip: bool
    shared_classes: bool
    json: Path | None
    predictions: Path | None
    device: Device


def check_subject(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Refuse no data, both kinds of data, and options that photographs do not have.

    Args:
        values: option of ``fer-core evaluate`` -> its value.
        defaults: option -> its value where it is not given.

    Raises:
        ValueError: naming the option and what is allowed.
    """
    if not values["data"] and not values["photos"]:
        raise ValueError(SUBJECT)
    if values["data"] and values["photos"]:
        raise ValueError(f"--data and --photos are mutually exclusive: {SUBJECT}")
    if not values["photos"]:
        return
    taken = [*PhotoOptions.__dataclass_fields__]
    for name, value in values.items():
        if name not in taken and value != defaults[name]:
            flags = ", ".join(f"--{option.replace('_', '-')}" for option in taken[2:])
            raise ValueError(
                f"--{name.replace('_', '-')} is an option of --data, got {value} with --photos, "
                f"which takes {flags}"
            )


def evaluate_photos(options: PhotoOptions) -> None:
    """Measure, print the figures, and write the files that are asked for."""
    report = _measure(options)
    if options.predictions is not None:
        write_whole(options.predictions, photos_csv(report.predictions).encode())
    if options.json is None:
        print(photos_text(report))
        return
    values = photos_json(report, _published(options))
    text = json.dumps(values, indent=1, allow_nan=False) + "\n"
    if options.json == Path("-"):
        print(text, end="")
    else:
        write_whole(options.json, text.encode())
        print(photos_text(report))


def _measure(options: PhotoOptions) -> PhotoReport:
    folder = list_photo_folder(options.photos)
    model = load_measured(options.model, options.labels, options.device)
    trained = model.named(folder.classes)
    subject = EvaluatedModel(model.name, model.folder, trained, options.tta_flip)
    with tqdm(total=len(folder.photos), unit=" photographs") as bar:
        predictions = predict_photos(
            _predictor(trained, subject.device, flipped=options.tta_flip),
            trained.classes,
            folder,
            shared_classes=options.shared_classes,
            progress=lambda done, _: bar.update(done - bar.n),
        )
    return PhotoReport(subject, folder, predictions, assess_photos(predictions))


def _predictor(
    trained: TrainedModel | ForeignModel, device: str, *, flipped: bool
) -> PhotoPredictor:
    """The predictor of photographs of a model, as `fer-core predict` uses it."""
    if isinstance(trained, ForeignModel):
        return ForeignPredictor(trained, device, mirror=flipped)
    return Predictor(trained, device, mirror=flipped)


def _published(options: PhotoOptions) -> dict[str, Any]:
    """What decides the figures, without any folder's name, for the JSON file."""
    folder = without_folders(RunConfig(data=photo_uri(options.photos))).data
    return {
        "photos": folder.removeprefix("folder:"),
        "shared_classes": options.shared_classes,
    }
