"""Run records -> the baseline and EAC runs that the figures compare.

Knows no matplotlib. `fer_core.records.compare` says which runs may be compared.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_core.config import defaults_of
from fer_core.records.compare import BASELINE, EAC, pair_eac_with_baseline
from fer_core.records.groups import group_runs
from fer_core.records.run import RunRecord, read_runs
from fer_core.records.trials import (
    CLEAN,
    TREATMENTS,
    Approach,
    LabelNoise,
    RunTrial,
    Setting,
    trial_of,
)
from fer_core.reporting.tables import noise_name

ACCURACY = "accuracy_last5"
RATED_KINDS = (CLEAN, "symmetric")  # of noise, which differ in their rate alone
SHARES = ("eval_accuracy", "memorised", "recovered")
# The loss without EAC's consistency term, so that the two methods' curves measure the same.
CURVES = ("train_classification_loss", "eval_loss", *SHARES)


class Pair(NamedTuple):
    """Runs of both methods under one label noise; the i-th of each have the same seed."""

    noise: LabelNoise
    baseline: tuple[RunTrial, ...]
    eac: tuple[RunTrial, ...]

    def methods(self) -> tuple[tuple[str, tuple[RunTrial, ...]], ...]:
        """Name of each method and its runs, in the order of drawing."""
        return (BASELINE, self.baseline), (EAC, self.eac)

    @property
    def title(self) -> str:
        """The noise for readers, such as ``30 % symmetric noise``."""
        return f"{noise_name(self.noise)} noise" if self.noise.percent else "no label noise added"

    @property
    def stem(self) -> str:
        """The noise for file names: see `noise_stem`."""
        return noise_stem(self.noise)


class ComparedSetting(NamedTuple):
    """Pairs that differ in label noise alone.

    Attributes:
        setting: what all its runs share.
        eac: the options of EAC, one of several kinds perhaps.
        pairs: without noise first, then by kind and rate.
    """

    setting: Setting
    eac: Approach
    pairs: tuple[Pair, ...]


def noise_stem(noise: LabelNoise) -> str:
    """The noise for file names, such as ``symmetric-30``; ``clean`` without any."""
    return f"{noise.kind}-{noise.percent:g}" if noise.percent else "clean"


def read_folders(folders: Iterable[Path]) -> tuple[list[RunRecord], list[str]]:
    """The finished runs below the folders, and a sentence for each broken record.

    Raises:
        ValueError: when one is not a folder.
    """
    runs: dict[Path, RunRecord] = {}
    problems: dict[str, None] = {}
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"records: {folder} is not a folder")
        records = read_runs(folder)
        problems |= dict.fromkeys(records.problems)
        for record in records.runs:
            if record.status != "finished":
                continue
            try:
                _check(record)
            # A record is foreign input: whatever is wrong with one must not hide the others.
            except (ValueError, TypeError, AttributeError) as error:
                problems[f"{record.path} cannot be drawn: {error}"] = None
            except KeyError as error:
                problems[f"{record.path} cannot be drawn: it lacks {error.args[0]}"] = None
            else:
                runs[record.path.resolve()] = record
    return list(runs.values()), list(problems)


def find_comparisons(runs: Iterable[RunRecord]) -> list[ComparedSetting]:
    """Pairs of runs that differ in the method alone, by what else they share.

    Seeds that only one of the methods has are left out.
    """
    found: dict[tuple[Setting, Approach], list[Pair]] = {}
    for baseline, eac in pair_eac_with_baseline(group_runs(runs)):
        pair = Pair(eac.noise, baseline.trials, eac.trials)
        found.setdefault((eac.setting, eac.approach), []).append(pair)
    return [
        ComparedSetting(setting, approach, tuple(sorted(pairs, key=_by_strength)))
        for (setting, approach), pairs in found.items()
    ]


def curve(trial: RunTrial, name: str) -> np.ndarray:
    """A figure of CURVES for each epoch (E,); shares in percent, nan where it does not apply."""
    values = [epoch[name] for epoch in trial.record.epochs]
    known = [float("nan") if value is None else float(value) for value in values]
    return np.array(known) * (100 if name in SHARES else 1)


def accuracies(trials: Iterable[RunTrial]) -> np.ndarray:
    """Mean accuracy of the last five epochs of each run in percent (n,)."""
    return np.array([100 * float(trial.record.result[ACCURACY]) for trial in trials])


def file_stems(compared: Sequence[tuple[Setting, Approach | None]]) -> list[str]:
    """What the file names of each comparison say of it.

    The backbone and, where several have the same one, as many of the facts in which these differ as
    it takes to tell them apart.

    Args:
        compared: setting of each comparison and, where its options tell it apart, EAC.
    """
    stems: list[str] = []
    for setting, eac in compared:
        backbone, facts = setting.backbone, _facts(setting, eac)
        others = [_facts(*other) for other in compared if other[0].backbone == backbone]
        names = dict.fromkeys(name for one in (facts, *others) for name in one)
        others.remove(facts)
        parts = [backbone]
        for name in names:
            value = facts.get(name)
            alike = [other for other in others if other.get(name) == value]
            if len(alike) < len(others):
                parts.append(f"{name}-{'unstated' if value is None else value}")
                others = alike
        stems.append("-".join(parts))
    return stems


def setting_stems(settings: Iterable[Setting]) -> dict[Setting, str]:
    """`file_stems` of settings alone, each once."""
    once = list(dict.fromkeys(settings))
    return dict(zip(once, file_stems([(setting, None) for setting in once]), strict=True))


def why_no_pair(runs: Iterable[RunRecord]) -> str:
    """What keeps runs without a pair from having one, as the end of a sentence."""
    trials = [trial_of(record) for record in runs]
    baseline = [trial for trial in trials if trial.approach.method == BASELINE]
    eac = [trial for trial in trials if trial.approach.method == EAC]
    if not baseline or not eac:
        return f"finished runs there: {len(baseline)} of {BASELINE}, {len(eac)} of {EAC}"
    candidates = ((_differences(one, other), one, other) for one in baseline for other in eac)
    nearest, one, other = min(candidates, key=lambda candidate: len(candidate[0]))
    names = f"{one.record.name} and {other.record.name}"
    return f"the nearest two, {names}, differ in {', '.join(nearest)}"


def _differences(one: RunTrial, other: RunTrial) -> list[str]:
    mine, yours = (
        {**_facts(trial.setting), "noise": noise_name(trial.noise), "seed": str(trial.seed)}
        for trial in (one, other)
    )
    differing = [name for name in mine if mine[name] != yours[name]]
    return [f"{name} ({mine[name]} and {yours[name]})" for name in differing]


def _facts(setting: Setting, eac: Approach | None = None) -> dict[str, str]:
    """By name, those that say most to a reader first."""
    named = asdict(setting)
    options = json.loads(named.pop("options"))
    if eac is not None:
        options |= json.loads(eac.options)
        defaults = defaults_of(EAC)  # an approach does not name a treatment at its default
        options |= {name: defaults[name] for name in TREATMENTS if name not in options}
    content = {"content": named.pop("content")[:12]}
    return {name: str(value) for name, value in (named | options | content).items()}


def _check(record: RunRecord) -> None:
    """Refuse a record that cannot be drawn."""
    trial = trial_of(record)
    accuracies([trial])
    if not trial.setting.content:
        raise KeyError("data.sha256")
    numbers = [epoch["epoch"] for epoch in record.epochs]
    if numbers != list(range(1, trial.setting.epochs + 1)):
        raise ValueError(f"{len(numbers)} of {trial.setting.epochs} epochs, or not in their order")
    for name in CURVES:
        curve(trial, name)


def _by_strength(pair: Pair) -> tuple[bool, LabelNoise]:
    return pair.noise.percent > 0, pair.noise
