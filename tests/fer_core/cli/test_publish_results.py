"""Run records to the Hub and back into the dashboard; the Hub is a server on this computer."""

import json
import re
import socket

import pytest
from huggingface_hub import DatasetCard
from hypothesis import given
from hypothesis import strategies as st

from dashboard.data.hub import fetch
from dashboard.data.names import read_folders
from fer_core.cli import publish_results
from fer_core.publishing.records import without_places
from fer_core.records.predictions import (
    PREDICTIONS_FILE,
    Prediction,
    read_predictions,
    write_predictions,
)
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, read_runs
from fer_core.reporting.map_files import read_maps
from tests.hub_server import serve_own_hub

TOKEN = "hf_secret0123456789"
NAME = "me/results"


@pytest.fixture
def server(monkeypatch, tmp_path):
    with serve_own_hub(monkeypatch, tmp_path / "cache", TOKEN) as running:
        yield running


@pytest.fixture
def records(tmp_path, write_run):
    """Two records, one in a folder, with weights and a log that are not part of them."""
    root = tmp_path / "runs"
    for name in ("first", "study/second"):
        path = write_run(root, name=name)
        write_predictions(path, [Prediction("a.png", 0, 1, 0.5), Prediction("b/c.png", 1, 1, 0.75)])
        (path / "model").mkdir()
        (path / "model" / "model.safetensors").write_bytes(b"weights")
        (path / "log.txt").write_text("/home/me")
        (path / "noisy_labels.txt").write_text("a.png 1")
    return root


@pytest.fixture
def call(call_command):
    def run(*arguments):
        code, output, errors = call_command(publish_results, *arguments)
        assert TOKEN not in f"{code}{output}{errors}"
        return code, output, errors

    return run


def change(path, **values):
    run = json.loads((path / RUN_FILE).read_text())
    (path / RUN_FILE).write_text(json.dumps(run | values))


@pytest.mark.slow
def test_the_dashboard_shows_what_was_published_as_it_was(server, call, records):
    pytest.importorskip("streamlit")  # the library's own environment has none
    code, output, errors = call(records, "--repo", NAME)
    assert (code, errors) == (0, "")
    assert output == f"{server.address}/datasets/{NAME}, in the dashboard: hf://{NAME}\n"
    found = fetch(f"hf://{NAME}")
    here, there = read_folders([records]), read_folders([found.folder])
    assert there.table.drop(columns="source").equals(here.table.drop(columns="source"))
    assert there.epochs.equals(here.epochs)
    assert there.problems == []
    for name in ("first", "study/second"):
        assert read_predictions(found.folder / name) == read_predictions(records / name)


def test_only_records_and_the_card_are_published(server, call, records):
    call(records, "--repo", NAME)
    files = server.repositories[f"datasets/{NAME}"].revisions["main"]
    each = {RUN_FILE, EPOCHS_FILE, PREDICTIONS_FILE}
    assert set(files) == {"README.md"} | {
        f"{n}/{f}" for n in ("first", "study/second") for f in each
    }
    assert server.repositories[f"datasets/{NAME}"].messages == ["Publish 2 run records"]


def test_predictions_can_stay_behind(call, records, tmp_path):
    call(records, "--repo", NAME, "--no-predictions", "--dry-run", tmp_path / "out")
    assert list((tmp_path / "out").rglob(PREDICTIONS_FILE)) == []
    assert len(read_runs(tmp_path / "out").runs) == 2


def test_a_record_within_another_one_is_published_too(call, records, write_run, tmp_path):
    write_run(records / "first" / "audit", name="fold0of2")
    code, _, errors = call(records, "--repo", NAME, "--dry-run", tmp_path / "out")
    assert (code, errors) == (0, "")
    names = {
        run.path.relative_to(tmp_path / "out").as_posix()
        for run in read_runs(tmp_path / "out").runs
    }
    assert names == {"first", "first/audit/fold0of2", "study/second"}


def test_a_record_alone_keeps_its_name(call, records, tmp_path):
    call(records / "first", "--repo", NAME, "--dry-run", tmp_path / "out")
    assert [run.name for run in read_runs(tmp_path / "out").runs] == ["first"]


def test_no_place_or_name_of_this_computer_is_published(call, records, write_run, tmp_path):
    failed = write_run(records, name="failed", status="failed")
    host = socket.gethostname()
    change(failed, error=f"FileNotFoundError: no file at '/home/me/data/x.txt' on {host}, see log")
    write_predictions(records / "first", [Prediction("/srv/faces/a.png", 0, 1, 0.5)])
    _, _, errors = call(records, "--repo", NAME, "--dry-run", tmp_path / "out")
    assert errors == "paths of this computer cut to their last name: failed, first\n"
    (run,) = (run for run in read_runs(tmp_path / "out").runs if run.name == "failed")
    assert run.error == "FileNotFoundError: no file at 'x.txt' on this computer, see log"
    assert read_predictions(tmp_path / "out" / "first")[0].image == "a.png"
    everything = "".join(f.read_text() for f in (tmp_path / "out").rglob("*") if f.is_file())
    assert not re.search(r"/home/|/srv/", everything)


def test_an_evaluation_beside_a_record_is_published_without_places(
    call, records, write_maps, tmp_path
):
    write_maps(records / "first" / "maps.json", "/home/me/runs/first")
    call(records, "--repo", NAME, "--dry-run", tmp_path / "out")
    (found,) = read_maps(tmp_path / "out" / "first" / "maps.json")
    assert found.model == "first"
    (records / "first" / "maps.json").write_text("{")
    code, _, _ = call(records, "--repo", NAME, "--dry-run", tmp_path / "again")
    assert "maps.json is not a readable JSON file" in code


def test_a_running_run_is_left_out_and_a_half_written_line_too(call, records, write_run, tmp_path):
    write_run(records, name="going", status="running")
    with (records / "first" / EPOCHS_FILE).open("a") as file:
        file.write('{"epoch": 7')
    _, _, errors = call(records, "--repo", NAME, "--dry-run", tmp_path / "out")
    assert errors == "excluded, still running: going\n"
    assert {run.name for run in read_runs(tmp_path / "out").runs} == {"first", "second"}
    assert (tmp_path / "out" / "first" / EPOCHS_FILE).read_text().endswith("}\n")


def test_a_broken_record_is_a_warning_and_none_at_all_an_error(call, records, tmp_path):
    (records / "first" / RUN_FILE).write_text("{")
    code, _, errors = call(records, "--repo", NAME, "--dry-run", tmp_path / "out")
    assert code == 0
    assert errors.startswith("warning: ")
    code, _, _ = call(tmp_path / "absent", "--repo", NAME)
    assert code.startswith("error: no ended run below")


def test_the_card_has_a_row_for_each_run_and_says_how_to_read_them(server, call, records):
    call(records, "--repo", NAME, "--license", "cc-by-4.0")
    card = DatasetCard.load(NAME)
    assert card.data.license == "cc-by-4.0"
    assert card.data.viewer is False
    assert "| study/second | synthetic | " in card.text
    assert f"hf://{NAME}" in card.text
    assert "show nobody" in card.text  # the terms of the data


@pytest.mark.slow
def test_what_an_imported_record_does_not_state_is_not_made_up(call, records, tmp_path):
    run = json.loads((records / "first" / RUN_FILE).read_text())
    unknown = {"noise": "symmetric", "noise_rate": None, "backbone": None}
    config, noise = run["config"] | unknown, run["noise"] | {"realised_rate": None}
    change(records / "first", config=config, noise=noise)
    code, _, errors = call(records, "--repo", NAME, "--dry-run", tmp_path / "out")
    assert (code, errors) == (0, "")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert re.search(r"\| first \| \S.* \| not stated \| \w+ \| symmetric \| ", card)


@pytest.mark.slow
def test_a_second_time_adds_and_updates(server, call, records, write_run):
    call(records, "--repo", NAME)
    write_run(records, name="third", seed=1)
    call(records, "--repo", NAME)
    files = server.repositories[f"datasets/{NAME}"].revisions["main"]
    assert {"first/run.json", "third/run.json"} <= set(files)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/home/me/data", "data"),
        ("no file at '/home/me/my data/x.txt'", "no file at 'x.txt'"),
        ("no folder '/home/Anna Maria Huber/My Data'", "no folder 'My Data'"),
        ('"/data" and "/"', '"data" and "/"'),
        (r"cannot open C:\Users\Anna Huber\faces\model.pt, gone", "cannot open model.pt, gone"),
        (r"\\server\anna huber\x.png", "x.png"),
        ("see //server/share/anna/x.png", "see x.png"),
        ("file:///home/anna/secret/x.bin", "x.bin"),
        ("'https://hub.example/a b/c'", "'https://hub.example/a b/c'"),
        ("expected /a/b but got c/d", "expected b but got c/d"),
        ("ferplus:/srv/sets/ferplus?test=a", "ferplus:ferplus?test=a"),
        (r"C:\Users\me\x.csv, line 3", "x.csv, line 3"),
        ("~/runs/one/", "one"),
        ("hf:owner/name", "hf:owner/name"),
        ("https://hub.example/a/b", "https://hub.example/a/b"),
        ("and/or 3/4 a/b/c", "and/or 3/4 a/b/c"),
    ],
)
def test_of_a_place_of_this_computer_only_the_last_name_stays(text, kept):
    assert without_places({"a": [text, 1, None]}) == {"a": [kept, 1, None]}


@given(st.text(alphabet=st.characters(exclude_characters="/\\~"), max_size=30))
@pytest.mark.slow
def test_a_text_without_slashes_stays_as_it_is(text):
    assert without_places(text) == text


@given(st.lists(st.from_regex(r"[a-z0-9._-]{1,8}", fullmatch=True), min_size=2, max_size=5))
@pytest.mark.slow
def test_every_absolute_path_becomes_its_last_name(names):
    path = "/" + "/".join(names)
    assert without_places(f"at {path}: gone") == f"at {names[-1]}: gone"
