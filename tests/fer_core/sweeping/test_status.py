from dataclasses import replace

import pytest

from fer_core.config import RunConfig, to_json, without_folders
from fer_core.records.failures import record_failure
from fer_core.records.recorder import RunRecorder
from fer_core.sweeping.plan import PlannedRun
from fer_core.sweeping.status import RunProgress, begin

CONFIG = RunConfig(data="ferplus:/data/ferplus", backbone="test_resnet", epochs=10)


def write_record(folder, config=CONFIG, epochs=0):
    recorder = RunRecorder(
        folder,
        config=to_json(without_folders(config)),
        classes=["a"],
        data={},
        noise={},
        model={},
        environment={},
    )
    recorder.begin()
    for epoch in range(epochs):
        seconds = {"train_seconds": 10.0 * epoch, "eval_seconds": 1.0}
        recorder.add_epoch({"epoch": epoch + 1, "eval_accuracy": epoch / 10, **seconds})
    return recorder


def begin_one(out, config=CONFIG):
    (one,) = begin([PlannedRun("one", config)], out)
    return one


def test_a_run_without_a_record_waits(tmp_path):
    one = begin_one(tmp_path)
    assert (one.state, one.earlier, one.epochs, one.accuracy) == ("waiting", "", 0, None)
    assert one.seconds_left is None


def test_a_finished_run_is_done_with_its_figure(tmp_path):
    write_record(tmp_path / "one", epochs=10).finish({"accuracy_last5": 0.61}, [])
    one = begin_one(tmp_path)
    assert (one.state, one.earlier, one.accuracy, one.epochs) == ("finished", "finished", 0.61, 10)


def test_an_interrupted_run_waits_and_says_how_far_it_is(tmp_path):
    write_record(tmp_path / "one", epochs=3)
    one = begin_one(tmp_path)
    assert (one.state, one.earlier, one.epochs, one.accuracy) == ("waiting", "running", 3, 0.2)


def test_a_failed_run_waits_with_its_error(tmp_path):
    record_failure(tmp_path / "one", to_json(without_folders(CONFIG)), "no such data")
    one = begin_one(tmp_path)
    assert (one.state, one.earlier, one.error) == ("waiting", "failed", "no such data")


def test_the_time_left_is_that_of_the_latest_epochs(tmp_path):
    write_record(tmp_path / "one", epochs=7)
    one = begin_one(tmp_path)
    assert one.epoch_seconds == pytest.approx(41)  # of the last five epochs: 21, 31, ..., 61
    assert one.seconds_left == pytest.approx(3 * 41)


def test_a_record_that_is_not_written_yet_changes_nothing(tmp_path):
    one = RunProgress(PlannedRun("one", CONFIG), tmp_path / "one", epochs=4)
    assert one.refresh() is None
    assert one.epochs == 4


def test_other_runs_under_the_names_of_the_plan_are_all_named_and_kept(tmp_path):
    write_record(tmp_path / "one", replace(CONFIG, epochs=40, seed=3))
    (tmp_path / "two").write_text("")
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "run.json").write_text("{half")
    before = (tmp_path / "one" / "run.json").read_text()
    with pytest.raises(ValueError, match="holds other runs under names of the plan") as raised:
        begin([PlannedRun(name, CONFIG) for name in ("one", "two", "three", "four")], tmp_path)
    text = str(raised.value)
    assert "one: another configuration, epochs 40 there, 10 asked for, seed 3 there, 0" in text
    assert "two" in text
    assert "run.json cannot be read" in text
    assert "four" not in text
    assert (tmp_path / "one" / "run.json").read_text() == before
