"""Optimisers and learning rates."""

import math

from torch.optim import SGD, Adam, AdamW, Optimizer

from fer_core.config import RunConfig
from fer_core.models import AttentionModel


def create_optimizer(config: RunConfig, model: AttentionModel) -> Optimizer:
    """The optimiser that ``config.optimizer`` names, over all weights of the model."""
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "sgd":
        return SGD(model.parameters(), rate, momentum=0.9, nesterov=True, weight_decay=decay)
    kind = Adam if config.optimizer == "adam" else AdamW
    return kind(model.parameters(), rate, weight_decay=decay)


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
