import os
import time
from types import SimpleNamespace

import pytest

from fer_core.sweeping import pool as pool_module
from fer_core.sweeping.pool import ProcessPool, machine_slots


def run_all(pool, attempts):
    """Start the attempts as slots become free; how each ended, and most at a time."""
    waiting, ended, started, most = list(attempts), [], 0, 0
    while len(ended) < len(attempts):
        while waiting and pool.free():
            pool.start(waiting.pop(0))
            started += 1
        most = max(most, started - len(ended))
        ended += pool.ended()
        time.sleep(0.01)
    return {one.name: one.error for one in ended}, most


@pytest.mark.slow
def test_attempts_share_the_slots_and_all_end(attempt):
    attempts = [attempt(name) for name in ("a", "b", "c", "killed", "unknown")]
    errors, most = run_all(ProcessPool([None, None]), attempts)
    assert most == 2
    assert errors["a-seed0"] is errors["b-seed0"] is errors["c-seed0"] is None
    assert "SIGKILL" in errors["killed-seed0"]
    assert "unknown timm backbone" in errors["unknown-seed0"]


@pytest.mark.slow
def test_each_attempt_sees_the_gpu_of_its_slot_and_the_emptiest_comes_first(attempt, read_gpu):
    pool = ProcessPool(["0", "0", "1", "1"])
    attempts = [attempt(name) for name in ("sleepy", "sleepy2", "c", "d")]
    for order in attempts[:2]:
        pool.start(order)
    run_all(pool, attempts[2:])
    pool.stop()
    assert [read_gpu(order) for order in attempts[:1]] == ["0"]
    assert read_gpu(attempts[1]) == "1"


def test_an_attempt_that_cannot_start_has_ended_and_its_slot_is_free(attempt):
    pool = ProcessPool([None])
    order = attempt("good")
    order.folder.write_text("a file where the folder should be")
    pool.start(order)
    assert pool.free()
    (ended,) = pool.ended()
    assert ended.name == order.name
    assert "the run cannot be started" in ended.error
    assert str(order.folder) in ended.error


@pytest.mark.parametrize("backbone", ["sleepy", "stubborn"])
@pytest.mark.slow
def test_stopping_ends_all_processes_also_those_that_do_not_listen(
    attempt, monkeypatch, wait_until, backbone
):
    monkeypatch.setattr(pool_module, "PATIENCE", 0.2)
    pool = ProcessPool([None])
    order = attempt(backbone)
    pool.start(order)
    (running,) = pool._running
    wait_until(lambda: "started" in (order.folder / "log.txt").read_text())
    pool.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(running.process.pid, 0)


@pytest.fixture
def cpu(monkeypatch):
    """``cpu(cores, memory)``: a machine with so many cores and free GiB."""

    def pretend(cores, memory):
        free = SimpleNamespace(available=memory * 2**30)
        monkeypatch.setattr(pool_module, "cores", lambda: cores)
        monkeypatch.setattr(pool_module.psutil, "virtual_memory", lambda: free)

    return pretend


@pytest.mark.parametrize(
    ("cores", "memory", "runs", "slots"),
    [(8, 64, 20, 8), (8, 64, 3, 3), (8, 17, 20, 4), (2, 1, 20, 1), (1, 64, 20, 1)],
)
def test_the_cpu_takes_a_run_a_core_where_memory_allows(cpu, cores, memory, runs, slots):
    cpu(cores, memory)
    assert machine_slots("cpu", None, 1, runs) == [None] * slots
    assert machine_slots("cpu", 3, 2, runs) == [None, None, None]


def test_gpus_are_shared_by_as_many_runs_as_asked(monkeypatch):
    monkeypatch.setattr(pool_module, "visible_gpus", lambda: ["0", "3"])
    assert machine_slots("auto", None, 1, 9) == ["0", "3"]
    assert machine_slots("cuda", None, 2, 9) == ["0", "3", "0", "3"]
    assert machine_slots("cuda", 3, 2, 9) == ["0", "3", "0"]
    assert machine_slots("cpu", 1, 2, 9) == [None]
    with pytest.raises(ValueError, match="--jobs 5 is more than 2 GPU"):
        machine_slots("auto", 5, 2, 9)


def test_without_a_gpu_auto_takes_the_cpu_and_cuda_is_an_error(monkeypatch):
    monkeypatch.setattr(pool_module, "visible_gpus", list)
    assert machine_slots("auto", 2, 1, 9) == [None, None]
    with pytest.raises(ValueError, match="shows no GPU"):
        machine_slots("cuda", None, 1, 9)


@pytest.mark.parametrize(
    ("named", "count", "gpus"),
    [
        (None, 2, ["0", "1"]),
        ("2,5", 2, ["2", "5"]),
        ("GPU-8932f937", 1, ["GPU-8932f937"]),
        ("", 0, []),
        ("0,9", 1, ["0"]),  # the second is absent
    ],
)
def test_gpus_are_called_as_the_environment_names_them(monkeypatch, named, count, gpus):
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if named is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert pool_module.visible_gpus() == gpus
