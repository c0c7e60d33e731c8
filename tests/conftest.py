"""Fixtures of all tests: one CPU thread, no network, one tiny trained run."""

import os
import shutil
import tempfile

os.environ["FER_CORE_CACHE"] = tempfile.mkdtemp(prefix="fer-core-tests-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # also of the processes that tests start

import numpy as np
import pytest
import torch

from fer_core.config import RunConfig
from fer_core.datasets.faces_drawn import draw_portrait
from fer_core.engine import train

TINY = RunConfig(
    data="synthetic?train=140&test=56",
    image_size=64,
    noise="symmetric",
    noise_rate=0.3,
    backbone="test_resnet",
    epochs=2,
    batch_size=32,
    learning_rate=2e-3,
)


def pytest_unconfigure():
    shutil.rmtree(os.environ["FER_CORE_CACHE"], ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_config():
    """A run of two seconds: 140 drawn faces, 30 % noise, EAC, two epochs of four steps."""
    return TINY


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The finished record of `tiny_config`; shared, so read it only."""
    return train(TINY, tmp_path_factory.mktemp("runs") / "tiny", device="cpu", progress=False)


@pytest.fixture(scope="session")
def portrait():
    """A drawn photograph of one person, 240 pixels wide."""
    return draw_portrait("happiness", 240, np.random.default_rng(0))
