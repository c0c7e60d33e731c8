"""A folder of one's own aligned faces: ``train/<emotion>/*`` and ``test/<emotion>/*``."""

from pathlib import Path

import numpy as np
from PIL import Image

from fer_core.datasets.base import (
    PICTURE_SUFFIXES,
    DataError,
    Decoding,
    FaceData,
    Source,
    Split,
    decode,
    existing_folder,
    take_options,
)
from fer_core.emotions import EIGHT_CLASSES, canonical_name

EXPECTED = """  PATH/train/happiness/*.jpg ...
  PATH/train/anger/*.jpg     ... (any of the eight emotions; aliases as happy, angry)
  PATH/test/happiness/*.jpg  ..."""


def load_folder(source: Source, decoding: Decoding) -> FaceData:
    """Load an image folder; the classes are the emotions that have training pictures.

    URI: ``folder:PATH``.

    Raises:
        DataError: when a split, a class or a picture is missing or broken.
    """
    take_options(source)
    root = existing_folder(source, EXPECTED)
    train = _list_split(root / "train")
    test = _list_split(root / "test")
    classes = tuple(name for name in EIGHT_CLASSES if train.get(name))
    if len(classes) < 2:
        raise DataError(
            f"{root / 'train'} has pictures of {len(classes)} emotions, at least 2 are needed. "
            f"Expected:\n{EXPECTED}"
        )
    untrained = sorted(set(test) - set(classes))
    if untrained:
        raise DataError(f"{root / 'test'} has classes without training pictures: {untrained}")
    sizes = [min(_size(path)) for paths in train.values() for path in paths[:20]]
    return FaceData(
        name=root.resolve().name,
        classes=classes,
        train=_load_split(root, "train", train, classes, decoding),
        test=_load_split(root, "test", test, classes, decoding),
        source_size=int(np.median(sizes)),
        grey=decoding.channels == 1,
    )


def _list_split(folder: Path) -> dict[str, list[Path]]:
    if not folder.is_dir():
        raise DataError(f"no folder at {folder}. Expected:\n{EXPECTED}")
    listed: dict[str, list[Path]] = {}
    for sub in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            emotion = canonical_name(sub.name)
        except ValueError as error:
            raise DataError(f"{sub}: {error}") from error
        pictures = sorted(p for p in sub.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES)
        if pictures:
            listed.setdefault(emotion, []).extend(pictures)
    if not listed:
        raise DataError(f"{folder} holds no pictures. Expected:\n{EXPECTED}")
    return listed


def _load_split(
    root: Path,
    name: str,
    listed: dict[str, list[Path]],
    classes: tuple[str, ...],
    decoding: Decoding,
) -> Split:
    rows = [(path, index) for index, c in enumerate(classes) for path in listed.get(c, [])]
    paths = [path for path, _ in rows]
    names = tuple(path.relative_to(root).as_posix() for path in paths)
    return Split(name, decode(paths, decoding), np.array([i for _, i in rows], np.int64), names)


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as picture:
            return picture.size
    except OSError as error:
        raise DataError(f"{path} is no readable picture: {error}") from error
