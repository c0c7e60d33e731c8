"""RAF-DB basic: 15,339 aligned faces in seven classes (Li et al., CVPR 2017), official layout."""

from pathlib import Path

import numpy as np

from fer_core.datasets.base import (
    DataError,
    Decoding,
    FaceData,
    Source,
    Split,
    decode,
    existing_folder,
    take_options,
)
from fer_core.emotions import RAFDB_LABELS, class_names

EXPECTED = """  PATH/EmoLabel/list_patition_label.txt      train_00001.jpg 5 ...
  PATH/Image/aligned/train_00001_aligned.jpg ...
  PATH/Image/aligned/test_0001_aligned.jpg   ..."""


def load_rafdb(source: Source, decoding: Decoding) -> FaceData:
    """Load RAF-DB basic from its official layout. URI: ``rafdb:PATH``.

    Raises:
        DataError: when the list or a picture is absent or broken.
    """
    take_options(source)
    root = existing_folder(source, EXPECTED)
    listed = _read_list(root / "EmoLabel" / "list_patition_label.txt")
    return FaceData(
        name="rafdb",
        classes=class_names(7),
        train=_load_split(root, "train", listed, decoding),
        test=_load_split(root, "test", listed, decoding),
        source_size=100,
        grey=False,
    )


def _read_list(path: Path) -> list[tuple[str, int]]:
    if not path.is_file():
        raise DataError(f"no label list at {path}. Expected:\n{EXPECTED}")
    order = {name: index for index, name in enumerate(class_names(7))}
    listed = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        name, _, label = line.strip().rpartition(" ")
        if not name or not label.isdecimal() or int(label) not in RAFDB_LABELS:
            raise DataError(
                f"{path} line {number}: expected 'train_00001.jpg 5' with a label from 1 to 7, "
                f"got {line!r}"
            )
        listed.append((name.strip(), order[RAFDB_LABELS[int(label)]]))
    return listed


def _load_split(root: Path, name: str, listed: list[tuple[str, int]], decoding: Decoding) -> Split:
    rows = [row for row in listed if row[0].startswith(f"{name}_")]
    if not rows:
        raise DataError(f"the label list of {root} names no {name} image. Expected:\n{EXPECTED}")
    folder = root / "Image" / "aligned"
    paths = [folder / f"{Path(image).stem}_aligned.jpg" for image, _ in rows]
    labels = np.array([label for _, label in rows], dtype=np.int64)
    return Split(name, decode(paths, decoding), labels, tuple(image for image, _ in rows))
