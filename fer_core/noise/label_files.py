"""Label noise in files: lists of noisy labels in RAF-DB's format.

The numbers of emotions are RAF-DB's, 1 to 7, and 8 for contempt. Classes of one's own, which RAF-DB
does not number, count from 1 in the order of the run's classes.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from fer_core.emotions import RAFDB_LABELS
from fer_core.io.files import read_text, write_whole
from fer_core.io.wording import counted
from fer_core.noise.generate import NoisyLabels

# The numbers of a list are RAF-DB's; 8 is our extension for the class that RAF-DB lacks.
LIST_LABELS: dict[int, str] = {**RAFDB_LABELS, 8: "contempt"}
MANY = 10  # images of a class, some of which keep their label under any noise
logger = logging.getLogger(__name__)


def list_numbers(class_names: Sequence[str]) -> dict[int, str]:
    """The class of each number in a list.

    Args:
        class_names: the run's classes, in the order of the label numbers.

    Returns:
        RAF-DB's numbers, all eight, where the classes are emotions; else 1, 2, ... for the classes.
    """
    if set(class_names) <= set(LIST_LABELS.values()):
        return LIST_LABELS
    return dict(enumerate(class_names, start=1))


def noise_from_list(
    path: Path, names: Sequence[str], true_labels: np.ndarray, class_names: Sequence[str]
) -> NoisyLabels:
    """Read the noisy labels from a list in RAF-DB format (``train_00001.jpg 5`` a line).

    The numbers are those of `list_numbers`. An image is looked up by its full name
    first, then by its name without folder, suffix and ``_aligned``. Lines of other images
    (``test_...``) are passed over; a training image that the list does not name is an error, so
    that no true label slips in.

    Args:
        path: the list, for example the published ``noise01.txt``.
        names: (N,) names of the training images, folders with ``/``.
        true_labels: (N,) labels in the order of ``names``.
        class_names: the run's classes, in the order of the label numbers.

    Raises:
        FileNotFoundError: when the list is absent.
        ValueError: for a broken line, an image with two labels, a label that the run does not
            have, or a training image without a line or with several that may be meant.
    """
    numbers = list_numbers(class_names)
    listed = _read_list(path, numbers)
    found = _match(path, names, listed)
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(
            f"{path} has no line for {len(missing)} of {len(names)} training images, "
            f"first {missing[0]!r}: is it the list of this data set?"
        )
    index = {name: number for number, name in enumerate(class_names)}
    read = [numbers[listed[found[name]]] for name in names]
    foreign = sorted(set(read) - set(index))
    if foreign:
        raise ValueError(
            f"{path} gives the label {foreign[0]}, which the data set does not have; its classes: "
            f"{', '.join(class_names)}"
        )
    labels = np.array([index[name] for name in read], dtype=np.int64)
    _warn_of_other_classes(path, labels, true_labels, class_names)
    return NoisyLabels(labels, labels != true_labels)


def write_noise_list(
    path: Path, names: Sequence[str], labels: np.ndarray, class_names: Sequence[str]
) -> None:
    """Write labels as a list that `noise_from_list` reads back; an earlier file is replaced.

    Args:
        path: the list to write; its folder must exist.
        names: (N,) unique names of the images.
        labels: (N,) labels in the order of ``names``.
        class_names: the run's classes, in the order of the label numbers.

    Raises:
        ValueError: for a name that cannot be in a line or occurs twice, or a label out of
            range; nothing is written then.
    """
    numbers = {name: number for number, name in list_numbers(class_names).items()}
    if len(names) != len(labels):
        raise ValueError(f"{len(names)} names do not fit {len(labels)} labels")
    numbers_here = [numbers[name] for name in class_names]
    lines: dict[str, str] = {}
    for name, label in zip(names, labels, strict=True):
        if name in lines:
            raise ValueError(f"image names must be unique, {name!r} is given twice")
        if not _fits_a_line(name):
            raise ValueError(
                f"image name {name!r} cannot be in a noise list: it must be text without line "
                f"breaks and without blanks at its ends"
            )
        if not 0 <= label < len(class_names):
            raise ValueError(f"labels must be in [0, {len(class_names)}), got {label} for {name!r}")
        lines[name] = f"{name} {numbers_here[label]}\n"
    write_whole(path, "".join(lines.values()).encode())


def _read_list(path: Path, numbers: Mapping[int, str]) -> dict[str, int]:
    if not path.is_file():
        raise FileNotFoundError(f"no noise list at {path}: expected lines like 'train_00001.jpg 5'")
    listed: dict[str, int] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        name, _, label = (part.strip() for part in line.strip().rpartition(" "))
        if not name or not label.isdecimal() or int(label) not in numbers:
            hint = "; the numbers start at 1, not at 0" if name and label == "0" else ""
            raise ValueError(
                f"{path} line {number}: expected 'FILE LABEL', label {_allowed(numbers)}, got "
                f"{line!r}{hint}"
            )
        if listed.setdefault(name, int(label)) != int(label):
            raise ValueError(
                f"{path} line {number}: {name!r} has the label {label}, but {listed[name]} in an "
                f"earlier line"
            )
    return listed


def _allowed(numbers: Mapping[int, str]) -> str:
    if numbers is LIST_LABELS:
        return "from 1 to 7 or 8 for contempt"
    return f"from 1 ({numbers[1]}) to {len(numbers)} ({numbers[len(numbers)]})"


def _match(path: Path, names: Sequence[str], listed: Mapping[str, int]) -> dict[str, str]:
    """The line that is meant by each name, for the names that have one."""
    found = {name: name for name in names if name in listed}
    lines, images = defaultdict(list), defaultdict(list)
    for groups, members in ((lines, listed), (images, names)):
        for name in members:
            groups[_stem(name)].append(name)
    for name in names:
        stem = _stem(name)
        meant = [] if name in found else [line for line in lines[stem] if _agree(line, name)]
        if not meant:
            continue
        others = [image for image in images[stem] if _agree(meant[0], image)]
        for what, group in (("lines", meant), ("training images", others)):
            if len(group) > 1:
                raise ValueError(
                    f"{path} does not say which label {name!r} has: the {what} {group[0]!r} and "
                    f"{group[1]!r} differ in folder or ending only; use full names in the list"
                )
        found[name] = meant[0]
    return found


def _warn_of_other_classes(
    path: Path, labels: np.ndarray, true_labels: np.ndarray, class_names: Sequence[str]
) -> None:
    """Say when a list gives several classes to no image: noise hardly ever empties a class.

    A list of three classes has numbers that a run of seven has, too, and names may fit by chance.
    """
    given = np.bincount(labels, minlength=len(class_names))
    true = np.bincount(true_labels, minlength=len(class_names))
    never = np.flatnonzero((given == 0) & (true >= MANY))
    if len(never) >= 2:
        logger.warning(
            "%s gives no training image the labels %s, which %s have: do its numbers stand for "
            "other classes? It agrees with %.1f %% of the labels",
            path,
            ", ".join(class_names[int(number)] for number in never),
            counted(int(true[never].sum()), "image"),
            100 * float(np.mean(labels == true_labels)),
        )


def _agree(line: str, name: str) -> bool:
    """Whether the folders of two names may be the same: as far as both state them, they are."""
    one, other = (PurePosixPath(text).parts[:-1][::-1] for text in (line, name))
    return all(a == b for a, b in zip(one, other, strict=False))


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.removesuffix("_aligned")


def _fits_a_line(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes of a file name that are no text
        return False
    # A mark of byte order would vanish at the start of the file.
    return bool(name) and name == name.strip() and not set(name) & set("\r\n\ufeff")
