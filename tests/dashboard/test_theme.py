"""The colours of the pages and of the report: all text has a contrast of at least 4.5."""

import re
import tomllib
from pathlib import Path

import pytest

from dashboard.report.page import STYLE
from dashboard.views.widgets import CHIP_INK, ON_WHITE
from tests.project import APP

CAPTION = 0.6  # opacity of Streamlit's captions and of the headers of its tables
THEMES = tomllib.loads((Path(APP).parent / ".streamlit" / "config.toml").read_text())["theme"]
ENOUGH = 4.5  # WCAG 2.2, success criterion 1.4.3


def channels(colour):
    return [channel / 255 for channel in bytes.fromhex(colour.lstrip("#"))]


def luminance(colour):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(text, ground, opacity=1.0):
    """Of a text of some opacity on a ground, both as #RRGGBB."""
    behind = channels(ground)
    mixed = [
        opacity * one + (1 - opacity) * other
        for one, other in zip(channels(text), behind, strict=True)
    ]
    low, high = sorted([luminance(mixed), luminance(behind)])
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_has_the_largest_contrast():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") < ENOUGH  # the usual example of a grey that is too light


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
@pytest.mark.parametrize(("text", "opacity"), [("textColor", 1.0), ("textColor", CAPTION)])
def test_text_and_captions_are_legible_on_pages_and_sidebars(theme, ground, text, opacity):
    assert contrast(THEMES[theme][text], THEMES[theme][ground], opacity) >= ENOUGH


@pytest.mark.parametrize("theme", list(THEMES))
def test_links_are_legible(theme):
    assert contrast(THEMES[theme]["primaryColor"], THEMES[theme]["backgroundColor"]) >= ENOUGH


def test_chosen_values_are_legible_on_their_ground():
    assert contrast("#FFFFFF", THEMES["light"]["primaryColor"]) >= ENOUGH
    assert contrast(CHIP_INK, THEMES["dark"]["primaryColor"]) >= ENOUGH


def test_the_axes_of_charts_are_legible_on_white():
    assert contrast(ON_WHITE, THEMES["light"]["backgroundColor"]) >= ENOUGH


def test_the_report_is_legible_in_light_in_dark_and_on_paper():
    schemes = re.findall(
        r"--ink: (#\w+); --soft: (#\w+); --paper: (#\w+);", STYLE.read_text(encoding="utf-8")
    )
    assert len(schemes) == 3
    for ink, soft, paper in schemes:
        ground = paper if len(paper) == 7 else "#" + "".join(2 * digit for digit in paper[1:])
        for text in (ink, soft):
            whole = text if len(text) == 7 else "#" + "".join(2 * digit for digit in text[1:])
            assert contrast(whole, ground) >= ENOUGH
