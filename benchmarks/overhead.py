"""What recording, checkpoints and evaluation cost in addition to the training itself.

    python -m benchmarks.overhead --data ferplus:PATH --epochs 2

One run of the product under Python's profiler: seconds of training, of tests, and of all that
writes: the lines of the epochs, the copies for the checkpoints (a thread writes them meanwhile),
and record and model at the end.
"""

import cProfile
import pstats
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.result import as_json
from fer_core.config import RunConfig
from fer_core.machine import Device
from fer_core.training.engine import train

WRITING = ("add_epoch", "pack_checkpoint", "save_model", "finish")


@dataclass(frozen=True)
class Options:
    """What is measured."""

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(
        default_factory=lambda: RunConfig(channels=1, stride=8, image_size=40, epochs=2)
    )
    """The run."""
    device: Device = "auto"
    """Where it runs."""


def main() -> None:
    """Measure one run and print seconds and shares as JSON."""
    options = tyro.cli(Options, config=(tyro.conf.OmitArgPrefixes,))
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        record = profile.runcall(train, options.config, place, device=options.device)
    functions = pstats.Stats(profile).get_stats_profile().func_profiles
    seconds = {
        "training": sum(epoch["train_seconds"] for epoch in record.epochs),
        "tests": sum(epoch["eval_seconds"] for epoch in record.epochs),
        **{name: functions[name].cumtime for name in WRITING},
    }
    shares = {name: round(value / seconds["training"], 4) for name, value in seconds.items()}
    about = {name: record.environment[name] for name in ("device", "threads", "precision")}
    epochs = {"epochs": len(record.epochs), "config": record.config}
    print(as_json(about | epochs | {"seconds": seconds, "share_of_training": shares}))


if __name__ == "__main__":
    main()
