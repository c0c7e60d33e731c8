"""How the names that a data set gives its classes are read: as emotions, or as they are."""

import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple

from fer_core.datasets.base import Source, take_choice
from fer_core.datasets.layouts import LayoutError
from fer_core.emotions import EIGHT_CLASSES, canonical_name, find_emotion, near_emotion

ASK, AS_IS, EMOTIONS = "", "as-is", "emotions"
MOST_NAMED = 10  # names in a message


class DoubtfulNamesError(LayoutError):
    """Names of which only some are emotions; ``doubts`` says which are doubtful, and why."""

    def __init__(self, message: str, doubts: str) -> None:
        """An error with this message."""
        super().__init__(message)
        self.doubts = doubts


class Naming(NamedTuple):
    """How names are read.

    Attributes:
        class_of: class of a name; raises ValueError for one that is none.
        emotions: whether the classes are emotions.
    """

    class_of: Callable[[str], str]
    emotions: bool

    def in_order(self, classes: Iterable[str]) -> tuple[str, ...]:
        """Emotions in the project's order, other classes sorted by name (code points)."""
        found = set(classes)
        if self.emotions:
            return tuple(name for name in EIGHT_CLASSES if name in found)
        return tuple(sorted(found))


def choose_naming(source: Source, option: str, names: Iterable[str], what: str) -> Naming:
    """Read names as the option ``classes`` asks, or as all of them agree on without it.

    Names that are all emotions, synonyms included, are emotions; names of which none is an emotion,
    near one, or a mere number are classes as they are. Anything between is for the user to say.

    Args:
        source: of the data set, for the message.
        option: the option ``classes``: as-is, emotions, or nothing.
        names: as the data set writes them, of all its splits.
        what: the names are of, in the plural, for the message.

    Raises:
        DoubtfulNamesError: naming the doubtful names and both ways out.
    """
    if option != ASK:
        option = take_choice(source, {"classes": option}, "classes", AS_IS, EMOTIONS)
    known = sorted(set(names))
    if option == AS_IS:
        return Naming(as_it_stands, emotions=False)
    if option == EMOTIONS:
        return Naming(nearest_emotion, emotions=True)
    emotions = [name for name in known if find_emotion(name)]
    if len(emotions) == len(known):
        return Naming(canonical_name, emotions=True)
    doubts = [doubt for name in known if (doubt := _doubt(name, mixed=bool(emotions)))]
    if not doubts:
        return Naming(as_it_stands, emotions=False)
    sure = [name for name in emotions if near_emotion(name) is None]
    verb = "names an emotion" if len(sure) == 1 else "name emotions"
    beside = f", while {_listed(map(repr, sure))} {verb}" if sure else ""
    uri, found = _uri(source), f"{_listed(doubts)}{beside}"
    raise DoubtfulNamesError(
        f"{source.path}: of the {what}, {found}. Say what they are: "
        f"'{uri}{AS_IS}' makes every name a class of its own; '{uri}{EMOTIONS}' reads each as the "
        "emotion that it is or is nearest to, and refuses those near none (rename them, or leave "
        "them out)",
        found,
    )


def as_it_stands(name: str) -> str:
    """The class of a name as it is written, composed (Unicode NFC) and without blanks around it.

    Raises:
        ValueError: for a name that cannot be printed.
    """
    text = unicodedata.normalize("NFC", name).strip()
    if not text or not text.isprintable():
        raise ValueError(f"class name {name!r} must be printable text: rename it")
    return text


def nearest_emotion(name: str) -> str:
    """The emotion that a name means or is nearest to.

    Raises:
        ValueError: when it is near none.
    """
    return near_emotion(name) or canonical_name(name)


def _listed(texts: Iterable[str]) -> str:
    """Texts one after the other; of many the first ones and a count."""
    *first, last = shown = list(texts)
    if len(shown) > MOST_NAMED:
        return f"{', '.join(shown[:MOST_NAMED])} and {len(shown) - MOST_NAMED} more"
    return f"{', '.join(first)} and {last}" if first else last


def _doubt(name: str, *, mixed: bool) -> str:
    """Why a name needs a word of the user; nothing where it does not."""
    near = near_emotion(name)
    if near:
        return f"{name!r} may be {near}"
    if find_emotion(name):
        return ""
    if name.strip().isdecimal():
        return f"{name!r} is a number alone"
    return f"{name!r} is not an emotion" if mixed else ""


def _uri(source: Source) -> str:
    """The data set's URI up to the value of the option ``classes``."""
    options = "".join(f"{name}={value}&" for name, value in source.options.items())
    return f"{source.kind}:{source.path}?{options}classes="
