"""Knowledge distillation: a student learns from the average of trained teachers, and from labels.

Hinton, Vinyals, Dean: "Distilling the Knowledge in a Neural Network", NIPS Deep Learning Workshop
2014, https://arxiv.org/abs/1503.02531.

With z the student's logits, v_t those of teacher t of M, and q the average of the teachers,

    q = 1 / M * sum over t of softmax(v_t / T)
    L_d = T^2 * mean of -sum over k of q_k log softmax(z / T)_k
    L = alpha L_d + (1 - alpha) L_cls

L_cls is the usual classification loss, with labels or votes. T^2 keeps the gradient of L_d at one
scale for all temperatures, as the paper asks.

The teachers see the images that the student sees (flipped, turned, lit, corrupted, mixed) before
anything is erased and without pixel noise, each at its own size, in its own channels and
normalisation; they are in evaluation mode and get no gradient. What the student must predict of
an erased face is thus what the teachers predict of the whole one.
"""

import logging
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.config.input_spec import InputSpec
from fer_core.config.methods.distill import DistillOptions, name_of
from fer_core.errors import FerError
from fer_core.hub.download import resolve_model
from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import load_model
from fer_core.models.saved_model import WEIGHTS_FILE, read_config
from fer_core.records.provenance import weights_digest

logger = logging.getLogger(__name__)
LUMA = (0.299, 0.587, 0.114)  # of red, green, blue: grey as Pillow makes it


class TeacherError(FerError, ValueError):
    """A teacher that cannot teach this run."""


class Teacher(NamedTuple):
    """A trained model, and how it sees the student's images.

    Attributes:
        model: in evaluation mode.
        input: what it expects.
        order: (K,) position of each of the student's classes among its own.
        facts: of the record.
    """

    model: AttentionModel
    input: InputSpec
    order: Tensor
    facts: dict[str, Any]

    def logits(self, pixels: Tensor) -> Tensor:
        """(B, K) logits in the student's order of classes.

        Args:
            pixels: (B, C, H, W) in [0, 1], C is 1 or 3.
        """
        images = fit_input(pixels, self.input)
        mean, std = (
            images.new_tensor(values)[:, None, None] for values in (self.input.mean, self.input.std)
        )
        return self.model((images - mean) / std).logits[:, self.order]


def fit_input(pixels: Tensor, spec: InputSpec) -> Tensor:
    """Images in the size and channels of a model, grey where it has learned from grey ones.

    Args:
        pixels: (B, C, H, W) in [0, 1], C is 1 or 3.
        spec: what the model expects.

    Returns:
        (B, spec.channels, spec.size, spec.size), not yet normalised.
    """
    if pixels.shape[1] == 3 and (spec.grey or spec.channels == 1):
        weights = pixels.new_tensor(LUMA)[:, None, None]
        pixels = (pixels * weights).sum(1, keepdim=True)
    if pixels.shape[1] < spec.channels:
        pixels = pixels.expand(-1, spec.channels, -1, -1)
    side = (spec.size, spec.size)
    if tuple(pixels.shape[2:]) == side:
        return pixels
    return F.interpolate(pixels, side, mode="bilinear", antialias=True, align_corners=False)


def distillation_loss(logits: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """L_d: cross-entropy of the student's probabilities at a temperature, times its square.

    Args:
        logits: (B, K) of the student.
        wanted: (B, K) the teachers' average probabilities at that temperature.
        temperature: T, above 0.
    """
    return temperature**2 * F.cross_entropy(logits / temperature, wanted)


class Distillation(Method[DistillOptions]):
    """The teachers' average probabilities and the labels, weighted by ``teacher_share``.

    The teachers are in a list, out of PyTorch's sight: they are neither trained nor in checkpoints.
    """

    teachers: list[Teacher]

    def begin(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """Load the teachers; the record names each with the SHA-256 of its weights.

        Raises:
            ModelError: when one cannot be found or loaded.
            TeacherError: when one has other classes.
        """
        self.teachers = [load_teacher(name, classes) for name in self.options.teachers]
        return {"teachers": [teacher.facts for teacher in self.teachers]}

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch; ``classification`` is L_cls, ``distillation`` is L_d."""
        wanted = self.teachers_average(batch.images)  # before they are erased
        logits = self.model(self.labelled_view(batch)).logits  # (B, K)
        classification = self.classification_loss(logits, batch.noisy_labels)
        distillation = distillation_loss(logits, wanted, self.options.temperature)
        share = self.options.teacher_share
        loss = share * distillation + (1 - share) * classification
        parts = {"classification": classification.detach(), "distillation": distillation.detach()}
        return StepOutput(loss, logits.detach(), parts)

    @torch.no_grad()
    def teachers_average(self, images: Tensor) -> Tensor:
        """(B, K) average probabilities of the teachers at the temperature.

        Args:
            images: (B, C, H, W) as the student's are normalised.
        """
        mean, std = self.model.statistics()
        pixels = images * std + mean
        total = torch.zeros(len(images), self.classes, device=images.device)
        for teacher in self.teachers:
            teacher.model.to(images.device)
            total += (teacher.logits(pixels) / self.options.temperature).softmax(1)
        return total / len(self.teachers)


def load_teacher(name: str, classes: tuple[str, ...]) -> Teacher:
    """Load a trained model that is to teach a student of these classes.

    Args:
        name: folder of a run or a model, ``bundled``, or a name on the Hub.
        classes: of the student, in the order of its logits.

    Raises:
        ModelError: when it cannot be found or loaded.
        TeacherError: when it has other classes; their order does not matter.
    """
    folder = resolve_model(name)
    trained = load_model(folder, name)
    if set(trained.classes) != set(classes):
        raise TeacherError(
            f"teacher {name} has the classes {', '.join(trained.classes)}, the run has "
            f"{', '.join(classes)}: use a model of the same classes, or data with its classes"
        )
    facts = {
        "name": name_of(name),
        "sha256": weights_digest(str(folder / WEIGHTS_FILE)),
        "backbone": read_config(folder)["architecture"],
        "image_size": trained.input.size,
    }
    logger.info("teacher %s: %s, %d pixels", name, facts["backbone"], trained.input.size)
    order = torch.tensor([trained.classes.index(own) for own in classes])
    return Teacher(trained.model.channels_last(), trained.input, order, facts)
