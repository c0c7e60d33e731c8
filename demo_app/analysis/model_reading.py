"""A model read from its folder, ready to predict.

Importing this takes seconds (PyTorch, timm), so the page does it after it is served.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from demo_app.analysis.model_card import read_card, tame, tame_labels
from fer_core.foreign.model import is_foreign
from fer_core.foreign.resolve import resolve_any
from fer_core.hub.download import HUB_PREFIX, fetch_model, is_hub_id
from fer_core.inference.backends import BackendError, BackendName
from fer_core.inference.foreign_predictor import ForeignPredictor, load_foreign_predictor
from fer_core.inference.onnx_export import ONNX_FILE, ExportError
from fer_core.inference.predictor import Predictor
from fer_core.models.pretrained import load_model
from fer_core.models.saved_model import ModelError


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory.

    Attributes:
        predictor: the model, ready to predict.
        folder: where it is saved.
        card: safe Markdown.
        download: a visitor's download, deleted when the model leaves memory.
    """

    predictor: Predictor | ForeignPredictor
    folder: Path
    card: str
    download: TemporaryDirectory[str] | None = None

    @property
    def own(self) -> Predictor | None:
        """The model where it is of this project."""
        return self.predictor if isinstance(self.predictor, Predictor) else None

    @property
    def foreign(self) -> ForeignPredictor | None:
        """The model where it is of another project."""
        return self.predictor if isinstance(self.predictor, ForeignPredictor) else None


@dataclass(frozen=True)
class ModelReader:
    """Reads models.

    Attributes:
        backend: what runs them.
        device: of the models and the detector.
        thread: that will run them, on which backends are compared: undisturbed.
    """

    backend: BackendName
    device: str
    thread: Executor
    _downloading: threading.Lock = field(default_factory=threading.Lock, init=False)

    def choose(self, name: str, known: Sequence[str], *, free_choice: bool) -> LoadedModel:
        """What a visitor named.

        Args:
            name: of the model.
            known: names that are offered, for the message.
            free_choice: folders and models of other projects may be named too.

        Raises:
            ModelError: when there is no such model, or it cannot be loaded.
        """
        if free_choice and name:
            return self.read(resolve_any(name).folder, name)
        name = name.removeprefix(HUB_PREFIX)
        if not is_hub_id(name):
            shown = name if len(name) <= 60 else f"{name[:60]}..."
            raise ModelError(
                f"no model named {shown!r}: choose {', '.join(known)}, or the USER/NAME of "
                "one on the Hugging Face Hub"
            )
        return self._download(name)

    def read(
        self, folder: Path, name: str, download: TemporaryDirectory[str] | None = None
    ) -> LoadedModel:
        """The model of a folder.

        A stranger's ONNX file is not trusted, its weights are exported.

        Args:
            folder: of the model.
            name: what messages call it.
            download: the folder above, of a visitor's choice.

        Raises:
            ModelError: when it cannot be loaded.
        """
        if is_foreign(folder):
            return LoadedModel(_read_foreign(folder, name, self.device), folder, "", download)
        trained = tame(load_model(folder, name))
        file = None if download else folder / ONNX_FILE
        try:
            predictor = self.thread.submit(
                Predictor, trained, self.device, backend=self.backend, onnx_file=file
            ).result()
        except (BackendError, ExportError) as error:
            raise ModelError(f"the model {name} does not run on {self.backend}: {error}") from error
        return LoadedModel(predictor, folder, read_card(folder, trained), download)

    def _download(self, name: str) -> LoadedModel:
        """A visitor's choice: one download at a time, deleted with the model to free the disk."""
        with self._downloading:
            download = TemporaryDirectory(prefix="fer-model-", ignore_cleanup_errors=True)
            try:
                folder = fetch_model(name, anonymous=True, cache=Path(download.name))
                return self.read(folder, name, download)
            except BaseException:  # whatever a stranger's file brings about
                download.cleanup()
                raise


def _read_foreign(folder: Path, name: str, device: str) -> ForeignPredictor:
    """A model of another project; its labels come from strangers and are shown on the page."""
    predictor = load_foreign_predictor(folder, name, device=device)
    mapping = tame_labels(predictor.model.mapping)
    return ForeignPredictor(replace(predictor.model, mapping=mapping), device)
