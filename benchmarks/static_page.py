"""The page without a server program, in real Chromium: bytes it loads, frames a second.

    python -m demo_app.page.build
    python -m benchmarks.static_page --seconds 20

Serves the built folder as `python -m http.server` does, opens it in headless Chromium, whose camera
plays a film of 640 x 480 pixels with moving synthetic faces, and counts the overlays that the page
draws. Bytes are those that the server sent until the page was ready, headers left out. Where the
page was built with the face landmarker, it is measured with "What the face does" as well, in turns
with the page without, and analyses a second are counted too. Everything, the film and the server,
runs on this machine's cores.
"""

import io
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.result import as_json
from fer_core.datasets.synthetic.faces import draw_portrait

FRAMES = 30
SIZES = {1: (360,), 2: (340, 250)}  # pixels of the portraits, by how many there are
PEOPLE = (("happiness", 7), ("surprise", 9))
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--use-fake-ui-for-media-stream --use-fake-device-for-media-stream"
)
# The figures are rewritten with every overlay, and the worker is asked for every analysis.
WATCH = """() => {
  window.watched = { shown: 0, milliseconds: [], begun: performance.now() };
  window.analyses = 0;
  const figures = document.querySelector("#figures");
  window.watcher?.disconnect();
  window.watcher = new MutationObserver(() => {
    window.watched.shown += 1;
    window.watched.milliseconds.push(Number(figures.textContent.match(/(\\d+) ms/)[1]));
  });
  window.watcher.observe(figures, { childList: true });
}"""
COUNT_ANALYSES = """
  window.analyses = 0;
  const send = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.task === "doing") window.analyses += 1;
    return send.call(this, message, ...rest);
  };
"""


@dataclass(frozen=True)
class Options:
    """What is measured."""

    page: Path = Path("demo_app/static")
    """Folder that demo_app.page.build built."""
    seconds: float = 20.0
    """Length of each measurement."""
    rounds: int = 1
    """How often the page without and with movements is measured in turns; the median is told."""


def _counting(folder: Path, sent: list[int]) -> Callable[..., SimpleHTTPRequestHandler]:
    """A handler of plain files that notes how many bytes it sends."""

    class Handler(SimpleHTTPRequestHandler):
        def copyfile(self, source: Any, outputfile: Any) -> None:  # noqa: ANN401 - as in the base
            content = source.read()
            sent.append(len(content))
            outputfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are counted, not told."""

    return partial(Handler, directory=str(folder))


def main() -> None:
    """Measure with one and with two faces; print JSON."""
    options = tyro.cli(Options)
    program = shutil.which("chromium")
    if program is None:
        sys.exit("error: no chromium on the path; install Debian's chromium")
    if not (options.page / "facts.json").is_file():
        sys.exit(f"error: no page in {options.page}; build it: python -m demo_app.page.build")
    results = []
    with tempfile.TemporaryDirectory(prefix="fer-page-") as folder, sync_playwright() as playwright:
        for faces in SIZES:
            film = _draw_film(Path(folder) / f"film{faces}.mjpeg", faces)
            flags = [*FLAGS.split(), f"--use-file-for-fake-video-capture={film}"]
            browser = playwright.chromium.launch(executable_path=program, args=flags)
            page = browser.new_context(permissions=["camera"]).new_page()
            page.add_init_script(COUNT_ANALYSES)
            results.append({"faces": faces, **_measure(page, options)})
            browser.close()
    print(as_json(results))


def _measure(page: Page, options: Options) -> dict[str, Any]:
    sent: list[int] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _counting(options.page, sent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    begun = time.monotonic()
    page.goto(f"http://127.0.0.1:{server.server_port}")
    page.wait_for_selector("html[data-ready]")
    ready, loaded = time.monotonic() - begun, sum(sent)
    page.click("#camera")
    page.wait_for_selector("#figures:has-text('frames/s')")
    counted = [_count(page, options.seconds)]
    told = {
        "megabytes_loaded": round(loaded / 1e6, 2),
        "seconds_to_the_first_answer": round(ready, 2),
    }
    switch = page.locator("#movements input")
    moving: list[dict[str, float]] = []
    if switch.is_visible():
        for _ in range(options.rounds):
            switch.check()
            page.wait_for_selector(".doing h2")
            moving.append(_count(page, options.seconds))
            switch.uncheck()
            page.wait_for_selector(".doing h2", state="detached")
            if len(moving) < options.rounds:
                counted.append(_count(page, options.seconds))
    server.shutdown()
    more = {"with_movements": _medians(moving)} if moving else {}
    return {**told, **_medians(counted), **more}


def _count(page: Page, seconds: float) -> dict[str, float]:
    """What the page shows for some seconds."""
    time.sleep(3)  # the first frames meet cold code
    page.evaluate(WATCH)
    time.sleep(seconds)
    watched = page.evaluate(
        "({ ...watched, analyses, seconds: (performance.now() - watched.begun) / 1000 })"
    )
    return {
        "overlays_per_second": watched["shown"] / watched["seconds"],
        "analyses_per_second": watched["analyses"] / watched["seconds"],
        "ms_a_frame": float(np.median(watched["milliseconds"])),
        "ms_a_frame_p95": float(np.quantile(watched["milliseconds"], 0.95)),
    }


def _medians(counted: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.median([one[name] for one in counted])), 1) for name in counted[0]}


def _draw_film(path: Path, count: int) -> Path:
    sizes = SIZES[count]
    people = [
        draw_portrait(emotion, size, np.random.default_rng(seed))
        for (emotion, seed), size in zip(PEOPLE, sizes, strict=False)
    ]
    with path.open("wb") as file:
        for index in range(FRAMES):
            frame = Image.new("RGB", (640, 480), "#8899aa")
            across = round(15 * np.sin(2 * np.pi * index / FRAMES))
            left = (640 - sum(sizes)) // (len(sizes) + 1)
            for person in people:
                frame.paste(person, (left + across, (480 - person.height) // 2))
                left += person.width + 20
            stream = io.BytesIO()
            frame.save(stream, "JPEG", quality=90)
            file.write(stream.getvalue())
    return path


if __name__ == "__main__":
    main()
