"""The models that ``fer-core evaluate`` is to measure: ours, and somebody else's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from fer_core.foreign.labels import LabelError, map_labels, parse_labels
from fer_core.foreign.model import ForeignModel, is_foreign, load_network
from fer_core.foreign.network import Network
from fer_core.hub.download import HUB_PREFIX, find_classifier, is_hub_id
from fer_core.models.pretrained import ModelError, TrainedModel, load_model
from fer_core.weights import BUNDLED


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
        text: see `find_classifier`.
        labels: see `parse_labels`; only for a model of another project.
        device: ``cpu``, ``cuda`` or ``auto``.

    Raises:
        ModelError: when there is no such model.
        LabelError: for labels that cannot be read, or of a model of this project.
    """
    chosen = {} if labels is None else parse_labels(labels)
    folder = find_classifier(text)
    foreign = is_foreign(folder)
    if labels is not None and not foreign:
        raise LabelError(
            f"labels are for models of other projects: {text} has the classes of this one"
        )
    on = "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"
    if foreign:
        network = load_network(folder, text)
        network.module.to(on)
        return MeasuredModel(_name(text, folder), folder, network, chosen)
    trained = load_model(folder, text)
    trained.model.to(on)
    return MeasuredModel(_name(text, folder), folder, trained, chosen)


def _name(text: str, folder: Path) -> str:
    """Of a run or folder its last name, of a model of the Hub its id."""
    if folder == BUNDLED:
        return "bundled"
    if text.startswith(HUB_PREFIX) or (is_hub_id(text) and not Path(text).exists()):
        return text.removeprefix(HUB_PREFIX)
    named = folder.resolve()
    return named.parent.name if named.name == "model" else named.name
