"""A run of another program as a run record: what is known of it, and where it comes from.

Readers take such a record as any other. Its ``config`` has every field of a run, null where nobody
said its value, and ``imported`` says which file it is made of. Unknown values never count as
equal: only runs of one ``suite``, for which the user vouches, may be compared with each other.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from fer_core.config import defaults_of
from fer_core.importing.columns import match_columns
from fer_core.importing.epochs import to_epochs
from fer_core.importing.series import SeriesSource, SourceError
from fer_core.io.files import write_whole
from fer_core.io.wording import counted
from fer_core.metrics.classification import AVERAGED_EPOCHS
from fer_core.records.recorder import timestamp, write_run
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, read_run
from fer_core.records.schema import SCHEMA_VERSION


@dataclass(frozen=True)
class Facts:
    """What the user knows of the runs; None and empty: unknown."""

    data_name: str | None = None
    """Name of the data set, for example RAF-DB."""
    method: str | None = None
    """Training method, for example cross_entropy, eac, or a name of its own."""
    backbone: str | None = None
    """For example resnet18; a timm name where there is one."""
    image_size: int | None = None
    """Side length of the input in pixels."""
    noise: str | None = None
    """Kind of label noise: none, symmetric, asymmetric, ..."""
    noise_rate: float | None = None
    """Share of noisy labels in [0, 1)."""
    seed: int | None = None
    """Seed of the random numbers."""
    eval_split: str | None = None
    """Name of the images that are evaluated; by default the word in the column, as val."""
    classes: tuple[str, ...] = ()
    """Class names in the order of the label numbers."""
    suite: str | None = None
    """A name that vouches: runs of one suite were tested on the same images, after the same effort,
    and may be compared with each other. Needs all of the above."""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            SourceError: naming the fact, its value and what is allowed.
        """
        rate = self.noise_rate
        if rate is not None and not 0 <= rate < 1:
            raise SourceError(f"noise_rate must be in [0, 1), got {rate}")
        if rate and self.noise in (None, "none"):
            raise SourceError(f"noise_rate {rate} needs its kind: noise, for example symmetric")
        if self.noise == "none" and rate is None:
            object.__setattr__(self, "noise_rate", 0.0)
        if rate == 0 and self.noise is None:
            object.__setattr__(self, "noise", "none")
        if self.image_size is not None and self.image_size < 1:
            raise SourceError(f"image_size must be at least 1, got {self.image_size}")
        missing = [
            name
            for name in Facts.__dataclass_fields__
            if name != "suite" and getattr(self, name) in (None, ())
        ]
        if self.suite is not None and missing:
            raise SourceError(f"suite {self.suite!r} needs every fact: {', '.join(missing)} too")


class Imported(NamedTuple):
    """A record that was written.

    Attributes:
        folder: of the record.
        epochs: number of its lines.
        accuracy: mean of the last five epochs with an evaluation accuracy.
        taken: figure -> column.
        left: columns that no figure was made of.
        notes: a sentence for each thing that was done to the values.
    """

    folder: Path
    epochs: int
    accuracy: float
    taken: Mapping[str, str]
    left: list[str]
    notes: list[str]


def import_run(
    source: SeriesSource,
    out: Path,
    facts: Facts | None = None,
    chosen: Mapping[str, str] | None = None,
    *,
    replace: bool = False,
) -> Imported:
    """Write the record of a source into ``out / source.name``.

    Args:
        source: of `fer_core.importing.sources.find_sources`.
        out: folder of records, made where it is absent.
        facts: what is known of the run.
        chosen: figure -> column, of `fer_core.importing.columns.read_choices`.
        replace: write over an earlier import; never over a run that was trained here.

    Raises:
        SourceError: when no figure can be made of the source, or a record is in the way.
        OSError: when it cannot be written.
    """
    facts = facts or Facts()
    columns = match_columns(source.series, chosen or {})
    lines, notes = to_epochs(source, columns.taken)
    notes = [*source.notes, *notes]
    folder = out / source.name
    _make_room(folder, replace)
    accuracies = {line["epoch"]: line["eval_accuracy"] for line in lines}
    known = {epoch: value for epoch, value in accuracies.items() if value is not None}
    if len(known) < len(lines):
        epochs = f"{len(lines) - len(known)} of {counted(len(lines), 'epoch')}"
        notes.append(f"without an evaluation accuracy: {epochs}")
    result = _result(known, lines)
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{json.dumps(line, allow_nan=False)}\n" for line in lines)
    write_whole(folder / EPOCHS_FILE, text.encode())
    write_run(
        folder,
        {
            "schema_version": SCHEMA_VERSION,
            "status": "finished",
            "started": source.started,
            "ended": source.ended,
            "config": _config(facts, lines[-1]["epoch"]),
            "classes": list(facts.classes),
            "data": {
                "name": facts.data_name,
                "eval_split": facts.eval_split or columns.split or None,
                "sha256": None,
            },
            "noise": {
                "kind": facts.noise,
                "rate": facts.noise_rate,
                "realised_rate": facts.noise_rate,
            },
            "model": {},
            "environment": {},
            "result": result,
            "error": None,
            "imported": {
                "file": source.file,
                "kind": source.kind,
                "sha256": source.sha256,
                "suite": facts.suite,
                "columns": columns.taken,
                "left": columns.left,
                "notes": notes,
                "at": timestamp(),
            },
        },
    )
    accuracy = result["accuracy_last5"]
    return Imported(folder, len(lines), accuracy, columns.taken, columns.left, notes)


def safe_name(text: str) -> str:
    """A text as the name of a record's folder."""
    return re.sub(r"[^\w.=+-]+", "-", text).strip(".-") or "run"


def _make_room(folder: Path, replace: bool) -> None:
    if not (folder / RUN_FILE).exists():
        return
    if read_run(folder).imported is None:
        raise SourceError(f"{folder} holds a run that was trained here: choose another --out")
    if not replace:
        raise SourceError(f"{folder} holds an earlier import: --replace writes over it")
    shutil.rmtree(folder)


def _config(facts: Facts, epochs: int) -> dict[str, Any]:
    """Every field of a configuration; null where it is unknown, so that no default stands in."""
    return dict.fromkeys(defaults_of(facts.method or "")) | {
        "data": facts.data_name,
        "method": facts.method,
        "backbone": facts.backbone,
        "image_size": facts.image_size,
        "noise": facts.noise,
        "noise_rate": facts.noise_rate,
        "seed": facts.seed,
        "epochs": epochs,
    }


def _result(known: Mapping[int, float], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The final figures that follow from the epochs."""
    last = list(known)[-AVERAGED_EPOCHS:]
    best = max(known, key=lambda epoch: known[epoch])
    result: dict[str, Any] = {
        "accuracy_last5": fmean(known[epoch] for epoch in last),
        "final_accuracy": known[last[-1]],
        "best_accuracy": known[best],
        "best_epoch": best,
    }
    means = [line.get("eval_mean_class_accuracy") for line in lines if line["epoch"] in last]
    if all(mean is not None for mean in means):
        result["mean_class_accuracy_last5"] = fmean(mean for mean in means if mean is not None)
        result["final_mean_class_accuracy"] = means[-1]
    seconds = [line.get(key) for line in lines for key in ("train_seconds", "eval_seconds")]
    if any(value is not None for value in seconds):
        result["seconds"] = sum(value for value in seconds if value is not None)
    return result
