"""Tables of results by rows and columns."""

import numpy as np
import pytest

from dashboard.analysis.grid import (
    GAP,
    INTERVAL,
    MEASURES,
    SD,
    axis_choices,
    caption_of,
    choose,
    corner_of,
    grid_table,
    offered,
    results_grid,
    scopes,
    with_best,
)
from dashboard.analysis.seed_groups import seed_groups
from dashboard.data.names import read_folders
from fer_core.metrics.student_t import mean_interval

METHODS = ("eac", "cross_entropy")


@pytest.fixture(scope="module")
def table(tmp_path_factory, write_run):
    """Two methods, two noise rates, three seeds; under noise EAC gains 2.0, 2.5 and 3.0 points."""
    root = tmp_path_factory.mktemp("grid")
    for seed in range(3):
        write_run(root, method="cross_entropy", seed=seed, accuracy=0.70 + 0.02 * seed)
        write_run(root, method="eac", seed=seed, accuracy=0.72 + 0.025 * seed)
        for method in METHODS:
            write_run(root, method=method, rate=0.0, seed=seed, accuracy=0.8 + 0.001 * seed)
    return read_folders([root]).table


def cell(grid, row, column):
    cells = grid.cells
    (found,) = cells[(cells["row"] == row) & (cells["column"] == column)].to_dict("records")
    return found


def texts(grid, show=SD, decimals=1):
    table = grid_table(with_best(grid, show, decimals), show, decimals, "Method", "")
    return [[one.plain for one in row] for row in table.rows]


def test_a_cell_has_the_mean_spread_and_number_of_its_seeds(table):
    grid = results_grid(table, ["method"], "noise")
    assert (grid.rows, grid.columns) == (["baseline", "EAC"], ["clean labels", "30 % symmetric"])
    mean = mean_interval([70, 72, 74])
    found = cell(grid, "baseline", "30 % symmetric")
    assert found["mean"] == pytest.approx(mean.mean)
    assert (found["sd"], found["half"]) == pytest.approx((mean.deviation, mean.half))
    assert found["n"] == 3


def test_a_mark_means_that_the_paired_interval_excludes_zero(table):
    grid = results_grid(table, ["method"], "noise")
    gain = cell(grid, "EAC", "30 % symmetric")
    assert (gain["gap"], gain["gap_n"]) == (pytest.approx(2.5), 3)
    assert gain["gap_half"] == pytest.approx(mean_interval([2, 2.5, 3]).half)
    assert gain["separate"]
    assert not cell(grid, "EAC", "clean labels")["separate"]
    assert np.isnan(cell(grid, "baseline", "30 % symmetric")["gap"])


def test_the_best_of_a_column_is_bold_and_what_reads_the_same_is_equally_best(table):
    grid = with_best(results_grid(table, ["method"], "noise"), SD, 1)
    assert cell(grid, "EAC", "30 % symmetric")["best"]
    assert not cell(grid, "baseline", "30 % symmetric")["best"]
    assert cell(grid, "EAC", "clean labels")["best"]
    assert cell(grid, "baseline", "clean labels")["best"]


def test_cells_show_spread_interval_or_paired_difference(table):
    grid = results_grid(table, ["method"], "noise")
    assert texts(grid)[0][2] == "72.0 ± 2.0"
    assert texts(grid, INTERVAL, 2)[0][2] == f"72.00 ± {mean_interval([70, 72, 74]).half:.2f}"
    assert texts(grid, GAP)[1][2] == "+2.5 ± 1.2"
    assert texts(grid, GAP)[0][2] == "-"


def test_the_number_of_seeds_stands_in_the_cells_where_it_differs(table):
    some = table[(table["method"] == "eac") | (table["seed"] == 0)]
    rows = texts(results_grid(some, ["method"], "noise"))
    assert rows[0][2] == "70.0 (n = 1)"
    assert rows[1][2].endswith("(n = 3)")


def test_groups_that_would_share_a_cell_get_rows_of_their_own(tmp_path, write_run):
    for rate in (1e-4, 2e-4):
        write_run(tmp_path, learning_rate=rate, name=f"{rate}")
    grid = results_grid(read_folders([tmp_path]).table, ["method"], "noise")
    assert grid.row_facts == ["method", "learning rate"]
    assert grid.rows == ["EAC · learning rate 0.0001", "EAC · learning rate 0.0002"]
    assert grid.cells["n"].tolist() == [1, 1]


def test_rows_leave_out_what_most_of_them_share_and_the_caption_says_it(tmp_path, write_run):
    for name, rate, decay in (("a", 1e-4, 0.1), ("b", 2e-4, 0.1), ("c", 2e-4, 0.2)):
        write_run(tmp_path, learning_rate=rate, weight_decay=decay, name=name)
    grid = results_grid(read_folders([tmp_path]).table, ["method"], "noise")
    assert grid.rows == ["EAC", "EAC · learning rate 0.0001", "EAC · weight decay 0.2"]
    assert corner_of(grid) == "Method · options"
    caption = caption_of(grid, "made", "Accuracy", SD)
    assert "Unless a row says otherwise:" in caption
    assert "learning rate 0.0002" in caption
    assert "weight decay 0.1" in caption


def test_options_of_one_method_are_told_where_they_are_not_usual_for_it(tmp_path, write_run):
    for method in ("cross_entropy", "gce", "rul", "nla"):
        write_run(tmp_path, method=method)
    for name, weight in (("published", 5.0), ("control", 0.0)):
        write_run(tmp_path, name=name, consistency_weight=weight)
    table = read_folders([tmp_path]).table
    grid = results_grid(table, ["method"], "noise")
    assert grid.rows == ["baseline", "EAC", "EAC · consistency weight 0.0", "GCE", "NLA", "RUL"]
    some = table[table["method"].isin(["cross_entropy", "eac"])]
    alike = results_grid(some, ["consistency weight"], "noise")  # methods are not named
    assert len(alike.rows) == len(alike.cells) == 3


def test_options_that_a_method_does_not_have_are_not_told_of_it(tmp_path, write_run):
    write_run(tmp_path, method="cross_entropy")
    write_run(tmp_path, method="cross_entropy", name="average", ema_decay=0.999)
    for weight in (0.0, 1.0, 5.0):
        write_run(tmp_path, name=f"{weight}", consistency_weight=weight)
    write_run(tmp_path, name="independent", erased_region="independent")
    write_run(tmp_path, name="half", consistency_weight=5.0, flip_probability=0.5)
    grid = results_grid(read_folders([tmp_path]).table, ["method"], "noise")
    assert grid.rows == [
        *("baseline", "baseline · ema decay 0.999"),
        *("EAC", "EAC · consistency weight 0.0", "EAC · consistency weight 1.0"),
        *("EAC · erased region independent", "EAC · flip probability 0.5"),
    ]
    assert len(grid.cells) == len(grid.rows)


def test_rows_and_columns_of_an_option_say_that_a_method_is_without_it(tmp_path, write_run):
    for method in METHODS:
        write_run(tmp_path, method=method)
    table = read_folders([tmp_path]).table
    names = ["without consistency weight", "consistency weight 5.0"]
    assert set(results_grid(table, ["consistency weight"], "noise").rows) == set(names)
    assert set(results_grid(table, ["noise"], "consistency weight").columns) == {names[0], "5.0"}


def test_the_baseline_comes_first_then_with_treatments_then_the_rest_by_letter(tmp_path, write_run):
    for method in ("rul", "eac", "co_teaching", "gce", "cross_entropy"):
        write_run(tmp_path, method=method)
    write_run(tmp_path, method="cross_entropy", name="average", ema_decay=0.999)
    grid = results_grid(read_folders([tmp_path]).table, ["method"], "noise")
    assert grid.rows == [
        *("baseline", "baseline · ema decay 0.999"),
        *("co-teaching", "EAC", "GCE", "RUL"),
    ]


def test_any_two_options_make_rows_and_columns(table):
    assert axis_choices(seed_groups(table))[:2] == ["method", "noise"]
    grid = results_grid(table, ["noise"], "method")
    assert (grid.rows, grid.columns) == (["clean labels", "30 % symmetric"], ["baseline", "EAC"])


def test_chosen_rows_and_columns_are_kept_and_no_choice_keeps_all(table):
    grid = results_grid(table, ["method"], "noise")
    kept = choose(grid, ["EAC"], ["30 % symmetric"])
    assert (kept.rows, kept.columns, len(kept.cells)) == (["EAC"], ["30 % symmetric"], 1)
    assert choose(grid, [], []).rows == grid.rows


def test_the_caption_names_measure_data_spread_seeds_and_marks(table):
    (scope,) = scopes(table)
    grid = with_best(results_grid(table, ["method"], "noise"), SD, 1)
    caption = caption_of(grid, scope, "Accuracy", SD)
    for word in ("Accuracy", "last five epochs", scope, "standard deviation", "n = 3", "Bold"):
        assert word in caption
    assert "excludes 0" in caption


def test_the_caption_of_a_measure_of_the_chosen_epoch_says_so(table):
    grid = results_grid(table, ["method"], "noise")
    for name in (name for name in MEASURES if name.startswith("Chosen")):
        caption = caption_of(grid, "made", name, SD)
        assert "(epoch chosen on held-out images)" in caption
        assert ("with flip TTA" in caption) == ("TTA" in name)
        assert caption.startswith("Mean class accuracy") == ("mean class accuracy" in name)


def test_runs_of_other_sizes_and_epochs_are_a_set_of_their_own(table, tmp_path, write_run):
    for epochs in (6, 8):
        write_run(tmp_path, epochs=epochs, name=f"{epochs}")
    found = scopes(read_folders([tmp_path]).table)
    assert sorted(len(runs) for runs in found.values()) == [1, 1, 2]
    assert offered(table) == ["Accuracy", "Mean class accuracy", "Macro F1"]
