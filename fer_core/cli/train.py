"""Train one model: ``fer-core train --data ferplus:PATH --noise symmetric ...``."""

import dataclasses
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import tyro

from fer_core.config import RATED_NOISE, RunConfig, unchecked
from fer_core.config.methods import METHODS, find_method, option_names, owners
from fer_core.config.recipes import RECIPES, RecipeName
from fer_core.config.renamed import current_flags
from fer_core.datasets import Storage
from fer_core.datasets.cache.store import StorageKind
from fer_core.errors import told_in_a_sentence
from fer_core.io.files import read_text
from fer_core.machine import Device
from fer_core.metrics.classification import averaged_epochs
from fer_core.records.run import RunRecord
from fer_core.training.checkpoint import read_checkpoint
from fer_core.training.engine import train
from fer_core.training.trackers import PROJECT, TrackerName, refuse_idle_project

PROGRAM = "fer-core train"


@dataclass(frozen=True)
class Start:
    """What the options of a run start from."""

    recipe: RecipeName | None = None
    """Named settings to start from (docs/recipes.md); other options override these."""
    config_file: Path | None = None
    """JSON file of a run's options, all or some, or a run's own run.json, in which paths have lost
    their folders: give --data and the like again. Options on the command line override these."""


@dataclass(frozen=True)
class StartAndMethod(Start):
    """What is read first, since it decides which further options there are, and their defaults."""

    method: str | None = None
    """As of `RunConfig`; None: that of the recipe or the file."""
    method_source: str | None = None
    """Likewise."""


@dataclass(frozen=True)
class Command(Start):
    """Train one model and write its run record (docs/run-records.md)."""

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = dataclasses.field(
        default_factory=RunConfig
    )
    """The run."""
    out: Path | None = None
    """Folder of the record; by default runs/<data>-<backbone>-<method>-noise<rate>-seed<seed>."""
    resume: Path | None = None
    """Resume the interrupted run in this folder; its recorded configuration is used. With --epochs,
    also extend a finished run if its schedule allows it."""
    device: Device = "auto"
    """cpu, cuda, or auto: the GPU where there is one."""
    threads: int | None = None
    """CPU threads; by default as many as torch takes."""
    storage: StorageKind = "auto"
    """Where the decoded images are kept, without any effect on the result: cache (decoded once,
    on disk), device (cache, and the device's memory), stream (decoded for each batch), or auto."""
    cache: Path | None = None
    """Folder of the cache of decoded images; by default FER_CORE_CACHE, or fer_core in the
    user's cache folder."""
    log_with: tuple[TrackerName, ...] = ()
    """Trackers that log the run, without any effect on the result; all: each one that is installed
    (docs/training.md)."""
    project: str = PROJECT
    """Project name under which trackers show the run; its name there is that of its folder."""
    longer: Annotated[bool, tyro.conf.Suppress] = False
    """Whether --epochs is among the arguments: a resumed run then gets more of them."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, train, and print the result."""
    first = os.environ.get("RANK", "0") == "0"  # of the processes that a launcher started
    logging.basicConfig(level=logging.INFO if first else logging.WARNING, format="%(message)s")
    record = run(parse(sys.argv[1:]))
    if first:
        print(result_line(record))


def parse(arguments: Sequence[str]) -> Command:
    """The command that the words behind ``fer-core train`` give.

    Raises:
        ValueError: for a method that is not known, or a value that is not allowed.
        SystemExit: for words that do not parse, and after the help.
    """
    arguments = current_flags(arguments)
    return tyro.cli(
        Command,
        prog=PROGRAM,
        description=f"{Command.__doc__}\n\n{_methods_text()}",
        args=arguments,
        default=Command(config=starting_config(arguments), longer=_has_epochs(arguments)),
        config=(tyro.conf.OmitArgPrefixes,),
    )


def _has_epochs(arguments: Sequence[str]) -> bool:
    return any(argument.partition("=")[0] == "--epochs" for argument in arguments)


def result_line(record: RunRecord) -> str:
    """The figures of a finished run in one line."""
    result = record.result
    return (
        f"{record.path}: accuracy {100 * result['accuracy_last5']:.2f} % "
        f"({averaged_epochs(len(record.epochs))}), "
        f"mean class accuracy {100 * result['mean_class_accuracy_last5']:.2f} %, "
        f"last epoch {100 * result['final_accuracy']:.2f} %, {result['seconds']:.0f} s"
    )


def starting_config(arguments: Sequence[str]) -> RunConfig:
    """The configuration that the other options change: defaults, a recipe, a file on top of it.

    It has the options of the method that the arguments name, so that these become flags.

    Raises:
        ValueError: for a method that is not known, or a flag that belongs to another one.
    """
    known, others = tyro.cli(
        StartAndMethod, prog=PROGRAM, args=arguments, return_unknown_args=True, add_help=False
    )
    values = dict(RECIPES[known.recipe]) if known.recipe else {}
    if known.config_file:
        file = known.config_file
        try:
            content = json.loads(read_text(file))
        except json.JSONDecodeError as error:
            raise ValueError(f"{file} is not valid JSON: {error}") from error
        if not isinstance(content, dict):
            raise ValueError(f"{file} must hold a JSON object of options, got {content!r}")
        if "schema_version" in content and isinstance(content.get("config"), dict):
            content = content["config"]
        values |= content
    named = {"method": known.method, "method_source": known.method_source}
    values |= {name: value for name, value in named.items() if value is not None}
    if known.method is not None and known.method_source is None:
        values["method_source"] = ""  # the file's is of another method
    config = unchecked(values)
    _refuse_foreign_flags(config, others)
    return config


def _refuse_foreign_flags(config: RunConfig, arguments: Sequence[str]) -> None:
    """Say whose an option is that the method of the run does not read."""
    method = find_method(config.method, config.method_source).name
    for argument in arguments:
        name = argument.partition("=")[0].removeprefix("--").removeprefix("no-").replace("-", "_")
        methods = owners(name) if argument.startswith("--") else []
        if methods and name not in option_names(method):
            raise ValueError(
                f"{argument.partition('=')[0]} is an option of {' and '.join(methods)}, the method "
                f"of this run is {method}: leave it out, or give another --method"
            )


def _methods_text() -> str:
    names = ", ".join(
        name if spec.title == name else f"{name} ({spec.title})" for name, spec in METHODS.items()
    )
    return (
        f"Methods: {names}. Each has options of its own, shown with --method NAME --help; docs/"
        "methods.md has their equations."
    )


def run(command: Command) -> RunRecord:
    """Train as the command says.

    Raises:
        ValueError: for options that do not go together; else as `train`.
    """
    if command.threads is not None:
        if command.threads < 1:
            raise ValueError(f"threads must be at least 1, got {command.threads}")
        torch.set_num_threads(command.threads)
    refuse_idle_project(command.project, command.log_with)
    options = {
        "device": command.device,
        "storage": Storage(command.storage, command.cache, True),
        "log_with": command.log_with,
        "project": command.project,
    }
    if command.resume is None:
        folder = command.out or default_folder(command.config)
        return train(command.config, folder, **options)
    epochs = command.config.epochs if command.longer else RunConfig().epochs
    if command.config != RunConfig(epochs=epochs) or command.out is not None:
        raise ValueError(
            "--resume takes the run's own configuration: give no run option other than --epochs"
        )
    _, recorded = read_checkpoint(command.resume)
    if command.longer:
        if epochs <= recorded.epochs:
            raise ValueError(
                f"epochs must be more than the {recorded.epochs} of the run to train it longer, "
                f"got {epochs}"
            )
        recorded = recorded.change(epochs=epochs)
    return train(recorded, command.resume, resume=True, **options)


def default_folder(config: RunConfig) -> Path:
    """The record folder of a run without a name."""
    data = config.data.partition(":")[0].partition("?")[0]
    rate = f"{config.noise_rate:g}" if config.noise in ("none", *RATED_NOISE) else ""
    kind = config.noise if config.noise not in ("none", "symmetric") else ""
    noise = f"noise{'-'.join(part for part in (kind, rate) if part)}"
    parts = [data, config.backbone, config.method, noise, f"seed{config.seed}"]
    return Path("runs") / "-".join(parts)


if __name__ == "__main__":
    main()
