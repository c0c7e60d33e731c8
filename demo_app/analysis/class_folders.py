"""A ZIP file of class folders from a visitor: unpacked within limits, listed with its labels.

Photographs lie in a folder for each class, as ``happiness/001.jpg``; all folders may lie in one.
"""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from demo_app.language import say
from fer_core.datasets import DataError
from fer_core.datasets.layouts import LayoutError
from fer_core.datasets.naming import DoubtfulNamesError
from fer_core.emotions import find_emotion
from fer_core.errors import FerError
from fer_core.evaluation.photo_folder import PhotoFolder, list_photo_folder

MOST_BYTES = 1_000_000_000  # of all photographs together, unpacked
PIECE = 1 << 20  # bytes that are unpacked at a time
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(NotImplementedError, RuntimeError, EOFError, OSError),
)


class ClassFoldersError(FerError, ValueError):
    """A ZIP file that holds no labelled photographs, or too many."""


def list_class_folders(archive: str | Path, folder: Path, most: int) -> PhotoFolder:
    """Unpack the photographs of a ZIP file and list them with their classes.

    Args:
        archive: the ZIP file.
        folder: a new one, for the photographs.
        most: photographs that are taken.

    Raises:
        ClassFoldersError: when there is no such file, or it holds too much or nothing of use.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            members = _members(file, most)
            _unpack(file, members, folder / "unpacked")
    except BROKEN as error:
        raise ClassFoldersError(say("models.no_zip")) from error
    root = folder / "photographs"
    _root(folder / "unpacked").rename(root)  # its own name may be no path of a data set
    try:
        return list_photo_folder(str(root))
    except DataError as error:
        raise ClassFoldersError(_told(error, root)) from error


def _told(error: DataError, root: Path) -> str:
    """What is wrong with the class folders in ``root``, without what only a command line takes."""
    cause = error.__cause__
    if isinstance(cause, DoubtfulNamesError):
        return say("models.doubtful", doubts=cause.doubts)
    if isinstance(cause, LayoutError):
        return say("models.no_classes")
    text = str(error).replace(str(root), "ZIP")  # not the name of this computer's folder
    return f"{say('models.no_classes')} {text}"


def _members(file: zipfile.ZipFile, most: int) -> list[zipfile.ZipInfo]:
    """What is unpacked: files in folders, without what macOS adds, links, and other places."""
    found = []
    for one in file.infolist():
        path = PurePosixPath(one.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in one.filename:
            raise ClassFoldersError(say("models.outside", name=one.filename[:60]))
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if one.is_dir() or hidden or stat.S_ISLNK(one.external_attr >> 16):
            continue
        if len(path.parts) > 1:
            found.append(one)
    if not found:
        raise ClassFoldersError(say("models.no_classes"))
    if len(found) > most:
        raise ClassFoldersError(say("models.too_many", count=len(found), most=most))
    return found


def _unpack(file: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], folder: Path) -> None:
    """Write the files; the limit is counted while unpacking, for a header may say anything."""
    left = MOST_BYTES
    for one in members:
        target = folder.joinpath(*PurePosixPath(one.filename.replace("\\", "/")).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with file.open(one) as source, target.open("wb") as written:
            while piece := source.read(PIECE):
                left -= len(piece)
                if left < 0:
                    raise ClassFoldersError(say("models.too_large", most=MOST_BYTES // 1_000_000))
                written.write(piece)


def _root(folder: Path) -> Path:
    """The folder of the class folders: often all of them lie in one, which is no class itself."""
    inside = list(folder.iterdir())
    while len(inside) == 1 and _holds_folders(inside[0]) and not find_emotion(inside[0].name):
        folder = inside[0]
        inside = list(folder.iterdir())
    return folder


def _holds_folders(path: Path) -> bool:
    return path.is_dir() and any(inner.is_dir() for inner in path.iterdir())
