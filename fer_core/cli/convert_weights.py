"""Weights of another project for ``--pretrained``: ``fer-core convert-weights``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from fer_core.cli.targets import check_target
from fer_core.datasets import Decoding, load_data
from fer_core.errors import told_in_a_sentence
from fer_core.models.convert import Faces, convert_weights
from fer_core.records.provenance import weights_origin

IMAGES = 2048  # to measure BatchNorm on
SHOWN = 4  # names of tensors that are dropped


@dataclass(frozen=True)
class Command:
    """Write the weights of another project's network under timm's names."""

    backbone: tyro.conf.Positional[str]
    """timm model name of the same architecture, for example mobilenetv2_100."""
    file: tyro.conf.Positional[Path]
    """State dictionary as torch.save wrote it, or the .json of a TensorFlow.js graph, with its .bin
    in the same folder. What follows the backbone's tensors, such as a classifier, is dropped."""
    out: tyro.conf.Positional[Path]
    """The .safetensors file to write."""
    data: str = ""
    """For a TensorFlow.js graph: the data that you will train on (docs/data.md); its training
    images restore the BatchNorm statistics missing from the graph."""
    image_size: int = 64
    """Side length of these images in pixels, as in training."""
    stride: int | None = None
    """Total stride of the network, as in training."""
    source: str = ""
    """Where the weights come from, a phrase for run records and model cards; by default what is
    known of the file."""
    license: str = ""
    """Licence of the weights, likewise."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, convert, and say what was written."""
    command = tyro.cli(Command, prog="fer-core convert-weights")
    check_target(command.out)
    converted = convert_weights(
        command.backbone,
        command.file,
        command.out,
        faces=_faces(command) if command.data else None,
        source=command.source,
        licence=command.license,
    )
    origin = weights_origin(str(command.out))
    print(f"{command.out}: {converted.tensors} tensors of {command.backbone}")
    if converted.dropped:
        names = ", ".join(converted.dropped[:SHOWN])
        more = ", ..." if len(converted.dropped) > SHOWN else ""
        print(f"Dropped, as not part of it: {len(converted.dropped)} ({names}{more})")
    if origin:
        print(f"Source: {origin.phrase()}. SHA-256 of the source: {origin.source_sha256}")


def _faces(command: Command) -> Faces:
    """Training images, chosen by chance with seed 0."""
    loaded = load_data(command.data, Decoding(command.image_size, 3))
    count = len(loaded.train.images)
    chosen = np.sort(np.random.default_rng(0).permutation(count)[:IMAGES])
    images = np.asarray(loaded.train.images[chosen])
    return Faces(images, f"{loaded.name} {loaded.train.name}", command.stride)


if __name__ == "__main__":
    main()
