"""Own results beside published ones: where they would stand, and where they may not."""

import itertools

import pytest

from dashboard.analysis.placed import comparable_own, own_rows, place, place_sentence
from dashboard.analysis.published import narrow, read_published, select
from dashboard.analysis.published_points import VALIDATION, scatter_points, spread
from dashboard.data.own_results import own_frame, own_row

RAFDB = ("RAF-DB · 7 classes", "accuracy", 0.0)


@pytest.fixture(scope="module")
def published():
    return read_published()


def mine(**changes):
    cells = {
        **{"method": "mine", "dataset": "RAF-DB", "classes": 7, "noise_rate": 0},
        **{"metric": "accuracy", "value": 88.1},
    }
    return own_rows(own_frame([own_row(cells | changes, "here")]))


def test_ranks_never_mix_training_on_the_data_set_with_other_training(published):
    sizes = published.groupby(["setting", "noise_percent", "metric"])["trained_on"].nunique()
    setting, rate, metric = sizes.idxmax()
    for trained_on in published.loc[published["setting"] == setting, "trained_on"].unique():
        group = select(published, setting, metric, rate, trained_on)
        assert set(group["trained_on"]) == {trained_on}
        assert group["rank"].dropna().tolist()[:1] == [1]


def test_a_narrowed_group_is_ranked_among_itself(published):
    group = select(published, *RAFDB)
    some = narrow(group, {"backbone": ["ResNet-18"], "selection": []})
    assert set(some["backbone"]) == {"ResNet-18"}
    assert some["rank"].iloc[0] == 1
    assert (
        narrow(group, {"backbone": ["ResNet-18"]}, (2023, 2024))["year"].between(2023, 2024).all()
    )


def test_an_own_result_is_comparable_with_its_own_conditions_alone(published):
    group = select(published, *RAFDB)
    assert len(comparable_own(mine(), group)) == 1
    for changes in (
        {"classes": 8},
        {"dataset": "FERPlus"},
        {"noise_rate": 0.3, "noise_kind": "symmetric"},
        {"trained_on": "FERPlus"},
        {"metric": "mean class accuracy"},
    ):
        assert comparable_own(mine(**changes), group).empty


def test_the_place_of_a_result_is_the_rank_that_it_would_have(published):
    group = select(published, *RAFDB)
    first = group.iloc[0]
    assert place(100.0, group) == 1
    assert place(first["value"], group) == 1
    assert place(0.0, group) == group["rank"].notna().sum() + 1


def test_a_figure_of_the_validation_split_has_no_place_among_test_figures(published):
    group = select(published, *RAFDB)
    assert "rank" in place_sentence(mine().iloc[0], group)
    sentence = place_sentence(mine(eval_split="val").iloc[0], group)
    assert "validation split" in sentence
    assert "rank" not in sentence


def test_points_of_a_validation_split_are_of_another_kind_than_those_of_a_test_split(published):
    group = select(published, *RAFDB)
    measured = mine(eval_split="val").assign(options="")
    kinds = scatter_points(group, measured, mine())["kind"]
    assert VALIDATION in set(kinds)
    assert kinds.iloc[-1] == "yours"


@pytest.mark.parametrize("heights", [[1.0, 1.0, 1.0, 5.0], [3.0, 1.0, 2.0], [], [7.0]])
def test_names_are_spread_in_the_order_of_their_points(heights):
    placed = spread(heights, 1.0)
    pairs = sorted(zip(heights, placed, strict=True))
    ordered = [height for _, height in pairs]
    assert all(high - low >= 1 - 1e-9 for low, high in itertools.pairwise(ordered))
    assert sum(placed) == pytest.approx(sum(heights))


def test_names_that_have_room_stay_at_their_points():
    assert spread([3.0, 1.0, 2.0], 0.5) == [3.0, 1.0, 2.0]
