"""The demo under many visitors, some of them broken or hostile: errors, waits, memory, files.

    python -m benchmarks.load --clients 50 --minutes 5

Each client sends photographs of mixed sizes, files that are none, uploads that stop half-way, and
requests that it does not wait for. A photograph has as many faces as were drawn into it, so that an
answer that belongs to another client is seen. At the end the server gets SIGTERM.

    python -m benchmarks.load --clients 1 --minutes 3 --hostile

One visitor with small photographs, while another sends the images of `benchmarks.hostile_images`.
"""

import asyncio
import contextlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import tyro
from PIL import Image

from benchmarks.hostile_images import hostile_images
from fer_core.datasets.synthetic.faces import draw_portrait

PROJECT = Path(__file__).resolve().parents[1]
SIDES = (240, 480, 960, 1920)
LOG = "server.log"
KINDS = ("photo", "photo", "photo", "photo", "broken", "half", "left")


@dataclass(frozen=True)
class Options:
    """Load the demo."""

    clients: int = 50
    """How many at once."""
    minutes: float = 5.0
    """How long."""
    hostile: bool = False
    """Small photographs alone, and one more client with the worst images."""


@dataclass
class Seen:
    """What happened."""

    codes: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    refusals: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Photo:
    """A file to send, and the faces that are drawn in it."""

    content: bytes
    faces: int


def main() -> None:
    """Start a server, load it, and print what was seen."""
    options = tyro.cli(Options)
    sides = SIDES[:1] if options.hostile else SIDES
    draw = random.Random(0)
    # All before the start: a client that draws answers no one, and its connections grow old.
    photos = [_photo(draw, side, faces) for side in sides for faces in (0, 1, 2) for _ in "abc"]
    with tempfile.TemporaryDirectory() as folder, _demo(Path(folder)) as (server, url):
        seen = asyncio.run(_load(server.pid, url, options, photos))
        server.send_signal(signal.SIGTERM)
        code = server.wait(60)
        errors = (Path(folder) / LOG).read_text().count("Traceback")
        left = [path for path in Path(folder).rglob("*") if path.is_file() and path.name != LOG]
    ended = {"exit code": code, "files left": len(left), "tracebacks of the server": errors}
    print(json.dumps(_summary(seen) | ended, indent=1))


@contextlib.contextmanager
def _demo(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server whose temporary files are in a folder."""
    port = _free_port()
    command = [sys.executable, "-m", "demo_app", "--port", str(port)]
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(PROJECT)}
    with (folder / LOG).open("wb") as log:
        server = subprocess.Popen(command, env=environment, stderr=log)
        try:
            yield server, f"http://127.0.0.1:{port}"
        finally:
            server.kill()


async def _load(process: int, url: str, options: Options, photos: list[Photo]) -> Seen:
    seen = Seen()
    # The server closes what is idle for five seconds: never use such a connection again.
    limits = httpx.Limits(keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits) as site:
        await _wait(site)
        end = time.monotonic() + 60 * options.minutes
        watcher = asyncio.create_task(_watch(process, seen))
        visits = [
            _visit(site, random.Random(number), photos, end, seen, calm=options.hostile)
            for number in range(options.clients)
        ]
        if options.hostile:
            visits.append(_attack(site, hostile_images(), end, seen))
        await asyncio.gather(*visits)
        watcher.cancel()
    return seen


async def _visit(
    site: httpx.AsyncClient,
    draw: random.Random,
    photos: list[Photo],
    end: float,
    seen: Seen,
    *,
    calm: bool,
) -> None:
    while time.monotonic() < end:
        kind = "photo" if calm else draw.choice(KINDS)
        photo = draw.choice(photos)
        started = time.monotonic()
        try:
            if kind == "half":
                await _send_half(site, photo.content)
                continue
            content = photo.content if kind != "broken" else draw.randbytes(5000)
            path = await _upload(site, content, seen)
            if path is None:
                continue
            told = await _analyse(site, path, seen, leave=kind == "left")
        except httpx.TransportError as error:
            age = time.monotonic() - started
            seen.wrong.append(f"{error!r} after {age:.1f} s of {error.request.url.path[:26]}")
            continue
        if kind == "photo":
            seen.waits.append(time.monotonic() - started)
            if told is not None and len(told["faces"]) != photo.faces:
                seen.wrong.append(f"{photo.faces} faces drawn, {len(told['faces'])} told")
        await asyncio.sleep(0.5 if calm else 0)


async def _attack(
    site: httpx.AsyncClient, images: dict[str, bytes], end: float, seen: Seen
) -> None:
    """Send the worst images one after the other, and note how long each keeps the server."""
    while time.monotonic() < end:
        for name, content in images.items():
            started = time.monotonic()
            path = await _upload(site, content, seen)
            told = None if path is None else await _analyse(site, path, seen, leave=False)
            answer = "no answer" if told is None else told["sentence"][:60]
            seen.refusals.setdefault(f"{name}: {answer}", []).append(time.monotonic() - started)


async def _upload(site: httpx.AsyncClient, content: bytes, seen: Seen) -> str | None:
    sent = await site.post("/gradio_api/upload", files={"files": ("photo.jpg", content)})
    seen.codes[sent.status_code] += 1
    return sent.json()[0] if sent.status_code == 200 else None


async def _analyse(
    site: httpx.AsyncClient, path: str, seen: Seen, *, leave: bool
) -> dict[str, Any] | None:
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    joined = await site.post("/gradio_api/call/analyse", json={"data": [file, "bundled", 0.5]})
    seen.codes[joined.status_code] += 1
    if leave or joined.status_code != 200:
        return None
    answer = await site.get(f"/gradio_api/call/analyse/{joined.json()['event_id']}")
    seen.codes[answer.status_code] += 1
    line = next((line for line in answer.text.splitlines() if line.startswith("data: [")), None)
    return json.loads(line.removeprefix("data: "))[0] if line else None


async def _send_half(site: httpx.AsyncClient, photo: bytes) -> None:
    """An upload whose sender goes away."""
    _, writer = await asyncio.open_connection(site.base_url.host, site.base_url.port)
    writer.write(
        b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n"
        b"Content-Type: multipart/form-data; boundary=edge\r\n\r\n--edge\r\n"
        b'Content-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n' + photo[:20_000]
    )
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()


def _photo(draw: random.Random, side: int, faces: int) -> Photo:
    canvas = Image.new("RGB", (2 * side, side), "#8899aa")
    for number in range(faces):
        face = draw_portrait("happiness", side, np.random.default_rng(draw.randrange(1000)))
        canvas.paste(face, (number * side, 0))
    stream = io.BytesIO()
    canvas.save(stream, "JPEG", quality=80)
    return Photo(stream.getvalue(), faces)


async def _watch(process: int, seen: Seen) -> None:
    server = psutil.Process(process)
    while True:
        with contextlib.suppress(psutil.NoSuchProcess):  # a decoder that has just ended
            programs = [server, *server.children(recursive=True)]
            seen.memory.append(sum(one.memory_info().rss for one in programs) >> 20)
        await asyncio.sleep(1)


async def _wait(site: httpx.AsyncClient) -> None:
    for _ in range(600):
        try:
            await site.get("/theme.css")
            return
        except httpx.TransportError:
            await asyncio.sleep(1)
    raise TimeoutError("the demo does not start within ten minutes")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _summary(seen: Seen) -> dict[str, Any]:
    waits = np.array(seen.waits or [np.nan])
    return {
        "answers by status": dict(sorted(seen.codes.items())),
        "photographs": len(seen.waits),
        "wait p50, p95 in s": [round(float(np.percentile(waits, part)), 2) for part in (50, 95)],
        "longest of each hostile image in s": {
            name: round(max(times), 2) for name, times in seen.refusals.items()
        },
        "wrong": dict(Counter(seen.wrong).most_common(10)),
        "memory in MB with its decoders: start, median, most, end": [
            seen.memory[0],
            int(np.median(seen.memory)),
            max(seen.memory),
            seen.memory[-1],
        ],
    }


if __name__ == "__main__":
    main()
