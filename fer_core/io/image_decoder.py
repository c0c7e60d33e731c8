"""Images decoded by a process of their own, with limits of time and memory."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from fer_core.io.decode_worker import LARGE
from fer_core.io.images import ImageError, open_checked

SECONDS = 30.0  # of one image by the clock; the process itself has a limit of work
MOST_LARGE = 4  # images that are worked on or wait: each keeps one of the server's places
QUICK_BYTES = 4_000_000  # of a file that is decoded among the quick ones
PROGRAM = (sys.executable, "-m", "fer_core.io.decode_worker")
ROOT = Path(__file__).resolve().parents[2]


class Decoded(NamedTuple):
    """An image as it came from its file.

    Attributes:
        image: upright RGB, of at most `LARGE` pixels.
        scale: pixels of the file per pixel of it, at least 1.
    """

    image: Image.Image
    scale: float


class ImageDecoder:
    """Decodes images one at a time in one process, large ones in another.

    So a large image keeps only other large ones waiting, and only one of them is in memory; it is
    reduced to `LARGE` pixels, more than the face detector looks at.
    """

    def __init__(self, seconds: float = SECONDS, program: tuple[str, ...] = PROGRAM) -> None:
        """Start nothing yet.

        Args:
            seconds: that one image may take.
            program: the command of the process.
        """
        self._quick, self._slow = _Lane(seconds, program), _Lane(seconds, program)
        self._large = threading.Lock()
        self._places = threading.Semaphore(MOST_LARGE)

    @contextmanager
    def decoded(self, source: str | Path | bytes, enough: int | None = None) -> Iterator[Decoded]:
        """The image of a file; while a large one is in use there is no other large one.

        Args:
            source: path, or the bytes of the file.
            enough: pixels of the longer side that are enough, see `fer_core.io.images.open_within`.

        Raises:
            ImageError: for an image that asks for too much, or takes too long, and for a large one
                while `MOST_LARGE` are in work.
            ValueError: when it cannot be read.
            OSError: when it is absent.
        """
        if self._is_quick(source):
            yield self._quick.decode(source, enough)
            return
        if not self._places.acquire(blocking=False):
            raise ImageError(
                f"{MOST_LARGE} large images are being read already: try again in a moment, or send "
                f"it with less than {LARGE // 10**6} megapixels and {QUICK_BYTES // 10**6} MB"
            )
        try:
            with self._large:
                yield self._slow.decode(source, enough)
        finally:
            self._places.release()

    def close(self) -> None:
        """End the processes."""
        self._quick.close()
        self._slow.close()

    @staticmethod
    def _is_quick(source: str | Path | bytes) -> bool:
        """Whether a file is small, by its bytes and what its header says."""
        size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
        if size > QUICK_BYTES:
            return False
        try:
            with open_checked(BytesIO(source) if isinstance(source, bytes) else source) as image:
                return image.width * image.height <= LARGE
        except ImageError:
            raise
        except Exception:  # the process says what is wrong with it
            return True


class _Lane:
    """A process that is started when it is needed, and again when it has ended."""

    def __init__(self, seconds: float, program: tuple[str, ...]) -> None:
        self._seconds, self._program = seconds, program
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()

    def decode(self, source: str | Path | bytes, enough: int | None) -> Decoded:
        with self._guard:
            process = self._running()
            late = threading.Event()

            def end() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(self._seconds, end)
            timer.start()
            try:
                return _ask(process, source, enough)
            except (OSError, EOFError) as error:
                process.kill()
                overworked = process.wait() == -getattr(signal, "SIGPROF", 0)
                reason = "time" if late.is_set() or overworked else "memory"
                raise ImageError(f"the image takes too much {reason} to read") from error
            finally:
                timer.cancel()

    def close(self) -> None:
        with self._guard:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                for pipe in (self._process.stdin, self._process.stdout):
                    if pipe is not None:
                        pipe.close()
                self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is None or process.poll() is not None:
            paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
            process = subprocess.Popen(
                self._program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )
            self._process = process
        return process


def _ask(
    process: subprocess.Popen[bytes], source: str | Path | bytes, enough: int | None
) -> Decoded:
    requests, replies = process.stdin, process.stdout
    assert requests is not None
    assert replies is not None
    if isinstance(source, bytes):
        request = {"bytes": len(source), "enough": enough}
        requests.write(json.dumps(request).encode() + b"\n" + source)
    else:
        request = {"path": os.fspath(source), "enough": enough}
        requests.write(json.dumps(request).encode() + b"\n")
    requests.flush()
    line = replies.readline()
    if not line:
        raise EOFError
    reply = json.loads(line)
    if "fault" in reply:
        kind = ImageError if reply["kind"] == "image" else ValueError
        raise kind(reply["fault"])
    width, height = reply["size"]
    content = replies.read(width * height * 3)
    if len(content) != width * height * 3:
        raise EOFError
    if reply["large"]:
        process.wait()  # it ends by itself, and gives its memory back
    return Decoded(Image.frombytes("RGB", (width, height), content), reply["scale"])
