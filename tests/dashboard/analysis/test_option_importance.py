"""How much of the differences in accuracy each option explains."""

import numpy as np
import pandas as pd
import pytest

from dashboard.analysis.option_importance import option_importance
from dashboard.analysis.runs import ACCURACY


def axes_of(accuracy, **options):
    runs = [f"run {number}" for number in range(len(accuracy))]
    return pd.DataFrame({"run": runs, **options, ACCURACY: accuracy})


def test_an_option_that_decides_the_accuracy_explains_all_of_it():
    found = option_importance(axes_of([80.0, 80.0, 70.0, 70.0], method=["a", "a", "b", "b"]))
    assert found["option"].tolist() == ["method"]
    assert found["share"].tolist() == [100.0]
    assert found["values"].tolist() == [2]


def test_an_option_that_chance_explains_has_no_share():
    generator = np.random.default_rng(0)
    accuracy = generator.normal(80, 1, 400).tolist()
    found = option_importance(axes_of(accuracy, seed=generator.integers(0, 40, 400).tolist()))
    assert found["share"].item() == pytest.approx(0, abs=4)  # without correction: about 10


def test_the_more_important_option_comes_first():
    accuracy = [80.0, 81.0, 70.0, 71.0]
    found = option_importance(axes_of(accuracy, size=[1, 2, 1, 2], noise=[0, 0, 30, 30]))
    assert found["option"].tolist() == ["noise", "size"]
    assert found["share"].tolist() == pytest.approx([98.5, 0.0], abs=0.1)


def test_options_that_were_changed_together_are_named():
    options = {"noise": ["none", "none", "high", "high"], "rate": [0, 0, 30, 30]}
    found = option_importance(axes_of([80.0, 81.0, 70.0, 71.0], **options)).set_index("option")
    assert found.at["noise", "together"] == "rate"
    assert found.at["rate", "together"] == "noise"


def test_an_option_with_a_value_for_each_run_says_nothing():
    assert option_importance(axes_of([80.0, 70.0], name=["a", "b"])).empty
    same = option_importance(axes_of([80.0, 80.0, 80.0], method=["a", "a", "b"]))
    assert same["share"].tolist() == [0.0]


def test_an_option_that_some_runs_do_not_state_counts_as_a_value_of_its_own():
    found = option_importance(axes_of([80.0, 80.0, 70.0, 70.0], stride=[None, None, "8", "8"]))
    assert found["share"].tolist() == [100.0]
