"""Which EAC a run trains, in words: every table of it says whether it is the published one.

docs/methods.md compares the variants.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fer_core.config import defaults_of
from fer_core.records.compare import EAC
from fer_core.records.groups import Group
from fer_core.records.provenance import NOT_STATED
from fer_core.records.trials import Approach, Setting

_CONSISTENCIES = {
    "logits": "consistency of the logits alone, a control",
    "centred_maps": "consistency of the maps minus their mean",
    "outside_erased": "consistency of the maps outside of the erased regions",
}
_REGIONS = {
    "independent": "an erased region of its own in each view",
    "official": "the erased regions of the authors' code",
}
# What an option of EAC changes, in words.
_WORDS: dict[str, Callable[[Any], str]] = {
    "consistency": _CONSISTENCIES.__getitem__,
    "consistency_weight": lambda value: f"lambda {value:g}" if value else "no consistency",
    "ramp_epochs": lambda value: f"lambda rises over {value} epochs",
    "erased_region": _REGIONS.__getitem__,
    "detach_classifier": lambda _: "the classifier learns from the consistency too",
    "views": lambda _: "both views in one pass",
    "pixel_noise": lambda value: f"pixel noise of variance {value:g}",
    "flip_probability": lambda value: (
        f"the labelled view is flipped with probability {value:g}, which the published method "
        "never does"
    ),
}


def which_eac(groups: Sequence[Group[Any]]) -> str:
    """One sentence and a space: which EAC the groups have (docs/methods.md); empty without any."""
    names = {
        eac_name(group.setting, group.approach) for group in groups if group.approach.method == EAC
    }
    return f"EAC here: {'; '.join(sorted(names))}. " if names else ""


def eac_name(setting: Setting, approach: Approach) -> str:
    """Which EAC runs of a setting and an approach have, in words (docs/methods.md)."""
    if setting.imported:
        return f"that of another program, its options {NOT_STATED}"
    return eac_variant(json.loads(approach.options))


def eac_variant(options: Mapping[str, Any]) -> str:
    """Which EAC a run with these options trains, in words: the paper's, or what differs from it.

    Args:
        options: of the method, and treatments off their default.
    """
    off = _changed(options)
    if not off:
        return "as in the paper: the labelled view is never flipped"
    if off.keys() == {"erased_region", "pixel_noise"} and off["erased_region"] == "official":
        return "as in the authors' code"
    differences = ", ".join(_WORDS[name](off[name]) for name in _WORDS if name in off)
    if "flip_probability" in off:
        return differences
    return f"{differences} (otherwise as in the paper)"


def eac_changes(approach: Approach) -> int:
    """How many options of an EAC differ from the published one's; 0: it is the published one."""
    return len(_changed(json.loads(approach.options)))


def _changed(options: Mapping[str, Any]) -> dict[str, Any]:
    defaults = defaults_of(EAC)
    return {k: v for k, v in options.items() if k in _WORDS and v != defaults[k]}
