"""Trackers: the figures of a run in TensorBoard, Trackio, Weights & Biases and their like.

What they show never decides the outcome of a run: it is not part of its configuration, and a
tracker that fails after the start is a warning. What talks to each tool is Accelerate's; this
module says which there are.
"""

import importlib.util
import re
from collections.abc import Sequence
from typing import Any, Literal, Protocol, get_args

from fer_core.errors import EXTRAS, FerError

TrackerName = Literal[
    "all",
    "aim",
    "clearml",
    "comet_ml",
    "dvclive",
    "mlflow",
    "swanlab",
    "tensorboard",
    "trackio",
    "wandb",
]
TRACKERS: tuple[str, ...] = tuple(name for name in get_args(TrackerName) if name != "all")
PROJECT = "fer-core"
FOLDER = "trackers"  # of a run: the files of its trackers
_PROJECT_NAME = re.compile(r"\w[\w .-]{0,99}")


class TrackerError(FerError, ValueError):
    """A tracker that cannot start; nothing has been trained then."""


class Tracker(Protocol):
    """What `accelerate.tracking.GeneralTracker` can do, as far as it is needed here."""

    name: str

    def store_init_configuration(self, values: dict[str, Any]) -> object:
        """Keep the flat configuration of the run."""

    def log(self, values: dict[str, Any], step: int | None = None) -> object:
        """Keep figures of an epoch."""

    def finish(self) -> object:
        """Write what is left and close."""


def refuse_idle_project(project: str, log_with: Sequence[str]) -> None:
    """Refuse the name of a project that no tracker would show.

    Raises:
        TrackerError: naming the option that is missing.
    """
    if project != PROJECT and not log_with:
        raise TrackerError(f"--project {project} has no effect without --log-with TRACKER")


def choose_trackers(log_with: str | Sequence[str], project: str = PROJECT) -> list[str]:
    """The trackers that are asked for, each once; ``all`` is every one that is installed.

    Raises:
        TrackerError: for an unknown name, a tracker that is not installed, or a project name that
            is none; with the command that installs it.
    """
    asked = [log_with] if isinstance(log_with, str) else list(dict.fromkeys(log_with))
    if not _PROJECT_NAME.fullmatch(project):
        raise TrackerError(
            "project must be a name of at most 100 letters, digits, spaces and . _ -, got "
            f"{project!r}"
        )
    for name in asked:
        if name != "all" and name not in TRACKERS:
            known = ", ".join(["all", *TRACKERS])
            raise TrackerError(f"log_with must be among {known}, got {name!r}")
    missing = [name for name in asked if name != "all" and not is_installed(name)]
    if missing:
        commands = " and ".join(f"pip install {_requirement(name)}" for name in missing)
        are = "is" if len(missing) == 1 else "are"
        raise TrackerError(
            f"log_with asks for {', '.join(missing)}, which {are} not installed: {commands}"
        )
    if "all" not in asked:
        return asked
    installed = [name for name in TRACKERS if is_installed(name)]
    if not installed:
        raise TrackerError(
            "log_with 'all' finds no tracker installed: pip install "
            f"{_requirement('tensorboard')}, or one of {', '.join(TRACKERS)}"
        )
    return installed


def is_installed(name: str) -> bool:
    """Whether the package of a tracker can be imported; it is not imported."""
    packages = ("tensorboard", "tensorboardX") if name == "tensorboard" else (name,)
    return any(importlib.util.find_spec(package) is not None for package in packages)


def _requirement(name: str) -> str:
    return f"'fer-core[{EXTRAS[name]}]'" if name in EXTRAS else name.replace("_", "-")
