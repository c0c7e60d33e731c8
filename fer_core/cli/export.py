"""Write a trained model as one ONNX file: ``fer-core export RUN --out model.onnx``.

The file is checked against PyTorch before it is written. With ``--int8`` it computes in integers,
calibrated on training faces; ``--data`` measures the accuracy of the file's outputs.
docs/onnx.md describes the file.
"""

import logging
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
import tyro

from fer_core.cli.targets import check_target
from fer_core.datasets import DataError, Decoding, Listing, Split, Storage, list_data
from fer_core.datasets.loading import also_in
from fer_core.errors import told_in_a_sentence
from fer_core.evaluation.inference import judge
from fer_core.evaluation.predictions import decode_for, predict_split
from fer_core.hub.download import resolve_model
from fer_core.inference.backends import count_threads
from fer_core.inference.onnx_export import (
    INPUT,
    OUTPUTS,
    TOLERANCE,
    onnx_bytes,
    open_session,
    parity,
)
from fer_core.inference.quantize import quantise
from fer_core.io.files import displayed, write_whole
from fer_core.metrics import classification as metrics
from fer_core.models.pretrained import TrainedModel, load_model
from fer_core.models.saved_model import WEIGHTS_FILE
from fer_core.reporting.data_text import printable, table
from fer_core.transforms.functional import mirror, normalise, to_tensor

ABOUT = "Write a trained model as one ONNX file."
BATCH = 256


@dataclass(frozen=True)
class Command:
    """Write a trained model as one ONNX file, checked against PyTorch."""

    model: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")]
    """Folder of a run or of a model, USER/NAME of the Hugging Face Hub, or 'bundled' for the model
    that ships with the project."""
    out: Path
    """File to write. The predictor finds it as model.onnx in the model's folder."""
    int8: bool = False
    """Quantise to int8: a quarter of the size, faster, slightly less accurate."""
    data: str | None = None
    """Data set as for fer-core train --data: the file is measured on its evaluation split, and
    --int8 is calibrated on its train split."""
    calibrate_on: str | None = None
    """Another data set to calibrate on, or folder:PATH of class folders without splits."""
    calibration_images: int = 256
    """How many images to calibrate on, drawn at random."""
    seed: int = 0
    """Seed of that draw."""
    cache: Path | None = None
    """Folder of the cache of decoded images, as for fer-core train."""


class CalibrationImages(NamedTuple):
    """Images to calibrate on.

    Attributes:
        images: (N, C, H, W) float32, normalised.
        source: where they come from, in words.
    """

    images: np.ndarray
    source: str


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, write the file, and print what it is worth."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    command = tyro.cli(Command, prog="fer-core export", description=ABOUT)
    _check(command)
    for part in _export(command):
        print(part, flush=True)


def _check(command: Command) -> None:
    check_target(command.out)
    if command.calibration_images < 1:
        raise ValueError(f"calibration-images must be at least 1, got {command.calibration_images}")
    if command.int8 and command.data is None and command.calibrate_on is None:
        raise ValueError("--int8 needs faces to calibrate on: name a data set with --data")
    if not command.int8:
        defaults = {field.name: field.default for field in fields(command)}
        for name in ("calibrate_on", "calibration_images", "seed"):
            if getattr(command, name) != defaults[name]:
                raise ValueError(f"--{name.replace('_', '-')} is an option of --int8")


def _export(command: Command) -> list[str]:
    """Write the file; gives the parts of the report."""
    folder = resolve_model(command.model)
    trained = load_model(folder, command.model)
    storage = Storage("auto", command.cache)
    plain = onnx_bytes(trained)
    error = parity(trained, plain)
    contents = {"ONNX Runtime, float32": plain}
    made = "float32"
    if command.int8:
        chosen = _calibration(command, trained, storage)
        contents["ONNX Runtime, int8"] = quantise(plain, chosen.images)
        made = f"int8, calibrated on {len(chosen.images):,} images of {chosen.source}"
    written = list(contents.values())[-1]
    report = [
        f"{displayed(command.out)}: {len(written):,} bytes, {made}",
        f"float32 against PyTorch: largest error {error:.1e} of the largest output, "
        f"{TOLERANCE:.0e} is allowed",
        f"float32 {len(plain):,} bytes; the weights {(folder / WEIGHTS_FILE).stat().st_size:,}",
    ]
    if command.data is not None:
        report.append(_measure(trained, contents, command.data, storage))
    write_whole(command.out, written)
    return report


def _calibration(command: Command, trained: TrainedModel, storage: Storage) -> CalibrationImages:
    """Faces to calibrate on: none is in the evaluation split that the file is measured on."""
    listing = _list(command.calibrate_on or command.data or "", trained)
    kind = "train"
    if not len(listing.train.true_labels):
        if command.calibrate_on is None:
            raise DataError(
                f"{listing.name} has no training images to calibrate on: name others with "
                "--calibrate-on"
            )
        kind = "eval"
    split = decode_for(trained.input, listing, kind, storage)
    others = np.arange(len(split.true_labels))
    if command.data is not None:
        measured = decode_for(trained.input, _list(command.data, trained), "eval", storage)
        others = np.flatnonzero(~also_in(measured.digests, split.digests))
    if not len(others):
        raise DataError(
            f"every image of {_title(listing, split)} is one that the file is measured on: name "
            "others with --calibrate-on"
        )
    count = min(command.calibration_images, len(others))
    drawn = np.random.default_rng(command.seed).choice(others, count, replace=False)
    images = normalise(to_tensor(split.images[np.sort(drawn)]), *trained.model.statistics())
    return CalibrationImages(images.contiguous().numpy(), _title(listing, split))


def _measure(trained: TrainedModel, contents: dict[str, bytes], data: str, storage: Storage) -> str:
    """Accuracy of PyTorch and of each file on the evaluation split, with flip TTA."""
    listing = _list(data, trained)
    found = predict_split(
        trained, listing, "eval", storage=storage, mirror=True, shared_classes=False
    )
    answers = {"PyTorch, float32": found.logits}
    answers |= {name: _logits(trained, content, found.split) for name, content in contents.items()}
    rows: list[tuple[str, ...]] = [("", "accuracy", "mean class accuracy", "same prediction")]
    for name, logits in answers.items():
        confusion = judge(torch.from_numpy(logits), found.split.true_labels).confusion
        same = (logits.argmax(1) == found.predicted).mean()
        shares = metrics.accuracy(confusion), metrics.mean_class_accuracy(confusion), same
        rows.append((name, *(f"{100 * share:.2f}" for share in shares)))
    title = f"{_title(listing, found.split)}, {len(found.split.true_labels):,} images"
    return f"\n{title}, with flip TTA, %\n\n{table(rows)}"


def _logits(trained: TrainedModel, content: bytes, split: Split) -> np.ndarray:
    """(N, K) mean logits of each image and its flipped image, by ONNX Runtime."""
    session = open_session(content, count_threads())
    statistics = trained.model.statistics()
    parts = []
    for start in range(0, len(split.true_labels), BATCH):
        images = normalise(to_tensor(split.images[start : start + BATCH]), *statistics)
        views = [
            session.run([OUTPUTS[0]], {INPUT: view.contiguous().numpy()})[0]
            for view in (images, mirror(images))
        ]
        parts.append((views[0] + views[1]) / 2)
    return np.concatenate(parts)


def _list(uri: str, trained: TrainedModel) -> Listing:
    return list_data(uri, Decoding(trained.input.size, trained.input.channels))


def _title(listing: Listing, split: Split) -> str:
    return printable(listing.name if listing.name == split.name else f"{listing.name} {split.name}")


if __name__ == "__main__":
    main()
