"""Whole epochs from image files: the straightforward step and pipeline, and the product."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image

from benchmarks.reference_step import CLASSES, Rung, loader_of_files, steps, views_of_files
from benchmarks.step_options import Options, run_config, wait
from fer_core.config import Precision
from fer_core.datasets import Decoding, Storage, load_data
from fer_core.methods import create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.training.epoch import Training, train_epoch
from fer_core.training.loader import TrainingSet
from fer_core.training.optim import create_optimizer
from fer_core.training.setup import prepare


def reference_epochs(options: Options, folder: Path, device: torch.device) -> Iterator[None]:
    """Epochs of the straightforward step on the per-image pipeline."""
    model = AttentionModel(options.backbone, CLASSES, image_size=options.image_size).to(device)
    files = sorted((folder / "train").rglob("*.jpg"))
    names = sorted({file.parent.name for file in files})
    labels = [names.index(file.parent.name) for file in files]
    loader = loader_of_files(
        files, labels, model, options.image_size, options.batch_size, options.workers, device
    )
    while True:
        for _ in steps(model, views_of_files(loader, device), Rung()):
            pass
        wait(device)
        yield


def our_epochs(
    options: Options, folder: Path, precision: Precision, compiled: bool
) -> Iterator[None]:
    """Epochs of the product on the same image files, with a warm cache."""
    epochs = options.steps + 1
    config = run_config(
        options, data=f"folder:{folder}", precision=precision, compile=compiled, epochs=epochs
    )
    accelerator = Accelerator(mixed_precision=precision, cpu=options.device == "cpu")
    experiment = prepare(config, Storage("auto", folder / "cache"))
    method = create_method(experiment.model, config, torch.from_numpy(experiment.targets))
    method.to(accelerator.device)
    experiment.model.channels_last()
    if compiled:
        experiment.model.speed_up_training()
    prepared, optimizer = accelerator.prepare(method, create_optimizer(config, method))
    images = TrainingSet(experiment, accelerator.device, "auto")
    training = Training(experiment, images, prepared, optimizer, None, accelerator, False)
    for epoch in range(epochs):
        train_epoch(training, epoch)
        yield


def write_files(folder: Path, options: Options) -> int:
    """Write synthetic faces as 100x100 JPEGs in class folders; gives the full training batches."""
    data = load_data(
        f"synthetic?train={options.batches * options.batch_size}&test=7", Decoding(100, 3)
    )
    for split, name in ((data.train, "train"), (data.eval, "test")):
        images = split.images[np.arange(len(split.true_labels))]
        for number, (image, label) in enumerate(zip(images, split.true_labels, strict=True)):
            place = folder / name / data.classes[label]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{number:05d}.jpg")
    return len(data.train.true_labels) // options.batch_size
