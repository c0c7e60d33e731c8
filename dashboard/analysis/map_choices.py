"""What the maps page offers: saved models, and synthetic faces, uploads or a folder of images."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

from dashboard.data.names import SHIPPED_RUNS, Runs
from dashboard.data.sources import is_fixed
from dashboard.data.visitor import is_elsewhere
from fer_core.errors import FerError
from fer_core.io.images import images_below
from fer_core.weights import shipped_models

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS_FILE = "model.safetensors"
MODEL_FILES = ("config.json", WEIGHTS_FILE)
DEFAULT_PAIR = ("noisy30-baseline", "noisy30-eac")  # trained on the same labels, 30 % of them noisy
# Shipped runs whose weights are shipped as well, under other names.
SHIPPED_WEIGHTS = {"demo_pair/cross_entropy": "noisy30-baseline", "demo_pair/eac": "noisy30-eac"}
PHOTOGRAPHS = ("rafdb", "ferplus", "fer2013", "affectnet")  # data sets of photographs
MAX_FACES = 12


class MapsError(FerError, ValueError):
    """Maps that could not be computed; the message is a sentence.

    Attributes:
        command: a shell command that reproduces the failure; empty where there is none.
    """

    def __init__(self, sentence: str, command: str = "") -> None:
        super().__init__(sentence)
        self.command = command


class FaceChoice(NamedTuple):
    """The faces to compute maps for.

    Attributes:
        folder: of images; None for synthetic faces and uploads.
        seed: of the synthetic faces.
        aligned: whether the images are face crops already.
        uploads: name and content of each uploaded image.
    """

    folder: Path | None = None
    seed: int = 0
    aligned: bool = False
    uploads: tuple[tuple[str, bytes], ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether the faces are synthetic."""
        return self.folder is None and not self.uploads

    def stored(self, scratch: Path) -> Self:
        """The same faces with the uploads as files of a folder.

        Args:
            scratch: a folder that exists.
        """
        if not self.uploads:
            return self
        folder = scratch / "faces"
        folder.mkdir()
        for number, (name, content) in enumerate(self.uploads):
            file = folder / Path(name).name
            file = file.with_name(f"{number} {file.name}") if file.exists() else file
            file.write_bytes(content)
        return self._replace(folder=folder, uploads=())

    def options(self) -> list[str]:
        """Options of the command ``fer_core.maps``."""
        if self.folder is None:
            return ["--faces", "synthetic", "--seed", str(self.seed)]
        # An absolute path cannot be mistaken for an option or for "synthetic".
        path = str(self.folder.expanduser().absolute())
        return ["--faces", path, *(["--aligned"] if self.aligned else [])]

    def digest(self) -> str:
        """A hash that changes with the faces.

        Raises:
            MapsError: when the folder does not exist or contains no image.
        """
        if self.uploads:
            hashes = [(name, hashlib.sha256(content).digest()) for name, content in self.uploads]
            return hashlib.sha256(repr((self.aligned, hashes)).encode()).hexdigest()
        stamps: list[tuple[str, int, int]] = []
        if self.folder is not None:
            try:
                for path in images_below(self.folder.expanduser(), MAX_FACES):
                    state = path.stat()
                    stamps.append((str(path), state.st_size, state.st_mtime_ns))
            except (ValueError, OSError) as error:
                raise MapsError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
        return hashlib.sha256(repr((self.options(), stamps)).encode()).hexdigest()


def model_choices(runs: Runs) -> dict[str, Path]:
    """Model folders by name: the models of the project, then those saved by runs."""
    shipped = shipped_models()
    found = {name: folder for name, folder in shipped.items() if _is_model(folder)}
    for run, folder in runs.folders.items():
        # Only records are downloaded from the Hub; a model among them is not trusted.
        if not runs.sources[run].link and _is_model(folder / "model"):
            found[run if run not in shipped else f"run {run}"] = folder / "model"
    return found


def model_of_run(runs: Runs, run: str) -> Path | None:
    """The model that a run saved, or that is shipped with it; None without one."""
    folder = runs.folders[run]
    if not runs.sources[run].link and _is_model(folder / "model"):
        return folder / "model"
    if folder.is_relative_to(SHIPPED_RUNS):
        name = SHIPPED_WEIGHTS.get(folder.relative_to(SHIPPED_RUNS).as_posix(), "")
        shipped = shipped_models().get(name)
        return shipped if shipped is not None and _is_model(shipped) else None
    return None


def trained_on_photographs(runs: Runs, models: Mapping[str, Path]) -> bool:
    """Whether all of some models are known to be trained on photographs, as those shipped are.

    Args:
        runs: whose models are among `model_choices`.
        models: some of `model_choices`.
    """
    data = dict(zip(runs.table["run"], runs.table["data"], strict=True))
    trained_on = {folder / "model": data[run] for run, folder in runs.folders.items()}
    known = (*PHOTOGRAPHS, None)  # None: a shipped model, which is not in the folder of a run
    return all(trained_on.get(folder) in known for folder in models.values())


def default_models(choices: Mapping[str, Path]) -> list[str]:
    """The two models that the page shows first; fewer if there are fewer."""
    return [*(name for name in DEFAULT_PAIR if name in choices), *choices][:2]


def may_name_folders(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a visitor may name folders: only on this computer, and only without FER_RUNS.

    Args:
        address: IP address of the visitor as Streamlit reports it; None for this computer.
        headers: of the request; a proxy on this computer names the client there.
    """
    return not is_elsewhere(address, headers) and not is_fixed()


def _is_model(folder: Path) -> bool:
    return all((folder / name).is_file() for name in MODEL_FILES)
