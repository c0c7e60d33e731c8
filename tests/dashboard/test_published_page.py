"""The page on published results, run without a browser, and the rows behind it."""

import json

import pandas as pd
import pytest

from dashboard.analysis.placed import comparable_runs, measured_rows
from dashboard.analysis.published import AXES, read_published, select
from dashboard.analysis.published_points import drawn_points, scatter_points
from dashboard.charts.published import published_figure
from dashboard.data.names import read_folders
from dashboard.data.own_results import EXAMPLE
from dashboard.report.parts import published_parts
from fer_core.records.published import SHIPPED_RUNS

RAFDB = ("RAF-DB · 7 classes", "accuracy")


def text_of(app):
    kinds = ("markdown", "caption", "info", "warning", "subheader")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def titles(app):
    specs = [json.loads(item.proto.spec) for item in app.get("plotly_chart")]
    return [spec["layout"]["title"]["text"] for spec in specs]


@pytest.mark.slow
def test_the_comparable_results_come_first_then_those_of_the_hust_report_and_our_own(shown_page):
    app = shown_page("published", SHIPPED_RUNS)
    assert not app.exception
    assert [item.value for item in app.subheader] == [
        "The eight methods of the HUST report (2024)",
        "How EAC compares",
        "Measured here",
    ]
    results, hust, *_ = [item.value for item in app.dataframe]
    assert results["rank"].dropna().is_monotonic_increasing
    assert hust["method"].tolist()[:3] == ["S2D", "ARBEx", "DDAMFN++"]
    assert len(hust) == 8
    assert "EAC is 2.22 points lower" in text_of(app)
    assert "BibTeX of" in " ".join(item.label for item in app.expander)


@pytest.mark.slow
def test_bibtex_and_long_tables_are_made_once_they_are_opened(open_page):
    app = open_page("published", SHIPPED_RUNS)
    closed = len(app.dataframe)
    assert not any("@inproceedings" in item.value for item in app.code)
    for name in ("bibtex", "published-eac", "published-all"):
        app.session_state[f"open-{name}"] = True
    app.run()
    assert not app.exception
    assert "@inproceedings{zhang2022eac," in "".join(item.value for item in app.code)
    assert len(app.dataframe) == closed + 2
    assert len(app.dataframe[1].value) == len(read_published())


@pytest.mark.slow
def test_figures_of_a_metric_that_is_not_established_have_no_rank_among_the_others(shown_page):
    shown = shown_page("published", SHIPPED_RUNS).dataframe[1].value
    unranked = shown[shown["metric"] != "accuracy"]
    assert len(unranked) == 3
    assert unranked["rank"].isna().all()


@pytest.mark.slow
def test_filters_in_the_address_leave_rows_that_are_ranked_among_themselves(
    shown_page, eight_records
):
    app = shown_page(
        "published",
        eight_records,
        noise="30 %",
        published_backbone="ResNet-18",
        trust="second-hand",
    )
    assert not app.exception
    rows = app.dataframe[0].value
    assert set(rows["backbone"]) == {"ResNet-18"}
    assert set(rows["trust"]) == {"second-hand"}
    assert rows["rank"].tolist()[0] == 1
    assert {"OTP-NS", "CLEX", "EAC"} <= set(rows["method"])


@pytest.mark.slow
def test_the_table_is_copied_with_the_titles_of_its_columns(open_page, eight_records):
    app = open_page("published", eight_records)
    app.session_state["copy-published-group"] = True
    app.run()
    assert not app.exception
    latex = next(item.value for item in app.code if "tabular" in item.value)
    assert "Model selection" in latex
    assert "93.74" in latex


@pytest.mark.slow
def test_the_table_is_copied_as_it_is_shown_with_our_own_runs(open_page):
    app = open_page("published", SHIPPED_RUNS, data="FERPlus · 8 classes")
    app.session_state["copy-published-group"] = True
    app.session_state["copy-format-published-group"] = "Markdown"
    app.run()
    assert not app.exception
    shown = app.dataframe[0].value
    assert shown["seeds"].notna().sum() > 1
    markdown = next(item.value for item in app.code if item.value.startswith("| "))
    header, _, *rows = markdown.strip().splitlines()
    assert len(rows) == len(shown)
    assert "| Seeds |" in header


@pytest.mark.slow
def test_a_result_entered_in_the_form_is_placed_and_drawn(open_page, eight_records):
    app = open_page("published", eight_records)
    labelled = {item.label: item for item in [*app.text_input, *app.number_input, *app.button]}
    labelled["Method"].input("my method")
    labelled["Value (%)"].set_value(91.0)
    labelled["Add"].click()
    app.run()
    assert not app.exception
    assert "**my method**, 91.00 %: rank 16 of 37." in text_of(app)
    assert "my method" in app.dataframe[0].value["method"].tolist()
    assert "my method" in json.dumps(json.loads(app.get("plotly_chart")[0].proto.spec))


def test_a_file_of_own_results_with_a_wrong_cell_is_named_and_the_rest_is_shown(
    open_page, eight_records, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dashboard.views.published_own.is_fixed", lambda: False)
    (tmp_path / "my_results.csv").write_text(EXAMPLE.replace("85.1", "8510"))
    app = open_page("published", eight_records)
    assert not app.exception
    assert "my_results.csv, row 1: value must be a number from 0 to 100" in app.error[0].value
    assert len(app.dataframe[0].value) > 30


@pytest.mark.slow
def test_the_axis_can_be_set_by_the_address_and_rows_without_parameters_are_counted(
    shown_page, eight_records
):
    app = shown_page("published", eight_records, published_axis="Parameters")
    assert not app.exception
    assert titles(app) == ["Accuracy by parameters"]
    rows = select(read_published(), *RAFDB, 0.0)
    missing = int(rows["params_m"].isna().sum())
    assert f"{missing} of {len(rows)} results are not drawn" in text_of(app)
    assert titles(shown_page("published", eight_records)) == ["Accuracy by year"]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.slow
def test_the_chart_draws_exactly_its_rows(axis, tmp_path, write_run):
    write_run(tmp_path, rate=0.0, data="rafdb")
    rows = select(read_published(), *RAFDB, 0.0)
    ours = comparable_runs(measured_rows(read_folders([tmp_path]).table), rows)
    assert len(ours) == 1
    drawn, missing = drawn_points(scatter_points(rows, ours), axis)
    figure = published_figure(drawn, "accuracy", axis)
    pairs = sorted((x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True))
    assert pairs == sorted(zip(drawn[AXES[axis]], drawn["value"], strict=True))
    assert "star" in {trace.marker.symbol for trace in figure.data}
    assert bool(missing) == (len(drawn) < len(rows) + 1)


def test_our_runs_compare_only_with_published_ones_of_the_same_kind_of_noise(tmp_path, write_run):
    write_run(tmp_path, data="rafdb")
    write_run(tmp_path, data="rafdb", noise="asymmetric", name="asymmetric")
    ours = measured_rows(read_folders([tmp_path]).table)
    noisy = comparable_runs(ours, select(read_published(), *RAFDB, 30.0))
    assert set(ours["noise_kind"]) == {"symmetric", "asymmetric"}
    assert noisy["noise_kind"].tolist() == ["symmetric"]
    assert noisy["params_m"].tolist() == [2.2]


def test_our_runs_of_one_method_are_told_apart_by_their_options(tmp_path, write_run):
    for options in ({}, {"ema_decay": 0.999}):
        name = "average" if options else "plain"
        write_run(tmp_path, data="rafdb", rate=0.0, name=name, method="eac", **options)
    ours = measured_rows(read_folders([tmp_path]).table)
    assert dict(zip(ours["options"], ours["method"], strict=True)) == {
        "": "EAC",
        "ema decay 0.999": "EAC",
    }
    rows = select(read_published(), *RAFDB, 0.0)
    drawn = scatter_points(rows, comparable_runs(ours, rows))
    assert {"EAC", "EAC, ema decay 0.999"} <= set(drawn["method"])


def test_our_accuracies_never_compare_with_another_metric(tmp_path, write_run):
    write_run(tmp_path, rate=0.0, data="rafdb")
    ours = measured_rows(read_folders([tmp_path]).table)
    group = select(read_published(), RAFDB[0], "mean class accuracy", 0.0)
    assert len(group) > 1
    assert comparable_runs(ours, group).empty


@pytest.mark.slow
def test_the_report_file_has_the_points_by_year_and_the_comparison(records):
    parts = published_parts(read_folders([records]))
    assert [part.heading for part in parts[:2]] == [
        "The eight methods of the HUST report (2024)",
        "How EAC compares",
    ]
    charts = {str(part.figure.layout.title.text) for part in parts if part.figure is not None}
    assert "Accuracy by year" in charts
    assert all(isinstance(part.table, pd.DataFrame) for part in parts)
