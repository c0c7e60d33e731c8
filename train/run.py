"""Train one model: ``python -m train.run --data ferplus:PATH --noise symmetric ...``."""

import dataclasses
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import tyro

from fer_core.backbones import BackboneError
from fer_core.checkpoints import CheckpointError, read_checkpoint
from fer_core.config import RATED_NOISE, RunConfig
from fer_core.datasets import DataError, Storage
from fer_core.datasets.storage import StorageKind
from fer_core.engine import TrainingError, train
from fer_core.records import RecordError, RunRecord


@dataclass(frozen=True)
class Command:
    """Train one model and write its run record (docs/run-records.md)."""

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = dataclasses.field(
        default_factory=RunConfig
    )
    """The run."""
    out: Path | None = None
    """Folder of the record; by default runs/<data>-<backbone>-<method>-noise<rate>-seed<seed>."""
    resume: Path | None = None
    """Go on with the interrupted run in this folder; its recorded configuration is used."""
    cpu: bool = False
    """Stay on the CPU even where there is a GPU."""
    threads: int | None = None
    """CPU threads; by default as many as torch takes."""
    storage: StorageKind = "auto"
    """Where the decoded pictures are kept, without any effect on the result: cache (decoded once,
    on disk), device (cache, and the device's memory), stream (decoded for each batch), or auto."""
    cache: Path | None = None
    """Folder of the cache of decoded pictures; by default FER_CORE_CACHE, or fer_core in the
    user's cache folder."""


def main() -> None:
    """Parse the command line, train, and print the result."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        command = tyro.cli(Command, prog="python -m train.run", config=(tyro.conf.OmitArgPrefixes,))
        record = _run(command)
    except (
        BackboneError,
        CheckpointError,
        DataError,
        RecordError,
        TrainingError,
        OSError,
        ValueError,
    ) as error:
        sys.exit(f"error: {error}")
    result = record.result
    print(
        f"{record.path}: accuracy {100 * result['accuracy_last5']:.2f} % (mean of the last 5 "
        f"epochs), class mean {100 * result['class_mean_accuracy_last5']:.2f} %, last epoch "
        f"{100 * result['final_accuracy']:.2f} %, {result['seconds']:.0f} s"
    )


def _run(command: Command) -> RunRecord:
    if command.threads is not None:
        if command.threads < 1:
            raise ValueError(f"threads must be at least 1, got {command.threads}")
        torch.set_num_threads(command.threads)
    options = {"cpu": command.cpu, "storage": Storage(command.storage, command.cache, True)}
    if command.resume is None:
        folder = command.out or default_folder(command.config)
        return train(command.config, folder, **options)
    if command.config != RunConfig() or command.out is not None:
        raise ValueError("--resume takes the run's own configuration: give no other run option")
    _, recorded = read_checkpoint(command.resume)
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
