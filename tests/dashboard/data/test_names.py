"""Records -> data frames, comparisons, the published table."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dashboard.analysis.comparison import (
    comparisons,
    default_pair,
    first_eac_note,
    noise_points,
    noise_summary,
)
from dashboard.analysis.curves import (
    common_description,
    run_labels,
    short_labels,
    unfinished_notes,
)
from dashboard.analysis.landing import landing_figures
from dashboard.analysis.noise_headline import headline
from dashboard.analysis.placed import measured_rows
from dashboard.analysis.published import read_published, select
from dashboard.analysis.published_points import scatter_points
from dashboard.analysis.run_choices import hust_presets
from dashboard.charts.style import hues_of
from dashboard.data import names as data
from dashboard.data.names import fingerprint, read_folders
from fer_core.config import RunConfig, to_json
from fer_core.config.methods import METHODS
from fer_core.records.failures import record_failure

RAFDB = ("RAF-DB · 7 classes", "accuracy", 0.0)


def edit_run(path, **changes):
    file = path / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.slow
def test_the_dashboard_starts_without_torch():
    code = (
        "import sys, dashboard.report.parts, dashboard.analysis.run_choices,"
        " dashboard.analysis.published, dashboard.views.sidebar, dashboard.views.widgets;"
        " sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_record_becomes_one_row_with_its_accuracy_in_percent(records):
    runs = read_folders([records])
    assert len(runs.table) == 8
    assert runs.problems == []
    row = runs.table.set_index("run").loc["eac-mobilenetv2_100-30-s1"]
    assert row["accuracy_percent"] == pytest.approx(80.2)
    assert (row["epochs_done"], row["epochs_asked"], row["noise_percent"]) == (6, 6, 30.0)
    assert len(runs.epochs) == 8 * 6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema_version": 9}, "schema version 9"),
        ({"classes": None}, "classes"),
        ({"config": {"method": "eac"}}, "lacks image_size"),
        ({"config": []}, "config"),
        ({"result": {}}, "lacks accuracy_last5"),
        ({"noise": {"kind": "symmetric", "rate": "high"}}, "high"),
    ],
)
@pytest.mark.slow
def test_an_unreadable_record_is_named_and_the_others_stay(records, write_run, changes, said):
    edit_run(write_run(records, name="odd"), **changes)
    runs = read_folders([records])
    assert len(runs.table) == 8
    (problem,) = runs.problems
    assert said in problem
    assert "odd" in problem


@pytest.mark.parametrize(
    ("options", "percent", "label"),
    [
        ({"noise": "none"}, 0.0, "clean labels"),
        ({"noise": "symmetric", "noise_rate": 0.4}, 40.0, "40 % noise"),
        ({"noise": "rater"}, None, "rater noise"),
    ],
)
@pytest.mark.slow
def test_a_run_that_failed_before_it_had_facts_is_a_failed_row(records, options, percent, label):
    config = RunConfig(data="ferplus:absent?classes=7", seed=5, **options)
    record_failure(records / "early", to_json(config), "no folder at absent")
    runs = read_folders([records])
    row = runs.table.set_index("run").loc["early"]
    assert runs.problems == []
    assert (row["status"], row["error"], row["data"]) == (
        "failed",
        "no folder at absent",
        "ferplus",
    )
    assert (row["epochs_done"], row["classes"]) == (0, 0)
    assert row["noise_percent"] == percent or (percent is None and np.isnan(row["noise_percent"]))
    assert label in run_labels(runs.table)["early"]
    assert len(noise_points(runs.table)) == 8
    assert "early" not in default_pair(runs.table)


def test_bytes_that_are_no_text_do_not_hide_the_other_records(records, write_run):
    (write_run(records, name="odd") / "epochs.jsonl").write_bytes(b"\xff\xfe\n")
    runs = read_folders([records])
    assert (len(runs.table), len(runs.problems)) == (8, 1)


def test_a_confusion_matrix_of_the_wrong_size_is_a_problem(tmp_path, write_run):
    path = write_run(tmp_path)
    result = json.loads((path / "run.json").read_text())["result"] | {"confusion": [[1, 2]]}
    edit_run(path, result=result)
    assert "7 by 7" in read_folders([tmp_path]).problems[0]


def test_a_half_written_last_line_is_left_out_until_it_is_whole(tmp_path, write_run):
    path = write_run(tmp_path, done=3, status="running")
    with (path / "epochs.jsonl").open("a") as file:
        file.write('{"epoch": 4, "train_')
    runs = read_folders([tmp_path])
    assert runs.table["epochs_done"].tolist() == [3]
    assert runs.epochs["epoch"].tolist() == [1, 2, 3]


def test_the_fingerprint_changes_when_a_run_writes_an_epoch(tmp_path, write_run):
    path = write_run(tmp_path, done=2, status="running")
    before = fingerprint([tmp_path])
    assert fingerprint([tmp_path]) == before
    with (path / "epochs.jsonl").open("a") as file:
        file.write('{"epoch": 3}\n')
    assert fingerprint([tmp_path]) != before


def test_equally_named_runs_of_two_folders_stay_apart(tmp_path, write_run):
    for folder in ("first", "second"):
        write_run(tmp_path / folder, name="same")
    runs = read_folders([tmp_path / "first", tmp_path / "second"])
    assert runs.table["run"].tolist() == ["same", "second/same"]


def test_an_absent_folder_holds_no_runs(tmp_path):
    runs = read_folders([tmp_path / "nowhere"])
    assert runs.table.empty
    assert noise_points(runs.table).empty


def test_the_summary_has_the_mean_and_the_number_of_seeds(records):
    summary = noise_summary(noise_points(read_folders([records]).table))
    row = summary[(summary["line"] == "EAC · mobilenetv2_100") & (summary["noise_percent"] == 30)]
    assert row["mean"].item() == pytest.approx(79.6)
    assert row["n"].item() == 2
    # two values 1.2 apart: t(0.975, 1) = 12.706205, times 0.6
    assert row["half"].item() == pytest.approx(12.706205 * 0.6, abs=1e-4)


@pytest.mark.parametrize(
    "other",
    [
        {"backbone": "resnet50"},
        {"image_size": 64},
        {"epochs": 7},
        {"data": "ferplus"},
        {"content": "b" * 64},
        {"learning_rate": 1e-3},
        {"erased_region": "independent"},
        {"pretrained": "hub"},
    ],
)
@pytest.mark.slow
def test_a_line_never_mixes_runs_that_differ_in_more_than_noise_and_seed(
    tmp_path, write_run, other
):
    write_run(tmp_path, accuracy=0.8)
    write_run(tmp_path, accuracy=0.4, name="other", **other)
    summary = noise_summary(noise_points(read_folders([tmp_path]).table))
    assert sorted(summary["mean"]) == pytest.approx([40, 80])
    assert summary["n"].tolist() == [1, 1]


def test_options_of_eac_do_not_split_the_baseline(tmp_path, write_run):
    for seed, weight in enumerate((1.0, 5.0)):
        write_run(tmp_path, method="cross_entropy", seed=seed, consistency_weight=weight)
    assert noise_summary(noise_points(read_folders([tmp_path]).table))["n"].tolist() == [2]


def test_an_option_that_several_methods_share_tells_the_runs_of_each_apart(tmp_path, write_run):
    for method in ("cross_entropy", "eac_balanced"):
        balance = "loss" if method == "cross_entropy" else "none"
        for beta in (0.9, 0.999):
            name = f"{method}-{beta}"
            write_run(tmp_path, method=method, balance=balance, balance_beta=beta, name=name)
    assert noise_points(read_folders([tmp_path]).table)["line"].nunique() == 4


def test_a_line_names_its_options_that_are_not_the_defaults(tmp_path, write_run):
    write_run(tmp_path, name="published", stride=16)
    write_run(tmp_path, name="control", stride=16, consistency="logits", ema_decay=0.9)
    write_run(tmp_path, name="own", erase_scale=(0.1, 0.2))
    points = noise_points(read_folders([tmp_path]).table).set_index("run")
    assert points["line"].to_dict() == {
        "published": "EAC · mobilenetv2_100 · stride 16",
        "control": "EAC · mobilenetv2_100 · consistency logits · ema decay 0.9 · stride 16",
        "own": "EAC · mobilenetv2_100 · erase scale 0.1, 0.2",
    }


def test_a_repeated_seed_counts_once_and_the_latest_run_wins(tmp_path, write_run):
    edit_run(write_run(tmp_path, accuracy=0.5, name="old"), started="2024-01-01T00:00:00+00:00")
    write_run(tmp_path, accuracy=0.7, name="new")
    points = noise_points(read_folders([tmp_path]).table)
    assert points["run"].tolist() == ["new"]


def test_unfinished_runs_stay_out_of_the_noise_chart(tmp_path, write_run):
    write_run(tmp_path, status="running", done=2, seed=1)
    write_run(tmp_path, status="failed", done=2, seed=2)
    write_run(tmp_path, seed=3)
    assert noise_points(read_folders([tmp_path]).table)["seed"].tolist() == [3]


@pytest.mark.parametrize(
    ("noise", "percent"),
    [
        ({"kind": "symmetric", "rate": 0.3, "realised_rate": 0.29999}, 30.0),
        ({"kind": "asymmetric", "rate": 0.3, "realised_rate": 0.2114}, 21.1),
        ({"kind": "fer2013", "rate": 0.0, "realised_rate": 0.3204}, 32.0),
        ({"kind": "rater", "rate": 0.0, "realised_rate": 0.2166}, 22.0),
        ({"kind": "rater", "rate": 0.0, "realised_rate": 0.2201}, 22.0),  # of another seed
    ],
)
def test_noise_stands_where_its_changed_labels_are(tmp_path, write_run, noise, percent):
    edit_run(write_run(tmp_path), noise=noise)
    assert read_folders([tmp_path]).table["noise_percent"].tolist() == [percent]


def test_an_option_that_an_older_record_lacks_has_its_default(tmp_path, write_run):
    new = write_run(tmp_path, seed=0)
    old = write_run(tmp_path, seed=1)
    config = json.loads((old / "run.json").read_text())["config"]
    edit_run(old, config={k: v for k, v in config.items() if k not in ("dedup", "targets")})
    table = read_folders([tmp_path]).table
    assert table["options"].nunique() == 1
    edit_run(new, config=config | {"seed": 0, "targets": "votes"})
    assert read_folders([tmp_path]).table["options"].nunique() == 2


def test_a_noise_list_stands_at_its_realised_rate_on_a_line_of_its_own(tmp_path, write_run):
    write_run(tmp_path, rate=0.0)
    write_run(tmp_path, rate=0.1)
    path = write_run(tmp_path, name="list")
    edit_run(path, noise={"kind": "file", "rate": None, "realised_rate": 0.1011})
    points = noise_points(read_folders([tmp_path]).table)
    by_line = points.groupby("line")["noise_percent"].apply(list).to_dict()
    assert by_line == {
        "EAC · mobilenetv2_100 · file noise": [0.0, 10.1],
        "EAC · mobilenetv2_100 · symmetric noise": [0.0, 10.0],
    }


def test_the_headline_pairs_the_seeds_at_the_highest_noise(records):
    text = headline(noise_points(read_folders([records]).table))
    # baseline: 0.62 and 0.632; EAC: 0.79 and 0.802; the difference is 17 points for both seeds
    assert "At 30 % symmetric label noise" in text
    assert "EAC reaches 79.6 %" in text
    assert "baseline 62.6 %" in text
    assert "+17.0 points (2 seeds, paired; 95 % interval +17.0 to +17.0)." in text


def test_the_headline_of_one_seed_does_not_rule_chance_out(tmp_path, write_run):
    write_run(tmp_path, method="eac", accuracy=0.7)
    write_run(tmp_path, method="cross_entropy", accuracy=0.75)
    text = headline(noise_points(read_folders([tmp_path]).table))
    assert "-5.0 points (one seed, so it may be chance)" in text


def test_the_headline_says_when_the_interval_includes_zero(tmp_path, write_run):
    for seed, gap in enumerate((0.02, -0.01)):
        write_run(tmp_path, method="eac", seed=seed, accuracy=0.7 + gap)
        write_run(tmp_path, method="cross_entropy", seed=seed, accuracy=0.7)
    text = headline(noise_points(read_folders([tmp_path]).table))
    assert "not significant" in text


def test_runs_with_other_options_are_no_pair(tmp_path, write_run):
    write_run(tmp_path, method="eac", learning_rate=1e-3)
    write_run(tmp_path, method="cross_entropy")
    table = read_folders([tmp_path]).table
    assert "no comparison yet" in headline(noise_points(table))
    assert len(default_pair(table)) == 1


@pytest.mark.slow
def test_the_default_pair_is_one_of_the_comparison_with_the_most_seeds(write_run, tmp_path):
    for epochs, seeds in ((5, 1), (8, 3)):
        for seed in range(seeds):
            for method in ("eac", "cross_entropy"):
                name = f"{method}-{epochs}-{seed}"
                write_run(tmp_path, name=name, method=method, seed=seed, epochs=epochs)
    assert default_pair(read_folders([tmp_path]).table) == ["eac-8-0", "cross_entropy-8-0"]


def test_the_default_pair_differs_in_the_method_alone(records):
    assert default_pair(read_folders([records]).table) == [
        "eac-mobilenetv2_100-30-s0",
        "cross_entropy-mobilenetv2_100-30-s0",
    ]


def test_eac_as_published_is_shown_before_its_controls(write_run, tmp_path):
    write_run(tmp_path, method="cross_entropy")
    for weight in (0.0, 5.0):
        write_run(tmp_path, name=f"eac-{weight:g}", method="eac", consistency_weight=weight)
    runs = read_folders([tmp_path])
    assert default_pair(runs.table)[0] == "eac-5"
    (pair,) = hust_presets(runs.table).values()
    assert pair[0] == "eac-5"
    assert first_eac_note(noise_points(runs.table)) == (
        "EAC here: as in the paper: the labelled view is never flipped."
    )
    assert first_eac_note(runs.table[runs.table["method"] == "eac"]) == ""


def test_a_finished_pair_comes_before_a_running_one_with_more_noise(records, write_run):
    for method in ("eac", "cross_entropy"):
        write_run(records, method=method, rate=0.6, done=2, status="running")
    assert all("-30-" in run for run in default_pair(read_folders([records]).table))


def test_labels_are_unique_and_short_ones_name_only_what_differs(records, write_run):
    write_run(records, name="again")
    table = read_folders([records]).table
    assert len(set(run_labels(table).values())) == 9
    pair = table[table["run"].isin(default_pair(table))]
    assert sorted(short_labels(pair).values()) == ["EAC", "baseline"]
    assert common_description(pair) == (
        "mobilenetv2_100 · synthetic faces · 30 % noise · 48 px · 6 epochs · seed 0"
    )


def test_labels_of_single_runs_name_the_kind_of_noise_and_tell_image_sizes_apart(
    tmp_path, write_run
):
    write_run(tmp_path, name="a")
    write_run(tmp_path, name="b", noise="asymmetric")
    write_run(tmp_path, name="c", image_size=112)
    table = read_folders([tmp_path]).table
    assert list(short_labels(table).values()) == [
        "EAC · 30 % noise · 48 px",
        "EAC · 30 % asymmetric noise · 48 px",
        "EAC · 30 % noise · 112 px",
    ]
    start = "EAC · mobilenetv2_100 · synthetic faces · 30 %"
    assert run_labels(table) == {
        "a": f"{start} noise · 6 epochs · seed 0 · 48 px",
        "b": f"{start} asymmetric noise · 6 epochs · seed 0",
        "c": f"{start} noise · 6 epochs · seed 0 · 112 px",
    }
    assert "noise" not in common_description(table)


def test_an_unfinished_run_is_described_by_its_epochs(tmp_path, write_run):
    write_run(tmp_path, done=2, status="running")
    assert unfinished_notes(read_folders([tmp_path]).table) == ["EAC (running): 2 of 6 epochs"]


def test_every_published_figure_has_a_source_and_a_known_trust_mark():
    rows = read_published()
    assert len(rows) > 200
    assert rows["source"].notna().all()
    assert rows["value"].between(0, 100).all()


@pytest.mark.slow
def test_ranks_stay_within_one_data_set_class_count_noise_and_metric():
    rows = read_published()
    keys = ["dataset", "classes", "noise_rate", "noise_kind", "metric", "trained_on"]
    for _, group in rows.dropna(subset="rank").groupby(keys, dropna=False):
        ordered = group.sort_values("rank")
        assert ordered["rank"].iloc[0] == 1
        assert ordered["value"].is_monotonic_decreasing


def test_a_rejected_figure_has_no_rank_though_it_is_the_highest():
    chosen = select(read_published(), *RAFDB)
    highest = chosen.loc[chosen["value"].idxmax()]
    assert highest["trust"] == "rejected"
    assert pd.isna(highest["rank"])
    assert chosen["rank"].iloc[0] == 1
    assert set(chosen["metric"]) == {"accuracy"}


def test_our_own_figures_are_means_over_seeds_without_ranks(records):
    ours = measured_rows(read_folders([records]).table)
    assert "rank" not in ours
    assert set(ours["trust"]) == {"measured here"}
    eac = ours[(ours["method"] == "EAC") & (ours["noise_percent"] == 30)]
    assert eac["value"].item() == pytest.approx(79.6)
    assert eac["seeds"].item() == 2


@pytest.mark.slow
def test_the_scatter_sets_eac_and_unranked_figures_apart(records):
    chosen = select(read_published(), *RAFDB)
    points = scatter_points(chosen, measured_rows(read_folders([records]).table))
    kinds = points.groupby("kind")["method"].unique()
    assert "ResEmoteNet" in kinds["not ranked"]
    assert all(name.startswith("EAC") for name in kinds["EAC"])
    assert set(kinds["measured here"]) == {"EAC", "baseline"}


def test_every_method_has_a_name_and_a_colour_of_its_own():
    specs = [spec for spec in METHODS.values() if spec.bundled]
    assert {"eac", "cross_entropy", "nla"} <= {spec.name for spec in specs}
    assert len({data.method_name(spec.name) for spec in specs}) == len(specs)
    assert len({hues_of(spec.name)[0] for spec in specs}) == len(specs)


@pytest.mark.slow
def test_comparisons_that_pair_eac_with_the_baseline_come_first(write_run, tmp_path):
    for seed in range(3):  # more runs, but no comparison yet them with
        write_run(tmp_path, seed=seed, epochs=8)
    for method in ("eac", "cross_entropy"):
        write_run(tmp_path, method=method, epochs=6)
    first, second = comparisons(noise_points(read_folders([tmp_path]).table))
    assert "6 epochs" in first
    assert "8 epochs" in second


@pytest.mark.slow
def test_pairs_of_several_seeds_lead_those_of_one_seed_with_more_noise(write_run, tmp_path):
    for rate, seeds in ((0.3, 2), (0.4, 1), (0.0, 3)):
        for seed in range(seeds):
            for method in ("eac", "cross_entropy"):
                write_run(tmp_path, method=method, seed=seed, rate=rate)
    runs = read_folders([tmp_path])
    assert headline(noise_points(runs.table)).startswith("At 30 % symmetric label noise,")
    assert all("30" in run for run in default_pair(runs.table))
    assert landing_figures(runs)[0].noise == "30 % wrong labels"


@pytest.mark.slow
def test_noise_that_nobody_asked_a_share_of_is_named_without_one(write_run, tmp_path):
    for method in ("eac", "cross_entropy"):
        path = write_run(tmp_path, method=method)
        edit_run(path, noise={"kind": "fer2013", "rate": 0.0, "realised_rate": 0.317})
    text = headline(noise_points(read_folders([tmp_path]).table))
    assert text.startswith("At 31.7 % fer2013 label noise, ")
