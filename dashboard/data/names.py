"""Run records -> data frames. Knows neither Streamlit nor torch."""

from collections.abc import Sequence
from pathlib import Path

from dashboard.data.cache import Reader, scan
from dashboard.data.sources import LOCAL_RUNS, SHIPPED_RUNS, Place
from dashboard.data.tables import EPOCH_COLUMNS, RUN_COLUMNS, Confusion, Runs
from fer_core.config.data import DATA_NAMES
from fer_core.config.methods import METHODS

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
    """Read every record below the folders; one that cannot be read is named in ``problems``."""
    return Reader().read(_places(folders))


def fingerprint(folders: Sequence[Path]) -> str:
    """A text that changes when a run below the folders has written something."""
    return scan(_places(folders)).fingerprint


def method_name(method: str) -> str:
    """The display name of a method; an unknown one keeps its own."""
    return METHODS[method].title if method in METHODS else method


def data_name(name: str) -> str:
    """The display name of a data set; an unknown one keeps its own."""
    return DATA_NAMES.get(name, name)


def _places(folders: Sequence[Path]) -> list[Place]:
    return [Place(folder.name or folder.resolve().name, folder) for folder in folders]
