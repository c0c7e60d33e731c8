"""What the maps of the shipped pair are worth: a stored file of ``fer-core evaluate --maps``.

docs/experiments.md has the command; `fer_core.explain.fidelity` defines the measures.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

FILE = Path(__file__).parents[1] / "data" / "map_fidelity.json"
COLUMNS = ["model", "mirror", "fixed", "locality", "occlusion", "images"]


def fidelity_table(models: Sequence[str]) -> pd.DataFrame:
    """A row of COLUMNS for each of some models that was measured.

    Args:
        models: names; those of the shipped pair have been measured.

    Returns:
        ``mirror`` agreement, ``fixed`` share of the variance in percent, ``locality`` and
        ``occlusion``, the correlation with the effect of hiding, over ``images``.
    """
    measured = _measured()
    rows = [
        (
            *(model, maps["mirror"][0], 100 * maps["fixed"]),
            *(maps["locality"][0], maps["occlusion"][0], maps["images"]),
        )
        for model in models
        if (maps := measured.get(model))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


@cache
def _measured() -> dict[str, dict[str, Any]]:
    report = json.loads(FILE.read_text(encoding="utf-8"))
    return {side["name"]: side["maps"] for side in (report["model"], report["against"])}
