"""What a command line names to be predicted: files, folders, patterns, addresses, a list."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from fer_core.io.images import IMAGE_SUFFIXES

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"),
    *(".3gp", ".3g2", ".flv", ".ogv", ".wmv", ".asf"),
)
ADDRESSES = ("http://", "https://")
LIST = "-"
MAGIC = frozenset("*?[")  # of a pattern


class PredictionInput(NamedTuple):
    """One input.

    Attributes:
        name: as it was named, or its path below the folder that was named.
        kind: an image or a video in a file, or an image at a web address.
        path: of the file; empty for an address.
        below: path below the folder that was named, or the file's name.
        problem: why there is nothing to predict; empty where there is.
    """

    name: str
    kind: Literal["image", "video", "address"]
    path: Path
    below: Path
    problem: str = ""


def list_inputs(words: Sequence[str], listed: Iterable[str] = ()) -> list[PredictionInput]:
    """All inputs in the order of the command line; folders are read at any depth.

    Args:
        words: files, folders, patterns (``*.jpg``), web addresses, or ``-`` for ``listed``.
        listed: lines with one of these each.
    """
    return [one for word in words for one in _inputs(word, listed)]


def _inputs(word: str, listed: Iterable[str]) -> Iterator[PredictionInput]:
    if word == LIST:
        for line in listed:
            if line.strip():
                yield from _inputs(line.rstrip("\r\n"), ())
        return
    if word.startswith(ADDRESSES):
        name = Path(word.partition("?")[0].rstrip("/")).name or "address"
        yield PredictionInput(word, "address", Path(), Path(name))
        return
    path = Path(word)
    if path.is_dir():
        yield from _of_folder(path)
    elif not path.exists() and MAGIC & set(word):
        root = Path(path.anchor)
        found = sorted(root.glob(str(path.relative_to(root))))
        if not found:
            yield _missing(word, "no file fits this pattern")
        for one in found:
            yield from _inputs(str(one), ())
    else:
        yield _of_file(path, Path(path.name))


def _of_folder(folder: Path) -> Iterator[PredictionInput]:
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
        and not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    if not paths:
        yield _missing(str(folder), "no image or video in this folder")
    for path in paths:
        yield _of_file(path, path.relative_to(folder))


def _of_file(path: Path, below: Path) -> PredictionInput:
    kind = "video" if path.suffix.lower() in VIDEO_SUFFIXES else "image"
    return PredictionInput(str(path), kind, path, below)


def _missing(name: str, problem: str) -> PredictionInput:
    return PredictionInput(name, "image", Path(name), Path(Path(name).name), problem)
