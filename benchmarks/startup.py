"""How long the demo takes to its first page and its first analysed face, from process start.

    python -m benchmarks.startup

Each time is also given as a ratio to a bare ``import torch, gradio`` of the same minute, which is
what the page cannot do without; seconds alone say more of the machine than of the program.
"""

import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import tyro
from gradio_client import Client, handle_file

from benchmarks.result import as_json
from fer_core.datasets.synthetic.faces import draw_portrait

BARE, PAGE, FACE, CPU = "bare import", "first page", "first face", "processor time to the page"


@dataclass(frozen=True)
class Command:
    """Start the demo some times and measure."""

    repetitions: int = 5
    """How often everything is measured; the median counts."""
    model: str = ""
    """Model of the page; by default the bundled one."""


def main() -> None:
    """Measure, and print a table and JSON."""
    command = tyro.cli(Command, prog="python -m benchmarks.startup")
    rows = [measure(command.model) for _ in range(command.repetitions)]
    medians = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    ratios = {
        name: statistics.median(row[name] / row[BARE] for row in rows) for name in (PAGE, FACE)
    }
    print(f"{'':28}{'seconds':>8}{'ratio':>8}")
    for name, seconds in medians.items():
        ratio = f"{ratios[name]:8.2f}" if name in ratios else ""
        print(f"{name:28}{seconds:8.2f}{ratio}")
    print(as_json({"seconds": medians, "ratios": ratios, "runs": rows}))


def measure(model: str) -> dict[str, float]:
    """Seconds of one bare import, and of one start of the demo right after it."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch, gradio"], check=True)
    bare = time.perf_counter() - started
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "demo_app", "--port", str(port)]
    started = time.perf_counter()
    program = subprocess.Popen([*words, *(["--model", model] if model else [])])
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for_page(program, address)
        page = time.perf_counter() - started
        used = psutil.Process(program.pid).cpu_times()
        _analyse(address)
        face = time.perf_counter() - started
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(30)
    return {BARE: bare, PAGE: page, FACE: face, CPU: used.user + used.system}


def _wait_for_page(program: "subprocess.Popen[bytes]", address: str) -> None:
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                answer.read()
            return
        except urllib.error.URLError:
            if program.poll() is not None:
                sys.exit("error: the demo did not start")
            time.sleep(0.02)


def _analyse(address: str) -> None:
    """Ask the endpoint for the faces of a synthetic photograph."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.png"
        draw_portrait("surprise", 480, np.random.default_rng(1)).save(photo)
        client = Client(address, verbose=False, download_files=folder)
        answer, _ = client.predict(photo=handle_file(photo), api_name="/analyse")
        if len(answer["faces"]) != 1:
            sys.exit(f"error: one face expected, got {answer}")


if __name__ == "__main__":
    main()
