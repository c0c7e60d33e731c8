"""How fast the dashboard is with many runs, and how much memory it takes.

    python -m benchmarks.dashboard --runs 2000 --epochs 60

Made-up records in a temporary folder: seconds to read them all, to look again when nothing and when
one run has changed, and to draw each page, at first and after a filter is changed. Pages are run by
Streamlit's own AppTest, all of Python's work and none of the browser's. Each figure has its wall
time and the time of the processor, which other programs disturb less.
"""

import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import TypeVar

import tyro
from streamlit.testing.v1 import AppTest

from benchmarks.result import as_json
from dashboard.data.cache import Reader
from dashboard.data.sources import resolve_source
from fer_core.config import RunConfig, to_json
from fer_core.emotions import SEVEN_CLASSES
from fer_core.records.predictions import PREDICTIONS_FILE
from fer_core.records.run import EPOCHS_FILE, RUN_FILE
from fer_core.records.schema import SCHEMA_VERSION

APP = Path(__file__).resolve().parent.parent / "dashboard" / "app.py"
HOME = "home"
PAGE = re.compile(r'st\.Page\(VIEWS / "(\w+)\.py"')
CLASSES = len(SEVEN_CLASSES)
TEST_IMAGES = 3000
METHODS = ("eac", "cross_entropy", "eac_balanced", "gce", "scn", "rul")
RATES = (0.0, 0.1, 0.2, 0.3)
BACKBONES = ("resnet18", "resnet50", "mobilenetv2_100")
LEARNING_RATES = (1e-4, 2e-4, 5e-4)
Value = TypeVar("Value")


@dataclass(frozen=True)
class Options:
    """What is measured."""

    runs: int = 2000
    """Number of run records."""
    epochs: int = 60
    """Epochs of each."""
    records: Path | None = None
    """Folder to write the records into and keep; by default a temporary one."""


@dataclass(frozen=True)
class Seconds:
    """How long something took: by the clock, and of this process on the processor."""

    wall: float
    processor: float


def main() -> None:
    """Make the records, measure, and print the figures as JSON."""
    options = tyro.cli(Options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.records or Path(temporary)
        make_records(folder, options.runs, options.epochs)
        os.environ["FER_RUNS"] = str(folder)
        figures = {**measure_reading(folder), "pages": measure_pages()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = peak / (2**20 if sys.platform == "darwin" else 2**10)
    about = {"runs": options.runs, "epochs": options.epochs, "peak_memory_mb": round(megabytes)}
    print(as_json(about | figures))


def make_records(folder: Path, runs: int, epochs: int) -> None:
    """Write finished runs: seeds of all combinations of method, noise, backbone, learning rate."""
    kinds = list(product(LEARNING_RATES, BACKBONES, METHODS, RATES))
    for number in range(runs):
        seed, kind = divmod(number, len(kinds))
        learning_rate, backbone, method, rate = kinds[kind]
        config = RunConfig(
            data="rafdb:rafdb",
            method=method,
            backbone=backbone,
            noise="symmetric" if rate else "none",
            noise_rate=rate,
            learning_rate=learning_rate,
            epochs=epochs,
            seed=seed,
        )
        place = folder / f"{method}-{backbone}-noise{rate}-rate{learning_rate}-seed{seed}"
        place.mkdir(parents=True, exist_ok=True)
        final = 0.88 - 0.3 * rate + 0.01 * (method == "eac") - 0.001 * (number % 7)
        (place / RUN_FILE).write_text(json.dumps(_run(config, final, number), indent=1))
        lines = [json.dumps(_epoch(epoch, final, rate)) for epoch in range(1, epochs + 1)]
        (place / EPOCHS_FILE).write_text("\n".join(lines) + "\n")
        if seed == 0:  # the runs that are compared
            (place / PREDICTIONS_FILE).write_text(_predictions(final))


def measure_reading(folder: Path) -> dict[str, object]:
    """Seconds to read all records, and to look again."""
    reader, sources = Reader(), [resolve_source(str(folder))]
    runs, cold = timed(lambda: reader.read(sources))
    _, unchanged = timed(lambda: reader.read(sources))
    changed = next(iter(runs.folders.values())) / EPOCHS_FILE
    with changed.open("a") as file:
        file.write(json.dumps(_epoch(len(runs.epochs) + 1, 0.8, 0.3)) + "\n")
    _, one = timed(lambda: reader.read(sources))
    named = {"cold": cold, "unchanged": unchanged, "one_run_changed": one}
    return {"reading": {name: asdict(seconds) for name, seconds in named.items()}}


def measure_pages() -> dict[str, object]:
    """Seconds to draw each page with the records in memory, and to change what it shows."""
    figures: dict[str, object] = {}
    _, first = timed(lambda: open_page(HOME))
    figures["first page of a fresh server, with reading"] = asdict(first)
    for page in sorted(PAGE.findall(APP.read_text())):
        figures[page] = measure_page(page)
    return figures


def measure_page(page: str) -> dict[str, object]:
    """Seconds to open one page, and for each change that a visitor makes on it."""
    app, opened = timed(lambda: open_page(page))
    seconds = {"open": asdict(opened)}
    for change, act in changes(page, app).items():
        _, changed = timed(lambda act=act: checked(act(app).run()))
        seconds[change] = asdict(changed)
    return dict(seconds)


def open_page(page: str) -> AppTest:
    """A visitor's first look at a page."""
    app = AppTest.from_file(str(APP), default_timeout=600)
    if page != HOME:
        app.switch_page(f"views/{page}.py")
    return checked(app.run())


def changes(page: str, app: AppTest) -> dict[str, Callable[[AppTest], AppTest]]:
    """What a visitor does on a page: the first choice of each widget, or on the Runs page all."""

    def choose(key: str, values: list[str]) -> Callable[[AppTest], AppTest]:
        def act(opened: AppTest) -> AppTest:
            opened.multiselect(key=key).set_value(values)
            return opened

        return act

    def show_single_runs(opened: AppTest) -> AppTest:
        opened.session_state["runs_seeds"] = "single runs"
        return opened

    def compare_runs(opened: AppTest) -> AppTest:
        box = opened.multiselect(key="runs_compare")
        box.set_value(box.options[:2])
        return opened

    if page == "runs":
        compared = app.multiselect(key="groups_compare").options[:2]
        return {
            "filter by method": choose("runs_method", ["EAC"]),
            "filter by noise too": choose("runs_noise", ["30 % symmetric"]),
            "no filter": choose("runs_method", []),
            "compare two groups": choose("groups_compare", compared),
            "single runs": show_single_runs,
            "compare two runs": compare_runs,
        }

    def select(opened: AppTest) -> AppTest:
        opened.selectbox[0].select_index(len(opened.selectbox[0].options) - 1)
        return opened

    return {"change the first choice": select} if len(app.selectbox) else {}


def checked(app: AppTest) -> AppTest:
    """The page, which must have been drawn without an error."""
    if app.exception:
        sys.exit(f"error: the page failed: {app.exception[0].message}")
    return app


def timed(act: Callable[[], Value]) -> tuple[Value, Seconds]:
    """What a function returns, and how long it took."""
    wall, processor = time.perf_counter(), time.process_time()
    value = act()
    took = time.perf_counter() - wall, time.process_time() - processor
    return value, Seconds(*(round(one, 3) for one in took))


def _run(config: RunConfig, final: float, number: int) -> dict[str, object]:
    right = round(1000 * final)
    wrong = (1000 - right) // (CLASSES - 1)
    rows = [[right if i == j else wrong for j in range(CLASSES)] for i in range(CLASSES)]
    names = ("accuracy_last5", "final_accuracy", "best_accuracy", "mean_class_accuracy_last5")
    return {
        "schema_version": SCHEMA_VERSION,
        "status": "finished",
        "started": f"2026-01-{1 + number % 28:02d}T{number % 24:02d}:00:00+00:00",
        "ended": "2026-02-01T00:00:00+00:00",
        "config": to_json(config),
        "classes": list(SEVEN_CLASSES),
        "data": {"name": "rafdb", "sha256": "a" * 64, "eval_split": "test"},
        "noise": {
            "kind": config.noise,
            "rate": config.noise_rate,
            "realised_rate": config.noise_rate,
            "transition": rows,
        },
        "model": {"parameters": 25_600_000, "map_size": [7, 7]},
        "environment": {"device": "cuda", "precision": "bf16", "fer_core": "0.3.0"},
        "result": {
            **dict.fromkeys(names, final),
            "final_macro_f1": final - 0.05,
            "best_epoch": config.epochs,
            "confusion": rows,
            "seconds": 3600.0,
        },
        "error": None,
    }


def _epoch(epoch: int, final: float, rate: float) -> dict[str, object]:
    grown = 1 - 0.9**epoch
    return {
        "epoch": epoch,
        "learning_rate": 2e-4 * 0.9**epoch,
        "train_loss": 2.0 - 1.7 * grown,
        "train_classification_loss": 1.9 - 1.7 * grown,
        "train_consistency_loss": 0.01 * (1 - grown),
        "train_parts": None,
        "train_accuracy_noisy_labels": 0.95 * grown,
        "train_accuracy_true_labels": 0.9 * grown,
        "memorised": 0.2 * grown if rate else None,
        "recovered": 0.6 * grown if rate else None,
        "eval_loss": 1.9 - 1.3 * grown,
        "eval_accuracy": final * grown,
        "eval_mean_class_accuracy": (final - 0.05) * grown,
        "train_seconds": 55.123456789,
        "eval_seconds": 4.123456789,
        "images_per_second": 223.123456789,
    }


def _predictions(final: float) -> str:
    lines = [
        f"test_{image:04d}.jpg,{image % CLASSES},"
        f"{(image + (image * 7919 % 1000 >= 1000 * final)) % CLASSES},0.9"
        for image in range(TEST_IMAGES)
    ]
    return "\n".join(["image,label,predicted,confidence", *lines, ""])


if __name__ == "__main__":
    main()
