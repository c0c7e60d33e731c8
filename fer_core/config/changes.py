"""In what a configuration differs from the one that a record holds."""

from collections.abc import Mapping
from typing import Any

from fer_core.config import RunConfig, flat_options, settled, to_json, without_folders


def differing(recorded: Mapping[str, Any], config: RunConfig) -> list[str]:
    """The fields in which a record's configuration is another one, with both values.

    A record holds only the last names of paths, so that is what is compared; what an older record
    does not hold yet is taken as the default. Precision ``auto`` is any: a record holds what it
    came to.
    """
    before = flat_options(recorded)
    now = to_json(without_folders(settled(config, before)))
    return [
        f"{field} {before.get(field)!r} there, {now.get(field)!r} asked for"
        for field in {**before, **now}
        if before.get(field) != now.get(field)
    ]
