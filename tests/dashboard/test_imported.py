"""Runs of other programs on the pages: shown, marked, and compared with no run of this one."""

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dashboard.analysis.comparison import comparisons, noise_points
from dashboard.analysis.cost import with_sets
from dashboard.analysis.curves import run_labels
from dashboard.analysis.placed import measured_rows
from dashboard.analysis.run_pairs import figure_deltas
from dashboard.analysis.sets import image_sets, with_comparison
from dashboard.data.foreign import KEPT, convert
from dashboard.data.names import read_folders
from dashboard.data.sources import resolve_sources
from fer_core.importing.runs import Facts, import_run
from fer_core.importing.sources import find_sources

SUITE = Facts(
    data_name="synthetic",
    method="eac",
    backbone="resnet18",
    image_size=64,
    noise="symmetric",
    noise_rate=0.3,
    seed=0,
    eval_split="test",
    classes=("a", "b"),
    suite="thesis",
)


def write_metrics(file, accuracies=(0.5, 0.75)):
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["epoch", "train_loss", "val_acc"])
        writer.writerows([epoch, 1.5, value] for epoch, value in enumerate(accuracies))
    return file


@pytest.fixture
def old(tmp_path):
    """The metrics of one older run of another program."""
    return write_metrics(tmp_path / "old" / "resnet18" / "metrics.csv")


@pytest.fixture
def mixed(records, old):
    """Eight records of this program and an imported run of which nothing is stated."""
    import_run(*find_sources(old.parents[1]).sources, records)
    return records


def test_an_imported_run_is_in_the_table_with_missing_facts_and_whole_numbers(mixed):
    table = read_folders([mixed]).table.set_index("run")
    row = table.loc["resnet18"]
    assert row["accuracy_percent"] == pytest.approx(62.5)
    assert (row["imported"], row["method"], row["data"]) == ("metrics.csv", "unknown", "unknown")
    assert pd.isna(row["seed"])
    assert pd.isna(row["image_size"])
    others = table.drop(index="resnet18")
    assert set(others["imported"]) == {""}
    assert {str(seed) for seed in others["seed"]} == {"0", "1"}


def test_names_of_the_other_sets_stay_and_the_imported_run_has_its_own(records, mixed):
    table = read_folders([mixed]).table
    ours = table[table["imported"] == ""]
    assert with_comparison(table)["comparison"].nunique() == 2
    assert set(with_comparison(ours)["comparison"]) < set(with_comparison(table)["comparison"])
    sets = image_sets(table).groupby(table["imported"]).agg(set)
    assert not sets[""] & sets["metrics.csv"]


@pytest.mark.slow
def test_what_is_unknown_counts_neither_as_clean_nor_as_measured_here(mixed):
    table = read_folders([mixed]).table
    assert "resnet18" not in set(noise_points(table)["run"])
    assert "resnet18" not in set(with_sets(table)["run"])
    assert "unknown" not in set(measured_rows(table)["backbone"])


def test_an_imported_run_has_no_difference_from_one_of_this_program(mixed):
    table = read_folders([mixed]).table.set_index("run", drop=False)
    deltas = figure_deltas(table.loc[["eac-mobilenetv2_100-30-s0", "resnet18"]])
    assert deltas["accuracy difference"].isna().tolist() == [False, True]


def test_labels_say_which_runs_are_imported(mixed):
    labels = run_labels(read_folders([mixed]).table)
    assert "(imported)" in labels["resnet18"]
    assert sum("(imported)" in label for label in labels.values()) == 1


def test_runs_of_a_suite_with_other_image_sizes_are_lines_of_their_own(tmp_path, old):
    (source,) = find_sources(old).sources
    for size in (64, 112):
        facts = replace(SUITE, image_size=size)
        import_run(source._replace(name=f"{size}"), tmp_path / "runs", facts)
    points = noise_points(read_folders([tmp_path / "runs"]).table)
    assert len(points) == points["line"].nunique() == 2


def test_a_suite_has_a_comparison_of_its_own(records, old):
    for method in ("cross_entropy", "eac"):
        facts = replace(SUITE, method=method)
        (source,) = find_sources(old).sources
        import_run(source._replace(name=method), records, facts)
    points = noise_points(read_folders([records]).table)
    (suite,) = [name for name in comparisons(points) if "thesis" in name]
    assert set(points.loc[points["comparison"] == suite, "run"]) == {"cross_entropy", "eac"}


def test_a_file_of_metrics_and_a_folder_of_them_are_sources(old):
    for place in (old, old.parents[1]):
        (found,), (note,) = resolve_sources([str(place)])
        assert "1 run imported" in note
        assert read_folders([found.folder]).table["imported"].tolist() == ["metrics.csv"]
        assert not found.writable


def test_a_file_that_is_no_table_is_a_sentence_and_no_run(tmp_path):
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    (found,), (note,) = resolve_sources([str(tmp_path / "notes.csv")])
    assert "0 runs" in note
    assert "epoch" in note
    assert read_folders([found.folder]).table.empty


@pytest.mark.slow
def test_a_changed_file_is_read_again_and_the_oldest_are_forgotten(old, tmp_path):
    first = convert(old)
    assert convert(old).folder == first.folder
    write_metrics(old, (0.5, 0.75, 0.9))
    changed = convert(old).folder
    assert len(read_folders([changed]).epochs) == 3
    gone = Path(first.folder)
    del first
    for number in range(KEPT):
        convert(write_metrics(tmp_path / f"{number}.csv"))
    assert not gone.exists()


@pytest.mark.parametrize("page", ["noise", "curves", "classes", "runs", "cost", "published"])
@pytest.mark.slow
def test_every_page_opens_with_an_imported_run(open_page, mixed, page):
    app = open_page(page, mixed)
    assert not app.exception


def test_the_page_of_an_imported_run_says_what_was_read(open_page, mixed):
    app = open_page("runs", mixed, run="resnet18")
    assert not app.exception
    facts = pd.concat([item.value for item in app.dataframe])
    assert "val_acc" in set(facts["value"])
    assert "another program" in " ".join(str(item.value) for item in app.caption)
    assert not app.code


@pytest.mark.slow
def test_the_curves_of_an_imported_run_alone_can_be_seen(open_page, old):
    app = open_page("curves", old.parents[1])
    assert not app.exception
    assert app.get("plotly_chart")


@pytest.mark.parametrize("page", ["noise", "classes", "cost", "table", "published", "runs"])
def test_finished_imports_alone_are_not_called_unfinished(open_page, tmp_path, old, page):
    import_run(*find_sources(old.parents[1]).sources, tmp_path / "imports")
    app = open_page(page, tmp_path / "imports")
    assert not app.exception
    told = " ".join(str(item.value) for item in app.info)
    assert "No run trained here has finished. 1 imported run has" in told
    assert "No run has finished yet" not in told
