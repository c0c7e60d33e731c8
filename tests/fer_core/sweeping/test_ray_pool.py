import sys
from types import SimpleNamespace

import pytest

from fer_core.records.run import read_run
from fer_core.sweeping import ray_pool
from fer_core.sweeping.ray_pool import RayPool, attempt_remotely


class PretendedRay:
    """A cluster of some machines; tasks never end."""

    exceptions = SimpleNamespace(RayError=RuntimeError)

    def __init__(self, *machines):
        self.machines = machines
        self.options = {}
        self.ended = False

    def nodes(self):
        return [{"Alive": alive, "Resources": resources} for alive, resources in self.machines]

    def remote(self, function):
        def options(**values):
            self.options = values
            return SimpleNamespace(remote=lambda *_: object())

        return SimpleNamespace(options=options)

    def wait(self, tasks, **_):
        return tasks, []

    def get(self, _):
        raise self.exceptions.RayError("the node died")

    def cancel(self, task, force):
        assert force

    def shutdown(self):
        self.ended = True


@pytest.fixture
def connect(monkeypatch, tmp_path):
    """``connect(*machines, **options)``: a pool on a pretended cluster, and the cluster."""

    def call(*machines, **options):
        ray = PretendedRay(*machines)
        monkeypatch.setattr(ray_pool, "_connect", lambda _: ray)
        asked = {"device": "auto", "threads": 2, "per_gpu": 1, "jobs": None} | options
        return RayPool("auto", marker=tmp_path / "marker", **asked), ray

    return call


def fill(pool, attempt):
    """Start attempts as long as there is room; their number."""
    count = 0
    while pool.free():
        pool.start(attempt)
        count += 1
    return count


def test_there_is_room_for_as_many_runs_as_fit_on_each_machine(connect, attempt):
    pool, ray = connect((True, {"CPU": 5.0}), (True, {"CPU": 3.0}), (False, {"CPU": 64.0}))
    assert fill(pool, attempt("good")) == 2 + 1
    assert ray.options == {"num_cpus": 2, "num_gpus": 0, "max_retries": 0}


def test_gpus_are_shared_as_asked_and_taken_where_there_are_some(connect, attempt):
    machines = [(True, {"CPU": 8.0, "GPU": 2.0}), (True, {"CPU": 64.0})]
    pool, ray = connect(*machines, per_gpu=3)
    assert fill(pool, attempt("good")) == 6
    assert ray.options == {"num_cpus": 0, "num_gpus": 1 / 3, "max_retries": 0}
    pool, ray = connect(*machines, device="cpu")
    assert fill(pool, attempt("good")) == 36
    assert ray.options == {"num_cpus": 2, "num_gpus": 0, "max_retries": 0}


def test_threads_are_by_default_what_a_machine_has_for_each_run(connect):
    machines = [(True, {"CPU": 8.0, "GPU": 2.0}), (True, {"CPU": 64.0, "GPU": 2.0})]
    assert connect(*machines, threads=None)[0].threads == 4
    assert connect(*machines, threads=None, per_gpu=8)[0].threads == 1
    assert connect(*machines, threads=None, device="cpu")[0].threads == 1
    assert connect((True, {"GPU": 1.0}), threads=None)[0].threads == 1


def test_jobs_may_be_more_than_there_is_room_for_so_that_a_cluster_grows(connect, attempt):
    pool, _ = connect((True, {"CPU": 2.0}), jobs=7)
    assert fill(pool, attempt("good")) == 7


def test_a_cluster_without_room_is_left_with_an_error(connect):
    with pytest.raises(ValueError, match="no machine of the Ray cluster has a GPU"):
        connect((True, {"CPU": 2.0}), device="cuda")
    with pytest.raises(ValueError, match="has the 16 cores of --threads"):
        connect((True, {"CPU": 2.0}), (True, {"CPU": 15.0}), threads=16)


def test_a_run_that_ray_loses_has_ended_with_its_error(connect, attempt):
    pool, _ = connect((True, {"CPU": 2.0}))
    pool.start(attempt("good"))
    (ended,) = pool.ended()
    assert (ended.name, ended.error) == ("good-seed0", "Ray lost the run: the node died")
    assert pool.ended() == []
    assert pool.free()


def test_stopping_leaves_the_cluster(connect, attempt):
    pool, ray = connect((True, {"CPU": 4.0}))
    fill(pool, attempt("good"))
    pool.stop()
    assert ray.ended


@pytest.mark.slow
def test_a_machine_that_sees_the_folders_makes_the_attempt(attempt, tmp_path):
    marker = tmp_path / "marker"
    marker.write_text("token")
    assert attempt_remotely(attempt("good"), marker, "token").error is None
    assert read_run(attempt("good").folder).status == "finished"
    assert "SIGKILL" in attempt_remotely(attempt("killed"), marker, "token").error


@pytest.mark.parametrize("text", [None, "of an earlier sweep on a disk of its own"])
def test_a_machine_that_does_not_see_the_records_starts_nothing(attempt, tmp_path, text):
    marker = tmp_path / "marker"
    if text:
        marker.write_text(text)
    order = attempt("good")
    ended = attempt_remotely(order, marker, "token")
    assert f"does not see this sweep's {tmp_path}" in ended.error
    assert "shared disk" in ended.error
    assert not order.folder.exists()


def test_a_machine_on_which_nothing_can_be_started_says_so(attempt, tmp_path):
    marker = tmp_path / "marker"
    marker.write_text("token")
    order = attempt("good")
    order.folder.write_text("a file")
    assert "the run cannot be started on" in attempt_remotely(order, marker, "token").error


def test_without_ray_the_error_is_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install 'fer-core\[ray\]'"):
        ray_pool._connect("local")
