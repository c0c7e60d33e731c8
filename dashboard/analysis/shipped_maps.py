"""The maps that ship with the dashboard: of the two models that it shows first, on synthetic faces.

They are there at once and without PyTorch. ``python -m dashboard.report.shipped_maps`` computes
them again.
"""

import io
import json
from base64 import b64decode
from functools import cache
from pathlib import Path

from dashboard.analysis.model_maps import ModelMaps, read_maps

FILE = Path(__file__).parents[1] / "data" / "shipped_maps.json"
FACE = "synthetic surprise"  # of the landing page; both models recognise it
Key = tuple[str, str]  # hash of a model, hash of a choice of faces


@cache
def shipped_maps() -> dict[Key, ModelMaps]:
    """The shipped maps by model and faces: none for a model that has changed since."""
    return {(row["model"], row["faces"]): found for row, found in _rows()}


@cache
def shipped_pair() -> dict[str, ModelMaps]:
    """The shipped maps by the name of the model, the baseline first."""
    return {row["name"]: found for row, found in _rows()}


@cache
def _rows() -> list[tuple[dict[str, str], ModelMaps]]:
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return [(row, read_maps(io.BytesIO(b64decode(row["npz"])))) for row in rows]
