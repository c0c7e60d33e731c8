"""The value of an option as tables, figures and pages write it."""

from collections.abc import Mapping, Sequence

NONE = "none"


def option_text(value: object) -> str:
    """The value of an option, exact: numbers as they were given, lists without brackets.

    Args:
        value: as JSON has it; None: not set.
    """
    match value:
        case None | "" | []:
            return NONE
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{key}: {option_text(one)}" for key, one in value.items()) or NONE
        case Sequence() if not isinstance(value, str):
            return ", ".join(option_text(one) for one in value)
    return str(value)
