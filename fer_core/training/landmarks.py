"""Where the training crops of a run show eyes and mouth, measured once for each sample of crops."""

import hashlib
import io
import logging
import zipfile
from pathlib import Path

import numpy as np

from fer_core.faces.crop_landmarks import USUAL_LANDMARKS, measure_landmarks, sample_crops
from fer_core.io.files import write_whole
from fer_core.io.images import Images

logger = logging.getLogger(__name__)
FORMAT = "landmarks 1"  # another way of measuring would give other places


def training_landmarks(images: Images, seed: int, cache: Path) -> np.ndarray:
    """The places of eyes and mouth, remembered in the cache by the pixels that they follow from.

    Args:
        images: (N, S, S, C) uint8 training crops.
        seed: of the sample that is looked at.
        cache: folder of `fer_core.datasets.cache.store.cache_folder`.

    Returns:
        (3, 2) landmarks as shares of the side: see `measure_landmarks`.
    """
    crops = sample_crops(images, seed)
    stamp = hashlib.sha256(f"{FORMAT} {crops.shape}".encode())
    stamp.update(np.ascontiguousarray(crops).data)
    file = cache / "known" / f"{stamp.hexdigest()}.npz"
    try:
        with np.load(file) as remembered:
            return remembered["landmarks"]
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        logger.warning("%s cannot be read (%s): the landmarks are measured again", file, error)
    measured = measure_landmarks(crops)
    if np.array_equal(measured, USUAL_LANDMARKS):  # nothing was found: the next run says so, too
        return measured
    content = io.BytesIO()
    np.savez(content, landmarks=measured)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content.getbuffer())
    except OSError as error:
        logger.warning(
            "the cache folder %s cannot be used (%s): the landmarks will be measured again at the "
            "next start",
            *(cache, error.strerror or error),
        )
    return measured
