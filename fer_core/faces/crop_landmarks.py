"""Where the crops of a data set show eyes and mouth: measured, or the usual places."""

import logging

import numpy as np
from PIL import Image

from fer_core.faces import area_sums, mtcnn
from fer_core.faces.detect import LEAST_SCORE, three_landmarks
from fer_core.io.images import Images

logger = logging.getLogger(__name__)
CROP_FACE = 80  # pixels: in training crops, which are enlarged to 288 pixels
# Where aligned face crops usually show eye, eye and mouth, used when none can be measured.
USUAL_LANDMARKS = np.array([[0.31, 0.39], [0.69, 0.39], [0.50, 0.78]])


def sample_crops(images: Images, seed: int, count: int = 300) -> np.ndarray:
    """A sample of training crops (N, S, S, C), at most ``count``, in their order."""
    chosen = np.random.default_rng(seed).permutation(len(images))[:count]
    return images[np.sort(chosen)]


def measure_landmarks(crops: np.ndarray) -> np.ndarray:
    """Where training crops show the eyes and the mouth: the median over them.

    The two sides are averaged with their flipped image, since training mirrors faces.

    Args:
        crops: (N, S, S, C) uint8, of `sample_crops`.

    Returns:
        (3, 2) landmarks as shares of the side; the usual places, with a warning in the log, when
        fewer than ten faces are found.
    """
    measured = [
        landmarks
        for start in range(0, len(crops), 50)
        for landmarks in _crop_landmarks(crops[start : start + 50])
    ]
    if len(measured) < 10:
        logger.warning(
            "only %d faces found in %d training crops: the usual places of eyes and mouth are "
            "assumed for alignment",
            *(len(measured), len(crops)),
        )
        return USUAL_LANDMARKS.copy()
    middle = np.median(measured, axis=0)
    mirrored = np.column_stack([1 - middle[[1, 0, 2], 0], middle[[1, 0, 2], 1]])
    return (middle + mirrored) / 2


def _crop_landmarks(images: np.ndarray) -> list[np.ndarray]:
    """Landmarks of the crops in which a face is found; a margin gives the detector context."""
    side = images.shape[1]
    margin = side // 4
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="edge")
    enlarged = [
        Image.fromarray(image.squeeze()).convert("RGB").resize((288, 288), Image.Resampling.BICUBIC)
        for image in padded
    ]
    scale = (side + 2 * margin) / 288
    measured: list[np.ndarray] = []
    for image in enlarged:
        found = mtcnn.find(area_sums.summed(np.asarray(image)), CROP_FACE)
        if found and found[0].score > LEAST_SCORE:
            five = found[0].points.astype(float) * scale - margin
            measured.append(three_landmarks(five) / side)
    return measured
