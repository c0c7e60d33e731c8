"""What a run is a repetition of: its setting, its label noise and its approach.

Runs compare when they share the **setting**: the same evaluation images after the same effort, that
is data (name, classes and content), image size, epochs, backbone, starting weights and options.
What only one method reads (lambda of EAC, say) belongs to the **approach**, and so does a treatment
that may help against label noise by itself: an average of the weights, label smoothing, whether
the labelled view is ever flipped.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from fer_core.config import RATED_NOISE, defaults_of, flat_options
from fer_core.config.methods import option_names
from fer_core.records.run import RunRecord

# What an approach may do besides its method; the baseline has each at its default.
TREATMENTS = ("flip_probability", "pixel_noise", "ema_decay", "label_smoothing")
CONFUSIONS = "confusions"  # of asymmetric noise: part of the noise, so clean runs compare
CLEAN = "none"  # the kind of noise of a run without any
UNKNOWN, NO_NUMBER = "unknown", -1  # facts that nobody stated of an imported run
# Shared fields that do not change what a figure means, or that have a place of their own.
NOT_OPTIONS = {
    *("data", "image_size", "epochs", "noise", "noise_rate", "noise_file", "seed", "compile"),
    *("method", "method_source", "backbone", *TREATMENTS),
}
R = TypeVar("R")  # what a trial holds of its run


class LabelNoise(NamedTuple):
    """Label noise of a run: its kind and the share of noisy labels in percent."""

    kind: str
    percent: float


@dataclass(frozen=True, order=True)
class Setting:
    """What runs share that differ in their method or their noise alone.

    Attributes:
        data: name of the data set.
        content: hash of its images and labels.
        eval_split: name of the images that are predicted.
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

    @property
    def tested_on(self) -> tuple[str, str, str, int]:
        """The evaluation images: accuracies compare among runs that share them, and there alone."""
        return self.data, self.content, self.eval_split, self.classes

    @property
    def imported(self) -> str:
        """``suite NAME`` or ``run NAME``, within which an imported run compares; else empty."""
        kind, mark, name = self.content.partition(":")
        return f"{kind} {name}" if mark else ""


@dataclass(frozen=True, order=True)
class Approach:
    """A method and what sets it apart, as JSON: its own options, treatments off their default."""

    method: str
    options: str

    @property
    def treatments(self) -> dict[str, Any]:
        """The treatments that are not at their default."""
        return {k: v for k, v in json.loads(self.options).items() if k in TREATMENTS}


class Trial(NamedTuple, Generic[R]):
    """One run, and what it is a repetition of.

    Attributes:
        setting: what its figures depend on besides noise, approach and seed.
        noise: label noise of its training labels.
        approach: method, its own options and treatments.
        seed: of the run, or ``NO_NUMBER``.
        started: start time, ISO 8601 in UTC.
        finished: whether it has final figures.
        record: the run itself; a table of runs has its name here.
    """

    setting: Setting
    noise: LabelNoise
    approach: Approach
    seed: int
    started: str
    finished: bool
    record: R


RunTrial = Trial[RunRecord]


def shared_options(config: Mapping[str, Any]) -> str:
    """The options that a fair comparison holds fixed, as JSON with sorted names."""
    method = str(config["method"])
    options, defaults = flat_options(config), defaults_of(method)
    options |= {name: defaults[name] for name in (CONFUSIONS, *_unread(options))}
    apart = NOT_OPTIONS | {*option_names(method, config)}
    return json.dumps({k: v for k, v in sorted(options.items()) if k not in apart})


def _unread(options: Mapping[str, Any]) -> list[str]:
    """Shared options whose feature is switched off: runs that differ in them alone compare."""
    read = {"balance_beta": options["balance"] == "loss", "corruption_kinds": options["corruption"]}
    return [name for name, used in read.items() if not used]


def approach_of(config: Mapping[str, Any]) -> Approach:
    """The method of a run, its own options and its treatments."""
    options, method = flat_options(config), str(config["method"])
    defaults = defaults_of(method)
    own = {name: options[name] for name in option_names(method, config)}
    owned = (*TREATMENTS, *(("balance_beta",) if method == "eac_balanced" else ()))
    treated = {name: options[name] for name in owned if options[name] != defaults[name]}
    return Approach(method, json.dumps(own | treated))


def noise_of(record: RunRecord) -> LabelNoise:
    """The noise of a run; of one that failed before its labels were drawn, what it asked for."""
    noise = record.noise or _asked_noise(record.config)
    kind = str(noise["kind"] or UNKNOWN)
    if kind == "asymmetric" and (table := _own_confusions(record.config)):
        kind = f"{kind} ({table})"
    # Equal for the seeds of one experiment, so that they are averaged. Asymmetric noise spares the
    # classes without confusions; lists and people have no asked rate, and each seed draws raters.
    asked = kind == "symmetric" and noise["rate"] is not None
    rate = noise["rate"] if asked else noise["realised_rate"]
    percent = math.nan if rate is None else round(100 * float(rate), 0 if kind == "rater" else 1)
    return stated_noise(kind, percent)


def _own_confusions(config: Mapping[str, Any]) -> str:
    """The table of confusions of asymmetric noise; empty where it is the default one."""
    options = flat_options(config)
    table = str(options[CONFUSIONS])
    return "" if table == defaults_of(str(config["method"]))[CONFUSIONS] else table


def stated_noise(kind: str, percent: float) -> LabelNoise:
    """A noise that equals others of its kind and share: clean labels are all of one kind."""
    if math.isnan(percent):
        return LabelNoise(kind, math.nan)  # this very object, as nan equals no other
    return LabelNoise(kind if percent else CLEAN, percent)


def data_of(record: RunRecord) -> Mapping[str, Any]:
    """Facts of the data; of a run that failed before they were read, the name it asked for."""
    return record.data or {"name": re.split("[:?]", str(record.config["data"]))[0]}


def trial_of(record: RunRecord) -> RunTrial:
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
        options=shared_options(config | _weights_digest(record)),
    )
    return Trial(
        *(setting, noise_of(record), approach_of(config), int(config["seed"])),
        *(record.started, record.status == "finished", record),
    )


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
    return f"suite:{suite}" if suite else f"run:{record.name} {str(imported.get('sha256'))[:6]}"


def _weights_digest(record: RunRecord) -> dict[str, str]:
    digest = record.model.get("pretrained_sha256")
    return {"pretrained": f"sha256:{digest[:12]}"} if digest else {}


def _asked_noise(config: Mapping[str, Any]) -> Mapping[str, Any]:
    kind, rate = config["noise"], config["noise_rate"]
    known = kind in ("none", *RATED_NOISE)
    return {"kind": kind, "rate": rate, "realised_rate": rate if known else float("nan")}
