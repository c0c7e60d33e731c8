"""What a model tells apart: class names in order, their colours, and whether they are emotions.

The taxonomy of a model travels with it: data set, run record, ``config.json``, ONNX file, published
model. Emotions have the colours of `fer_core.emotions`; classes of one's own have a palette for
colour-blind readers, by their position.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

from fer_core.emotions import COLOURS, EIGHT_CLASSES, find_emotion
from fer_core.errors import FerError

# Paul Tol's bright qualitative scheme without its grey, and the teal of his muted one (technical
# note SRON/EPS/TN/09-002): told apart under red-green blindness, and read on white and on
# near-black. Further classes have the same colours lighter, then darker.
PALETTE = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#44aa99")
_MIXES = ((0, 0.0), (255, 0.45), (0, 0.4))  # grey level and its share, for each round
OTHER_COLOUR = "#7f8c9b"  # of what is not a class of the model
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


class TaxonomyError(FerError, ValueError):
    """A saved taxonomy that is broken."""


@dataclass(frozen=True)
class Taxonomy:
    """The K classes of a data set or a model.

    Attributes:
        names: in the order of the label numbers.
        colours: K display colours, ``#rrggbb``.
        emotions: whether all of them are among the eight emotions of `fer_core.emotions`.
    """

    names: tuple[str, ...]
    colours: tuple[str, ...]
    emotions: bool

    @property
    def noun(self) -> str:
        """What one of the classes is called in texts: ``expression``, or ``class``."""
        return "expression" if self.emotions else "class"

    @property
    def nouns(self) -> str:
        """The plural of `noun`."""
        return "expressions" if self.emotions else "classes"

    def colour_of(self, name: str) -> str:
        """Display colour of a class; grey for a name that is none of them."""
        return self.colours[self.names.index(name)] if name in self.names else OTHER_COLOUR


def taxonomy_of(names: Sequence[str]) -> Taxonomy:
    """The taxonomy of class names: emotions keep their colours, others take those of `PALETTE`.

    Args:
        names: in the order of the label numbers.
    """
    named = [find_emotion(name) for name in names]
    fresh = map(palette_colour, count())
    colours = tuple(COLOURS[name] if name else next(fresh) for name in named)
    emotions = bool(names) and all(name in EIGHT_CLASSES for name in names)
    return Taxonomy(tuple(names), colours, emotions)


def palette_colour(index: int) -> str:
    """The colour of the class of one's own at a position: 21 differ, then they come again."""
    level, share = _MIXES[index // len(PALETTE) % len(_MIXES)]
    base = PALETTE[index % len(PALETTE)]
    channels = (int(base[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round((1 - share) * c + share * level):02x}" for c in channels)


def column_names(names: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    """Names of K columns of probabilities in a table, each the class's own where that is free.

    Args:
        names: of the classes; two may be equal in a model of others.
        taken: names of the table's other columns; ``p_`` is put before a class of such a name.
    """
    used, columns = set(taken), list[str]()
    for name in names:
        while name in used:
            name = f"p_{name}"
        used.add(name)
        columns.append(name)
    return tuple(columns)


def to_json(taxonomy: Taxonomy) -> dict[str, Any]:
    """What a file holds in addition to the names: whether they are emotions, and their colours."""
    return {
        "emotions": taxonomy.emotions,
        "colours": dict(zip(taxonomy.names, taxonomy.colours, strict=True)),
    }


def from_json(names: Sequence[str], values: object) -> Taxonomy:
    """The taxonomy that `to_json` wrote.

    Args:
        names: of the classes, in order.
        values: None where the file is of an earlier version: as `taxonomy_of`. A class that was
            renamed in the file has no colour there and keeps that of its position.

    Raises:
        TaxonomyError: when it has another form, or a colour is no ``#rrggbb``.
    """
    if values is None:
        return taxonomy_of(names)
    if not isinstance(values, Mapping):
        raise TaxonomyError(f"the taxonomy must be an object, got {values!r}")
    said = cast("Mapping[str, Any]", values)
    emotions, colours = said.get("emotions"), said.get("colours")
    if not isinstance(emotions, bool) or not isinstance(colours, Mapping):
        raise TaxonomyError("the taxonomy must have 'emotions', true or false, and 'colours'")
    shades = cast("Mapping[str, Any]", colours)
    for name, colour in shades.items():
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise TaxonomyError(f"the colour of class {name!r} must be #rrggbb, got {colour!r}")
    usual = taxonomy_of(names)
    chosen = tuple(shades.get(name, usual.colour_of(name)) for name in names)
    return Taxonomy(usual.names, chosen, emotions)
