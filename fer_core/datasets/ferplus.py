"""FERPlus: the 48x48 faces of FER2013 with ten raters' votes (Barsoum et al., ICMI 2016)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_core.datasets.base import (
    DataError,
    Decoding,
    ListedSplit,
    Listing,
    Problem,
    Source,
    existing_folder,
    take_choice,
    take_options,
)
from fer_core.datasets.fer2013 import PixelTable, find_pixel_table, read_pixel_table
from fer_core.datasets.images import ImageFiles, PixelRows
from fer_core.datasets.layouts import LayoutError
from fer_core.datasets.tables import read_table
from fer_core.datasets.vote_rules import RULES, majority_labels
from fer_core.emotions import FERPLUS_VOTES, canonical_name, class_names

EXPECTED = """  PATH/fer2013new.csv              Usage,Image name,neutral,...,contempt,unknown,NF
and the images, as FER2013's own table
  PATH/fer2013.csv                 emotion,pixels,Usage (or icml_face_data.csv)
or as folders
  PATH/FER2013Train/fer0000000.png ...
  PATH/FER2013Valid/fer0028638.png ...
  PATH/FER2013Test/fer0032220.png  ... (for ?eval=test)
  PATH/fer2013_labels.csv          Usage,Image name,label (optional: FER2013's own labels)"""
COUNT = re.compile(r"[0-9]{1,4}")  # votes
SPLITS = {"FER2013Train": "train", "FER2013Valid": "val", "FER2013Test": "test"}
USAGES = {"FER2013Train": "Training", "FER2013Valid": "PublicTest", "FER2013Test": "PrivateTest"}


class VoteTable(NamedTuple):
    """``fer2013new.csv``, row by row; a row with a problem keeps its place.

    Attributes:
        path: of the CSV file.
        usages: N texts: Training, PublicTest or PrivateTest.
        names: N names of images, empty where there is no face.
        votes: (N, 10) int64 in the order of `FERPLUS_VOTES`, -1 where there is a problem.
        problems: row -> what is wrong with it.
    """

    path: Path
    usages: tuple[str, ...]
    names: tuple[str, ...]
    votes: np.ndarray
    problems: dict[int, Problem]


@dataclass(frozen=True)
class _Files:
    """What the folder of the data set holds.

    Attributes:
        root: the folder.
        votes: the votes of FER+.
        pixels: FER2013's own table, row by row that of the votes; None: the images are files.
        original_labels: FER2013's own label of each row, -1 where there is none; None without them.
    """

    root: Path
    votes: VoteTable
    pixels: PixelTable | None
    original_labels: np.ndarray | None


def list_ferplus(source: Source, _decoding: Decoding) -> Listing:
    """List FERPlus from ``fer2013new.csv`` and the images, in PNG folders or FER2013's table.

    URI: ``ferplus:PATH?classes=8&eval=val&rule=majority``. FER2013Train is the split ``train``,
    FER2013Valid ``val`` and FER2013Test ``test``; the former ``test=FER2013Test`` is still read.
    ``rule=probability`` keeps more training images; evaluation is on clear majorities always.

    Raises:
        DataError: when files are absent or broken, or an option is not allowed.
    """
    options = take_options(_with_eval(source), classes="8", eval="val", rule="majority")
    root = existing_folder(source, EXPECTED)
    classes = class_names(int(take_choice(source, options, "classes", "7", "8")))
    evaluated = take_choice(source, options, "eval", "val", "test")
    folder = next(folder for folder, split in SPLITS.items() if split == evaluated)
    rule = RULES[take_choice(source, options, "rule", *RULES)]
    votes = _read_votes(root / "fer2013new.csv")
    path = find_pixel_table(root)
    pixels = None if path is None else read_pixel_table(path)
    if pixels is not None:
        _check_rows_agree(votes, pixels)
    files = _Files(root, votes, pixels, _original_labels(root, votes, pixels, classes))
    problems: list[Problem] = []
    train_split, eval_split = (
        _list_split(files, name, kept_by(votes.votes, len(classes)), problems)
        for name, kept_by in (("FER2013Train", rule), (folder, majority_labels))
    )
    return Listing(
        name="ferplus",
        classes=classes,
        train=train_split,
        eval=eval_split,
        source_size=48,
        grey=True,
        problems=tuple(problems),
    )


def _with_eval(source: Source) -> Source:
    """The URI with ``eval=`` in place of the former ``test=FER2013Valid`` and FER2013Test."""
    options = dict(source.options)
    former = options.pop("test", None)
    if former is None:
        return source
    if "eval" in options:
        raise DataError(f"ferplus test={former} is the former name of eval: leave it out")
    return source._replace(options={**options, "eval": SPLITS.get(former, former)})


def _read_votes(path: Path) -> VoteTable:
    if not path.is_file():
        raise LayoutError(f"no vote table at {path}. Expected:\n{EXPECTED}")
    rows = read_table(path, {"Usage", "Image name", *FERPLUS_VOTES})
    names = tuple(row["Image name"] for row in rows)
    votes = np.full((len(rows), len(FERPLUS_VOTES)), -1, np.int64)
    problems = {}
    for index, row in enumerate(rows):
        bad = [column for column in FERPLUS_VOTES if not COUNT.fullmatch(row[column])]
        if bad:
            vote = f"{row[bad[0]]!r} {bad[0]}"
            detail = f"{path}, {names[index]}: a vote that is not a number: {vote}"
            problems[index] = Problem("label", names[index], detail)
        else:
            votes[index] = [int(row[column]) for column in FERPLUS_VOTES]
    return VoteTable(path, tuple(row["Usage"] for row in rows), names, votes, problems)


def _check_rows_agree(votes: VoteTable, pixels: PixelTable) -> None:
    """The tables of FER2013 and FER+ belong together row by row: nothing else links them."""
    pairs = enumerate(zip(votes.usages, pixels.usages, strict=False))
    part = next((index for index, (one, other) in pairs if one != other), None)
    if part is None and len(votes.usages) == len(pixels.usages):
        return
    sizes = (
        f"{votes.path} has {len(votes.usages)} rows, {pixels.path.name} {len(pixels.usages)}; they "
        "must be the complete tables of FER+ and FER2013, which correspond row by row"
    )
    if part is None:
        raise DataError(sizes)
    one, other = votes.usages[part], pixels.usages[part]
    raise DataError(f"{sizes}: at row {part + 1} they part, Usage {one!r} against {other!r}")


def _original_labels(
    root: Path, votes: VoteTable, pixels: PixelTable | None, classes: tuple[str, ...]
) -> np.ndarray | None:
    """FER2013's own label of each row, -1 where there is none; None when no file tells it."""
    if pixels is not None:
        return pixels.labels
    path = root / "fer2013_labels.csv"
    if not path.is_file():
        return None
    own = {}
    for row in read_table(path, {"Image name", "label"}):
        try:
            emotion = canonical_name(row["label"]) if row["label"] else None
        except ValueError as error:
            raise DataError(f"{path}, {row['Image name']}: {error}") from error
        own[row["Image name"]] = classes.index(emotion) if emotion in classes else -1
    return np.array([own.get(name, -1) for name in votes.names], np.int64)


def _list_split(
    files: _Files, name: str, labels: np.ndarray, problems: list[Problem]
) -> ListedSplit:
    """The images of a split that have a label; what is wrong with a file joins ``problems``.

    Args:
        files: of the data set.
        name: of the split's folder.
        labels: (N,) of all rows by the rule of this split, -1 for those without.
        problems: found so far.
    """
    votes, pixels, own = files.votes, files.pixels, files.original_labels
    used = [usage == USAGES[name] for usage in votes.usages]
    rows = np.flatnonzero(np.array(used, bool) & np.array([bool(n) for n in votes.names], bool))
    folder = files.root / name
    if not (len(rows) or problems) or (pixels is None and not folder.is_dir()):
        raise DataError(
            f"ferplus split {name} is absent: {len(rows)} rows in fer2013new.csv, folder {folder} "
            f"{'found' if folder.is_dir() else 'missing'}. Expected:\n{EXPECTED}"
        )
    problems += [votes.problems[row] for row in rows.tolist() if row in votes.problems]
    labels = labels[rows]
    if not (labels >= 0).any() and not problems:
        raise DataError(
            f"ferplus split {name}: none of its {len(rows)} images has a clear label by its votes "
            "for one of the classes asked for"
        )
    kept, labels = rows[labels >= 0], labels[labels >= 0]
    if folder.is_dir() or pixels is None:
        images = ImageFiles(tuple(folder / votes.names[row] for row in kept))
    else:
        whole = np.array([row not in pixels.problems for row in kept], bool)
        problems += [
            pixels.problems[row]._replace(name=votes.names[row]) for row in kept[~whole].tolist()
        ]
        kept, labels = kept[whole], labels[whole]
        images = PixelRows(pixels.pixels[kept])
    return ListedSplit(
        SPLITS[name],
        images,
        labels.astype(np.int64),
        tuple(votes.names[row] for row in kept),
        votes.votes[kept],
        None if own is None else own[kept],
    )
