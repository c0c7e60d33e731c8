"""The packages that this project needs: locked versions, licences, a bill of materials.

    python -m benchmarks.packages lock       # name==version of all that is installed for it
    python -m benchmarks.packages licences   # a Markdown table of their licences
    python -m benchmarks.packages sbom       # CycloneDX 1.5 as JSON

No output has a host name: where packages come from is the user's choice.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1]
NAME = "fer-core"


def main() -> None:
    """Print what the command line asks for."""
    kinds = {"lock": lock, "licences": licences, "sbom": sbom}
    if len(sys.argv) != 2 or sys.argv[1] not in kinds:
        sys.exit(f"usage: python -m benchmarks.packages {'|'.join(kinds)}")
    print(kinds[sys.argv[1]]())


def lock() -> str:
    """``name==version`` of every package that is installed for the project."""
    return "\n".join(f"{name}=={version}" for name, version, _ in installed())


def licences() -> str:
    """A table of the packages with the licence that each states."""
    rows = [f"| {name} | {version} | {licence} |" for name, version, licence in installed()]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows])


def sbom() -> str:
    """A bill of materials in the format of CycloneDX."""
    components = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "licenses": [{"license": {"name": licence}}],
        }
        for name, version, licence in installed()
    ]
    root = {"type": "application", "name": NAME, "version": metadata.version(NAME)}
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1}
    return json.dumps({**bill, "metadata": {"component": root}, "components": components}, indent=1)


def stated() -> Iterator[Requirement]:
    """The requirements of pyproject.toml: the library's, its extras', and the groups'."""
    content = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    groups: Iterable[list[Any]] = content["dependency-groups"].values()
    lines = [
        *content["project"]["dependencies"],
        *(line for lines in content["project"]["optional-dependencies"].values() for line in lines),
        *(line for group in groups for line in group if isinstance(line, str)),
    ]
    for requirement in map(Requirement, lines):
        if canonicalize_name(requirement.name) != NAME:
            yield requirement


def installed() -> list[tuple[str, str, str]]:
    """Name, version and licence of every package in the closure of what is stated, as installed."""
    waiting = [(canonicalize_name(one.name), frozenset(one.extras)) for one in stated()]
    seen: set[tuple[str, frozenset[str]]] = set()
    found: dict[str, tuple[str, str, str]] = {}
    while waiting:
        name, extras = key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # an extra that is not installed here
        found[name] = (name, package.version, licence_of(package.metadata))
        for line in package.requires or ():
            needed = Requirement(line)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))
    return [found[name] for name in sorted(found)]


def licence_of(about: Any) -> str:  # noqa: ANN401 - a message of importlib.metadata
    """The licence that a package states, in one line."""
    expression = about.get("License-Expression")
    if expression:
        return str(expression)
    classes = [line for line in about.get_all("Classifier") or () if line.startswith("License ::")]
    names = [line.rpartition("::")[2].strip() for line in classes]
    if names:
        return ", ".join(dict.fromkeys(names))
    first = re.split(r"[\r\n]", str(about.get("License") or "").strip())[0]
    return first[:80] or "not stated"


if __name__ == "__main__":
    main()
