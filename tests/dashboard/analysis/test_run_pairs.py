"""Runs side by side: differing options, differences, paired tests."""

import dataclasses

import numpy as np
import pytest
import scipy.stats

from dashboard.analysis.run_pairs import differing_options, figure_deltas, pair_tests
from dashboard.data.names import read_folders
from fer_core.records.predictions import Prediction, write_predictions
from fer_core.records.published import SHIPPED_RUNS
from fer_core.records.run import read_run


@pytest.fixture
def runs(records):
    return read_folders([records])


@pytest.fixture
def answered(tmp_path, write_run):
    """The function that writes a run with given right answers on images 0, 1, 2, ..."""

    def write(name, right, first=0, **options):
        path = write_run(tmp_path, name=name, **options)
        rows = [
            Prediction(f"{first + i}.png", 1, 1 if ok else 0, 0.9) for i, ok in enumerate(right)
        ]
        write_predictions(path, reversed(rows))  # the order of a file is not an order of images
        return read_run(path)

    return write


def test_only_the_options_that_differ_are_compared(tmp_path, write_run):
    records = {
        "one": read_run(write_run(tmp_path, name="one")),
        "two": read_run(
            write_run(tmp_path, name="two", learning_rate=0.01, erase_scale=(0.1, 0.2))
        ),
    }
    table = differing_options(records).set_index("option")
    assert table["two"].to_dict() == {"erase_scale": "0.1, 0.2", "learning_rate": "0.01"}
    assert table.at["learning_rate", "one"] == "0.0002"


def test_an_option_of_another_method_is_not_used_and_none_is_told_in_words(tmp_path, write_run):
    runs = {"one": {}, "two": {"consistency_weight": 1.0, "stride": 8, "decay_norms": False}}
    records = {name: read_run(write_run(tmp_path, name=name, **own)) for name, own in runs.items()}
    records["three"] = read_run(write_run(tmp_path, name="three", method="cross_entropy"))
    table = differing_options(records).set_index("option")
    assert table.loc["consistency_weight"].to_dict() == {
        "one": "5.0",
        "two": "1.0",
        "three": "not used",
    }
    assert table.loc["stride"].to_dict() == {"one": "none", "two": "8", "three": "none"}
    assert table.at["decay_norms", "two"] == "no"


def test_an_option_that_an_older_record_lacks_is_compared_by_its_default(tmp_path, write_run):
    one, two = (read_run(write_run(tmp_path, name=name)) for name in ("one", "two"))
    older = {k: v for k, v in one.config.items() if k != "targets"}
    assert differing_options({"one": dataclasses.replace(one, config=older), "two": two}).empty


def test_differences_are_taken_from_the_first_run(runs):
    names = ["cross_entropy-mobilenetv2_100-30-s0", "eac-mobilenetv2_100-30-s0"]
    deltas = figure_deltas(runs.table.set_index("run", drop=False).loc[names])
    assert deltas["accuracy difference"].tolist() == pytest.approx([0, 17])
    assert deltas["mean class accuracy difference"].tolist() == pytest.approx([0, 17])


def test_runs_on_other_test_images_have_no_difference(tmp_path, write_run):
    write_run(tmp_path, name="one")
    write_run(tmp_path, name="two", content="b" * 64)
    deltas = figure_deltas(read_folders([tmp_path]).table)
    assert np.isnan(deltas["accuracy difference"].iloc[1])
    assert deltas["accuracy"].notna().all()


def test_few_pairs_are_tested_as_scipy_tests_them(answered):
    one = answered("one", [True] * 40 + [False] * 10 + [True] * 3)
    two = answered("two", [True] * 40 + [True] * 10 + [False] * 3)
    test = pair_tests({"one": one, "two": two}).iloc[0]
    assert (test["images"], test["only_first"], test["only_this"]) == (53, 3, 10)
    assert test["p_value"] == pytest.approx(scipy.stats.binomtest(3, 13).pvalue)
    assert test["test"] == "exact binomial"
    assert test["difference"] == pytest.approx(100 * 7 / 53)
    assert test["low"] < test["difference"] < test["high"]


def test_the_interval_of_a_pair_is_that_of_scipys_bootstrap(answered):
    right = np.random.default_rng(1).random((2, 400)) < np.array([[0.7], [0.8]])
    records = {name: answered(name, list(row)) for name, row in zip("ab", right, strict=True)}
    test = pair_tests(records).iloc[0]
    gaps = 100 * (right[1].astype(float) - right[0])
    kwargs = {"n_resamples": 5000, "method": "percentile", "rng": np.random.default_rng(2)}
    interval = scipy.stats.bootstrap((gaps,), np.mean, **kwargs).confidence_interval
    assert (test["low"], test["high"]) == pytest.approx(interval, abs=0.6)


@pytest.mark.parametrize(
    ("options", "answers", "said"),
    [
        ({"first": 5}, [True] * 4, "4 of one, 4 of two"),
        ({}, [True] * 3, "4 of one, 3 of two"),
        ({"content": "b" * 64}, [True] * 4, "the hashes of the data differ"),
    ],
)
def test_answers_on_other_images_are_not_tested_and_the_reason_is_given(
    answered, options, answers, said
):
    records = {"one": answered("one", [True] * 4), "two": answered("two", answers, **options)}
    test = pair_tests(records).iloc[0]
    assert said in test["reason"]
    assert np.isnan(test["p_value"])


def test_a_run_without_or_with_broken_predictions_is_not_tested(answered, tmp_path, write_run):
    one = answered("one", [True] * 4)
    running = read_run(write_run(tmp_path, name="running", done=1, status="running"))
    broken = answered("broken", [True] * 4)
    (broken.path / "predictions.csv").write_text("image;label\n1;2\n")
    twice = answered("twice", [True] * 4)
    lines = (twice.path / "predictions.csv").read_text()
    (twice.path / "predictions.csv").write_text(lines + lines.splitlines(True)[-1])
    found = {"one": one, "running": running, "broken": broken, "twice": twice}
    reasons = pair_tests(found)["reason"].tolist()
    assert "running has no predictions.csv" in reasons[0]
    assert "broken cannot be read" in reasons[1]
    assert reasons[2] == "twice lists an evaluation image twice"


def test_shipped_runs_of_one_seed_can_be_tested():
    names = ("study/cross_entropy-noise0.3-seed0", "study/eac-noise0.3-seed0")
    test = pair_tests({name: read_run(SHIPPED_RUNS / name) for name in names}).iloc[0]
    assert test["images"] == 3199
    assert test["difference"] > 0
    assert test["p_value"] < 0.001
