"""Faces of a data set on this computer for the maps page: one evaluation image of each class."""

import io

import numpy as np

from dashboard.analysis.map_choices import MAX_FACES
from dashboard.analysis.map_tables import SEPARATOR
from dashboard.data.raters import EvalImages

CLEAR = 0.8  # share of the raters who agree on the expression of a clear image


def faces_of_data(data: EvalImages, seed: int) -> tuple[tuple[str, bytes], ...]:
    """Name and PNG file of one random image of each class, of the first MAX_FACES classes.

    The name starts with the label. Where raters voted, images on which they agree are preferred.

    Args:
        data: listed, its images are opened here.
        seed: other images for another one, the same for the same.
    """
    generator = np.random.default_rng(seed)
    labels = np.array(data.labels)
    agreed = data.agreement.reindex(list(data.names)).to_numpy() >= CLEAR
    picked = []
    for label in sorted(set(data.labels))[:MAX_FACES]:
        members = np.flatnonzero(labels == label)
        clear = members[agreed[members]]
        picked.append(data.names[generator.choice(clear if len(clear) else members)])
    faces = []
    label_of = dict(zip(data.names, data.labels, strict=True))
    for name, image in zip(picked, data.open(picked), strict=True):
        if image is not None:
            file = io.BytesIO()
            image.convert("RGB").save(file, "PNG")
            plain = name.replace("/", "_")
            faces.append((f"{label_of[name]}{SEPARATOR}{plain}", file.getvalue()))
    return tuple(faces)
