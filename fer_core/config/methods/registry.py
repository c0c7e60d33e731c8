"""The registry of training methods; no torch is needed to ask it.

A method registers itself when the file of its class is imported (`register_method`); the bundled
ones are declared in this package, so that options, titles and papers are at hand before that.
"""

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from fer_core.config.data import DataOptions, NoiseOptions
from fer_core.config.methods.sources import import_class, is_method, module_of_package, source_of
from fer_core.config.methods.spec import MethodOptions, MethodSpec, Paper
from fer_core.config.model import LossOptions, ModelOptions
from fer_core.config.training import AugmentationOptions, OptimisationOptions

__all__ = ["METHODS", "MethodOptions", "MethodSpec", "Paper", "find_method", "register_method"]

METHODS: dict[str, MethodSpec] = {}
C = TypeVar("C", bound=type)

_GROUPS = (
    DataOptions,
    NoiseOptions,
    ModelOptions,
    LossOptions,
    AugmentationOptions,
    OptimisationOptions,
)
_SHARED = {field.name: field for group in _GROUPS for field in dataclasses.fields(group)}
_TAKEN = {*_SHARED, "method", "method_source", "options"}


def register_method(
    name: str,
    *,
    options: type[MethodOptions] = MethodOptions,
    title: str = "",
    paper: Paper | None = None,
    colour: str | tuple[str, ...] = (),
    hard_labels: bool = False,
    defaults: Mapping[str, Any] | None = None,
    least_images: int = 1,
) -> Callable[[C], C]:
    """Make a subclass of `fer_core.methods.Method` a method that runs can name.

    Args:
        name: as in ``--method``: letters, digits and underscores.
        options: class of its own options, a frozen dataclass derived from `MethodOptions`.
        title: as pages show it; by default the name.
        paper: where it comes from.
        colour: of its lines in charts, or several; by default of a palette.
        hard_labels: see `MethodSpec`.
        defaults: its own values of shared fields that are None by default (flip_probability).
        least_images: that it needs in one step.

    Raises:
        ValueError: for a name or an option that is taken, or options without defaults.
    """
    spec = MethodSpec(
        name,
        "",
        title or name,
        options,
        paper,
        (colour,) if isinstance(colour, str) else colour,
        hard_labels,
        dict(defaults or {}),
        least_images,
    )

    def enter(kind: C) -> C:
        add(dataclasses.replace(spec, source=source_of(kind), kind=kind))
        return kind

    return enter


def add(spec: MethodSpec) -> None:
    """Enter a method, once: of a class that is imported again, the latest is kept.

    Raises:
        ValueError: as `register_method`.
    """
    if not spec.name.isidentifier():
        raise ValueError(
            f"a method's name must be letters, digits and underscores, got {spec.name!r}"
        )
    known = METHODS.get(spec.name)
    if known and known.source != spec.source:
        raise ValueError(
            f"method {spec.name!r} is taken by {known.source}: give {spec.source} another name"
        )
    fields = dataclasses.fields(spec.options)
    for field in fields:
        if field.name in _TAKEN:
            raise ValueError(
                f"method {spec.name!r}: {field.name} is an option of every run, read it from the "
                "config or take another name"
            )
        if (field.default, field.default_factory) == (dataclasses.MISSING,) * 2:
            raise ValueError(f"method {spec.name!r}: option {field.name} needs a default")
    for name in spec.defaults:
        if name not in _SHARED or _SHARED[name].default is not None:
            can = ", ".join(name for name, field in _SHARED.items() if field.default is None)
            raise ValueError(
                f"method {spec.name!r}: defaults may set what is None in other runs ({can}), got "
                f"{name}"
            )
    METHODS[spec.name] = spec


def find_method(method: object, source: str = "") -> MethodSpec:
    """The method of a name, or of a class, which is imported where it is not known yet.

    Args:
        method: a name, or where the class is: ``pkg.module:Class`` or ``file.py:Class``.
        source: of the class, when ``method`` is its name.

    Raises:
        ValueError: for a method that is not known, or a class that cannot be imported.
    """
    if isinstance(method, str) and ":" in method:
        return _imported(method)
    if method not in METHODS and source:
        spec = _imported(source)
        if spec.name != method:
            raise ValueError(f"{source} is method {spec.name!r}, got method {method!r}")
    if isinstance(method, str) and method not in METHODS:
        module_of_package(method)
    if method in METHODS:
        return METHODS[str(method)]
    near = difflib.get_close_matches(str(method), METHODS, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"method must be one of {', '.join(METHODS)}, or the class of your own as "
        f"pkg.module:Class or file.py:Class, got {method!r}{hint}"
    )


def option_names(method: str, config: Iterable[str] = ()) -> tuple[str, ...]:
    """The options that a method alone reads.

    Args:
        method: its name; it need not be known here.
        config: fields of the flat configuration of one of its runs. Of a method that is not known
            those are its options which are no run's.
    """
    if method in METHODS:
        return tuple(field.name for field in dataclasses.fields(METHODS[method].options))
    return tuple(name for name in config if name not in _TAKEN)


def owners(option: str) -> list[str]:
    """The methods that have an option of this name."""
    return [name for name in METHODS if option in option_names(name)]


def method_title(method: str) -> str:
    """A method as pages and figures show it; one that is not known keeps its name."""
    return METHODS[method].title if method in METHODS else method


def paper_of(method: str) -> Paper | None:
    """Where a method comes from; None for one without paper, or one that is not known here."""
    return METHODS[method].paper if method in METHODS else None


def _imported(source: str) -> MethodSpec:
    """The method of a class: as it registers itself, or under the class's own name."""
    kind = import_class(source)
    here = source_of(kind)
    for spec in METHODS.values():
        if spec.source == here:
            return spec
    if not is_method(kind):
        raise ValueError(f"{source} is not a subclass of fer_core.methods.Method")
    bases = {source_of(base) for base in kind.__mro__[1:]}
    like = next((spec for spec in METHODS.values() if spec.source in bases), None)
    name = kind.__name__
    spec = MethodSpec(name, here, name, kind=kind)
    if like:  # what it inherits reads the options of its base
        apart = {"paper": None, "colours": (), "kind": kind}
        spec = dataclasses.replace(like, name=name, source=here, title=name, **apart)
    add(spec)
    return spec
