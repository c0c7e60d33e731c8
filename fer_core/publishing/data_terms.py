"""What cards say of the data sets: their terms, and what a model of them does not know."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fer_core.config.data import DATA_NAMES


class DataWords(NamedTuple):
    """Sentences on a data set: whose terms bind its users, and what its images are."""

    terms: str
    limits: str


_WEB = "labelled by people from the image alone."
_POSED = (
    f"The training images are small grey web images of mostly posed or staged expressions, {_WEB}"
)
_WORDS = {
    "ferplus": DataWords(
        "FER2013's images are for research; FERPlus's labels have the MIT licence.", _POSED
    ),
    "fer2013": DataWords("FER2013 is research data.", _POSED),
    "rafdb": DataWords(
        "RAF-DB is available for non-commercial research only, on request from its authors.",
        f"The training images are web images, {_WEB}",
    ),
    "affectnet": DataWords(
        "AffectNet is available for research only, with a signed agreement.",
        f"The training images are web images, {_WEB}",
    ),
    "synthetic": DataWords(
        "The faces are synthetic, drawn by this project's own program, and show nobody.",
        "It was trained on synthetic faces only and knows nothing of real ones.",
    ),
}
_OTHER = DataWords("The terms of these data also bind whoever uses what was trained on them.", "")


def kind_of(facts: Mapping[str, Any]) -> str:
    """The kind of data set a model was trained on, as ``ferplus``; empty where it is not known."""
    return re.split(r"[:?]", str(facts.get("data") or ""))[0]


def name_of(facts: Mapping[str, Any]) -> str:
    """Its name as people know it."""
    kind = kind_of(facts)
    return DATA_NAMES.get(kind, kind) or "unnamed data"


def words_of(facts: Mapping[str, Any]) -> DataWords:
    """The sentences on it."""
    return _WORDS.get(kind_of(facts), _OTHER)
