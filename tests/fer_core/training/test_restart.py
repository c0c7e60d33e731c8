import shutil
from dataclasses import replace

import pytest

from fer_core.config import to_json
from fer_core.records.failures import record_failure
from fer_core.records.run import read_run
from fer_core.training.checkpoint import (
    CHECKPOINT_FILE,
    PREVIOUS_FILE,
    CheckpointError,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)
from fer_core.training.recording import OWN_FILES
from fer_core.training.restart import make_ready


@pytest.fixture
def ended(tiny_run, tmp_path):
    """The folder of a run whose checkpoint stands after its last epoch."""
    return shutil.copytree(tiny_run.path, tmp_path / "run")


def test_a_run_with_a_checkpoint_goes_on(ended, tiny_config):
    before = (ended / "epochs.jsonl").read_text()
    assert make_ready(ended, tiny_config)
    assert (ended / "epochs.jsonl").read_text() == before


def test_a_run_without_a_checkpoint_starts_anew_and_its_record_gives_way(tmp_path, tiny_config):
    record_failure(tmp_path, to_json(tiny_config), "no such data")
    (tmp_path / "log.txt").write_text("kept")
    assert not make_ready(tmp_path, tiny_config)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "log.txt"]


def test_a_folder_that_is_not_there_yet_starts_anew(tmp_path, tiny_config):
    assert not make_ready(tmp_path / "new", tiny_config)


def test_files_that_no_run_has_written_are_kept(tmp_path, tiny_config):
    (tmp_path / "predictions.csv").write_text("mine")
    assert not make_ready(tmp_path, tiny_config)
    assert (tmp_path / "predictions.csv").read_text() == "mine"


def test_a_broken_checkpoint_starts_anew_and_says_so(ended, tiny_config, caplog):
    for file in (CHECKPOINT_FILE, PREVIOUS_FILE):
        (ended / file).write_bytes(b"half")
    assert (ended / "model" / "config.json").exists()
    assert not make_ready(ended, tiny_config)
    assert not (ended / CHECKPOINT_FILE).exists()
    left = {"run.json", *OWN_FILES}
    assert not [name for name in left if (ended / name).exists()]
    assert "cannot be read" in caplog.text
    assert "the run starts over" in caplog.text


@pytest.mark.slow
def test_a_checkpoint_learns_where_its_files_have_moved(ended, tiny_config):
    checkpoint, _ = read_checkpoint(ended)
    save_checkpoint(ended, checkpoint, replace(tiny_config, exclude="/old/list.txt"))
    moved = replace(tiny_config, exclude="/new/list.txt")
    assert make_ready(ended, moved)
    assert load_checkpoint(ended, moved).epoch == checkpoint.epoch


def test_a_run_that_asks_for_any_precision_goes_on_in_the_one_it_took(ended, tiny_config):
    assert make_ready(ended, replace(tiny_config, precision="auto"))
    assert load_checkpoint(ended, tiny_config).epoch > 0


def test_a_checkpoint_of_another_run_is_refused_and_kept(ended, tiny_config):
    with pytest.raises(CheckpointError, match="of another configuration"):
        make_ready(ended, replace(tiny_config, seed=7))
    assert load_checkpoint(ended, tiny_config)
    assert read_run(ended).status == "finished"
