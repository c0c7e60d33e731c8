"""Data frames -> figures."""

import pandas as pd
import pytest

from dashboard.charts.classes import confusion_figure
from dashboard.charts.curves import curves_figure
from dashboard.charts.noise import noise_figure
from dashboard.charts.published import published_figure
from dashboard.charts.style import COLOURS, HUES, method_colours
from dashboard.comparison import noise_points, noise_summary
from dashboard.curves import BY_LABEL, confusion_frame, curve_points
from dashboard.data import read_folders
from dashboard.published import measured_rows, read_published, scatter_points, select

PAIR = {"eac-mobilenetv2_100-30-s0": "EAC", "cross_entropy-mobilenetv2_100-30-s0": "plain"}


@pytest.fixture
def runs(records):
    return read_folders([records])


def axis_titles(figure):
    return figure.layout.xaxis.title.text, figure.layout.yaxis.title.text


def test_the_noise_chart_draws_a_mean_line_and_its_seeds_for_every_method(runs):
    points = noise_points(runs.table)
    figure = noise_figure(points, noise_summary(points))
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [trace.name for trace in lines] == [
        "EAC · mobilenetv2_100 (n = 2)",
        "plain · mobilenetv2_100 (n = 2)",
    ]
    assert sum(len(trace.x) for trace in figure.data if trace.mode == "markers") == len(points)
    assert list(lines[0].x) == [0, 30]
    assert list(lines[0].y) == pytest.approx([86.6, 79.6])
    assert lines[0].error_y.array[1] == pytest.approx(12.706205 * 0.6, abs=1e-4)
    assert axis_titles(figure) == ("Changed training labels (%)", "Test accuracy (%)")


def test_one_seed_is_drawn_without_an_interval_and_says_so(tmp_path, write_run):
    write_run(tmp_path)
    points = noise_points(read_folders([tmp_path]).table)
    (line,) = [
        trace
        for trace in noise_figure(points, noise_summary(points)).data
        if trace.mode == "lines+markers"
    ]
    assert pd.isna(line.error_y.array[0])
    assert "no interval" in line.text[0]


def test_a_run_has_one_colour_and_test_curves_are_solid(runs):
    series = [BY_LABEL["Train loss"], BY_LABEL["Test loss"]]
    points = curve_points(runs.epochs, PAIR, series)
    colours = method_colours({run: run.rsplit("-", 3)[0] for run in PAIR})
    figure = curves_figure(points, series, colours)
    style = {trace.name: (trace.line.color, trace.line.dash) for trace in figure.data}
    assert style["EAC, train loss"] == (HUES["eac"][0], "dash")
    assert style["EAC, test loss"] == (HUES["eac"][0], "solid")
    assert style["plain, test loss"] == (HUES["cross_entropy"][0], "solid")


def test_a_percent_curve_names_its_unit(runs):
    series = [BY_LABEL["Test accuracy"]]
    figure = curves_figure(
        curve_points(runs.epochs, PAIR, series), series, dict.fromkeys(PAIR, "#000000")
    )
    assert axis_titles(figure) == ("Epoch", "Test accuracy (%)")
    assert figure.layout.title.text == "Test accuracy per epoch"


def test_colours_repeat_only_after_the_palette_is_used_up():
    methods = {f"run {index}": "eac" for index in range(len(COLOURS) + 2)}
    colours = list(method_colours(methods).values())
    assert colours[0] == HUES["eac"][0]
    assert len(set(colours[: len(COLOURS)])) == len(COLOURS)


def test_the_confusion_chart_has_labels_down_and_predictions_across(runs):
    table = confusion_frame(runs.confusions["eac-mobilenetv2_100-30-s0"], normalise=True)
    figure = confusion_figure(table, normalised=True)
    (heat,) = figure.data
    assert heat.z[0][0] == pytest.approx(79)
    assert axis_titles(figure) == ("Prediction", "Label")
    assert figure.layout.yaxis.autorange == "reversed"


def test_the_published_chart_shows_every_point_once(runs):
    chosen = select(read_published(), "RAF-DB · 7 classes", "accuracy", 0.0)
    points = scatter_points(chosen, measured_rows(runs.table))
    figure = published_figure(points, "accuracy")
    assert sum(len(trace.x) for trace in figure.data) == len(points)
    assert {trace.name for trace in figure.data} == set(points["kind"])
    assert axis_titles(figure) == ("Year", "Accuracy (%)")
