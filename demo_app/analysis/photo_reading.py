"""A photograph of a visitor with its faces; a large JPEG is decoded no larger than it has to be.

See `fer_core.faces.reduced`. Files are decoded by another process.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from demo_app.analysis.model_pool import ModelPool
from fer_core.faces.face import Face
from fer_core.faces.reduced import READ_SIDE, are_all, are_large
from fer_core.inference.face_prediction import FacePrediction
from fer_core.io.decode_worker import LARGE
from fer_core.io.image_decoder import Decoded

DISPLAY_SIDE = READ_SIDE  # pixels; larger photographs are shown reduced

Photo = str | Path | Image.Image | np.ndarray


class Reading(NamedTuple):
    """A photograph and what a model says of its faces.

    Attributes:
        image: upright RGB.
        faces: in pixels of it, the largest first.
        reduction: pixels of the photograph per pixel of the image, at least 1.
    """

    image: Image.Image
    faces: list[FacePrediction]
    reduction: float


@contextmanager
def read_faces(
    pool: ModelPool, model: str, photo: Photo, *, cropped: bool = False
) -> Iterator[Reading]:
    """Decode a photograph, find its faces and classify them; files by another process.

    Args:
        pool: the models.
        model: name of the model.
        photo: the photograph.
        cropped: it is one face already.

    Raises:
        ImageError, ValueError, OSError: when it cannot be read.
        ModelError: when there is no such model.
    """
    if not isinstance(photo, str | Path):
        from fer_core.inference.photos import open_photo  # with PyTorch, whose tensors it takes

        yield _in_full(pool, model, Decoded(open_photo(photo), 1.0), cropped=cropped)
        return
    known: list[Face] = []
    with pool.decoder.decoded(photo, None if cropped else DISPLAY_SIDE) as reduced:
        factor = _further(reduced)
        if cropped or factor == 1:
            yield _in_full(pool, model, reduced, cropped=cropped)
            return
        found = pool.find_faces(reduced.image, thorough=False)
        if are_all(found, reduced.image.size, factor):
            if are_large(found):
                faces = pool.predict_faces(model, reduced.image, found)
                yield Reading(reduced.image, faces, reduced.scale)
                return
            known = found
    with pool.decoder.decoded(photo) as whole:
        if known:
            enlarged = [face.scaled(reduced.scale / whole.scale) for face in known]
            faces = pool.predict_faces(model, whole.image, enlarged)
            yield Reading(whole.image, faces, whole.scale)
        else:
            yield _in_full(pool, model, whole)


def display_copy(image: Image.Image) -> tuple[Image.Image, float]:
    """What the page shows of a photograph, and by how much it is reduced, at least 1."""
    scale = max(1.0, max(image.size) / DISPLAY_SIDE)
    if scale == 1:
        return image, scale
    width, height = (max(1, round(side / scale)) for side in image.size)
    # About as sharp as BICUBIC, in less than half the time of LANCZOS.
    return image.resize((width, height), Image.Resampling.HAMMING, reducing_gap=1.1), scale


def _in_full(pool: ModelPool, model: str, decoded: Decoded, *, cropped: bool = False) -> Reading:
    faces = pool.predict(model, decoded.image, cropped=cropped)
    return Reading(decoded.image, faces, decoded.scale)


def _further(reduced: Decoded) -> float:
    """How many times wider the photograph would have been decoded in full; 1 where it was."""
    pixels = reduced.image.width * reduced.image.height * reduced.scale**2
    in_full = max(1.0, math.sqrt(pixels / LARGE))
    return max(1.0, round(reduced.scale / in_full, 2))
