"""Class folders of whole photographs, and where their faces are known to be (docs/evaluation.md).

Folders are read as ``folder:PATH`` reads them: emotions by any of their names, or classes of your
own. ``boxes.csv`` in PATH, with the columns file, left, top, right and bottom, is optional.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from fer_core.datasets import DataError, Decoding, list_data
from fer_core.datasets.base import parse_uri
from fer_core.datasets.images import Box, ImageFiles
from fer_core.datasets.loading import refuse_problems
from fer_core.datasets.tables import TableRow, table_rows
from fer_core.io.files import displayed

BOXES_FILE = "boxes.csv"
BOX_COLUMNS = ("left", "top", "right", "bottom")


class LabelledPhoto(NamedTuple):
    """A photograph of one face.

    Attributes:
        name: of its file below the folder, with ``/`` between folders.
        path: its file.
        label: class that the face shows.
        box: (x0, y0, x1, y1) of the face in pixels of the upright photograph; None: not known.
    """

    name: str
    path: Path
    label: str
    box: Box | None


class PhotoFolder(NamedTuple):
    """Labelled photographs.

    Attributes:
        name: of the folder.
        classes: that have photographs, in the order of the project or by name.
        photos: class by class.
    """

    name: str
    classes: tuple[str, ...]
    photos: tuple[LabelledPhoto, ...]


def photo_uri(folder: str) -> str:
    """The address of a folder of photographs, which may be given as a path alone."""
    return f"folder:{folder.removeprefix('folder:')}"


def list_photo_folder(folder: str) -> PhotoFolder:
    """The photographs of a folder, class by class; none is opened.

    Args:
        folder: PATH or ``folder:PATH``; ``?classes=as-is`` or ``?classes=emotions`` may follow.

    Raises:
        DataError: when there is no such folder or no photograph, when the names of the classes are
            doubtful, or when ``boxes.csv`` does not fit.
    """
    uri = photo_uri(folder)
    listing = list_data(uri, Decoding(1, 1))
    refuse_problems(listing)
    images, names = listing.eval.images, listing.eval.names
    root = parse_uri(uri).path
    assert isinstance(images, ImageFiles)
    assert root is not None
    if not names:
        raise DataError(f"{displayed(root)} holds no photographs in {listing.eval.name}")
    boxes = _read_boxes(root / BOXES_FILE, frozenset(names))
    rows = zip(names, images.paths, listing.eval.true_labels, strict=True)
    photos = tuple(
        LabelledPhoto(name, path, listing.classes[label], boxes.get(name))
        for name, path, label in rows
    )
    return PhotoFolder(listing.name, listing.classes, photos)


def _read_boxes(file: Path, names: frozenset[str]) -> Mapping[str, Box]:
    """Photograph -> box of its face; nothing where there is no such file.

    Raises:
        DataError: naming the line that does not fit.
    """
    boxes: dict[str, Box] = {}
    if not file.is_file():
        return boxes
    for row in table_rows(file, {"file", *BOX_COLUMNS}):
        place = f"{displayed(file)} line {row.line}"
        if row.fault:
            raise DataError(f"{place} {row.fault}")
        name = row.cells["file"].replace("\\", "/")
        if name not in names:
            raise DataError(
                f"{place} names {name!r}, which is not a photograph of the folder: expected a path "
                f"below it, such as {min(names)!r}"
            )
        if name in boxes:
            raise DataError(
                f"{place} is a second box of {name!r}: a photograph is to show one face"
            )
        boxes[name] = _box(row, place)
    return boxes


def _box(row: TableRow, place: str) -> Box:
    texts = [row.cells[column] for column in BOX_COLUMNS]
    try:
        left, top, right, bottom = map(float, texts)
    except ValueError as error:
        raise DataError(
            f"{place}: {', '.join(BOX_COLUMNS)} must be numbers, got {texts}"
        ) from error
    if not all(map(math.isfinite, (left, top, right, bottom))) or left >= right or top >= bottom:
        raise DataError(
            f"{place}: a box must have left < right and top < bottom in pixels, got {texts}"
        )
    return left, top, right, bottom
