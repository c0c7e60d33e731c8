"""The evaluation images of a run on this computer: the images, and how far raters agreed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from fer_core.datasets import DataError, Decoding, list_data
from fer_core.datasets.images import ImageSources, UnusableImageError
from fer_core.emotions import FERPLUS_VOTES
from fer_core.errors import FerError
from fer_core.records.run import RUN_FILE

PLAIN = Decoding(size=48, channels=3)  # only synthetic faces are drawn at a size
BINS = (0.0, 0.6, 0.8, 0.9, 1.0)  # upper ends of the bins of agreement, after the first
BIN_NAMES = ("up to 60 %", "60 to 80 %", "80 to 90 %", "90 to 100 %")


class EvalImages(NamedTuple):
    """The evaluation split of a data set on this computer.

    Attributes:
        uri: of the data set.
        names: of the images, unique.
        images: to open, in the same order.
        labels: the class of each, in the same order.
        agreement: by name, the share of the votes that the most frequent expression has; empty
            where the data set has no votes.
    """

    uri: str
    names: tuple[str, ...]
    images: ImageSources
    labels: tuple[str, ...]
    agreement: pd.Series

    def open(self, names: list[str]) -> list[Image.Image | None]:
        """Some images; None for an image that cannot be opened or is not there."""
        place = {name: index for index, name in enumerate(self.names)}
        return [self._open(place.get(name)) for name in names]

    def _open(self, index: int | None) -> Image.Image | None:
        if index is None:
            return None
        try:
            return self.images.open(index)
        except UnusableImageError:
            return None


def read_eval_images(uri: str) -> EvalImages:
    """List the evaluation split of a data set; no image is opened.

    Args:
        uri: of the data set, such as ``ferplus:PATH`` (docs/data.md).

    Raises:
        FerError: when it is unknown, absent or broken.
    """
    try:
        data = list_data(uri, PLAIN)
    except OSError as error:
        raise DataError(f"{uri} cannot be read: {error}") from error
    split, agreement = data.eval, pd.Series(dtype=float)
    if split.votes is not None:
        expressions = split.votes[:, : len(FERPLUS_VOTES) - 2]
        agreement = pd.Series(
            expressions.max(1) / np.maximum(split.votes.sum(1), 1), index=list(split.names)
        )
    labels = tuple(data.classes[label] for label in split.true_labels)
    return EvalImages(uri, tuple(split.names), split.images, labels, agreement)


def data_on_this_computer(records: Iterable[Path]) -> str:
    """The data set of the first of some runs whose folder is here; empty without one.

    Args:
        records: folders of run records, those to look at first in front.
    """
    for folder in records:
        try:
            uri = str(json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))["config"]["data"])
        except (OSError, ValueError, KeyError, TypeError):  # other pages name broken records
            continue
        place = uri.partition(":")[2].partition("?")[0]
        if place and Path(place).expanduser().is_dir():
            return uri
    return ""


def agreement_bins(agreement: pd.Series) -> pd.Series:
    """The bin of each agreement, ordered; BIN_NAMES."""
    return pd.cut(agreement, list(BINS), labels=list(BIN_NAMES), include_lowest=True)


__all__ = [
    "BIN_NAMES",
    "EvalImages",
    "FerError",
    "agreement_bins",
    "data_on_this_computer",
    "read_eval_images",
]
