"""The models that ``fer-core evaluate`` is to measure: ours, and somebody else's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from fer_core.foreign.labels import LabelError, map_labels, parse_labels
from fer_core.foreign.model import ForeignModel
from fer_core.foreign.network import Network
from fer_core.foreign.resolve import resolve_any
from fer_core.models.pretrained import TrainedModel
from fer_core.models.saved_model import ModelError


@dataclass(frozen=True)
class MeasuredModel:
    """A model before the classes of the data are known.

    Attributes:
        name: for tables and files; no path of this machine.
        folder: of its weights.
        model: ours, or a network of another project.
        labels: what the user says the labels of the latter mean.
    """

    name: str
    folder: Path
    model: TrainedModel | Network
    labels: Mapping[str, str | None]

    def named(self, classes: Sequence[str]) -> TrainedModel | ForeignModel:
        """The model with its predictions in our classes.

        Args:
            classes: of the data set.

        Raises:
            LabelError: when the user's labels do not fit.
            ModelError: when no label names a class.
        """
        if isinstance(self.model, TrainedModel):
            return self.model
        try:
            return ForeignModel(self.model, map_labels(self.model.labels, classes, self.labels))
        except ModelError as error:
            raise ModelError(f"{self.name}: {error}") from error


def load_measured(text: str, labels: str | None, device: str) -> MeasuredModel:
    """The model that a command line names.

    Args:
        text: see `resolve_any`.
        labels: see `parse_labels`; only for a model of another project.
        device: ``cpu``, ``cuda`` or ``auto``.

    Raises:
        ModelError: when there is no such model.
        LabelError: for labels that cannot be read, or of a model of this project.
    """
    chosen = {} if labels is None else parse_labels(labels)
    found = resolve_any(text)
    if labels is not None and not found.foreign:
        raise LabelError(
            f"labels are for models of other projects: {text} has the classes of this one"
        )
    on = "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"
    model = found.load()
    (model.model if isinstance(model, TrainedModel) else model.module).to(on)
    return MeasuredModel(found.name, found.folder, model, chosen)
