"""Attention maps of models, computed in separate processes.

Each process runs ``python -m fer_core.maps``, so the dashboard itself does not need PyTorch.
"""

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dashboard.analysis.map_choices import MODEL_FILES, ROOT, FaceChoice, MapsError
from fer_core.explain.consistency import MirrorCheck

TIME_LIMIT = 120.0  # seconds, for one model
KEPT = 24  # results in memory, one for each model and choice of faces
MAX_PROCESSES = 2


class ModelMaps(NamedTuple):
    """Attention maps and probabilities of one model on N faces; the arrays of `fer_core.maps`.

    Attributes:
        names: of the faces.
        classes: K names.
        crops: (N, S, S, 3) uint8.
        probabilities: (N, K) with flip TTA.
        maps: (N, K, h, w) with flip TTA.
        view_probabilities: (N, 2, K) of the face and of its horizontal flip.
        view_maps: (N, 2, K, h, w), the second ones flipped back.
        left_out: a sentence for each image without a usable face.
    """

    names: list[str]
    classes: list[str]
    crops: np.ndarray
    probabilities: np.ndarray
    maps: np.ndarray
    view_probabilities: np.ndarray
    view_maps: np.ndarray
    left_out: list[str]

    def prediction(self, face: int) -> int:
        """Index of the predicted class."""
        return int(self.probabilities[face].argmax())

    def check(self, face: int) -> MirrorCheck:
        """Predictions and maps of the face and of its horizontal flip."""
        return MirrorCheck(self.view_probabilities[face], self.view_maps[face])


class MapCache:
    """Computes maps in separate processes and keeps the latest results in memory."""

    def __init__(self, limit: float = TIME_LIMIT) -> None:
        self._limit = limit
        self._known: OrderedDict[tuple[str, str], ModelMaps] = OrderedDict()
        self._lock = threading.Lock()  # one visitor at a time: a model uses all of its cores

    def get(
        self, models: Mapping[str, Path], faces: FaceChoice
    ) -> tuple[dict[str, ModelMaps], dict[str, MapsError]]:
        """The maps of each model on the faces, and the error of each model that failed.

        Raises:
            MapsError: when the faces cannot be found.
        """
        digest = faces.digest()
        done: dict[str, ModelMaps] = {}
        failed: dict[str, MapsError] = {}
        with self._lock, ThreadPoolExecutor(MAX_PROCESSES) as pool:
            futures = {
                name: pool.submit(self._load, folder, faces, digest)
                for name, folder in models.items()
            }
            for name, future in futures.items():
                try:
                    done[name] = future.result()
                except MapsError as error:
                    failed[name] = error
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return done, failed

    def _load(self, folder: Path, faces: FaceChoice, digest: str) -> ModelMaps:
        key = (_model_digest(folder), digest)
        if key not in self._known:
            self._known[key] = _compute(folder, faces, self._limit)
        self._known.move_to_end(key)
        return self._known[key]


def can_make_maps() -> bool:
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


def read_maps(file: Path) -> ModelMaps:
    """Read a file of ``fer_core.maps``.

    Raises:
        MapsError: when it is not such a file.
    """
    texts = ("names", "classes", "left_out")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return ModelMaps(**{n: arrays[n].tolist() if n in texts else arrays[n] for n in arrays})
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise MapsError(f"The maps in {file.name} cannot be read: {error}.") from error


def _compute(folder: Path, faces: FaceChoice, limit: float) -> ModelMaps:
    command = ["-m", "fer_core.maps", "--model", str(folder.absolute()), *faces.options()]
    shown = shlex.join(["python", *command, "--out", "maps.npz"])
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory(prefix="fer-maps-") as scratch:
        file = Path(scratch) / "maps.npz"
        try:
            ended = subprocess.run(
                [sys.executable, *command, "--out", str(file)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            sentence = (
                f"Computing the maps took longer than {limit:g} seconds; run the command yourself, "
                "or choose a folder with fewer images."
            )
            raise MapsError(sentence, shown) from error
        except OSError as error:
            raise MapsError(f"The process could not be started: {error}.", shown) from error
        if ended.returncode != 0:
            raise MapsError(_reason(ended.returncode, ended.stderr), shown)
        return read_maps(file)


def _reason(code: int, output: str) -> str:
    """One sentence from the last line that a failed process printed."""
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")
    if last.startswith("ModuleNotFoundError"):
        return f"The maps need a package that is not installed here ({last}): pip install -e ."
    reason = last.removeprefix("error: ") or f"the process ended with code {code}"
    return f"{reason[:1].upper()}{reason[1:]}."


def _model_digest(folder: Path) -> str:
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
