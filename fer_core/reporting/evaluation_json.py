"""What `fer-core evaluate` found, and its files: docs/evaluation.md describes both."""

import csv
import hashlib
import io
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL
import timm
import torch

import fer_core
from fer_core.datasets import Listing
from fer_core.evaluation.compare import Comparison
from fer_core.evaluation.corruption_figures import Robustness
from fer_core.evaluation.maps import MapFidelity
from fer_core.evaluation.predictions import SplitPredictions
from fer_core.evaluation.report import Assessment, to_json
from fer_core.foreign.model import ForeignModel
from fer_core.io.csv_cells import no_formula
from fer_core.metrics.calibration import softmax
from fer_core.models.pretrained import TrainedModel
from fer_core.models.saved_model import WEIGHTS_FILE
from fer_core.reporting.map_fidelity import map_fidelity_json
from fer_core.taxonomy import column_names

SCHEMA_VERSION = 3
TRAINING = ("data", "train_split", "method", "noise", "noise_rate", "epochs", "seed")


class EvaluatedModel(NamedTuple):
    """A model to measure.

    Attributes:
        name: ``bundled``, the name of its run or folder, or ``USER/NAME`` of the Hub.
        folder: of its weights.
        trained: the model, of this project or of another one.
        mirror: whether its predictions are averaged over each image and its flipped image.
    """

    name: str
    folder: Path
    trained: TrainedModel | ForeignModel
    mirror: bool

    @property
    def saw_split(self) -> tuple[str | None, str | None]:
        """Name of the data set and the split that it was trained on, where it is known."""
        facts = self.trained.facts
        return facts.get("data"), facts.get("train_split")

    @property
    def device(self) -> str:
        """Where it runs, ``cpu`` or ``cuda``."""
        if isinstance(self.trained, ForeignModel):
            return self.trained.network.device.type
        return self.trained.model.classifier.weight.device.type


class Measured(NamedTuple):
    """A model, its predictions and its figures; of corruption and maps where they are asked for."""

    subject: EvaluatedModel
    predictions: SplitPredictions
    assessment: Assessment
    robustness: Robustness | None = None
    maps: MapFidelity | None = None

    @property
    def unmapped(self) -> dict[str, int]:
        """Label that names no class -> images predicted as it; of a model of this project none.

        Labels that the model may not choose (shared classes) have no images.
        """
        predictions = self.predictions
        counts = np.bincount(predictions.predicted, minlength=len(predictions.classes))
        given = dict(zip(predictions.classes, counts.tolist(), strict=True))
        return unmapped_predictions(self.subject.trained, given)


def unmapped_predictions(
    trained: TrainedModel | ForeignModel, given: Mapping[str, int]
) -> dict[str, int]:
    """Label that names no class -> images predicted as it; of a model of this project none.

    Args:
        trained: the model.
        given: class or label -> images predicted as it.
    """
    if not isinstance(trained, ForeignModel):
        return {}
    return {label: given.get(label, 0) for label in trained.mapping.unmapped}


class EvaluationReport(NamedTuple):
    """All that a command found.

    Attributes:
        listing: the data set.
        first: the model.
        second: the model it is compared with, if any.
        comparison: of the two.
    """

    listing: Listing
    first: Measured
    second: Measured | None
    comparison: Comparison | None


def report_json(report: EvaluationReport, options: dict[str, Any]) -> dict[str, Any]:
    """The report as plain JSON values; the same for the same models, data and options.

    Args:
        report: what was found.
        options: what the figures depend on besides models and data.
    """
    split = report.first.predictions.split
    return {
        "schema_version": SCHEMA_VERSION,
        "options": options,
        "data": {
            "name": report.listing.name,
            "split": split.name,
            "classes": list(report.listing.classes),
        },
        "model": _model_json(report.first),
        "against": None if report.second is None else _model_json(report.second),
        "comparison": to_json(report.comparison),
        "environment": environment_json(report.first.subject.device),
    }


def environment_json(device: str) -> dict[str, str]:
    """Versions of what computes the figures, and the device."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "timm": timm.__version__,
        "fer_core": fer_core.__version__,
        "device": device,
    }


def predictions_csv(predictions: SplitPredictions) -> str:
    """One line an image: its name, true label, prediction, and the probability of every class."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    plain = ("image", "true_label", "predicted")
    writer.writerow(
        [no_formula(one) for one in (*plain, *column_names(predictions.classes, plain))]
    )
    columns = (predictions.split.names, predictions.split.true_labels, predictions.predicted)
    for name, label, predicted, row in zip(*columns, softmax(predictions.logits), strict=True):
        cells = (f"{probability:.6f}" for probability in row)
        named = (name, predictions.classes[label], predictions.classes[predicted])
        writer.writerow([*map(no_formula, named), *cells])
    return text.getvalue()


def subject_json(subject: EvaluatedModel, unmapped: Mapping[str, int]) -> dict[str, Any]:
    """Which model it is.

    Args:
        subject: the model.
        unmapped: label that names no class -> images predicted as it; of a model of another
            project.
    """
    spec, facts = subject.trained.input, subject.trained.facts
    weights = (subject.folder / WEIGHTS_FILE).read_bytes()
    return {
        "name": subject.name,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "classes": list(subject.trained.classes),
        "input": {"size": spec.size, "channels": spec.channels, "grey": spec.grey},
        "foreign": _foreign_json(subject.trained, unmapped),
        "training": {key: facts.get(key) for key in TRAINING},
        "mirror": subject.mirror,
    }


def _model_json(measured: Measured) -> dict[str, Any]:
    subject, predictions, assessment, robustness, maps = measured
    return {
        **subject_json(subject, measured.unmapped),
        "answers": list(predictions.classes),
        "absent_classes": list(predictions.absent),
        "unknown_classes": predictions.unknown,
        "images_sha256": hashlib.sha256(predictions.split.digests.tobytes()).hexdigest(),
        "figures": to_json(assessment),
        "robustness": to_json(robustness),
        "maps": None if maps is None else map_fidelity_json(maps),
    }


def _foreign_json(
    trained: TrainedModel | ForeignModel, unmapped: Mapping[str, int]
) -> dict[str, Any] | None:
    """Whose network it is and how its labels were read; None for a model of this project."""
    if not isinstance(trained, ForeignModel):
        return None
    network = trained.network
    return {
        "library": network.library,
        "version": network.version,
        "architecture": network.architecture,
        "labels": trained.mapping.to_json(),
        "unmapped": dict(unmapped),
    }
