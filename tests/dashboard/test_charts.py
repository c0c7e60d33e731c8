"""Data frames -> figures."""

import numpy as np
import pytest

from dashboard.analysis.cost import COSTS, cost_points, drawn_costs, with_sets
from dashboard.analysis.curves import SERIES, curve_points
from dashboard.analysis.placed import measured_rows
from dashboard.analysis.published import read_published, select
from dashboard.analysis.published_points import scatter_points
from dashboard.charts.cost import cost_figure
from dashboard.charts.curves import curves_figure, linked_figure
from dashboard.charts.published import published_figure
from dashboard.charts.style import (
    COLOURS,
    distinct_colours,
    hues_of,
    log_axis,
    marker_style,
    method_colours,
)
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


def test_as_many_runs_as_there_are_colours_have_one_each():
    every = distinct_colours()
    methods = {f"run {index}": "eac" for index in range(len(every))}
    assert sorted(method_colours(methods).values()) == sorted(every)


def test_further_runs_of_a_method_leave_the_others_their_hues():
    methods = {f"EAC {index}": "eac" for index in range(4)}
    colours = method_colours(methods | {"plain": "cross_entropy", "average": "cross_entropy"})
    assert (colours["plain"], colours["average"]) == hues_of("cross_entropy")
    assert len(set(colours.values())) == 6


def test_runs_beyond_all_hues_leave_those_of_later_methods_alone():
    many = {f"EAC {index}": "eac" for index in range(9)}
    rivals = {name: name for name in ("cross_entropy", "gce", "scn", "eac_balanced")}
    colours = method_colours(many | rivals)
    assert {name: (colours[name],) for name in rivals} == {
        name: hues_of(name)[:1] for name in rivals
    }


def test_linked_charts_share_one_horizontal_axis_and_name_each_line_once(runs):
    colours = method_colours({run: run.split("-")[0] for run in PAIR})
    figures = []
    for name in ("Evaluation loss", "Evaluation accuracy"):
        series = [one for one in SERIES if one.label == name]
        figures.append(curves_figure(curve_points(runs.epochs, PAIR, series), series, colours))
    linked = linked_figure(figures)
    assert len(linked.data) == sum(len(figure.data) for figure in figures) == 4
    assert {trace.xaxis for trace in linked.data} <= {None, "x"}
    assert [trace.yaxis for trace in linked.data] == ["y", "y", "y2", "y2"]
    assert linked.layout.yaxis2.domain[1] < linked.layout.yaxis.domain[0]
    assert linked.layout.hoversubplots == "axis"
    assert [trace.showlegend for trace in linked.data] == [True, True, False, False]
    assert figures[0].data[0].yaxis is None  # the single charts are left as they are


def test_the_points_of_the_cost_chart_name_what_they_differ_in(tmp_path, write_run):
    write_run(tmp_path, epochs=6)
    write_run(tmp_path, epochs=9, name="longer")
    table = with_sets(read_folders([tmp_path]).table)
    drawn = drawn_costs(cost_points(table), COSTS["Time"])
    figure = cost_figure(drawn, COSTS["Time"])
    assert sorted(text for trace in figure.data for text in trace.text) == ["6 epochs", "9 epochs"]


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


def test_each_of_many_markers_has_a_pair_of_colour_and_symbol_of_its_own():
    pairs = [tuple(marker_style(index).values()) for index in range(36)]
    assert len({*pairs}) == 36
