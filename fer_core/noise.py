"""Label noise: which training labels are given to the model, and which of them were changed."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_core.emotions import RAFDB_LABELS


class NoisyLabels(NamedTuple):
    """The labels a model is trained on.

    Attributes:
        labels: (N,) int64, the given labels.
        flipped: (N,) bool, True where the given label differs from the clean one.
    """

    labels: np.ndarray
    flipped: np.ndarray


def symmetric_noise(clean: np.ndarray, rate: float, classes: int, seed: int) -> NoisyLabels:
    """Change exactly ``round(rate * N)`` labels, each to one of the other classes, uniformly.

    Args:
        clean: (N,) labels in [0, classes).
        rate: share of the labels to change, in [0, 1).
        classes: number of classes, at least 2.
        seed: same seed, same labels.

    Raises:
        ValueError: for a rate, a class count or labels out of range.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"noise rate must be in [0, 1), got {rate}")
    if classes < 2:
        raise ValueError(f"label noise needs at least 2 classes, got {classes}")
    clean = np.asarray(clean, dtype=np.int64)
    if clean.size and not (clean.min() >= 0 and clean.max() < classes):
        raise ValueError(f"labels must be in [0, {classes}), got {clean.min()} to {clean.max()}")
    generator = np.random.Generator(np.random.PCG64(seed))
    chosen = generator.permutation(len(clean))[: round(rate * len(clean))]
    labels = clean.copy()
    labels[chosen] = (clean[chosen] + generator.integers(1, classes, len(chosen))) % classes
    return NoisyLabels(labels, labels != clean)


def noise_from_list(
    path: Path, names: Sequence[str], clean: np.ndarray, class_names: Sequence[str]
) -> NoisyLabels:
    """Read the given labels from a list in RAF-DB format (``train_00001.jpg 5`` a line).

    The numbers are RAF-DB's, 1 to 7. Lines of other splits (``test_...``) are passed over; a
    training image that the list does not name is an error, so that no clean label slips in.

    Args:
        path: the list, for example the published ``noise01.txt``.
        names: (N,) file names of the training images; ``_aligned`` is ignored in the comparison.
        clean: (N,) clean labels in the order of ``names``.
        class_names: the run's classes, in the order of the label numbers.

    Raises:
        FileNotFoundError: when the list is absent.
        ValueError: for a broken line, an unknown label, or a training image without a line.
    """
    listed = _read_list(path)
    missing = [name for name in names if _key(name) not in listed]
    if missing:
        raise ValueError(
            f"{path} has no line for {len(missing)} of {len(names)} training images, "
            f"first {missing[0]!r}: is it the list of this data set?"
        )
    index = {name: number for number, name in enumerate(class_names)}
    given = [RAFDB_LABELS[listed[_key(name)]] for name in names]
    foreign = sorted(set(given) - set(index))
    if foreign:
        raise ValueError(
            f"{path} gives the label {foreign[0]}, which the data set does not have; its classes: "
            f"{', '.join(class_names)}"
        )
    labels = np.array([index[name] for name in given], dtype=np.int64)
    return NoisyLabels(labels, labels != clean)


def noise_facts(kind: str, rate: float, noisy: NoisyLabels) -> Mapping[str, object]:
    """What the run record says of the noise: kind, asked and realised rate, count, hash."""
    count = int(noisy.flipped.sum())
    return {
        "kind": kind,
        "rate": rate,
        "realised_rate": count / max(1, len(noisy.labels)),
        "changed_labels": count,
        "labels_sha256": hashlib.sha256(noisy.labels.astype("<i8").tobytes()).hexdigest(),
    }


def _read_list(path: Path) -> dict[str, int]:
    if not path.is_file():
        raise FileNotFoundError(f"no noise list at {path}: expected lines like 'train_00001.jpg 5'")
    listed = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        name, _, label = line.strip().rpartition(" ")
        if not name or not label.isdecimal() or int(label) not in RAFDB_LABELS:
            raise ValueError(
                f"{path} line {number}: expected 'FILE LABEL', label from 1 to 7, got {line!r}"
            )
        listed[_key(name.strip())] = int(label)
    return listed


def _key(name: str) -> str:
    return Path(name).stem.removesuffix("_aligned")
