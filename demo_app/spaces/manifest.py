"""The Spacefile: a manifest of Deta Space v0 from which the Hugging Face Spaces are made.

Its keys are those of the published schema of the format; keys that begin with ``x-`` are left to
others by convention, and hold the front matter of the Spaces here.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from demo_app.spaces.card_metadata import (
    Check,
    ManifestError,
    check_front_matter,
    flag,
    number,
    one_of,
    text,
    texts,
    unknown,
)

LONGEST_NAME = 12  # characters of app_name
ENGINES = (
    *("static", "react", "svelte", "vue", "next", "nuxt", "svelte-kit"),
    *("python3.9", "python3.8", "nodejs16", "custom"),
)
SERVING = ("static", "react", "vue", "svelte")  # engines that name a folder to serve
FRONT_MATTER = "x-huggingface"
STATIC = "x-huggingface-static"


class Kind(NamedTuple):
    """Where the front matter of a Space stands, and what it must be.

    Attributes:
        micro: name of the micro.
        key: of the micro's block.
        sdk: of the Space.
        run: how the micro's command begins.
    """

    micro: str
    key: str
    sdk: str
    run: tuple[str, ...]


SPACES = {
    "demo": Kind("demo", FRONT_MATTER, "gradio", ("python", "-m", "demo_app")),
    "dashboard": Kind("dashboard", FRONT_MATTER, "docker", ("streamlit", "run")),
    "static": Kind("demo", STATIC, "static", ("python", "-m", "demo_app")),
}


class Space(NamedTuple):
    """One Space of the manifest.

    Attributes:
        name: demo, dashboard or static.
        front_matter: of its README.md.
        run: words of the command that starts the micro.
        environment: variables that the micro starts with.
    """

    name: str
    front_matter: dict[str, Any]
    run: tuple[str, ...]
    environment: dict[str, str]


def read_manifest(file: Path) -> dict[str, Space]:
    """Read and check a Spacefile.

    Returns:
        The Spaces by name: demo, dashboard and static.

    Raises:
        ManifestError: one sentence, with the micro and the key where something is wrong.
    """
    try:
        whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"cannot read {file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(whole, dict):
        raise ManifestError(f"{file} must be a mapping with v, app_name and micros")
    _check(whole, MANIFEST, ("v", "micros"), file.name)
    micros = {micro["name"]: micro for micro in map(_check_micro, whole["micros"])}
    wanted = {kind.micro for kind in SPACES.values()}
    if set(micros) != wanted or len(whole["micros"]) != len(wanted):
        names = ", ".join(str(micro["name"]) for micro in whole["micros"])
        raise ManifestError(
            f"{file.name}: micros must be {' and '.join(sorted(wanted))}, each once, got {names}"
        )
    if sum(micro.get("primary", False) for micro in micros.values()) != 1:
        raise ManifestError(f"{file.name}: exactly one micro must have primary: true")
    return {name: _space(name, kind, micros[kind.micro]) for name, kind in SPACES.items()}


def option(run: Sequence[str], name: str) -> list[str]:
    """The words that follow an option of a command, up to the next option."""
    if name not in run:
        return []
    values: list[str] = []
    for word in run[run.index(name) + 1 :]:
        if word.startswith("-"):
            break
        values.append(word)
    return values


def _space(name: str, kind: Kind, micro: Mapping[str, Any]) -> Space:
    where = f"micro {kind.micro}: {kind.key}"
    block = micro.get(kind.key)
    if not isinstance(block, dict):
        raise ManifestError(f"{where} is missing: the front matter of the Space {name}")
    check_front_matter(block, where)
    if block["sdk"] != kind.sdk:
        raise ManifestError(f"{where}: sdk must be {kind.sdk}, got {block['sdk']!r}")
    run = tuple(shlex.split(micro.get("run", "")))
    if run[: len(kind.run)] != kind.run:
        begin = " ".join(kind.run)
        raise ManifestError(f"micro {kind.micro}: run must begin with {begin}, got {' '.join(run)}")
    port = option(run, "--server.port")
    if kind.sdk == "docker" and port != [str(block.get("app_port", 7860))]:
        raise ManifestError(
            f"{where}: app_port must be the --server.port of run, got "
            f"{block.get('app_port', 7860)} and {' '.join(port) or 'none'}"
        )
    variables = micro.get("presets", {}).get("env", [])
    environment = {one["name"]: one["default"] for one in variables if "default" in one}
    return Space(name, dict(block), run, environment)


def _check_micro(micro: object) -> dict[str, Any]:
    if not isinstance(micro, dict):
        raise ManifestError(f"a micro must be a mapping with name, src and engine, got {micro!r}")
    where = f"micro {micro.get('name', '(without a name)')}"
    _check(micro, MICRO, ("name", "src", "engine"), where)
    if ("serve" in micro) != (micro["engine"] in SERVING):
        raise ManifestError(f"{where}: serve is for the engines {', '.join(SERVING)}, and needed")
    presets = micro.get("presets", {})
    _check(presets, PRESETS, (), f"{where}: presets")
    for variable in presets.get("env", []):
        _check(variable, VARIABLE, ("name",), f"{where}: presets: env")
    return micro


def _check(
    mapping: Mapping[str, object], keys: Mapping[str, Check], needed: tuple[str, ...], where: str
) -> None:
    for key in mapping:
        if key not in keys and not str(key).startswith("x-"):
            raise ManifestError(f"{where}: {unknown(key, keys)}")
    for key in needed:
        if key not in mapping:
            raise ManifestError(f"{where}: {key} is missing: {keys[key](None)}")
    for key, value in mapping.items():
        if key in keys and (wanted := keys[key](value)):
            raise ManifestError(f"{where}: {key} must be {wanted}, got {value!r}")


def _mappings(value: object) -> str:
    fits = isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    return "" if fits else "a list of mappings"


def _mapping(value: object) -> str:
    return "" if isinstance(value, dict) else "a mapping"


MANIFEST: dict[str, Check] = {
    "v": number(0, 0),
    "icon": text("the path of an image"),
    "app_name": text(f"a text of at most {LONGEST_NAME} characters", rf".{{1,{LONGEST_NAME}}}"),
    "micros": _mappings,
}
MICRO: dict[str, Check] = {
    "name": text("a word of letters, digits, '_' and '-'", r"[A-Za-z0-9][A-Za-z0-9_-]*"),
    "src": text("a folder"),
    "engine": one_of(ENGINES),
    "primary": flag,
    "path": text("a path below the app's address"),
    "serve": text("a folder"),
    "commands": texts(),
    "include": texts(),
    "run": text("a command"),
    "dev": text("a command"),
    "presets": _mapping,
    "public": flag,
    "public_routes": texts(),
    "actions": _mappings,
}
PRESETS: dict[str, Check] = {"env": _mappings, "api_keys": flag}
VARIABLE: dict[str, Check] = {
    "name": text("the name of a variable", r"[A-Za-z_][A-Za-z0-9_]*"),
    "description": text(),
    "default": text(),
}
