"""Everything a run needs before its first step: data, noisy labels, model, and their facts."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fer_core.config import RunConfig
from fer_core.config.input_spec import InputSpec
from fer_core.datasets import (
    GIVEN,
    DataError,
    Decoding,
    FaceData,
    Storage,
    load_data,
)
from fer_core.datasets.cache.store import cache_folder
from fer_core.datasets.loading import select, untrained_text
from fer_core.hub.weights import find_weights
from fer_core.models.attention_model import AttentionModel, create_model
from fer_core.models.own_backbones import own_name
from fer_core.noise.generate import (
    NoisyLabels,
)
from fer_core.training.holdout import Holdout, held_out
from fer_core.training.labels import draw_noisy_labels, training_targets
from fer_core.training.landmarks import training_landmarks


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
        weights: of the start: ``none``, ``hub``, or the file that ``config.pretrained`` names.
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
    weights: str

    @property
    def built_config(self) -> RunConfig:
        """The configuration with the file of the starting weights, as networks are made of it."""
        return replace(self.config, pretrained=self.weights)


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
        without=Path(config.exclude) if config.exclude else None,
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
        storage: where the decoded images are kept.
        dataset: the data, in place of those that the configuration names.
        backbone: a module of your own, in place of the backbone that the configuration names.

    Raises:
        DataError: when the data set is absent, broken, smaller than one batch, or has no training
            image of a class.
        BackboneError: when the backbone is not available.
        StartError, ModelError: see `fer_core.hub.weights.find_weights`.
        ValueError, FileNotFoundError: when the noise list does not fit.
    """
    weights = find_weights(config.pretrained, config.backbone)
    whole = load_run_data(config, storage) if dataset is None else _fitting(dataset, config)
    whole_noise = draw_noisy_labels(config, whole)
    data, noise, holdout = hold_out(config, whole, whole_noise)
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
        raise DataError(untrained_text(data.name, data.train.name, absent))
    torch.manual_seed(config.seed)
    built = replace(config, pretrained=weights)
    model = create_model(built, len(data.classes), backbone)
    landmarks = data.landmarks
    if landmarks is None:
        cache = cache_folder(storage.folder if storage else None)
        with torch.random.fork_rng(devices=[]):  # the detector draws; a method's head comes later
            landmarks = training_landmarks(data.train.images, config.seed, cache)
    spec = InputSpec(
        size=config.image_size,
        channels=config.channels,
        mean=model.mean,
        std=model.std,
        source_size=min(data.source_size, config.image_size),
        grey=data.grey or config.channels == 1,
        landmarks=tuple((round(float(x), 4), round(float(y), 4)) for x, y in landmarks),
    )
    targets = training_targets(config, data, noise)
    return Experiment(
        config, data, noise, holdout, whole, whole_noise, targets, model, spec, weights
    )


def named(config: RunConfig, dataset: FaceData | None, backbone: nn.Module | None) -> RunConfig:
    """The configuration as the record has it: what is given as an object by the object's name."""
    if dataset is not None:
        config = replace(config, data=f"{GIVEN}:{dataset.name}")
    if backbone is not None:
        config = replace(config, backbone=own_name(backbone))
    return config


def _fitting(dataset: FaceData, config: RunConfig) -> FaceData:
    """The data set, when its images are what the run asks for."""
    if config.dedup or config.exclude:
        raise ValueError(
            "dedup and exclude change data that the run reads itself: exclude what you do not "
            "want before you pass the data set"
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


def hold_out(
    config: RunConfig, whole: FaceData, noise: NoisyLabels
) -> tuple[FaceData, NoisyLabels, Holdout | None]:
    """What is trained on, its noisy labels, and the held-out images with theirs.

    Args:
        config: of the run.
        whole: the data before anything is held out.
        noise: the noisy labels of the whole training split.

    Raises:
        DataError: when nothing would be held out, or nothing left to train on.
    """
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
