"""Data sets by name: ``load_data("ferplus:PATH?classes=7", Decoding(size=48, channels=1))``."""

import difflib
import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fer_core.datasets.affectnet import list_affectnet
from fer_core.datasets.arrays import from_arrays
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
from fer_core.datasets.cache.store import Storage
from fer_core.datasets.exclude import read_exclude_list, without_files
from fer_core.datasets.fer2013 import list_fer2013
from fer_core.datasets.ferplus import list_ferplus
from fer_core.datasets.folder import list_folder
from fer_core.datasets.huggingface import list_hub_set
from fer_core.datasets.labelled_table import list_table
from fer_core.datasets.layouts import LayoutError, found_text, recognise
from fer_core.datasets.loading import load_listing, with_broken_names, with_repeated_names
from fer_core.datasets.rafdb import list_rafdb
from fer_core.datasets.synthetic.dataset import list_synthetic
from fer_core.datasets.vote_rules import vote_shares

if TYPE_CHECKING:
    from fer_core.datasets.torch_faces import TorchFaces

__all__ = [
    "DATASETS",
    "GIVEN",
    "DataError",
    "Decoding",
    "FaceData",
    "Listing",
    "Source",
    "Split",
    "Storage",
    "TorchFaces",
    "content_hash",
    "from_arrays",
    "list_data",
    "load_data",
    "register_dataset",
    "vote_shares",
]

Lister = Callable[[Source, Decoding], Listing]
L = TypeVar("L", bound=Lister)
PLUGINS = "fer_core.datasets"  # entry points of installed packages: KIND = "pkg.module:function"
GIVEN = "given"  # kind that records have for data that were given as an object

# What each kind of URI lists. Only synthetic faces need to know how large they will be wanted.
DATASETS: dict[str, Lister] = {
    "affectnet": list_affectnet,
    "csv": list_table,
    "fer2013": list_fer2013,
    "ferplus": list_ferplus,
    "rafdb": list_rafdb,
    "folder": list_folder,
    "hf": list_hub_set,
    "synthetic": list_synthetic,
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class
    """What needs torch, on first use."""
    if name != "TorchFaces":
        raise AttributeError(f"module 'fer_core.datasets' has no attribute {name!r}")
    return importlib.import_module("fer_core.datasets.torch_faces").TorchFaces


def register_dataset(kind: str) -> Callable[[L], L]:
    """Make a function that lists a data set the meaning of ``KIND:PATH?option=value``.

    It takes the parsed URI and the decoding, and gives a `Listing`: names, labels and images,
    without opening an image. The command line knows the data sets of packages with an entry point
    in the group ``fer_core.datasets``.

    Args:
        kind: the part before the colon: letters, digits and underscores.

    Raises:
        ValueError: for a kind that is taken or no such name.
    """
    if not kind.isidentifier() or kind == GIVEN:
        raise ValueError(f"a kind of data must be letters, digits and underscores, got {kind!r}")

    def enter(lister: L) -> L:
        known = DATASETS.get(kind)
        if known and (known.__module__, known.__qualname__) != (
            lister.__module__,
            lister.__qualname__,
        ):
            raise ValueError(
                f"data {kind!r} are taken by {known.__module__}.{known.__qualname__}: take another "
                "name"
            )
        DATASETS[kind] = lister
        return lister

    return enter


def _lister(kind: str) -> Lister:
    if kind in DATASETS:
        return DATASETS[kind]
    if kind == GIVEN:
        raise DataError(
            "the run was trained on data that were given as an object: give them again, "
            "train(..., dataset=...)"
        )
    plugins = {plugin.name: plugin for plugin in entry_points(group=PLUGINS)}
    if kind in plugins:
        return plugins[kind].load()
    known = sorted({*DATASETS, *plugins})
    place = Path(kind).expanduser()
    if place.is_file():
        raise DataError(f"{kind!r} is a file: a table of images and labels is read as csv:{kind}")
    if place.is_dir():
        raise DataError(
            f"{kind!r} is a folder: say what it holds, as {recognise(place) or f'folder:{kind}'}; "
            f"kinds of data: {', '.join(known)}"
        )
    near = difflib.get_close_matches(kind, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise DataError(f"unknown data set {kind!r}: use one of {known}{hint}")


def list_data(uri: str, decoding: Decoding, *, without: str | Path | None = None) -> Listing:
    """List the data set that a URI names; no image is opened.

    Args:
        uri: see `load_data`.
        decoding: side and channels at which synthetic faces are drawn.
        without: an exclude list, as `fer-core data check --fix-list` writes it.

    Raises:
        DataError: for an unknown data set, or one that is absent or broken as a whole. What is
            wrong with single files is in the listing's ``problems``.
    """
    source = parse_uri(uri)
    try:
        listing = with_broken_names(with_repeated_names(_lister(source.kind)(source, decoding)))
    except LayoutError as error:
        raise DataError("\n".join(filter(None, (str(error), found_text(source))))) from error
    return listing if without is None else without_files(listing, read_exclude_list(Path(without)))


def load_data(
    uri: str,
    decoding: Decoding,
    *,
    storage: Storage | None = None,
    dedup: bool = False,
    without: str | Path | None = None,
) -> FaceData:
    """Load the data set that a URI names.

    Args:
        uri: ``KIND:PATH``, with options as ``?classes=7``; KIND is one of `DATASETS`.
        decoding: side and channels of the decoded images.
        storage: where the decoded images are kept; None: see `Storage`.
        dedup: drop evaluation images that are also in train, pixel by pixel.
        without: an exclude list, as `fer-core data check --fix-list` writes it.

    Raises:
        DataError: for an unknown data set, or one that is absent or broken.
    """
    listing = list_data(uri, decoding, without=without)
    return load_listing(listing, decoding, storage or Storage(), dedup=dedup)
