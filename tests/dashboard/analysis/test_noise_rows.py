"""The noise page's chart where no line has two noise rates."""

import json

import numpy as np
import pytest

from dashboard.analysis.comparison import noise_points, noise_summary, paired_gaps
from dashboard.analysis.noise import MEASURES, noise_drawn, spans_rates
from dashboard.analysis.published import read_published
from dashboard.analysis.published_curves import reference_curves
from dashboard.charts.noise_rows import noise_rows_figure
from dashboard.data.names import read_folders

ACCURACY = MEASURES["Accuracy"]
EAC, BASELINE = (f"{name}<br>mobilenetv2_100 · n = 2" for name in ("EAC", "baseline"))


@pytest.fixture
def one_rate(tmp_path, write_run):
    """EAC and baseline at 30 % noise, two seeds: 79.0 and 80.2, 62.0 and 63.2 %."""
    for method in ("eac", "cross_entropy"):
        for seed in (0, 1):
            write_run(tmp_path, method=method, seed=seed)
    return noise_points(read_folders([tmp_path]).table)


def draw(points, references=None, **options):
    summary = noise_summary(points)
    references = reference_curves(read_published(), points) if references is None else references
    return noise_rows_figure(points, summary, references, ACCURACY, paired_gaps(points), **options)


def test_only_lines_with_two_rates_span_rates(one_rate, eight_records):
    assert not spans_rates(noise_summary(one_rate))
    assert spans_rates(noise_summary(noise_points(read_folders([eight_records]).table)))


def test_each_method_is_a_row_with_its_mean_the_best_on_top(one_rate):
    figure = draw(one_rate)
    assert list(figure.layout.yaxis.categoryarray) == [EAC, BASELINE]
    assert figure.layout.yaxis.autorange == "reversed"
    means = {trace.y[0]: trace for trace in figure.data if trace.xaxis is None}
    assert means[EAC].x[0] == pytest.approx(79.6)
    assert means[BASELINE].x[0] == pytest.approx(62.6)
    # two values 1.2 apart: t(0.975, 1) = 12.706205, times 0.6
    assert means[EAC].error_x.array[0] == pytest.approx(12.706205 * 0.6, abs=1e-4)


def test_beside_it_is_the_paired_difference_with_its_own_ends(one_rate):
    (gap,) = (trace for trace in draw(one_rate).data if trace.xaxis == "x2")
    assert (gap.name, gap.y[0]) == ("EAC · mobilenetv2_100 minus baseline", EAC)
    assert gap.x[0] == pytest.approx(17)
    wide = paired_gaps(one_rate).assign(low=14.0, high=19.0)
    references = reference_curves(read_published(), one_rate)
    figure = noise_rows_figure(one_rate, noise_summary(one_rate), references, ACCURACY, wide)
    (gap,) = (trace for trace in figure.data if trace.xaxis == "x2")
    assert (gap.error_x.array[0], gap.error_x.arrayminus[0]) == pytest.approx((2, 3))
    assert "14.0 to +19.0" in gap.text[0]


def test_without_a_baseline_the_measure_takes_the_whole_width(one_rate):
    figure = draw(one_rate[one_rate["method"] == "eac"])
    assert tuple(figure.layout.xaxis.domain) == (0, 1)
    assert not [trace for trace in figure.data if trace.xaxis == "x2"]


def test_rows_of_other_rates_say_theirs(tmp_path, write_run):
    write_run(tmp_path, rate=0.0, method="eac")
    write_run(tmp_path, rate=0.3, method="cross_entropy")
    points = noise_points(read_folders([tmp_path]).table)
    assert list(draw(points).layout.yaxis.categoryarray) == [
        "baseline<br>mobilenetv2_100 · 30 % noise · n = 1",
        "EAC<br>mobilenetv2_100 · clean labels · n = 1",
    ]


def test_clean_runs_that_two_kinds_of_noise_share_are_one_row(tmp_path, write_run):
    for kind, rate in (("symmetric", 0.3), ("asymmetric", 0.3), ("none", 0.0)):
        write_run(tmp_path, name=kind, noise=kind, rate=rate)
    figure = draw(noise_points(read_folders([tmp_path]).table))
    rows = list(figure.layout.yaxis.categoryarray)
    assert len(rows) == len(set(rows)) == 3
    assert rows[-1] == "EAC<br>mobilenetv2_100 · clean labels · n = 1"


def test_published_results_and_seeds_are_drawn_as_listed(tmp_path, write_run):
    for seed in (0, 1):
        write_run(tmp_path, seed=seed, data="rafdb")
    points = noise_points(read_folders([tmp_path]).table)
    references = reference_curves(read_published(), points)
    references = references[references["noise_percent"] == 30]
    assert not references.empty
    figure = draw(points, references, single_seeds=True)
    drawn = noise_drawn(points, noise_summary(points), references, "accuracy_percent")
    assert sum(len(trace.x) for trace in figure.data) == len(drawn) + len(points)
    (published,) = (trace for trace in figure.data if trace.name == "published")
    assert set(published.y) <= set(figure.layout.yaxis.categoryarray)
    np.testing.assert_allclose(sorted(published.x), sorted(references["value"]))
    assert json.loads(figure.to_json())
