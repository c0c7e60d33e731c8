"""The model that is published: from its run record, its own facts and its test predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import default_rng

from fer_core.evaluation.report import class_figures, to_json
from fer_core.metrics import classification as metrics
from fer_core.metrics.intervals import bootstrap_accuracy, bootstrap_mean_class_accuracy
from fer_core.models.pretrained import TrainedModel, load_model
from fer_core.models.saved_model import read_config
from fer_core.records.predictions import Prediction, read_predictions
from fer_core.records.provenance import Origin
from fer_core.records.run import RUN_FILE, RecordError, RunRecord, read_run
from fer_core.reporting.bundled import check_facts
from fer_core.reporting.map_files import MapMeasurement, find_maps

SCRATCH = "random weights, no other data"
RESAMPLES = 10_000


@dataclass(frozen=True)
class Subject:
    """A saved model and all that is known of it.

    Attributes:
        folder: of the saved model.
        trained: the model.
        backbone: its timm name.
        record: of its run; None where only the model is at hand.
        facts: how it was trained and what it reaches.
        predictions: on the evaluation images, as they are recorded; may be empty. Of a run whose
            weights are those of a chosen epoch, `kept_predictions` are the model's own.
        origin: where its starting weights come from, a phrase.
        maps: what its attention maps are worth; None where nobody measured it.
    """

    folder: Path
    trained: TrainedModel
    backbone: str
    record: RunRecord | None
    facts: dict[str, Any]
    predictions: Sequence[Prediction]
    origin: str
    maps: MapMeasurement | None = None


def find_subject(place: Path, record: Path | None, origin: str) -> Subject:
    """Gather what is known of a model.

    Args:
        place: folder of a run record with its model, or of a saved model; RUN/model is the run.
        record: of a saved model: folder of its run record, where it is at hand.
        origin: where the starting weights come from; needed unless the run has none, or the model
            or the file of the starting weights says it.

    Raises:
        ModelError, RecordError: when something is missing, broken, or does not belong together.
        ReportError: when the figures are not those of the predictions.
        ValueError: when measures of the maps cannot be read, or are those of two models.
    """
    if record is None and place.name == "model" and (place.parent / RUN_FILE).is_file():
        place = place.parent
    in_run = (place / RUN_FILE).is_file()
    if in_run and record is not None:
        raise RecordError(f"{place} is a run record itself: omit --record")
    told = place if in_run else record
    found = None if told is None else read_run(told)
    if found is not None and found.status != "finished":
        raise RecordError(f"the run at {found.path} is {found.status}, not finished")
    folder = place / "model" if in_run else place
    trained, backbone = load_model(folder), read_config(folder)["architecture"]
    if found is not None:
        _check_same(trained, backbone, found, folder)
    facts, predictions = dict(trained.facts), read_predictions(place)
    facts["origin"] = _find_origin(origin, found, facts, folder)
    if predictions:
        kept = kept_predictions(predictions, found)
        facts = measured(kept, trained.classes) | facts
        check_facts(facts, kept, trained.classes, place)
    if found is not None:
        facts["accuracy_last5"] = found.result["accuracy_last5"]
    maps = find_maps([place, *([] if told is None else [told])])
    return Subject(folder, trained, backbone, found, facts, predictions, facts["origin"], maps)


def kept_predictions(
    predictions: Sequence[Prediction], record: RunRecord | None
) -> Sequence[Prediction]:
    """The predictions of the model that a run kept.

    Args:
        predictions: as they are recorded: those of the last epoch, and beside them those of the
            epoch chosen on held-out images.
        record: of the run; None where only the model is at hand, whose predictions they are.

    Returns:
        Those of the chosen epoch where the run kept its weights, with an unknown confidence (nan);
        else the same predictions.
    """
    if record is None or record.result.get("chosen_epoch") in (None, len(record.epochs)):
        return predictions
    column = "chosen_tta" if record.config["tta_flip"] else "chosen"
    if any(getattr(row, column) is None for row in predictions):  # of the model itself, not a run's
        return predictions
    return [row._replace(predicted=getattr(row, column), confidence=nan) for row in predictions]


def measured(predictions: Sequence[Prediction], classes: tuple[str, ...]) -> dict[str, Any]:
    """Figures with intervals of a model's predictions, under the names of `Subject.facts`.

    Without the confidences there is no calibration error.
    """
    labels, predicted, sure = (
        np.array([getattr(row, name) for row in predictions])
        for name in ("true_label", "predicted", "confidence")
    )
    confusion = metrics.confusion_matrix(labels, predicted, len(classes))
    hits, counts = np.diag(confusion), confusion.sum(1)
    accuracy = bootstrap_accuracy(int(hits.sum()), len(labels), RESAMPLES, default_rng(0))
    mean_class_accuracy = bootstrap_mean_class_accuracy(hits, counts, RESAMPLES, default_rng(0))
    calibration = {}
    if np.isfinite(sure).all():
        calibration["ece"] = metrics.expected_calibration_error(sure, labels == predicted)
    return {
        "accuracy": accuracy.value,
        "accuracy_interval": list(accuracy[1:]),
        "mean_class_accuracy": mean_class_accuracy.value,
        "mean_class_accuracy_interval": list(mean_class_accuracy[1:]),
        "macro_f1": metrics.macro_f1(confusion),
        **calibration,
        "eval_images": len(labels),
        "classes": to_json(class_figures(classes, confusion)),
    }


def _check_same(trained: TrainedModel, backbone: str, record: RunRecord, folder: Path) -> None:
    """Refuse the record of another run: the card would tell of it."""
    of_model = {"backbone": backbone, "classes": trained.classes}
    of_record = {"backbone": record.config["backbone"], "classes": record.classes}
    for name in ("method", "noise", "noise_rate", "seed", "epochs"):
        if name in trained.facts:
            of_model[name], of_record[name] = trained.facts[name], record.config[name]
    if "epochs" in of_record and (chosen := record.result.get("chosen_epoch")):
        of_record["epochs"] = chosen
    for name, value in of_model.items():
        if value != of_record[name]:
            raise RecordError(
                f"the record at {record.path} is not of the model at {folder}: {name} is "
                f"{of_record[name]!r} in the one and {value!r} in the other"
            )


def stated_origin(record: RunRecord) -> str:
    """What the file of a run's starting weights states of its origin; empty where it does not."""
    origin = Origin.from_json(record.model.get("pretrained_origin"))
    return origin.phrase() if origin else ""


def _find_origin(origin: str, record: RunRecord | None, facts: dict[str, Any], folder: Path) -> str:
    if record is not None and record.config["pretrained"] == "none":
        return SCRATCH
    said = origin or str(facts.get("origin", "")) or (stated_origin(record) if record else "")
    if said:
        return said
    started = (
        f"the run started from {record.config['pretrained']}"
        if record
        else (f"the model at {folder} does not say what it started from")
    )
    raise RecordError(
        f"{started}: state the source of these weights with --origin, for the model card"
        + ("" if record else f" (--origin '{SCRATCH}' if there were none)")
    )
