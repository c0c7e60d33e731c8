from dataclasses import replace

import pytest

from fer_core.reporting.baseline_gaps import find_baseline_gaps
from fer_core.reporting.baseline_gaps_figure import STYLES, draw_baseline_gaps
from tests.made_records import measured_run


@pytest.fixture
def runs(tmp_path):
    """Two seeds of the baseline, of it with EMA and of EAC, and one seed of GCE."""
    made = (
        ("cross_entropy", 0, 60, {}),
        ("cross_entropy", 1, 62, {}),
        ("cross_entropy", 0, 65, {"ema_decay": 0.999}),
        ("cross_entropy", 1, 69, {"ema_decay": 0.999}),
        ("eac", 0, 59, {}),
        ("eac", 1, 61, {}),
        ("gce", 1, 52, {}),
    )
    return [
        measured_run(tmp_path / str(number), method, seed, right, **options)
        for number, (method, seed, right, options) in enumerate(made)
    ]


def by_name(runs):
    (found,), problems = find_baseline_gaps(runs)
    assert problems == []
    return found, {(row.method, row.options): row for row in found.approaches}


def test_each_approach_is_compared_over_the_seeds_of_both(runs):
    found, rows = by_name(runs)
    assert {name: len(row.runs) for name, row in rows.items()} == {
        ("baseline", "ema decay 0.999"): 2,
        ("EAC", ""): 2,
        ("GCE", ""): 1,
    }
    for row, gap in (("baseline", "ema decay 0.999"), 6.0), (("EAC", ""), -1.0), (("GCE", ""), -10):
        for estimate in rows[row].accuracy.values():
            assert estimate.value == pytest.approx(gap)
            assert estimate.low <= gap <= estimate.high
    # All that GCE misses is of the first class, 80 of the 100 images.
    for estimate in rows["GCE", ""].mean_class_accuracy.values():
        assert estimate.value == pytest.approx(-100 * 10 / 80 / 2)
    assert "never flipped" in found.which_eac


def test_runs_without_all_measures_are_left_out(runs, tmp_path):
    old = measured_run(tmp_path / "old", "eac", 2, 70, old=True)
    base = measured_run(tmp_path / "base", "cross_entropy", 2, 60)
    _, rows = by_name([*runs, base])
    assert len(rows["EAC", ""].runs) == 2
    assert find_baseline_gaps([base, old]) == ([], [])


def test_predictions_that_cannot_be_read_are_named_and_the_others_compared(runs):
    file = runs[-1].path / "predictions.csv"
    file.write_text("what\nnobody expects\n")
    (found,), problems = find_baseline_gaps(runs)
    assert [row.method for row in found.approaches] == ["baseline", "EAC"]
    assert len(problems) == 1
    assert str(file) in problems[0]


def test_a_noise_of_its_own_is_a_figure_of_its_own(runs):
    noise = {"kind": "none", "rate": 0.0, "realised_rate": 0.0}
    config = {"noise": "none", "noise_rate": 0.0}
    clean = [replace(run, noise=noise, config={**run.config, **config}) for run in runs]
    assert [found.noise.percent for found in find_baseline_gaps([*runs, *clean])[0]] == [0, 30]


def test_the_figure_has_a_point_and_an_interval_for_each_measure(runs):
    found, rows = by_name(runs)
    figure = draw_baseline_gaps(found)
    left, right = figure.axes
    labels = [label.get_text().splitlines() for label in left.get_yticklabels()]
    assert sorted(labels) == [
        ["EAC", "n = 2"],
        ["GCE", "n = 1"],
        ["baseline", "ema decay 0.999", "n = 2"],
    ]
    for axes, figures in ((left, "accuracy"), (right, "mean_class_accuracy")):
        points = [bars.lines[0].get_xdata()[0] for bars in axes.containers]
        wanted = [getattr(row, figures)[name].value for row in found.approaches for name in STYLES]
        assert points == pytest.approx(wanted)
    assert len(rows) * len(STYLES) == len(left.containers)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["mean of last 5 epochs", "epoch chosen on held-out", "chosen epoch, flip TTA"]


def test_a_long_caption_stays_inside_the_figure(runs):
    found, _ = by_name(runs)
    figure = draw_baseline_gaps(found._replace(which_eac="EAC here: one, or another. " * 12))
    figure.draw_without_rendering()
    (caption,) = (text for text in figure.texts if "Bars" in text.get_text())
    box = caption.get_window_extent()
    assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
    lowest = min(axes.get_tightbbox().y0 for axes in figure.axes)
    assert figure.bbox.y0 <= box.y0 < box.y1 <= lowest
