"""What the records of many runs say together: which may be compared, means over seeds, differences.

Two runs may be compared when they predict the same evaluation images after the same effort: same
data (name, classes and content), image size, epochs, backbone, starting weights and options. What
only one method reads (lambda of EAC, say) is no part of that, nor is a treatment that may stand
against label noise by itself (an average of the weights, label smoothing, whether the labelled view
is ever mirrored): these belong to the approach, and every approach is paired with the baseline.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fer_core.config import RATED_NOISE, defaults_of, flat_options
from fer_core.config.methods import option_names
from fer_core.records.run import RunRecord

LEVEL = 0.95  # of every interval
PLAIN, EAC = "cross_entropy", "eac"
DATA_NAMES = {
    "rafdb": "RAF-DB",
    "ferplus": "FERPlus",
    "fer2013": "FER2013",
    "affectnet": "AffectNet",
    "synthetic": "synthetic faces",
}
# What an approach may do beside its method; the baseline has each at its default.
TREATMENTS = ("flip_probability", "pixel_noise", "ema_decay", "label_smoothing")
UNKNOWN, NO_NUMBER = "unknown", -1  # facts that nobody stated of an imported run
# Shared fields that do not change what a figure means, or that have a place of their own.
NOT_OPTIONS = {
    *("data", "image_size", "epochs", "noise", "noise_rate", "noise_file", "seed", "compile"),
    *("method", "method_source", "backbone", *TREATMENTS),
}


class Interval(NamedTuple):
    """Mean of n values and half the width of its 95 % interval (nan for a single value).

    Attributes:
        mean: of the values.
        half: half the width of the interval of Student's t.
        n: number of values.
        deviation: sample standard deviation (nan for a single value).
    """

    mean: float
    half: float
    n: int
    deviation: float


class Noise(NamedTuple):
    """Label noise of a run: its kind and the share of noisy labels in percent."""

    kind: str
    percent: float


@dataclass(frozen=True, order=True)
class Setting:
    """What runs share that differ in their method or their noise alone.

    Attributes:
        data: name of the data set.
        content: hash of its pictures and labels.
        eval_split: name of the images that are answered.
        classes: number of classes.
        image_size: side of the input in pixels.
        epochs: of the whole run.
        backbone: timm name.
        options: all other options that every method reads, as JSON; of a file of starting weights
            its digest where the record has one, whatever the file is called.

    Of an imported run, ``content`` names its suite or the run itself, and facts that nobody stated
    are ``UNKNOWN`` or ``NO_NUMBER``.
    """

    data: str
    content: str
    eval_split: str
    classes: int
    image_size: int
    epochs: int
    backbone: str
    options: str


@dataclass(frozen=True, order=True)
class Approach:
    """A method and what sets it apart, as JSON: its own options, treatments off their default."""

    method: str
    options: str

    @property
    def treatments(self) -> dict[str, Any]:
        """The treatments that are not at their default."""
        return {k: v for k, v in json.loads(self.options).items() if k in TREATMENTS}


class Trial(NamedTuple):
    """One finished run, and what it is a repetition of."""

    setting: Setting
    noise: Noise
    approach: Approach
    seed: int
    record: RunRecord


class Group(NamedTuple):
    """The seeds of one approach in one setting under one noise, by their seed."""

    setting: Setting
    noise: Noise
    approach: Approach
    trials: tuple[Trial, ...]

    def over_seeds(self, figure: str) -> Interval:
        """Mean over the seeds of a final figure of the records (``result``), in percent."""
        return mean_interval([100 * float(t.record.result[figure]) for t in self.trials])

    def last_epoch(self, figure: str) -> Interval | None:
        """Mean over the seeds of a figure of the last epoch, in percent; None where it has none."""
        values = [trial.record.epochs[-1].get(figure) for trial in self.trials]
        known = [100 * float(value) for value in values if value is not None]
        return mean_interval(known) if len(known) == len(values) else None


def mean_interval(values: Sequence[float] | np.ndarray) -> Interval:
    """Mean with the 95 % interval of Student's t; one value has a mean but no interval.

    Raises:
        ValueError: when there are no values.
    """
    sample = np.asarray(values, dtype=float)
    n = len(sample)
    if n == 0:
        raise ValueError("the mean of no values is undefined")
    if n == 1:
        return Interval(float(sample[0]), float("nan"), 1, float("nan"))
    deviation = float(sample.std(ddof=1))
    from scipy.special import stdtrit  # slow to import, and only tables need it

    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * deviation / n**0.5
    return Interval(float(sample.mean()), half, n, deviation)


def all_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of a run; one that its version did not have yet has its method's default."""
    return flat_options(config)


def shared_options(config: Mapping[str, Any]) -> str:
    """The options that a fair comparison holds fixed, as JSON with sorted names."""
    apart = NOT_OPTIONS | {*option_names(str(config["method"]), config)}
    options = all_options(config)
    return json.dumps({k: v for k, v in sorted(options.items()) if k not in apart})


def approach_of(config: Mapping[str, Any]) -> Approach:
    """The method of a run, its own options and its treatments."""
    options, method = all_options(config), str(config["method"])
    defaults = defaults_of(method)
    own = {name: options[name] for name in option_names(method, config)}
    treated = {name: options[name] for name in TREATMENTS if options[name] != defaults[name]}
    return Approach(method, json.dumps(own | treated))


def noise_of(record: RunRecord) -> Noise:
    """The noise of a run; of one that failed before its labels were drawn, what it asked for."""
    noise = record.noise or _asked_noise(record.config)
    # Equal for the seeds of one experiment, so that they are averaged. Asymmetric noise spares the
    # classes without confusions; lists and people have no asked rate, and each seed draws raters.
    if noise["kind"] == "symmetric" and noise["rate"] is not None:
        return Noise("symmetric", round(100 * float(noise["rate"]), 1))
    if noise["realised_rate"] is None:
        return Noise(str(noise["kind"] or UNKNOWN), math.nan)
    digits = 0 if noise["kind"] == "rater" else 1
    return Noise(str(noise["kind"]), round(100 * float(noise["realised_rate"]), digits))


def data_of(record: RunRecord) -> Mapping[str, Any]:
    """Facts of the data; of a run that failed before they were read, the name it asked for."""
    return record.data or {"name": re.split("[:?]", str(record.config["data"]))[0]}


def trial_of(record: RunRecord) -> Trial:
    """A run as a repetition of its setting, noise and approach."""
    config, data = record.config, data_of(record)
    if record.imported is not None:
        config = _stated(config)
    setting = Setting(
        data=str(data["name"] or UNKNOWN),
        content=_content(record, data),
        eval_split=str(data.get("eval_split") or ""),
        classes=len(record.classes),
        image_size=int(config["image_size"]),
        epochs=int(config["epochs"]),
        backbone=str(config["backbone"]),
        options=shared_options(config | _weights(record)),
    )
    return Trial(setting, noise_of(record), approach_of(config), int(config["seed"]), record)


def _stated(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of an imported run with a mark in place of facts that nobody stated."""
    marks = {
        **{"method": UNKNOWN, "backbone": UNKNOWN},
        **{"image_size": NO_NUMBER, "seed": NO_NUMBER},
    }
    absent = {name: mark for name, mark in marks.items() if config[name] is None}
    return {**config, **absent}


def _content(record: RunRecord, data: Mapping[str, Any]) -> str:
    """Hash of the images and labels; an imported run shares it with its suite at most.

    Nobody has seen the images of an imported run, so it is never equal to a run of this program.
    """
    imported = record.imported
    if imported is None:
        return str(data.get("sha256", ""))
    suite = imported.get("suite")
    return (
        f"suite:{suite}" if suite else f"imported:{record.name} {str(imported.get('sha256'))[:6]}"
    )


def group_runs(records: Iterable[RunRecord]) -> list[Group]:
    """The finished runs by setting, noise and approach, in that order.

    Of runs that repeat the same seed only the latest counts, so that a copy is no evidence.
    """
    trials = [trial_of(record) for record in records if record.status == "finished"]
    trials.sort(key=lambda trial: (*trial[:4], trial.record.started))
    latest = {trial[:4]: trial for trial in trials}
    keys = list(dict.fromkeys(key[:3] for key in latest))
    return [
        Group(*key, tuple(trial for trial in latest.values() if trial[:3] == key)) for key in keys
    ]


def paired_gap(one: Group, other: Group, figure: str = "accuracy_last5") -> Interval | None:
    """Mean of ``one`` minus ``other`` over the seeds that both have, in points.

    Args:
        one: a group.
        other: a group of the same setting.
        figure: a final figure of the records.

    Returns:
        The difference with its paired interval; None when no seed is in both.
    """
    ours, theirs = (
        [float(trial.record.result[figure]) for trial in group.trials]
        for group in with_shared_seeds(one, other)
    )
    gaps = [100 * (first - second) for first, second in zip(ours, theirs, strict=True)]
    return mean_interval(gaps) if gaps else None


def pair_with_baseline(groups: Sequence[Group]) -> list[tuple[Group, Group]]:
    """Every approach beside the cross-entropy baseline of its setting and noise, over shared seeds.

    The baseline is the cross-entropy group with the fewest treatments; the others, with an average
    of the weights for example, are approaches like any method.

    Returns:
        (baseline, other) for each group whose baseline has at least one of its seeds.
    """
    return _pair(groups, groups, shared=())


def pair_with_plain(groups: Sequence[Group]) -> list[tuple[Group, Group]]:
    """Baseline and EAC that differ in what makes an EAC alone: its options and its views.

    An average of the weights or label smoothing must be on both sides, or on neither.
    """
    others = [group for group in groups if group.approach.method == EAC]
    return _pair(groups, others, shared=("ema_decay", "label_smoothing"))


def _pair(
    groups: Sequence[Group], others: Sequence[Group], shared: Sequence[str]
) -> list[tuple[Group, Group]]:
    """The others beside the baselines among the groups, which share the named treatments."""

    def key(group: Group) -> tuple[Any, ...]:
        treatments = group.approach.treatments
        return (*group[:2], *(treatments.get(name) for name in shared))

    plain = [group for group in groups if group.approach.method == PLAIN]
    plain.sort(key=lambda group: len(group.approach.treatments), reverse=True)
    baselines = {key(group): group for group in plain}  # the last one of a key is kept
    pairs = [
        with_shared_seeds(baselines[key(group)], group)
        for group in others
        if key(group) in baselines and group is not baselines[key(group)]
    ]
    return [pair for pair in pairs if pair[0].trials]


def with_shared_seeds(one: Group, other: Group) -> tuple[Group, Group]:
    """Both groups with the seeds alone that both have, in order; perhaps none."""
    shared = {t.seed for t in one.trials} & {t.seed for t in other.trials}
    first, second = (
        group._replace(trials=tuple(trial for trial in group.trials if trial.seed in shared))
        for group in (one, other)
    )
    return first, second


def _weights(record: RunRecord) -> dict[str, str]:
    digest = record.model.get("pretrained_sha256")
    return {"pretrained": f"sha256:{digest[:12]}"} if digest else {}


def _asked_noise(config: Mapping[str, Any]) -> Mapping[str, Any]:
    kind, rate = config["noise"], config["noise_rate"]
    known = kind in ("none", *RATED_NOISE)
    return {"kind": kind, "rate": rate, "realised_rate": rate if known else float("nan")}
