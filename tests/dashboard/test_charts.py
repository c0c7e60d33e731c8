"""Data frames -> figures."""

import numpy as np
import pytest

from dashboard.analysis.placed import measured_rows
from dashboard.analysis.published import read_published, select
from dashboard.analysis.published_points import scatter_points
from dashboard.charts.published import published_figure
from dashboard.charts.style import COLOURS, hues_of, log_axis, method_colours
from dashboard.data.names import read_folders

PAIR = {"eac-mobilenetv2_100-30-s0": "EAC", "cross_entropy-mobilenetv2_100-30-s0": "baseline"}


@pytest.fixture
def runs(records):
    return read_folders([records])


def axis_titles(figure):
    return figure.layout.xaxis.title.text, figure.layout.yaxis.title.text


def test_colours_repeat_only_after_the_palette_is_used_up():
    methods = {f"run {index}": "eac" for index in range(len(COLOURS) + 2)}
    colours = list(method_colours(methods).values())
    assert colours[0] == hues_of("eac")[0]
    assert len(set(colours[: len(COLOURS)])) == len(COLOURS)


def test_the_published_chart_shows_every_point_once(runs):
    chosen = select(read_published(), "RAF-DB · 7 classes", "accuracy", 0.0)
    points = scatter_points(chosen, measured_rows(runs.table))
    figure = published_figure(points, "accuracy")
    assert sum(len(trace.x) for trace in figure.data) == len(points)
    assert {trace.name for trace in figure.data} == set(points["kind"])
    assert axis_titles(figure) == ("Year", "Accuracy (%)")


@pytest.mark.parametrize("ends", [(2.2, 2.2), (300, 700), (2, 47), (1e-3, 1e4)])
def test_a_logarithmic_axis_holds_its_values_and_a_few_numbers(ends):
    axis = log_axis(*ends)
    low, high = axis["range"]
    assert low < np.log10(ends[0])
    assert np.log10(ends[1]) < high
    assert high - low >= np.log10(4) - 1e-9
    assert 2 <= len(axis["tickvals"]) <= 12
    assert all(low <= np.log10(tick) <= high for tick in axis["tickvals"])
