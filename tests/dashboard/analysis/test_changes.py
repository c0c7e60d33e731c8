"""Images that change sides between two models, from made-up predictions."""

import numpy as np
import pandas as pd
import pytest

from dashboard.analysis.change_sides import find_sides
from dashboard.analysis.changes import (
    GAINED,
    LOST,
    ChangeError,
    by_class,
    cell_tests,
    change_sentence,
    changes_by,
    compare_sides,
    holm,
    image_rows,
)
from dashboard.charts.changes import chance_figure, changes_figure
from dashboard.data.names import read_folders
from fer_core.records.predictions import Prediction, write_predictions

CLASSES = ("anger", "fear", "joy")
NAMES = ("baseline · seed 0", "EAC · seed 0")


def write(folder, labels, predicted, confidence=0.9):
    folder.mkdir()
    rows = [
        Prediction(f"face_{number:03}", label, answer, confidence)
        for number, (label, answer) in enumerate(zip(labels, predicted, strict=True))
    ]
    write_predictions(folder, reversed(rows))
    return folder


@pytest.fixture
def folders(tmp_path):
    """Anger is always right; the first sees every fear as joy, the second only one in ten."""
    labels = [0] * 20 + [1] * 20 + [2] * 4
    first = [0] * 20 + [2] * 20 + [2, 2, 0, 2]
    second = [0] * 20 + [1] * 18 + [2] * 2 + [2, 0, 2, 2]
    return {
        "one": write(tmp_path / "one", labels, first),
        "two": write(tmp_path / "two", labels, second),
    }


def test_each_image_is_gained_lost_or_neither_and_the_sentence_counts_them(folders):
    images = compare_sides(folders, ["one"], ["two"]).images
    assert images.loc["face_020", "change"] == GAINED
    assert images.loc["face_041", "change"] == LOST
    assert images.loc["face_000", "change"] == ""
    assert images["change"].value_counts().to_dict() == {"": 24, GAINED: 19, LOST: 1}
    sentence = change_sentence(images, *NAMES)
    assert "19 of 44 images change from wrong to right and 1 from right to wrong" in sentence
    assert "+40.9 points, a significant difference (McNemar's test, p < 0.0001)" in sentence


def test_a_difference_that_rounds_to_zero_has_no_minus(tmp_path):
    labels = [0] * 2501
    first, second = [1] + [0] * 2500, [0, 1, 1] + [0] * 2498
    folders = {
        "one": write(tmp_path / "one", labels, first),
        "two": write(tmp_path / "two", labels, second),
    }
    images = compare_sides(folders, ["one"], ["two"]).images
    assert ": +0.0 points, not a significant difference" in change_sentence(images, *NAMES)


def test_a_side_of_several_seeds_is_right_if_more_than_half_of_them_are(tmp_path):
    labels = [0, 0, 0]
    folders = {
        "base": write(tmp_path / "base", labels, [1, 1, 1]),
        "a": write(tmp_path / "a", labels, [0, 0, 1], 0.9),
        "b": write(tmp_path / "b", labels, [0, 1, 1], 0.5),
    }
    images = compare_sides(folders, ["base"], ["a", "b"]).images
    assert images["second_right"].tolist() == [1.0, 0.5, 0.0]
    assert images["change"].tolist() == [GAINED, "", ""]  # half is not more than half
    assert images["second_predicted"].tolist() == [0, 1, 1]  # half of them: wrong, and shown so
    assert images["second_confidence"].tolist() == pytest.approx([0.7] * 3)


def test_a_side_that_is_wrong_shows_its_most_frequent_wrong_prediction(tmp_path):
    answers = {"a": [0, 2], "b": [0, 2], "c": [1, 0], "d": [2, 0], "e": [2, 1]}
    folders = {
        name: write(tmp_path / name, [0, 0], predicted) for name, predicted in answers.items()
    }
    folders["right"] = write(tmp_path / "right", [0, 0], [0, 0])
    images = compare_sides(folders, list(answers), ["right"]).images
    assert images["change"].tolist() == [GAINED, GAINED]
    assert images["first_predicted"].tolist() == [2, 2]  # two of five are right in both
    assert images["second_predicted"].tolist() == [0, 0]


def test_of_equally_frequent_predictions_the_surer_is_shown(tmp_path):
    folders = {
        "a": write(tmp_path / "a", [0], [1], 0.5),
        "b": write(tmp_path / "b", [0], [2], 0.9),
    }
    images = compare_sides(folders, ["a", "b"], ["a"]).images
    assert images["first_predicted"].tolist() == [2]


def test_changes_by_class_are_in_the_order_of_the_classes_with_adjusted_tests(folders):
    table = by_class(compare_sides(folders, ["one"], ["two"]).images, CLASSES)
    assert table["class"].tolist() == list(CLASSES)
    assert table["gained"].tolist() == [0, 18, 1]
    assert table["lost"].tolist() == [0, 0, 1]
    assert table["net_points"].tolist() == [0, 90, 0]
    assert (table["p_value"] < 0.05).tolist() == [False, True, False]


def test_images_without_a_group_are_left_out(folders):
    images = compare_sides(folders, ["one"], ["two"]).images
    groups = pd.Series(np.nan, index=images.index, dtype=object)
    groups.iloc[20:30] = "most agree"
    table = changes_by(images, groups, "agreement")
    assert table[["agreement", "images", "gained"]].to_numpy().tolist() == [["most agree", 10, 10]]
    unknown = pd.Series(np.nan, index=images.index)
    assert changes_by(images, unknown, "agreement").empty


def test_cells_that_chance_explains_are_known(folders):
    tests = cell_tests(compare_sides(folders, ["one"], ["two"]), CLASSES)
    assert tests.points.loc["fear"].tolist() == [0, 90, -90]
    assert tests.chance.loc["fear"].tolist() == [True, False, False]
    assert tests.chance.loc[["anger", "joy"]].to_numpy().all()
    assert tests.p_values.loc["fear", "joy"] > 2 * 0.5**18  # of one test alone


def test_holm_multiplies_by_the_tests_that_are_left_and_stays_in_order():
    assert holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])
    assert holm(np.array([0.9, 0.8])).max() == 1
    assert not len(holm(np.array([])))


def test_the_changed_images_are_listed_surest_first(folders, tmp_path):
    folders["three"] = write(
        tmp_path / "three", [0] * 20 + [1] * 20 + [2] * 4, [0] * 20 + [1] * 19 + [2] * 5, 0.4
    )
    images = compare_sides(folders, ["one"], ["two", "three"]).images
    agreement = pd.Series({"face_020": 0.8})
    rows = image_rows(images, CLASSES, agreement)
    assert rows["image"].iloc[0] == "face_020"
    assert rows.iloc[0][["label", "first_predicted", "second_predicted"]].tolist() == [
        "fear",
        "joy",
        "fear",
    ]
    assert rows["agreement"].iloc[0] == 0.8
    assert rows["change"].tolist() == [GAINED] * 19 + [LOST]  # right in one seed of two: less sure
    assert "agreement" not in image_rows(images, CLASSES)


def test_missing_repeated_and_other_images_are_one_sentence(folders, tmp_path):
    (tmp_path / "none").mkdir()
    others = {
        "none": tmp_path / "none",
        "short": write(tmp_path / "short", [0], [0]),
        "broken": write(tmp_path / "broken", [0], [0]),
    }
    (tmp_path / "broken" / "predictions.csv").write_text("image,true_label\nx,y\n")
    folders |= others
    with pytest.raises(ChangeError, match=r"none has no predictions\.csv"):
        compare_sides(folders, ["one"], ["none"])
    with pytest.raises(ChangeError, match="not evaluated on the same images"):
        compare_sides(folders, ["one"], ["short"])
    with pytest.raises(ChangeError, match="short was not evaluated on the same images as one"):
        compare_sides(folders, ["one", "short"], ["two"])
    with pytest.raises(ChangeError, match="not a table of predictions"):
        compare_sides(folders, ["one"], ["broken"])


def test_figures_name_both_sides_and_grey_the_cells_that_chance_explains(folders):
    found = compare_sides(folders, ["one"], ["two"])
    bars = changes_figure(by_class(found.images, CLASSES), "class", NAMES)
    assert [list(trace.text) for trace in bars.data] == [["0", "18", "1"], ["0", "0", "1"]]
    assert list(bars.data[1].x) == [0, 0, -25]
    tests = cell_tests(found, CLASSES)
    heat = chance_figure(tests, NAMES, dict.fromkeys(CLASSES, "#808080"))
    coloured, grey = heat.data
    assert list(coloured.text[1]) == ["", "+90", "-90"]
    assert list(grey.text[1]) == ["0", "", ""]
    for figure in bars, heat:
        assert all(name in figure.layout.title.text for name in NAMES)


def test_sides_are_methods_over_seeds_then_runs_and_begin_with_the_noisiest_pair(eight_records):
    sides, first = find_sides(read_folders([eight_records]).table)
    assert [len(side.runs) for side in sides] == [2] * 4 + [1] * 8
    assert len({side.name for side in sides}) == len(sides)
    by_name = {side.name: side for side in sides}
    assert [by_name[name].short for name in first] == [
        "baseline · 30 % symmetric noise · 2 seeds",
        "EAC · 30 % symmetric noise · 2 seeds",
    ]
    assert len({side.tested_on for side in sides}) == 1


def test_sides_are_named_by_the_options_that_tell_them_apart(tmp_path, write_run):
    for seed in (0, 1):
        write_run(tmp_path, seed=seed)
        write_run(tmp_path, seed=seed, ema_decay=0.999, name=f"averaged-{seed}")
    sides, _ = find_sides(read_folders([tmp_path]).table)
    names = [side.name for side in sides if len(side.runs) > 1]
    common = "EAC · mobilenetv2_100 · synthetic faces · 30 % symmetric · 48 px · 6 epochs"
    assert sorted(names) == [f"{common} · 2 seeds", f"{common} · ema decay 0.999 · 2 seeds"]
