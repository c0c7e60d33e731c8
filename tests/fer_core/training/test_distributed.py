"""Runs of two processes on the CPU (gloo) against the same run in one process."""

import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from fer_core.cli import train as cli
from fer_core.config import RunConfig
from fer_core.records.predictions import read_predictions
from fer_core.records.run import read_run
from fer_core.training.engine import train
from tests.project import PROJECT

pytestmark = pytest.mark.slow
# 57 test images do not divide by two. Without BatchNorm, see the model.
CONFIG = RunConfig(
    data="synthetic?train=70&test=57",
    image_size=64,
    noise="symmetric",
    noise_rate=0.3,
    backbone="test_vit",
    epochs=2,
    batch_size=28,
    learning_rate=1e-3,
    rotation=10,
    jitter=0.2,
    mixup=0.4,
    ema_decay=0.9,
    tta_flip=True,
    precision="no",  # `auto` may take another one for two processes: they do not time a step
)
OPTIONS = [
    *("--data", CONFIG.data, "--image-size", "64", "--noise", "symmetric", "--noise-rate", "0.3"),
    *("--epochs", "2", "--learning-rate", "1e-3", "--device", "cpu"),
    *("--precision", "no"),
]
AUGMENTED = [
    *("--rotation", "10", "--jitter", "0.2", "--mixup", "0.4", "--ema-decay", "0.9"),
    "--test-mirror",
]


def launch(python, folder, *options, processes=2):
    words = [python, "-m", "torch.distributed.run", "--standalone"]
    words += ["--nproc_per_node", str(processes), "-m", "fer_core.cli.train", *OPTIONS, *options]
    return subprocess.run(
        [*words, "--out", str(folder)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def launch_here(processes, tmp_path):
    """As `launch`, without waiting for three processes to load torch; what the two said."""

    def call(folder, *options):
        port, errors = free_port(), tmp_path / "errors"
        arguments = [*OPTIONS, *options, "--out", str(folder)]
        ranks = [
            processes.Process(target=train_as_rank, args=(rank, port, arguments, errors))
            for rank in range(2)
        ]
        for process in ranks:
            process.start()
        for process in ranks:
            process.join()
        said = "".join(file.read_text() for file in tmp_path.glob("errors*"))
        return [process.exitcode for process in ranks], said

    return call


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def train_as_rank(rank, port, arguments, errors):
    """What torchrun makes of one of two processes, with its errors in a file."""
    os.environ |= {
        **{"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"},
        **{"LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
    }
    sys.argv = ["fer-core train", *arguments]
    sys.stderr = errors.with_name(f"errors{rank}").open("w", buffering=1)
    cli.main()


@pytest.fixture(scope="module")
def pair(warm_python, tmp_path_factory):
    """The record of one process and that of two, and what the two printed."""
    folder = tmp_path_factory.mktemp("runs")
    one = train(CONFIG, folder / "one", device="cpu", progress=False)
    ended = launch(
        warm_python, folder / "two", "--backbone", "test_vit", "--batch-size", "28", *AUGMENTED
    )
    assert ended.returncode == 0, ended.stderr
    return one, read_run(folder / "two"), ended


def test_two_processes_give_the_losses_and_figures_of_one(pair):
    one, two, _ = pair
    assert two.config == one.config
    for first, second in zip(one.epochs, two.epochs, strict=True):
        for key, value in first.items():
            if isinstance(value, float) and "second" not in key:
                assert second[key] == pytest.approx(value, abs=1e-5), key


def test_every_test_image_is_answered_once_and_as_by_one_process(pair):
    one, two, _ = pair
    rows, others = read_predictions(one.path), read_predictions(two.path)
    assert len(others) == 57
    assert [row.image for row in others] == [row.image for row in rows]
    assert [row.predicted for row in others] == [row.predicted for row in rows]
    assert two.result["confusion"] == one.result["confusion"]


def test_the_record_says_how_many_processes_there_were_and_one_of_them_prints(pair):
    one, two, ended = pair
    assert (one.environment["processes"], two.environment["processes"]) == (1, 2)
    assert ended.stdout.count(": accuracy ") == 1
    assert ended.stderr.count("epoch 2 of 2") == 1


def test_a_model_with_batch_norm_trains_in_two_processes_too(launch_here, tmp_path):
    options = ("--backbone", "test_resnet", "--batch-size", "28")
    codes, errors = launch_here(tmp_path / "run", *options)
    assert codes == [0, 0], errors
    assert read_run(tmp_path / "run").status == "finished"


def test_a_batch_that_cannot_be_shared_is_refused_before_anything_is_written(launch_here, tmp_path):
    options = ("--backbone", "test_vit", "--batch-size", "27")
    codes, errors = launch_here(tmp_path / "run", *options)
    assert codes == [1, 1]
    assert "error: batch_size must be a multiple of the 2 processes that share it, got 27" in errors
    assert not (tmp_path / "run").exists()


def test_mixup_needs_whole_pairs_in_every_process(launch_here, tmp_path):
    options = ("--backbone", "test_vit", "--batch-size", "14", "--mixup", "1")
    _, errors = launch_here(tmp_path / "run", *options)
    assert "batch_size must be a multiple of 4 with 2 processes, got 14" in errors


def test_an_odd_batch_is_mixed_in_one_process(tmp_path):
    config = replace(CONFIG, batch_size=35, epochs=1)
    assert train(config, tmp_path / "run", device="cpu", progress=False).status == "finished"
