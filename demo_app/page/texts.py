"""What the static page says, in each language: for its HTML, and for its scripts."""

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo_app.analysis.abstention import explain_threshold
from demo_app.language import (
    DEFAULT,
    LANGUAGES,
    catalogue,
    class_name,
    current_language,
    movement_name,
    say,
)
from demo_app.render import text as words
from fer_core import __version__
from fer_core.io.image_budget import LONGEST_SIDE, MOST_BYTES, MOST_PIXELS
from fer_core.landmarks.movements import MOVEMENTS
from fer_core.models.pretrained import TrainedModel
from fer_core.taxonomy import Taxonomy

PAGES = {DEFAULT: "index.html", **{code: f"{code}.html" for code in LANGUAGES if code != DEFAULT}}
ABOUT_PARTS, RESPONSIBLE = (0, 1), -1  # paragraphs of the demo's explanation
SCRIPT_TABLES = ("static", "movements")  # of the catalogue, which the scripts may use whole
SCRIPT_KEYS = ("photo.one_face", "photo.faces", "photo.faces_not_sure", "panel.side_map")
FAULTS = ("no_webassembly", "no_network", "missing_file", "no_model", "no_video", "camera_ended")
PLACE = re.compile(r"\{\{([\w.]+)\}\}")


def fill_page(source: str, taxonomy: Taxonomy, movements: int = 0) -> str:
    """A page in the language of the moment.

    Args:
        source: HTML with places ``{{key}}`` for texts of the catalogue, and for those of
            `page_words`.
        taxonomy: classes of the page's model.
        movements: bytes of the landmarker; 0 where the page has none.

    Raises:
        KeyError: when there is no such text.
    """
    own = page_words(taxonomy, movements)

    def text(place: re.Match[str]) -> str:
        return own[place[1]] if place[1] in own else html.escape(say(place[1]))

    return PLACE.sub(text, source)


def page_words(taxonomy: Taxonomy, movements: int = 0) -> dict[str, str]:
    """HTML for the places of index.html that hold more than a text of the catalogue.

    Args:
        taxonomy: classes of the page's model.
        movements: bytes of the landmarker; 0 where the page has none.
    """
    made_of = [f"fer-core {__version__}", say("static.made_of")]
    if movements:
        made_of.append(say("static.made_of_movements"))
    size = say("static.movements_size", megabytes=f"{movements / 1e6:.1f}")
    return {
        "language": current_language(),
        "languages": " · ".join(_link(code, name) for code, name in LANGUAGES.items()),
        "title": html.escape(words.title(taxonomy)),
        "introduction": html.escape(words.introduction(taxonomy)),
        "about": "\n".join(_paragraph(number) for number in ABOUT_PARTS),
        "responsible": _paragraph(RESPONSIBLE),
        "made_of": html.escape(" · ".join(made_of)),
        "movements_size": html.escape(size),
    }


def script_words(trained: TrainedModel, folder: Path) -> dict[str, Any]:
    """What the scripts say in the language of the moment, as JSON values.

    Args:
        trained: the model of the page.
        folder: where it is saved; its test predictions tell what a threshold means.
    """
    texts = catalogue(current_language())
    return {
        "texts": {
            key: text
            for key, text in texts.items()
            if key.partition(".")[0] in SCRIPT_TABLES or key in SCRIPT_KEYS
        },
        "class_names": names_of(trained.classes),
        "movement_names": {one.words: movement_name(one.words) for one in MOVEMENTS},
        "not_sure": {"words": class_name(words.NOT_SURE), "colour": words.UNSURE_COLOUR},
        "thresholds": [
            explain_threshold(folder, trained, percent / 100) for percent in range(0, 101, 5)
        ],
        "model": words.model_line(trained.facts, trained.input.size),
        "sentences": _sentences(),
    }


def names_of(classes: tuple[str, ...]) -> list[str]:
    """The classes as people read them in the language of the moment."""
    return [class_name(name) for name in classes]


def _sentences() -> Mapping[str, str]:
    return {
        **{name: say(f"static.{name}") for name in FAULTS},
        "unreadable": say("photo.unreadable"),
        "too_large": say(
            "static.too_large",
            megabytes=MOST_BYTES // 10**6,
            megapixels=MOST_PIXELS // 10**6,
            side=f"{LONGEST_SIDE:,}",
        ),
        "camera_forbidden": say("camera.forbidden"),
        "failed": say("static.failed"),
        **words.camera_faults(),
        "no_face": say("photo.no_face"),
        "no_live_face": say("live.no_face"),
    }


def _link(code: str, name: str) -> str:
    """The page in another language; its own is not a link."""
    if code == current_language():
        return f'<span aria-current="page">{name}</span>'
    return f'<a href="{PAGES[code]}" lang="{code}" hreflang="{code}">{name}</a>'


def _paragraph(number: int) -> str:
    """One paragraph of the demo's explanation."""
    markdown = re.split(r"\n\s*\n", say("about.text").strip())[number]
    text = html.escape(" ".join(markdown.split()), quote=False)
    return "<p>" + re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text) + "</p>"
