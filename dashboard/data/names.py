"""Run records -> data frames, and the display names of methods and data sets."""

from collections.abc import Sequence
from pathlib import Path

from dashboard.data.cache import Reader, scan
from dashboard.data.sources import LOCAL_RUNS, SHIPPED_RUNS, RecordSource
from dashboard.data.tables import EPOCH_COLUMNS, RUN_COLUMNS, Confusion, Runs
from fer_core.config.data import DATA_NAMES
from fer_core.config.methods import method_title

__all__ = [
    "EPOCH_COLUMNS",
    "LOCAL_RUNS",
    "RUN_COLUMNS",
    "SHIPPED_RUNS",
    "Confusion",
    "Runs",
    "data_name",
    "fingerprint",
    "method_name",
    "read_folders",
]


def read_folders(folders: Sequence[Path]) -> Runs:
    """Read every record below the folders; ``problems`` names those that cannot be read."""
    return Reader().read(_sources(folders))


def fingerprint(folders: Sequence[Path]) -> str:
    """A text that changes when a record below the folders changes."""
    return scan(_sources(folders)).fingerprint


def method_name(method: str) -> str:
    """The display name of a method; an unknown one keeps its name."""
    return method_title(method)


def data_name(name: str) -> str:
    """The display name of a data set; an unknown one keeps its name."""
    return DATA_NAMES.get(name, name)


def _sources(folders: Sequence[Path]) -> list[RecordSource]:
    return [RecordSource(folder.name or folder.resolve().name, folder) for folder in folders]
