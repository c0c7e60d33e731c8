"""The photo tab under load: one face, ten faces, and several visitors at once.

    python -m benchmarks.demo_photos --visitors 8 --photos 10

Starts the demo on the bundled model and speaks to it as a browser does: upload, join the queue,
read the stream of events until the result is there. The time is from joining the queue to the
result: analysis, drawing and encoding of all images of the page; the upload is apart, except for
several visitors. Faces are drawn, 320 pixels each. The reference is `Predictor.predict` on the same
image in this process.
"""

import asyncio
import io
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import tyro
from PIL import Image

from benchmarks.result import as_json
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.inference.predictor import Predictor

SIDE = 320
COLUMNS = 5


@dataclass(frozen=True)
class Options:
    """What is measured."""

    visitors: int = 8
    """People at once."""
    photos: int = 10
    """Photographs of each."""
    repetitions: int = 20
    """Photographs of one person alone, after warming up."""
    port: int = 7871
    """Port of the demo that is started."""
    model: Path | None = None
    """Folder of another model than the bundled one."""


class Visitor:
    """One browser's conversation with the page."""

    def __init__(self, client: httpx.AsyncClient, config: dict[str, Any], session: str) -> None:
        self.client, self.session = client, session
        parts = {part["id"]: part for part in config["components"]}
        photo = next(i for i, p in parts.items() if p["props"].get("elem_id") == "photo")
        self.event = next(d for d in config["dependencies"] if [photo, "input"] in d["targets"])
        self.inputs = [
            "photo" if part == photo else parts[part]["props"].get("value")
            for part in self.event["inputs"]
        ]

    async def show(self, image: bytes) -> tuple[float, float]:
        """Seconds of upload and of the server's answer to one photograph."""
        begun = time.perf_counter()
        files = {"files": ("photo.jpg", image, "image/jpeg")}
        sent = await self.client.post("/gradio_api/upload", files=files)
        path = sent.raise_for_status().json()[0]
        uploaded = time.perf_counter()
        photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
        body = {
            "data": [photo if value == "photo" else value for value in self.inputs],
            "fn_index": self.event["id"],
            "session_hash": self.session,
        }
        (await self.client.post("/gradio_api/queue/join", json=body)).raise_for_status()
        query = {"session_hash": self.session}
        async with self.client.stream("GET", "/gradio_api/queue/data", params=query) as events:
            async for line in events.aiter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(f"the page failed: {message['output']}")
                    return uploaded - begun, time.perf_counter() - uploaded
        raise RuntimeError("the page closed its stream without a result")


def main() -> None:
    """Measure and print milliseconds and ratios as JSON."""
    options = tyro.cli(Options)
    model = ["--model", str(options.model)] if options.model else []
    command = [sys.executable, "-m", "demo_app", "--port", str(options.port), *model]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        print(as_json(asyncio.run(_measure(options))))
    finally:
        server.terminate()
        server.wait()


async def _measure(options: Options) -> dict[str, Any]:
    address = f"http://127.0.0.1:{options.port}"
    async with httpx.AsyncClient(base_url=address, timeout=120) as client:
        config = await _wait_for_page(client)
        alone = Visitor(client, config, "alone")
        result: dict[str, Any] = {}
        images = {"one_face": draw_faces(1), "ten_faces": draw_faces(10)}
        for name, image in images.items():
            for _ in range(3):
                await alone.show(image)
            times = [await alone.show(image) for _ in range(options.repetitions)]
            result[name] = _summary([server for _, server in times])
            result[name]["upload_ms"] = _milliseconds(statistics.median(up for up, _ in times))
        visitors = [Visitor(client, config, f"v{n}") for n in range(options.visitors)]
        begun = time.perf_counter()
        each = await asyncio.gather(*(_browse(v, images, options.photos) for v in visitors))
        crowd = [seconds for times in each for seconds in times]
        result[f"{options.visitors}_visitors"] = _summary(crowd) | {
            "photos": len(crowd),
            "photos_per_second": round(len(crowd) / (time.perf_counter() - begun), 1),
        }
    for name, image in images.items():
        reference = _time_predictor(image, options)
        result[name]["predict_alone_ms"] = _milliseconds(reference)
        result[name]["ratio_to_predict"] = round(result[name]["median_ms"] / 1000 / reference, 2)
    return result


async def _wait_for_page(client: httpx.AsyncClient) -> dict[str, Any]:
    for _ in range(300):
        try:
            return (await client.get("/config")).raise_for_status().json()
        except httpx.HTTPError:
            await asyncio.sleep(0.2)
    raise RuntimeError("the demo did not start within a minute")


async def _browse(visitor: Visitor, images: dict[str, bytes], count: int) -> list[float]:
    """One visitor's photographs, one after the other; upload and answer together, in seconds."""
    names = list(images)
    return [sum(await visitor.show(images[names[n % len(names)]])) for n in range(count)]


def draw_faces(count: int) -> bytes:
    """A JPEG file with so many synthetic faces in rows of five."""
    rows = -(-count // COLUMNS)
    sheet = Image.new("RGB", (min(count, COLUMNS) * SIDE, rows * SIDE), "white")
    for index in range(count):
        face = draw_portrait("happiness", SIDE, np.random.default_rng(index))
        sheet.paste(face, (index % COLUMNS * SIDE, index // COLUMNS * SIDE))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=92)
    return stream.getvalue()


def _time_predictor(image: bytes, options: Options) -> float:
    predictor = Predictor(options.model)
    photo = Image.open(io.BytesIO(image)).convert("RGB")
    times = []
    for _ in range(options.repetitions + 3):
        begun = time.perf_counter()
        predictor.predict(photo)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[3:])


def _summary(seconds: list[float]) -> dict[str, Any]:
    return {
        "median_ms": _milliseconds(statistics.median(seconds)),
        "p95_ms": _milliseconds(float(np.quantile(seconds, 0.95))),
        "largest_ms": _milliseconds(max(seconds)),
    }


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 1)


if __name__ == "__main__":
    main()
