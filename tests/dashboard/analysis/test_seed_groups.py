"""Runs that differ in their seed alone as one thing."""

import pytest

from dashboard.analysis.cost import cost_points, with_sets
from dashboard.analysis.curves import run_labels
from dashboard.analysis.seed_groups import (
    common_facts,
    differing,
    in_order,
    option_texts,
    seed_groups,
    seeds_text,
    short_names,
)
from dashboard.analysis.sets import with_comparison
from dashboard.data.names import read_folders


@pytest.fixture
def table(eight_records):
    return read_folders([eight_records]).table


def test_all_but_the_seed_groups_by_default_and_every_run_is_in_one_group(table):
    groups = seed_groups(table)
    assert len(groups) == 4
    assert all(group.seeds == (0, 1) and not group.pooled for group in groups)
    assert sorted(run for group in groups for run in group.runs) == sorted(table["run"])
    assert len({group.name for group in groups}) == 4


def test_a_group_by_fewer_facts_says_what_it_pools(table):
    groups = seed_groups(table, ["method"])
    assert [len(group.runs) for group in groups] == [4, 4]
    assert all(group.pooled == ("noise",) for group in groups)
    assert "noise" not in groups[0].facts
    assert seeds_text(groups[0]) == "4 runs"


def test_names_tell_groups_apart_by_the_options_that_differ(tmp_path, write_run):
    for rate in (1e-4, 2e-4):
        for seed in (0, 1):
            write_run(tmp_path, learning_rate=rate, seed=seed, name=f"{rate}-{seed}")
    groups = seed_groups(read_folders([tmp_path]).table)
    assert ["learning rate 0.0001" in group.name for group in groups].count(True) == 1
    assert differing([group.facts for group in groups]) == ["learning rate"]


def test_short_names_leave_out_what_all_groups_share(table):
    groups = [group for group in seed_groups(table) if group.facts["noise"] == "30 % symmetric"]
    assert sorted(short_names(groups)) == ["EAC", "baseline"]
    assert "30 % symmetric" in common_facts(groups)


def test_a_repeated_seed_counts_once(tmp_path, write_run):
    for name in ("first", "again"):
        write_run(tmp_path, name=name)
    (group,) = seed_groups(read_folders([tmp_path]).table)
    assert group.seeds == (0,)
    assert seeds_text(group) == "1 seed"


def test_values_are_in_natural_order():
    values = ["30 % symmetric", "5 % symmetric", "clean labels", "rater"]
    assert in_order(values) == ["clean labels", "5 % symmetric", "30 % symmetric", "rater"]


def test_a_default_goes_without_saying_however_many_have_another_value(tmp_path, write_run):
    for name, decay, kind in (("a", 0.0, "maps"), ("b", 0.9, "logits"), ("c", 0.9, "logits")):
        write_run(tmp_path, ema_decay=decay, consistency=kind, learning_rate=ord(name), name=name)
    assert sorted(option_texts(seed_groups(read_folders([tmp_path]).table))) == [
        "consistency logits, ema decay 0.9, learning rate 98",
        "consistency logits, ema decay 0.9, learning rate 99",
        "learning rate 97",
    ]


def test_groups_of_several_methods_have_no_defaults_of_one_of_them(tmp_path, write_run):
    for method in ("eac", "cross_entropy"):
        for name, decay in (("a", 0.0), ("b", 0.9), ("c", 0.9)):
            write_run(tmp_path, method=method, ema_decay=decay, name=f"{method}-{name}")
    groups = seed_groups(read_folders([tmp_path]).table, ["ema decay"])
    assert sorted(short_names(groups)) == ["ema decay 0.9", "ema decay unset"]


def test_without_a_value_that_most_have_the_default_goes_without_saying(tmp_path, write_run):
    for name, decay, kind in (("a", 0.0, "maps"), ("b", 0.9, "logits")):
        write_run(tmp_path, ema_decay=decay, consistency=kind, name=name)
        write_run(tmp_path, method="cross_entropy", ema_decay=decay, name=f"baseline-{name}")
    groups = seed_groups(read_folders([tmp_path]).table)
    assert sorted(option_texts(groups)) == [
        *("", "", "consistency logits, ema decay 0.9", "ema decay 0.9")
    ]
    ends = {group.runs[0]: group.name.partition(" epochs")[2] for group in groups}
    assert ends == {
        "a": "",
        "b": " · consistency logits · ema decay 0.9",
        "baseline-a": "",
        "baseline-b": " · ema decay 0.9",
    }


def test_options_tell_alike_groups_apart_without_what_most_of_them_have(tmp_path, write_run):
    for name, rate, decay in (("a", 1e-4, 0.1), ("b", 2e-4, 0.1), ("c", 2e-4, 0.2)):
        write_run(tmp_path, learning_rate=rate, weight_decay=decay, name=name)
    write_run(tmp_path, method="cross_entropy", learning_rate=3e-4, name="alone")
    groups = seed_groups(read_folders([tmp_path]).table)
    texts = option_texts(groups)
    assert sorted(texts) == ["", "", "learning rate 0.0001", "weight decay 0.2"]


def test_one_epoch_is_told_in_the_singular(tmp_path, write_run):
    write_run(tmp_path, epochs=1)
    table = read_folders([tmp_path]).table
    (group,) = seed_groups(table)
    assert group.name.endswith(" · 1 epoch")
    assert run_labels(table)[group.runs[0]].endswith(" · 1 epoch · seed 0")
    assert with_comparison(table)["comparison"].item().endswith(" · 1 epoch")
    points = cost_points(with_sets(table))
    assert points["approach"].item().endswith(" · 1 epoch")
