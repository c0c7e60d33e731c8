"""The models of the page: each loaded once, shared by all visitors, run one at a time."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from demo_app.analysis.model_card import clean, name_data, read_card, tame
from demo_app.analysis.offered_models import offer_models
from demo_app.language import say
from demo_app.render import text as words
from fer_core.faces.face import Face
from fer_core.faces.follow import FaceFollower
from fer_core.inference.face_prediction import FacePrediction, analysed
from fer_core.io.image_decoder import ImageDecoder
from fer_core.landmarks.analysis import FaceAnalyser
from fer_core.models.saved_model import ModelError, ModelFacts, describe_model, read_facts
from fer_core.weights import RENAMED, shipped_models

if TYPE_CHECKING:
    from demo_app.analysis.model_reading import LoadedModel, ModelReader
    from fer_core.inference.backends import BackendName
    from fer_core.inference.occlusion import Occlusion
    from fer_core.inference.predictor import Predictor

LARGE = 4_000_000  # pixels of a photograph that does not keep the smaller ones waiting


class ModelPool:
    """Loads models on first use and keeps the most recently used ones in memory.

    PyTorch uses all cores for one image, so two at once would only slow each other down; and every
    thread that calls it gets worker threads of its own, which then compete for the cores. So one
    thread runs the models, and requests are served in order (docs/demo.md has what that gains). A
    second one takes large photographs, whose many scales keep the detector busy for seconds: they
    wait for each other, and the small ones of all others do not wait for them.
    Loading happens elsewhere: while one model is downloaded, the others predict. What an offered
    model is, its files tell without loading it: `about`, `folder`, `card`.
    """

    def __init__(
        self,
        sources: Sequence[str] = (),
        *,
        free_choice: bool = True,
        kept: int = 4,
        backend: "BackendName" = "torch",
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
            ModelError: when one of the sources is not a model, or the Hub does not hand it out.
        """
        self.offered = offer_models(sources)
        self.free_choice = free_choice
        self.analyser = analyser
        self.decoder = ImageDecoder()  # of the photographs of all visitors
        self._backend: BackendName = backend
        self._device = device
        self._kept = kept
        self._staying = {self.names[0], *shipped_models()}
        self._described: dict[str, ModelFacts] = {}
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._pending: dict[str, Future[LoadedModel]] = {}
        self._guard = threading.Lock()  # of the two above; held for moments only
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

    def get(self, name: str) -> "Predictor":
        """The model of that name: one of `names`, an earlier name, or what else visitors may name.

        Raises:
            ModelError: when there is no such model, it cannot be loaded, or it is of another
                project.
        """
        predictor = self._get(name).own
        if predictor is None:
            raise ModelError(words.only_second(name))
        return predictor

    def about(self, name: str) -> ModelFacts:
        """What a model is, safe to show; loads none that is offered; raises as `get`."""
        name = self.current_name(name)
        if name not in self.names:
            trained = self.get(name).trained
            return ModelFacts(trained.taxonomy, trained.input, trained.facts)
        if name not in self._described:
            self._described[name] = tame(describe_model(self.folder(name), name))
        return self._described[name]

    def folder(self, name: str) -> Path:
        """Where a model is saved; loads none that is offered; raises as `get`."""
        folders = {model.name: model.folder for model in self.offered}
        return folders.get(self.current_name(name)) or self._get(name).folder

    def card(self, name: str) -> str:
        """The model card, as Markdown that is safe to show; as `about`."""
        name = self.current_name(name)
        if name in self.names:
            return read_card(self.folder(name), self.about(name))
        return self._get(name).card

    def note(self, name: str) -> str:
        """What to know about a model of another project; empty for ours; raises as `get`."""
        predictor = self._get(name).foreign
        if predictor is None:
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

    def predict_next(
        self, name: str, frame: Image.Image, follower: FaceFollower, now: float
    ) -> list[FacePrediction]:
        """The faces of the next frame of a camera, on the model thread.

        Args:
            name: of the model.
            frame: upright RGB image.
            follower: of the camera's faces.
            now: time of the frame in seconds.
        """
        predictor = self.get(name)

        def work() -> list[FacePrediction]:
            search = partial(predictor.find_faces, thorough=False)
            faces = follower.find(frame, now, search, str(predictor.device))
            return predictor.predict_faces(frame, faces)

        return self._model_thread.submit(work).result()

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

    def occlude(self, name: str, crop: Image.Image, emotion: str) -> "Occlusion":
        """As `fer_core.inference.occlude`, on the model thread; raises as `get`."""
        from fer_core.inference.occlusion import occlude

        predictor = self.get(name)
        return self._model_thread.submit(occlude, predictor, crop, emotion).result()

    def _thread(self, photo: Image.Image) -> ThreadPoolExecutor:
        return self._large_thread if photo.width * photo.height > LARGE else self._model_thread

    def _get(self, name: str) -> "LoadedModel":
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

    def _leaving(self) -> "list[LoadedModel]":
        """Drops the least recently used models."""
        guests = [name for name in self._loaded if name not in self._staying]
        return [self._loaded.pop(name) for name in guests[: max(0, len(guests) - self._kept)]]

    def _load(self, name: str) -> "LoadedModel":
        for model in self.offered:
            if model.name == name:
                return self._reader.read(model.folder, name)
        try:
            return self._reader.choose(name, self.names, free_choice=self.free_choice)
        except ModelError as error:  # may quote the model's files, and is shown on the page
            raise ModelError(clean(str(error))) from error

    @cached_property
    def _reader(self) -> "ModelReader":
        from demo_app.analysis.model_reading import ModelReader  # with PyTorch, in seconds

        return ModelReader(self._backend, self._device, self._model_thread)
