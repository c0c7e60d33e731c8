"""What a run is a repetition of."""

import dataclasses
import json
from dataclasses import replace

import pytest

from fer_core.config import RunConfig, to_json
from fer_core.config.methods import METHODS, option_names
from fer_core.records.trials import (
    NOT_OPTIONS,
    approach_of,
    noise_of,
    shared_options,
    trial_of,
)
from tests.made_records import made_record


def test_options_of_a_method_are_no_fields_of_every_run():
    fields = {field.name for field in dataclasses.fields(RunConfig)}
    assert not {name for method in METHODS for name in option_names(method)} & fields
    assert fields >= NOT_OPTIONS


@pytest.mark.parametrize(
    "change",
    [
        {"image_size": 64},
        {"epochs": 7},
        {"backbone": "resnet50"},
        {"learning_rate": 1e-3},
        {"pretrained": "other.safetensors"},
    ],
)
def test_runs_of_another_effort_are_another_setting(change):
    one, other = trial_of(made_record()), trial_of(made_record(**change))
    assert one.setting != other.setting
    assert one[1:3] == other[1:3]


def test_other_data_or_weights_are_another_setting_even_under_the_same_name():
    one = made_record()
    assert trial_of(one).setting != trial_of(made_record(content="b")).setting
    first, second = (replace(one, model={"pretrained_sha256": 64 * digit}) for digit in "ab")
    assert trial_of(first).setting != trial_of(second).setting
    renamed = made_record(pretrained="elsewhere.safetensors")
    renamed = replace(renamed, model=first.model)
    assert trial_of(first).setting == trial_of(renamed).setting


def test_what_a_method_alone_reads_belongs_to_the_method():
    plain = trial_of(made_record(method="cross_entropy"))
    eac, weak = trial_of(made_record()), trial_of(made_record(consistency_weight=1.0))
    assert plain.setting == eac.setting == weak.setting
    assert eac.approach != weak.approach
    assert trial_of(made_record(method="cross_entropy", consistency_weight=1.0)).approach == (
        plain.approach
    )


def test_options_of_other_methods_in_an_older_record_set_nothing_apart():
    plain = made_record(method="cross_entropy")
    older = replace(plain, config={**plain.config, "consistency_weight": 1.0, "gce_exponent": 0.7})
    assert trial_of(older)[:3] == trial_of(plain)[:3]


def test_a_method_that_is_not_known_here_owns_what_is_no_option_of_every_run():
    plain = made_record(method="cross_entropy")
    own = {**plain.config, "method": "mine", "method_source": "mine.py:Mine", "focus": 2.0}
    trial = trial_of(replace(plain, config=own))
    assert trial.setting == trial_of(plain).setting
    assert (trial.approach.method, json.loads(trial.approach.options)) == ("mine", {"focus": 2.0})


def test_an_eac_that_mirrors_its_labelled_view_is_another_approach_than_the_published_one():
    published, flipped = trial_of(made_record()), trial_of(made_record(flip_probability=0.5))
    assert published.setting == flipped.setting
    assert published.approach.treatments == {}
    assert flipped.approach.treatments == {"flip_probability": 0.5}


def test_a_record_without_newer_options_compares_with_their_defaults():
    older = made_record()
    newer = {"ema_decay", "accumulate", "decay_norms", "clip_norm", "decay_epochs"}
    older = replace(older, config={k: v for k, v in older.config.items() if k not in newer})
    assert trial_of(older).setting == trial_of(made_record()).setting


@pytest.mark.parametrize(
    "option",
    [{"optimizer": "lion"}, {"accumulate": 2}, {"decay_norms": False}, {"clip_norm": 1.0}],
)
def test_runs_whose_steps_differ_do_not_compare(option):
    other = made_record()
    other = replace(other, config={**other.config, **option})
    assert trial_of(other).setting != trial_of(made_record()).setting


def test_noise_of_people_is_what_was_measured_and_symmetric_noise_what_was_asked():
    assert noise_of(made_record()) == ("symmetric", 30.0)
    for kind, percent in (("rater", 22.0), ("fer2013", 21.7)):
        noise = {"kind": kind, "rate": 0.0, "realised_rate": 0.2166}
        assert noise_of(replace(made_record(), noise=noise)) == (kind, percent)


def test_a_run_that_failed_before_its_data_were_read_is_placed_by_what_it_asked_for():
    broken = replace(made_record(data="ferplus:PATH?classes=7"), data={}, noise={}, status="failed")
    trial = trial_of(broken)
    assert (trial.setting.data, trial.setting.content) == ("ferplus", "")
    assert trial.noise == ("symmetric", 30.0)
    assert json.loads(trial.approach.options)["consistency_weight"] == 5.0


def test_an_option_that_a_run_does_not_read_keeps_it_apart_from_none():
    plain, other = RunConfig(method="cross_entropy"), RunConfig(method="eac_balanced")
    tuned = replace(other, balance_beta=0.99999)
    assert shared_options(to_json(tuned)) == shared_options(to_json(plain))
    assert json.loads(approach_of(to_json(tuned)).options)["balance_beta"] == 0.99999
    assert "balance_beta" not in json.loads(approach_of(to_json(other)).options)
    weighted = [replace(plain, balance="loss", balance_beta=beta) for beta in (0.9, 0.99)]
    assert len({shared_options(to_json(one)) for one in weighted}) == 2


def test_noise_by_a_table_of_ones_own_compares_with_clean_runs_and_is_a_noise_of_its_own():
    clean = made_record(method="cross_entropy", noise="none", noise_rate=0.0)
    tables = {}
    for table in ("people", "mine.csv"):
        noise = {"kind": "asymmetric", "rate": 0.2, "realised_rate": 0.2}
        config = {**clean.config, "noise": "asymmetric", "noise_rate": 0.2, "confusions": table}
        tables[table] = trial_of(replace(clean, noise=noise, config=config))
    assert {trial.setting for trial in tables.values()} == {trial_of(clean).setting}
    assert tables["people"].noise.kind == "asymmetric"
    assert tables["mine.csv"].noise.kind == "asymmetric (mine.csv)"
