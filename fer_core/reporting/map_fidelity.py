"""The fidelity of attention maps as rows of text and as plain values."""

import math
from collections.abc import Sequence
from typing import Any

from fer_core.evaluation.maps import MapFidelity
from fer_core.explain.fidelity import CHANCE
from fer_core.metrics.intervals import Estimate

ORDER_TITLES = {
    "map": "the map",
    "grad_cam": "Grad-CAM",
    "centre": "distance to the centre",
    "random": "random",
}


def map_fidelity_rows(measured: Sequence[tuple[str, MapFidelity]]) -> list[list[str]]:
    """The header, then a row for each measure; a column for each model, by its name."""
    columns = [_cells(found) for _, found in measured]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
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


def _cells(found: MapFidelity) -> dict[str, str]:
    areas = (
        (f"{kind} in the order of {title} ({better} is better)", of_kind[order])
        for kind, better, of_kind in (
            ("deletion", "lower", found.deletion),
            ("insertion", "higher", found.insertion),
        )
        for order, title in ORDER_TITLES.items()
    )
    return {
        "completeness: largest relative gap": f"{found.completeness:.0e}",
        f"locality ({CHANCE}: not local; 1: local)": _text(found.locality),
        "correlation with the effect of hiding each place": _text(found.occlusion),
        **{name: _text(estimate) for name, estimate in areas},
        "share that is one fixed pattern of the class": (
            "-" if found.fixed is None else f"{found.fixed:.2f}"
        ),
        "agreement with the mirror image": _text(found.mirror),
        "correlation with random weights (0 is best)": _text(found.randomisation),
    }


def _plain(estimate: Estimate) -> list[float] | None:
    """None where every map is flat, which has no correlation."""
    return None if math.isnan(estimate.value) else list(estimate)


def _text(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "-"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
