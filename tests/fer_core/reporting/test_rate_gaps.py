from dataclasses import replace

import pytest

from fer_core.reporting.baseline_gaps import find_baseline_gaps
from fer_core.reporting.rate_gaps import find_rate_gaps
from fer_core.reporting.rate_gaps_figure import draw_all_rate_gaps
from tests.made_records import measured_run

# method, options -> right images of 100 at clean labels, 10 and 30 %; None: not run.
RIGHT = {
    ("cross_entropy", ()): (70, 65, 60),
    ("eac", ()): (60, 62, 61),
    ("eac", (("consistency_weight", 1.0), ("ema_decay", 0.999))): (70, 68, 66),
    ("gce", ()): (None, None, 50),
}
RATES = (0, 10, 30)


def at_rate(run, percent):
    """The run under another rate of symmetric noise."""
    kind, rate = ("symmetric", percent / 100) if percent else ("none", 0.0)
    noise = {"kind": kind, "rate": rate, "realised_rate": rate}
    return replace(run, noise=noise, config={**run.config, "noise": kind, "noise_rate": rate})


@pytest.fixture
def runs(tmp_path):
    made = []
    for (method, options), right in RIGHT.items():
        for percent, count in zip(RATES, right, strict=True):
            for seed in (0, 1) if percent == 30 else (0,):
                if count is not None:
                    folder = tmp_path / str(len(made))
                    run = measured_run(folder, method, seed, count, **dict(options))
                    made.append(at_rate(run, percent))
    return made


def rated(runs):
    found, problems = find_baseline_gaps(runs)
    assert problems == []
    return find_rate_gaps(found)


def test_an_approach_of_several_rates_has_its_difference_at_each(runs):
    (found,) = rated(runs)
    assert {
        name: {rate: row.accuracy["chosen_tta"].value for rate, row in rows.items()}
        for name, rows in found.approaches.items()
    } == {
        "EAC": pytest.approx({0: -10, 10: -3, 30: 1}),
        "EAC, consistency weight 1.0, ema decay 0.999": pytest.approx({0: 0, 10: 3, 30: 6}),
    }
    assert "lambda 1" in found.which_eac


def test_one_rate_and_other_kinds_of_noise_are_no_line(runs):
    assert rated([run for run in runs if run.noise["rate"] == 0.3]) == []
    other = {"kind": "asymmetric", "rate": 0.1, "realised_rate": 0.1}
    odd = [
        replace(run, noise=other, config={**run.config, "noise": "asymmetric"})
        if run.noise["rate"] == 0.1
        else run
        for run in runs
    ]
    (found,) = rated(odd)
    assert [*found.approaches["EAC"]] == [0, 30]


def test_the_figure_has_a_line_for_each_approach_and_says_how_many_seeds(runs):
    figures = draw_all_rate_gaps(rated(runs))
    (name,) = figures
    assert name.startswith("rates-")
    left, right = figures[name].axes
    for axes, values in ((left, [-10, -3, 1]), (right, None)):
        assert len(axes.containers) == 2
        drawn = axes.containers[0].lines[0].get_ydata()
        assert values is None or list(drawn) == pytest.approx(values)
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "10", "30"]
    labels = [text.get_text() for text in figures[name].legends[0].get_texts()]
    assert labels == [
        "EAC (n = 1 to 2)",
        "EAC, consistency weight 1.0, ema decay 0.999 (n = 1 to 2)",
    ]


def test_the_sentence_on_eac_is_of_the_drawn_variants_alone(runs, tmp_path):
    variant = measured_run(tmp_path / "ten", "eac", 0, 55, consistency_weight=10.0)
    (found,) = rated([*runs, variant])
    assert "lambda 1 (otherwise" in found.which_eac
    assert "lambda 10" not in found.which_eac


def test_approaches_of_one_method_at_other_rates_are_told_apart(tmp_path):
    made = []
    for weight, rates in ((1.0, (10, 20)), (5.0, (30, 40))):
        for method, count in (("cross_entropy", 60), ("eac", 65)):
            options = {"consistency_weight": weight} if method == "eac" else {}
            for percent in rates:
                folder = tmp_path / str(len(made))
                made.append(at_rate(measured_run(folder, method, 0, count, **options), percent))
    (found,) = rated(made)
    assert {name: [*rows] for name, rows in found.approaches.items()} == {
        "EAC": [30, 40],
        "EAC, consistency weight 1.0": [10, 20],
    }
