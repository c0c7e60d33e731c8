"""The page on published results, run without a browser, and the rows behind it."""

import json

import pandas as pd
import pytest

from dashboard.analysis.published import (
    AXES,
    comparable_runs,
    drawn_points,
    measured_rows,
    read_published,
    scatter_points,
    select,
)
from dashboard.charts.published import published_figure
from dashboard.data.names import read_folders
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
def test_the_hust_reports_rows_come_first_then_eac_compared_then_everything(shown_page):
    app = shown_page("published", SHIPPED_RUNS)
    assert not app.exception
    assert [item.value for item in app.subheader] == [
        "The eight methods of the HUST report (2024)",
        "How EAC compares",
        "All published results, grouped by comparability",
        "Measured here",
    ]
    assert app.dataframe[0].value["method"].tolist()[:3] == ["S2D", "ARBEx", "DDAMFN++"]
    assert len(app.dataframe[0].value) == 8
    assert "EAC is 2.22 points lower" in text_of(app)


@pytest.mark.slow
def test_figures_of_a_metric_that_is_not_established_have_no_rank_among_the_others(shown_page):
    shown = shown_page("published", SHIPPED_RUNS).dataframe[0].value
    unranked = shown[shown["metric"] != "accuracy"]
    assert len(unranked) == 3
    assert unranked["rank"].isna().all()


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


def test_our_accuracies_never_compare_with_another_metric(tmp_path, write_run):
    write_run(tmp_path, rate=0.0, data="rafdb")
    ours = measured_rows(read_folders([tmp_path]).table)
    group = select(read_published(), RAFDB[0], "mean class accuracy", 0.0)
    assert len(group) > 1
    assert comparable_runs(ours, group).empty


@pytest.mark.slow
def test_the_report_file_has_both_axes_and_the_comparison(records):
    parts = published_parts(read_folders([records]))
    assert [part.heading for part in parts[:2]] == [
        "The eight methods of the HUST report (2024)",
        "How EAC compares",
    ]
    charts = {str(part.figure.layout.title.text) for part in parts if part.figure is not None}
    assert {"Accuracy by year", "Accuracy by parameters"} <= charts
    assert all(isinstance(part.table, pd.DataFrame) for part in parts)
