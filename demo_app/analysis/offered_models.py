"""The models that the page offers, under names that do not show this computer's folders."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from fer_core.foreign.model import is_foreign
from fer_core.hub.download import HUB_PREFIX, find_classifier, is_hub_id
from fer_core.models.pretrained import read_facts
from fer_core.weights import shipped_models


class OfferedModel(NamedTuple):
    """A model that the page offers.

    Attributes:
        name: in the picker and in the API.
        folder: where it is saved.
        foreign: whether it is of another project; such a model is only compared with one of ours.
    """

    name: str
    folder: Path
    foreign: bool = False


def offer_models(sources: Sequence[str]) -> tuple[OfferedModel, ...]:
    """The models of a command line, then the shipped ones that it does not name.

    Args:
        sources: folders of saved models, or names on the Hub, see `find_classifier`.

    Raises:
        ModelError: when a source is no model, or the Hub does not hand it out.
    """
    shipped = [OfferedModel(name, folder) for name, folder in shipped_models().items()]
    by_folder = {model.folder.resolve(): model for model in shipped}
    taken = {model.name for model in shipped}
    named: list[OfferedModel] = []
    for source in sources:
        folder = find_classifier(source)
        model = by_folder.get(folder.resolve())
        if model is None:
            model = OfferedModel(_free_name(source, folder, taken), folder, is_foreign(folder))
            if not model.foreign:
                read_facts(folder, source)
            taken.add(model.name)
        elif model in named:
            continue
        named.append(model)
    return (*named, *(model for model in shipped if model not in named))


def _free_name(source: str, folder: Path, taken: Collection[str]) -> str:
    """The name on the Hub, or a short one of the folder, with a number where it is taken."""
    of_hub = is_hub_id(source.removeprefix(HUB_PREFIX)) and not Path(source).exists()
    name = source if of_hub else _short_name(folder)
    number = 2
    while name in taken:
        name, number = f"{_short_name(folder)} ({number})", number + 1
    return name


def _short_name(folder: Path) -> str:
    """The folder's name, or the run's where it is RUN/model."""
    whole = folder.resolve()
    return whole.parent.name if whole.name == "model" else whole.name
