"""The texts by language: ``en.toml`` and ``vi.toml`` beside this module, with the same keys."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from demo_app.language.choice import DEFAULT, LANGUAGES, current_language

__all__ = ["DEFAULT", "LANGUAGES", "catalogue", "say", "say_count"]


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of a language by key; a key is the name of its table, a dot, and its own.

    Args:
        language: one of `LANGUAGES`.
    """
    path = Path(__file__).with_name(f"{language}.toml")
    tables: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        f"{table}.{name}": text.strip()
        for table, texts in tables.items()
        for name, text in texts.items()
    }


def say(key: str, **values: Any) -> str:  # noqa: ANN401 - whatever a text shows
    """A text in the visitor's language.

    Args:
        key: of the text.
        values: for the names in braces in it; without any, braces stay as they are.

    Raises:
        KeyError: when there is no such text.
    """
    text = catalogue(current_language())[key]
    return text.format(**values) if values else text


def say_count(key: str, count: int, **values: Any) -> str:  # noqa: ANN401 - see `say`
    """A text about a number of things: ``KEY_one`` for one of them, else ``KEY_many``.

    For none of them it is ``KEY_none``, where there is such a text.
    """
    form = "one" if count == 1 else "many"
    if count == 0 and f"{key}_none" in catalogue(current_language()):
        form = "none"
    return say(f"{key}_{form}", count=count, **values)
