"""Trackers: the figures of a run in TensorBoard, Trackio, Weights & Biases and their like.

What they show never decides the outcome of a run: it is no part of its configuration, and a
tracker that fails after the start is a warning. What talks to each tool is Accelerate's; this
module says which there are, where their files go and what they are told.
"""

import importlib
import importlib.util
import logging
import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, get_args

from fer_core.errors import EXTRAS, FerError
from fer_core.io.files import write_whole
from fer_core.training.callbacks import Callback

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
ID_FILE = "id"  # names the run where a name alone may be another's
_PROJECT_NAME = re.compile(r"\w[\w .-]{0,99}")
logger = logging.getLogger(__name__)


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


class Host(Protocol):
    """What starts trackers: an `accelerate.Accelerator` that was made with their names."""

    @property
    def trackers(self) -> list[Any]:
        """Those that have been started."""
        ...

    def init_trackers(
        self, project_name: str, config: None = None, init_kwargs: dict[str, Any] | None = None
    ) -> object:
        """Start them."""


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


class Watch(NamedTuple):
    """Who is told about a run: its trackers by name, and callbacks.

    Attributes:
        names: of `choose_trackers`.
        project: under which the trackers show the run.
        callbacks: of the caller.
    """

    names: Sequence[str]
    project: str
    callbacks: Sequence[Callback]

    def start(
        self,
        host: Host,
        folder: Path,
        config: Mapping[str, Any],
        resume: bool,
        stack: ExitStack,
    ) -> list[Callback]:
        """Start the trackers, which ``stack`` closes, and name all who are told, trackers first.

        Raises:
            TrackerError: as `start_trackers`.
        """
        if not self.names:
            return [*self.callbacks]
        log = start_trackers(host, self.names, folder, project=self.project, resume=resume)
        stack.callback(log.close)
        log.tell_configuration(config)
        return [log, *self.callbacks]


def start_trackers(
    host: Host, names: Sequence[str], folder: Path, *, project: str, resume: bool
) -> "TrackerLog":
    """Start the trackers of a run; only its first process calls this.

    Args:
        host: made with the names, and with ``folder / FOLDER`` for its files.
        names: of `choose_trackers`.
        folder: of the run. What a tracker keeps on this machine goes below it, unless the
            environment names another place (TRACKIO_DIR, MLFLOW_TRACKING_URI).
        project: under which the tracker shows the run; its name there is the folder's.
        resume: go on with what an earlier part of this run has logged, where the tool can.

    Raises:
        TrackerError: with what the tool says, for example that there is no login.
    """
    place, name = (folder / FOLDER).absolute(), folder.absolute().name
    place.mkdir(parents=True, exist_ok=True)
    try:
        _keep_files_below(place, names)
        host.init_trackers(
            project, init_kwargs=_options(place, name, _run_id(place, resume), resume)
        )
        started = {str(tracker.name): tracker for tracker in host.trackers}
        if "comet_ml" in started:
            started["comet_ml"].tracker.set_name(name)
    # Each tool has errors of its own, and none may start a run that is not logged as asked.
    except Exception as error:
        raise TrackerError(
            f"{' or '.join(names)} could not be started ({type(error).__name__}: {error}): put "
            "that right, or leave it out of log_with"
        ) from error
    absent = sorted(set(names) - set(started))
    if absent:
        raise TrackerError(
            f"this version of Accelerate does not take the installed {', '.join(absent)}: change "
            "one of the versions, or leave it out of log_with"
        )
    return TrackerLog(started)


def _keep_files_below(place: Path, names: Sequence[str]) -> None:
    """Point the tools that have a place for the whole process to the run's folder."""
    if "mlflow" in names and not os.environ.get("MLFLOW_TRACKING_URI"):
        mlflow = importlib.import_module("mlflow")
        mlflow.set_tracking_uri(f"sqlite:///{(place / 'mlflow.db').as_posix()}")
    if "trackio" not in names or os.environ.get("TRACKIO_DIR"):
        return
    os.environ["TRACKIO_DIR"] = str(place / "trackio")  # read once, when Trackio is imported
    try:
        taken = importlib.import_module("trackio.utils").TRACKIO_DIR
    finally:
        del os.environ["TRACKIO_DIR"]
    if Path(taken) != place / "trackio":
        logger.warning("trackio was imported before this run and keeps its files in %s", taken)


def _run_id(place: Path, resume: bool) -> str:
    """An identifier that a resumed run has again."""
    file = place / ID_FILE
    if not (resume and file.exists()):
        write_whole(file, f"{uuid.uuid4().hex}\n".encode())
    return file.read_text(encoding="utf-8").strip()


def _options(place: Path, name: str, identifier: str, resume: bool) -> dict[str, dict[str, Any]]:
    """What each tool is started with, beside the project."""
    return {
        "aim": {"experiment": name},
        "clearml": {"task_name": name},
        "dvclive": {
            "dir": str(place / "dvclive"),
            "resume": resume,
            "save_dvc_exp": False,  # it would write into the git repository around the run
            "dvcyaml": None,
        },
        "mlflow": {"run_name": name, "logging_dir": (place / "mlflow").as_uri()},
        "swanlab": {"name": name, "log_dir": str(place / "swanlab")},
        "trackio": {"name": name, "resume": "allow" if resume else "never"},
        "wandb": {"name": name, "dir": str(place), "id": identifier, "resume": "allow"},
    }


class TrackerLog(Callback):
    """Tells trackers about a run; what one of them misses is counted and said, and costs no run."""

    def __init__(self, trackers: Mapping[str, Tracker]) -> None:
        """Keep the trackers, which have been started, by their names."""
        self.trackers = dict(trackers)
        self.missed = dict.fromkeys(self.trackers, 0)  # calls that failed
        self._epoch = 0

    def tell_configuration(self, config: Mapping[str, Any]) -> None:
        """Hand on the configuration, before the run has a record.

        Raises:
            TrackerError: when a tracker does not take it.
        """
        values = {name: _plain(value) for name, value in flatten(config)}
        for name, tracker in self.trackers.items():
            try:
                tracker.store_init_configuration(dict(values))
            except Exception as error:  # whatever a foreign tool raises
                raise TrackerError(
                    f"{name} does not take the configuration ({type(error).__name__}: {error}): "
                    "leave it out of log_with"
                ) from error

    def on_epoch_end(self, values: Mapping[str, Any], folder: Path) -> None:
        """Hand on every number of the epoch."""
        self._epoch = int(values["epoch"])
        self._tell(numbers(values))

    def on_train_end(self, result: Mapping[str, Any], folder: Path) -> None:
        """Hand on every number of the final result, as ``result/...``."""
        self._tell({f"result/{name}": value for name, value in numbers(result).items()})

    def close(self) -> None:
        """Let the trackers write what is left; say what each has missed."""
        for name, tracker in self.trackers.items():
            self._try(name, tracker.finish)
        for name, count in self.missed.items():
            if count:
                logger.warning(
                    "%s has missed %d of the run's reports; the record has them all", name, count
                )

    def _tell(self, values: dict[str, float]) -> None:
        for name, tracker in self.trackers.items():
            self._try(name, partial(tracker.log, dict(values), step=self._epoch or None))

    def _try(self, name: str, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:  # whatever a foreign tool raises, the run goes on
            self.missed[name] += 1
            if self.missed[name] == 1:
                logger.warning(
                    "%s failed (%s: %s): the run goes on, and its record is whole",
                    *(name, type(error).__name__, error),
                )


def flatten(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Name and value of everything in nested mappings, as ``outer/inner``."""
    for key, value in values.items():
        # MLflow allows these characters alone; an age group 70+ of RAF-DB has another.
        name = above + re.sub(r"[^\w .-]", "_", str(key))
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}/")
        else:
            yield name, value


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The numbers in nested mappings, by name; what does not apply (null) and lists are no numbers.

    The one list of a result is the confusion matrix, which stays in the record.
    """
    return {
        name: value
        for name, value in flatten(values)
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _plain(value: object) -> bool | int | float | str:
    """A value of the configuration as every tool takes it."""
    return value if isinstance(value, bool | int | float | str) else str(value)
