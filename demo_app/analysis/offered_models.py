"""The models that the command line offers, under names without this computer's folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fer_core.foreign.model import is_foreign
from fer_core.hub.download import HUB_PREFIX, find_classifier, is_hub_id
from fer_core.models.pretrained import read_facts
from fer_core.weights import BUNDLED

EMBEDDED_NAME = "embedded"


class Entry(NamedTuple):
    """A model that the page offers.

    Attributes:
        name: what stands for it in the picker and in the API.
        folder: where it is saved.
        foreign: whether it is of another project, and answers only beside one of this project.
    """

    name: str
    folder: Path
    foreign: bool = False


def name_entries(sources: Sequence[str], taken: set[str]) -> list[Entry]:
    """Short names for what was named on the command line: no visitor needs to see its path."""
    entries: list[Entry] = []
    for source in sources:
        folder = find_classifier(source)
        foreign = is_foreign(folder)
        if not foreign:
            read_facts(folder, source)
        of_hub = is_hub_id(source.removeprefix(HUB_PREFIX)) and not Path(source).exists()
        name = source if of_hub else _short_name(folder)
        number = 2
        while name in taken:
            name, number = f"{_short_name(folder)} ({number})", number + 1
        taken = taken | {name}
        entries.append(Entry(name, folder, foreign))
    return entries


def _short_name(folder: Path) -> str:
    """The folder's name, or the run's where it is RUN/model."""
    whole = folder.resolve()
    if whole == BUNDLED.resolve():
        return EMBEDDED_NAME
    return whole.parent.name if whole.name == "model" else whole.name
