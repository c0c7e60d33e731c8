"""Data sets by name: ``load_data("ferplus:PATH?classes=7", Decoding(size=48, channels=1))``."""

import difflib
from collections.abc import Callable
from pathlib import Path

from fer_core.datasets.affectnet import list_affectnet
from fer_core.datasets.base import (
    DataError,
    Decoding,
    FaceData,
    Listing,
    Source,
    Split,
    content_hash,
    parse_uri,
)
from fer_core.datasets.fer2013 import list_fer2013
from fer_core.datasets.ferplus import list_ferplus, vote_shares
from fer_core.datasets.folder import list_folder
from fer_core.datasets.hub_sets import list_hub_set
from fer_core.datasets.leaving_out import leave_out, read_leave_out
from fer_core.datasets.loading import load_listing, with_repeated_names
from fer_core.datasets.rafdb import list_rafdb
from fer_core.datasets.storage import Storage
from fer_core.datasets.synthetic import list_synthetic

__all__ = [
    "DATASETS",
    "DataError",
    "Decoding",
    "FaceData",
    "Listing",
    "Source",
    "Split",
    "Storage",
    "content_hash",
    "list_data",
    "load_data",
    "vote_shares",
]

# What each kind of URI lists. Only drawn faces need to know how large they will be wanted.
DATASETS: dict[str, Callable[[Source, Decoding], Listing]] = {
    "affectnet": list_affectnet,
    "fer2013": list_fer2013,
    "ferplus": list_ferplus,
    "rafdb": list_rafdb,
    "folder": list_folder,
    "hf": list_hub_set,
    "synthetic": list_synthetic,
}


def list_data(uri: str, decoding: Decoding, *, without: Path | None = None) -> Listing:
    """List the data set that a URI names; no picture is opened.

    Args:
        uri: see `load_data`.
        decoding: side and channels at which drawn faces are drawn.
        without: a list of files to leave out, as `fer-core data check --fix-list` writes it.

    Raises:
        DataError: for an unknown data set, or one that is absent or broken as a whole. What is
            wrong with single files stands in the listing's ``problems``.
    """
    source = parse_uri(uri)
    if source.kind not in DATASETS:
        near = difflib.get_close_matches(source.kind, DATASETS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DataError(f"unknown data set {source.kind!r}: use one of {sorted(DATASETS)}{hint}")
    listing = with_repeated_names(DATASETS[source.kind](source, decoding))
    return listing if without is None else leave_out(listing, read_leave_out(without))


def load_data(
    uri: str,
    decoding: Decoding,
    *,
    storage: Storage | None = None,
    dedup: bool = False,
    without: Path | None = None,
) -> FaceData:
    """Load the data set that a URI names.

    Args:
        uri: ``KIND:PATH``, with options as ``?classes=7``; KIND is one of `DATASETS`.
        decoding: side and channels of the decoded pictures.
        storage: where the decoded pictures are kept; None: see `Storage`.
        dedup: drop test images that also stand in train, pixel by pixel.
        without: a list of files to leave out, as `fer-core data check --fix-list` writes it.

    Raises:
        DataError: for an unknown data set, or one that is absent or broken.
    """
    listing = list_data(uri, decoding, without=without)
    return load_listing(listing, decoding, storage or Storage(), dedup=dedup)
