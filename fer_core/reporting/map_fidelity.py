"""The fidelity of attention maps as rows of text and as plain values."""

import math
from collections.abc import Sequence
from typing import Any

from fer_core.evaluation.maps import MapFidelity
from fer_core.metrics.intervals import Estimate
from fer_core.reporting.map_files import map_rows, map_values


def map_fidelity_rows(measured: Sequence[tuple[str, MapFidelity]]) -> list[list[str]]:
    """The header, then a row for each measure; a column for each model, by its name."""
    columns = [map_rows(map_values(map_fidelity_json(found))) for _, found in measured]
    rows = [[title, *(column[title] for column in columns)] for title in columns[0]]
    return [["attention maps", *(name for name, _ in measured)], *rows]


def map_fidelity_json(found: MapFidelity) -> dict[str, Any]:
    """Every figure; an estimate is its value and the ends of its 95 % interval, or None."""
    values: dict[str, Any] = {}
    for name, value in found._asdict().items():
        if isinstance(value, Estimate):
            values[name] = _plain(value)
        elif isinstance(value, dict):
            values[name] = {order: _plain(estimate) for order, estimate in value.items()}
        else:
            values[name] = value
    return values


def _plain(estimate: Estimate) -> list[float | None] | None:
    """None where every map is flat, which has no correlation; its ends where images are too few."""
    if math.isnan(estimate.value):
        return None
    return [None if math.isnan(number) else number for number in estimate]
