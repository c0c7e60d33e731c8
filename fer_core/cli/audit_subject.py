"""What ``fer-core audit`` asks: a run, one that is trained first, any model, or predictions."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fer_core.audit.folds import out_of_fold
from fer_core.audit.outputs import Outputs, chosen_classes, model_outputs, read_outputs
from fer_core.audit.runs import trained_run
from fer_core.cli.audit_options import Command, config_of_run, new_config, run_folder
from fer_core.cli.measured_models import load_measured
from fer_core.config import RunConfig
from fer_core.datasets import DataError, Decoding, FaceData, Storage, content_hash, list_data
from fer_core.datasets.exclude import read_exclude_list
from fer_core.evaluation.predictions import widened
from fer_core.foreign.model import ForeignModel
from fer_core.io.files import displayed
from fer_core.models.pretrained import load_model
from fer_core.noise.generate import NoisyLabels
from fer_core.noise.label_files import noise_from_list
from fer_core.records.run import RunRecord, read_run
from fer_core.reporting.data_text import printable
from fer_core.training.setup import load_run_data


@dataclass(frozen=True)
class Asked:
    """Outputs on the training images, and where they come from.

    Attributes:
        outputs: on the training images.
        data: both splits.
        config: of the run, or of the one that would be trained.
        record: of the run; None for predictions of a file.
        seconds: what has taken how long so far.
    """

    outputs: Outputs
    data: FaceData
    config: RunConfig
    record: RunRecord | None
    seconds: dict[str, float]


def ask(command: Command, folder: Path) -> Asked:
    """Find, train or read what the options name, and its outputs on the training images.

    Raises:
        DataError, AuditError, ValueError, OSError: for what cannot be found or does not fit.
    """
    run = run_folder(command)
    if run is not None:
        record = read_run(run)
        config = config_of_run(command, record)
        data = load_run_data(config, _storage(command))
        if content_hash(data) != record.data["sha256"]:
            raise DataError(
                f"{printable(config.data)} is not the data set that the run was trained on: its "
                "images or labels differ; give the original one with --data"
            )
        return _outputs_of(command, record, config, data, {})
    config = new_config(command)
    if command.model is not None:
        return _outputs_of_any(command, command.model, config)
    data = load_run_data(config, _storage(command))
    if command.predictions is not None:
        outputs = read_outputs(command.predictions, data.train.names, data.classes)
        return Asked(outputs, data, config, None, {})
    start = time.perf_counter()
    record = trained_run(
        config, folder / "run", data, device=command.device, storage=_storage(command)
    )
    seconds = {"training": time.perf_counter() - start}
    return _outputs_of(command, record, config, data, seconds)


def _outputs_of(
    command: Command,
    record: RunRecord,
    config: RunConfig,
    data: FaceData,
    seconds: dict[str, float],
) -> Asked:
    trained = load_model(record.path / "model")
    if trained.classes != data.classes:
        raise DataError(
            f"the model has the classes {', '.join(trained.classes)}, {data.name} has "
            f"{', '.join(data.classes)}"
        )
    on_gpu = command.device == "cuda" or (command.device == "auto" and torch.cuda.is_available())
    trained.model.to("cuda" if on_gpu else "cpu")
    start = time.perf_counter()
    outputs = model_outputs(trained.model, data.train)
    seconds["outputs"] = time.perf_counter() - start
    return Asked(outputs, data, config, record, seconds)


def _outputs_of_any(command: Command, text: str, config: RunConfig) -> Asked:
    """The outputs of a model that was not trained on these labels, or not by a run of ours."""
    measured = load_measured(text, None, command.device)
    spec = measured.model.input
    config = config.change(image_size=spec.size, channels=1 if spec.grey else spec.channels)
    data = load_run_data(config, _storage(command))
    model = measured.named(data.classes)
    absent = [name for name in data.classes if name not in model.classes]
    if absent:
        raise DataError(
            f"{measured.name} cannot judge labels of {', '.join(absent)}: it has the classes "
            f"{', '.join(model.classes)}, {data.name} has {', '.join(data.classes)}"
        )
    order = [model.classes.index(name) for name in data.classes]
    start = time.perf_counter()
    if isinstance(model, ForeignModel):
        without = Path(config.exclude) if config.exclude else None
        listing = list_data(config.data, Decoding(spec.size, spec.channels), without=without)
        logits = model.logits(listing.train.images, mirror=True)[:, order]
        outputs = Outputs(torch.from_numpy(logits).softmax(1).numpy())
    else:
        split = widened(data.train, spec)
        outputs = chosen_classes(model_outputs(model.model, split), order)
    return Asked(outputs, data, config, None, {"outputs": time.perf_counter() - start})


def unseen(command: Command, asked: Asked, noisy: NoisyLabels, folder: Path) -> np.ndarray:
    """Out-of-fold probabilities of the cross-entropy baseline of a run, recorded in ``folder``."""
    baseline = asked.config.change(
        method="cross_entropy",
        method_source="",
        flip_probability=None,  # its own default, not that of the run's method
        epochs=command.fold_epochs or asked.config.epochs,
    )
    return out_of_fold(
        baseline,
        asked.data,
        noisy.noisy_labels,
        command.folds,
        folder,
        device=command.device,
        storage=_storage(command),
    )


def _storage(command: Command) -> Storage:
    return Storage("auto", command.cache, progress=True)


def facts(asked: Asked, seconds: Mapping[str, float]) -> dict[str, Any]:
    """What ``audit.json`` says of where it comes from."""
    record, data = asked.record, asked.data
    run = None
    if record is not None:
        run = {
            "name": record.path.resolve().name,
            "path": displayed(record.path.resolve()),
            **{name: record.config[name] for name in ("method", "backbone", "epochs", "seed")},
            **{name: record.config[name] for name in ("image_size", "noise", "noise_rate")},
        }
    return {
        "data": {
            "uri": asked.config.data,
            "name": data.name,
            "split": data.train.name,
            "images": len(data.train.names),
        },
        "excluded": _excluded(asked.config, data),
        "run": run,
        "seconds": {name: round(value, 2) for name, value in {**asked.seconds, **seconds}.items()},
    }


def _excluded(config: RunConfig, data: FaceData) -> dict[str, Any]:
    """The names of ``--exclude``, and the labels of the training images that they leave out.

    Args:
        config: of the run.
        data: without these images.
    """
    if not config.exclude:
        return {"names": [], "noisy_labels": {}}
    listing = list_data(config.data, Decoding(config.image_size, config.channels))
    kept = set(data.train.names)
    rows = [row for row, name in enumerate(listing.train.names) if name not in kept]
    names, labels = [listing.train.names[row] for row in rows], listing.train.true_labels[rows]
    if config.noise == "file" and listing.classes == data.classes:
        with suppress(ValueError):  # the run's list needs no lines for them
            file = Path(config.noise_file or "")
            labels = noise_from_list(file, names, labels, listing.classes).noisy_labels
    classes = (listing.classes[label] for label in labels)
    return {
        "names": sorted(read_exclude_list(Path(config.exclude))),
        "noisy_labels": dict(zip(names, classes, strict=True)),
    }
