"""Attention maps of models on faces: looked up, or computed by `MapWorker`.

The process runs ``fer-core maps``, so the dashboard itself does not need PyTorch.
"""

import hashlib
import shlex
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from dashboard.analysis.map_choices import MODEL_FILES, FaceChoice, MapsError
from dashboard.analysis.map_worker import MapWorker, as_sentence
from dashboard.analysis.model_maps import ModelMaps, read_maps
from dashboard.analysis.shipped_maps import Key, shipped_maps

OWN_FOLDER = "FOLDER_OF_YOUR_IMAGES"
SCRATCH = "fer-maps-"
WARM_AFTER = 1.0  # seconds after the first view
KEPT = 24  # results in memory, one for each model and choice of faces


class MapCache:
    """Has maps computed by one process that stays, and keeps the latest results in memory."""

    def __init__(self, worker: MapWorker | None = None) -> None:
        """The cache, with the shipped maps in it.

        Args:
            worker: the process; by default one of its own.
        """
        self._worker = MapWorker() if worker is None else worker
        self._known: OrderedDict[Key, ModelMaps] = OrderedDict()
        self._lock = threading.Lock()
        self._warming = threading.Timer(0, compute_maps)  # not started

    def get(
        self, models: Mapping[str, Path], faces: FaceChoice
    ) -> tuple[dict[str, ModelMaps], dict[str, MapsError]]:
        """The maps of each model on the faces, and the error of each model that failed.

        Raises:
            MapsError: when the faces cannot be found.
        """
        digest = faces.digest()
        keys: dict[str, Key] = {}
        failed: dict[str, MapsError] = {}
        for name, folder in models.items():
            try:
                keys[name] = (model_digest(folder), digest)
            except MapsError as error:
                failed[name] = error
        done = {name: found for name, key in keys.items() if (found := self._look_up(key))}
        missing = {name: models[name] for name in keys if name not in done}
        if missing:
            for name, maps in compute_maps(self._worker, missing, faces).items():
                if isinstance(maps, MapsError):
                    failed[name] = maps
                else:
                    done[name] = maps
                    self._keep(keys[name], maps)
        return {name: done[name] for name in models if name in done}, failed

    def warm(self, models: Mapping[str, Path], faces: FaceChoice) -> None:
        """Start the process soon, and let it load some models; no error is raised.

        It waits until the page is drawn, which would take longer beside it.

        Args:
            models: that are likely to be asked for.
            faces: likewise; nothing is stored of them.
        """
        if self._worker.running or self._warming.is_alive() or not can_make_maps():
            return
        call = (self._worker, dict(models), faces)
        self._warming = threading.Timer(WARM_AFTER, compute_maps, call)
        self._warming.daemon = True
        self._warming.start()

    def close(self) -> None:
        """End the process."""
        self._warming.cancel()
        self._worker.close()

    def _look_up(self, key: Key) -> ModelMaps | None:
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
        return found or shipped_maps().get(key)

    def _keep(self, key: Key, maps: ModelMaps) -> None:
        with self._lock:
            self._known[key] = maps
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


def can_make_maps() -> bool:
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


def compute_maps(
    worker: MapWorker, models: Mapping[str, Path], faces: FaceChoice
) -> dict[str, ModelMaps | MapsError]:
    """Ask the process for the maps of some models on the same faces, or for the error of each."""
    with tempfile.TemporaryDirectory(prefix=SCRATCH) as scratch:
        files = {name: Path(scratch) / f"{number}.npz" for number, name in enumerate(models)}
        asked = faces.stored(Path(scratch)).options()
        options = {
            name: ["--model", str(folder.absolute()), *asked] for name, folder in models.items()
        }
        shown = {name: _command(words, faces) for name, words in options.items()}
        try:
            errors = worker.ask([[*options[name], "--out", str(files[name])] for name in models])
        except MapsError as error:
            return {name: MapsError(str(error), shown[name]) for name in models}
        found: dict[str, ModelMaps | MapsError] = {}
        for name, error in zip(models, errors, strict=True):
            if error:
                found[name] = MapsError(as_sentence(error), shown[name])
                continue
            try:
                found[name] = read_maps(files[name])
            except MapsError as error:
                found[name] = error
        return found


def _command(options: list[str], faces: FaceChoice) -> str:
    """The command that a reader can repeat; uploaded images are only in a folder of the reader."""
    words = [OWN_FOLDER if faces.uploads and SCRATCH in word else word for word in options]
    return shlex.join(["python", "-m", "fer_core.maps", *words, "--out", "maps.npz"])


def model_digest(folder: Path) -> str:
    """A hash of a model's files.

    Raises:
        MapsError: when they cannot be read.
    """
    try:
        states = [(folder / name).stat() for name in MODEL_FILES]
        return _digest(folder, tuple((state.st_size, state.st_mtime_ns) for state in states))
    except OSError as error:
        raise MapsError(f"The model cannot be read: {error}.") from error


@lru_cache(maxsize=64)
def _digest(folder: Path, stamps: tuple[tuple[int, int], ...]) -> str:
    """Hash of a model's files; ``stamps`` is only a key of the cache."""
    whole = hashlib.sha256(repr(len(stamps)).encode())
    for name in MODEL_FILES:
        whole.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return whole.hexdigest()
