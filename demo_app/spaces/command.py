"""The command that starts the demo's Space, checked before a Space is made of it."""

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

import tyro

from demo_app.__main__ import DemoOptions
from fer_core.hub.download import BUNDLED_NAMES, HUB_PREFIX, is_hub_id
from fer_core.weights import FOLDER


def command_fault(words: Sequence[str]) -> str | None:
    """What is wrong with the words behind ``python -m demo_app``; None when nothing is.

    Args:
        words: options of the demo.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            options = tyro.cli(DemoOptions, args=words, prog="python -m demo_app")
    except SystemExit:
        return f"python -m demo_app does not take {' '.join(words)!r}: see its --help"
    for model in options.model:
        if not _is_in_a_space(model):
            return (
                f"--model {model} is not a model that a Space has: publish it (fer-core publish) "
                "and name USER/NAME"
            )
    return None


def _is_in_a_space(model: str) -> bool:
    """Whether a model comes with the Space, or from the Hub."""
    if model in BUNDLED_NAMES or model.startswith(HUB_PREFIX):
        return True
    path = Path(model)
    if path.exists():  # a folder wins over a name on the Hub, but only here
        return path.resolve().is_relative_to(FOLDER)
    return is_hub_id(model)
