"""Runs that differ in their seed alone as one thing: groups, their names and their facts.

`fer_core.records.groups` decides which runs repeat each other. A visitor may group by fewer facts;
such a group says which facts it pools.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from dashboard.data.names import data_name, method_name
from dashboard.data.tables import trials_of
from fer_core.config import defaults_of
from fer_core.io.wording import counted
from fer_core.records.groups import Group, group_trials
from fer_core.records.trials import CLEAN, NO_NUMBER, TREATMENTS, LabelNoise
from fer_core.reporting.option_text import option_text

UNSET = "unset"  # an option that a run does not have; none is a value
NAMED = ("method", "backbone", "data", "noise", "image size", "epochs")  # facts in this order
SHOWN = 6  # facts that name a group beside its method, at most, before the run is named


class SeedGroup(NamedTuple):
    """Runs that share all facts that they are grouped by.

    Attributes:
        name: readable and unique among the groups made with it.
        method: key of the method, for its colour.
        runs: names of the runs, by seed.
        seeds: of the runs; ``NO_NUMBER`` where nobody stated it.
        facts: by name, the value that the runs share.
        pooled: facts in which the runs differ besides the seed; empty unless fewer facts group.
        parts: the groups of `fer_core.records.groups` in it; one unless facts are pooled.
    """

    name: str
    method: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    facts: Mapping[str, str]
    pooled: tuple[str, ...]
    parts: tuple[Group[str], ...]


def seed_groups(table: pd.DataFrame, by: Sequence[str] | None = None) -> list[SeedGroup]:
    """The runs of a table in groups. Of runs that repeat a seed, only the latest counts.

    Args:
        table: of runs.
        by: names of facts; None: all of them, so that only the seed differs.
    """
    parts = group_trials(trials_of(table))
    facts = [group_facts(part) for part in parts]
    together: dict[object, list[int]] = {}
    for index, values in enumerate(facts):
        key = index if by is None else tuple(values.get(name, UNSET) for name in by)
        together.setdefault(key, []).append(index)
    found = [
        _merged([parts[i] for i in some], [facts[i] for i in some]) for some in together.values()
    ]
    names = _names(found)
    return [one._replace(name=name) for one, name in zip(found, names, strict=True)]


def group_facts(group: Group[str]) -> dict[str, str]:
    """Everything that the runs of a group share, as texts: named facts first, then options."""
    setting = group.setting
    facts = {
        "method": method_name(group.approach.method) + (" (imported)" if setting.imported else ""),
        "backbone": setting.backbone,
        "data": data_name(setting.data),
        "noise": noise_name(group.noise),
        "image size": "unknown" if setting.image_size == NO_NUMBER else f"{setting.image_size} px",
        "epochs": str(setting.epochs),
        "classes": str(setting.classes),
        "evaluation split": setting.eval_split,
    }
    for text in (group.approach.options, setting.options):
        facts |= {name: value for name, value in _options(text).items() if name not in facts}
    return facts


def noise_name(noise: LabelNoise) -> str:
    """Share and kind of the noise; clean labels by that name."""
    if noise.kind == CLEAN:
        return "clean labels"
    return (
        f"{noise.kind} noise"
        if noise.percent != noise.percent
        else f"{noise.percent:g} % {noise.kind}"
    )


def differing(facts: Sequence[Mapping[str, str]]) -> list[str]:
    """Names of the facts with more than one value, named facts first."""
    names = dict.fromkeys([*NAMED, *sorted({name for one in facts for name in one})])
    return [name for name in names if len({one.get(name, UNSET) for one in facts}) > 1]


def in_order(values: Sequence[str]) -> list[str]:
    """Different values in natural order: clean labels first, then by the number in front.

    Capitals do not count, so that “GCE” stands between “EAC” and “label smoothing”.
    """
    return sorted(set(values), key=_natural)


def short_names(groups: Sequence[SeedGroup]) -> list[str]:
    """Names that distinguish the groups: the method, and the facts that differ."""
    return _names(groups, always=("method",))


def common_facts(groups: Sequence[SeedGroup]) -> str:
    """The named facts that all groups share, except the method."""
    first = groups[0].facts
    apart = {"method", *differing([one.facts for one in groups])}
    return " · ".join(
        fact_text(name, first) for name in NAMED if name in first and name not in apart
    )


def seeds_text(group: SeedGroup) -> str:
    """How many runs a group has; with pooled facts they are not only seeds."""
    return counted(len(group.runs), "run" if group.pooled else "seed")


def seed_counts(counts: pd.Series) -> str:
    """How many seeds means are over: ``n = 5``, or ``n = 3 to 5`` where they differ.

    Args:
        counts: of the means, at least one.
    """
    low, high = int(counts.min()), int(counts.max())
    return f"n = {low}" if low == high else f"n = {low} to {high}"


def fact_text(name: str, facts: Mapping[str, str]) -> str:
    """A fact as part of a name: named facts speak for themselves, options need their name."""
    value = facts.get(name, UNSET)
    if name in NAMED:
        epochs = "epoch" if value == "1" else "epochs"
        return f"{value} {epochs}" if name == "epochs" else value
    return f"{name} {value}"


def usual_values(
    facts: Sequence[Mapping[str, str]], names: Sequence[str], method: str = ""
) -> dict[str, str]:
    """By name of a fact, the value that goes without saying in names, where there is one.

    It is the default, where any of them has it, or else the value that more than half of them have.

    Args:
        facts: of `group_facts`.
        names: of facts, such as those that differ.
        method: key of the method of all of them, whose defaults count; by default there are none.
    """
    defaults = default_texts(method) if method else {}
    found = {}
    for name in names:
        counts = Counter(one.get(name, UNSET) for one in facts)
        value, count = counts.most_common(1)[0]
        if defaults.get(name) in counts:
            found[name] = defaults[name]
        elif 2 * count > len(facts):
            found[name] = value
    return found


@lru_cache(maxsize=64)
def default_texts(method: str) -> dict[str, str]:
    """The texts of a method's defaults; a treatment that is at its default is absent."""
    texts = _options(json.dumps(defaults_of(method)))
    return texts | {name.replace("_", " "): UNSET for name in TREATMENTS}


def unusual(facts: Mapping[str, str], names: Sequence[str], usual: Mapping[str, str]) -> list[str]:
    """The names of the facts that have another value than the usual one, see `usual_values`."""
    return [name for name in names if facts.get(name, UNSET) != usual.get(name)]


def told_facts(
    facts: Sequence[Mapping[str, str]], method: str, *, apart: Sequence[str]
) -> list[list[str]]:
    """For each of some approaches, the texts of the facts that tell it apart.

    What goes without saying by `usual_values` is left out.

    Args:
        facts: of `group_facts`, of each.
        method: key of the method; empty where they have several.
        apart: names of facts that are told elsewhere.
    """
    names = [name for name in differing(facts) if name not in apart]
    usual = usual_values(facts, names, method)
    return [[fact_text(name, one) for name in unusual(one, names, usual)] for one in facts]


def option_texts(groups: Sequence[SeedGroup], *, apart: Sequence[str] = ()) -> list[str]:
    """The options that tell groups with the same named facts apart; empty where none does.

    What goes without saying by `usual_values` is left out.

    Args:
        groups: to be told apart.
        apart: names of further facts that are told elsewhere.
    """
    texts = [""] * len(groups)
    named = (*NAMED, *apart)
    kinds: dict[tuple[str, ...], list[int]] = {}
    for index, group in enumerate(groups):
        kinds.setdefault(tuple(group.facts.get(name, UNSET) for name in named), []).append(index)
    for indices in kinds.values():
        alike = [groups[index].facts for index in indices]
        told = told_facts(alike, _method(groups, indices), apart=())
        for index, texts_of_one in zip(indices, told, strict=True):
            texts[index] = ", ".join(texts_of_one)
    return texts


def _merged(parts: list[Group[str]], facts: list[dict[str, str]]) -> SeedGroup:
    pooled = differing(facts)
    shared = {name: value for name, value in facts[0].items() if name not in pooled}
    trials = sorted((trial for part in parts for trial in part.trials), key=lambda one: one.seed)
    return SeedGroup(
        name="",
        method=parts[0].approach.method,
        runs=tuple(trial.record for trial in trials),
        seeds=tuple(trial.seed for trial in trials),
        facts=shared,
        pooled=tuple(pooled),
        parts=tuple(parts),
    )


def _names(groups: Sequence[SeedGroup], always: Sequence[str] = NAMED) -> list[str]:
    """Unique names: the facts that are always named, then those that tell equal names apart."""
    facts = [group.facts for group in groups]
    varying = differing(facts)
    first = [name for name in NAMED if name in always or name in varying]
    names = [" · ".join(fact_text(name, one) for name in first if name in one) for one in facts]
    counts = Counter(names)
    for name in [name for name, count in counts.items() if count > 1]:
        alike = [index for index, other in enumerate(names) if other == name]
        told = told_facts([facts[index] for index in alike], _method(groups, alike), apart=first)
        for index, details in zip(alike, told, strict=True):
            names[index] = " · ".join([*filter(None, [name]), *details[:SHOWN]])
    counts = Counter(names)
    return [
        f"{name} · {group.runs[0]}" if counts[name] > 1 else name
        for name, group in zip(names, groups, strict=True)
    ]


def _method(groups: Sequence[SeedGroup], indices: Sequence[int]) -> str:
    """The method that these groups share; empty if they have several, or pool several."""
    methods = {part.approach.method for index in indices for part in groups[index].parts}
    return methods.pop() if len(methods) == 1 else ""


def _natural(text: str) -> tuple[int, float, str, str]:
    start, plain = text.partition(" ")[0], text.casefold()
    try:
        return (1, float(start), plain, text)
    except ValueError:
        return (0 if text == "clean labels" else 2, 0.0, plain, text)


@lru_cache(maxsize=4096)  # many runs share few texts
def _options(text: str) -> dict[str, str]:
    return {name.replace("_", " "): option_text(value) for name, value in json.loads(text).items()}
