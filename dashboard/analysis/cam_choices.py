"""What there is to look with and at: saved models, and drawn faces or a folder of pictures."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dashboard.data.names import Runs
from dashboard.data.sources import is_fixed
from fer_core.errors import FerError
from fer_core.io.images import images_below
from fer_core.weights import shipped_models

ROOT = Path(__file__).resolve().parents[2]
MODEL_FILES = ("config.json", "model.safetensors")
FIRST = ("noisy30-baseline", "noisy30-eac")  # learned from the same labels, 30 % of them changed
MOST_FACES = 12
PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")


class LooksError(FerError, ValueError):
    """Maps that could not be made; the message is a sentence, ``command`` shows more."""

    def __init__(self, sentence: str, command: str = "") -> None:
        super().__init__(sentence)
        self.command = command


class Faces(NamedTuple):
    """The faces to look at.

    Attributes:
        folder: of pictures; None: drawn faces.
        seed: of the drawn faces.
        aligned: the pictures are cut-out faces.
    """

    folder: Path | None = None
    seed: int = 0
    aligned: bool = False

    def options(self) -> list[str]:
        """As ``fer_core.maps`` takes them."""
        if self.folder is None:
            return ["--faces", "drawn", "--seed", str(self.seed)]
        # Absolute, so that no name is taken for an option or for "drawn".
        whole = str(self.folder.expanduser().absolute())
        return ["--faces", whole, *(["--aligned"] if self.aligned else [])]

    def digest(self) -> str:
        """Changes when other faces would be looked at.

        Raises:
            LooksError: when the folder is absent or has no picture.
        """
        stamps: list[tuple[str, int, int]] = []
        if self.folder is not None:
            try:
                for path in images_below(self.folder.expanduser(), MOST_FACES):
                    state = path.stat()
                    stamps.append((str(path), state.st_size, state.st_mtime_ns))
            except (ValueError, OSError) as error:
                raise LooksError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
        return hashlib.sha256(repr((self.options(), stamps)).encode()).hexdigest()


def model_choices(runs: Runs) -> dict[str, Path]:
    """Folders of the models to choose from: those that come with the project, and those of runs."""
    shipped = shipped_models()
    found = {name: folder for name, folder in shipped.items() if _is_model(folder)}
    for run, folder in runs.folders.items():
        # What is downloaded from the Hub is records; a model among them was checked by nobody.
        if not runs.places[run].link and _is_model(folder / "model"):
            found[run if run not in shipped else f"run {run}"] = folder / "model"
    return found


def first_models(choices: Mapping[str, Path]) -> list[str]:
    """Two models to begin with; fewer where there are fewer."""
    return [*(name for name in FIRST if name in choices), *choices][:2]


def may_name_folders(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a visitor may see pictures of this computer: sitting at it, and nothing is fixed.

    Args:
        address: of the visitor, as Streamlit tells it: None for this computer.
        headers: of the request; a proxy on this computer names there whom it speaks for.
    """
    passed_on = any(name.lower() in PROXY_HEADERS for name in headers)
    return address is None and not passed_on and not is_fixed()


def _is_model(folder: Path) -> bool:
    return all((folder / name).is_file() for name in MODEL_FILES)
