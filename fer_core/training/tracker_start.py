"""Starting the trackers of a run: where their files go, and what each tool is started with."""

import importlib
import logging
import os
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from fer_core.io.files import write_whole
from fer_core.training.callbacks import Callback
from fer_core.training.tracker_log import TrackerLog
from fer_core.training.trackers import FOLDER, TrackerError

ID_FILE = "id"  # names the run where a name alone may be another's
logger = logging.getLogger(__name__)


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
) -> TrackerLog:
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
    """What each tool is started with, besides the project."""
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
