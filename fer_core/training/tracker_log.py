"""What a started tracker is told about a run, and what happens when it fails."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from fer_core.training.callbacks import Callback
from fer_core.training.trackers import Tracker, TrackerError

logger = logging.getLogger(__name__)


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
    """The numbers in nested mappings, by name; null (does not apply) and lists are not numbers.

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
