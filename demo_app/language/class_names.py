"""Names of classes as people read them; files and programs keep those of the model."""

from demo_app.language.catalogue import catalogue
from demo_app.language.choice import current_language


def class_name(name: str) -> str:
    """A class in the visitor's language, as it is where that has no word for it.

    Args:
        name: of an emotion, of a class of one's own, or ``not sure``.
    """
    return catalogue(current_language()).get(f"class.{name.replace(' ', '_')}", name)
