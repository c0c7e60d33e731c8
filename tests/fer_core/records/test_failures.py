import pytest

from fer_core.config import RunConfig, to_json
from fer_core.records.failures import record_failure
from fer_core.records.lock import RunLockedError
from fer_core.records.recorder import RunRecorder
from fer_core.records.run import read_run

CONFIG = to_json(RunConfig(backbone="nosuch", seed=3))


def test_a_run_that_never_began_gets_a_record_with_its_configuration_and_error(tmp_path):
    record_failure(tmp_path / "runs" / "one", CONFIG, "unknown timm backbone 'nosuch'")
    record = read_run(tmp_path / "runs" / "one")
    assert (record.status, record.error) == ("failed", "unknown timm backbone 'nosuch'")
    assert record.config == CONFIG
    assert record.epochs == record.classes == ()
    assert record.data == record.noise == record.model == record.environment == record.result == {}
    assert record.ended is not None
    assert record.started <= record.ended


def test_a_run_that_was_killed_keeps_its_facts_and_epochs(tmp_path):
    recorder = RunRecorder(
        tmp_path,
        config=CONFIG,
        classes=["neutral"],
        data={"name": "synthetic"},
        noise={"kind": "none"},
        model={"parameters": 7},
        environment={"device": "cpu"},
    )
    recorder.begin()
    recorder.add_epoch({"epoch": 1})
    before = read_run(tmp_path)
    record_failure(tmp_path, {}, "killed by signal 9 (SIGKILL)")
    after = read_run(tmp_path)
    assert (after.status, after.error) == ("failed", "killed by signal 9 (SIGKILL)")
    assert after.epochs == ({"epoch": 1},)
    for name in ("started", "config", "classes", "data", "noise", "model", "environment"):
        assert getattr(after, name) == getattr(before, name)


def test_a_later_error_takes_the_place_of_an_earlier_one(tmp_path):
    record_failure(tmp_path, CONFIG, "first")
    record_failure(tmp_path, CONFIG, "second")
    assert read_run(tmp_path).error == "second"


def test_a_failed_run_is_resumed_like_any_other(tmp_path):
    facts = {"classes": ["a"], "data": {}, "noise": {}, "model": {}, "environment": {}}
    recorder = RunRecorder(tmp_path, config=CONFIG, **facts)
    recorder.begin()
    recorder.add_epoch({"epoch": 1})
    record_failure(tmp_path, CONFIG, "killed")
    RunRecorder(tmp_path, config=CONFIG, **facts).begin(completed_epochs=1)
    record = read_run(tmp_path)
    assert (record.status, record.error, len(record.epochs)) == ("running", None, 1)


def test_a_broken_record_is_not_written_over(tmp_path):
    (tmp_path / "run.json").write_text("{half")
    with pytest.raises(ValueError, match="Expecting"):
        record_failure(tmp_path, CONFIG, "killed")
    assert (tmp_path / "run.json").read_text() == "{half"


@pytest.mark.slow
def test_the_record_of_a_run_that_another_process_works_on_is_left_alone(tmp_path, held_elsewhere):
    record_failure(tmp_path, CONFIG, "first")
    with held_elsewhere(tmp_path), pytest.raises(RunLockedError, match="another process is at wo"):
        record_failure(tmp_path, CONFIG, "second")
    assert read_run(tmp_path).error == "first"
