"""Data sets by name: ``load_data("ferplus:PATH?classes=7", Decoding(size=48, channels=1))``."""

import difflib
from collections.abc import Callable

from fer_core.datasets.base import (
    DataError,
    Decoding,
    FaceData,
    Source,
    Split,
    content_hash,
    parse_uri,
)
from fer_core.datasets.ferplus import load_ferplus
from fer_core.datasets.folder import load_folder
from fer_core.datasets.rafdb import load_rafdb
from fer_core.datasets.synthetic import load_synthetic

__all__ = [
    "DATASETS",
    "DataError",
    "Decoding",
    "FaceData",
    "Source",
    "Split",
    "content_hash",
    "load_data",
]

DATASETS: dict[str, Callable[[Source, Decoding], FaceData]] = {
    "ferplus": load_ferplus,
    "rafdb": load_rafdb,
    "folder": load_folder,
    "synthetic": load_synthetic,
}


def load_data(uri: str, decoding: Decoding) -> FaceData:
    """Load the data set that a URI names.

    Args:
        uri: ``synthetic``, ``ferplus:PATH``, ``rafdb:PATH`` or ``folder:PATH``, with options as
            ``?classes=7``.
        decoding: side and channels of the decoded pictures.

    Raises:
        DataError: for an unknown data set, or one that is absent or broken.
    """
    source = parse_uri(uri)
    if source.kind not in DATASETS:
        near = difflib.get_close_matches(source.kind, DATASETS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DataError(f"unknown data set {source.kind!r}: use one of {sorted(DATASETS)}{hint}")
    return DATASETS[source.kind](source, decoding)
