"""What attention maps are worth: tables for the pages of the shipped pair and of a run.

``fer-core evaluate --maps --json`` writes the files; `fer_core.explain.fidelity` defines the
measures.
"""

from collections.abc import Iterable
from functools import cache

import pandas as pd

from fer_core.records.published import SHIPPED_RUNS
from fer_core.reporting.map_files import HEADLINE, MAPS_FILE, MapMeasurement, map_rows, read_maps

PAIR = SHIPPED_RUNS / "demo_pair"  # the runs of the shipped models


def fidelity_table(models: Iterable[str]) -> pd.DataFrame:
    """The measures of `HEADLINE`, with a column for each of some models that was measured.

    Args:
        models: names; those of the shipped pair have been measured.

    Returns:
        ``measure``, and by the name of each model its figures as texts with their intervals; no
        rows when none was measured.
    """
    shipped = _shipped()
    measured = {model: shipped[model] for model in models if model in shipped}
    if not measured:
        return pd.DataFrame(columns=["measure"])
    figures = {
        model: [*(found.text(name) for name in HEADLINE), str(found.images)]
        for model, found in measured.items()
    }
    return pd.DataFrame({"measure": [*HEADLINE.values(), "images"], **figures})


def measure_table(found: MapMeasurement) -> pd.DataFrame:
    """Every measure of a model's maps: ``measure`` and ``value`` with its interval."""
    return pd.DataFrame(map_rows(found.values).items(), columns=["measure", "value"])


@cache
def _shipped() -> dict[str, MapMeasurement]:
    files = sorted(PAIR.glob(f"*/{MAPS_FILE}"))
    return {found.model: found for file in files for found in read_maps(file)}
