"""The tables behind the pages: their columns, and the rows made from run records."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from dashboard.data.notes import read_note
from dashboard.data.robustness import RobustnessFile
from dashboard.data.run_files import read_tags
from dashboard.data.sources import RecordSource
from fer_core.config import RATED_NOISE, flat_options
from fer_core.records.measures import MEASURES
from fer_core.records.run import RunRecord
from fer_core.records.trials import (
    CLEAN,
    NO_NUMBER,
    UNKNOWN,
    Approach,
    Setting,
    Trial,
    stated_noise,
    trial_of,
)
from fer_core.reporting.map_files import MapMeasurement

RUN_COLUMNS = (
    *("run", "source", "status", "data", "classes", "method", "backbone", "noise"),
    *("noise_percent", "seed", "accuracy_percent", "mean_class_accuracy_percent", "best_percent"),
    *(
        "chosen_percent",
        "chosen_tta_percent",
        "chosen_tta_mean_class_percent",
        "best_epoch",
        "epochs_done",
        "epochs_asked",
        "seconds",
        "started",
        "error",
    ),
    *("image_size", "content", "pretrained", "options", "method_options"),
    *("macro_f1_percent", "ended", "parameters", "device", "precision", "images_per_second"),
    *("macs", "eval_split", "imported", "noise_asked_percent", "noise_realised_percent"),
    *("tags", "note", "map_locality", "map_occlusion", "map_fixed"),
)
EPOCH_COLUMNS = (
    *("run", "epoch", "learning_rate", "train_loss", "train_classification_loss"),
    *(
        "train_consistency_loss",
        "train_accuracy_noisy_labels",
        "train_accuracy_true_labels",
        "memorised",
    ),
    *("recovered", "eval_loss", "eval_accuracy", "eval_mean_class_accuracy"),
    *("train_seconds", "eval_seconds", "images_per_second"),
)
CHOSEN, CHOSEN_TTA = MEASURES["chosen"], MEASURES["chosen_tta"]
_SPEED = EPOCH_COLUMNS[1:].index("images_per_second")


class Confusion(NamedTuple):
    """The confusion matrix of the last epoch.

    Attributes:
        classes: K names.
        counts: (K, K), rows are labels, columns predictions.
        colours: K display colours of the classes.
    """

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    colours: tuple[str, ...]

    def tints(self) -> dict[str, str]:
        """The colour of each class."""
        return dict(zip(self.classes, self.colours, strict=True))


class Runs(NamedTuple):
    """Everything that the pages show of some run records; shared by all visitors, so read only.

    Attributes:
        table: one row per run, columns RUN_COLUMNS; accuracies in percent, nan until finished;
            ``images_per_second`` is the median over the epochs of training. ``imported`` is the
            file that a run of another program was read from, and empty for runs of this program;
            facts that were not stated are missing, or ``unknown``.
        epochs: one row per epoch, columns EPOCH_COLUMNS; rates in [0, 1]; sorted by run in the
            order of ``table``.
        confusions: by run, of the finished ones.
        problems: one sentence for each record that cannot be read.
        remarks: one sentence for each file beside a record that cannot be read.
        folders: by run, of its record, for `read_run` and
            `read_predictions`.
        sources: by run, its source.
        robustness: files beside the records that may hold figures under corruption.
        archived: by name, the folders of runs that were put aside; no page shows them.
        fingerprint: equal for the same sources with the same content; a key for caches.
    """

    table: pd.DataFrame
    epochs: pd.DataFrame
    confusions: dict[str, Confusion]
    problems: list[str]
    remarks: tuple[str, ...] = ()
    folders: Mapping[str, Path] = MappingProxyType({})
    sources: Mapping[str, RecordSource] = MappingProxyType({})
    robustness: tuple[RobustnessFile, ...] = ()
    archived: Mapping[str, Path] = MappingProxyType({})
    fingerprint: str = ""


def epoch_values(record: RunRecord) -> np.ndarray:
    """(epochs, len(EPOCH_COLUMNS) - 1) figures of a run; nan where a figure does not apply.

    Raises:
        ValueError: when a figure is not a number, or the number of an epoch is missing.
    """
    columns = EPOCH_COLUMNS[1:]
    rows = [[epoch.get(name) for name in columns] for epoch in record.epochs]
    values = np.array(rows, dtype=float).reshape(-1, len(columns))  # None becomes nan
    if not np.isfinite(values[:, 0]).all():
        raise ValueError("an epoch has no number")
    return values


def epoch_table(runs: list[str], values: list[np.ndarray]) -> pd.DataFrame:
    """`Runs.epochs` of the `epoch_values` of each run."""
    if not values:
        return pd.DataFrame(columns=list(EPOCH_COLUMNS))
    table = pd.DataFrame(np.concatenate(values), columns=list(EPOCH_COLUMNS[1:]))
    table["epoch"] = table["epoch"].astype(int)
    names = np.repeat(np.array(runs, dtype=object), [len(rows) for rows in values])
    table.insert(0, "run", pd.Series(names, dtype=str))
    return table


def map_columns(found: MapMeasurement | None) -> dict[str, float]:
    """The columns of RUN_COLUMNS that say what a run's attention maps are worth; nan: unknown."""
    names = ("locality", "occlusion", "fixed")
    return {f"map_{name}": found.values[name].value if found else math.nan for name in names}


def run_row(record: RunRecord, epochs: np.ndarray) -> dict[str, Any]:
    """The values of a run for RUN_COLUMNS, except ``run``, ``source`` and `map_columns`."""
    config, result, trial = record.config, record.result, trial_of(record)
    setting, noise = trial.setting, trial.noise
    finished = record.status == "finished"
    rated = noise.kind.partition(" (")[0] in (CLEAN, *RATED_NOISE)
    return {
        "status": record.status,
        "data": setting.data,
        "classes": setting.classes,
        "method": trial.approach.method,
        "backbone": setting.backbone,
        "noise": noise.kind,
        "noise_percent": noise.percent,
        "seed": _stated(trial.seed),
        "accuracy_percent": 100 * float(result["accuracy_last5"]) if finished else float("nan"),
        "mean_class_accuracy_percent": _percent(result.get("mean_class_accuracy_last5")),
        "chosen_percent": _percent(result.get(CHOSEN.accuracy)),
        "chosen_tta_percent": _percent(result.get(CHOSEN_TTA.accuracy)),
        "chosen_tta_mean_class_percent": _percent(result.get(CHOSEN_TTA.mean_class_accuracy)),
        "best_percent": _percent(result.get("best_accuracy")),
        "best_epoch": result.get("best_epoch"),
        "epochs_done": len(record.epochs),
        "epochs_asked": setting.epochs,
        "seconds": float(result.get("seconds") or "nan"),
        "started": record.started,
        "error": record.error or "",
        "image_size": _stated(setting.image_size),
        "content": setting.content,
        "pretrained": str(flat_options(config)["pretrained"] or UNKNOWN),
        "options": setting.options,
        "method_options": trial.approach.options,
        "macro_f1_percent": _percent(result.get("final_macro_f1")),
        "ended": record.ended,
        "parameters": float(record.model.get("parameters") or "nan"),
        "device": str(record.environment.get("device") or ""),
        "precision": str(record.environment.get("precision") or config.get("precision") or ""),
        "images_per_second": _median(epochs[:, _SPEED]),
        "macs": float(record.model.get("macs") or "nan"),
        "eval_split": setting.eval_split,
        "imported": str((record.imported or {}).get("file") or ""),
        "noise_asked_percent": _percent(record.noise.get("rate") if rated else None),
        "noise_realised_percent": _percent(record.noise.get("realised_rate")),
        "tags": ", ".join(read_tags(record.path)),
        "note": read_note(record.path, config),
    }


def run_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """`Runs.table` of its rows; integers stay integers if an imported run has none."""
    table = pd.DataFrame(rows, columns=list(RUN_COLUMNS))
    return table.astype(
        {name: "Int64" for name in ("image_size", "seed") if table[name].isna().any()}
    )


def trials_of(table: pd.DataFrame) -> list[Trial[str]]:
    """The runs of a table as repetitions of a setting, a noise and an approach, by their names.

    Rebuilt from `run_row`, for grouping and pairing runs.
    """
    # Cells have the types that `run_row` gave them.
    rows = cast("Iterable[Any]", table.itertuples(index=False))
    return [
        Trial(
            Setting(
                *(row.data, row.content, row.eval_split, row.classes, _number(row.image_size)),
                *(row.epochs_asked, row.backbone, row.options),
            ),
            stated_noise(row.noise, row.noise_percent),
            Approach(row.method, row.method_options),
            *(_number(row.seed), row.started, row.status == "finished", row.run),
        )
        for row in rows
    ]


def confusion_of(record: RunRecord) -> Confusion | None:
    """The confusion matrix of a run, or None.

    Raises:
        ValueError: when its size is not the number of classes.
    """
    counts = record.result.get("confusion")
    if not counts:
        return None
    size = len(record.classes)
    if len(counts) != size or any(len(row) != size for row in counts):
        raise ValueError(
            f"result.confusion must be {size} by {size}, one row and column for each class"
        )
    whole = tuple(tuple(int(count) for count in row) for row in counts)
    return Confusion(record.classes, whole, record.taxonomy.colours)


def _stated(number: int) -> int | None:
    return None if number == NO_NUMBER else number


def _number(stated: Any) -> int:  # noqa: ANN401 - a cell of a table
    return NO_NUMBER if pd.isna(stated) else int(stated)


def _percent(value: float | None) -> float:
    return float("nan") if value is None else 100 * float(value)


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
