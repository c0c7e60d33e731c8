"""How long each page of the dashboard takes in a browser: opened by address, and by a click.

    python -m benchmarks.dashboard_pages --repeats 3

Starts the dashboard on a folder of run records (the shipped ones by default) and opens its pages in
headless Chromium: *fresh* is the address in a browser without a cache, *click* is the link in the
sidebar, coming from the first page in the same browser. A page is there when its script has ended
and all its charts are drawn. Then it chooses other faces and models on the page Attention maps.
Wall seconds; server and browser share this machine's cores.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import tyro
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.result import as_json

APP = Path(__file__).resolve().parent.parent / "dashboard" / "app.py"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
PAGES = {
    "Start": "",
    "Noise robustness": "noise",
    "Training curves": "curves",
    "Classes": "classes",
    "Changed predictions": "changes",
    "Robustness": "robustness",
    "Label audit": "audit",
    "Attention maps": "looks",
    "Runs": "runs",
    "Results table": "table",
    "Cost": "cost",
    "Published results": "published",
}
HEADINGS = {"Start": "Facial expression recognition under label noise"}
# The script of the page has ended, and every chart that it asked for is drawn.
THERE = """(title) => {
  const app = document.querySelector("[data-testid=stApp]");
  const heading = document.querySelector("h1");
  if (!app || app.dataset.testScriptState !== "notRunning" || !heading) return false;
  if (heading.innerText.trim() !== title) return false;
  if (document.querySelector("[data-testid=stSkeleton]")) return false;
  const charts = [...document.querySelectorAll("[data-testid=stPlotlyChart]")];
  return charts.every((chart) => chart.querySelector(".main-svg"));
}"""
MAPS = f"({THERE})('Attention maps') && document.querySelectorAll('img').length > 8"
FAR_SEEDS = (57, 31, 83)
OTHER_MODELS = ("bundled", "noisy30-baseline")


@dataclass(frozen=True)
class Options:
    """What is measured."""

    runs: str = "shipped"
    """Source of run records: a folder, or 'shipped'."""
    repeats: int = 3
    """Times that each page is opened; the medians are printed."""
    pages: tuple[str, ...] = tuple(PAGES)
    """Titles of pages."""


class Seconds(NamedTuple):
    """How long one page took, opened by its address and by a click."""

    fresh: float
    click: float


def main() -> None:
    """Measure every page and print the seconds as JSON."""
    options = tyro.cli(Options)
    if unknown := set(options.pages) - set(PAGES):
        sys.exit(f"error: no page {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}")
    program = shutil.which("chromium")
    if program is None:
        sys.exit("error: no chromium on the path; install Debian's chromium")
    with serve(options.runs) as address, sync_playwright() as playwright:

        def launch() -> Browser:
            return playwright.chromium.launch(executable_path=program, args=list(FLAGS))

        seconds = {title: medians(launch, address, title, options) for title in options.pages}
        maps = choose_maps(launch, address) if "Attention maps" in options.pages else {}
    print(as_json({"runs": options.runs, "pages": seconds, "maps": maps}))


@contextmanager
def serve(runs: str) -> Iterator[str]:
    """A dashboard on these records, and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    words = ["--server.port", str(port), "--server.headless", "true"]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(APP), *words],
        env={**os.environ, "FER_RUNS": runs},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            if server.poll() is not None:
                sys.exit(f"error: streamlit ended with code {server.returncode}")
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=10)


def measure(launch: Callable[[], Browser], address: str, title: str) -> Seconds:
    """One page in a new browser: by its address, and the second time that it is clicked."""
    browser = launch()
    page = new_page(browser)
    begin = time.perf_counter()
    page.goto(f"{address}/{PAGES[title]}", wait_until="commit")
    wait(page, title)
    fresh = time.perf_counter() - begin
    other = "Label audit" if title == "Start" else "Start"
    links = page.get_by_test_id("stSidebarNav")
    links.get_by_role("link", name=other, exact=True).click()
    wait(page, other)
    time.sleep(0.5)
    begin = time.perf_counter()
    links.get_by_role("link", name=title, exact=True).click()
    wait(page, title)
    click = time.perf_counter() - begin
    browser.close()
    return Seconds(fresh, click)


def choose_maps(launch: Callable[[], Browser], address: str) -> dict[str, float]:
    """Seconds until the maps of other faces and models are there."""
    browser = launch()
    page = new_page(browser)
    page.goto(f"{address}/looks")
    page.wait_for_function(MAPS)
    time.sleep(8)  # the process that computes maps has loaded PyTorch
    took = {"next seed": timed_seed(page, 1)}
    time.sleep(3)
    took["the seed after it"] = timed_seed(page, 2)
    far = []
    for seed in FAR_SEEDS:
        time.sleep(3)
        far.append(timed_seed(page, seed))
    took["a seed far away"] = round(statistics.median(far), 2)
    for model in OTHER_MODELS:
        time.sleep(1)
        took[f"model {model}"] = timed_model(page, model)
    browser.close()
    return took


def timed_seed(page: Page, seed: int) -> float:
    """Seconds until the maps of another seed are there."""
    field = page.get_by_label("Seed", exact=True)
    field.fill(str(seed))
    return _until_changed(page, lambda: field.press("Enter"))


def timed_model(page: Page, model: str) -> float:
    """Seconds until the maps of another first model are there."""
    page.get_by_role("combobox", name="Model", exact=True).click()
    option = page.get_by_role("option", name=model, exact=True)
    return _until_changed(page, option.click)


def _until_changed(page: Page, act: Callable[[], None]) -> float:
    seen = page.locator("img").evaluate_all("all => all.map((one) => one.src).join()")
    begin = time.perf_counter()
    act()
    changed = "(seen) => [...document.querySelectorAll('img')].map((o) => o.src).join() !== seen"
    page.wait_for_function(changed, arg=seen)
    page.wait_for_function(MAPS)
    return round(time.perf_counter() - begin, 2)


def new_page(browser: Browser) -> Page:
    """A page in a window of a usual size."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(60_000)
    return page


def wait(page: Page, title: str) -> None:
    """Until the page with this title is there."""
    page.wait_for_function(THERE, arg=HEADINGS.get(title, title))


def medians(
    launch: Callable[[], Browser], address: str, title: str, options: Options
) -> dict[str, float]:
    """Of the measurements of one page, and the slowest opening, which is that of a cold server."""
    taken = [measure(launch, address, title) for _ in range(options.repeats)]
    return {
        "fresh": round(statistics.median(one.fresh for one in taken), 2),
        "slowest": round(max(one.fresh for one in taken), 2),
        "click": round(statistics.median(one.click for one in taken), 2),
    }


if __name__ == "__main__":
    main()
