"""Fixtures of all tests: the same random numbers, one thread, and one tiny trained run."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings

from fer_core.config import RunConfig
from fer_core.datasets.images import PixelRows
from fer_core.datasets.synthetic import dataset
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.training import precision
from fer_core.training.engine import train
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
