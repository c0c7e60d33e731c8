"""The configuration of one training run: what is stored in its record and shown as its options.

The fields are in groups, one class each; a `RunConfig` is all of them, flat.
"""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, cast, get_origin, get_type_hints

from fer_core.config import checks
from fer_core.config.data import RATED_NOISE, DataOptions, NoiseKind, NoiseOptions, Targets
from fer_core.config.methods import METHODS, MethodOptions, find_method, option_names, owners
from fer_core.config.model import WEIGHTED, Balance, LossOptions, ModelOptions
from fer_core.config.renamed import current_names
from fer_core.config.training import (
    AugmentationOptions,
    OptimisationOptions,
    Precision,
    ScheduleName,
)

__all__ = [
    "RATED_NOISE",
    "Balance",
    "MethodOptions",
    "NoiseKind",
    "Precision",
    "RunConfig",
    "ScheduleName",
    "Targets",
    "defaults_of",
    "field_types",
    "flat_options",
    "from_json",
    "settled",
    "to_json",
    "unchecked",
    "without_folders",
]

# What None means, unless the method has a default of its own.
DEFAULTS = {"flip_probability": 0.5, "noise_rate": 0.0}
NO_OPTIONS = MethodOptions()
PATHS = ("images", "test")  # options of a table's address that are paths


@dataclass(frozen=True)
class RunConfig(
    OptimisationOptions,
    AugmentationOptions,
    LossOptions,
    ModelOptions,
    NoiseOptions,
    DataOptions,
):
    """All that decides the outcome of a run. Same config, same record (on CPU)."""

    method: str = "eac"
    """Training method (docs/methods.md), or the class of your own: pkg.module:Class or
    file.py:Class."""
    method_source: str = ""
    """File or module of your own method; taken from method."""
    options: MethodOptions = NO_OPTIONS
    """The method's own options; by default, its defaults."""

    def __post_init__(self) -> None:
        """Find the method, put its own value in place of None, and check every value.

        Raises:
            ValueError: naming the argument, its value and what is allowed.
        """
        self.need_rate()
        self._find_method()
        checks.kinds(self)
        checks.choices(self)
        self.check_data()
        self.check_noise()
        self.check_model()
        self.check_loss()
        self.check_augmentation()
        self.check_optimisation()
        self._check_together()
        self.options.check_run(self)

    def change(self, **values: Any) -> "RunConfig":  # noqa: ANN401 - of any field
        """The same run with other values, by their flat names: the method's own options as well.

        Raises:
            ValueError: for an unknown field or a value that is not allowed.
        """
        return from_json({**to_json(self), **values})

    def _find_method(self) -> None:
        spec = find_method(self.method, self.method_source)
        values: dict[str, Any] = {"method": spec.name}
        if not spec.bundled and not self.method_source:
            values["method_source"] = spec.source
        if type(self.options) is not spec.options:
            if self.options != type(self.options)():
                raise ValueError(
                    f"method {spec.name!r} takes options of class {spec.options.__name__}, got "
                    f"{self.options}"
                )
            values["options"] = spec.options()  # those of another method, as it has them: nothing
        defaults = {**DEFAULTS, **spec.defaults}
        values |= {n: value for n, value in defaults.items() if getattr(self, n) is None}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check_together(self) -> None:
        """Refuse what would be silently without effect, or without meaning, in this company."""
        if self.patience and not self.holdout:
            raise ValueError(
                f"patience {self.patience} has no effect without held-out images: set holdout, "
                "for example 0.1"
            )
        if self.select_by != "accuracy" and not self.holdout:
            raise ValueError(
                f"select_by {self.select_by!r} has no effect without held-out images: set holdout, "
                "for example 0.1"
            )
        if not METHODS[self.method].hard_labels:
            return
        for name, off in (
            ("mixup", 0.0),
            ("targets", "labels"),
            ("label_smoothing", 0.0),
        ):
            if getattr(self, name) != off:
                raise ValueError(
                    f"method {self.method!r} needs hard labels: {name} must be {off!r}, got "
                    f"{getattr(self, name)!r}"
                )
        if self.balance in WEIGHTED:
            raise ValueError(
                f"method {self.method!r} has a loss of its own: balance must be 'none' or "
                f"'sampling', got {self.balance!r}"
            )


def to_json(config: RunConfig) -> dict[str, Any]:
    """The configuration as plain JSON values: one flat object, the method's options among them."""
    values = dataclasses.asdict(config)
    own = values.pop("options")
    return {name: _plain(value) for name, value in {**values, **own}.items()}


def defaults_of(method: str) -> dict[str, Any]:
    """What a run of this method has where its record says nothing, as plain JSON values.

    Of a method that is not known here, its own options are missing.
    """
    values: dict[str, Any] = {
        field.name: field.default
        for field in dataclasses.fields(RunConfig)
        if field.name != "options"
    }
    values |= {"method": method, **DEFAULTS}
    if method in METHODS:
        values |= METHODS[method].defaults
        values |= dataclasses.asdict(METHODS[method].options())
    return {name: _plain(value) for name, value in values.items()}


def flat_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of a run that its record has as ``config``, as plain JSON values.

    One that its version did not have yet has its method's default. Options of other methods, which
    older records hold as well, are left out.
    """
    method = str(config["method"])
    own = option_names(method, config)
    others = {name for name in config if name not in own and owners(name)}
    return defaults_of(method) | {n: value for n, value in config.items() if n not in others}


def field_types(methods: Iterable[str] | None = None) -> dict[str, Any]:
    """Type of each field of the flat configuration.

    Args:
        methods: whose own options are among them; None: all that are known.
    """
    kinds: dict[str, Any] = {}
    for method in METHODS if methods is None else methods:
        kinds |= get_type_hints(METHODS[method].options)
    kinds |= get_type_hints(RunConfig)
    del kinds["options"]
    return kinds


def without_folders(config: RunConfig) -> RunConfig:
    """The configuration as it may be published: of every path only the last name is left.

    The name of a data set on the Hugging Face hub, ``hf:OWNER/NAME``, is not a path and stays.
    """
    kind, colon, rest = config.data.partition(":")
    text, query, options = rest.partition("?")
    path = PurePath(text)
    may_be_id = kind == "hf" and len(path.parts) == 2 and text[0] not in "/.~"
    if kind == "csv":
        options = "&".join(map(_without_folder, options.split("&")))
    data = f"{kind}{colon}{text if may_be_id else path.name}{query}{options}"
    names = {
        name: _last_name(value) if value else value
        for name in ("exclude", "noise_file", "confusions", "pretrained", "method_source")
        for value in (getattr(config, name),)
    }
    return dataclasses.replace(config, data=data, options=config.options.without_folders(), **names)


def _without_folder(option: str) -> str:
    """An option of a table's address; the value of one that is a path is its last name."""
    name, sign, value = option.partition("=")
    return f"{name}{sign}{_last_name(value)}" if name in PATHS and value else option


def settled(config: RunConfig, recorded: Mapping[str, Any]) -> RunConfig:
    """The configuration with what a run of it has decided: its precision, when that is ``auto``.

    Args:
        config: what is asked for.
        recorded: configuration of the run, from its record or checkpoint.
    """
    if config.precision != "auto":
        return config
    return dataclasses.replace(config, precision=recorded["precision"])


def _last_name(path: str) -> str:
    """The last name of a path; of RUN/model that of the run."""
    pure = PurePath(path)
    return pure.parent.name if pure.name == "model" and pure.parent.name else pure.name


def from_json(values: Mapping[str, Any]) -> RunConfig:
    """The configuration that `to_json` wrote; checked again.

    Options of methods other than its own are skipped: records of earlier versions hold those of
    every method, and recipes and plans set some for the methods that read them.

    Raises:
        ValueError: for an unknown field or a value that is not allowed.
    """
    run, options = _divided(values)
    return RunConfig(**run, options=options)


def unchecked(values: Mapping[str, Any]) -> RunConfig:
    """A configuration of which only the names and the method are checked, to be changed further.

    Raises:
        ValueError: for an unknown field, an unknown method, or an option of it that is not allowed.
    """
    run, options = _divided(values)
    config = object.__new__(RunConfig)
    for field in dataclasses.fields(RunConfig):
        object.__setattr__(config, field.name, run.get(field.name, field.default))
    object.__setattr__(config, "options", options)
    return config


def _divided(values: Mapping[str, Any]) -> tuple[dict[str, Any], MethodOptions]:
    """The fields of every run, and the method's own options."""
    values = current_names(values)
    spec = find_method(values.get("method", RunConfig.method), values.get("method_source") or "")
    shared = {field.name for field in dataclasses.fields(RunConfig)} - {"options"}
    own = set(option_names(spec.name))
    unknown = sorted(name for name in set(values) - shared - own if not owners(name))
    if unknown:
        near = difflib.get_close_matches(unknown[0], shared | own, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown configuration fields: {', '.join(unknown)}{hint}")
    run = {name: value for name, value in values.items() if name in shared}
    options = {name: value for name, value in values.items() if name in own}
    return _with_tuples(RunConfig, run), spec.options(**_with_tuples(spec.options, options))


def _plain(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def _with_tuples(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {
        name: tuple(cast("list[object]", value))
        if isinstance(value, list) and get_origin(hints[name]) is tuple
        else value
        for name, value in values.items()
    }
