"""The language of the present visitor: a choice kept in a cookie, or what the browser asks for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie

from gradio.context import LocalContext

DEFAULT = "en"
LANGUAGES = {"en": "English", "vi": "Tiếng Việt"}
COOKIE = "fer-language"
_SPOKEN: ContextVar[str] = ContextVar("language", default=DEFAULT)


def current_language() -> str:
    """The language of the request that is being served; English outside of any."""
    # First the request: what is spoken may be left over from the request that started a task.
    headers = getattr(LocalContext.request.get(None), "headers", None)
    return asked_language(headers) if headers is not None else _SPOKEN.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """The language of what is done meanwhile."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def asked_language(headers: Mapping[str, str]) -> str:
    """The language that a request asks for.

    Args:
        headers: ``cookie`` with the visitor's choice, ``accept-language`` of the browser.
    """
    try:
        chosen = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:  # another program's cookie
        chosen = None
    if chosen is not None and chosen.value in LANGUAGES:
        return chosen.value
    return best_language(headers.get("accept-language", ""))


def best_language(accepted: str) -> str:
    """The language of an ``Accept-Language`` header that the page has and that is liked best.

    Args:
        accepted: such as ``vi-VN,vi;q=0.9,en;q=0.8``.
    """
    liked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")):
        name, _, weight = part.strip().partition(";q=")
        language = name.split("-")[0].lower()
        if language in LANGUAGES:
            try:
                liked.append((-float(weight or 1), place, language))
            except ValueError:  # no number: as if it were not there
                continue
    return min(liked)[2] if liked else DEFAULT
