import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from fer_core.records.run import read_run, read_runs
from fer_core.sweeping.pool import ProcessPool
from fer_core.sweeping.scheduler import carry_out
from fer_core.sweeping.status import begin
from fer_core.sweeping.table import SweepTable


@pytest.fixture
def sweep(setup):
    """``sweep(runs)``: carry them out on two slots; their progress and what was said."""

    def call(runs, retries=1):
        progress = begin(runs, setup.notes.parent)
        console = Console(file=io.StringIO())
        pool = ProcessPool([None, None])
        carry_out(progress, pool, replace(setup, retries=retries), SweepTable(console))
        return {one.run.name: one for one in progress}, console.file.getvalue()

    return call


@pytest.mark.slow
def test_every_run_leaves_one_record_whatever_stops_it(sweep, planned, setup):
    runs = [planned(name) for name in ("good", "unknown", "killed", "silent", "liar", "fine")]
    ended, said = sweep(runs)
    records = {run.name: run for run in read_runs(setup.notes.parent).runs}
    assert records.keys() == {run.name for run in runs}
    for name, error in {
        "unknown-seed0": "unknown timm backbone 'unknown'",
        "killed-seed0": "killed by signal 9 (SIGKILL): often the memory was full",
        "silent-seed0": "ended with exit code 3 and no word",
        "liar-seed0": "the process ended without an error, but the record is not finished",
    }.items():
        assert (records[name].status, records[name].error) == ("failed", error)
        assert (ended[name].state, ended[name].error, ended[name].tries) == ("failed", error, 2)
        assert f"failed   {name}: {error}; it is tried again" in said
    for name in ("good-seed0", "fine-seed0"):
        assert records[name].status == ended[name].state == "finished"
        assert ended[name].tries == 1
    assert records["killed-seed0"].config["backbone"] == "killed"
    assert records["unknown-seed0"].config["backbone"] == "unknown"
    assert len(records["killed-seed0"].epochs) == 2


@pytest.mark.slow
def test_a_run_that_fails_is_tried_again_behind_all_others(sweep, planned):
    ended, said = sweep([planned(name) for name in ("flaky", "a", "b", "c")])
    flaky = ended["flaky-seed0"]
    assert (flaky.state, flaky.tries, flaky.error) == ("finished", 2, None)
    assert said.splitlines()[-1].startswith("finished flaky-seed0: 75.00 %")


@pytest.mark.slow
def test_the_error_that_a_run_wrote_itself_is_kept_in_full(sweep, planned, setup):
    ended, _ = sweep([planned("flaky")], retries=0)
    whole = "ValueError: the first line\nthe second line"
    assert ended["flaky-seed0"].error == whole
    assert read_run(setup.notes.parent / "flaky-seed0").error == whole


@pytest.mark.slow
def test_the_error_of_an_earlier_attempt_is_replaced(sweep, planned, setup):
    sweep([planned("flaky")], retries=0)
    silent = ("/bin/sh", "-c", "echo 'error: the disk is full'; exit 1")
    progress = begin([planned("flaky")], setup.notes.parent)
    table = SweepTable(Console(file=io.StringIO()))
    carry_out(progress, ProcessPool([None]), replace(setup, program=silent, retries=0), table)
    assert read_run(setup.notes.parent / "flaky-seed0").error == "the disk is full"


@pytest.mark.slow
def test_a_second_sweep_skips_what_is_finished_and_tries_the_rest(sweep, planned, setup):
    runs = [planned(name) for name in ("good", "flaky")]
    sweep(runs, retries=0)
    before = (setup.notes.parent / "good-seed0" / "run.json").read_text()
    ended, said = sweep(runs)
    assert [one.state for one in ended.values()] == ["finished", "finished"]
    assert ended["good-seed0"].tries == 0
    assert (setup.notes.parent / "good-seed0" / "run.json").read_text() == before
    assert "good" not in said


@pytest.mark.slow
def test_the_process_gets_the_whole_configuration_with_its_paths(sweep, planned, setup):
    run = planned("good")
    run = run._replace(config=type(run.config)(data="ferplus:/data/ferplus", epochs=1))
    sweep([run])
    kept = json.loads((setup.notes / f"{run.name}.json").read_text())
    assert kept["data"] == "ferplus:/data/ferplus"


@pytest.mark.slow
def test_a_record_that_cannot_be_written_does_not_stop_the_sweep(sweep, planned, setup):
    (setup.notes.parent / "unknown-seed0").symlink_to("nowhere")
    ended, _ = sweep([planned("unknown"), planned("good")], retries=0)
    assert ended["unknown-seed0"].state == "failed"
    assert "its record cannot say so" in ended["unknown-seed0"].error
    assert ended["good-seed0"].state == "finished"
