"""The models that the page offers, under names that do not show this computer's folders."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fer_core.models.saved_model import read_facts
from fer_core.weights import shipped_models

if TYPE_CHECKING:
    from fer_core.foreign.resolve import ResolvedModel


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
        sources: folders of saved models, or names on the Hub, see `resolve_any`.

    Raises:
        ModelError: when a source is not a model, or the Hub does not hand it out.
    """
    shipped = [OfferedModel(name, folder) for name, folder in shipped_models().items()]
    by_folder = {model.folder.resolve(): model for model in shipped}
    taken = {model.name for model in shipped}
    named: list[OfferedModel] = []
    for source in sources:
        found = _resolve(source)
        model = by_folder.get(found.folder.resolve())
        if model is None:
            model = OfferedModel(_free_name(found, taken), found.folder, found.foreign)
            if not model.foreign:
                read_facts(found.folder, source)
            taken.add(model.name)
        elif model in named:
            continue
        named.append(model)
    return (*named, *(model for model in shipped if model not in named))


def _resolve(source: str) -> "ResolvedModel":
    from fer_core.foreign.resolve import resolve_any  # with PyTorch: shipped models need it later

    return resolve_any(source)


def _free_name(found: "ResolvedModel", taken: Collection[str]) -> str:
    """The name on the Hub as written, or a short one of the folder, numbered where it is taken."""
    name, number = found.text if found.of_hub else found.name, 2
    while name in taken:
        name, number = f"{found.short_name} ({number})", number + 1
    return name
