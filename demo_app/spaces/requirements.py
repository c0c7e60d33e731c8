"""What a Space installs, from the project's own list of dependencies."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PROJECT = "fer-core"
# Whatever matching pair the registry has: each release of the second works with one of the first.
UNPINNED = ("torch", "torchvision")
# What trains models, or needs PyTorch: the dashboard starts without.
HEAVY = ("torch", "torchvision", "timm", "accelerate", "safetensors", "facenet-pytorch")


def read_requirements(
    project: Path,
    extras: Collection[str] = (),
    groups: Collection[str] = (),
    without: Collection[str] = (),
) -> list[str]:
    """The lines of a requirements.txt: the project's dependencies with some extras and groups.

    Args:
        project: the ``pyproject.toml``.
        extras: names of its optional dependencies; those that they name in turn come along.
        groups: names of its dependency groups (PEP 735), which hold what an app needs.
        without: packages to leave out.

    Raises:
        ValueError: when there is no such extra or group.
    """
    content = tomllib.loads(project.read_text(encoding="utf-8"))
    described, known = content["project"], content.get("dependency-groups", {})
    optional: dict[str, list[str]] = described["optional-dependencies"]
    waiting, taken = list(extras), set[str]()
    merged: dict[str, Requirement] = {}
    lines = list(described["dependencies"])
    for group in groups:
        lines += _group(project, known, group)
    while lines or waiting:
        if not lines:
            extra = waiting.pop(0)
            if extra not in optional:
                raise ValueError(f"{project.name} has no extra {extra}: {', '.join(optional)}")
            lines = [] if extra in taken else list(optional[extra])
            taken.add(extra)
            continue
        requirement = Requirement(lines.pop(0))
        name = canonicalize_name(requirement.name)
        if name == PROJECT:
            waiting.extend(sorted(requirement.extras))
        elif name in merged:
            merged[name].specifier &= requirement.specifier
            merged[name].extras |= requirement.extras
        elif name not in without:
            merged[name] = requirement
    for name in UNPINNED:
        if name in merged:
            merged[name].specifier = SpecifierSet()
    return [str(requirement) for requirement in merged.values()]


def _group(project: Path, known: Mapping[str, Sequence[Any]], name: str) -> list[str]:
    """The requirements of a dependency group, with those of the groups that it includes."""
    if name not in known:
        raise ValueError(f"{project.name} has no dependency group {name}: {', '.join(known)}")
    lines: list[str] = []
    for entry in known[name]:
        if isinstance(entry, str):
            lines.append(entry)
        else:
            lines += _group(project, known, entry["include-group"])
    return lines


def check_python(project: Path, version: str) -> None:
    """See that the project runs on a version of Python.

    Raises:
        ValueError: when its ``requires-python`` leaves the version out.
    """
    allowed = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["requires-python"]
    if version not in SpecifierSet(allowed):
        raise ValueError(f"python_version must be {allowed} ({project.name}), got {version}")
