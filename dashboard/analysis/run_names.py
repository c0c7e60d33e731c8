"""Names of runs without what all of them share, as they stand in narrow columns."""

import re
from collections.abc import Sequence
from itertools import takewhile

_PARTS = re.compile(r"[^/_\s-]+[/_\s-]*|[/_\s-]+")


def differing_names(runs: Sequence[str]) -> list[str]:
    """The part in which names differ: without the words in front and behind that all share.

    Args:
        runs: names; a single one is kept whole.
    """
    if len(set(runs)) < 2:
        return list(runs)
    words = [_PARTS.findall(run) for run in runs]
    front = _shared(words)
    rest = [parts[front:] for parts in words]
    back = min(_shared([parts[::-1] for parts in rest]), min(map(len, rest)) - 1)
    names = ["".join(parts[: len(parts) - max(back, 0)]).strip("/_- ") for parts in rest]
    whole = len(set(names)) == len(set(runs)) and all(names)
    return names if whole else list(runs)


def _shared(words: Sequence[Sequence[str]]) -> int:
    """How many words all begin with."""
    same = takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False))
    return sum(1 for _ in same)
