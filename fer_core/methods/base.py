"""What a training method is: it owns the model and turns a batch into a loss."""

from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_core.config import MethodOptions, RunConfig
from fer_core.config.methods import METHODS
from fer_core.config.methods.sources import import_class
from fer_core.methods.class_weights import class_weights
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import erase_

Options = TypeVar("Options", bound=MethodOptions)


class Batch(NamedTuple):
    """One training batch.

    Attributes:
        images: (B, C, H, W) float32, augmented and normalised; nothing is erased yet. The
            method may write on them.
        noisy_labels: (B,) int64 labels to learn from, noisy where the run has noise; or (B, K)
            float32, the share of each class in the annotators' votes or in a mixture of images.
        true_labels: (B,) int64, to measure with; never to learn from.
        indices: (B,) int64 positions in the training set.
        regions: (B, 4) int64 erased region: top, left, height, width; zeros: none.
        other_regions: (B, 4) a second region for each image, for a second view.
        epoch: epochs completed before this step, with a fraction.
        pixel_noise: (B, C, H, W) what pixel noise adds to the images of the labelled view; None:
            nothing.
    """

    images: Tensor
    noisy_labels: Tensor
    true_labels: Tensor
    indices: Tensor
    regions: Tensor
    other_regions: Tensor
    epoch: float = 0.0
    pixel_noise: Tensor | None = None

    @property
    def labels(self) -> NoReturn:
        """Refused: it would not say which labels are meant."""
        raise AttributeError(
            "a Batch has no plain labels: learn from noisy_labels; true_labels are to measure with"
        )


class StepOutput(NamedTuple):
    """What one step gives.

    Attributes:
        loss: scalar to minimise.
        logits: (B, K) of the images, detached; for the running accuracy.
        parts: named scalars of the loss, detached: ``classification`` and what the method adds.
    """

    loss: Tensor
    logits: Tensor
    parts: dict[str, Tensor]


class Method(nn.Module, Generic[Options]):
    """A training method; subclasses implement ``forward(batch) -> StepOutput``.

    One with options of its own is a ``Method[ItsOptions]`` and reads them from ``self.options``.

    What a method learns beside the model (a second head, say) it keeps as a submodule or buffer of
    its own: the optimiser trains it, the checkpoint keeps it, and the trained model is free of it.
    """

    class_weights: Tensor | None
    schedule: Tensor

    def __init__(self, model: AttentionModel, config: RunConfig, targets: Tensor) -> None:
        """Take what is to be trained.

        Args:
            model: the network.
            config: the run's settings.
            targets: (N,) int64 noisy labels of the whole training set, or (N, K) shares of votes.
        """
        super().__init__()
        self.model = model
        self.config = config
        self.options = cast("Options", config.options)
        weights = class_weights(config, targets, self.classes)
        self.register_buffer("class_weights", weights, persistent=False)
        self.register_buffer("schedule", torch.zeros(()), persistent=False)

    @property
    def classes(self) -> int:
        """Number of classes K."""
        return self.model.classifier.out_features

    def begin(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """Get ready for the first step of a run, also of a resumed one; here, nothing to do.

        Args:
            classes: class names in the order of the logits.

        Returns:
            Facts for the record's ``model``, as JSON values (docs/run-records.md).

        Raises:
            FerError: for what cannot work; the run ends before anything is written.
        """
        return {}

    def scheduled(self, epoch: float) -> float:
        """The number of the loss that changes from step to step, as a ramp; here, none.

        Args:
            epoch: completed epochs, with a fraction.
        """
        return 0.0

    def schedule_at(self, epoch: float) -> Tensor:
        """() `scheduled` on the device: a CUDA graph that was captured reads each step's value.

        While a graph is captured the value stays; whoever replays it calls this before each step.
        """
        # A pretended GPU has no driver to ask.
        on_gpu = self.schedule.is_cuda and torch.cuda.is_available()
        if not (on_gpu and torch.cuda.is_current_stream_capturing()):
            self.schedule.fill_(self.scheduled(epoch))
        return self.schedule.clone()  # a loss of an earlier step keeps its own

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch."""
        raise NotImplementedError

    def summarise(self, parts: Mapping[str, float]) -> dict[str, float | None]:
        """The figures of an epoch, from the means of ``parts`` over its steps; here, themselves."""
        return dict(parts)

    def labelled_view(self, batch: Batch) -> Tensor:
        """(B, C, H, W) the images that meet the labels: with their pixel noise, and erased.

        Written over ``batch.images``: what else needs them must be made before.
        """
        images = batch.images
        if batch.pixel_noise is not None:
            images.add_(batch.pixel_noise)
        return erase_(images, batch.regions)

    def classification_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy with the run's label smoothing and class weights, mean over the batch.

        Args:
            logits: (B, K).
            labels: (B,) int64, or (B, K) shares.
        """
        if self.class_weights is not None and labels.ndim == 1:
            # For shares the mean is over images; for labels it would be over their weights, which
            # differ from process to process.
            labels = F.one_hot(labels, self.classes).float()
        return F.cross_entropy(
            logits, labels, self.class_weights, label_smoothing=self.config.label_smoothing
        )


def create_method(model: AttentionModel, config: RunConfig, targets: Tensor) -> Method[Any]:
    """The method that ``config.method`` names, owning ``model``.

    Args:
        model: the network to be trained.
        config: the run's settings.
        targets: (N,) int64 noisy labels of the training set, or (N, K) shares of votes.
    """
    spec = METHODS[config.method]
    kind: type[Method[Any]] = spec.kind or import_class(spec.source)
    return kind(model, config, targets)
