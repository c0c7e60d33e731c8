"""Training and evaluation: one loop for every method, on Accelerate."""

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Generator, Tensor
from torch.optim import Optimizer
from tqdm import tqdm

from fer_core.batches import TrainingSet
from fer_core.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from fer_core.config import RunConfig
from fer_core.datasets import Storage
from fer_core.evaluation import evaluate, final_result, predictions, test_values
from fer_core.experiment import Experiment, create_recorder, prepare
from fer_core.hub import save_model
from fer_core.methods import Method, create_method
from fer_core.noise_lists import write_noise_list
from fer_core.optimisation import create_optimizer, learning_rate
from fer_core.records import GIVEN_LABELS_FILE, RUN_FILE, RunRecord, read_run

logger = logging.getLogger(__name__)
CHECK_EVERY = 25  # steps between two looks at the loss on the host


class TrainingError(RuntimeError):
    """A run that cannot go on; its record says why."""


def train(
    config: RunConfig,
    folder: Path,
    *,
    resume: bool = False,
    cpu: bool = False,
    progress: bool = True,
    storage: Storage | None = None,
) -> RunRecord:
    """Train one model and leave its record, checkpoint and model in ``folder``.

    Args:
        config: everything that decides the outcome.
        folder: of the record; must hold none yet, unless ``resume``.
        resume: go on from the last completed epoch of the run in ``folder``.
        cpu: stay on the CPU even where there is a GPU.
        progress: show a progress bar.
        storage: where the decoded pictures are kept; it changes no result. None: see `Storage`.

    Returns:
        The finished record.

    Raises:
        DataError, BackboneError, CheckpointError, ValueError, FileNotFoundError, FileExistsError:
            before the first step, for input that cannot work.
        TrainingError: when the loss is no longer finite; the record then says ``failed``.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: name a folder for the record")
    if not resume and (folder / RUN_FILE).exists():
        raise FileExistsError(
            f"{folder} already holds a run: resume it, delete it, or name another folder"
        )
    accelerator = Accelerator(mixed_precision=config.precision, cpu=cpu)
    if accelerator.num_processes > 1:
        raise ValueError("training runs in one process: start it without a launcher")
    checkpoint = load_checkpoint(folder, config) if resume else None
    completed = checkpoint.epoch if checkpoint else 0
    storage = storage or Storage(progress=progress)
    experiment = prepare(config, storage)
    recorder = create_recorder(experiment, folder, accelerator.device)
    model = experiment.model
    if checkpoint:
        model.load_state_dict(checkpoint.model)
    model.to(device=accelerator.device).channels_last()
    optimizer = create_optimizer(config, model)
    if checkpoint:
        optimizer.load_state_dict(checkpoint.optimizer)
    if config.compile:
        model.speed_up_training()
    method, optimizer = accelerator.prepare(create_method(model, config), optimizer)
    training = TrainingSet(experiment, accelerator.device, storage.kind)
    recorder.begin(completed)
    evaluation = None
    try:
        if config.noise != "none":
            data, given = experiment.data, experiment.given.labels
            write_noise_list(folder / GIVEN_LABELS_FILE, data.train.names, given, data.classes)
        for epoch in range(completed, config.epochs):
            started = time.perf_counter()
            values = _train_epoch(
                epoch, experiment, training, method, optimizer, accelerator, progress
            )
            trained = time.perf_counter()
            with accelerator.autocast():
                evaluation = evaluate(model, experiment.data.test)
            _check_finite([torch.tensor(evaluation.loss)], epoch, config)
            values |= test_values(evaluation) | {
                "train_seconds": trained - started,
                "test_seconds": time.perf_counter() - trained,
                "images_per_second": training.steps * config.batch_size / (trained - started),
            }
            recorder.add_epoch({"epoch": epoch + 1, **values})
            save_checkpoint(
                folder, Checkpoint(epoch + 1, model.state_dict(), optimizer.state_dict()), config
            )
            logger.info(
                "epoch %d of %d: training loss %.4f, test accuracy %.4f, %.1f s",
                *(epoch + 1, config.epochs, values["train_loss"], values["test_accuracy"]),
                time.perf_counter() - started,
            )
        if evaluation is None:  # resumed after the last epoch
            with accelerator.autocast():
                evaluation = evaluate(model, experiment.data.test)
        result = final_result(read_run(folder).epochs, evaluation, experiment.data.test)
        _save_trained(experiment, folder, result)
        recorder.finish(result, predictions(experiment.data.test, evaluation))
    except Exception as error:
        try:
            recorder.fail(f"{type(error).__name__}: {error}")
        except OSError as unwritten:  # the disk is full: it is that which stopped the run
            logger.warning("the record cannot say what stopped the run: %s", unwritten)
        raise
    return read_run(folder)


def _train_epoch(
    epoch: int,
    experiment: Experiment,
    training: TrainingSet,
    method: Method,
    optimizer: Optimizer,
    accelerator: Accelerator,
    progress: bool,
) -> dict[str, Any]:
    """One pass over the training set; the epoch's training figures."""
    config = experiment.config
    seed = int(np.random.SeedSequence([config.seed, epoch]).generate_state(1)[0])
    torch.manual_seed(seed)  # dropout and the like
    generator = Generator().manual_seed(seed)  # order and augmentation
    steps = training.steps
    losses: list[Tensor] = []
    answers: list[Tensor] = []
    seen: list[Tensor] = []
    parts: dict[str, list[Tensor]] = {}
    method.train()
    batches = training.batches(epoch, generator)
    bar = tqdm(batches, f"epoch {epoch + 1}/{config.epochs}", steps, disable=not progress)
    for step, batch in enumerate(bar):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, epoch + step / steps)
        output = method(batch, generator)
        accelerator.backward(output.loss)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(output.loss.detach())
        answers.append(output.logits.argmax(1))
        seen.append(batch.indices)
        for name, value in output.parts.items():
            parts.setdefault(name, []).append(value)
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == steps:
            _check_finite(losses[-CHECK_EVERY:], epoch, config)
            bar.set_postfix(loss=f"{losses[-1].item():.3f}")
    means = {name: torch.stack(values).mean().item() for name, values in parts.items()}
    return {
        "learning_rate": learning_rate(config, epoch),
        "train_loss": torch.stack(losses).mean().item(),
        "train_classification_loss": means["classification"],
        "train_consistency_loss": means.get("consistency"),
        **_training_answers(experiment, torch.cat(seen), torch.cat(answers)),
    }


def _training_answers(
    experiment: Experiment, indices: Tensor, answers: Tensor
) -> dict[str, float | None]:
    """Accuracy against the given and the clean labels, and what became of the changed ones."""
    index, answer = indices.numpy(), answers.cpu().numpy()
    given = answer == experiment.given.labels[index]
    clean = answer == experiment.data.train.labels[index]
    flipped = experiment.given.flipped[index]
    return {
        "train_accuracy_given": float(given.mean()),
        "train_accuracy_clean": float(clean.mean()),
        "memorised": float(given[flipped].mean()) if flipped.any() else None,
        "recovered": float(clean[flipped].mean()) if flipped.any() else None,
    }


def _save_trained(experiment: Experiment, folder: Path, result: dict[str, Any]) -> None:
    config, data = experiment.config, experiment.data
    save_model(
        folder / "model",
        experiment.model,
        backbone=config.backbone,
        stride=config.stride,
        classes=data.classes,
        spec=experiment.input,
        facts={
            "data": data.name,
            "train_split": data.train.name,
            "test_split": data.test.name,
            "method": config.method,
            "noise": config.noise,
            "noise_rate": config.noise_rate,
            "accuracy": result["final_accuracy"],
            "class_mean_accuracy": result["final_class_mean_accuracy"],
            "epochs": config.epochs,
            "seed": config.seed,
        },
    )


def _check_finite(losses: list[Tensor], epoch: int, config: RunConfig) -> None:
    values = torch.stack(losses)
    if not torch.isfinite(values).all():
        raise TrainingError(
            f"the loss is no longer finite in epoch {epoch + 1} (learning_rate "
            f"{config.learning_rate}, precision {config.precision}, consistency_weight "
            f"{config.consistency_weight}): lower the learning rate or use precision 'no'"
        )
