"""Run records -> data frames. Knows neither Streamlit nor torch."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from fer_core.records import RUN_FILE, RunRecord, read_run
from fer_core.study import DATA_NAMES, all_options, trial_of

SHIPPED_RESULTS = Path(__file__).parent / "results"
LOCAL_RUNS = Path("runs")
METHOD_NAMES = {
    "eac": "EAC",
    "eac_balanced": "EAC, balanced",
    "cross_entropy": "plain",
    "label_smoothing": "label smoothing",
    "gce": "GCE",
    "scn": "SCN",
    "rul": "RUL",
    "co_teaching": "co-teaching",
}
RUN_COLUMNS = (
    *("run", "source", "status", "data", "classes", "method", "backbone", "noise"),
    *("noise_percent", "seed", "accuracy_percent", "class_mean_percent", "best_percent"),
    *("best_epoch", "epochs_done", "epochs_asked", "seconds", "started", "error"),
    *("image_size", "content", "pretrained", "options", "method_options"),
)
EPOCH_COLUMNS = (
    *("run", "epoch", "learning_rate", "train_loss", "train_classification_loss"),
    *("train_consistency_loss", "train_accuracy_given", "train_accuracy_clean", "memorised"),
    *("recovered", "test_loss", "test_accuracy", "test_class_mean_accuracy"),
)


class Confusion(NamedTuple):
    """Class names and (K, K) counts of the last epoch; rows are labels, columns predictions."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Runs(NamedTuple):
    """Everything the pages show of a set of run records.

    Attributes:
        table: one row a run, columns RUN_COLUMNS; accuracies in percent, nan until finished.
        epochs: one row an epoch of a run, columns EPOCH_COLUMNS; rates in [0, 1].
        confusions: by run, of the finished ones.
        problems: one sentence for each record that cannot be read.
    """

    table: pd.DataFrame
    epochs: pd.DataFrame
    confusions: dict[str, Confusion]
    problems: list[str]


def choose_folders(asked: str = "") -> list[Path]:
    """The folders to read records from.

    FER_RUNS decides where it is set (so that a visitor of a public dashboard cannot look around),
    then ``asked``; else the shipped results and ``runs/`` in the working directory.
    """
    fixed = os.environ.get("FER_RUNS", "").strip() or asked.strip()
    if fixed:
        return [Path(fixed).expanduser()]
    return [SHIPPED_RESULTS, *([LOCAL_RUNS] if LOCAL_RUNS.is_dir() else [])]


def fingerprint(folders: Sequence[Path]) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every record file: changes when a run has written something."""
    files = [
        file for run_file in _run_files(folders) for file in sorted(run_file.parent.glob("*.json*"))
    ]
    stats = [(str(file), file.stat()) for file in files if file.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def read_folders(folders: Sequence[Path]) -> Runs:
    """Read every record below the folders; one that cannot be read is named in ``problems``."""
    rows: list[dict[str, Any]] = []
    epochs: list[dict[str, Any]] = []
    confusions: dict[str, Confusion] = {}
    problems: list[str] = []
    for folder in folders:
        for file in _run_files([folder]):
            try:
                record = read_run(file.parent)
                row = _run_row(record, _run_name(file.parent, folder, rows), folder.name)
                lines = [_epoch_row(epoch, row["run"]) for epoch in record.epochs]
                confusion = _confusion(record)
            # A record is foreign input: whatever is wrong with one must not hide the others.
            except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
                problems.append(_problem(file, error))
                continue
            rows.append(row)
            epochs.extend(lines)
            if confusion is not None:
                confusions[row["run"]] = confusion
    table = pd.DataFrame(rows, columns=list(RUN_COLUMNS))
    return Runs(table, pd.DataFrame(epochs, columns=list(EPOCH_COLUMNS)), confusions, problems)


def method_name(method: str) -> str:
    """The display name of a method; an unknown one keeps its own."""
    return METHOD_NAMES.get(method, method)


def data_name(name: str) -> str:
    """The display name of a data set; an unknown one keeps its own."""
    return DATA_NAMES.get(name, name)


def _run_files(folders: Sequence[Path]) -> list[Path]:
    return [
        file for folder in folders if folder.is_dir() for file in sorted(folder.rglob(RUN_FILE))
    ]


def _run_name(path: Path, folder: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    relative = path.relative_to(folder).as_posix()
    name = path.name if relative == "." else relative
    return f"{folder.name}/{name}" if any(row["run"] == name for row in rows) else name


def _run_row(record: RunRecord, name: str, source: str) -> dict[str, Any]:
    config, result, trial = record.config, record.result, trial_of(record)
    setting, noise = trial.setting, trial.noise
    finished = record.status == "finished"
    return {
        "run": name,
        "source": source,
        "status": record.status,
        "data": setting.data,
        "classes": setting.classes,
        "method": trial.approach.method,
        "backbone": setting.backbone,
        "noise": noise.kind,
        "noise_percent": noise.percent,
        "seed": trial.seed,
        "accuracy_percent": 100 * float(result["accuracy_last5"]) if finished else float("nan"),
        "class_mean_percent": _percent(result.get("class_mean_accuracy_last5")),
        "best_percent": _percent(result.get("best_accuracy")),
        "best_epoch": result.get("best_epoch"),
        "epochs_done": len(record.epochs),
        "epochs_asked": setting.epochs,
        "seconds": float(result.get("seconds") or "nan"),
        "started": record.started,
        "error": record.error or "",
        "image_size": setting.image_size,
        "content": setting.content,
        "pretrained": str(all_options(config)["pretrained"]),
        "options": setting.options,
        "method_options": trial.approach.options,
    }


def _epoch_row(epoch: Mapping[str, Any], run: str) -> dict[str, Any]:
    values = {name: epoch.get(name) for name in EPOCH_COLUMNS[2:]}
    numbers = {name: float("nan") if v is None else float(v) for name, v in values.items()}
    return {"run": run, "epoch": int(epoch["epoch"]), **numbers}


def _confusion(record: RunRecord) -> Confusion | None:
    counts = record.result.get("confusion")
    if not counts:
        return None
    size = len(record.classes)
    if len(counts) != size or any(len(row) != size for row in counts):
        raise ValueError(f"result.confusion is not {size} by {size}, as many as there are classes")
    return Confusion(record.classes, tuple(tuple(int(count) for count in row) for row in counts))


def _percent(value: float | None) -> float:
    return float("nan") if value is None else 100 * float(value)


def _problem(file: Path, error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{file} lacks {error.args[0]}"
    text = str(error)
    return text if str(file.parent) in text else f"{file.parent} cannot be read: {text}"
