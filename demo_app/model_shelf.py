"""The models of the page: each loaded once, shared by all visitors, asked one at a time."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from fer_core.faces import Face
from fer_core.hub import EMBEDDED, ModelError
from fer_core.predictor import FacePrediction, Predictor

EMBEDDED_NAME = "embedded"
SHIPPED = Path(__file__).parent / "models"
CARD_FILE = "README.md"


class Entry(NamedTuple):
    """A model that the page offers.

    Attributes:
        name: what stands for it in the picker and in the API.
        source: what `Predictor` loads.
    """

    name: str
    source: str | Path


class ModelShelf:
    """Loads models on first use and keeps the ones used last.

    PyTorch uses all cores for one picture, so two at once would only slow each other: every
    question to a model waits for its turn, with all visitors' equal chance in between.
    """

    def __init__(
        self, sources: Sequence[str] = (), *, free_choice: bool = True, kept: int = 4
    ) -> None:
        """Offer the embedded model, the shipped ones, and those named.

        Args:
            sources: folders of saved models (or Hub ids) to offer first; the first is the default.
            free_choice: let visitors name folders of this computer; only for a page that no other
                computer can open.
            kept: how many models stay in memory.
        """
        named = [Entry(source, source) for source in sources]
        shipped = [Entry(path.parent.name, path.parent) for path in SHIPPED.glob("*/config.json")]
        self.entries: tuple[Entry, ...] = (
            *named,
            Entry(EMBEDDED_NAME, EMBEDDED),
            *sorted(shipped),
        )
        self.free_choice = free_choice
        self._kept = kept
        self._loaded: OrderedDict[str, Predictor] = OrderedDict()
        self._loading = threading.Lock()
        self._turn = threading.Lock()

    @property
    def names(self) -> list[str]:
        """Names of all offered models, the default first."""
        return [entry.name for entry in self.entries]

    def take(self, name: str) -> Predictor:
        """The model of that name.

        Raises:
            ModelError: when there is no such model, or it cannot be loaded.
        """
        with self._loading:
            if name not in self._loaded:
                self._loaded[name] = Predictor(self._source(name))
            self._loaded.move_to_end(name)
            while len(self._loaded) > self._kept:
                self._loaded.popitem(last=False)
            return self._loaded[name]

    def predict(self, name: str, photo: Image.Image) -> list[FacePrediction]:
        """As `Predictor.predict`, in turn."""
        predictor = self.take(name)
        with self._turn:
            return predictor.predict(photo)

    def predict_faces(
        self, name: str, photo: Image.Image, faces: Sequence[Face]
    ) -> list[FacePrediction]:
        """As `Predictor.predict_faces`, in turn."""
        predictor = self.take(name)
        with self._turn:
            return predictor.predict_faces(photo, faces)

    def _source(self, name: str) -> str | Path:
        for entry in self.entries:
            if entry.name == name:
                return entry.source
        if self.free_choice:
            return name
        raise ModelError(f"no model named {name!r}: choose one of {', '.join(self.names)}")

    def label(self, name: str) -> str:
        """The name in words short enough for the picker."""
        return name

    def card(self, name: str) -> str:
        """The card of the model, Markdown; empty where there is none.

        Raises:
            ModelError: when there is no such model.
        """
        file = self.folder(name) / CARD_FILE
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def folder(self, name: str) -> Path:
        """Where the files of the model lie.

        Raises:
            ModelError: when there is no such model.
        """
        return Path(self._source(name))
