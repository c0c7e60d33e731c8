"""What the Hub understands at the top of a Space's README.md, and the check of it.

The keys are those of the Hub's configuration reference
(https://huggingface.co/docs/hub/spaces-config-reference), and ``license`` of its cards.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping

from fer_core.errors import FerError

SDKS = ("gradio", "docker", "static")
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
LONGEST_DESCRIPTION = 60  # characters; the Hub refuses more
HARDWARE = (
    *("cpu-basic", "cpu-upgrade", "zero-a10g", "t4-small", "t4-medium", "l4x1", "l4x4"),
    *("l40sx1", "l40sx4", "l40sx8", "a10g-small", "a10g-large", "a10g-largex2", "a10g-largex4"),
    *("a100-large", "a100x4", "a100x8"),
)
_LICENCES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigcode-openrail-m
afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc
cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0
cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0
wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++ osl-3.0 postgresql
ofl-1.1 ncsa unlicense zlib pddl other unknown"""
LICENCES = tuple(_LICENCES.split())
HEADERS: dict[str, tuple[str, ...]] = {
    "cross-origin-embedder-policy": ("unsafe-none", "require-corp", "credentialless"),
    "cross-origin-opener-policy": ("unsafe-none", "same-origin-allow-popups", "same-origin"),
    "cross-origin-resource-policy": ("same-site", "same-origin", "cross-origin"),
}
REQUIRED = ("title", "emoji", "colorFrom", "colorTo", "sdk", "license")
# Keys that mean something to some kinds of Spaces only.
ONLY = {
    "app_file": ("gradio", "static"),
    "app_build_command": ("static",),
    "app_port": ("docker",),
    "base_path": ("gradio", "docker"),
    "python_version": ("gradio", "docker"),
    "sdk_version": ("gradio",),
    "preload_from_hub": ("gradio", "docker"),
}

Check = Callable[[object], str]


class ManifestError(FerError, ValueError):
    """What is wrong in the Spacefile; the message names the micro and the key."""


def check_front_matter(block: Mapping[str, object], where: str) -> None:
    """See that the Hub will understand a block of front matter.

    Args:
        block: the front matter.
        where: its place, for the message.

    Raises:
        ManifestError: when a key is unknown or missing, or a value is none that the Hub takes.
    """
    for key in block:
        if key not in KEYS:
            raise ManifestError(f"{where}: {unknown(key, KEYS)}")
    for key in REQUIRED:
        if key not in block:
            raise ManifestError(f"{where}: {key} is missing: {KEYS[key](None)}")
    for key, value in block.items():
        if wanted := KEYS[key](value):
            raise ManifestError(f"{where}: {key} must be {wanted}, got {value!r}")
    for key, sdks in ONLY.items():
        if key in block and block["sdk"] not in sdks:
            raise ManifestError(
                f"{where}: {key} is for sdk {' or '.join(sdks)}, not for {block['sdk']}: remove it"
            )


def unknown(key: object, known: Collection[str]) -> str:
    """The sentence about an unknown key: the nearest known one, and all."""
    near = difflib.get_close_matches(str(key), known, 1, 0.5)
    nearest = f" (did you mean {near[0]}?)" if near else ""
    return f"unknown key {key}{nearest}: allowed are {', '.join(known)}"


def text(wanted: str = "a text", pattern: str = r"(?s).*\S.*") -> Check:
    """The check that a value is a text of a shape."""
    shape = re.compile(pattern)
    return lambda value: "" if isinstance(value, str) and shape.fullmatch(value) else wanted


def flag(value: object) -> str:
    """The check that a value is true or false."""
    return "" if isinstance(value, bool) else "true or false"


def one_of(allowed: tuple[str, ...]) -> Check:
    """The check that a value is one of some."""
    return lambda value: "" if value in allowed else f"one of {', '.join(allowed)}"


def number(least: int, most: int) -> Check:
    """The check that a value is a whole number of a range."""
    wanted = f"a whole number in [{least}, {most}]"
    return lambda value: "" if type(value) is int and least <= value <= most else wanted


def texts(wanted: str = "a list of texts", pattern: str = r"(?s).*\S.*") -> Check:
    """The check that a value is a list of texts of a shape."""
    one = text(pattern=pattern)
    return lambda value: (
        "" if isinstance(value, list) and value and not any(map(one, value)) else wanted
    )


def _emoji(value: object) -> str:
    marks = {"So", "Sk", "Mn", "Cf"}  # images, skin tones, joiners
    whole = isinstance(value, str) and value and {unicodedata.category(sign) for sign in value}
    return "" if whole and whole <= marks and "So" in whole else "an emoji and nothing else"


def _description(value: object) -> str:
    fits = isinstance(value, str) and value.strip() and len(value) <= LONGEST_DESCRIPTION
    return "" if fits else f"a text of at most {LONGEST_DESCRIPTION} characters"


def _headers(value: object) -> str:
    fits = isinstance(value, Mapping) and all(
        setting in HEADERS.get(name, ()) for name, setting in value.items()
    )
    allowed = "; ".join(f"{name}: {' | '.join(settings)}" for name, settings in HEADERS.items())
    return "" if fits else f"headers of {allowed}"


_REPOSITORIES = texts("a list of names on the Hub, such as USER/NAME", r"[\w.-]+(/[\w.-]+)?")
_FILE = text("a file of the Space, without '..'", r"(?!/)(?!(.*/)?\.\.(/|$))[\w./-]+")
KEYS: dict[str, Check] = {
    "title": text(),
    "emoji": _emoji,
    "colorFrom": one_of(COLOURS),
    "colorTo": one_of(COLOURS),
    "sdk": one_of(SDKS),
    "sdk_version": text('a version as text, such as "6.31.0"', r"\d+(\.\d+){1,2}"),
    "python_version": text('a version as text, such as "3.11"', r"3\.\d+(\.\d+)?"),
    "app_file": _FILE,
    "app_build_command": text(),
    "app_port": number(1, 65535),
    "base_path": text("a path that begins with /", r"/.*"),
    "fullWidth": flag,
    "header": one_of(("default", "mini")),
    "short_description": _description,
    "models": _REPOSITORIES,
    "datasets": _REPOSITORIES,
    "tags": texts(),
    "thumbnail": text("an https address", r"https://\S+"),
    "pinned": flag,
    "license": one_of(LICENCES),
    "suggested_hardware": one_of(HARDWARE),
    "suggested_storage": one_of(("small", "medium", "large")),
    "hf_oauth": flag,
    "hf_oauth_scopes": texts(),
    "hf_oauth_expiration_minutes": number(1, 43200),
    "hf_oauth_authorized_org": text("the name of an organisation"),
    "disable_embedding": flag,
    "startup_duration_timeout": text("a time such as 30m or 1h", r"\d+\s*[smh]"),
    "custom_headers": _headers,
    "preload_from_hub": texts(
        "a list of USER/NAME [FILE,FILE [REVISION]]", r"[\w.-]+/[\w.-]+( \S+){0,2}"
    ),
}
