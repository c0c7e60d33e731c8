"""Images decoded once into a cache, or for each batch.

The cache is a folder shared by all runs and processes:

    entries/<key>/images.u8   raw (N, S, S, C) uint8, read by memory map
    entries/<key>/about.json  N, S, C
    known/<stamp>.npz         digest and size of every image of a list of files

An entry's key is made of the images' own pixels and of how they were decoded: the same images
in another folder find it again. What the images are is remembered under a stamp of their paths,
sizes and times, so that a second start opens none of them; a file that changes changes the stamp.
An entry is built in a folder of its own and renamed when it is whole.
"""

import contextlib
import errno
import hashlib
import io
import json
import logging
import os
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, get_args
from zipfile import BadZipFile

import numpy as np
import PIL
from filelock import FileLock
from tqdm import tqdm

from fer_core.datasets.base import DataError, Decoding
from fer_core.datasets.cache.arrays import CachedImages, StreamedImages
from fer_core.datasets.cache.decode import ImageFacts, Read, gather_facts, read_all
from fer_core.datasets.cache.folder import SHAPE, entry_shape
from fer_core.datasets.images import ImageSources, PixelRows, UnusableImageError
from fer_core.io.files import write_whole
from fer_core.io.images import Images

logger = logging.getLogger(__name__)
FORMAT = f"1, Pillow {PIL.__version__}"  # another decoder may give other pixels
StorageKind = Literal["auto", "device", "cache", "stream"]
WAYS_OUT = "name another folder (--cache FOLDER or FER_CORE_CACHE), or use --storage stream"
CHECK_HINT = (
    "'fer-core data check URI --fix-list FILE' finds every such file, and the data option "
    "--exclude FILE leaves them out"
)


class StorageError(DataError):
    """A cache folder that cannot be used: read-only, full, or no folder."""


class Storage(NamedTuple):
    """Where decoded images are kept; the pixels are the same everywhere.

    Attributes:
        kind: ``cache``: a file of decoded images; ``stream``: nothing, images are decoded for
            each batch; ``device``: the cache, and the training images in the device's memory;
            ``auto``: the cache where the disk has room, and the device where it has.
        folder: of the cache; None: $FER_CORE_CACHE, or fer_core in the user's cache folder.
        progress: show a bar while images are decoded.
    """

    kind: StorageKind = "auto"
    folder: Path | None = None
    progress: bool = False


class Stored(NamedTuple):
    """Decoded images and the facts of each."""

    images: Images
    facts: ImageFacts


def store(images: ImageSources, decoding: Decoding, storage: Storage) -> Stored:
    """Decode images, or find them decoded.

    Raises:
        DataError: naming the first image that cannot be read, or an unknown kind of storage.
        StorageError: when the cache was asked for and its folder cannot be used.
    """
    if storage.kind not in get_args(StorageKind):
        allowed = ", ".join(get_args(StorageKind))
        raise DataError(f"storage must be one of {allowed}, got {storage.kind!r}")
    if isinstance(images, PixelRows) and decoding.size <= min(images.pixels.shape[1:3]):
        return _in_memory(images, decoding)
    folder = cache_folder(storage.folder)
    job = _Job(images, decoding, folder, storage.progress)
    if storage.kind != "stream":
        try:
            return job.cached()
        except StorageError as error:
            if storage.kind != "auto":
                raise
            logger.warning("%s. Images are decoded for each batch instead", error)
    return Stored(StreamedImages(images, decoding), job.facts())


def cache_folder(chosen: Path | None) -> Path:
    """The cache folder: ``chosen``, $FER_CORE_CACHE, or ``fer_core`` in the user's cache folder.

    Raises:
        StorageError: for a path in the home folder of somebody unknown.
    """
    named = chosen or os.environ.get("FER_CORE_CACHE")
    user = os.environ.get("XDG_CACHE_HOME")
    try:
        if named:
            return Path(named).expanduser()
        return (Path(user) if user else Path.home() / ".cache") / "fer_core"
    except RuntimeError as error:
        raise StorageError(f"no home folder for the cache {str(named)!r}: {error}") from error


def _in_memory(images: PixelRows, decoding: Decoding) -> Stored:
    reads = list(_readable(images, decoding))
    return Stored(np.stack([read.array for read in reads]), gather_facts(reads))


class _Job:
    """One list of images on its way into one cache folder."""

    def __init__(
        self, images: ImageSources, decoding: Decoding, folder: Path, progress: bool
    ) -> None:
        self.images, self.decoding, self.folder = images, decoding, folder
        self.progress = progress
        self.shape = (len(images), decoding.size, decoding.size, decoding.channels)
        self.bytes = int(np.prod(self.shape))
        self.stamp = hashlib.sha256((FORMAT + images.stamp()).encode()).hexdigest()
        self.known = folder / "known" / f"{self.stamp}.npz"

    def cached(self) -> Stored:
        """The images in the cache, built where they are not there yet."""
        with contextlib.suppress(OSError):  # not to be read by this user, or just deleted
            found = self._find()
            if found is not None:
                return found
        lock = self.folder / "locks" / f"{self.stamp}.lock"
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(lock):  # a second run waits here for the entry of the first
                return self._find() or self._build()
        except OSError as error:
            reason = error.strerror or error
            space = "free some space, " if error.errno == errno.ENOSPC else ""
            raise StorageError(
                f"the cache folder {self.folder} cannot be used ({reason}): {space}{WAYS_OUT}"
            ) from error

    def facts(self) -> ImageFacts:
        """What the images are: remembered, or found out by reading them all."""
        facts = self._recall()
        if facts is None:
            facts = gather_facts(self._bar(_readable(self.images, None)))
            try:
                self._remember(facts)
            except OSError as error:
                logger.warning(
                    "the cache folder %s cannot be used (%s): the images will be read again at "
                    "the next start",
                    *(self.folder, error.strerror or error),
                )
        return facts

    def _find(self) -> Stored | None:
        facts = self._recall()
        entry = self._entry(facts) if facts else None
        if facts is None or entry is None or not self._whole(entry):
            return None
        return Stored(CachedImages(entry / "images.u8", self.shape), facts)

    def _build(self) -> Stored:
        entries = self.folder / "entries"
        entries.mkdir(parents=True, exist_ok=True)
        for left in entries.glob(f"part-{self.stamp}-*"):  # by a run that was killed
            shutil.rmtree(left)
        free = shutil.disk_usage(entries).free
        if self.bytes > free:
            raise StorageError(
                f"the cache folder {self.folder} has {free / 1e6:,.1f} MB free, "
                f"{self.bytes / 1e6:,.1f} MB are needed: free some space, {WAYS_OUT}"
            )
        part = entries / f"part-{self.stamp}-{os.getpid()}"
        part.mkdir()
        try:
            facts = self._write_images(part / "images.u8")
            about = json.dumps(dict(zip(SHAPE, self.shape, strict=True)))
            (part / "about.json").write_text(about + "\n", encoding="utf-8")
            entry = self._entry(facts)
            self._put(part, entry)
            self._remember(facts)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return Stored(CachedImages(entry / "images.u8", self.shape), facts)

    def _put(self, part: Path, entry: Path) -> None:
        """Give a whole entry its name, unless another run that read copies was quicker."""
        if entry.exists() and not self._whole(entry):
            shutil.rmtree(entry)
        try:
            part.rename(entry)
        except OSError:
            if not self._whole(entry):
                raise

    def _write_images(self, file: Path) -> ImageFacts:
        def written() -> Iterator[Read]:
            with file.open("wb") as stream:
                for read in self._bar(_readable(self.images, self.decoding)):
                    stream.write(read.array.tobytes())
                    yield read
                stream.flush()
                os.fsync(stream.fileno())

        return gather_facts(written())

    def _entry(self, facts: ImageFacts) -> Path:
        key = hashlib.sha256(f"{FORMAT} {self.shape}".encode())
        key.update(facts.digests.tobytes())
        return self.folder / "entries" / key.hexdigest()

    def _whole(self, entry: Path) -> bool:
        return entry_shape(entry) == self.shape

    def _recall(self) -> ImageFacts | None:
        try:
            with np.load(self.known) as arrays:
                return ImageFacts(arrays["digests"], arrays["sizes"])
        except (OSError, KeyError, ValueError, EOFError, RuntimeError, BadZipFile, zlib.error):
            # absent or broken
            return None

    def _remember(self, facts: ImageFacts) -> None:
        self.known.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(buffer, **facts._asdict())
        write_whole(self.known, buffer.getbuffer())

    def _bar(self, reads: Iterator[Read]) -> Iterator[Read]:
        bar = tqdm(reads, "reading images", len(self.images), disable=not self.progress)
        return iter(bar)


def _readable(images: ImageSources, decoding: Decoding | None) -> Iterator[Read]:
    for read in read_all(images, decoding):
        if isinstance(read, UnusableImageError):
            raise DataError(f"{read}. {CHECK_HINT}") from read
        yield read
