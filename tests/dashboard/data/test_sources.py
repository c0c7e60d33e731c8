"""Where records lie."""

from pathlib import Path

import pytest

from dashboard.data.hub import Fetched, HubSourceError
from dashboard.data.sources import RecordSource, resolve_source, resolve_sources, source_names
from fer_core.records.published import SHIPPED_RUNS


def test_the_operators_sources_win_over_the_visitors(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert source_names() == ["shipped"]
    (tmp_path / "runs").mkdir()
    assert source_names() == ["shipped", "runs"]
    assert source_names(" elsewhere ") == ["elsewhere"]
    monkeypatch.setenv("FER_RUNS", "mine, hf://me/results")
    assert source_names("elsewhere") == ["mine", "hf://me/results"]


@pytest.mark.parametrize("text", ["one,two", " one , two,", "one\ntwo", "one,two,one"])
def test_several_sources_stand_between_commas_or_line_ends(text):
    assert source_names(text) == ["one", "two"]


def test_shipped_is_the_name_of_the_results_that_come_with_the_project():
    source = resolve_source("shipped")
    assert source.folder == SHIPPED_RUNS
    assert not source.writable


def test_notes_may_be_written_into_the_visitors_own_folder_alone(tmp_path, monkeypatch):
    assert resolve_source(str(tmp_path)).writable
    assert not resolve_source(str(SHIPPED_RUNS / "study")).writable
    monkeypatch.setenv("FER_RUNS", str(tmp_path))
    assert not resolve_source(str(tmp_path)).writable


def test_a_folder_that_is_not_there_is_said_and_the_others_stay(tmp_path):
    sources, problems = resolve_sources([str(tmp_path / "nowhere"), str(tmp_path)])
    assert [source.folder for source in sources] == [tmp_path / "nowhere", tmp_path]
    assert problems == [f"There is no folder `{tmp_path / 'nowhere'}`."]


def test_a_source_of_the_hub_is_fetched_and_its_note_is_said(tmp_path):
    found = Fetched("me/results", tmp_path, "https://hub/datasets/me/results", "From the cache.")
    sources, problems = resolve_sources(["hf://me/results"], lambda _: found)
    assert sources == [RecordSource("me/results", tmp_path, found.link, "From the cache.")]
    assert problems == ["From the cache."]


def test_what_the_hub_refuses_is_a_sentence_and_the_others_stay(tmp_path):
    def refuse(address):
        raise HubSourceError(f"no data set {address}")

    sources, problems = resolve_sources(["hf://me/none", str(tmp_path)], refuse)
    assert [source.folder for source in sources] == [Path(tmp_path)]
    assert problems == ["no data set hf://me/none"]
