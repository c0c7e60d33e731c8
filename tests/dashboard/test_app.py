"""The pages, run without a browser."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.config import RunConfig, to_json
from fer_core.records.failures import record_failure
from fer_core.records.schema import SCHEMA_VERSION
from tests.project import APP

pytestmark = pytest.mark.usefixtures("made_up_maps")
PAGES = (
    "home",
    "noise",
    "curves",
    "classes",
    "changes",
    "maps",
    "runs",
    "table",
    "cost",
    "published",
)
MAPS_SLOW = [
    pytest.param(page, marks=[pytest.mark.slow] if page == "maps" else []) for page in PAGES
]

COMMAND = "fer-core train --method eac --noise symmetric --noise-rate 0.3"


@pytest.fixture
def early_failure(tmp_path):
    """A folder with the record of a run that failed before it had data."""
    config = to_json(RunConfig(data="ferplus:absent", noise="rater"))
    record_failure(tmp_path / "early", config, "no folder at absent")
    return tmp_path


def text_of(app):
    kinds = ("title", "markdown", "caption", "info", "warning", "error", "code", "subheader")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def charts(app):
    return [json.loads(item.proto.spec) for item in app.get("plotly_chart")]


def chart_titles(app):
    return [chart["layout"]["title"]["text"] for chart in charts(app)]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.slow
def test_every_page_shows_finished_runs_without_a_problem(shown_page, eight_records, page):
    app = shown_page(page, eight_records)
    assert not app.exception
    assert not app.warning
    assert not app.error
    assert "8 runs" in text_of(app)


def test_an_empty_folder_gives_the_command_that_fills_it(open_page, tmp_path):
    app = open_page("noise", tmp_path)
    assert not app.exception
    assert not app.warning
    assert COMMAND in text_of(app)


@pytest.mark.parametrize("page", MAPS_SLOW)
@pytest.mark.slow
def test_a_missing_folder_is_named_and_every_page_gives_the_command_that_fills_it(
    open_page, tmp_path, page
):
    app = open_page(page, tmp_path / "nowhere")
    assert not app.exception
    assert "nowhere" in app.warning[0].value
    assert COMMAND in text_of(app)


@pytest.mark.parametrize("page", MAPS_SLOW)
@pytest.mark.slow
def test_broken_and_newer_records_are_named_and_the_rest_is_shown(
    open_page, records, write_run, page
):
    (write_run(records, name="broken") / "run.json").write_text('{"schema')
    newer = write_run(records, name="newer") / "run.json"
    newer.write_text(
        newer.read_text().replace(f'"schema_version": {SCHEMA_VERSION}', '"schema_version": 9')
    )
    app = open_page(page, records)
    assert not app.exception
    assert "8 runs, 2 unreadable" in text_of(app)
    if page == "runs":
        warnings = [warning.value for warning in app.warning]
        assert any("broken" in text for text in warnings)
        assert any("newer" in text and "schema version 9" in text for text in warnings)
        assert app.dataframe[0].value["n"].sum() == 8


@pytest.mark.parametrize("page", MAPS_SLOW)
@pytest.mark.slow
def test_a_half_written_run_alone_is_no_error(open_page, tmp_path, write_run, page):
    with (write_run(tmp_path, done=2, status="running") / "epochs.jsonl").open("a") as file:
        file.write('{"epoch": 3, "tr')
    app = open_page(page, tmp_path)
    assert not app.exception
    assert "1 run, 1 still running" in text_of(app)


@pytest.mark.slow
def test_the_address_can_name_the_folder(monkeypatch, tmp_path, eight_records):
    monkeypatch.chdir(tmp_path)
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.query_params["runs"] = str(eight_records)
    app.run()
    assert app.sidebar.text_input[0].value == str(eight_records)
    assert "8 runs" in text_of(app)


@pytest.mark.slow
def test_a_set_folder_hides_the_field_from_visitors(open_page, eight_records):
    assert not open_page("noise", eight_records, runs="/elsewhere").sidebar.text_input


@pytest.mark.parametrize("page", ["noise", "curves"])
def test_a_run_that_failed_before_it_began_breaks_no_page(open_page, early_failure, page):
    app = open_page(page, early_failure)
    assert not app.exception
    assert not app.warning


def test_a_run_that_failed_before_it_began_gives_its_reason(open_page, early_failure):
    app = open_page("runs", early_failure)
    assert not app.exception
    assert app.error[0].value == "early failed: no folder at absent"


def test_a_failed_run_gives_its_reason(open_page, tmp_path, write_run):
    write_run(tmp_path, done=2, status="failed")
    assert "lower the learning rate" in open_page("runs", tmp_path).error[0].value


def test_the_run_table_says_on_what_the_best_epoch_was_selected(shown_page, eight_records):
    app = shown_page("runs", eight_records, runs_seeds="single runs")
    columns = json.loads(app.dataframe[0].proto.columns)
    assert columns["best_percent"]["label"] == "Best, selected on evaluation split (%)"


@pytest.mark.slow
def test_published_figures_follow_the_filters(open_page, eight_records):
    app = open_page("published", eight_records)
    app.selectbox(key="metric").select("mean class accuracy").run()
    assert not app.exception
    shown = app.dataframe[0].value
    assert shown["rank"].tolist() == list(range(1, len(shown) + 1))
    assert "Swin-T" in shown["backbone"].tolist()
    app.selectbox(key="data").select("FERPlus · classes not stated").run()
    assert not app.exception


@pytest.mark.slow
def test_no_trust_level_chosen_is_a_sentence(open_page, eight_records):
    app = open_page("published", eight_records)
    app.get("button_group")[0].set_value([]).run()
    assert not app.exception
    assert "choose more" in text_of(app)
