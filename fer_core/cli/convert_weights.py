"""Weights of another project for ``--pretrained``: ``fer-core convert-weights``."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from fer_core.errors import told_in_a_sentence
from fer_core.models.convert import convert_weights


@dataclass(frozen=True)
class Command:
    """Write the weights of another project's network under timm's names."""

    backbone: tyro.conf.Positional[str]
    """timm model name of the same architecture, for example mobilenetv2_100."""
    file: tyro.conf.Positional[Path]
    """State dictionary as torch.save wrote it; a final classifier is dropped."""
    out: tyro.conf.Positional[Path]
    """The .safetensors file to write."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, convert, and say what was written."""
    command = tyro.cli(Command, prog="fer-core convert-weights")
    count = convert_weights(command.backbone, command.file, command.out)
    print(f"{command.out}: {count} tensors of {command.backbone}")


if __name__ == "__main__":
    main()
