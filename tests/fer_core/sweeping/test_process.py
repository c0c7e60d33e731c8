import signal
import subprocess
import sys

import psutil
import pytest

from fer_core.sweeping.process import LOG_FILE, AttemptProcess, last_line, signal_error
from tests.project import PROJECT


def test_an_attempt_that_ends_well_has_no_error_and_leaves_its_log(attempt):
    order = attempt("good")
    assert AttemptProcess(order).wait().error is None
    lines = (order.folder / LOG_FILE).read_text().splitlines()
    assert lines[0].startswith("--- 20")
    assert str(order.config_file) in lines[0]
    assert lines[1:] == ["started"]


@pytest.mark.parametrize(
    ("backbone", "error"),
    [
        ("unknown", "unknown timm backbone 'unknown'"),
        ("killed", "killed by signal 9 (SIGKILL): often the memory was full"),
        ("silent", "ended with exit code 3 and no word"),
    ],
)
def test_an_attempt_that_fails_says_what_stopped_it(attempt, backbone, error):
    assert AttemptProcess(attempt(backbone)).wait().error == error


@pytest.mark.slow
def test_the_log_of_a_further_attempt_comes_behind_the_first(attempt):
    order = attempt("flaky")
    assert AttemptProcess(order).wait().error == "the second line"
    assert AttemptProcess(order).wait().error is None
    assert (order.folder / LOG_FILE).read_text().count("--- 20") == 2


def test_the_last_line_is_looked_for_behind_the_start_only(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("error: of an earlier attempt\n")
    assert last_line(log, log.stat().st_size) == ""
    log.write_bytes(log.read_bytes() + b"epoch 1\rerror: \xff now\n \n")
    assert last_line(log, 29) == "\ufffd now"


def test_a_signal_has_a_name_and_a_full_memory_is_only_guessed_for_sigkill():
    assert signal_error(signal.SIGSEGV) == "killed by signal 11 (SIGSEGV)"
    assert signal_error(40) == "killed by signal 40"


def test_a_gpu_is_the_only_one_that_the_attempt_sees(attempt, read_gpu, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    order = attempt("good")
    AttemptProcess(order, gpu="1").wait()
    assert read_gpu(order) == "1"


def test_an_attempt_ends_when_it_is_released(attempt):
    running = AttemptProcess(attempt("sleepy"))
    assert running.poll() is None
    running.release()
    assert running.wait().error is None


@pytest.mark.slow
def test_an_attempt_ends_when_its_parent_is_killed(attempt, wait_until):
    order = attempt("sleepy")
    code = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from fer_core.sweeping.process import Attempt, AttemptProcess\n"
        f"order = Attempt('a', Path({str(order.folder)!r}), Path({str(order.config_file)!r}), (),"
        f" 1, Path({str(PROJECT)!r}), {order.program!r})\n"
        "print(AttemptProcess(order).process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        wait_until(lambda: "started" in (order.folder / LOG_FILE).read_text())
        parent.kill()
        parent.wait()
    wait_until(lambda: not is_alive(pid))


def is_alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_of_an_error_of_several_lines_the_first_one_is_kept(tmp_path):
    log = tmp_path / LOG_FILE
    log.write_text("epoch 1\nerror: no folder at x. Expected:\n  PATH/train/happiness/*.jpg\n\n")
    assert last_line(log, 0) == "no folder at x. Expected:"
