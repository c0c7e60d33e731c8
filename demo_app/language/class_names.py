"""Names of classes and movements as people read them; files and programs keep their own."""

from demo_app.language.catalogue import catalogue
from demo_app.language.choice import current_language


def class_name(name: str) -> str:
    """A class in the visitor's language, as it is where that has no word for it.

    Args:
        name: of an emotion, of a class of one's own, or ``not sure``.
    """
    return catalogue(current_language()).get(f"class.{name.replace(' ', '_')}", name)


def movement_name(words: str) -> str:
    """A movement in the visitor's language.

    Args:
        words: of `fer_core.landmarks.movements`; others stay as they are.
    """
    key = words.replace(" ", "_").replace("'", "")
    return catalogue(current_language()).get(f"movement.{key}", words)
