"""Texts of the page's layout, which is built once for all visitors and translated for each.

What `fixed` and `fixed_text` give is English, and remembered with how it is said. `translated`
replaces it in the description of the page that a visitor's browser gets.
"""

from collections.abc import Callable
from typing import Any

from demo_app.language.catalogue import say
from demo_app.language.choice import DEFAULT, speaking

# What Gradio shows of a component; never a value that goes back to the server as it is.
SHOWN = frozenset(("label", "info", "placeholder", "alt_text", "value", "headers", "title"))
_FIXED: dict[str, Callable[[], str]] = {}


def fixed(key: str, **values: Any) -> str:  # noqa: ANN401 - whatever a text shows
    """A text of the layout, see `say`."""
    return fixed_text(lambda: say(key, **values))


def fixed_text(render: Callable[[], str]) -> str:
    """A text of the layout that is put together of others.

    Args:
        render: gives it in the language of the moment.
    """
    with speaking(DEFAULT):
        text = render()
    _FIXED[text] = render
    return text


def translated(value: Any, language: str) -> Any:  # noqa: ANN401 - JSON
    """A copy of a page's description in another language.

    Args:
        value: as `gradio.Blocks.config`, in English.
        language: one of `demo_app.language.LANGUAGES`.
    """
    with speaking(language):
        return _walk(value)


def _walk(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {
            name: _part(name, inner, chosen="choices" in value) for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_walk(inner) for inner in value]
    return value


def _part(name: str, value: Any, *, chosen: bool) -> Any:  # noqa: ANN401
    """One entry of a component; what is chosen among several goes back to the server as it is."""
    if name == "choices":
        return _choices(value)
    if name in SHOWN and not (chosen and name == "value"):
        return _shown(value)
    return value if name == "value" else _walk(value)


def _choices(pairs: Any) -> Any:  # noqa: ANN401
    """Of each pair the first part is shown; the second one is the value."""
    if not isinstance(pairs, list):
        return pairs
    return [[_shown(shown), value] for shown, value in pairs]


def _shown(value: Any) -> Any:  # noqa: ANN401
    """A text, or a list of texts."""
    if isinstance(value, str):
        return _FIXED[value]() if value in _FIXED else value
    if isinstance(value, list | tuple):
        return [_shown(inner) for inner in value]
    return _walk(value)
