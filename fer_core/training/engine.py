"""Training: one loop for every method, on Accelerate, in one process or many."""

import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from torch import nn

from fer_core.config import RunConfig, settled, to_json
from fer_core.config.idle import idle_options
from fer_core.datasets import FaceData, Storage
from fer_core.evaluation.run_figures import eval_values, split_values
from fer_core.machine import Device
from fer_core.records.lock import lock_run
from fer_core.records.run import RunRecord
from fer_core.training.accelerator import check_start, create_accelerator
from fer_core.training.callbacks import Callback
from fer_core.training.checkpoint import (
    has_checkpoint,
    load_checkpoint,
    read_checkpoint,
    refuse_full_disk,
)
from fer_core.training.chosen import read_chosen
from fer_core.training.epoch import Training, TrainingError, check_finite, train_epoch
from fer_core.training.evaluator import Evaluator
from fer_core.training.interruption import ended_by_signals
from fer_core.training.loader import TrainingSet
from fer_core.training.precision import choose_precision
from fer_core.training.recording import Recording, refuse_folder
from fer_core.training.setup import named, prepare
from fer_core.training.state import create_state
from fer_core.training.tracker_start import Watch
from fer_core.training.trackers import PROJECT, choose_trackers

__all__ = ["TrainingError", "train"]
logger = logging.getLogger(__name__)


def train(
    config: RunConfig,
    folder: str | Path,
    *,
    resume: bool = False,
    device: Device = "auto",
    progress: bool = True,
    storage: Storage | None = None,
    dataset: FaceData | None = None,
    backbone: nn.Module | None = None,
    log_with: str | Sequence[str] = (),
    project: str = PROJECT,
    callbacks: Sequence[Callback] = (),
) -> RunRecord:
    """Train one model and leave its record, checkpoint and model in ``folder``.

    Under ``accelerate launch`` every process calls this alike: each takes its part of every batch
    and of the evaluation images, and the first one writes.

    Args:
        config: everything that decides the outcome.
        folder: of the record; must hold none yet, unless ``resume``.
        resume: go on from the last completed epoch of the run in ``folder``.
        device: ``cpu``, ``cuda``, or ``auto``: the GPU where there is one.
        progress: show a progress bar.
        storage: where the decoded images are kept; it changes no result. None: see `Storage`.
        dataset: your own data, in place of what ``config.data`` names (docs/extending.md); the
            record calls them ``given:NAME``. A run is resumed with the same.
        backbone: a module of your own from (B, C, H, W) to (B, D, h, w), in place of what
            ``config.backbone`` names; it is trained itself, not a copy. The record calls it
            ``custom:CLASS``. A run is resumed with another such module.
        log_with: trackers that are told about the run (`fer_core.training.trackers.TRACKERS`), or
            ``all`` that are installed; they change no result, and one that fails later stops no
            run.
        project: under which the trackers show the run; its name there is the folder's.
        callbacks: called in the first process; an error of one ends the run (`Callback`).

    Returns:
        The finished record.

    Raises:
        DataError, BackboneError, CheckpointError, ValueError, OSError: before the first step, for
            input that cannot work, an absent GPU, a disk without room, or a folder that another
            process works in (`RunLockedError`). Nothing has been written then.
        TrackerError: before the first step, for a tracker that is not installed or cannot start.
        TrainingError: when the loss is no longer finite; the record then says ``failed``.
        KeyboardInterrupt: on Ctrl-C, and on SIGTERM (`Terminated`) in the main thread; the record
            then says ``failed`` and how to go on.
    """
    folder = Path(folder)
    config = named(config, dataset, backbone)
    if resume and config.precision == "auto":  # a checkpoint is large: read it for nothing else
        config = settled(config, to_json(read_checkpoint(folder)[1]))
    watch = Watch(choose_trackers(log_with, project), project, callbacks)
    refuse_folder(folder, resume)
    check_start(config, device)
    precision = choose_precision(config, device, backbone)
    config = replace(config, precision=precision.precision)
    accelerator = create_accelerator(config, device, watch.names, folder)
    first = accelerator.is_main_process
    if first and (unreached := config.options.unreached(config)):
        logger.warning("%s with epochs = %d: %s", config.method, config.epochs, unreached)
    for idle in idle_options(config) if first else ():
        logger.warning("%s", idle)
    storage = (storage or Storage())._replace(progress=progress and first)
    with ExitStack() as locks:
        if resume and first and has_checkpoint(folder):
            locks.enter_context(lock_run(folder))  # nobody goes on from this checkpoint meanwhile
        checkpoint = load_checkpoint(folder, config) if resume else None
        completed = checkpoint.epoch if checkpoint else 0

        experiment = prepare(config, storage, dataset=dataset, backbone=backbone)
        recording = Recording(experiment, folder, accelerator, watch, precision.reason)
        state = create_state(experiment, accelerator)
        refuse_full_disk(folder, config, state.weight_bytes)
        if checkpoint:
            state.restore(checkpoint)
            if first and state.selection.epoch:
                read_chosen(folder, state.selection.epoch)  # needed at the end, missed now
        images = TrainingSet(
            experiment,
            accelerator.device,
            storage.kind,
            process=accelerator.process_index,
            processes=accelerator.num_processes,
        )
        evaluator = Evaluator(experiment, accelerator, storage.kind)
        training = Training(
            experiment,
            images,
            state.prepared,
            state.optimizer,
            state.average,
            accelerator,
            progress and first,
        )

        scores = None
        if not recording.open(completed, state.facts, resume=resume, locks=locks):
            logger.info("the run in %s is finished", folder)
            return recording.close()
        with ended_by_signals(), recording.record_failure():
            recording.start()
            for epoch in range(completed, config.epochs):
                if state.selection.exhausted(epoch, config.patience):
                    break
                started = time.perf_counter()
                figures = train_epoch(training, epoch)
                trained = time.perf_counter()
                scores = evaluator.evaluate(state.evaluated)
                check_finite(scores.single.loss, epoch, config)
                held_out = evaluator.evaluate_holdout(state.evaluated)
                chosen = state.selection.update(epoch + 1, scores, held_out)
                figures |= eval_values(scores, mirror=config.tta_flip)
                figures |= split_values("holdout", held_out)
                figures |= {
                    "train_seconds": trained - started,
                    "eval_seconds": time.perf_counter() - trained,
                    "images_per_second": images.steps * config.batch_size / (trained - started),
                }
                recording.add_epoch(epoch + 1, figures, state, chosen=chosen)
            if scores is None:  # resumed after the last epoch
                scores = evaluator.evaluate(state.evaluated)
            recording.finish(scores, state)
        return recording.close()
