"""Decodes images in a process that can be ended: ``python -m fer_core.io.decode_worker``.

A decoder that hangs in a thread of a server cannot be stopped, and what it has taken stays with the
server. `ImageDecoder` asks this process instead, and ends it when it takes too long.

A request is a line of JSON: ``{"path": ...}``, or ``{"bytes": n}`` and n bytes; ``enough`` in it is
that of `open_within`. The reply is one line:
``{"size": [width, height], "scale": ..., "large": ...}`` and the RGB bytes, or
``{"kind": ..., "fault": ...}``. A large image is reduced, and the scale says how much.
"""

import contextlib
import io
import json
import os
import signal
import sys
from typing import BinaryIO

from fer_core.io.images import READ_ERRORS, ImageError, open_within

MEMORY = 2 * 2**30  # bytes of addresses, where the system can limit them
CPU_SECONDS = 5.0  # of work on one image, however busy the computer is
LARGE = 12_000_000  # pixels, to which larger images are reduced; the process ends after one


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until they end, or an image was large."""
    while line := requests.readline():
        request = json.loads(line)
        source = request.get("path") or io.BytesIO(requests.read(request.get("bytes", 0)))
        _limit_time(CPU_SECONDS)
        try:
            image, scale = open_within(source, LARGE, request.get("enough"))
        except READ_ERRORS as error:
            told = {"kind": "image" if isinstance(error, ImageError) else "other"}
            _say(replies, {**told, "fault": str(error)[:500]})
            continue
        finally:
            _limit_time(0)
        large = scale > 1 and image.width * image.height > LARGE / 2
        _say(replies, {"size": list(image.size), "scale": scale, "large": large})
        replies.write(image.tobytes())
        replies.flush()
        if large:  # so that its memory comes back
            return


def _limit_time(seconds: float) -> None:
    """Let the system end the process after so many seconds of work; 0: no longer."""
    if hasattr(signal, "ITIMER_PROF"):  # not on Windows
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _say(replies: BinaryIO, reply: object) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()


def main() -> None:
    """Serve standard input and output, with limited memory."""
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a decoder prints is not a reply
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
