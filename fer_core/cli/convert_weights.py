"""Weights of another project for ``--pretrained``: ``fer-core convert-weights``."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from fer_core.foreign_weights import ForeignWeightsError, convert_weights


@dataclass(frozen=True)
class Command:
    """Write the weights of another project's network under timm's names."""

    backbone: tyro.conf.Positional[str]
    """timm model name of the same architecture, for example mobilenetv2_100."""
    file: tyro.conf.Positional[Path]
    """State dictionary as torch.save wrote it; a classifier at its end is left out."""
    out: tyro.conf.Positional[Path]
    """The .safetensors file to write."""


def main() -> None:
    """Parse the command line, convert, and say what was written."""
    command = tyro.cli(Command, prog="fer-core convert-weights")
    try:
        count = convert_weights(command.backbone, command.file, command.out)
    except (ForeignWeightsError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"{command.out}: {count} tensors of {command.backbone}")


if __name__ == "__main__":
    main()
