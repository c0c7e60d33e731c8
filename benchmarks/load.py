"""The demo under many visitors, some of them broken or hostile: errors, waits, memory, files.

    python -m benchmarks.load --clients 50 --minutes 5

Each client sends photographs of mixed sizes, files that are none, uploads that stop half-way, and
requests that it does not wait for. A photograph has as many faces as the client has drawn into it,
so that an answer that belongs to another client is seen. At the end the server gets SIGTERM.
"""

import asyncio
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import tyro
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait

PROJECT = Path(__file__).resolve().parents[1]
SIDES = (240, 480, 960, 1920)
KINDS = ("photo", "photo", "photo", "photo", "broken", "half", "left")


@dataclass(frozen=True)
class Options:
    """Load the demo."""

    clients: int = 50
    """How many at once."""
    minutes: float = 5.0
    """How long."""


@dataclass
class Seen:
    """What happened."""

    codes: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


def main() -> None:
    """Start a server, load it, and print what was seen."""
    options = tyro.cli(Options)
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        command = [sys.executable, "-m", "demo_app", "--port", str(port)]
        environment = {**os.environ, "TMPDIR": folder, "PYTHONPATH": str(PROJECT)}
        server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            seen = asyncio.run(_load(server.pid, f"http://127.0.0.1:{port}", options))
            server.send_signal(signal.SIGTERM)
            code = server.wait(60)
        finally:
            server.kill()
        left = [str(path) for path in Path(folder).rglob("*") if path.is_file()]
    print(json.dumps(_summary(seen) | {"exit code": code, "files left": len(left)}, indent=1))


async def _load(process: int, url: str, options: Options) -> Seen:
    seen, end = Seen(), 0.0
    # The server closes what is idle for five seconds: never use such a connection again.
    limits = httpx.Limits(keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits) as site:
        await _wait(site)
        end = time.monotonic() + 60 * options.minutes
        watcher = asyncio.create_task(_watch(process, seen))
        clients = (
            _visit(site, random.Random(number), end, seen) for number in range(options.clients)
        )
        await asyncio.gather(*clients)
        watcher.cancel()
    return seen


async def _visit(site: httpx.AsyncClient, draw: random.Random, end: float, seen: Seen) -> None:
    while time.monotonic() < end:
        kind = draw.choice(KINDS)
        faces = draw.randint(0, 2)
        photo = _photo(draw, faces) if kind != "broken" else draw.randbytes(5000)
        started = time.monotonic()
        try:
            if kind == "half":
                await _send_half(site, photo)
                continue
            sent = await site.post("/gradio_api/upload", files={"files": ("photo.jpg", photo)})
            seen.codes[sent.status_code] += 1
            if sent.status_code != 200:
                continue
            told = await _analyse(site, sent.json()[0], seen, leave=kind == "left")
        except httpx.TransportError as error:
            seen.wrong.append(type(error).__name__)
            continue
        if kind == "photo":
            seen.waits.append(time.monotonic() - started)
            if told is not None and len(told["faces"]) != faces:
                seen.wrong.append(f"{faces} faces drawn, {len(told['faces'])} told")


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


def _photo(draw: random.Random, faces: int) -> bytes:
    side = draw.choice(SIDES)
    canvas = Image.new("RGB", (2 * side, side), "#8899aa")
    for number in range(faces):
        face = draw_portrait("happiness", side, np.random.default_rng(draw.randrange(1000)))
        canvas.paste(face, (number * side, 0))
    stream = io.BytesIO()
    canvas.save(stream, "JPEG", quality=80)
    return stream.getvalue()


async def _watch(process: int, seen: Seen) -> None:
    server = psutil.Process(process)
    while True:
        seen.memory.append(server.memory_info().rss >> 20)
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
        "wrong": dict(Counter(seen.wrong).most_common(10)),
        "memory in MB: start, median, most, end": [
            seen.memory[0],
            int(np.median(seen.memory)),
            max(seen.memory),
            seen.memory[-1],
        ],
    }


if __name__ == "__main__":
    main()
