"""Co-teaching: two networks, each learning from the images that the other finds easy.

Han, Yao, Yu, Niu, Xu, Hu, Tsang, Sugiyama: "Co-teaching: Robust Training of Deep Neural Networks
with Extremely Noisy Labels", NeurIPS 2018, https://arxiv.org/abs/1804.06872.

A network learns wrong labels later than right ones, so images of small loss have right labels more
often. Both networks see each batch; each picks the share R(T) of its images that has its own
smallest losses, and the other one learns from them alone (algorithm 1):

    R(T) = 1 - min(T / T_k * tau, tau), T completed epochs

The picking counts as no step of learning: no gradient passes through it. The two networks share no
weight, so one optimiser over the sum of their losses is two optimisers. What is tested and kept is
the first network.
"""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.config import RunConfig
from fer_core.config.methods.co_teaching import CoTeachingOptions
from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.models.attention_model import AttentionModel, create_model
from fer_core.models.own_backbones import OWN


def keep_rate(forget_rate: float, forget_epochs: int, epoch: int) -> float:
    """R(T): share of each batch that is learnt from after ``epoch`` completed epochs.

    Args:
        forget_rate: tau, in [0, 1).
        forget_epochs: T_k; 0 leaves images out from the start.
        epoch: T, at least 0.
    """
    if epoch >= forget_epochs:
        return 1 - forget_rate
    return 1 - forget_rate * epoch / forget_epochs


def exchange(first: Tensor, second: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Loss of each network on the images that the other one picks.

    Args:
        first: (B,) losses of the first network.
        second: (B,) losses of the second network.
        count: images that each picks, 1 to B.

    Returns:
        Mean loss of the first network over the second one's choice, and the other way round.
    """
    choice, other_choice = (
        losses.detach().topk(count, largest=False, sorted=False).indices
        for losses in (first, second)
    )
    return first[other_choice].mean(), second[choice].mean()


class CoTeaching(Method[CoTeachingOptions]):
    """Two networks of one kind, ``model`` and ``peer``; the peer is dropped after training."""

    def __init__(self, model: AttentionModel, config: RunConfig, targets: Tensor) -> None:
        """Create the peer, with starting weights of its own that follow from the seed."""
        super().__init__(model, config, targets)
        self.forget_rate = self.options.share(config)
        self.peer = _create_peer(config, model)

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch: ``classification`` of the model and ``peer`` of the other network."""
        images = self.labelled_view(batch)
        logits = self.model(images).logits  # (B, K)
        losses, peer_losses = (
            F.cross_entropy(answer, batch.noisy_labels, reduction="none")
            for answer in (logits, self.peer(images).logits)
        )
        rate = keep_rate(self.forget_rate, self.options.forget_epochs, math.floor(batch.epoch))
        # At least R(T) of the batch, as the paper has it; the small number is for rounding errors.
        count = max(1, math.ceil(rate * len(images) - 1e-9))
        own, peer = exchange(losses, peer_losses, count)
        parts = {"classification": own.detach(), "peer": peer.detach()}
        return StepOutput(own + peer, logits.detach(), parts)


def _create_peer(config: RunConfig, model: AttentionModel) -> AttentionModel:
    """The second network; no random number of the rest of the run changes.

    A backbone of your own is copied with the weights it comes with: the classifiers differ.
    """
    seed = np.random.SeedSequence(config.seed, spawn_key=(1,)).generate_state(1)[0]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(seed))
        own = copy.deepcopy(model.backbone) if config.backbone.startswith(OWN) else None
        peer = create_model(config, model.classifier.out_features, own)
        # A model of an earlier run brings its classifier along: both networks would be one.
        peer.classifier.reset_parameters()
    return peer
