"""Many runs as one command: ``fer-core sweep PLAN`` (docs/sweeps.md)."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from filelock import FileLock, Timeout
from rich.console import Console

from fer_core.datasets.cache.store import StorageKind
from fer_core.errors import told_in_a_sentence
from fer_core.io.wording import counted
from fer_core.machine import Device, cores
from fer_core.sweeping.commands import write_commands
from fer_core.sweeping.plan import read_plan
from fer_core.sweeping.pool import Pool, ProcessPool, machine_slots
from fer_core.sweeping.precision import (
    LEFT_TO_THE_RUNS,
    agree_on_precision,
    waits_for_precision,
)
from fer_core.sweeping.prospect import check_runs
from fer_core.sweeping.ray_pool import RayPool
from fer_core.sweeping.scheduler import SweepSetup, carry_out
from fer_core.sweeping.status import RunProgress, begin
from fer_core.sweeping.table import SweepTable, counts, plan_lines, summary_lines
from fer_core.training.trackers import PROJECT, TrackerName, choose_trackers, refuse_idle_project

NOTES = ".sweep"  # folder next to the records: configurations with their paths, locks
TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True)
class Command:
    """Execute a plan of training runs, one record each.

    Run it again to continue: finished runs are skipped, interrupted ones resumed, failed ones
    retried. Exit code 0: all have finished; 1: some failed, their records say why.
    """

    plan: tyro.conf.Positional[Path]
    """The plan, a TOML file (docs/sweeps.md)."""
    out: Path | None = None
    """Folder of the records; by default runs/<name of the plan>."""
    settings: Annotated[tuple[str, ...], tyro.conf.arg(name="set", metavar="FIELD=VALUE")] = ()
    """Options of all runs in place of the plan's [common], as data=ferplus:PATH epochs=3."""
    dry_run: bool = False
    """Only list the runs, and what would be done with each."""
    print_commands: bool = False
    """Start nothing: print one shell command for each run that is not finished, for SLURM or GNU
    parallel."""
    jobs: int | None = None
    """Runs at a time; by default, on the CPU one per core where memory allows (4 GiB each), else as
    many as the GPUs take, or as Ray has room."""
    per_gpu: int = 1
    """Runs that share a GPU."""
    threads: int | None = None
    """CPU threads of a run; by default the cores are divided among the jobs; on the CPU of a
    Ray cluster, 1."""
    retries: int = 1
    """Further attempts at a run that fails, after all others."""
    device: Device = "auto"
    """cpu, cuda, or auto: the GPUs where there are some."""
    storage: StorageKind = "auto"
    """Where the decoded images are kept, as for fer-core train."""
    cache: Path | None = None
    """Folder of the cache of decoded images, as for fer-core train."""
    log_with: tuple[TrackerName, ...] = ()
    """Trackers that log every run, as for fer-core train."""
    project: str = PROJECT
    """Project name under which trackers show the runs."""
    ray: str | None = None
    """Run on Ray: local, or the HOST:PORT of a cluster. All its machines must see the folder of the
    records, this folder and the data under the same paths."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, carry out the plan, print the summary."""
    command = tyro.cli(Command, prog="fer-core sweep")
    progress = _sweep(command)
    if any(one.state == "failed" for one in progress):
        sys.exit(1)


def _sweep(command: Command) -> list[RunProgress]:
    for name in ("jobs", "per_gpu", "threads", "retries"):
        value, least = getattr(command, name), 0 if name == "retries" else 1
        if value is not None and value < least:
            raise ValueError(f"{name.replace('_', '-')} must be at least {least}, got {value}")
    refuse_idle_project(command.project, command.log_with)
    if not command.ray:  # the machines of a cluster may have what is not installed here
        choose_trackers(command.log_with, command.project)
    if command.print_commands and (command.dry_run or command.jobs or command.ray):
        raise ValueError("--print-commands starts nothing: omit --dry-run, --jobs and --ray")
    runs = read_plan(command.plan, command.settings)
    out = command.out or Path("runs") / command.plan.stem
    progress = begin(runs, out)
    if not command.print_commands:  # the machines of a cluster may have what is not here
        check_runs([one.run for one in progress if one.state != "finished"])
    if command.dry_run:
        print("\n".join(plan_lines(progress)))
        print(f"{counts(progress)}; records in {out}")
        return progress
    notes = out / NOTES
    if command.print_commands:
        return _print_commands(command, progress, notes)
    notes.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(notes / "lock", timeout=0):
            return _work(command, begin(runs, out), notes)  # as it is now, with the lock
    except Timeout as error:
        raise ValueError(
            f"another sweep is running in {out}: wait for it, end it, or take another --out"
        ) from error


def _print_commands(
    command: Command, progress: list[RunProgress], notes: Path
) -> list[RunProgress]:
    notes.mkdir(parents=True, exist_ok=True)
    threads = () if command.threads is None else ("--threads", str(command.threads))
    options = (*_options(command), *threads)
    setup = SweepSetup(notes, options, command.threads or 1, Path.cwd())
    for line in write_commands(progress, setup):
        print(line)
    print(f"{counts(progress)}; records in {notes.parent}", file=sys.stderr)
    if waits_for_precision(progress):
        print(LEFT_TO_THE_RUNS, file=sys.stderr)
    return progress


def _work(command: Command, progress: list[RunProgress], notes: Path) -> list[RunProgress]:
    out = notes.parent
    waiting = sum(one.state == "waiting" for one in progress)
    if waiting:
        remarks = _settle_precision(command, progress)
        pool, threads = _pool(command, notes, waiting)
        earlier = signal.signal(signal.SIGTERM, _terminate)
        try:
            options = (*_options(command), "--threads", str(threads))
            setup = SweepSetup(notes, options, threads, Path.cwd(), command.retries)
            with SweepTable(Console()) as table:
                table.say(f"{counted(len(progress), 'run')}, records in {out}: {counts(progress)}")
                for remark in remarks:
                    table.say(remark)
                carry_out(progress, pool, setup, table)
        except (KeyboardInterrupt, SystemExit):
            print("stopped: run the same command again to resume", file=sys.stderr)
            raise
        finally:
            pool.stop()
            signal.signal(signal.SIGTERM, earlier)
    print("\n".join([*summary_lines(progress), f"{counts(progress)}; records in {out}"]))
    return progress


def _settle_precision(command: Command, progress: list[RunProgress]) -> list[str]:
    """One precision for the runs of this machine; what to say about it."""
    if command.ray is None:
        return agree_on_precision(progress, command.device)
    return [LEFT_TO_THE_RUNS] if waits_for_precision(progress) else []


def _pool(command: Command, notes: Path, waiting: int) -> tuple[Pool, int]:
    """Where the runs are started, and the CPU threads of each."""
    if command.ray is None:
        slots = machine_slots(command.device, command.jobs, command.per_gpu, waiting)
        return ProcessPool(slots), command.threads or max(1, cores() // len(slots))
    pool = RayPool(
        command.ray,
        marker=(notes / "marker").absolute(),
        device=command.device,
        threads=command.threads,
        per_gpu=command.per_gpu,
        jobs=command.jobs,
    )
    return pool, pool.threads


def _options(command: Command) -> tuple[str, ...]:
    """The options of fer-core train that all runs share."""
    cache = () if command.cache is None else ("--cache", str(command.cache))
    trackers = ("--log-with", *command.log_with, "--project", command.project)
    return (
        *("--device", command.device, "--storage", command.storage, *cache),
        *(trackers if command.log_with else ()),
    )


def _terminate(number: int, frame: object) -> None:
    sys.exit(TERMINATED)


if __name__ == "__main__":
    main()
