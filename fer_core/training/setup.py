"""Everything a run needs before its first step: data, noisy labels, model, and their facts."""

import logging
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import fer_core
from fer_core.config import RunConfig, to_json, without_folders
from fer_core.config import input_spec as inputs
from fer_core.config.input_spec import InputSpec
from fer_core.datasets import (
    GIVEN,
    DataError,
    Decoding,
    FaceData,
    Listing,
    Split,
    Storage,
    content_hash,
    load_data,
    vote_shares,
)
from fer_core.datasets.loading import select
from fer_core.emotions import SEVEN_CLASSES
from fer_core.faces.detect import measure_landmarks
from fer_core.models.attention_model import AttentionModel, create_model
from fer_core.models.backbones import own_name
from fer_core.noise.confusion import confusion_weights
from fer_core.noise.generate import (
    NoisyLabels,
    asymmetric_noise,
    noise_facts,
    original_noise,
    rater_noise,
    symmetric_noise,
)
from fer_core.noise.label_files import noise_from_list
from fer_core.records.provenance import source_commit, weights_digest
from fer_core.records.run import RunRecorder
from fer_core.training.holdout import Holdout, held_out

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Experiment:
    """A run that is ready to start.

    Attributes:
        config: the run's configuration.
        data: both splits, decoded; of the training split what is trained on.
        noise: the labels that the model is trained on.
        holdout: the held-out training images with their noisy labels; None without them.
        whole: both splits before anything was held out.
        whole_noise: the noisy labels of the whole training split.
        targets: what the classification loss aims at: the (N,) noisy labels, or (N, K) float32
            shares of votes.
        model: the network with its starting weights, on the CPU.
        input: what the network expects, for use after training.
    """

    config: RunConfig
    data: FaceData
    noise: NoisyLabels
    holdout: Holdout | None
    whole: FaceData
    whole_noise: NoisyLabels
    targets: np.ndarray
    model: AttentionModel
    input: InputSpec


def load_run_data(config: RunConfig, storage: Storage | None = None) -> FaceData:
    """The data of a run, as its configuration asks for them.

    Raises:
        DataError: when the data set is absent or broken.
    """
    return load_data(
        config.data,
        Decoding(config.image_size, config.channels),
        storage=storage,
        dedup=config.dedup,
        without=Path(config.leave_out) if config.leave_out else None,
    )


def prepare(
    config: RunConfig,
    storage: Storage | None = None,
    *,
    dataset: FaceData | None = None,
    backbone: nn.Module | None = None,
) -> Experiment:
    """Load the data, draw the noise and create the model.

    Args:
        config: of the run.
        storage: where the decoded pictures are kept.
        dataset: the data, in place of those that the configuration names.
        backbone: a module of your own, in place of the backbone that the configuration names.

    Raises:
        DataError: when the data set is absent, broken, smaller than one batch, or has no training
            picture of a class.
        BackboneError: when the backbone cannot be had.
        ValueError, FileNotFoundError: when the noise list does not fit.
    """
    whole = load_run_data(config, storage) if dataset is None else _fitting(dataset, config)
    whole_noise = draw_noisy_labels(config, whole)
    data, noise, holdout = _hold_out(config, whole, whole_noise)
    count = len(data.train.true_labels)
    if config.batch_size * config.accumulate > count:
        times = f" times accumulate {config.accumulate}" if config.accumulate > 1 else ""
        raise DataError(
            f"batch_size {config.batch_size}{times} is larger than the training set of {count} "
            "images"
        )
    counts = np.bincount(data.train.true_labels, minlength=len(data.classes))
    absent = [name for name, count in zip(data.classes, counts, strict=True) if not count]
    if absent:
        raise DataError(
            f"{data.train.name} has no training picture of {', '.join(absent)}: add some, or leave "
            "the class out where the data set has an option for it (docs/data.md)"
        )
    torch.manual_seed(config.seed)
    model = create_model(config, len(data.classes), backbone)
    landmarks = data.landmarks
    if landmarks is None:
        landmarks = measure_landmarks(data.train.images, config.seed)
    spec = InputSpec(
        size=config.image_size,
        channels=config.channels,
        mean=model.mean,
        std=model.std,
        source_size=min(data.source_size, config.image_size),
        grey=data.grey or config.channels == 1,
        landmarks=tuple((round(float(x), 4), round(float(y), 4)) for x, y in landmarks),
    )
    targets = _vote_targets(data) if config.targets == "votes" else noise.noisy_labels
    return Experiment(config, data, noise, holdout, whole, whole_noise, targets, model, spec)


def named(config: RunConfig, dataset: FaceData | None, backbone: nn.Module | None) -> RunConfig:
    """The configuration as the record has it: what is given as an object by the object's name."""
    if dataset is not None:
        config = replace(config, data=f"{GIVEN}:{dataset.name}")
    if backbone is not None:
        config = replace(config, backbone=own_name(backbone))
    return config


def _fitting(dataset: FaceData, config: RunConfig) -> FaceData:
    """The data set, when its images are what the run asks for."""
    if config.dedup or config.leave_out:
        raise ValueError(
            "dedup and leave_out change data that the run reads itself: leave out what you do not "
            "want before you give the data set"
        )
    shape = (config.image_size, config.image_size, config.channels)
    for split in (dataset.train, dataset.eval):
        if tuple(split.images.shape[1:]) != shape:
            raise DataError(
                f"{dataset.name} split {split.name} has images of shape "
                f"{tuple(split.images.shape[1:])}, the run asks for {shape}: set image_size and "
                "channels to it, or resize the images"
            )
    return dataset


def _hold_out(
    config: RunConfig, whole: FaceData, noise: NoisyLabels
) -> tuple[FaceData, NoisyLabels, Holdout | None]:
    """What is trained on, its noisy labels, and the held-out images with theirs."""
    if not config.holdout:
        return whole, noise, None
    out = held_out(whole.train.digests, config.holdout, config.seed)
    if not out.any() or out.all():
        raise DataError(
            f"holdout {config.holdout} of the {len(out)} training images leaves "
            f"{int(out.sum())} to choose on and {int((~out).sum())} to train on: use another share"
        )
    kept = np.flatnonzero(~out)
    data = replace(whole, train=select(whole.train, kept))
    holdout = Holdout(select(whole.train, np.flatnonzero(out)), noise.noisy_labels[out])
    return data, NoisyLabels(noise.noisy_labels[kept], noise.flipped[kept]), holdout


def create_recorder(
    experiment: Experiment, folder: Path, device: torch.device, processes: int
) -> RunRecorder:
    """A recorder with the facts of the run; nothing is written yet."""
    model, spec, config = experiment.model, experiment.input, experiment.config
    image = torch.zeros(1, spec.channels, spec.size, spec.size)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        shape = model.eval()(image).maps.shape
    return RunRecorder(
        folder,
        config=to_json(without_folders(config)),
        classes=experiment.data.classes,
        data=_data_facts(experiment),
        noise={
            **noise_facts(
                config.noise,
                config.noise_rate,
                experiment.whole_noise,
                experiment.whole.train.true_labels,
                len(experiment.data.classes),
            ),
            "targets": config.targets,
        },
        model={
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "macs": counter.get_total_flops() // 2,  # it counts multiplying and adding apart
            "map_size": list(shape[2:]),
            "pretrained_sha256": weights_digest(config.pretrained),
            "pretrained_match": model.match and model.match.to_json(),
            "input": inputs.to_json(spec),
        },
        environment=_environment(device, config.precision, processes),
    )


def draw_noisy_labels(config: RunConfig, data: FaceData | Listing) -> NoisyLabels:
    """The training labels under the noise that the configuration asks for; needs no pictures.

    Raises:
        DataError: when the data set lacks what a kind of human noise needs.
        ValueError, FileNotFoundError: when a list or table of the noise does not fit.
    """
    train, classes, seed = data.train, data.classes, config.seed
    true_labels, names = train.true_labels, train.names
    match config.noise:
        case "none":
            return NoisyLabels(true_labels, np.zeros(len(true_labels), dtype=bool))
        case "symmetric":
            return symmetric_noise(true_labels, config.noise_rate, len(classes), seed, names)
        case "asymmetric":
            weights = confusion_weights(config.confusions, classes)
            return asymmetric_noise(true_labels, config.noise_rate, weights, seed, names)
        case "rater":
            votes = _needed(train.votes, data, "noise 'rater'", "FER+ votes")
            return rater_noise(true_labels, votes, len(classes), seed, names)
        case "fer2013":
            original = _needed(
                train.original_labels, data, "noise 'fer2013'", "labels of FER2013 itself"
            )
            if tuple(classes) != SEVEN_CLASSES:
                raise DataError(
                    "noise 'fer2013' needs the 7 classes of FER2013, which has no contempt: all "
                    f"labels of that class would be wrong by construction. {data.name} has "
                    f"{len(classes)} classes here: use ferplus:PATH?classes=7"
                )
            if (original < 0).any():
                logger.warning(
                    "%d of %d images have no label of FER2013: they keep the true one",
                    *((original < 0).sum(), len(original)),
                )
            return original_noise(true_labels, original)
        case "file":
            return noise_from_list(Path(config.noise_file or ""), names, true_labels, classes)


def _vote_targets(data: FaceData) -> np.ndarray:
    votes = _needed(data.train.votes, data, "targets 'votes'", "FER+ votes")
    return vote_shares(votes, len(data.classes))


def _needed(
    column: np.ndarray | None, data: FaceData | Listing, option: str, what: str
) -> np.ndarray:
    if column is None:
        raise DataError(
            f"{option} needs {what}, which {data.name} does not have here: use ferplus "
            "(docs/data.md shows the files)"
        )
    return column


def _data_facts(experiment: Experiment) -> Mapping[str, Any]:
    data, holdout = experiment.data, experiment.holdout

    def counts(split: Split) -> dict[str, int]:
        totals = np.bincount(split.true_labels, minlength=len(data.classes))
        return {name: int(total) for name, total in zip(data.classes, totals, strict=True)}

    return {
        "name": data.name,
        "train_split": data.train.name,
        "eval_split": data.eval.name,
        "train_images": len(data.train.true_labels),
        "eval_images": len(data.eval.true_labels),
        "train_counts": counts(data.train),
        "eval_counts": counts(data.eval),
        "holdout_images": 0 if holdout is None else len(holdout.noisy_labels),
        "dropped_duplicates": data.dropped_duplicates,
        "sha256": content_hash(experiment.whole),
    }


def _environment(device: torch.device, precision: str, processes: int) -> Mapping[str, Any]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "timm": timm.__version__,
        "fer_core": fer_core.__version__,
        "commit": source_commit(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "processes": processes,
        "precision": precision,
    }
