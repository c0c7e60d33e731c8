"""FERPlus: the 48x48 faces of FER2013 with ten raters' votes (Barsoum et al., ICMI 2016)."""

import csv
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
from fer_core.emotions import FERPLUS_VOTES, class_names

EXPECTED = """  PATH/fer2013new.csv              Usage,Image name,neutral,...,contempt,unknown,NF
  PATH/FER2013Train/fer0000000.png ...
  PATH/FER2013Valid/fer0028638.png ...
  PATH/FER2013Test/fer0032220.png  ... (for ?test=FER2013Test)"""
USAGES = {"FER2013Train": "Training", "FER2013Valid": "PublicTest", "FER2013Test": "PrivateTest"}


def majority_labels(votes: np.ndarray, classes: int) -> np.ndarray:
    """The majority rule of the FER+ reference code.

    Votes of a single rater are dropped as outliers; the winner must then hold more than half of
    the votes that are left. Images without such a winner, or won by "unknown", "not a face" or a
    class that is not asked for, are left out.

    Args:
        votes: (N, 10) counts in the order of `FERPLUS_VOTES`.
        classes: 7 or 8 (with contempt).

    Returns:
        (N,) int64 labels, -1 for an image to leave out.
    """
    counted = np.where(votes > 1, votes, 0)
    winner = counted.argmax(1)
    clear = 2 * counted.max(1) > counted.sum(1)
    return np.where(clear & (winner < classes), winner, -1)


def load_ferplus(source: Source, decoding: Decoding) -> FaceData:
    """Load FERPlus from PNG folders and ``fer2013new.csv``.

    URI: ``ferplus:PATH?classes=8&test=FER2013Valid``.

    Raises:
        DataError: when files are absent or broken, or an option is not allowed.
    """
    options = take_options(source, classes="8", test="FER2013Valid")
    root = existing_folder(source, EXPECTED)
    if options["classes"] not in ("7", "8"):
        raise DataError(f"ferplus classes must be 7 or 8, got {options['classes']!r}")
    if options["test"] not in ("FER2013Valid", "FER2013Test"):
        raise DataError(
            f"ferplus test must be FER2013Valid or FER2013Test, got {options['test']!r}"
        )
    classes = class_names(int(options["classes"]))
    rows = _read_votes(root / "fer2013new.csv")
    return FaceData(
        name="ferplus",
        classes=classes,
        train=_load_split(root, "FER2013Train", rows, len(classes), decoding),
        test=_load_split(root, options["test"], rows, len(classes), decoding),
        source_size=48,
        grey=True,
    )


def _read_votes(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise DataError(f"no vote table at {path}. Expected:\n{EXPECTED}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    needed = {"Usage", "Image name", *FERPLUS_VOTES}
    missing = sorted(needed - set(rows[0] if rows else ()))
    if missing:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    return rows


def _load_split(
    root: Path, name: str, rows: list[dict[str, str]], classes: int, decoding: Decoding
) -> Split:
    rows = [row for row in rows if row["Usage"] == USAGES[name] and row["Image name"]]
    if not rows or not (root / name).is_dir():
        raise DataError(
            f"ferplus split {name} is absent: {len(rows)} rows in fer2013new.csv, folder "
            f"{root / name} {'found' if (root / name).is_dir() else 'missing'}. "
            f"Expected:\n{EXPECTED}"
        )
    try:
        votes = np.array([[int(row[column]) for column in FERPLUS_VOTES] for row in rows])
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{root / 'fer2013new.csv'} has a vote that is no number: {error}"
        ) from error
    labels = majority_labels(votes, classes)
    kept = np.flatnonzero(labels >= 0)
    if not len(kept):
        raise DataError(
            f"ferplus split {name}: none of its {len(rows)} images has a clear majority of votes "
            f"for one of {classes} classes"
        )
    names = tuple(rows[index]["Image name"] for index in kept)
    images = decode([root / name / image for image in names], decoding)
    return Split(name, images, labels[kept].astype(np.int64), names, votes[kept].astype(np.int64))
