"""The configuration of one training run: what is stored in its record and shown as its options.

The fields stand in groups, one class each; a `RunConfig` is all of them, flat.
"""

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from fer_core.config import checks
from fer_core.config.data import RATED_NOISE, DataOptions, NoiseKind, NoiseOptions, Targets
from fer_core.config.method import (
    METHOD_DEFAULTS,
    Balance,
    MethodName,
    MethodOptions,
    ModelOptions,
)
from fer_core.config.training import (
    AugmentationOptions,
    OptimisationOptions,
    Precision,
    ScheduleName,
)

__all__ = [
    "RATED_NOISE",
    "Balance",
    "MethodName",
    "NoiseKind",
    "Precision",
    "RunConfig",
    "ScheduleName",
    "Targets",
    "from_json",
    "to_json",
    "without_folders",
]

# Methods that choose among the given labels one by one, so that mixed or voted labels, and weights
# of classes, have no place in their equations.
HARD_LABEL_METHODS = ("gce", "scn", "rul", "co_teaching", "eac_balanced", "nla")


@dataclass(frozen=True)
class RunConfig(
    OptimisationOptions,
    AugmentationOptions,
    MethodOptions,
    ModelOptions,
    NoiseOptions,
    DataOptions,
):
    """All that decides the outcome of a run. Same config, same record (on CPU)."""

    def __post_init__(self) -> None:
        """Put the method's own value in place of None, and check every value.

        Raises:
            ValueError: naming the argument, its value and what is allowed.
        """
        for name, values in METHOD_DEFAULTS.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, values.get(self.method, values[""]))
        checks.kinds(self)
        checks.choices(self)
        self.check_data()
        self.check_noise()
        self.check_model()
        self.check_method()
        self.check_augmentation()
        self.check_optimisation()
        self._check_together()

    def _check_together(self) -> None:
        """Refuse what would be silently without effect, or without meaning, in this company."""
        if self.patience and not self.validation:
            raise ValueError(
                f"patience {self.patience} has no effect without held-out images: set validation, "
                "for example 0.1"
            )
        if self.method not in HARD_LABEL_METHODS:
            return
        for name, off in (
            ("mixup", 0.0),
            ("targets", "labels"),
            ("label_smoothing", 0.0),
        ):
            if getattr(self, name) != off:
                raise ValueError(
                    f"method {self.method!r} takes whole labels: {name} must be {off!r}, got "
                    f"{getattr(self, name)!r}"
                )
        if self.balance == "loss":
            raise ValueError(
                f"method {self.method!r} has a loss of its own: balance must be 'none' or "
                "'sampling', got 'loss'"
            )
        known = self.noise in ("none", *RATED_NOISE)
        if self.method == "co_teaching" and self.forget_rate is None and not known:
            raise ValueError(
                f"method 'co_teaching' cannot know what share of the labels noise {self.noise!r} "
                "changes: set forget_rate to about that share, for example 0.3"
            )


def to_json(config: RunConfig) -> dict[str, Any]:
    """The configuration as plain JSON values."""
    values = dataclasses.asdict(config)
    pairs = {"erase_scale": list(config.erase_scale), "erase_ratio": list(config.erase_ratio)}
    return values | pairs


def without_folders(config: RunConfig) -> RunConfig:
    """The configuration as it may be published: of every path only the last name is left.

    The name of a data set on the Hugging Face hub, ``hf:OWNER/NAME``, is no path and stays.
    """
    kind, colon, rest = config.data.partition(":")
    text, query, options = rest.partition("?")
    path = PurePath(text)
    may_be_id = kind == "hf" and len(path.parts) == 2 and text[0] not in "/.~"
    data = f"{kind}{colon}{text if may_be_id else path.name}{query}{options}"
    names = {
        name: PurePath(value).name if value else value
        for name in ("leave_out", "noise_file", "confusions", "pretrained")
        for value in (getattr(config, name),)
    }
    return dataclasses.replace(config, data=data, **names)


def from_json(values: Mapping[str, Any]) -> RunConfig:
    """The configuration that `to_json` wrote; checked again.

    Raises:
        ValueError: for an unknown field or a value that is not allowed.
    """
    known = {field.name for field in dataclasses.fields(RunConfig)}
    unknown = sorted(set(values) - known)
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown configuration fields: {', '.join(unknown)}{hint}")
    pairs: dict[str, Any] = {
        name: tuple(values[name])
        for name in ("erase_scale", "erase_ratio")
        if isinstance(values.get(name), list)
    }
    return RunConfig(**{**values, **pairs})
