"""The stored figure of the landing page: maps of a face and of its mirror image, of two models.

`dashboard.report.mirror` writes it. It holds the maps rather than images, which a Space refuses.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

FILE = Path(__file__).with_name("mirror_maps.json")


class MirrorFigure(NamedTuple):
    """The maps of one model.

    Attributes:
        model: its name.
        face: name of the face.
        crop: (S, S, 3) uint8, grey.
        maps: (2, h, w) of the face and of its mirror image, the second one mirrored back.
        predicted: class of the maps, which the model predicts.
        agreement: correlation of the two maps; 1 if they are equal.
        mean_agreement: its mean over ``faces`` synthetic faces.
        faces: how many.
    """

    model: str
    face: str
    crop: np.ndarray
    maps: np.ndarray
    predicted: str
    agreement: float
    mean_agreement: float
    faces: int


def mirror_json(figures: list[MirrorFigure]) -> str:
    """The figures as the text of the file."""
    rows = [
        one._replace(crop=one.crop[..., 0].tolist(), maps=np.round(one.maps, 4).tolist())._asdict()
        for one in figures
    ]
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def mirror_figures(file: Path = FILE) -> list[MirrorFigure]:
    """The figure of each model, the baseline first."""
    rows = [MirrorFigure(**row) for row in json.loads(file.read_text(encoding="utf-8"))]
    return [
        row._replace(
            crop=np.repeat(np.array(row.crop, dtype=np.uint8)[..., None], 3, axis=-1),
            maps=np.array(row.maps, dtype=np.float32),
        )
        for row in rows
    ]
