"""The state of a run: all that an epoch changes, and how it is saved and restored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from fer_core.methods import Method, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.training.checkpoint import Checkpoint
from fer_core.training.ema import WeightAverage
from fer_core.training.holdout import EpochSelection
from fer_core.training.optim import create_optimizer, move_learning_rate
from fer_core.training.setup import Experiment


@dataclass(frozen=True)
class TrainingState:
    """All that an epoch changes.

    Attributes:
        model: the network that is trained.
        method: owns the model, and what is learned besides it.
        prepared: the method as Accelerate has prepared it; it shares all weights.
        optimizer: of the method's weights.
        average: of the model's weights; None without ``ema_decay``.
        scaler: of the loss; None without fp16.
        selection: the epoch chosen on held-out images, and recent predictions.
        facts: that the method adds to the record.
    """

    model: AttentionModel
    method: Method
    prepared: nn.Module
    optimizer: Optimizer
    average: WeightAverage | None
    scaler: GradScaler | None
    selection: EpochSelection
    facts: Mapping[str, Any]

    @property
    def evaluated(self) -> AttentionModel:
        """The network that is tested and kept: the averaged one where there is one."""
        return self.average.model if self.average else self.model

    @property
    def weight_bytes(self) -> int:
        """Bytes of the method's weights."""
        return sum(value.nbytes for value in self.method.state_dict().values())

    def checkpoint(self, completed: int) -> Checkpoint:
        """The state after ``completed`` epochs."""
        return Checkpoint(
            completed,
            self.method.state_dict(),
            self.optimizer.state_dict(),
            self.average.model.state_dict() if self.average else None,
            self.scaler.state_dict() if self.scaler else None,
            self.selection.state(),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of the same configuration."""
        self.method.load_state_dict(checkpoint.method)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        move_learning_rate(self.optimizer)  # a checkpoint's is on the CPU, an earlier one's a float
        if self.average:
            self.average.model.load_state_dict(checkpoint.average or {})
        if self.scaler and checkpoint.scaler:
            self.scaler.load_state_dict(checkpoint.scaler)
        if checkpoint.selection:
            self.selection.restore(checkpoint.selection)


def create_state(experiment: Experiment, accelerator: Accelerator) -> TrainingState:
    """The state before the first epoch, on the device of the run."""
    config, model = experiment.config, experiment.model
    method = create_method(model, experiment.built_config, torch.from_numpy(experiment.targets))
    facts = method.begin(experiment.data.classes)
    networks = [part for part in method.modules() if isinstance(part, AttentionModel)]
    if config.sync_batch_norm:
        for network in networks:
            network.synchronise_batch_norm()
    method.to(accelerator.device)
    for network in networks:
        network.channels_last()
    optimizer = create_optimizer(config, method)
    average = WeightAverage(model, config.ema_decay) if config.ema_decay else None
    if config.compile:
        for network in networks:
            network.speed_up_training()
    prepared, optimizer = accelerator.prepare(method, optimizer)
    selection = EpochSelection(config.select_by)
    return TrainingState(
        model, method, prepared, optimizer, average, accelerator.scaler, selection, facts
    )
