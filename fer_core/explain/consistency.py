"""Does the model see the same in a face and in its flipped image? A sign of how far to trust it.

EAC (Zhang et al., ECCV 2022) trains for it: the class attention maps of a face and of its flipped
image, flipped back, should agree (equation 5). Here it is measured on one face at a time.
"""

from typing import NamedTuple

import numpy as np

FLAT = 1e-6  # spread of a map, relative to its size, below which it has no shape


class MirrorCheck(NamedTuple):
    """The predictions on a face and on its flipped image.

    Attributes:
        probabilities: (2, K) of the face and of its flipped image.
        maps: (2, K, h, w) raw attention maps of both, the second flipped back.
    """

    probabilities: np.ndarray
    maps: np.ndarray

    @property
    def answer_agreement(self) -> float:
        """What the two predictions share: 1 - their total variation distance, in [0, 1]."""
        return float(1 - np.abs(self.probabilities[0] - self.probabilities[1]).sum() / 2)

    @property
    def same_answer(self) -> bool:
        """Whether both have the same most probable class."""
        first, second = self.probabilities.argmax(1)
        return bool(first == second)

    def map_agreement(self, index: int) -> float:
        """Correlation of both maps of one class over their points, in [0, 1]; below 0 counts as 0.

        Two maps without shape agree; one with and one without do not.

        Args:
            index: number of the class.
        """
        return correlation(self.maps[0, index], self.maps[1, index])

    def consistency(self, index: int) -> float:
        """The attention-consistency score: both agreements at once, their product, in [0, 1]."""
        return self.answer_agreement * self.map_agreement(index)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation of two maps (h, w) over their points, negative ones as 0."""
    first, second = (values.astype(np.float64) - values.mean() for values in (one, other))
    sizes = [float(np.sqrt((values**2).mean())) for values in (first, second)]
    scale = float(max(np.abs(one).max(), np.abs(other).max()))
    flat = [size <= FLAT * scale for size in sizes]
    if all(flat):
        return 1.0
    if any(flat):
        return 0.0
    return float(np.clip((first * second).mean() / (sizes[0] * sizes[1]), 0, 1))
