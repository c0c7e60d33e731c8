"""The schema of run records (docs/run-records.md): its version, and the names of version 1.

Version 2 gave names to what version 1 called by several; it changed no figure. Records of version 1
stay as they are on the disk: whoever reads one gets the names of version 2 from here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fer_core.config.renamed import current_names

SCHEMA_VERSION = 2
NOISY_LABELS_FILE = "noisy_labels.txt"
FORMER_FILES = {"given_labels.txt": NOISY_LABELS_FILE}

# Name of version 1 -> name of version 2, by the part of a record that it is in.
DATA = {
    "test_split": "eval_split",
    "test_images": "eval_images",
    "test_counts": "eval_counts",
    "validation_images": "holdout_images",
}
SPLITS = {"FER2013Train": "train", "FER2013Valid": "val", "FER2013Test": "test"}  # of FERPlus
NOISE = {"changed_labels": "noisy_label_count", "labels_sha256": "noisy_labels_sha256"}
RESULT = {
    "class_mean_accuracy_last5": "mean_class_accuracy_last5",
    "class_mean_accuracy_last5_tta": "mean_class_accuracy_last5_tta",
    "chosen_class_mean_accuracy": "chosen_mean_class_accuracy",
    "chosen_class_mean_accuracy_tta": "chosen_mean_class_accuracy_tta",
    "final_class_mean_accuracy": "final_mean_class_accuracy",
}
EPOCH = {
    "train_accuracy_given": "train_accuracy_noisy_labels",
    "train_accuracy_clean": "train_accuracy_true_labels",
    "test_loss": "eval_loss",
    "test_accuracy": "eval_accuracy",
    "test_class_mean_accuracy": "eval_mean_class_accuracy",
    "test_accuracy_tta": "eval_accuracy_tta",
    "test_class_mean_accuracy_tta": "eval_mean_class_accuracy_tta",
    "test_seconds": "eval_seconds",
    "validation_loss": "holdout_loss",
    "validation_accuracy": "holdout_accuracy",
    "validation_class_mean_accuracy": "holdout_mean_class_accuracy",
}
PREDICTION = {"label": "true_label"}
# Of a saved model (``config.json``), whose facts are taken from the record.
FACTS = {
    "test_split": "eval_split",
    "test_images": "eval_images",
    "class_mean_accuracy": "mean_class_accuracy",
    "class_mean_interval": "mean_class_accuracy_interval",
}


def current_run(run: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a ``run.json`` under the names of this version.

    Args:
        run: of this version or an earlier one, with every part that a record has.
    """
    if run["schema_version"] >= SCHEMA_VERSION:  # options were renamed later than the rest
        return {**run, "config": current_names(run["config"])}
    current = {
        **run,
        "schema_version": SCHEMA_VERSION,
        "config": current_names(run["config"]),
        "data": _with_splits(_renamed(run["data"], DATA)),
        "noise": _renamed(run["noise"], NOISE),
        "result": _renamed(run["result"], RESULT),
    }
    imported = run.get("imported")
    if imported and isinstance(imported.get("columns"), Mapping):
        current["imported"] = {**imported, "columns": _renamed(imported["columns"], EPOCH)}
    return current


def current_epoch(epoch: Mapping[str, Any]) -> dict[str, Any]:
    """A line of ``epochs.jsonl`` under the names of this version."""
    return _renamed(epoch, EPOCH)


def current_columns(columns: Iterable[str]) -> list[str]:
    """The columns of ``predictions.csv`` under the names of this version."""
    return [PREDICTION.get(column, column) for column in columns]


def current_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a saved model under the names of this version."""
    return _with_splits(_renamed(facts, FACTS))


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in values.items()}


def _with_splits(values: dict[str, Any]) -> dict[str, Any]:
    """The same with the names that the splits of FERPlus have now."""
    splits = {
        name: SPLITS.get(str(values[name]), values[name])
        for name in ("train_split", "eval_split")
        if name in values
    }
    return values | splits
