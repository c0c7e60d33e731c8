"""Decoded images, wherever they are kept: four kinds of `fer_core.datasets.base.Images`."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.datasets.base import DataError, Decoding
from fer_core.datasets.cache.decode import decode
from fer_core.datasets.images import ImageSources, UnusableImageError
from fer_core.io.images import Images

MAPPED_BYTES = 256 * 2**20  # of a cache file that stay mapped; more are given back to the system


class CachedImages:
    """Decoded images in a cache file; safe to share between threads and processes."""

    def __init__(self, file: Path, shape: tuple[int, ...]) -> None:
        """Map the file; it is read as its parts are asked for."""
        self.shape = shape
        self._map = np.memmap(file, np.uint8, "r", shape=shape)
        self._touched = 0

    def __len__(self) -> int:
        """Number of images."""
        return self.shape[0]

    def __getitem__(self, key: Any, /) -> np.ndarray:  # noqa: ANN401 - what numpy takes
        """Copies of some images."""
        images = np.array(self._map[key])
        self._touched += images.nbytes
        if self._touched > MAPPED_BYTES and hasattr(mmap, "MADV_DONTNEED"):
            # The pages stay in the system's file cache; only this process lets go of them.
            mapped: Any = self._map
            mapped._mmap.madvise(mmap.MADV_DONTNEED)
            self._touched = 0
        return images


class StreamedImages:
    """Images that are decoded each time they are asked for: no memory, no disk, more work."""

    def __init__(self, images: ImageSources, decoding: Decoding) -> None:
        """Remember where the images are."""
        self.shape = (len(images), decoding.size, decoding.size, decoding.channels)
        self._images, self._decoding = images, decoding

    def __len__(self) -> int:
        """Number of images."""
        return self.shape[0]

    def __getitem__(self, key: Any, /) -> np.ndarray:  # noqa: ANN401 - what numpy takes
        """Some images, decoded.

        Raises:
            DataError: when an image that was readable at the start no longer is.
        """
        try:
            return decode(self._images, np.arange(len(self))[key], self._decoding)
        except UnusableImageError as error:
            raise DataError(str(error)) from error


class SelectedImages:
    """Some of the images of another store."""

    def __init__(self, images: Images, kept: np.ndarray) -> None:
        """Remember the (n,) positions of the images that are left."""
        self.shape = (len(kept), *images.shape[1:])
        self._images, self._kept = images, kept

    def __len__(self) -> int:
        """Number of images."""
        return self.shape[0]

    def __getitem__(self, key: Any, /) -> np.ndarray:  # noqa: ANN401 - what numpy takes
        """Some images."""
        return self._images[self._kept[key]]


class WidenedImages:
    """Grey images with their channel three times, for models of three channels."""

    def __init__(self, images: Images) -> None:
        """Remember the (N, S, S, 1) images."""
        self.shape = (*images.shape[:3], 3)
        self._images = images

    def __len__(self) -> int:
        """Number of images."""
        return self.shape[0]

    def __getitem__(self, key: Any, /) -> np.ndarray:  # noqa: ANN401 - what numpy takes
        """Some images."""
        return self._images[key].repeat(3, axis=-1)
