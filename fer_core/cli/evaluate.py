"""Measure a model on labelled faces: ``fer-core evaluate RUN --data ferplus:PATH``.

Also somebody else's: ``fer-core evaluate hf:USER/NAME --data ferplus:PATH --against bundled``.
And under noise, blur and other corruptions: ``... --robustness``. What its maps are worth:
``... --maps``.
On whole photographs with ``--photos FOLDER``, see `fer_core.cli.evaluate_photos`.

docs/evaluation.md describes the figures and the JSON file.
"""

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from fer_core.cli.evaluate_options import Command, check, robustness_plan
from fer_core.cli.evaluate_photos import PhotoOptions, evaluate_photos
from fer_core.cli.measured_models import MeasuredModel, load_measured
from fer_core.cli.photo_warning import whole_photos
from fer_core.config import RunConfig, without_folders
from fer_core.config.renamed import current_flags
from fer_core.datasets import Decoding, Listing, Storage, list_data
from fer_core.datasets.loading import training_digests
from fer_core.errors import told_in_a_sentence
from fer_core.evaluation.compare import compare
from fer_core.evaluation.maps import MapFidelity, assess_maps
from fer_core.evaluation.predictions import SplitPredictions, predict_split
from fer_core.evaluation.report import SAME_IMAGES, assess
from fer_core.evaluation.robustness import measure_robustness
from fer_core.foreign.model import ForeignModel
from fer_core.inference.backends import make_backend
from fer_core.io.files import write_whole
from fer_core.io.onnx_session import ExportError
from fer_core.metrics.calibration import CalibrationError, refuse_few
from fer_core.models.attention_model import Backend
from fer_core.models.pretrained import TrainedModel
from fer_core.reporting.evaluation_json import (
    EvaluatedModel,
    EvaluationReport,
    Measured,
    predictions_csv,
    report_json,
)
from fer_core.reporting.evaluation_text import report_text

MANY_IMAGES = 1000  # from which ONNX Runtime wins back the second that the export takes
ABOUT = "Measure a model on a labelled data set."
logger = logging.getLogger(__name__)
RENAMED = {  # former options
    "mirror": "tta_flip",
    "against_mirror": "against_tta_flip",
    "leave_out": "exclude",
}


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, measure, and print the figures."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = current_flags(sys.argv[1:], RENAMED)
    command = tyro.cli(Command, args=arguments, prog="fer-core evaluate", description=ABOUT)
    check(command)
    if command.photos:
        evaluate_photos(
            PhotoOptions(**{f.name: getattr(command, f.name) for f in fields(PhotoOptions)})
        )
    else:
        _write(command, _evaluate(command))


@dataclass(frozen=True)
class _Data:
    """What the models are measured on.

    Attributes:
        listing: the data set.
        calibration: the data set that the temperature is fitted on, where one is named.
        storage: of decoded images.
    """

    listing: Listing
    calibration: Listing
    storage: Storage


def _evaluate(command: Command) -> EvaluationReport:
    """Load the models, find the data, measure each model, and compare the two."""
    models = _load_models(command)
    without_maps = [one.name for one, _ in models if isinstance(one.model, ForeignModel)]
    if command.maps and without_maps:
        raise ValueError(
            f"--maps: {without_maps[0]} is a model of another project and has no attention maps"
        )
    data = _find_data(command, models)
    classes = data.listing.classes
    subjects = [
        EvaluatedModel(model.name, model.folder, model.named(classes), mirror)
        for model, mirror in models
    ]
    digests = None
    if command.duplicates and command.split != "train" and len(data.listing.train.true_labels):
        digests = training_digests(data.listing, data.storage)
    first, *rest = [_measure(command, subject, data, digests) for subject in subjects]
    second = rest[0] if rest else None
    comparison = None
    if second is not None:
        comparison = compare(
            first.predictions, second.predictions, resamples=command.bootstrap, seed=command.seed
        )
    return EvaluationReport(data.listing, first, second, comparison)


def _load_models(command: Command) -> list[tuple[MeasuredModel, bool]]:
    """The model, and the one it is compared with; each with whether flip TTA is used."""
    models = [(load_measured(command.model, command.labels, command.device), command.tta_flip)]
    if command.against is not None:
        other = load_measured(command.against, command.against_labels, command.device)
        mirror = command.tta_flip if command.against_tta_flip is None else command.against_tta_flip
        models.append((other, mirror))
    return models


def _find_data(command: Command, models: Sequence[tuple[MeasuredModel, bool]]) -> _Data:
    decoding = Decoding(max(model.model.input.size for model, _ in models), 3)
    listing = list_data(command.data, decoding, without=command.exclude)
    split = listing.split(command.split)
    if warning := whole_photos(split):
        logger.warning("%s", warning)
    calibration = listing
    if command.calibrate_on not in (None, command.data):
        calibration = list_data(command.calibrate_on, decoding)
    if command.calibrate_on is not None:
        _check_calibration(command, calibration)
    return _Data(listing, calibration, Storage(command.storage, command.cache, progress=True))


def _check_calibration(command: Command, listing: Listing) -> None:
    """Refuse before the models work what `assess` would refuse after it."""
    if (command.calibrate_on, command.calibrate_split) == (command.data, command.split):
        raise CalibrationError(SAME_IMAGES)
    refuse_few(len(listing.split(command.calibrate_split).names))


def _measure(
    command: Command, subject: EvaluatedModel, data: _Data, digests: np.ndarray | None
) -> Measured:
    """The figures of one model.

    Args:
        command: the options.
        subject: the model.
        data: what it is measured on.
        digests: (M, 16) of the training images; None: not read.
    """
    find = partial(
        predict_split,
        subject.trained,
        storage=data.storage,
        mirror=subject.mirror,
        shared_classes=command.shared_classes,
        backend=_backend(command, subject.trained, data.listing),
    )
    predictions = find(data.listing, command.split)
    calibrate_on = None
    if command.calibrate_on is not None:
        calibrate_on = find(data.calibration, command.calibrate_split)
    assessment = assess(
        predictions,
        resamples=command.bootstrap,
        seed=command.seed,
        calibrate_on=calibrate_on,
        training_digests=digests,
    )
    plan, robustness = robustness_plan(command), None
    if plan is not None:
        robustness = measure_robustness(
            *(subject.trained, data.listing, command.split, predictions, plan),
            mirror=subject.mirror,
            progress=True,
        )
    maps = _measure_maps(command, subject, predictions)
    return Measured(subject, predictions, assessment, robustness, maps)


def _backend(
    command: Command, trained: TrainedModel | ForeignModel, listing: Listing
) -> Backend | None:
    """What computes a model's predictions; None: its network in PyTorch.

    Raises:
        BackendError, ExportError, ValueError: for ONNX that is asked for and cannot be had.
    """
    if isinstance(trained, ForeignModel):
        if command.backend == "onnx":
            raise ValueError("backend onnx: models of other projects run in PyTorch, use auto")
        return None
    if command.backend == "torch":
        return None
    on_cpu = trained.model.classifier.weight.device.type == "cpu"
    split = listing.split(command.split)
    few = len(split.names) < MANY_IMAGES
    if command.backend == "auto" and (few or not on_cpu):
        return None
    try:
        return make_backend(trained, "onnx", flipped=False)
    except ExportError:
        if command.backend == "onnx":
            raise
        return None  # not installed, or not for this network


def _measure_maps(
    command: Command, subject: EvaluatedModel, predictions: SplitPredictions
) -> MapFidelity | None:
    """What the maps are worth; None where it is not asked for."""
    if not command.maps or isinstance(subject.trained, ForeignModel):
        return None
    return assess_maps(
        subject.trained,
        predictions.split,
        images=command.maps_images,
        resamples=command.bootstrap,
        seed=command.seed,
    )


def _options(command: Command) -> dict[str, Any]:
    """What decides the figures, without any folder's name, for the JSON file."""
    calibrate_on = command.calibrate_on
    return {
        "data": _published(command.data),
        "split": command.split,
        "exclude": None if command.exclude is None else command.exclude.name,
        "shared_classes": command.shared_classes,
        "calibrate_on": None if calibrate_on is None else _published(calibrate_on),
        "calibrate_split": None if calibrate_on is None else command.calibrate_split,
        "robustness": _corruptions(command),
        "maps": {"images": command.maps_images} if command.maps else None,
        "bootstrap": command.bootstrap,
        "seed": command.seed,
    }


def _corruptions(command: Command) -> dict[str, Any] | None:
    plan = robustness_plan(command)
    return None if plan is None else {"images": plan.images, "kinds": list(plan.kinds)}


def _published(uri: str) -> str:
    return without_folders(RunConfig(data=uri)).data


def _write(command: Command, report: EvaluationReport) -> None:
    """Print the figures, and write the files that are asked for."""
    if command.predictions is not None:
        write_whole(command.predictions, predictions_csv(report.first.predictions).encode())
    if command.json is None:
        print(report_text(report))
        return
    text = json.dumps(report_json(report, _options(command)), indent=1, allow_nan=False) + "\n"
    if command.json == Path("-"):
        print(text, end="")
    else:
        write_whole(command.json, text.encode())
        print(report_text(report))


if __name__ == "__main__":
    main()
