"""The colours of the pages."""

import tomllib
from pathlib import Path

from tests.project import APP

CAPTION = 0.6  # opacity of Streamlit's captions and of the headers of its tables


def luminance(channels):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_captions_on_white_have_a_contrast_of_at_least_four_and_a_half():
    config = tomllib.loads((Path(APP).parent / ".streamlit" / "config.toml").read_text())
    text = bytes.fromhex(config["theme"]["light"]["textColor"].lstrip("#"))
    caption = [CAPTION * channel / 255 + 1 - CAPTION for channel in text]
    assert 1.05 / (luminance(caption) + 0.05) >= 4.5
