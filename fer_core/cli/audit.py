"""Training images whose label is probably wrong: ``fer-core audit RUN`` (docs/data.md)."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro

from fer_core.audit.scores import Audit, audit_csv, audit_labels, auroc, precision_among_first
from fer_core.cli.targets import check_target
from fer_core.config import RunConfig, from_json
from fer_core.datasets import DataError, Storage, content_hash
from fer_core.errors import told_in_a_sentence
from fer_core.io.files import displayed, write_whole
from fer_core.machine import Device
from fer_core.models.pretrained import load_model
from fer_core.records.run import RunRecord, read_run
from fer_core.reporting.data_text import printable, table
from fer_core.training.checkpoint import CheckpointError, read_checkpoint
from fer_core.training.labels import draw_noisy_labels
from fer_core.training.setup import load_run_data

ABOUT = "Rank the training images of a run by how likely their label is wrong."
AUDIT_FILE = "audit.csv"
SHOWN = 10  # images in the summary


@dataclass(frozen=True)
class Command:
    """Rank the training images of a run by the cross-entropy of their label, the highest first.

    A method that withstands label noise, such as EAC, finds wrong labels; a cross-entropy baseline
    memorises them.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """Folder of a finished run, with its model."""
    data: str | None = None
    """The run's data set, where its folder has moved since; its content must be the same."""
    noise_file: Path | None = None
    """The run's list of noisy labels, where it has moved since."""
    out: Path | None = None
    """CSV file to write, a row an image; by default RUN/audit.csv."""
    first: int = 1000
    """Where true labels are known: the precision is that among so many images of the highest
    loss."""
    device: Device = "auto"
    """cpu, cuda, or auto: the GPU where there is one."""
    cache: Path | None = None
    """Folder of the cache of decoded images, as for fer-core train."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, rank the images, and print what was found."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    command = tyro.cli(Command, prog="fer-core audit", description=ABOUT)
    file = command.out or command.run / AUDIT_FILE
    check_target(command.out)
    if command.first < 1:
        raise ValueError(f"first must be at least 1, got {command.first}")
    audit = _audit(command)
    write_whole(file, audit_csv(audit).encode())
    print(summary(audit, command.first))
    print(f"\nall {len(audit.names):,} images: {displayed(file)}")


def _audit(command: Command) -> Audit:
    record = read_run(command.run)
    trained = load_model(command.run / "model")
    config = _config(command, record)
    data = load_run_data(config, Storage("auto", command.cache, progress=True))
    if content_hash(data) != record.data["sha256"]:
        raise DataError(
            f"{printable(config.data)} is not what the run was trained on: its images or labels "
            "differ; name the same data set with --data"
        )
    if trained.classes != data.classes:
        raise DataError(
            f"the model has the classes {', '.join(trained.classes)}, {data.name} has "
            f"{', '.join(data.classes)}"
        )
    on_gpu = command.device == "cuda" or (command.device == "auto" and torch.cuda.is_available())
    trained.model.to("cuda" if on_gpu else "cpu")
    noisy = draw_noisy_labels(config, data)
    known = config.noise != "none"
    return audit_labels(trained.model, data.train, noisy, data.classes, truth_known=known)


def _config(command: Command, record: RunRecord) -> RunConfig:
    """The run's configuration: of its checkpoint, which names folders, else of its record."""
    try:
        _, config = read_checkpoint(record.path)
    except CheckpointError:
        config = from_json(record.config)
    if command.data is not None:
        config = replace(config, data=command.data)
    if command.noise_file is not None:
        config = replace(config, noise_file=str(command.noise_file))
    return config


def summary(audit: Audit, first: int) -> str:
    """What is printed: the images of the highest loss, and the figures where truth is known."""
    parts = [_highest(audit)]
    disagrees = int((audit.predicted != audit.noisy_labels).sum())
    parts.append(f"the model predicts another class on {disagrees:,} of {len(audit.names):,}")
    wrong = audit.wrong
    if wrong is None:
        return "\n\n".join([*parts, "true labels are not known: look at the first images yourself"])
    area = auroc(audit.losses, wrong)
    if area is None:
        return "\n\n".join([*parts, "all or none of the labels are wrong: there is no AUROC"])
    count = min(first, len(audit.order))
    share = precision_among_first(audit.order, wrong, count)
    parts.append(
        f"{int(wrong.sum()):,} labels are wrong ({100 * wrong.mean():.1f} %)\n"
        f"AUROC {area:.3f}; precision among the first {count:,}: {100 * share:.1f} %"
    )
    return "\n\n".join([*parts, _by_class(audit, wrong)])


def _highest(audit: Audit) -> str:
    rows: list[tuple[str, ...]] = [("rank", "image", "noisy label", "predicted", "loss")]
    for rank, row in enumerate(audit.order[:SHOWN], start=1):
        labels = audit.classes[audit.noisy_labels[row]], audit.classes[audit.predicted[row]]
        rows.append((str(rank), printable(audit.names[row]), *labels, f"{audit.losses[row]:.2f}"))
    return table(rows)


def _by_class(audit: Audit, wrong: np.ndarray) -> str:
    """Wrong labels and AUROC within each noisy label; '-' where all or none are wrong."""
    rows: list[tuple[str, ...]] = [("noisy label", "images", "wrong", "AUROC")]
    for number, name in enumerate(audit.classes):
        own = audit.noisy_labels == number
        area = auroc(audit.losses[own], wrong[own])
        counts = f"{int(own.sum()):,}", f"{int(wrong[own].sum()):,}"
        rows.append((name, *counts, "-" if area is None else f"{area:.3f}"))
    return table(rows)


if __name__ == "__main__":
    main()
