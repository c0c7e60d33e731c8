"""How far the runs of a sweep are, as their records say, and records that belong to other runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fer_core.config.changes import differing
from fer_core.records.run import RUN_FILE, RecordError, RunRecord, read_run
from fer_core.sweeping.plan import PlannedRun

State = Literal["waiting", "running", "finished", "failed"]
RECENT = 5  # epochs whose mean time tells how long the next ones take


@dataclass
class RunProgress:
    """One run of a sweep.

    Attributes:
        run: its name and configuration.
        folder: of its record.
        state: waiting (for its first, or its next attempt), running, finished or failed.
        tries: attempts that this sweep has started.
        epochs: completed ones.
        epoch_seconds: mean time of the latest epochs, or None before the first.
        accuracy: on the evaluation split, in [0, 1]: of the last epoch, once finished the mean of
            the last five; None before the first epoch.
        error: what stopped the latest attempt, or None.
        earlier: what the record said before this sweep: nothing, or its status.
    """

    run: PlannedRun
    folder: Path
    state: State = "waiting"
    tries: int = 0
    epochs: int = 0
    epoch_seconds: float | None = None
    accuracy: float | None = None
    error: str | None = None
    earlier: str = ""

    def refresh(self) -> RunRecord | None:
        """Read the run's record and note what it says; None when there is none to read."""
        try:
            record = read_run(self.folder)
        except RecordError:  # there is none yet
            return None
        self.epochs = len(record.epochs)
        times = [
            float(epoch.get("train_seconds") or 0) + float(epoch.get("eval_seconds") or 0)
            for epoch in record.epochs[-RECENT:]
        ]
        self.epoch_seconds = sum(times) / len(times) if times else None
        self.accuracy = record.epochs[-1].get("eval_accuracy") if record.epochs else None
        if record.status == "finished":
            self.accuracy = record.result.get("accuracy_last5")
        return record

    @property
    def seconds_left(self) -> float | None:
        """Of this run, None while it is not known."""
        if self.epoch_seconds is None:
            return None
        return self.epoch_seconds * (self.run.config.epochs - self.epochs)


def begin(runs: Sequence[PlannedRun], out: Path) -> list[RunProgress]:
    """The state of each run of a plan before a sweep.

    Raises:
        ValueError: naming every record in ``out`` that has the name of a run, but another
            configuration, or cannot be read.
    """
    progress: list[RunProgress] = []
    strangers: list[str] = []
    for run in runs:
        one = RunProgress(run, out / run.name)
        try:
            record = _own_record(run, one.folder)
        except ValueError as error:
            strangers.append(str(error))
            continue
        if record:
            one.refresh()
            one.earlier = record.status
            one.error = record.error
            one.state = "finished" if record.status == "finished" else "waiting"
        progress.append(one)
    if strangers:
        lines = "".join(f"\n  {stranger}" for stranger in strangers)
        raise ValueError(
            f"{out} holds other runs under names of the plan. Nothing was started or changed; take "
            f"another --out, or move these away:{lines}"
        )
    return progress


def _own_record(run: PlannedRun, folder: Path) -> RunRecord | None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{run.name}: {folder} is not a folder")
    if not (folder / RUN_FILE).exists():
        return None
    record = read_run(folder)
    changed = differing(record.config, run.config)
    if changed:
        raise ValueError(f"{run.name}: another configuration, {', '.join(changed)}")
    return record
