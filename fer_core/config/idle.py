"""Values of a configuration that differ from the default and that its run does not use."""

import dataclasses

from fer_core.config import RunConfig
from fer_core.config.methods import METHODS


def idle_options(config: RunConfig) -> list[str]:
    """A sentence for each such value.

    A plan may give it to all of its runs: it is said, and not refused.
    """
    if not METHODS[config.method].bundled:
        return []  # it may read anything
    balanced = config.balance == "loss" or config.method == "eac_balanced"
    uses = (
        ("balance_beta", "balance", balanced),
        ("gamma", "schedule", config.schedule in ("exponential", "step", "poly")),
        ("decay_epochs", "schedule", config.schedule == "step"),
        ("corruption_kinds", "corruption", config.corruption > 0),
        ("erase_scale", "erase_probability", config.erase_probability > 0),
        ("erase_ratio", "erase_probability", config.erase_probability > 0),
    )
    default = {field.name: field.default for field in dataclasses.fields(RunConfig)}
    return [
        f"{name} {value} has no effect with {owner} {getattr(config, owner)!r}"
        for name, owner, used in uses
        if not used and (value := getattr(config, name)) != default[name]
    ]
