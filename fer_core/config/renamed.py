"""Options by the names that they had before: read everywhere, written nowhere."""

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

logger = logging.getLogger(__name__)

# Former name -> name. Records, checkpoints, plans, recipes and command lines are read with both.
RENAMED = {
    "validation": "holdout",
    "test_mirror": "tta_flip",
    "leave_out": "exclude",
    "hole": "erased_region",
}


def current_name(name: str) -> str:
    """The name that an option has now."""
    return RENAMED.get(name, name)


def current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options under the names that they have now.

    Where both names are there, the former one was set later: nothing writes it any more.
    """
    current = {name: value for name, value in values.items() if name not in RENAMED}
    return current | {RENAMED[name]: value for name, value in values.items() if name in RENAMED}


def current_flags(
    arguments: Sequence[str], renamed: Mapping[str, str] = MappingProxyType(RENAMED)
) -> list[str]:
    """A command line with the flags that options have now; a former one is named in the log.

    Args:
        arguments: as they were written.
        renamed: former name -> name; by default those of a run's options.
    """
    return [_current_flag(argument, renamed) for argument in arguments]


def _current_flag(argument: str, renamed: Mapping[str, str]) -> str:
    flag, equals, value = argument.partition("=")
    negative = "no-" if flag.startswith("--no-") else ""
    name = flag.removeprefix("--").removeprefix(negative).replace("-", "_")
    if not flag.startswith("--") or name not in renamed:
        return argument
    now = f"--{negative}{renamed[name].replace('_', '-')}"
    logger.warning("%s is now %s", flag, now)
    return f"{now}{equals}{value}"
