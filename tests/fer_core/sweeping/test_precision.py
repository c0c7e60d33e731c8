from dataclasses import replace

import pytest

from fer_core.records.failures import record_failure
from fer_core.sweeping import precision
from fer_core.sweeping.precision import agree_on_precision, waits_for_precision
from fer_core.sweeping.status import RunProgress
from fer_core.training.precision import PrecisionChoice


@pytest.fixture
def waiting(tmp_path, planned):
    """``waiting(seed, wanted, recorded)``: a run that waits; ``recorded``: it has begun so."""

    def call(seed, wanted="auto", recorded=None):
        run = planned("good", seed)
        run = run._replace(config=replace(run.config, precision=wanted))
        if recorded:
            record_failure(tmp_path / run.name, {"precision": recorded}, "stopped")
        return RunProgress(run, tmp_path / run.name)

    return call


@pytest.fixture(autouse=True)
def timed(monkeypatch):
    """The seeds of the runs of which a step was timed."""
    seeds = []

    def choose(config, device):
        seeds.append(config.seed)
        return PrecisionChoice("bf16", "it was faster")

    monkeypatch.setattr(precision, "choose_precision", choose)
    return seeds


def precisions(progress):
    return [one.run.config.precision for one in progress]


def test_one_step_decides_for_all(waiting, timed):
    progress = [waiting(0, "no"), waiting(1), waiting(2)]
    assert agree_on_precision(progress, "cpu") == ["precision 'bf16' for all runs: it was faster"]
    assert (precisions(progress), timed) == (["no", "bf16", "bf16"], [1])
    assert not waits_for_precision(progress)


def test_a_run_that_has_begun_decides_for_the_others(waiting, timed):
    progress = [waiting(0), waiting(1, recorded="no"), waiting(2, recorded="auto")]
    assert agree_on_precision(progress, "cpu") == ["precision 'no' for all runs: as in good-seed1"]
    assert (precisions(progress), timed) == (["no"] * 3, [])


def test_runs_that_have_begun_in_two_precisions_keep_them_and_are_named(waiting):
    progress = [waiting(0, recorded="no"), waiting(1, recorded="bf16"), waiting(2)]
    said = agree_on_precision(progress, "cpu")
    assert precisions(progress) == ["no", "bf16", "no"]
    assert "good-seed1 ('bf16')" in said[1]


def test_what_is_finished_or_asked_for_is_left_alone(waiting, timed):
    done = waiting(0)
    done.state = "finished"
    progress = [done, waiting(1, "fp16")]
    assert agree_on_precision(progress, "cpu") == []
    assert (precisions(progress), timed) == (["auto", "fp16"], [])
    assert not waits_for_precision(progress)
