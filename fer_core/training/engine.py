"""Training: one loop for every method, on Accelerate, in one process or many."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import nn

from fer_core.config import RunConfig, to_json, without_folders
from fer_core.datasets import FaceData, Storage
from fer_core.datasets.prefetch import DeviceImages
from fer_core.evaluation.inference import (
    Scores,
    answers_of_both_views,
    eval_values,
    final_result,
    judge,
    predictions,
    split_values,
)
from fer_core.io.files import remove_leftovers
from fer_core.machine import Device, has_bf16, keep_freed_memory
from fer_core.methods import METHODS, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import save_model
from fer_core.noise.label_files import write_noise_list
from fer_core.records.lock import lock_run
from fer_core.records.run import RUN_FILE, RunRecord, read_run
from fer_core.records.schema import NOISY_LABELS_FILE
from fer_core.training.callbacks import Callback
from fer_core.training.checkpoint import (
    CHECKPOINT_FILE,
    Checkpoint,
    load_checkpoint,
    load_chosen,
    refuse_full_disk,
    save_checkpoint,
    save_chosen,
)
from fer_core.training.distributed import gather_rows, share_buffers
from fer_core.training.ema import WeightAverage
from fer_core.training.epoch import Training, TrainingError, check_finite, train_epoch
from fer_core.training.holdout import Selection
from fer_core.training.loader import TrainingSet
from fer_core.training.optim import check_optimizer, create_optimizer
from fer_core.training.setup import Experiment, create_recorder, named, prepare
from fer_core.training.trackers import FOLDER, PROJECT, Watch, choose_trackers

__all__ = ["TrainingError", "train"]
logger = logging.getLogger(__name__)
EMULATED_BF16 = (
    "this CPU only emulates bfloat16 (it has neither avx512_bf16 nor amx_bf16), so precision "
    "'bf16' can be up to three times slower than float32: use --precision no"
)


def train(
    config: RunConfig,
    folder: Path,
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
        storage: where the decoded pictures are kept; it changes no result. None: see `Storage`.
        dataset: your own data, in place of what ``config.data`` names (docs/extending.md); the
            record calls them ``given:NAME``. A run is resumed with the same.
        backbone: a module of your own from (B, C, H, W) to (B, D, h, w), in place of what
            ``config.backbone`` names; it is trained itself, not a copy. The record calls it
            ``custom:CLASS``. A run is resumed with another such module.
        log_with: trackers that are told about the run (`fer_core.training.trackers.TRACKERS`), or
        ``all``
            that are installed; they change no result, and one that fails later stops no run.
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
    """
    config = named(config, dataset, backbone)
    watch = Watch(choose_trackers(log_with, project), project, callbacks)
    _refuse_folder(folder, resume)
    accelerator = _start(config, device, watch.names, folder)
    with ExitStack() as locks:
        if resume and accelerator.is_main_process and (folder / CHECKPOINT_FILE).is_file():
            locks.enter_context(lock_run(folder))  # nobody goes on from this checkpoint meanwhile
        begin = partial(prepare, config, dataset=dataset, backbone=backbone)
        return _train(config, folder, accelerator, locks, watch, resume, progress, storage, begin)


def _train(
    config: RunConfig,
    folder: Path,
    accelerator: Accelerator,
    locks: ExitStack,
    watch: Watch,
    resume: bool,
    progress: bool,
    storage: Storage | None,
    begin: Callable[[Storage], Experiment],
) -> RunRecord:
    checkpoint = load_checkpoint(folder, config) if resume else None
    completed = checkpoint.epoch if checkpoint else 0
    first = accelerator.is_main_process
    storage = (storage or Storage())._replace(progress=progress and first)
    experiment = begin(storage)
    data, model = experiment.data, experiment.model
    recorder = create_recorder(experiment, folder, accelerator.device, accelerator.num_processes)
    method = create_method(model, config, torch.from_numpy(experiment.targets))
    networks = [part for part in method.modules() if isinstance(part, AttentionModel)]
    if config.sync_batch_norm:
        for network in networks:
            network.synchronise_batch_norm()
    if checkpoint:
        method.load_state_dict(checkpoint.method)
    method.to(accelerator.device)
    for network in networks:
        network.channels_last()
    size = sum(value.nbytes for value in method.state_dict().values())
    refuse_full_disk(folder, config, size)
    optimizer = create_optimizer(config, method)
    average = WeightAverage(model, config.ema_decay) if config.ema_decay else None
    if checkpoint:
        optimizer.load_state_dict(checkpoint.optimizer)
        if average:
            average.model.load_state_dict(checkpoint.average or {})
    if config.compile:
        for network in networks:
            network.speed_up_training()
    prepared, optimizer = accelerator.prepare(method, optimizer)
    if checkpoint and checkpoint.scaler and accelerator.scaler:
        accelerator.scaler.load_state_dict(checkpoint.scaler)
    images = TrainingSet(
        experiment,
        accelerator.device,
        storage.kind,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    evaluated = DeviceImages(data.eval.images, accelerator.device, storage.kind)
    holdout = experiment.holdout
    held = holdout and DeviceImages(holdout.split.images, accelerator.device, storage.kind)
    selection = Selection()
    if checkpoint and checkpoint.selection:
        selection.restore(checkpoint.selection)
    tested = average.model if average else model
    training = Training(
        experiment, images, prepared, optimizer, average, accelerator, progress and first
    )
    accelerator.wait_for_everyone()  # no process may find what another has begun to write
    watchers: list[Callback] = []
    shown_config = to_json(without_folders(config))
    if first:
        locks.enter_context(lock_run(folder))
        _refuse_folder(folder, resume)  # again: another process may have begun and ended meanwhile
        watchers = watch.start(accelerator, folder, shown_config, resume, locks)
        recorder.begin(completed)
        remove_leftovers(folder)
    evaluation = None
    shown = (accelerator, tested)
    try:
        if first and config.noise != "none":
            write_noise_list(
                folder / NOISY_LABELS_FILE,
                experiment.whole.train.names,
                experiment.whole_noise.noisy_labels,
                data.classes,
            )
        for watcher in watchers:
            watcher.on_train_start(shown_config, folder)
        for epoch in range(completed, config.epochs):
            if selection.exhausted(epoch, config.patience):
                break
            started = time.perf_counter()
            values = train_epoch(training, epoch)
            trained = time.perf_counter()
            evaluation = _evaluate(*shown, evaluated, data.eval.true_labels)
            check_finite(evaluation.single.loss, epoch, config)
            chosen = None
            if held and holdout:
                chosen = _evaluate(*shown, held, holdout.noisy_labels).single
            better = selection.update(epoch + 1, evaluation, chosen)
            values |= eval_values(evaluation, mirror=config.tta_flip)
            values |= split_values("holdout", chosen)
            values |= {
                "train_seconds": trained - started,
                "eval_seconds": time.perf_counter() - trained,
                "images_per_second": images.steps * config.batch_size / (trained - started),
            }
            if first:
                if better:
                    save_chosen(folder, tested)
                values = {"epoch": epoch + 1, **values}
                recorder.add_epoch(values)
                state = Checkpoint(
                    epoch + 1,
                    method.state_dict(),
                    optimizer.state_dict(),
                    average.model.state_dict() if average else None,
                    accelerator.scaler.state_dict() if accelerator.scaler else None,
                    selection.state(),
                )
                save_checkpoint(folder, state, config)
                logger.info(
                    "epoch %d of %d: training loss %.4f, evaluation accuracy %.4f, %.1f s",
                    *(epoch + 1, config.epochs, values["train_loss"], values["eval_accuracy"]),
                    time.perf_counter() - started,
                )
            for watcher in watchers:
                watcher.on_epoch_end(values, folder)
        if evaluation is None:  # resumed after the last epoch
            evaluation = _evaluate(*shown, evaluated, data.eval.true_labels)
        if first:
            last = evaluation.tta if config.tta_flip else evaluation.single
            labels = data.eval.true_labels
            result = final_result(read_run(folder).epochs, last, data.eval)
            result |= selection.result(labels, len(data.classes))
            if selection.epoch:
                load_chosen(folder, tested)
            _save_trained(experiment, tested, folder, result)
            rows = predictions(
                data.eval,
                last,
                hits_last5=selection.hits_of_recent(labels),
                chosen=selection.chosen,
            )
            recorder.finish(result, rows)
    except Exception as error:
        if first:
            try:
                recorder.fail(f"{type(error).__name__}: {error}")
            except OSError as unwritten:  # the disk is full: it is that which stopped the run
                logger.warning("the record cannot say what stopped the run: %s", unwritten)
        raise
    accelerator.wait_for_everyone()
    record = read_run(folder)
    for watcher in watchers:
        watcher.on_train_end(record.result, folder)
    return record


def _refuse_folder(folder: Path, resume: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: name a folder for the record")
    if not resume and (folder / RUN_FILE).exists():
        raise FileExistsError(
            f"{folder} already holds a run: resume it, delete it, or name another folder"
        )


def _start(config: RunConfig, device: Device, trackers: Sequence[str], folder: Path) -> Accelerator:
    """The accelerator of the run, after the checks that need to know device and processes."""
    check_optimizer(config)
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device 'cuda' was asked for, but torch {torch.__version__} finds no GPU: use device "
            "'auto' or 'cpu', or see what nvidia-smi says"
        )
    # Accelerate holds on to device and precision of the first run in a process.
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = Accelerator(
        mixed_precision=config.precision,
        cpu=device == "cpu",
        gradient_accumulation_steps=config.accumulate,
        log_with=[*trackers] or None,
        project_dir=folder / FOLDER,
    )
    processes, on_gpu = accelerator.num_processes, accelerator.device.type == "cuda"
    if config.batch_size % processes:
        raise ValueError(
            f"batch_size must be a multiple of the {processes} processes that share it, got "
            f"{config.batch_size}"
        )
    if config.mixup and config.batch_size // processes % 2 and processes > 1:
        raise ValueError(
            f"mixup mixes pairs: batch_size must be a multiple of {2 * processes} with {processes} "
            f"processes, got {config.batch_size}"
        )
    least = METHODS[config.method].least_images * processes
    if config.batch_size < least:
        raise ValueError(
            f"method {config.method!r} compares images: batch_size must be at least {least} with "
            f"{processes} processes, got {config.batch_size}"
        )
    if config.sync_batch_norm and not on_gpu:
        raise ValueError(f"sync_batch_norm works on GPUs, got device {accelerator.device.type!r}")
    if config.precision == "fp16" and not on_gpu:
        raise ValueError(
            f"precision 'fp16' works on GPUs, got device {accelerator.device.type!r}: use 'bf16' "
            "or 'no'"
        )
    torch.backends.cudnn.benchmark = True  # every batch has the same shape
    if accelerator.device.type == "cpu":
        keep_freed_memory()
    if accelerator.is_main_process:
        logger.info("training on %s, %d process(es)", accelerator.device, processes)
        if config.precision == "bf16" and not on_gpu and has_bf16() is False:
            logger.warning(EMULATED_BF16)
    return accelerator


def _evaluate(
    accelerator: Accelerator, model: AttentionModel, images: DeviceImages, labels: np.ndarray
) -> Scores:
    """Evaluate the model; each process takes its share of the images, none twice or not at all."""
    share_buffers(accelerator, model)
    shares = np.array_split(np.arange(len(images.images)), accelerator.num_processes)
    rows = torch.from_numpy(shares[accelerator.process_index])
    with accelerator.autocast():
        own = answers_of_both_views(model, images, rows)  # (2, B, K)
    counts = [len(share) for share in shares]
    plain, mirrored = (gather_rows(accelerator, view, counts) for view in own)
    return Scores(judge(plain, labels), judge((plain + mirrored) / 2, labels))


def _save_trained(
    experiment: Experiment, model: AttentionModel, folder: Path, result: dict[str, Any]
) -> None:
    config, data = experiment.config, experiment.data
    suffix = "_tta" if config.tta_flip else ""
    kept = f"chosen_{{}}{suffix}" if result["chosen_epoch"] else "final_{}"
    save_model(
        folder / "model",
        model,
        backbone=config.backbone,
        stride=config.stride,
        stem=config.stem,
        classes=data.classes,
        spec=experiment.input,
        facts={
            "data": data.name,
            "train_split": data.train.name,
            "eval_split": data.eval.name,
            "method": config.method,
            "noise": config.noise,
            "noise_rate": config.noise_rate,
            "accuracy": result[kept.format("accuracy")],
            "mean_class_accuracy": result[kept.format("mean_class_accuracy")],
            "epochs": result["chosen_epoch"] or config.epochs,
            "seed": config.seed,
        },
    )
