from pathlib import Path

import pytest

from fer_core.cli import collect
from fer_core.records.predictions import Prediction, read_predictions, write_predictions
from fer_core.records.run import RecordError, read_run, read_runs


@pytest.fixture
def runs(write_run, tmp_path):
    """Two finished runs with their checkpoints and logs, and one that goes on."""
    folder = tmp_path / "runs"
    for seed in (0, 1):
        run = write_run(folder, name=f"run{seed}", seed=seed)
        (run / "checkpoint").mkdir()
        (run / "checkpoint" / "state.safetensors").write_bytes(b"large")
        (run / "log.txt").write_text("log")
    write_run(folder, name="open", status="running")
    return folder


def test_finished_records_are_copied_without_what_belongs_to_the_machine(
    call_command, runs, tmp_path
):
    out = tmp_path / "out"
    write_predictions(runs / "run0", [Prediction("a.png", 0, 1, 0.5)])
    code, output, _ = call_command(collect, runs, out)
    assert code == 0
    assert output.splitlines()[1] == "skipped: open is running"
    assert [run.name for run in read_runs(out).runs] == ["run0", "run1"]
    names = {path.name for path in out.rglob("*") if path.is_file()}
    assert names == {"run.json", "epochs.jsonl", "predictions.csv.gz"}
    assert read_predictions(out / "run0") == read_predictions(runs / "run0") != []
    before = (out / "run0" / "predictions.csv.gz").read_bytes()
    (runs / "run0" / "maps.json").write_text("{}")
    assert call_command(collect, runs, out)[0] == 0
    assert (out / "run0" / "maps.json").exists()
    assert read_run(out / "run0").epochs == read_run(runs / "run0").epochs
    (out / "run0" / "robustness.json").write_text("measured there")
    assert call_command(collect, runs, out)[0] == 0  # the same runs again
    assert (out / "run0" / "robustness.json").read_text() == "measured there"
    assert (out / "run0" / "predictions.csv.gz").read_bytes() == before
    assert call_command(collect, out, tmp_path / "again")[0] == 0  # of what was collected
    assert read_predictions(tmp_path / "again" / "run1") == read_predictions(runs / "run1")


def test_another_run_of_the_same_name_is_not_lost(call_command, runs, write_run, tmp_path):
    out = tmp_path / "out"
    other = write_run(out, name="run1", accuracy=0.5)
    (other / "robustness.json").write_text("of the other run")
    text = (other / "run.json").read_text().replace('"started": "2', '"started": "1')
    (other / "run.json").write_text(text)
    code, _, _ = call_command(collect, runs, out)
    assert "already has different runs named run1" in code
    assert (other / "run.json").read_text() == text
    assert not (out / "run0").exists()
    assert call_command(collect, runs, out, "--replace")[0] == 0
    assert (other / "run.json").read_text() != text
    assert not (other / "robustness.json").exists()


def test_too_much_is_refused_before_anything_is_copied(runs, monkeypatch, tmp_path):
    monkeypatch.setattr(collect, "LARGEST", 100)
    with pytest.raises(RecordError, match="at most 100 are published"):
        collect.collect([runs / "run0"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_runs_that_go_on_are_no_records_to_publish(call_command, write_run, tmp_path):
    write_run(tmp_path / "runs", status="running")
    code, _, _ = call_command(collect, tmp_path / "runs", tmp_path / "out")
    assert code == f"error: no finished run in {tmp_path / 'runs'}, of 1 there"


def test_a_folder_without_records_is_named(call_command, tmp_path):
    code, _, _ = call_command(collect, tmp_path / "empty", tmp_path / "out")
    assert code == f"error: no run record in {tmp_path / 'empty'}"


@pytest.mark.parametrize("linked", [False, True])
def test_the_folder_of_the_runs_itself_is_refused_and_nothing_lost(
    call_command, runs, tmp_path, linked
):
    out = runs
    if linked:
        out = tmp_path / "link"
        out.symlink_to(runs)
    before = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()}
    code, _, _ = call_command(collect, runs, out, "--replace")
    assert code == f"error: {out} is the folder of the runs itself: name another one to copy to"
    assert {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()} == before


def test_a_copy_that_fails_leaves_what_was_there(runs, write_run, monkeypatch, tmp_path):
    out = tmp_path / "out"
    earlier = write_run(out, name="run1", accuracy=0.5)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def fail(file, content, real=Path.write_bytes):
        if file.parent.name == "run1":
            raise OSError("No space left on device")
        return real(file, content)

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space left"):
        collect.collect([runs / "run0", runs / "run1"], out, replace=True)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert read_run(earlier).result["accuracy_last5"] == pytest.approx(0.5, abs=0.1)


def test_files_without_a_run_are_kept_at_the_destination(call_command, runs, tmp_path):
    out = tmp_path / "out"
    (out / "run0").mkdir(parents=True)
    (out / "run0" / "robustness.json").write_text("mine")
    code, _, _ = call_command(collect, runs, out)
    assert "has files of records, but no run, in run0" in code
    assert [path.name for path in out.rglob("*")] == ["run0", "robustness.json"]


def test_a_run_itself_and_records_in_deeper_folders_are_told(call_command, runs, tmp_path):
    code, _, _ = call_command(collect, runs / "run0", tmp_path / "out")
    assert code == f"error: {runs / 'run0'} is a run itself: name the folder that it is in"
    (runs / "sweep").mkdir()
    (runs / "run1").rename(runs / "sweep" / "run1")
    _, output, _ = call_command(collect, runs, tmp_path / "out")
    assert "skipped: records in deeper folders, 1 in number" in output
