import json
import math
import os

import pytest

from fer_core.records import predictions
from fer_core.records.predictions import (
    COMPRESSED_FILE,
    PREDICTIONS_FILE,
    Prediction,
    compressed,
    predictions_file,
    read_predictions,
    write_predictions,
)
from fer_core.records.recorder import RunRecorder
from fer_core.records.run import (
    EPOCHS_FILE,
    RUN_FILE,
    SCHEMA_VERSION,
    RecordError,
    read_run,
    read_runs,
)
from fer_core.taxonomy import taxonomy_of

FACTS = {
    "config": {"epochs": 3, "seed": 0},
    "classes": ["neutral", "happiness"],
    "data": {"name": "synthetic"},
    "noise": {"kind": "none", "rate": 0.0},
    "model": {"parameters": 7},
    "environment": {"device": "cpu"},
}


def begin_run(path, epochs=0):
    recorder = RunRecorder(path, **FACTS)
    recorder.begin()
    for epoch in range(epochs):
        recorder.add_epoch({"epoch": epoch + 1, "train_loss": 1 / (epoch + 1), "memorised": None})
    return recorder


def change(path, **values):
    run = json.loads((path / RUN_FILE).read_text())
    (path / RUN_FILE).write_text(json.dumps(run | values))


def test_a_record_reads_as_it_was_written(tmp_path):
    recorder = begin_run(tmp_path / "run", epochs=3)
    predictions = [Prediction("a, b.png", 0, 1, 0.51234567), Prediction('"é".png', 1, 1, 1.0)]
    recorder.finish({"accuracy_last5": 0.5}, predictions)
    run = read_run(tmp_path / "run")
    assert run.name == "run"
    assert run.status == "finished"
    assert run.ended is not None
    assert run.ended >= run.started
    assert run.error is None
    assert run.classes == ("neutral", "happiness")
    assert run.result == {"accuracy_last5": 0.5}
    assert [epoch["epoch"] for epoch in run.epochs] == [1, 2, 3]
    assert run.epochs[1] == {"epoch": 2, "train_loss": 0.5, "memorised": None}
    for name in ("config", "data", "noise", "model", "environment"):
        assert getattr(run, name) == FACTS[name]
    assert read_predictions(tmp_path / "run") == [
        Prediction("a, b.png", 0, 1, 0.5123),
        Prediction('"é".png', 1, 1, 1.0),
    ]


def test_a_running_record_can_be_read_at_any_moment(tmp_path):
    recorder = RunRecorder(tmp_path / "run", **FACTS)
    assert not (tmp_path / "run").exists()
    recorder.begin()
    assert read_run(recorder.path).epochs == ()
    assert read_run(recorder.path).status == "running"
    recorder.add_epoch({"epoch": 1})
    run = read_run(recorder.path)
    assert len(run.epochs) == 1
    assert run.ended is None
    assert run.result == {}
    assert read_predictions(recorder.path) == []


def test_a_half_written_last_line_is_left_out(tmp_path):
    begin_run(tmp_path, epochs=2)
    with (tmp_path / EPOCHS_FILE).open("a") as file:
        file.write('{"epoch": 3, "train_lo')
    assert [epoch["epoch"] for epoch in read_run(tmp_path).epochs] == [1, 2]


def test_a_last_line_without_its_newline_does_not_count(tmp_path):
    begin_run(tmp_path, epochs=2)
    with (tmp_path / EPOCHS_FILE).open("a") as file:
        file.write('{"epoch": 3}')
    assert len(read_run(tmp_path).epochs) == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{broken\n", "line 2 is not JSON"),
        (b"5\n", "line 2 is not a JSON object"),
        (b"\xff\xfe\n", "cannot be read"),
        (b"\x00\x00\x00\n", "line 2 is not JSON"),
    ],
)
def test_a_broken_line_of_the_epochs_is_named(tmp_path, line, problem):
    begin_run(tmp_path, epochs=1)
    with (tmp_path / EPOCHS_FILE).open("ab") as file:
        file.write(line)
    with pytest.raises(RecordError, match=f"{EPOCHS_FILE}.* {problem}"):
        read_run(tmp_path)


@pytest.mark.parametrize("text", [b"{", b"", b"\xff\xfe", b"[]", b"null", b'{"status": "running"}'])
def test_a_broken_run_file_is_named(tmp_path, text):
    (tmp_path / RUN_FILE).write_bytes(text)
    with pytest.raises(RecordError, match=RUN_FILE):
        read_run(tmp_path)


def test_a_record_without_a_field_names_the_field(tmp_path):
    begin_run(tmp_path)
    run = json.loads((tmp_path / RUN_FILE).read_text())
    del run["noise"], run["model"]
    (tmp_path / RUN_FILE).write_text(json.dumps(run))
    with pytest.raises(RecordError, match="lacks model, noise"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"config": []}, {"classes": "neutral"}, {"status": "done"}, {"ended": 5}]
)
def test_a_wrong_value_is_named(tmp_path, wrong):
    begin_run(tmp_path)
    change(tmp_path, **wrong)
    with pytest.raises(RecordError, match=f"wrong value in {next(iter(wrong))}"):
        read_run(tmp_path)


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, "1", None])
def test_a_newer_or_unknown_schema_is_refused(tmp_path, version):
    begin_run(tmp_path)
    change(tmp_path, schema_version=version)
    with pytest.raises(RecordError, match=f"schema version {version}.*update the program"):
        read_run(tmp_path)


def test_keys_that_the_reader_does_not_know_are_ignored(tmp_path):
    begin_run(tmp_path)
    change(tmp_path, later_invention=1)
    assert read_run(tmp_path).status == "running"


def test_read_runs_finds_runs_at_any_depth_and_names_the_broken_ones(tmp_path):
    begin_run(tmp_path / "a").finish({}, [])
    begin_run(tmp_path / "deep" / "er" / "b", epochs=1)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / RUN_FILE).write_text("{")
    begin_run(tmp_path / "binary", epochs=1)
    (tmp_path / "binary" / EPOCHS_FILE).write_bytes(b"\xff\n")
    runs, problems = read_runs(tmp_path)
    assert [run.name for run in runs] == ["a", "b"]
    assert len(problems) == 2
    assert str(tmp_path / "binary") in problems[0]
    assert str(tmp_path / "broken") in problems[1]


def test_an_absent_folder_holds_no_runs(tmp_path):
    assert read_runs(tmp_path / "nothing") == ([], [])


def test_resuming_keeps_the_start_and_drops_epochs_after_the_checkpoint(tmp_path):
    begin_run(tmp_path, epochs=3)
    change(tmp_path, started="2020-01-01T00:00:00+00:00", status="failed", error="power cut")
    (tmp_path / PREDICTIONS_FILE).write_text("image,label,predicted,confidence\n")
    recorder = RunRecorder(tmp_path, **FACTS)
    recorder.begin(completed_epochs=2)
    run = read_run(tmp_path)
    assert run.started == "2020-01-01T00:00:00+00:00"
    assert (run.status, run.error) == ("running", None)
    assert [epoch["epoch"] for epoch in run.epochs] == [1, 2]
    assert not (tmp_path / PREDICTIONS_FILE).exists()
    recorder.add_epoch({"epoch": 3})
    assert len(read_run(tmp_path).epochs) == 3


def test_resuming_behind_a_half_written_line_leaves_a_whole_file(tmp_path):
    begin_run(tmp_path, epochs=2)
    with (tmp_path / EPOCHS_FILE).open("a") as file:
        file.write('{"epoch": 3')
    recorder = RunRecorder(tmp_path, **FACTS)
    recorder.begin(completed_epochs=2)
    recorder.add_epoch({"epoch": 3})
    assert [epoch["epoch"] for epoch in read_run(tmp_path).epochs] == [1, 2, 3]


def test_resuming_further_than_the_record_goes_is_refused(tmp_path):
    begin_run(tmp_path, epochs=1)
    with pytest.raises(RecordError, match=r"holds 1 epochs.*completed 2.*without --resume"):
        RunRecorder(tmp_path, **FACTS).begin(completed_epochs=2)


def test_a_failed_run_says_why(tmp_path):
    begin_run(tmp_path, epochs=1).fail("the loss is no longer finite")
    run = read_run(tmp_path)
    assert run.status == "failed"
    assert run.error == "the loss is no longer finite"
    assert run.ended is not None
    assert len(run.epochs) == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_never_written(tmp_path, value):
    recorder = begin_run(tmp_path, epochs=1)
    with pytest.raises(ValueError, match="Out of range float"):
        recorder.add_epoch({"epoch": 2, "train_loss": value})
    with pytest.raises(ValueError, match="Out of range float"):
        recorder.finish({"accuracy_last5": value}, [])
    run = read_run(tmp_path)
    assert (run.status, run.result, len(run.epochs)) == ("running", {}, 1)


def test_predictions_written_again_are_read_again(tmp_path):
    first, second = Prediction("a.png", 0, 1, 0.5), Prediction("a.png", 0, 0, 0.5)
    write_predictions(tmp_path, [first])
    before = read_predictions(tmp_path)
    written = (tmp_path / PREDICTIONS_FILE).stat().st_mtime_ns
    write_predictions(tmp_path, [second])  # a file of the same size, in the same tick of the clock
    os.utime(tmp_path / PREDICTIONS_FILE, ns=(written, written))
    assert (before, read_predictions(tmp_path)) == ([first], [second])
    read_predictions(tmp_path).clear()  # the caller's own list
    assert read_predictions(tmp_path) == [second]


def test_a_broken_table_of_predictions_is_named(tmp_path):
    (tmp_path / PREDICTIONS_FILE).write_text("image,label\na.png,0\n")
    with pytest.raises(RecordError, match=f"{PREDICTIONS_FILE} is not a table"):
        read_predictions(tmp_path)
    (tmp_path / PREDICTIONS_FILE).write_text("image,label,predicted,confidence\na.png,x,1,0.5\n")
    with pytest.raises(RecordError, match=f"{PREDICTIONS_FILE} is not a table"):
        read_predictions(tmp_path)


def test_compressed_predictions_are_read_and_those_of_the_run_itself_come_first(tmp_path):
    first, second = Prediction("ä, b.png", 0, 1, 0.5), Prediction("c.png", 0, 0, 0.25, 0.4, 0, 1)
    write_predictions(tmp_path, [first, second])
    table = (tmp_path / PREDICTIONS_FILE).read_bytes()
    (tmp_path / PREDICTIONS_FILE).rename(tmp_path / "kept")
    (tmp_path / COMPRESSED_FILE).write_bytes(compressed(table))
    assert read_predictions(tmp_path) == [first, second]
    assert compressed(table) == (tmp_path / COMPRESSED_FILE).read_bytes()
    write_predictions(tmp_path, [second])
    assert read_predictions(tmp_path) == [second]


def test_compressed_predictions_that_are_damaged_or_too_large_are_named(tmp_path, monkeypatch):
    write_predictions(tmp_path, [Prediction("a.png", 0, 1, 0.5)])
    table = compressed((tmp_path / PREDICTIONS_FILE).read_bytes())
    (tmp_path / PREDICTIONS_FILE).unlink()
    bad = table[:20] + b"x" + table[21:]
    for content in (b"no archive", table[:-9], bad, compressed(b"\xff")):
        (tmp_path / COMPRESSED_FILE).write_bytes(content)
        with pytest.raises(RecordError, match=f"{COMPRESSED_FILE} is not a table"):
            read_predictions(tmp_path)
    monkeypatch.setattr(predictions, "LARGEST", 10)
    (tmp_path / COMPRESSED_FILE).write_bytes(compressed(bytes(11)))
    with pytest.raises(RecordError, match="more than 10 bytes"):
        read_predictions(tmp_path)


def test_a_run_that_starts_has_no_predictions_of_an_earlier_one(tmp_path):
    for name in (PREDICTIONS_FILE, COMPRESSED_FILE):
        (tmp_path / name).write_text("earlier")
    begin_run(tmp_path)
    assert predictions_file(tmp_path) is None


def test_no_temporary_file_is_left_behind(tmp_path):
    begin_run(tmp_path, epochs=1).finish({}, [])
    assert {p.name for p in tmp_path.iterdir()} == {RUN_FILE, EPOCHS_FILE, PREDICTIONS_FILE}


def test_a_record_says_whether_its_classes_are_emotions_and_their_colours(tmp_path):
    RunRecorder(tmp_path / "own", **(FACTS | {"classes": ["bored", "眠い"]})).begin()
    begin_run(tmp_path / "emotions")
    own, emotions = (read_run(tmp_path / name) for name in ("own", "emotions"))
    assert own.taxonomy == taxonomy_of(("bored", "眠い"))
    assert not own.taxonomy.emotions
    assert emotions.taxonomy.emotions
    change(tmp_path / "own", taxonomy={"emotions": False, "colours": {"bored": "#123456"}})
    assert read_run(tmp_path / "own").taxonomy.colour_of("bored") == "#123456"


def test_a_record_without_a_taxonomy_has_the_usual_one_and_a_broken_one_is_refused(tmp_path):
    begin_run(tmp_path)
    run = json.loads((tmp_path / RUN_FILE).read_text())
    del run["taxonomy"]
    (tmp_path / RUN_FILE).write_text(json.dumps(run))
    assert read_run(tmp_path).taxonomy == taxonomy_of(("neutral", "happiness"))
    change(tmp_path, taxonomy={"emotions": True, "colours": {"neutral": 7}})
    with pytest.raises(RecordError, match=r"run\.json: the colour of class 'neutral' must be #rr"):
        read_run(tmp_path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "1" * 5000, "", "\x00"])
def test_a_record_that_python_cannot_read_is_a_problem_of_its_own(tmp_path, text):
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / RUN_FILE).write_text(text)
    runs, problems = read_runs(tmp_path)
    assert runs == []
    assert len(problems) == 1
    assert "hostile" in problems[0]


def test_a_line_of_epochs_that_is_nested_without_end_is_a_problem(tmp_path):
    begin_run(tmp_path, epochs=1)
    with (tmp_path / EPOCHS_FILE).open("a") as stream:
        stream.write("[" * 100_000 + "\n")
    with pytest.raises(RecordError, match="line 2 is not JSON: it is nested too deep"):
        read_run(tmp_path)


@pytest.mark.parametrize("name", ["started", "ended"])
@pytest.mark.parametrize("value", ["abc", "", "2026-13-01T00:00:00", "0" * 400])
def test_a_time_that_is_none_is_a_problem(tmp_path, name, value):
    begin_run(tmp_path)
    change(tmp_path, **{name: value})
    with pytest.raises(RecordError, match=f"wrong value in {name}"):
        read_run(tmp_path)


@pytest.mark.parametrize("classes", [[None, "b"], ["a", 3], [["a"], "b"]])
def test_classes_that_are_no_names_are_a_problem(tmp_path, classes):
    begin_run(tmp_path)
    change(tmp_path, classes=classes)
    with pytest.raises(RecordError, match="wrong value in classes"):
        read_run(tmp_path)


def test_a_run_whose_record_could_not_be_read_again_is_refused_before_it_begins(tmp_path):
    recorder = RunRecorder(tmp_path / "run", **{**FACTS, "data": {"name": "caf\udce9"}})
    with pytest.raises(RecordError, match=r"could not be read again: .*rename"):
        recorder.begin()
    assert not (tmp_path / "run").exists()


def test_an_error_that_names_any_path_leaves_a_record_that_can_be_read(tmp_path):
    begin_run(tmp_path).fail("no folder caf\udce9")
    assert read_run(tmp_path).error == "no folder caf\\udce9"


def test_a_run_that_early_stopping_ended_does_not_go_on_to_more_epochs(tmp_path):
    begin_run(tmp_path, epochs=2).finish({"accuracy_last5": 0.5}, [])
    longer = RunRecorder(tmp_path, **{**FACTS, "config": {"epochs": 9, "seed": 0}})
    with pytest.raises(RecordError, match="after 2 of 3 epochs, so it cannot go on to 9"):
        longer.is_finished(2)
