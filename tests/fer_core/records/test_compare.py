import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_core.config import RunConfig, from_json, to_json
from fer_core.config.methods import METHODS, option_names
from fer_core.records.compare import (
    NOT_OPTIONS,
    group_runs,
    mean_interval,
    noise_of,
    pair_with_baseline,
    pair_with_plain,
    paired_gap,
    trial_of,
)
from fer_core.records.run import RunRecord
from fer_core.taxonomy import taxonomy_of


def test_the_interval_is_student_t_over_the_seeds():
    # mean 80, standard deviation 2, t(0.975, 2) = 4.302653: half width 4.302653 * 2 / sqrt(3)
    mean, half, n, deviation = mean_interval([78.0, 80.0, 82.0])
    assert (mean, n, deviation) == (80.0, 3, 2.0)
    assert half == pytest.approx(4.968275, abs=1e-5)
    assert np.isnan(mean_interval([80.0]).half)
    assert np.isnan(mean_interval([80.0]).deviation)
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])


def test_options_of_a_method_are_no_fields_of_every_run():
    fields = {field.name for field in dataclasses.fields(RunConfig)}
    assert not {name for method in METHODS for name in option_names(method)} & fields
    assert fields >= NOT_OPTIONS


def test_seeds_of_one_approach_stand_together_and_a_repeated_seed_counts_once():
    runs = [
        record(seed=0, accuracy=0.5),
        record(seed=1, accuracy=0.7),
        record(seed=1, accuracy=0.6, started="2026-01-02"),
        record(seed=2, accuracy=0.9, status="failed"),
    ]
    (group,) = group_runs(runs)
    assert [trial.seed for trial in group.trials] == [0, 1]
    assert group.over_seeds("accuracy_last5").mean == pytest.approx(55.0)
    assert group.last_epoch("memorised").mean == pytest.approx(20.0)


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
    one, other = trial_of(record()), trial_of(record(**change))
    assert one.setting != other.setting
    assert one[1:3] == other[1:3]


def test_other_data_or_weights_are_another_setting_even_under_the_same_name():
    one = record()
    assert trial_of(one).setting != trial_of(record(content="b")).setting
    first, second = (replace(one, model={"pretrained_sha256": 64 * digit}) for digit in "ab")
    assert trial_of(first).setting != trial_of(second).setting
    renamed = record(pretrained="elsewhere.safetensors")
    renamed = replace(renamed, model=first.model)
    assert trial_of(first).setting == trial_of(renamed).setting


def test_what_a_method_alone_reads_belongs_to_the_method():
    plain = trial_of(record(method="cross_entropy"))
    eac, weak = trial_of(record()), trial_of(record(consistency_weight=1.0))
    assert plain.setting == eac.setting == weak.setting
    assert eac.approach != weak.approach
    assert trial_of(record(method="cross_entropy", consistency_weight=1.0)).approach == (
        plain.approach
    )


def test_options_of_other_methods_in_an_older_record_set_nothing_apart():
    plain = record(method="cross_entropy")
    older = replace(plain, config={**plain.config, "consistency_weight": 1.0, "gce_exponent": 0.7})
    assert trial_of(older)[:3] == trial_of(plain)[:3]


def test_a_method_that_is_not_known_here_owns_what_is_no_option_of_every_run():
    plain = record(method="cross_entropy")
    own = {**plain.config, "method": "mine", "method_source": "mine.py:Mine", "focus": 2.0}
    trial = trial_of(replace(plain, config=own))
    assert trial.setting == trial_of(plain).setting
    assert (trial.approach.method, json.loads(trial.approach.options)) == ("mine", {"focus": 2.0})


@pytest.mark.parametrize(
    "treatment",
    [
        {"flip_probability": 0.0},
        {"pixel_noise": 30.0},
        {"ema_decay": 0.999},
        {"label_smoothing": 0.1},
    ],
)
def test_a_treatment_against_noise_belongs_to_the_approach_and_is_paired_with_the_baseline(
    treatment,
):
    baseline = record(method="cross_entropy", accuracy=0.7)
    treated = record(method="cross_entropy", accuracy=0.8, **treatment)
    ((one, other),) = pair_with_baseline(group_runs([treated, baseline]))
    assert one.setting == other.setting
    assert (one.approach.treatments, other.approach.treatments) == ({}, treatment)
    assert paired_gap(other, one).mean == pytest.approx(10.0)


def test_every_method_is_paired_with_the_baseline_whatever_its_own_settings():
    methods = [name for name, spec in METHODS.items() if spec.bundled]
    needed = {"label_smoothing": {"label_smoothing": 0.1}}
    runs = [record(method=method, **needed.get(method, {})) for method in methods]
    pairs = pair_with_baseline(group_runs(runs))
    assert {one.approach.method for one, _ in pairs} == {"cross_entropy"}
    assert {other.approach.method for _, other in pairs} == {*methods} - {"cross_entropy"}


def test_an_eac_that_mirrors_its_labelled_view_is_another_approach_than_the_published_one():
    published, mirrored = trial_of(record()), trial_of(record(flip_probability=0.5))
    assert published.setting == mirrored.setting
    assert published.approach.treatments == {}
    assert mirrored.approach.treatments == {"flip_probability": 0.5}


def test_eac_alone_is_paired_with_a_baseline_of_the_same_average_and_smoothing():
    plain, smooth = (
        {
            method: record(method=method, label_smoothing=value)
            for method in ("cross_entropy", "eac")
        }
        for value in (0.0, 0.1)
    )
    assert pair_with_plain(group_runs([plain["cross_entropy"], smooth["eac"]])) == []
    pairs = pair_with_plain(group_runs([*plain.values(), *smooth.values()]))
    assert [one.approach.treatments == other.approach.treatments for one, other in pairs] == [
        True,
        True,
    ]


def test_where_every_run_has_a_treatment_the_treated_baseline_is_the_baseline():
    runs = [record(method=method, label_smoothing=0.1) for method in ("cross_entropy", "eac")]
    ((one, other),) = pair_with_baseline(group_runs(runs))
    assert (one.approach.method, other.approach.method) == ("cross_entropy", "eac")


def test_a_record_without_newer_options_compares_with_their_defaults():
    older = record()
    newer = {"ema_decay", "accumulate", "decay_norms", "clip_norm", "decay_epochs"}
    older = replace(older, config={k: v for k, v in older.config.items() if k not in newer})
    assert trial_of(older).setting == trial_of(record()).setting


@pytest.mark.parametrize(
    "option",
    [{"optimizer": "lion"}, {"accumulate": 2}, {"decay_norms": False}, {"clip_norm": 1.0}],
)
def test_runs_whose_steps_differ_do_not_compare(option):
    other = record()
    other = replace(other, config={**other.config, **option})
    assert trial_of(other).setting != trial_of(record()).setting


def test_the_gap_is_paired_by_seed():
    eac = [record(seed=seed, accuracy=0.8 + 0.1 * seed) for seed in range(2)]
    plain = [record(seed=s, accuracy=0.7 + 0.1 * s, method="cross_entropy") for s in range(3)]
    of = {group.approach.method: group for group in group_runs([*eac, *plain])}
    gap = paired_gap(of["eac"], of["cross_entropy"])
    assert (gap.mean, gap.n) == (pytest.approx(10.0), 2)
    assert gap.half == pytest.approx(0.0, abs=1e-9)
    lonely = group_runs([record(seed=7)])[0]
    assert paired_gap(lonely, of["cross_entropy"]) is None


def test_noise_of_people_is_what_was_measured_and_symmetric_noise_what_was_asked():
    assert noise_of(record()) == ("symmetric", 30.0)
    for kind, percent in (("rater", 22.0), ("fer2013", 21.7)):
        noise = {"kind": kind, "rate": 0.0, "realised_rate": 0.2166}
        assert noise_of(replace(record(), noise=noise)) == (kind, percent)


def test_a_run_that_failed_before_its_data_were_read_is_placed_by_what_it_asked_for():
    broken = replace(record(data="ferplus:PATH?classes=7"), data={}, noise={}, status="failed")
    trial = trial_of(broken)
    assert (trial.setting.data, trial.setting.content) == ("ferplus", "")
    assert trial.noise == ("symmetric", 30.0)
    assert json.loads(trial.approach.options)["consistency_weight"] == 5.0


def record(
    *, accuracy=0.5, content="a", status="finished", started="2026-01-01", **options
) -> RunRecord:
    """A record of a run with these options and this final accuracy."""
    config = from_json({"noise": "symmetric", "noise_rate": 0.3, "epochs": 6, **options})
    return RunRecord(
        path=Path("run"),
        name="run",
        status=status,
        started=started,
        ended=None,
        config=to_json(config),
        taxonomy=taxonomy_of(("a", "b")),
        data={"name": "synthetic", "sha256": content, "eval_split": "test"},
        noise={"kind": "symmetric", "rate": 0.3, "realised_rate": 0.301},
        model={},
        environment={},
        result={"accuracy_last5": accuracy},
        epochs=({"epoch": 6, "memorised": 0.2},),
        error=None,
    )
