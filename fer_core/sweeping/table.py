"""What a sweep shows: a live table of the running runs, a line for each end, a summary."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from fer_core.metrics.classification import averaged_epochs
from fer_core.sweeping.status import RunProgress


class SweepTable:
    """The display of a sweep; on a terminal it changes in place, elsewhere it only adds lines."""

    def __init__(self, console: Console) -> None:
        """Keep the console; nothing is shown before the context is entered."""
        self._console = console
        self._live = Live(console=console, transient=True, auto_refresh=False)

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave only the lines."""
        self._live.stop()

    def say(self, line: str) -> None:
        """Add a line that stays."""
        self._console.print(line, soft_wrap=True, markup=False, highlight=False)

    def show(self, progress: Sequence[RunProgress]) -> None:
        """Show the state of the runs, on a terminal."""
        if self._live.is_started:
            self._live.update(live_table(progress), refresh=True)


def live_table(progress: Sequence[RunProgress]) -> Table:
    """The running runs, and below them the counts of all and the time that is left."""
    table = Table(caption=counts(progress), caption_justify="left", box=None)
    table.add_column("run", overflow="fold")
    for name in ("epoch", "accuracy", "left"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in progress:
        if one.state == "running":
            table.add_row(one.run.name, *_figures(one), duration(one.seconds_left))
    return table


def counts(progress: Sequence[RunProgress]) -> str:
    """How many runs are in which state, and how long the sweep goes on at this pace."""
    states = [one.state for one in progress]
    parts = [
        f"{states.count(state)} {state}"
        for state in ("finished", "failed", "running", "waiting")
        if state in states
    ]
    left = seconds_left(progress) if "running" in states else None
    return ", ".join(parts) + (f"; about {duration(left)} left" if left else "")


def seconds_left(progress: Sequence[RunProgress]) -> float | None:
    """Of the whole sweep: what is not known of a run yet is the mean of the others."""
    known = [one.epoch_seconds for one in progress if one.epoch_seconds is not None]
    if not known:
        return None
    usual = sum(known) / len(known)
    open_runs = [one for one in progress if one.state in ("waiting", "running")]
    running = sum(one.state == "running" for one in open_runs)
    left = sum(
        (one.epoch_seconds or usual) * (one.run.config.epochs - one.epochs) for one in open_runs
    )
    return left / max(1, running)


def plan_lines(progress: Sequence[RunProgress]) -> list[str]:
    """One line a run: its name, and what a sweep would do with it."""
    width = max(len(one.run.name) for one in progress)
    return [f"{one.run.name:<{width}}  {_intention(one)}" for one in progress]


def summary_lines(progress: Sequence[RunProgress]) -> list[str]:
    """One line a run: its name, state, accuracy, completed epochs, and what stopped it."""
    width = max(len(one.run.name) for one in progress)
    lines = []
    for one in progress:
        epochs, accuracy = _figures(one)
        error = f"  {one_line(one.error)}" if one.error and one.state != "finished" else ""
        lines.append(
            f"{one.run.name:<{width}}  {one.state:<8}  {accuracy:>7}  {epochs:>7}{error}".rstrip()
        )
    return lines


def end_line(one: RunProgress) -> str:
    """How an attempt ended, in one line."""
    if one.state == "finished":
        return f"finished {one.run.name}: {_figures(one)[1]} ({averaged_epochs(one.epochs)})"
    again = "; it is tried again" if one.state == "waiting" else ""
    return f"failed   {one.run.name}: {one_line(one.error or '')}{again}"


def one_line(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


def duration(seconds: float | None) -> str:
    """A time span as people say it; '-' while it is not known."""
    if seconds is None:
        return "-"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _figures(one: RunProgress) -> tuple[str, str]:
    accuracy = "-" if one.accuracy is None else f"{100 * one.accuracy:.2f} %"
    return f"{one.epochs}/{one.run.config.epochs}", accuracy


def _intention(one: RunProgress) -> str:
    after = f"goes on after epoch {one.epochs}" if one.epochs else "starts over"
    match one.earlier:
        case "finished":
            return f"finished, {_figures(one)[1]}: skipped"
        case "running":
            return f"interrupted: {after}"
        case "failed":
            return f"failed ({one_line(one.error or 'no reason given')}): {after}"
        case _:
            return "new"
