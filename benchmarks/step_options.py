"""What `benchmarks.train_step` can be asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fer_core.config import RunConfig, from_json


@dataclass(frozen=True)
class Options:
    """What is measured."""

    backbone: str = "mobilenetv2_100"
    """timm model name."""
    image_size: int = 224
    """Side length of the input in pixels."""
    batch_size: int = 16
    """Images per step."""
    steps: int = 5
    """Measured steps of each variant and round; end to end, epochs. Warm-up: two, or one."""
    rounds: int = 2
    """How often every pair of processes is started."""
    threads: int = 2
    """CPU threads."""
    workers: int = 2
    """Worker processes of the per-image pipeline, end to end."""
    compile: bool = False
    """Also measure the compiled step."""
    rungs: bool = True
    """Also measure what lies between the straightforward step and ours."""
    bf16: bool = True
    """Also measure bf16; a CPU that only emulates it takes long."""
    batches: int = 50
    """Batches of an epoch, end to end."""
    end_to_end: bool = False
    """Measure whole epochs from image files instead of steps."""
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    """cpu or cuda."""
    json: Path | None = None
    """Also write the result to this file."""


def run_config(options: Options, **changes: Any) -> RunConfig:  # noqa: ANN401 - any option
    """The run that the product is measured with."""
    asked = {name: getattr(options, name) for name in ("image_size", "backbone", "batch_size")}
    return from_json({**asked, **changes})


def wait(device: torch.device) -> None:
    """Until the device has done all its work."""
    if device.type == "cuda":
        torch.cuda.synchronize()
