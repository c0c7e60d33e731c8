"""One pass over the training set, and its figures.

Within the pass nothing waits for the device: losses and predictions stay there until the end.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from fer_core.config import RunConfig
from fer_core.errors import FerError
from fer_core.training.distributed import gather_rows, mean_over_processes
from fer_core.training.ema import WeightAverage
from fer_core.training.loader import TrainingSet
from fer_core.training.optim import learning_rate, set_learning_rate
from fer_core.training.setup import Experiment

CHECK_EVERY = 25  # steps between two readings of the loss


class TrainingError(FerError, RuntimeError):
    """A run that cannot go on; its record says why."""


class Training(NamedTuple):
    """What takes part in a pass.

    Attributes:
        experiment: the run.
        images: the training set.
        method: `fer_core.methods.Method`, as Accelerate has prepared it.
        optimizer: likewise.
        average: of the weights, or None.
        accelerator: of the run.
        progress: show a progress bar.
    """

    experiment: Experiment
    images: TrainingSet
    method: nn.Module
    optimizer: Optimizer
    average: WeightAverage | None
    accelerator: Accelerator
    progress: bool


def train_epoch(training: Training, epoch: int) -> dict[str, Any]:
    """Train for one epoch; the training figures of docs/run-records.md.

    Raises:
        TrainingError: when the loss is no longer finite.
    """
    experiment, images, method, optimizer, average, accelerator, progress = training
    config, steps = experiment.config, images.steps
    seed = int(np.random.SeedSequence([config.seed, epoch]).generate_state(1)[0])
    torch.manual_seed(seed + accelerator.process_index)  # dropout and the like
    generator = Generator().manual_seed(seed)  # order and augmentation, in every process the same
    losses: list[Tensor] = []
    predicted: list[Tensor] = []
    seen: list[Tensor] = []
    parts: dict[str, list[Tensor]] = {}
    reader = _LossReader(config, epoch)
    method.train()
    bar = tqdm(
        images.batches(epoch, generator),
        f"epoch {epoch + 1}/{config.epochs}",
        steps,
        disable=not progress,
    )
    for step, batch in enumerate(bar):
        set_learning_rate(optimizer, learning_rate(config, batch.epoch))
        with accelerator.accumulate(method):
            output = method(batch)
            accelerator.backward(output.loss)
            if config.clip_norm and accelerator.sync_gradients:
                accelerator.clip_grad_norm_(method.parameters(), config.clip_norm)
            optimizer.step()
            optimizer.zero_grad()
        if average is not None and accelerator.sync_gradients:
            average.update((epoch * steps + step) // config.accumulate)
        losses.append(output.loss.detach())
        predicted.append(output.logits.argmax(1))
        seen.append(batch.indices)
        for name, value in output.parts.items():
            parts.setdefault(name, []).append(value)
        if (step + 1) % CHECK_EVERY == 0:
            shown = reader.latest(losses[-1])
            if shown is not None:
                bar.set_postfix(loss=f"{shown:.3f}")
    # (1 + parts, steps) of this process; every process has as many images in a step.
    figures = torch.stack([torch.stack(values) for values in (losses, *parts.values())])
    loss, *means = mean_over_processes(accelerator, figures).mean(1).tolist()
    check_finite(loss, epoch, config)
    named = accelerator.unwrap_model(method).summarise(dict(zip(parts, means, strict=True)))
    others = {name: named[name] for name in parts if name not in ("classification", "consistency")}
    own = torch.stack([torch.cat(seen), torch.cat(predicted)], 1)  # (images, 2)
    everyones = gather_rows(accelerator, own, [len(own)] * accelerator.num_processes)
    return {
        "learning_rate": learning_rate(config, epoch),
        "train_loss": loss,
        "train_classification_loss": named["classification"],
        "train_consistency_loss": named.get("consistency"),
        "train_parts": others or None,
        **_training_figures(experiment, *everyones.cpu().numpy().T),
    }


def check_finite(loss: float, epoch: int, config: RunConfig) -> None:
    """Refuse a loss with which a run cannot go on.

    Raises:
        TrainingError: when it is nan or infinite.
    """
    if not np.isfinite(loss):
        raise TrainingError(
            f"the loss is no longer finite in epoch {epoch + 1} (learning_rate "
            f"{config.learning_rate}, precision {config.precision}, {config.options}): lower the "
            "learning rate or use precision 'no'"
        )


class _LossReader:
    """Reads the loss without waiting for a GPU: each time, the value of the time before."""

    def __init__(self, config: RunConfig, epoch: int) -> None:
        self.config, self.epoch = config, epoch
        self.pending: tuple[Tensor, torch.cuda.Event] | None = None

    def latest(self, loss: Tensor) -> float | None:
        """The latest loss that is known on the host.

        Raises:
            TrainingError: when it is not finite.
        """
        value = None
        if loss.device.type != "cuda":
            value = loss.item()
        elif self.pending is None or self.pending[1].query():
            if self.pending is not None:
                value = self.pending[0].item()
            copy, arrived = loss.to("cpu", non_blocking=True), torch.cuda.Event()
            arrived.record()
            self.pending = (copy, arrived)
        if value is not None:
            check_finite(value, self.epoch, self.config)
        return value


def _training_figures(
    experiment: Experiment, index: np.ndarray, predicted: np.ndarray
) -> dict[str, float | None]:
    """Accuracy against the noisy and the true labels, and what became of the noisy ones."""
    noisy = predicted == experiment.noise.noisy_labels[index]
    true = predicted == experiment.data.train.true_labels[index]
    flipped = experiment.noise.flipped[index]
    return {
        "train_accuracy_noisy_labels": float(noisy.mean()),
        "train_accuracy_true_labels": float(true.mean()),
        "memorised": float(noisy[flipped].mean()) if flipped.any() else None,
        "recovered": float(true[flipped].mean()) if flipped.any() else None,
    }
