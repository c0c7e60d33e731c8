"""Where one shot of a film ends and the next begins."""

import numpy as np
from PIL import Image

LIKENESS = 0.6  # see `CutDetector`
COLOURS = 0.2


class CutDetector:
    """Hard cuts of a film: shapes and colours change at once.

    Movement keeps the colours, which it only shifts; another light keeps the shapes. The limits
    stand between successive images of fast pans over photographs, 30 a second (likeness at least
    0.73, at most 0.07 of the pixels of another colour), and cuts between them (at most 0.50, at
    least 0.23).
    """

    def __init__(self) -> None:
        self._before: tuple[np.ndarray, np.ndarray] | None = None

    def is_cut(self, image: Image.Image) -> bool:
        """Whether a cut lies between the last image and this one; never before the first."""
        small = np.asarray(image.convert("RGB").resize((32, 32), Image.Resampling.BOX))
        bins = (small // 64).reshape(-1, 3) @ np.array([16, 4, 1])
        colours = np.bincount(bins, minlength=64) / len(bins)
        shapes = small.ravel() - small.mean()
        before, self._before = self._before, (shapes, colours)
        if before is None:
            return False
        norm = float(np.linalg.norm(before[0]) * np.linalg.norm(shapes))
        likeness = float(before[0] @ shapes) / norm if norm > 0 else 0.0  # correlation
        changed = float(np.abs(before[1] - colours).sum()) / 2
        return likeness < LIKENESS and changed > COLOURS
