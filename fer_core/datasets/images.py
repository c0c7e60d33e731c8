"""Where images come from: files, or rows of pixels; opened one at a time, on demand."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from PIL import Image

from fer_core.errors import FerError
from fer_core.io.files import displayed
from fer_core.io.images import IMAGE_SUFFIXES, READ_ERRORS, fault, open_upright

# Left, top, right, bottom of a face in its image, in pixels.
Box = tuple[float, float, float, float]


class UnusableImageError(FerError, ValueError):
    """One image that cannot be used; ``absent`` tells a missing file from a broken one."""

    def __init__(self, message: str, *, absent: bool) -> None:
        """Keep the sentence and the kind."""
        super().__init__(message)
        self.absent = absent


class ImageSources(Protocol):
    """N images that can be opened."""

    def __len__(self) -> int: ...

    def open(self, index: int) -> Image.Image:
        """One image, RGB and upright.

        Raises:
            UnusableImageError: when it is absent or cannot be read.
        """
        ...

    def stamp(self) -> str:
        """A hash that changes when an image is added, removed, reordered or rewritten."""
        ...

    def select(self, indices: Sequence[int] | np.ndarray) -> Self:
        """Some of the images, in the given order."""
        ...


@dataclass(frozen=True)
class ImageFiles:
    """Images in files.

    Attributes:
        paths: N files.
        boxes: N faces to cut out, or None: the whole image.
    """

    paths: tuple[Path, ...]
    boxes: tuple[Box, ...] | None = None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.paths)

    def open(self, index: int) -> Image.Image:
        """One image, RGB and upright; cut out where there is a box."""
        path = self.paths[index]
        try:
            image = open_upright(path)
            return cut_out(image, self.boxes[index]) if self.boxes else image
        except READ_ERRORS as error:
            raise image_error(displayed(path), error) from error

    def stamp(self) -> str:
        """Hash of paths, sizes, times and boxes; an absent file counts as empty."""
        digest = hashlib.sha256()
        for index, path in enumerate(self.paths):
            box = self.boxes[index] if self.boxes else ()
            digest.update(file_stamp(path) + repr(box).encode())
        return digest.hexdigest()

    def select(self, indices: Sequence[int] | np.ndarray) -> Self:
        """Some of the images, in the given order."""
        boxes = self.boxes
        return replace(
            self,
            paths=tuple(self.paths[index] for index in indices),
            boxes=tuple(boxes[index] for index in indices) if boxes else None,
        )


class PixelRows:
    """Images that are in memory already: rows of a table, or synthetic faces."""

    def __init__(self, pixels: np.ndarray) -> None:
        """Keep the pixels, (N, H, W) grey or (N, H, W, 3) RGB, uint8."""
        self.pixels = pixels

    def __len__(self) -> int:
        """Number of images."""
        return len(self.pixels)

    def open(self, index: int) -> Image.Image:
        """One image, RGB."""
        return Image.fromarray(self.pixels[index]).convert("RGB")

    def stamp(self) -> str:
        """Hash of all pixels."""
        shape = repr(self.pixels.shape).encode()
        return hashlib.sha256(shape + np.ascontiguousarray(self.pixels).tobytes()).hexdigest()

    def select(self, indices: Sequence[int] | np.ndarray) -> Self:
        """Some of the images, in the given order."""
        return type(self)(self.pixels[np.asarray(indices, dtype=np.int64)])


def image_error(name: str, error: Exception) -> UnusableImageError:
    """What is wrong with the image ``name``, by what Pillow or the system raised."""
    if isinstance(error, FileNotFoundError):
        return UnusableImageError(f"{name} is absent", absent=True)
    return UnusableImageError(f"{name} is not a readable image: {fault(error)}", absent=False)


def file_stamp(path: Path) -> bytes:
    """What changes when a file is rewritten: path, size and times; an absent file has none."""
    try:
        facts = path.stat()
        state = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    except (OSError, ValueError):  # absent, or a name that no file can have
        state = ()
    return os.fsencode(path.absolute()) + repr(state).encode()


def image_files(folder: Path) -> list[Path]:
    """The images of a folder by their suffix, sorted by name; sub-folders are not entered."""
    return sorted(path for path in folder.iterdir() if _is_image(path))


def images_in_tree(folder: Path) -> list[Path]:
    """The images of a folder by their suffix, at any depth, in the order of `files_in_tree`."""
    return [path for path in files_in_tree(folder) if has_image_suffix(path)]


def files_in_tree(folder: Path) -> list[Path]:
    """The files of a folder at any depth: its own sorted by name, then those of each sub-folder.

    Hidden files and folders are passed over; a link back into the folder is not followed.
    """
    entries = sorted(folder.iterdir())
    found = [path for path in entries if not path.name.startswith(".") and not path.is_dir()]
    for path in entries:
        loop = path.is_symlink() and folder.resolve().is_relative_to(path.resolve())
        if path.is_dir() and not path.name.startswith((".", "__MACOSX")) and not loop:
            found += files_in_tree(path)
    return found


def has_images(folder: Path) -> bool:
    """Whether there are images in a folder, at any depth; none where it cannot be read."""
    try:
        return bool(image_files(folder)) or bool(images_in_tree(folder))
    except OSError:  # it is named when the classes are listed
        return False


def relative_names(paths: Iterable[Path], root: Path) -> tuple[str, ...]:
    """Names of files below ``root``, with ``/`` between folders."""
    return tuple(displayed(path.relative_to(root).as_posix()) for path in paths)


def cut_out(image: Image.Image, box: Box) -> Image.Image:
    """The part of the image in the box, which may reach over the image's edges.

    Raises:
        ValueError: when the box lies outside of the image.
    """
    x0, y0, x1, y1 = (round(value) for value in box)
    left, top = max(0, x0), max(0, y0)
    right, bottom = min(image.width, x1), min(image.height, y1)
    if left >= right or top >= bottom:
        raise ValueError(f"its face box {(x0, y0, x1, y1)} lies outside of its {image.size}")
    return image.crop((left, top, right, bottom))


def has_image_suffix(path: Path) -> bool:
    """Whether a path is named as an image is."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def _is_image(path: Path) -> bool:
    return has_image_suffix(path) and not path.name.startswith(".") and not path.is_dir()
