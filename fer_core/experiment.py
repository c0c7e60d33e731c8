"""Everything a run needs before its first step: data, noisy labels, model, and their facts."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch

import fer_core
from fer_core import inputs
from fer_core.config import RunConfig, to_json, without_folders
from fer_core.datasets import DataError, Decoding, FaceData, Split, content_hash, load_data
from fer_core.faces import measure_landmarks
from fer_core.inputs import InputSpec
from fer_core.models import AttentionModel
from fer_core.noise import NoisyLabels, noise_facts, noise_from_list, symmetric_noise
from fer_core.records import RunRecorder


@dataclass(frozen=True)
class Experiment:
    """A run that is ready to start.

    Attributes:
        config: the run's configuration.
        data: both splits, decoded.
        given: the labels the model is trained on.
        model: the network with its starting weights, on the CPU.
        input: what the network expects, for use after training.
    """

    config: RunConfig
    data: FaceData
    given: NoisyLabels
    model: AttentionModel
    input: InputSpec


def prepare(config: RunConfig) -> Experiment:
    """Load the data, draw the noise and create the model.

    Raises:
        DataError: when the data set is absent, broken, or smaller than one batch.
        BackboneError: when the backbone cannot be had.
        ValueError, FileNotFoundError: when the noise list does not fit.
    """
    data = load_data(config.data, Decoding(config.image_size, config.channels))
    count = len(data.train.labels)
    if config.batch_size > count:
        raise DataError(
            f"batch_size {config.batch_size} is larger than the training set of {count} images"
        )
    given = _given_labels(config, data)
    torch.manual_seed(config.seed)
    model = AttentionModel(
        config.backbone,
        len(data.classes),
        image_size=config.image_size,
        channels=config.channels,
        stride=config.stride,
        pretrained=config.pretrained,
    )
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
    return Experiment(config, data, given, model, spec)


def create_recorder(experiment: Experiment, folder: Path, device: torch.device) -> RunRecorder:
    """A recorder with the facts of the run; nothing is written yet."""
    model, spec, config = experiment.model, experiment.input, experiment.config
    with torch.no_grad():
        shape = model.eval()(torch.zeros(1, spec.channels, spec.size, spec.size)).maps.shape
    return RunRecorder(
        folder,
        config=to_json(without_folders(config)),
        classes=experiment.data.classes,
        data=_data_facts(experiment.data),
        noise=noise_facts(config.noise, config.noise_rate, experiment.given),
        model={
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "map_size": list(shape[2:]),
            "input": inputs.to_json(spec),
        },
        environment=_environment(device, config.precision),
    )


def _given_labels(config: RunConfig, data: FaceData) -> NoisyLabels:
    clean = data.train.labels
    if config.noise == "symmetric":
        return symmetric_noise(clean, config.noise_rate, len(data.classes), config.seed)
    if config.noise_file is not None:
        return noise_from_list(Path(config.noise_file), data.train.names, clean, data.classes)
    return NoisyLabels(clean, np.zeros(len(clean), dtype=bool))


def _data_facts(data: FaceData) -> Mapping[str, Any]:
    def counts(split: Split) -> dict[str, int]:
        totals = np.bincount(split.labels, minlength=len(data.classes))
        return {name: int(total) for name, total in zip(data.classes, totals, strict=True)}

    return {
        "name": data.name,
        "train_split": data.train.name,
        "test_split": data.test.name,
        "train_images": len(data.train.labels),
        "test_images": len(data.test.labels),
        "train_counts": counts(data.train),
        "test_counts": counts(data.test),
        "sha256": content_hash(data),
    }


def _environment(device: torch.device, precision: str) -> Mapping[str, Any]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "timm": timm.__version__,
        "fer_core": fer_core.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "precision": precision,
    }
