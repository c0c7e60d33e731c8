"""The model that a command line names, of this project or of another one.

`predict`, `evaluate`, `audit` and the demo all ask here: a folder, ``bundled`` and the ids of the
Hub mean the same to each of them.
"""

from pathlib import Path
from typing import NamedTuple

from fer_core.foreign.model import is_foreign, load_network
from fer_core.foreign.network import Network
from fer_core.hub.download import HUB_PREFIX, is_hub_id, resolve_model
from fer_core.models.pretrained import TrainedModel, load_model
from fer_core.weights import BUNDLED


class ResolvedModel(NamedTuple):
    """A model that is there, not loaded yet.

    Attributes:
        text: that names it, for error messages.
        folder: of ``config.json`` and ``model.safetensors``.
        foreign: whether it is an image classifier of timm or transformers.
    """

    text: str
    folder: Path
    foreign: bool

    @property
    def of_hub(self) -> bool:
        """Whether the text is a name on the Hub, and no folder here."""
        if self.folder == BUNDLED:
            return False
        if self.text.startswith(HUB_PREFIX):
            return True
        return is_hub_id(self.text) and not Path(self.text).exists()

    @property
    def name(self) -> str:
        """For tables, files and pages: a name on the Hub, or the last one of the folder or run."""
        if self.folder == BUNDLED:
            return BUNDLED.name
        return self.text.removeprefix(HUB_PREFIX) if self.of_hub else self.short_name

    @property
    def short_name(self) -> str:
        """The folder's name, or the run's where it is RUN/model."""
        whole = self.folder.resolve()
        return whole.parent.name if whole.name == "model" else whole.name

    def load(self) -> TrainedModel | Network:
        """Load it, on the CPU.

        Raises:
            ModelError: when it is broken.
        """
        load = load_network if self.foreign else load_model
        return load(self.folder, self.text)


def resolve_any(text: str) -> ResolvedModel:
    """Find a model of this project, or a classifier of timm or transformers.

    Args:
        text: what `resolve_model` takes, or ``hf:USER/NAME[@REVISION]``.

    Raises:
        ModelError: when there is none, or the Hub does not hand it out.
    """
    folder = resolve_model(text, foreign=True)
    return ResolvedModel(text, folder, is_foreign(folder))
