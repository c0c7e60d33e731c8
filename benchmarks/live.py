"""The live tab in real Chromium: overlays a second, their delay, and the server's memory.

    python -m benchmarks.live --seconds 30
    python -m benchmarks.live --seconds 20 --visitors 4
    python -m benchmarks.live --minutes 10

Starts the demo on the bundled model and opens it in headless Chromium, whose camera plays a film
of 640 x 480 pixels: a moving synthetic face, or the given film. An overlay is counted when the page
shows another image. The synthetic film carries the number of each frame in the colour of its upper
border; the delay of an overlay is the time since the camera's own preview showed that frame.
Server milliseconds are those that the page shows. Memory and files are read every ten seconds; the
slope is that of the second half, which has warmed up. Reads /proc, so it needs Linux.
"""

import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.result import as_json
from fer_core.datasets.synthetic.faces import draw_portrait

# The number of a synthetic frame: FINE * (green level) + (red level); the delay is known
# up to the film's length, ten seconds.
FINE, COARSE = 30, 10
FRAMES = FINE * COARSE
STRIPE = 24  # pixels of the border that carries the number
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--use-fake-ui-for-media-stream --use-fake-device-for-media-stream"
)
WATCH = """([numbered, fine, frames]) => {
  const view = document.querySelector("#live_view");
  const camera = document.querySelector("#camera video");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const number = (source, width) => {
    pen.drawImage(source, width / 2, 8, 1, 1, 0, 0, 1, 1);
    const [red, green] = pen.getImageData(0, 0, 1, 1).data;
    return fine * Math.round((green - 20) / 20) + Math.round((red - 8) / 8);
  };
  const seen = new Array(frames).fill(NaN);
  window.watched = { shown: 0, delays: [], begun: performance.now() };
  let before = -1, last = "";
  if (numbered) camera.requestVideoFrameCallback(function look(now) {
    const current = number(camera, camera.videoWidth);
    // Frames that the preview left out count as shown now.
    const passed = before < 0 ? 0 : (current - before + frames) % frames;
    for (let n = 0; n <= passed; n++) seen[(current - n + frames) % frames] = now;
    before = current;
    camera.requestVideoFrameCallback(look);
  });
  new MutationObserver(() => {
    const image = view.querySelector("img");
    if (!image || image.src === last) return;
    last = image.src;
    window.watched.shown += 1;
    if (numbered) image.decode().then(() => {
      const delay = performance.now() - seen[number(image, image.naturalWidth)];
      if (delay >= 0) window.watched.delays.push(delay);
    }, () => {});
  }).observe(view, { subtree: true, childList: true, attributes: true, attributeFilter: ["src"] });
}"""


@dataclass(frozen=True)
class Options:
    """What is measured."""

    visitors: int = 1
    """Browser pages that stream at once."""
    seconds: float = 20.0
    """Length of the measurement."""
    minutes: float = 0.0
    """The same in minutes, for memory; the longer of both counts."""
    film: Path | None = None
    """An MJPEG or Y4M film of 640 x 480 pixels for the camera, instead of the synthetic face."""
    port: int = 7872
    """Port of the demo that is started."""
    model: Path | None = None
    """Folder of another model than the bundled one."""


def main() -> None:
    """Measure; print a table and JSON."""
    options = tyro.cli(Options)
    program = shutil.which("chromium")
    if program is None:
        sys.exit("error: no chromium on the path; install Debian's chromium")
    with tempfile.TemporaryDirectory(prefix="fer-live-") as folder:
        film = options.film or _draw_film(Path(folder) / "film.mjpeg")
        files = Path(folder) / "files"
        files.mkdir()
        model = ["--model", str(options.model)] if options.model else []
        command = [sys.executable, "-m", "demo_app", "--port", str(options.port), *model]
        quiet = {"stderr": subprocess.DEVNULL, "env": {**os.environ, "TMPDIR": str(files)}}
        server = subprocess.Popen(command, **quiet)
        try:
            address = f"http://127.0.0.1:{options.port}"
            _wait_for_page(address)
            with sync_playwright() as playwright:
                flags = [*FLAGS.split(), f"--use-file-for-fake-video-capture={film}"]
                browser = playwright.chromium.launch(executable_path=program, args=flags)
                result = _measure(browser, address, options, server.pid, files)
                browser.close()
        finally:
            server.terminate()
            server.wait()
    _print_table(result)
    print(as_json(result))


def _measure(
    browser: Browser, address: str, options: Options, server: int, files: Path
) -> dict[str, Any]:
    pages = [_start(browser, address) for _ in range(options.visitors)]
    time.sleep(5)  # the first frames meet a cold model
    for page in pages:
        page.evaluate(WATCH, [options.film is None, FINE, FRAMES])
    length = max(options.seconds, 60 * options.minutes)
    begun, memory, server_ms = time.monotonic(), [], []
    while (now := time.monotonic() - begun) < length:
        if not memory or now - memory[-1]["seconds"] >= 10:
            memory.append({"seconds": round(now, 1), "mb": _memory(server), "files": _count(files)})
        figures = [page.inner_text("#live_panel .live-figures") for page in pages]
        server_ms += [float(text.split(" ms")[0].split()[-1]) for text in figures]
        time.sleep(1)
    watched = [
        page.evaluate("({ ...watched, seconds: (performance.now() - watched.begun) / 1000 })")
        for page in pages
    ]
    delays = [delay for one in watched for delay in one["delays"]]
    return {
        "visitors": options.visitors,
        "seconds": round(length, 1),
        "overlays_per_second": [round(one["shown"] / one["seconds"], 1) for one in watched],
        "server_ms": round(statistics.median(server_ms), 1),
        "delay_ms": round(statistics.median(delays)) if delays else None,
        "delay_p95_ms": round(float(np.quantile(delays, 0.95))) if delays else None,
        "memory": memory,
        "memory_slope_mb_per_minute": _slope(memory),
    }


def _start(browser: Browser, address: str) -> Page:
    """A visitor of their own with the camera running."""
    page = browser.new_context(permissions=["camera"]).new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    page.wait_for_selector(".bar.strong")
    page.get_by_role("tab", name="Live").click()
    page.locator("#camera button:visible").first.click()
    page.locator("#camera button:visible", has_text="Record").click()
    page.wait_for_selector("#live_panel .fps")
    return page


def _draw_film(path: Path) -> Path:
    face = draw_portrait("happiness", 360, np.random.default_rng(7))
    with path.open("wb") as file:
        for index in range(FRAMES):
            frame = Image.new("RGB", (640, 480), "#8899aa")
            across = 140 + round(20 * np.sin(2 * np.pi * index / FINE))
            frame.paste(face, (across, 90))
            red, green = 8 + 8 * (index % FINE), 20 + 20 * (index // FINE)
            frame.paste((red, green, 128), (0, 0, 640, STRIPE))
            stream = io.BytesIO()
            frame.save(stream, "JPEG", quality=95)
            file.write(stream.getvalue())
    return path


def _wait_for_page(address: str) -> None:
    for _ in range(900):
        try:
            urllib.request.urlopen(f"{address}/config", timeout=10).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise RuntimeError("the demo did not start within three minutes")


def _memory(process: int) -> float:
    """Resident memory in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def _count(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def _slope(memory: list[dict[str, Any]]) -> float | None:
    """MB a minute over the second half; None from fewer than four readings there."""
    late = memory[len(memory) // 2 :]
    if len(late) < 4:
        return None
    minutes = [reading["seconds"] / 60 for reading in late]
    return round(float(np.polyfit(minutes, [reading["mb"] for reading in late], 1)[0]), 2)


def _print_table(result: dict[str, Any]) -> None:
    print("| visitor | overlays/s |\n| --- | --- |")
    for number, rate in enumerate(result["overlays_per_second"], start=1):
        print(f"| {number} | {rate} |")
    print("\n| seconds | memory, MB | files |\n| --- | --- | --- |")
    for reading in result["memory"]:
        print(f"| {reading['seconds']:.0f} | {reading['mb']} | {reading['files']} |")
    print()


if __name__ == "__main__":
    main()
