"""Where models look: maps made by another process, which has PyTorch, and what they say.

The other process is ``python -m fer_core.maps``, so the dashboard itself starts without PyTorch.
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

from dashboard.analysis.cam_choices import MODEL_FILES, ROOT, Faces, LooksError
from fer_core.explain.consistency import MirrorCheck

TIME_LIMIT = 120.0  # seconds, for one model
KEPT = 24  # answers of a model on a set of faces
AT_ONCE = 2  # processes


class Looks(NamedTuple):
    """What a model says of N faces; the arrays of `fer_core.maps`.

    Attributes:
        names: of the faces.
        classes: K names.
        crops: (N, S, S, 3) uint8.
        probabilities: (N, K) of both views together.
        maps: (N, K, h, w) of both views together.
        view_probabilities: (N, 2, K) of the face and of its mirror image.
        view_maps: (N, 2, K, h, w), those of the mirror image flipped back.
        left_out: a sentence for each picture that gave no face.
    """

    names: list[str]
    classes: list[str]
    crops: np.ndarray
    probabilities: np.ndarray
    maps: np.ndarray
    view_probabilities: np.ndarray
    view_maps: np.ndarray
    left_out: list[str]

    def answer(self, face: int) -> int:
        """Number of the most probable class."""
        return int(self.probabilities[face].argmax())

    def check(self, face: int) -> MirrorCheck:
        """The answers on the face and on its mirror image side by side."""
        return MirrorCheck(self.view_probabilities[face], self.view_maps[face])


class Looker:
    """Asks models, in processes of their own, and remembers their answers in memory alone."""

    def __init__(self, limit: float = TIME_LIMIT) -> None:
        self._limit = limit
        self._known: OrderedDict[tuple[str, str], Looks] = OrderedDict()
        self._turn = threading.Lock()  # one visitor's faces at a time: a model takes whole cores

    def look(
        self, models: Mapping[str, Path], faces: Faces
    ) -> tuple[dict[str, Looks], dict[str, LooksError]]:
        """The answers of each model on the faces, and why a model gives none.

        Raises:
            LooksError: when there are no such faces.
        """
        wanted = faces.digest()
        done: dict[str, Looks] = {}
        failed: dict[str, LooksError] = {}
        with self._turn, ThreadPoolExecutor(AT_ONCE) as pool:
            asked = {
                name: pool.submit(self._answers, folder, faces, wanted)
                for name, folder in models.items()
            }
            for name, answer in asked.items():
                try:
                    done[name] = answer.result()
                except LooksError as error:
                    failed[name] = error
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return done, failed

    def _answers(self, folder: Path, faces: Faces, wanted: str) -> Looks:
        key = (_model_digest(folder), wanted)
        if key not in self._known:
            self._known[key] = _compute(folder, faces, self._limit)
        self._known.move_to_end(key)
        return self._known[key]


def can_look() -> bool:
    """Whether PyTorch is installed where the maps would be made."""
    return find_spec("torch") is not None


def read_looks(file: Path) -> Looks:
    """Read what ``fer_core.maps`` wrote.

    Raises:
        LooksError: when it is no such file.
    """
    texts = ("names", "classes", "left_out")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return Looks(**{n: arrays[n].tolist() if n in texts else arrays[n] for n in arrays})
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise LooksError(f"The maps in {file.name} cannot be read: {error}.") from error


def _compute(folder: Path, faces: Faces, limit: float) -> Looks:
    command = ["-m", "fer_core.maps", "--model", str(folder.absolute()), *faces.options()]
    shown = shlex.join(["python", *command, "--out", "maps.npz"])
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory(prefix="fer-looks-") as scratch:
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
            sentence = f"The maps took longer than {limit:g} seconds; try the command, or fewer."
            raise LooksError(sentence, shown) from error
        except OSError as error:
            raise LooksError(f"No process could be started: {error}.", shown) from error
        if ended.returncode != 0:
            raise LooksError(_reason(ended.returncode, ended.stderr), shown)
        return read_looks(file)


def _reason(code: int, output: str) -> str:
    """One sentence from what a failed process said last."""
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")
    if last.startswith("ModuleNotFoundError"):
        return f"The maps need what is not installed here ({last}): pip install -e ."
    said = last.removeprefix("error: ") or f"the process ended with code {code}"
    return f"{said[:1].upper()}{said[1:]}."


def _model_digest(folder: Path) -> str:
    try:
        states = [(folder / name).stat() for name in MODEL_FILES]
        return _digest(folder, tuple((state.st_size, state.st_mtime_ns) for state in states))
    except OSError as error:
        raise LooksError(f"The model cannot be read: {error}.") from error


@lru_cache(maxsize=64)
def _digest(folder: Path, stamps: tuple[tuple[int, int], ...]) -> str:
    """Of a model's files; ``stamps`` is there for the cache's key."""
    whole = hashlib.sha256(repr(len(stamps)).encode())
    for name in MODEL_FILES:
        whole.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return whole.hexdigest()
