"""What the predictor takes as a photograph: files, PIL images, arrays and tensors."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from fer_core.errors import FerError
from fer_core.io.eight_bits import bits_below, first_eight, upright
from fer_core.io.images import READ_ERRORS, ImageError, fault, open_within

Photo = str | Path | bytes | Image.Image | np.ndarray | Tensor
ARRAYS = "a photograph array must be (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
TENSORS = "a photograph tensor must be (H, W), (1, H, W), (3, H, W) or (4, H, W)"
ROUNDING = 1e-3  # by which a value may leave [0, 1], as after resizing


class PhotoError(FerError, ValueError):
    """Something that is not a photograph, with what is taken."""


def open_photo(photo: Photo) -> Image.Image:
    """A photograph as an upright RGB image; transparency becomes white.

    Args:
        photo: one of

            - a path, as text or `Path`: any file that Pillow reads, turned as its EXIF says;
            - the bytes of such a file;
            - a PIL image of any mode;
            - a numpy array, channels last: (H, W) or (H, W, 1) grey, (H, W, 3) RGB or (H, W, 4)
              RGBA;
            - a torch tensor on any device, channels first: (H, W), (1, H, W), (3, H, W) or
              (4, H, W).

            Arrays and tensors are uint8 in 0 to 255, floating point in [0, 1], or uint16, whose
            range is that of the fewest bits (8, 10, 12, 14, 16) that hold them. OpenCV's images
            are BGR: turn them round before, ``image[..., ::-1]``.

    Raises:
        ImageError: a ValueError, for a whole image that is not read, see `open_upright`.
        PhotoError: a ValueError, when it cannot be read, or has no image's shape, type or values.
    """
    return open_reduced(photo, None)[0]


def open_reduced(photo: Photo, enough: int | None) -> tuple[Image.Image, float]:
    """As `open_photo`; a large JPEG is decoded at a half, a quarter or an eighth of its sides.

    Args:
        photo: as for `open_photo`.
        enough: pixels that the longer side keeps at least; None: all.

    Returns:
        The image, and how many times wider the photograph is.
    """
    if isinstance(photo, Tensor):
        photo = _from_tensor(photo)
    elif isinstance(photo, np.ndarray):
        photo = _from_array(photo, ARRAYS)
    if not isinstance(photo, str | Path | bytes | Image.Image):
        raise PhotoError(
            "a photograph must be a path, the bytes of a file, a PIL image, a numpy array or a "
            f"torch tensor, got {type(photo).__name__}"
        )
    try:
        if isinstance(photo, Image.Image):
            return upright(photo), 1.0
        file = io.BytesIO(photo) if isinstance(photo, bytes) else photo
        return open_within(file, enough=enough)
    except ImageError:
        raise
    except READ_ERRORS as error:
        if isinstance(photo, bytes):
            raise PhotoError(
                f"{len(photo):,} bytes are not a readable photograph: {fault(error)}"
            ) from error
        raise PhotoError(f"{photo} is not a readable photograph: {error}") from error


def open_photos(photos: Sequence[Photo]) -> list[Image.Image]:
    """Several photographs, see `open_photo`.

    Raises:
        ImageError, PhotoError: when one of them cannot be read; of several its number, from 0.
    """
    opened = []
    for number, photo in enumerate(photos):
        with numbered(number, len(photos)):
            opened.append(open_photo(photo))
    return opened


@contextmanager
def numbered(number: int, count: int) -> Iterator[None]:
    """What is wrong with one of several photographs is said with its number."""
    try:
        yield
    except (ImageError, PhotoError) as error:
        if count == 1:
            raise
        raise PhotoError(f"photograph {number} of {count}: {error}") from error


def _from_tensor(tensor: Tensor) -> Image.Image:
    wrong = tensor.ndim not in (2, 3) or (tensor.ndim == 3 and len(tensor) not in (1, 3, 4))
    if wrong or tensor.is_complex():
        raise PhotoError(_refusal(TENSORS, tensor.shape, tensor.dtype))
    values = tensor.detach().cpu()
    if values.dtype.is_floating_point:
        values = values.float()  # numpy has no bfloat16
    if values.ndim == 3:
        values = values.permute(1, 2, 0)
    return _from_array(values.numpy(), TENSORS)


def _from_array(array: np.ndarray, rule: str) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    colour = array.ndim == 3 and array.shape[2] in (3, 4)
    if not (array.ndim == 2 or colour) or array.size == 0:
        raise PhotoError(_refusal(rule, array.shape, array.dtype))
    if array.dtype.kind == "f":
        array = _bytes(array)
    elif array.dtype == np.uint16:
        array = first_eight(array, bits_below(int(array.max())))
    if array.dtype != np.uint8:
        raise PhotoError(_refusal(rule, array.shape, array.dtype))
    return Image.fromarray(np.ascontiguousarray(array))


def _bytes(array: np.ndarray) -> np.ndarray:
    low, high = float(array.min()), float(array.max())
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # nan as well
        raise PhotoError(
            f"a photograph of {array.dtype} must have values in [0, 1], got {low:.4g} to "
            f"{high:.4g}: divide by 255, or undo the normalisation"
        )
    return np.rint(array.clip(0, 1) * 255).astype(np.uint8)


def _refusal(rule: str, shape: Sequence[int], dtype: Any) -> str:  # noqa: ANN401 - of either library
    several = "; pass several photographs as a list" if len(shape) == 4 else ""
    return f"{rule}, uint8, uint16 or floating point in [0, 1], got {tuple(shape)} {dtype}{several}"
