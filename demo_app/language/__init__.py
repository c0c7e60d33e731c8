"""The texts of the page, one data file per language, and the language of the present visitor."""

from demo_app.language.catalogue import DEFAULT, LANGUAGES, catalogue, say, say_count
from demo_app.language.choice import COOKIE, asked_language, current_language, speaking
from demo_app.language.class_names import class_name, movement_name
from demo_app.language.static_text import fixed, fixed_text, translated

__all__ = [
    "COOKIE",
    "DEFAULT",
    "LANGUAGES",
    "asked_language",
    "catalogue",
    "class_name",
    "current_language",
    "fixed",
    "fixed_text",
    "movement_name",
    "say",
    "say_count",
    "speaking",
    "translated",
]
