"""Out-of-fold predictions: every image is predicted by a model that was trained without it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fer_core.audit.runs import trained_run
from fer_core.config import RunConfig
from fer_core.datasets import FaceData, Storage
from fer_core.datasets.loading import select
from fer_core.evaluation.inference import evaluate
from fer_core.machine import Device
from fer_core.models.pretrained import load_model


def out_of_fold(
    config: RunConfig,
    data: FaceData,
    noisy_labels: np.ndarray,
    folds: int,
    folder: Path,
    *,
    device: Device = "auto",
    storage: Storage | None = None,
) -> np.ndarray:
    """Train one model a fold on the other folds, and let it predict its own.

    Args:
        config: of each run; its noise is not drawn, and nothing is held out.
        data: decoded for the run.
        noisy_labels: (N,) of the training images, what is trained on.
        folds: how many, at least 2.
        folder: of the records, one a fold; a finished one of the same configuration is used
            again, an interrupted one is gone on with.
        device: as for `train`.
        storage: as for `train`.

    Returns:
        (N, K) float32 probabilities, in evaluation mode and without flip TTA.

    Raises:
        ValueError: for a number of folds that the images do not allow; else as `trained_run`.
    """
    place = fold_numbers(data.train.digests, noisy_labels, folds, config.seed)
    plain = config.change(
        noise="none", noise_rate=0.0, noise_file=None, confusions="people", holdout=0.0,
        exclude=None, dedup=False, patience=0,
    )  # fmt: skip
    whole = data.train._replace(true_labels=noisy_labels)
    found = np.empty((len(noisy_labels), len(data.classes)), np.float32)
    for number in range(folds):
        own = np.flatnonzero(place == number)
        part = replace(
            data,
            name=f"{data.name}-fold{number}of{folds}",
            train=select(whole, np.flatnonzero(place != number)),
            eval=select(whole, own),
        )
        path = folder / f"fold{number}of{folds}"
        trained_run(plain, path, part, given=True, device=device, storage=storage)
        model = load_model(path / "model").model
        logits = evaluate(model, part.eval).logits
        found[own] = torch.from_numpy(logits).softmax(1).numpy()
    return found


def fold_numbers(digests: np.ndarray, labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """(N,) fold of each image: every class spread evenly, identical images in one fold.

    Args:
        digests: (N, 16) uint8, equal for images that are equal pixel by pixel.
        labels: (N,).
        folds: how many, at least 2 and at most as many as there are different images.
        seed: same seed, same folds.

    Raises:
        ValueError: for another number of folds.
    """
    keys = np.ascontiguousarray(digests).view(f"V{digests.shape[1]}")[:, 0]
    _, firsts, groups = np.unique(keys, return_index=True, return_inverse=True)
    if not 2 <= folds <= len(firsts):
        raise ValueError(
            f"folds must be 2 to {len(firsts)}, the number of different images, got {folds}"
        )
    generator = np.random.Generator(np.random.PCG64([seed, len(firsts)]))
    shuffled = generator.permutation(len(firsts))
    by_class = shuffled[np.argsort(labels[firsts[shuffled]], kind="stable")]
    numbers = np.empty(len(firsts), np.int64)
    numbers[by_class] = np.arange(len(firsts)) % folds
    return numbers[groups]
