"""The listed data sets of this computer, which pages share."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress

import streamlit as st

from dashboard.data.raters import EvalImages, read_eval_images
from fer_core.datasets import parse_uri
from fer_core.errors import FerError
from fer_core.io.images import IMAGE_SUFFIXES


def list_images(uri: str) -> EvalImages:
    """`read_eval_images`, shared, so read only; listed again when the files have changed."""
    return _list_images(uri, stamp_of(uri))


@st.cache_resource(show_spinner="Listing the data set", max_entries=2)
def _list_images(uri: str, stamp: str) -> EvalImages:
    del stamp  # only a key of the cache
    return read_eval_images(uri)


def stamp_of(uri: str) -> str:
    """A digest that changes when a table is written, or a file added, removed or renamed.

    Images are opened when they are shown, so what is in them does not count: of 30,000 images only
    the names are read.

    Args:
        uri: of the data set; files beside a table that its options name count too.
    """
    try:
        source = parse_uri(uri)
    except FerError:  # listing it says what is wrong
        return ""
    named = [] if source.path is None else [source.path]
    if source.path is not None and source.path.is_file():
        options = (source.options.get(name) for name in ("images", "test"))
        named += [source.path.parent / value for value in options if value]
    seen: set[tuple[int, int]] = set()
    states = sorted(state for path in named for state in _states(str(path), seen))
    return hashlib.sha256(repr(states).encode()).hexdigest()


def _states(path: str, seen: set[tuple[int, int]]) -> Iterator[tuple[str, int, int]]:
    """Path, time of change and size of a file, or of the folders and tables in a folder.

    Args:
        path: of the file or folder; nothing where it cannot be read.
        seen: device and number of what was passed already, so that links may lead back.
    """
    with suppress(OSError, ValueError):
        state = os.stat(path)  # noqa: PTH116 - strings, as os.scandir gives them
        if (state.st_dev, state.st_ino) in seen:
            return
        seen.add((state.st_dev, state.st_ino))
        yield path, state.st_mtime_ns, state.st_size
        if not stat.S_ISDIR(state.st_mode):
            return
        with os.scandir(path) as entries:
            for entry in entries:
                image = entry.name.lower().endswith(IMAGE_SUFFIXES)
                if not image and not entry.name.startswith("."):
                    yield from _states(entry.path, seen)
