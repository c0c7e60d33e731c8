"""What commands say of whole photographs in the place of cut-out faces."""

import numpy as np

from fer_core.datasets.base import ListedSplit
from fer_core.datasets.images import UnusableImageError

LOOKED_AT = 12  # images
LEAST_SIDE = 200  # pixels; smaller images are crops


def whole_photos(split: ListedSplit) -> str:
    """A warning for a split of whole photographs, by some of its images; empty where it has none.

    Args:
        split: of a data set.
    """
    count = len(split.names)
    places = np.linspace(0, max(0, count - 1), min(LOOKED_AT, count)).round().astype(int)
    images = []
    for place in np.unique(places).tolist():
        try:
            image = split.images.open(place)
        except UnusableImageError:  # it is named where the set is read
            continue
        if min(image.size) >= LEAST_SIDE:
            images.append(image)
    if not images:
        return ""
    from fer_core.faces.whole_photos import face_share, whole_photos_text  # it loads torch

    return whole_photos_text(face_share(images))
