"""The pages, run without a browser."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.config import RunConfig, to_json
from fer_core.failures import record_failure

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
PAGES = ("noise", "curves", "runs", "published")
COMMAND = "python -m train.run --method eac --noise symmetric --noise-rate 0.3"


@pytest.fixture
def open_page(monkeypatch):
    """The function that opens a page on a folder of records."""

    def open_one(page, folder, **query):
        monkeypatch.setenv("FER_RUNS", str(folder))
        app = AppTest.from_file(str(APP), default_timeout=30)
        app.query_params.update(query)
        app.run()
        return app if page == "noise" else app.switch_page(f"views/{page}.py").run()

    return open_one


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
def test_every_page_shows_finished_runs_without_a_problem(open_page, records, page):
    app = open_page(page, records)
    assert not app.exception
    assert not app.warning
    assert not app.error
    assert "8 runs" in text_of(app)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_folder_gives_the_command_that_fills_it(open_page, tmp_path, page):
    app = open_page(page, tmp_path)
    assert not app.exception
    assert COMMAND in text_of(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_folder_that_is_not_there_is_named(open_page, tmp_path, page):
    app = open_page(page, tmp_path / "nowhere")
    assert not app.exception
    assert "nowhere" in app.warning[0].value


@pytest.mark.parametrize("page", PAGES)
def test_broken_and_newer_records_are_named_and_the_rest_is_shown(
    open_page, records, write_run, page
):
    (write_run(records, name="broken") / "run.json").write_text('{"schema')
    newer = write_run(records, name="newer") / "run.json"
    newer.write_text(newer.read_text().replace('"schema_version": 1', '"schema_version": 9'))
    app = open_page(page, records)
    assert not app.exception
    assert "8 runs, 2 unreadable" in text_of(app)
    if page == "runs":
        warnings = [warning.value for warning in app.warning]
        assert any("broken" in text for text in warnings)
        assert any("newer" in text and "schema version 9" in text for text in warnings)
        assert len(app.dataframe[0].value) == 8


@pytest.mark.parametrize("page", PAGES)
def test_a_half_written_run_alone_is_no_error(open_page, tmp_path, write_run, page):
    path = write_run(tmp_path, done=2, status="running")
    with (path / "epochs.jsonl").open("a") as file:
        file.write('{"epoch": 3, "tr')
    app = open_page(page, tmp_path)
    assert not app.exception
    assert "1 run, 1 still running" in text_of(app)


def test_the_home_page_states_the_headline_and_draws_the_chart(open_page, records):
    app = open_page("noise", records)
    assert "At 30 % label noise" in text_of(app)
    assert chart_titles(app) == ["Test accuracy by label noise"]
    assert app.dataframe[0].value["n"].tolist() == [2, 2, 2, 2]


def test_the_home_page_says_which_runs_it_leaves_out(open_page, records, write_run):
    write_run(records, rate=0.5, done=2, status="running")
    assert "1 run is running or failed and left out" in text_of(open_page("noise", records))


def test_data_sets_are_chosen_one_at_a_time(open_page, records, write_run):
    write_run(records, data="ferplus", content="b" * 64, name="ferplus")
    app = open_page("noise", records)
    assert len(app.selectbox[0].options) == 2
    assert "synthetic" in app.selectbox[0].value
    app.selectbox[0].select_index(1).run()
    assert not app.exception
    assert app.dataframe[0].value["line"].tolist() == ["EAC · mobilenetv2_100"]


def test_the_choice_of_runs_can_stand_in_the_address(open_page, records, write_run):
    write_run(records, data="ferplus", content="b" * 64, name="ferplus")
    address = {"compare": "FERPlus · 7 classes · 48 px · 6 epochs"}
    assert open_page("noise", records, **address).selectbox[0].value == address["compare"]


def test_the_folder_can_stand_in_the_address(monkeypatch, tmp_path, records):
    monkeypatch.chdir(tmp_path)
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.query_params["runs"] = str(records)
    app.run()
    assert app.sidebar.text_input[0].value == str(records)
    assert "8 runs" in text_of(app)


def test_a_set_folder_hides_the_field_from_visitors(open_page, records):
    assert not open_page("noise", records, runs="/elsewhere").sidebar.text_input


def test_curves_start_with_a_comparable_pair_and_the_reports_three_figures(open_page, records):
    app = open_page("curves", records)
    assert len(app.multiselect[0].value) == 2
    assert chart_titles(app)[:2] == ["Loss per epoch", "Test accuracy per epoch"]
    names = [trace["name"] for trace in charts(app)[0]["data"]]
    assert names == ["EAC, train loss", "EAC, test loss", "plain, train loss", "plain, test loss"]


def test_no_chosen_run_is_a_sentence(open_page, records):
    app = open_page("curves", records)
    app.multiselect[0].set_value([]).run()
    assert not app.exception
    assert "pick one or more" in text_of(app)


def test_a_running_run_shows_the_epochs_so_far(open_page, tmp_path, write_run):
    write_run(tmp_path, done=2, status="running")
    app = open_page("curves", tmp_path)
    assert "(running): 2 of 6 epochs" in text_of(app)
    assert len(charts(app)[0]["data"]) == 2


def test_the_confusion_matrix_can_be_counted_or_normalised(open_page, records):
    app = open_page("curves", records)
    assert chart_titles(app)[-1] == "Confusion matrix (% of each label)"
    app.toggle[0].set_value(False).run()
    assert chart_titles(app)[-1] == "Confusion matrix (images)"


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


def test_the_run_table_calls_the_best_epoch_chosen_on_test(open_page, records):
    columns = json.loads(open_page("runs", records).dataframe[0].proto.columns)
    assert columns["best_percent"]["label"] == "Best, chosen on test (%)"


def test_published_figures_follow_the_filters(open_page, records):
    app = open_page("published", records)
    app.selectbox(key="metric").select("mean class accuracy").run()
    assert not app.exception
    shown = app.dataframe[0].value
    assert shown["rank"].tolist() == list(range(1, len(shown) + 1))
    assert "Swin-T" in shown["backbone"].tolist()
    app.selectbox(key="data").select("FERPlus · classes not stated").run()
    assert not app.exception


def test_no_trust_mark_chosen_is_a_sentence(open_page, records):
    app = open_page("published", records)
    app.get("button_group")[0].set_value([]).run()
    assert not app.exception
    assert "choose more of them" in text_of(app)
