"""The Spacefile: the Hugging Face Spaces of this project, by name.

``run`` and ``env`` start a Space. All other keys are those of the Hub's configuration reference
(https://huggingface.co/docs/hub/spaces-config-reference). Mistakes that can be seen here are
reported before anything is written; the Hub checks the rest when a Space is pushed.
"""

import difflib
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from huggingface_hub import SpaceCardData, SpaceHardware

from demo_app.spaces.command import command_fault
from fer_core.errors import FerError

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
LONGEST_DESCRIPTION = 60  # characters
REQUIRED = ("title", "emoji", "colorFrom", "colorTo", "sdk", "license")
KEYS: dict[str, type] = {
    "run": str,
    "env": dict,
    **dict.fromkeys(REQUIRED, str),
    "sdk_version": str,
    "python_version": str,
    "app_file": str,
    "app_port": int,
    "short_description": str,
    "suggested_hardware": str,
    "tags": list,
}
CHOICES = {
    "colorFrom": COLOURS,
    "colorTo": COLOURS,
    "suggested_hardware": tuple(hardware.value for hardware in SpaceHardware),
}


class ManifestError(FerError, ValueError):
    """What is wrong in the Spacefile; the message names the Space and the key."""


class Kind(NamedTuple):
    """What a Space of the project must be.

    Attributes:
        sdk: of the Space.
        run: how its command begins; empty where there is none.
    """

    sdk: str
    run: tuple[str, ...] = ()


SPACES = {
    "demo": Kind("gradio", ("python", "-m", "demo_app")),
    "dashboard": Kind("docker", ("streamlit", "run")),
    "static": Kind("static"),
}


@dataclass(frozen=True)
class Space:
    """One Space of the Spacefile.

    Attributes:
        name: demo, dashboard or static.
        card: the metadata at the top of its README.md.
        run: words of the command that starts it.
        env: variables of its environment.
    """

    name: str
    card: SpaceCardData
    run: tuple[str, ...]
    env: dict[str, str]


def read_manifest(file: Path) -> dict[str, Space]:
    """Read and check a Spacefile.

    Returns:
        The Spaces by name: demo, dashboard and static.

    Raises:
        ManifestError: one sentence, with the Space and the key where something is wrong.
    """
    try:
        whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"cannot read {file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(whole, dict):
        raise ManifestError(f"{file} must be a mapping with the Spaces {', '.join(SPACES)}")
    for name in whole:
        if name not in SPACES:
            raise ManifestError(f"{file.name}: unknown Space {_nearest(name, SPACES)}")
    for name in SPACES:
        if not isinstance(whole.get(name), dict):
            raise ManifestError(f"{file.name}: the Space {name} must be a mapping with its keys")
    return {name: _space(name, kind, whole[name]) for name, kind in SPACES.items()}


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


def _space(name: str, kind: Kind, block: Mapping[str, Any]) -> Space:
    _check_keys(name, block)
    if block["sdk"] != kind.sdk:
        raise ManifestError(f"{name}: sdk must be {kind.sdk}, got {block['sdk']!r}")
    run = tuple(shlex.split(block.get("run", "")))
    if run[: len(kind.run)] != kind.run or bool(run) != bool(kind.run):
        begin = f"begin with {' '.join(kind.run)}" if kind.run else "be absent"
        raise ManifestError(f"{name}: run must {begin}, got {' '.join(run)!r}")
    fault = command_fault(run[len(kind.run) :]) if name == "demo" else None
    if fault:
        raise ManifestError(f"{name}: run: {fault}")
    port = option(run, "--server.port")
    if kind.sdk == "docker" and port != [str(block.get("app_port"))]:
        raise ManifestError(
            f"{name}: app_port must be the --server.port of run, got {block.get('app_port')} and "
            f"{' '.join(port) or 'none'}"
        )
    card = {key: value for key, value in block.items() if key not in ("run", "env")}
    return Space(name, SpaceCardData(**card), run, dict(block.get("env", {})))


def _check_keys(name: str, block: Mapping[str, Any]) -> None:
    for key, value in block.items():
        if key not in KEYS:
            raise ManifestError(f"{name}: unknown key {_nearest(key, KEYS)}")
        # Not isinstance alone: true is an int, and 3.1 in place of "3.10" is a number.
        if type(value) is not KEYS[key] or not value:
            raise ManifestError(
                f"{name}: {key} must be of type {KEYS[key].__name__}, got {value!r}"
            )
        if key in CHOICES and value not in CHOICES[key]:
            raise ManifestError(
                f"{name}: {key} must be one of {', '.join(CHOICES[key])}, got {value!r}"
            )
    for key in REQUIRED:
        if key not in block:
            raise ManifestError(f"{name}: {key} is missing")
    for variable, value in block.get("env", {}).items():
        if not (isinstance(variable, str) and variable.isidentifier() and isinstance(value, str)):
            raise ManifestError(f"{name}: env must be NAME: text, got {variable!r}: {value!r}")
    description = block.get("short_description", "")
    if len(description) > LONGEST_DESCRIPTION:
        raise ManifestError(
            f"{name}: short_description must have at most {LONGEST_DESCRIPTION} characters, "
            f"got {len(description)}"
        )


def _nearest(key: object, known: Collection[str]) -> str:
    """An unknown key with the nearest known one, and all."""
    near = difflib.get_close_matches(str(key), known, 1, 0.5)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{key}{hint}: allowed are {', '.join(known)}"
