"""Fixtures of all tests: one CPU thread, no network, one tiny trained run."""

import gc
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path

os.environ["FER_CORE_CACHE"] = tempfile.mkdtemp(prefix="fer-core-tests-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # also of the processes that tests start

import numpy as np
import pytest
import torch
from hypothesis import settings

from fer_core.config import RunConfig, to_json
from fer_core.datasets.images import PixelRows
from fer_core.datasets.synthetic import dataset
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.emotions import SEVEN_CLASSES
from fer_core.records.recorder import RunRecorder
from fer_core.training import precision
from fer_core.training.engine import train
from tests.schedule import ByFile, sort_longest_first
from tests.warm_python import WarmPython

settings.register_profile("untimed", deadline=None)  # a loaded machine is not a failure
settings.load_profile("untimed")

TINY = RunConfig(
    data="synthetic?train=70&test=28",
    image_size=48,
    noise="symmetric",
    noise_rate=0.3,
    backbone="test_resnet",
    epochs=2,
    batch_size=16,
    learning_rate=2e-3,
    precision="no",
)


OURS = sys.modules["__main__"]
PATIENCE = 180_000  # ms for every step in a browser: a loaded machine is not a failure


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):  # the order of the files stays where one process runs all
        sort_longest_first(items)


def pytest_configure(config):
    gc.disable()  # what imports and collection make stays: it need not be looked through


def pytest_collection_finish(session):
    gc.freeze()
    gc.enable()


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Streamlit leaves its page as `__main__`, which processes of later tests would then import."""
    sys.modules["__main__"] = OURS


def pytest_unconfigure():
    shutil.rmtree(os.environ["FER_CORE_CACHE"], ignore_errors=True)


@pytest.fixture(autouse=True)
def _the_same_random_numbers():
    """Each test draws the same numbers every time: one that fails does so again."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (some libraries use it)
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _precision_of_every_machine():
    """Precision `auto` is float32 here, on a CPU with bfloat16 too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(precision, "has_bf16", lambda: False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _draw_once():
    """Synthetic splits are drawn once a process: drawing is most of the time of a tiny run."""
    drawn = lru_cache(maxsize=32)(dataset._draw_split)

    @wraps(dataset._draw_split)
    def draw_split(*arguments):
        split, landmarks = drawn(*arguments)
        images, labels = PixelRows(split.images.pixels.copy()), split.true_labels.copy()
        return split._replace(images=images, true_labels=labels), landmarks.copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "_draw_split", draw_split)
        yield


@pytest.fixture(scope="session")
def tiny_config():
    """A run of half a second: 70 synthetic faces, 30 % noise, EAC, two epochs of four steps."""
    return TINY


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The finished record of `tiny_config`; shared, so read it only."""
    return train(TINY, tmp_path_factory.mktemp("runs") / "tiny", device="cpu", progress=False)


@pytest.fixture(scope="session")
def held_elsewhere():
    """Context manager in which another process holds the lock of a run's folder."""
    return _held_elsewhere


@contextmanager
def _held_elsewhere(folder: Path) -> Iterator[None]:
    program = (
        "import sys; from pathlib import Path; from fer_core.records.lock import lock_run\n"
        "with lock_run(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()


@pytest.fixture(scope="session")
def warm_python(tmp_path_factory):
    """A Python for commands of tests, to be named in place of ``sys.executable``: it loads nothing.

    Not for tests of what is loaded, or of a process that outlives the one that started it.
    """
    warm = WarmPython(tmp_path_factory.mktemp("python"), "fer_core.training.engine")
    yield str(warm.program)
    warm.close()


@pytest.fixture(scope="session")
def portrait():
    """A drawn photograph of one person, 240 pixels wide."""
    return draw_portrait("happiness", 240, np.random.default_rng(0))


@pytest.fixture(scope="session")
def write_run():
    """The function that writes one made-up record, through the recorder that training uses."""
    return _write_run


FINAL = {("eac", 0.0): 0.86, ("eac", 0.3): 0.79, ("cross_entropy", 0.0): 0.83}


def _write_run(
    root: Path,
    *,
    method: str = "eac",
    rate: float = 0.3,
    seed: int = 0,
    epochs: int = 6,
    done: int | None = None,
    accuracy: float | None = None,
    status: str = "finished",
    content: str = "a" * 64,
    name: str | None = None,
    data: str = "synthetic",
    **options,
) -> Path:
    """Write a record and return its folder; ``accuracy`` fixes the reported figure."""
    config = RunConfig(
        data=data,
        method=method,
        noise="symmetric" if rate else "none",
        noise_rate=rate,
        seed=seed,
        epochs=epochs,
    )
    config = config.change(**options)
    path = root / (name or f"{method}-{config.backbone}-{round(100 * rate)}-s{seed}")
    recorder = RunRecorder(
        path,
        config=to_json(config),
        classes=SEVEN_CLASSES,
        data={
            "name": data,
            "sha256": content,
            "eval_split": "test",
            "train_images": 3000,
            "eval_images": 700,
        },
        noise={"kind": config.noise, "rate": rate, "realised_rate": rate, "noisy_label_count": 900},
        model={"parameters": 2_200_000, "map_size": [6, 6]},
        environment={"device": "cpu"},
    )
    recorder.begin()
    final = accuracy or FINAL.get((method, rate), 0.86 - 0.8 * rate) + 0.012 * seed
    for epoch in range(1, (epochs if done is None else done) + 1):
        recorder.add_epoch(_epoch_values(method, rate, epoch, final))
    if status == "finished":
        chosen = _chosen_values(final) if config.holdout else {}
        recorder.finish(_result_values(final, epochs) | chosen, [])
    elif status == "failed":
        recorder.fail("the loss became nan in epoch 3: lower the learning rate")
    return path


def _epoch_values(method: str, rate: float, epoch: int, final: float) -> dict:
    """Plausible figures of one epoch."""
    grown = 1 - math.exp(-epoch / 4)
    hurt = 0.0 if method == "eac" else rate * epoch / 30
    classification = 1.95 * (1 - grown) + 0.25 + rate
    consistency = 0.05 / epoch if method == "eac" else None
    return {
        "epoch": epoch,
        "learning_rate": 2e-4 * 0.9 ** (epoch - 1),
        "train_loss": classification + 5 * (consistency or 0),
        "train_classification_loss": classification,
        "train_consistency_loss": consistency,
        "train_accuracy_noisy_labels": grown * 0.9,
        "train_accuracy_true_labels": grown * final,
        "memorised": hurt + 0.1 if rate else None,
        "recovered": grown * 0.7 if rate else None,
        "eval_loss": 1.9 - 1.4 * grown + hurt,
        "eval_accuracy": 0.15 + (final - 0.15) * grown - hurt / 3,
        "eval_mean_class_accuracy": 0.14 + (final - 0.16) * grown,
        "train_seconds": 20.0,
        "eval_seconds": 1.0,
        "images_per_second": 150.0,
    }


def _chosen_values(final: float) -> dict:
    """Figures of the epoch that a run with held-out images chooses."""
    return {
        "chosen_epoch": 3,
        "chosen_accuracy": final - 0.01,
        "chosen_accuracy_tta": final + 0.005,
        "chosen_mean_class_accuracy": final - 0.03,
        "chosen_mean_class_accuracy_tta": final - 0.015,
    }


def _result_values(final: float, epochs: int) -> dict:
    """Final figures; every class has 100 test images."""
    right = round(100 * final)
    wrong, rest = divmod(100 - right, 6)
    size = len(SEVEN_CLASSES)
    rows = [[right if i == j else wrong for j in range(size)] for i in range(size)]
    for i in range(size):
        rows[i][(i + 1) % size] += rest
    return {
        "accuracy_last5": final,
        "mean_class_accuracy_last5": final - 0.02,
        "final_accuracy": final,
        "final_mean_class_accuracy": final - 0.02,
        "final_macro_f1": final - 0.02,
        "best_accuracy": final + 0.01,
        "best_epoch": epochs - 1,
        "confusion": rows,
        "seconds": 21.0 * epochs,
    }


# The same engine; without the desktop browser around it a page costs little more than half.
CHROMIUMS = ("chromium-headless-shell", "chromium")
CHROMIUM_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update "
    "--js-flags=--liftoff-only"  # compiling WebAssembly well takes longer than a test runs it
)


@pytest.fixture(scope="session")
def launch_chromium():
    """The function that starts a Chromium with flags; skips, or fails where one is required.

    One for all tests of a process: Playwright works once in a thread.
    """
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    try:
        from playwright.sync_api import Browser, expect, sync_playwright
    except ImportError:
        program = None
    if program is None:
        missing = f"needs {' or '.join(CHROMIUMS)} on the path, and playwright"
        if os.environ.get("FER_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        for name in ("new_context", "new_page"):
            patch.setattr(Browser, name, _patient(getattr(Browser, name)))
        expect.set_options(timeout=PATIENCE)
        yield lambda *flags: playwright.chromium.launch(
            executable_path=program, args=[*CHROMIUM_FLAGS.split(), *flags]
        )


def _patient(open_one):
    """What a browser opens, with our patience."""

    @wraps(open_one)
    def opened(*arguments, **options):
        one = open_one(*arguments, **options)
        one.set_default_timeout(PATIENCE)
        return one

    return opened
