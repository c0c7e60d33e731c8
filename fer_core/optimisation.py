"""Optimisers and learning rates."""

import math

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from fer_core.config import RunConfig


def create_optimizer(config: RunConfig, module: nn.Module) -> Optimizer:
    """The optimiser that ``config.optimizer`` names, over all weights of the module.

    On CPUs and NVIDIA GPUs a step is one fused kernel.
    """
    parameters = list(module.parameters())
    fused = {parameter.device.type for parameter in parameters} <= {"cpu", "cuda"}
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "sgd":
        return SGD(parameters, rate, momentum=0.9, nesterov=True, weight_decay=decay, fused=fused)
    kind = Adam if config.optimizer == "adam" else AdamW
    return kind(parameters, rate, weight_decay=decay, fused=fused)


def learning_rate(config: RunConfig, epoch: float) -> float:
    """The learning rate after ``epoch`` epochs, which may have a fraction."""
    if epoch < config.warmup_epochs:
        # Half a step ahead of zero, so that the very first step already learns.
        return config.learning_rate * max(epoch, 0.01) / config.warmup_epochs
    if config.schedule == "exponential":
        return config.learning_rate * config.gamma ** math.floor(epoch - config.warmup_epochs)
    if config.schedule == "cosine":
        share = (epoch - config.warmup_epochs) / (config.epochs - config.warmup_epochs)
        return config.learning_rate * (1 + math.cos(math.pi * share)) / 2
    return config.learning_rate
