"""What a file of metrics holds: for each column or tag, values over steps."""

from typing import NamedTuple

from fer_core.errors import FerError

Points = list[tuple[float, float]]  # (step, value), in the order of the file


class SourceError(FerError, ValueError):
    """A file that holds no run that can be imported; the message says why and what to do."""


class SeriesSource(NamedTuple):
    """One run as another program wrote it.

    Attributes:
        name: for its record, of the path below the folder that was searched.
        file: its last name, as the record shows it.
        kind: ``csv`` or ``tensorboard``.
        series: by column or tag.
        by_epoch: whether steps are epochs; if not, they are optimiser steps, or nobody knows.
        sha256: of the content.
        started: ISO 8601 in UTC; of a CSV the time of its last change.
        ended: likewise.
        notes: a sentence for whatever was left out while reading.
    """

    name: str
    file: str
    kind: str
    series: dict[str, Points]
    by_epoch: bool
    sha256: str
    started: str
    ended: str
    notes: tuple[str, ...]
