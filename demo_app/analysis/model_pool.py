"""The models of the page: each loaded once, shared by all visitors, run one at a time."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image

from demo_app.analysis.model_card import clean, name_data, read_card, tame, tame_labels
from demo_app.analysis.offered_models import offer_models
from demo_app.language import say
from demo_app.render import text as words
from fer_core.faces.detect import Face
from fer_core.foreign.model import is_foreign
from fer_core.foreign.resolve import resolve_any
from fer_core.hub.download import HUB_PREFIX, fetch_model, is_hub_id
from fer_core.inference.backends import BackendError, BackendName
from fer_core.inference.face_prediction import FacePrediction, analysed
from fer_core.inference.foreign_predictor import ForeignPredictor, load_foreign_predictor
from fer_core.inference.occlusion import Occlusion, occlude
from fer_core.inference.onnx_export import ONNX_FILE, ExportError
from fer_core.inference.predictor import Predictor
from fer_core.io.image_decoder import ImageDecoder
from fer_core.landmarks.analysis import FaceAnalyser
from fer_core.models.pretrained import ModelError, load_model, read_facts
from fer_core.weights import RENAMED, shipped_models

LARGE = 4_000_000  # pixels of a photograph that does not keep the smaller ones waiting


class LoadedModel(NamedTuple):
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


class ModelPool:
    """Loads models on first use and keeps the most recently used ones in memory.

    PyTorch uses all cores for one image, so two at once would only slow each other down; and every
    thread that calls it gets worker threads of its own, which then compete for the cores. So one
    thread runs the models, and requests are served in order (docs/demo.md has what that gains). A
    second one takes large photographs, whose many scales keep the detector busy for seconds: they
    wait for each other, and the small ones of all others do not wait for them.
    Loading happens elsewhere: while one model is downloaded, the others predict.
    """

    def __init__(
        self,
        sources: Sequence[str] = (),
        *,
        free_choice: bool = True,
        kept: int = 4,
        backend: BackendName = "torch",
        device: str = "auto",
        analyser: FaceAnalyser | None = None,
    ) -> None:
        """Offer the named models and the shipped ones.

        Args:
            sources: folders of saved models, or Hub ids, to offer first; the first is the default.
                Models of the Hub are downloaded at once. Models of other projects (a folder, or
                ``hf:USER/NAME``) are offered for comparison only.
            free_choice: let visitors name folders of this computer and models of other projects,
                and use its access token for the Hub; only for a page that no other computer can
                open. Otherwise they may name public models of the Hub, of this project.
            kept: how many models stay in memory besides the default and the shipped ones.
            backend: what runs the models, see `fer_core.inference.backends.make_backend`.
            device: of the models and the detector, see `fer_core.inference.devices`.
            analyser: what tells of faces what they do; None where there is none.

        Raises:
            ModelError: when one of the sources is no model, or the Hub does not hand it out.
        """
        self.offered = offer_models(sources)
        self.free_choice = free_choice
        self.analyser = analyser
        self.decoder = ImageDecoder()  # of the photographs of all visitors
        self._backend: BackendName = backend
        self._device = device
        self._kept = kept
        self._staying = {self.names[0], *shipped_models()}
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._pending: dict[str, Future[LoadedModel]] = {}
        self._guard = threading.Lock()  # of the two above; held for moments only
        self._downloading = threading.Lock()
        self._model_thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._large_thread = ThreadPoolExecutor(1, thread_name_prefix="large photographs")

    @property
    def names(self) -> list[str]:
        """Names of all offered models of this project, the default first."""
        return [model.name for model in self.offered if not model.foreign]

    @property
    def comparison_names(self) -> list[str]:
        """Names of all models that can be compared with another one, of other projects too."""
        return [model.name for model in self.offered]

    def current_name(self, name: str) -> str:
        """The name itself, or the present one of a shipped model that had it earlier."""
        return name if name in self.comparison_names else RENAMED.get(name, name)

    def get(self, name: str) -> Predictor:
        """The model of that name: one of `names`, an earlier name, or what else visitors may name.

        Raises:
            ModelError: when there is no such model, it cannot be loaded, or it is of another
                project.
        """
        predictor = self._get(name).predictor
        if isinstance(predictor, ForeignPredictor):
            raise ModelError(words.only_second(name))
        return predictor

    def folder(self, name: str) -> Path:
        """Where a model is saved; raises as `get`."""
        return self._get(name).folder

    def card(self, name: str) -> str:
        """The model card, as Markdown that is safe to show; raises as `get`."""
        return self._get(name).card

    def note(self, name: str) -> str:
        """What to know about a model of another project; empty for ours; raises as `get`."""
        predictor = self._get(name).predictor
        if not isinstance(predictor, ForeignPredictor):
            return ""
        model = predictor.model
        return words.foreign_model(model.network.library, model.mapping.sentences())

    def label(self, name: str) -> str:
        """An offered model in a few words, such as "bundled · FERPlus · 86.6 %"."""
        folders = {model.name: model.folder for model in self.offered if not model.foreign}
        if name not in folders:
            return name
        facts = read_facts(folders[name], name)
        accuracy = facts.get("accuracy")
        percent = f"{100 * accuracy:.1f} %" if isinstance(accuracy, float) else ""
        return " · ".join(part for part in (name, name_data(facts), percent) if part)

    def predict(
        self, name: str, photo: Image.Image, *, cropped: bool = False, thorough: bool = True
    ) -> list[FacePrediction]:
        """As `Predictor.predict`, on the model thread."""
        work = partial(self.get(name).predict, cropped=cropped, thorough=thorough)
        return self._thread(photo).submit(work, photo).result()

    def predict_faces(
        self, name: str, photo: Image.Image, faces: Sequence[Face], *, cropped: bool = False
    ) -> list[FacePrediction]:
        """As `Predictor.predict_faces`, on the model thread; also by a model of another project.

        Args:
            name: of the model.
            photo: upright RGB photograph.
            faces: that were found in it.
            cropped: the photograph is the one face: it goes to the model as it is.
        """
        predictor = self._get(name).predictor
        if cropped:
            work = partial(predictor.predict, cropped=True)
            return self._thread(photo).submit(work, photo).result()
        return self._thread(photo).submit(predictor.predict_faces, photo, faces).result()

    def analyse_faces(
        self, photo: Image.Image, faces: Sequence[FacePrediction]
    ) -> list[FacePrediction]:
        """As `fer_core.inference.face_prediction.analysed`, on the model thread.

        Raises:
            ModelError: when the page has no analyser.
        """
        if self.analyser is None:
            raise ModelError(say("photo.no_analyser"))
        return self._model_thread.submit(analysed, self.analyser, photo, faces).result()

    def find_faces(self, photo: Image.Image, *, thorough: bool = True) -> list[Face]:
        """The faces of a photograph as the default model finds them, on the model thread."""
        work = partial(self.get(self.names[0]).find_faces, thorough=thorough)
        return self._thread(photo).submit(work, photo).result()

    def classes(self, name: str) -> tuple[str, ...]:
        """The classes of a model, of another project too; raises as `get`."""
        return self._get(name).predictor.taxonomy.names

    def occlude(self, name: str, crop: Image.Image, emotion: str) -> Occlusion:
        """As `fer_core.inference.occlude`, on the model thread; raises as `get`."""
        predictor = self.get(name)
        return self._model_thread.submit(occlude, predictor, crop, emotion).result()

    def _thread(self, photo: Image.Image) -> ThreadPoolExecutor:
        return self._large_thread if photo.width * photo.height > LARGE else self._model_thread

    def _get(self, name: str) -> LoadedModel:
        """The model, loaded by the first caller while the others wait for it."""
        name = self.current_name(name.strip() if name else "")
        with self._guard:
            if name in self._loaded:
                self._loaded.move_to_end(name)
                return self._loaded[name]
            mine = name not in self._pending
            pending = self._pending.setdefault(name, Future())
        if mine:
            try:
                loaded = self._load(name)
            except BaseException as error:  # nobody may wait forever
                with self._guard:
                    del self._pending[name]
                pending.set_exception(error)
                raise
            with self._guard:
                self._loaded[name] = loaded
                del self._pending[name]
                leaving = self._leaving()
            pending.set_result(loaded)
            for other in leaving:
                if other.download is not None:
                    other.download.cleanup()
        return pending.result()

    def _leaving(self) -> list[LoadedModel]:
        """Drops the least recently used models."""
        guests = [name for name in self._loaded if name not in self._staying]
        return [self._loaded.pop(name) for name in guests[: max(0, len(guests) - self._kept)]]

    def _load(self, name: str) -> LoadedModel:
        for model in self.offered:
            if model.name == name:
                return self._read(model.folder, name)
        try:
            return self._load_choice(name)
        except ModelError as error:  # may quote the model's files, and is shown on the page
            raise ModelError(clean(str(error))) from error

    def _load_choice(self, name: str) -> LoadedModel:
        """What a visitor named."""
        if self.free_choice and name:
            return self._read(resolve_any(name).folder, name)
        name = name.removeprefix(HUB_PREFIX)
        if not is_hub_id(name):
            shown = name if len(name) <= 60 else f"{name[:60]}..."
            raise ModelError(
                f"no model named {shown!r}: choose {', '.join(self.names)}, or the USER/NAME of "
                "one on the Hugging Face Hub"
            )
        return self._download(name)

    def _download(self, name: str) -> LoadedModel:
        """A visitor's choice: one download at a time, deleted with the model to free the disk."""
        with self._downloading:
            download = TemporaryDirectory(prefix="fer-model-", ignore_cleanup_errors=True)
            try:
                folder = fetch_model(name, anonymous=True, cache=Path(download.name))
                return self._read(folder, name, download)
            except BaseException:  # whatever a stranger's file brings about
                download.cleanup()
                raise

    def _read(
        self, folder: Path, name: str, download: TemporaryDirectory[str] | None = None
    ) -> LoadedModel:
        """The model of a folder; a stranger's ONNX file is not trusted, its weights are exported.

        Backends are compared on the model thread too: undisturbed, where they will run.
        """
        if is_foreign(folder):
            return LoadedModel(_read_foreign(folder, name, self._device), folder, "", download)
        trained = tame(load_model(folder, name))
        file = None if download else folder / ONNX_FILE
        try:
            predictor = self._model_thread.submit(
                Predictor, trained, self._device, backend=self._backend, onnx_file=file
            ).result()
        except (BackendError, ExportError) as error:
            raise ModelError(
                f"the model {name} does not run on {self._backend}: {error}"
            ) from error
        return LoadedModel(predictor, folder, read_card(folder, trained), download)


def _read_foreign(folder: Path, name: str, device: str) -> ForeignPredictor:
    """A model of another project; its labels come from strangers and are shown on the page."""
    predictor = load_foreign_predictor(folder, name, device=device)
    mapping = tame_labels(predictor.model.mapping)
    return ForeignPredictor(replace(predictor.model, mapping=mapping), device)
