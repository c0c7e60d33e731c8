"""Images in a column of a Hugging Face data set."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from PIL import Image

from fer_core.datasets.images import UnusableImageError, file_stamp, image_error
from fer_core.io.files import displayed
from fer_core.io.images import READ_ERRORS, open_upright

if TYPE_CHECKING:
    from datasets import Dataset


class HubImages:
    """Images in a column of a Hugging Face data set: as bytes, or as paths of files."""

    def __init__(self, rows: "Dataset", column: str, name: str, indices: np.ndarray) -> None:
        """Keep the split and which of its rows are meant.

        Args:
            rows: the whole split; its images not decoded.
            column: the one of the images.
            name: of the split, for error messages.
            indices: (N,) rows.
        """
        self._rows, self._column, self._name, self._indices = rows, column, name, indices

    def __len__(self) -> int:
        """Number of images."""
        return len(self._indices)

    def open(self, index: int) -> Image.Image:
        """One image, RGB and upright."""
        row = int(self._indices[index])
        name = row_name(self._name, row)
        value: dict[str, Any] = self._rows[row][self._column] or {}
        content: bytes | None = value.get("bytes")
        path: str = value.get("path") or ""
        if content is None and not path:
            raise UnusableImageError(f"{name} holds no image", absent=True)
        if content is None:
            name = f"{name} ({displayed(path)})"
        try:
            return open_upright(path if content is None else BytesIO(content))
        except READ_ERRORS as error:
            raise image_error(name, error) from error

    def stamp(self) -> str:
        """Hash of the library's fingerprint of the split, of the rows, and of files they name."""
        known = f"{self._rows._fingerprint} {self._column} ".encode()
        digest = hashlib.sha256(known + self._indices.astype("<i8").tobytes())
        for chunk in self._rows.data.column(self._column).chunks:
            if chunk.field("bytes").null_count:  # the library's fingerprint does not see the files
                for path in chunk.field("path").to_pylist():
                    digest.update(file_stamp(Path(path or "")))
        return digest.hexdigest()

    def select(self, indices: Sequence[int] | np.ndarray) -> Self:
        """Some of the images, in the given order."""
        kept = self._indices[np.asarray(indices, dtype=np.int64)]
        return type(self)(self._rows, self._column, self._name, kept)


def row_name(split: str, row: int) -> str:
    """What an image is called: its split, and its row counted from 0."""
    return f"{split}/{row:06d}"
