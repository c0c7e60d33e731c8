"""Confusions, recalls, calibration and groups of people."""

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from dashboard.analysis.classes import (
    BINS,
    calibration,
    class_tints,
    confusion_difference,
    confusion_frame,
    recall_table,
    same_images,
    slice_table,
)
from dashboard.charts.classes import (
    calibration_figure,
    confusion_figure,
    difference_figure,
    recall_figure,
    slices_figure,
)
from dashboard.data.names import Confusion
from fer_core.metrics.classification import expected_calibration_error
from fer_core.records.predictions import Prediction, write_predictions
from fer_core.records.run import read_run

ABC = ("a", "b", "c")
SHADES = ("#4477aa", "#ee6677", "#228833")
FIRST = Confusion(ABC, ((3, 1, 0), (0, 0, 0), (1, 0, 1)), SHADES)
SECOND = Confusion(ABC, ((1, 2, 1), (0, 0, 0), (0, 2, 0)), SHADES)
COLOURS = {"one": "#1F83C4", "two": "#D55E00"}
NAMES = {"one": "EAC", "two": "baseline"}


@pytest.fixture
def folders(tmp_path, write_run):
    """Two runs with 400 answers each, the second one too sure of itself."""
    generator = np.random.default_rng(0)
    paths = {}
    for run, shift in (("one", 0.0), ("two", 0.3)):
        paths[run] = write_run(tmp_path, name=run)
        sure = generator.uniform(0.2, 1, 400)
        right = generator.random(400) < sure - shift
        labels = generator.integers(0, 7, 400)
        predicted = np.where(right, labels, (labels + 1) % 7)
        rows = zip(labels, predicted, sure, strict=True)
        write_predictions(
            paths[run],
            [Prediction(f"{i}.png", int(a), int(b), float(c)) for i, (a, b, c) in enumerate(rows)],
        )
    return paths


def with_slices(path, slices):
    run = json.loads((path / "run.json").read_text())
    run["result"]["slices"] = slices
    (path / "run.json").write_text(json.dumps(run))
    return read_run(path)


def test_confusion_rows_add_up_to_hundred_and_an_empty_class_has_none():
    table = confusion_frame(FIRST, normalise=True)
    assert table.loc["a"].tolist() == [75, 25, 0]
    assert table.loc["b"].isna().all()
    assert confusion_frame(FIRST, normalise=False).to_numpy().sum() == 6


def test_a_difference_is_in_points_of_each_label_and_its_rows_add_up_to_none():
    table = confusion_difference(FIRST, SECOND)
    assert table.loc["a"].tolist() == [50, -25, -25]
    assert table.loc["b"].isna().all()
    np.testing.assert_allclose(table.loc[["a", "c"]].sum(axis=1), 0)
    np.testing.assert_allclose(confusion_difference(SECOND, FIRST), -table)


def test_runs_of_other_classes_have_no_difference():
    other = Confusion(("a", "b", "d"), FIRST.counts, SHADES)
    with pytest.raises(ValueError, match="a, b, c and a, b, d"):
        confusion_difference(FIRST, other)
    assert not same_images(FIRST, other)


def test_as_many_images_of_each_class_are_taken_for_the_same_images():
    assert same_images(FIRST, SECOND)
    assert not same_images(FIRST, Confusion(ABC, ((3, 1, 1), (0, 0, 0), (1, 0, 1)), SHADES))


def test_a_group_of_seeds_and_a_single_run_may_have_the_same_images():
    five = Confusion(ABC, tuple(tuple(5 * n for n in row) for row in FIRST.counts), SHADES)
    assert same_images(five, SECOND)
    assert same_images(SECOND, five)


def test_recalls_have_wilsons_interval_and_empty_classes_no_row():
    table = recall_table({"one": FIRST, "two": SECOND}, NAMES)
    assert table["class"].tolist() == ["a", "c", "a", "c"]
    assert table["recall"].tolist() == pytest.approx([75, 50, 25, 0])
    expected = binomtest(3, 4).proportion_ci(0.95, method="wilson")
    assert table.loc[0, ["low", "high"]].tolist() == pytest.approx(
        [100 * expected.low, 100 * expected.high]
    )


def test_the_calibration_error_is_the_projects_own_and_follows_from_the_curve(folders):
    found = calibration(folders, NAMES)
    assert found.problems == []
    for run, folder in folders.items():
        rows = [line.split(",") for line in (folder / "predictions.csv").read_text().split()[1:]]
        sure = np.array([float(row[3]) for row in rows])
        right = np.array([row[1] == row[2] for row in rows])
        error = found.errors.set_index("run").loc[run]
        assert error["ece"] == pytest.approx(100 * expected_calibration_error(sure, right))
        curve = found.curve[found.curve["run"] == run]
        gaps = (curve["accuracy"] - curve["confidence"]).abs()
        assert np.average(gaps, weights=curve["images"]) == pytest.approx(error["ece"])
        assert curve["images"].sum() == error["images"] == 400
    assert found.errors["ece"].iloc[1] > found.errors["ece"].iloc[0]


def test_a_point_lies_in_its_bin_within_its_interval(folders):
    curve = calibration(folders, NAMES).curve
    half = 50 / BINS
    assert ((curve["confidence"] - curve["middle"]).abs() <= half + 1e-9).all()
    assert (curve["low"] <= curve["accuracy"]).all()
    assert (curve["accuracy"] <= curve["high"]).all()


def test_a_confidence_of_one_belongs_to_the_last_bin(tmp_path, write_run):
    path = write_run(tmp_path)
    write_predictions(path, [Prediction("a.png", 0, 0, 1.0), Prediction("b.png", 0, 1, 0.0)])
    curve = calibration({"one": path}, {"one": "EAC"}).curve
    assert curve["middle"].tolist() == pytest.approx([50 / BINS, 100 - 50 / BINS])
    assert curve["accuracy"].tolist() == [0, 100]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("image,label,predicted,confidence\n", "no predictions.csv"),
        ("image,label\na,0\n", "cannot be read"),
        ("image,label,predicted,confidence\na,0,0,1.4\n", "outside [0, 1]"),
        ("image,label,predicted,confidence\na,0,0,nan\n", "outside [0, 1]"),
    ],
)
def test_predictions_that_are_missing_or_broken_are_named_and_the_rest_is_shown(
    folders, text, reason
):
    (folders["one"] / "predictions.csv").write_text(text)
    found = calibration(folders, NAMES)
    assert len(found.problems) == 1
    assert found.problems[0].startswith("EAC: ")
    assert reason in found.problems[0]
    assert set(found.curve["run"]) == {"two"}


def test_without_predictions_the_curve_is_empty(tmp_path, write_run):
    found = calibration({"one": write_run(tmp_path)}, {"one": "EAC"})
    assert found.curve.empty
    assert found.errors.empty


def test_groups_of_people_have_wilsons_interval(tmp_path, write_run):
    groups = {"female": {"images": 40, "accuracy": 0.75}, "male": {"images": 10, "accuracy": 1.0}}
    record = with_slices(write_run(tmp_path), {"gender": groups})
    table = slice_table({"one": record}, NAMES)
    assert table["value"].tolist() == ["female", "male"]
    expected = binomtest(30, 40).proportion_ci(0.95, method="wilson")
    assert table.loc[0, ["accuracy", "low", "high"]].tolist() == pytest.approx(
        [75, 100 * expected.low, 100 * expected.high]
    )


def test_a_record_without_groups_has_no_rows(tmp_path, write_run):
    assert slice_table({"one": read_run(write_run(tmp_path))}, NAMES).empty


@pytest.mark.parametrize(
    "slices",
    [
        {"gender": 3},
        {"gender": {"female": {"images": 3}}},
        {"gender": {"female": {"images": 0, "accuracy": 0}}},
        {"gender": {"female": {"images": "many", "accuracy": 1}}},
        {"gender": {"female": {"images": 5, "accuracy": 7}}},
        ["gender"],
    ],
)
def test_groups_that_cannot_be_read_are_named(tmp_path, write_run, slices):
    record = with_slices(write_run(tmp_path), slices)
    with pytest.raises(ValueError, match="the slices of one cannot be read"):
        slice_table({"one": record}, NAMES)


def test_the_confusion_chart_has_labels_down_and_predictions_across():
    table = confusion_frame(FIRST, normalise=True)
    figure = confusion_figure(table, True, FIRST.tints())
    (heat,) = figure.data
    np.testing.assert_array_equal(heat.z, table.to_numpy())
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == (
        "Prediction",
        "Label",
    )
    assert figure.layout.yaxis.autorange == "reversed"


def test_classes_of_any_name_are_names_on_the_axes_in_their_colours():
    names = ("1", "2024-01", "<b>眠い")
    confusion = Confusion(names, FIRST.counts, SHADES)
    figure = confusion_figure(confusion_frame(confusion, normalise=True), True, confusion.tints())
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert axis.type == "category"
        assert axis.tickvals == names
        assert axis.ticktext == (
            '<span style="color:#4477aa">■</span> 1',
            '<span style="color:#ee6677">■</span> 2024-01',
            '<span style="color:#228833">■</span> &lt;b&gt;眠い',
        )


def test_a_class_called_label_does_not_stop_the_table():
    confusion = Confusion(("label", "b", "c"), FIRST.counts, SHADES)
    table = confusion_frame(confusion, normalise=False).reset_index(allow_duplicates=True)
    assert list(table.columns) == ["label", "label", "b", "c"]


def test_the_colour_of_a_class_is_that_of_the_first_run_that_has_it():
    other = Confusion(("a", "d", "e"), FIRST.counts, ("#111111", "#222222", "#333333"))
    assert class_tints([FIRST, other]) == {**FIRST.tints(), "d": "#222222", "e": "#333333"}


def test_the_difference_has_none_in_the_middle_of_its_colours_and_no_sign_for_it():
    table = confusion_difference(FIRST, SECOND)
    (heat,) = difference_figure(table, "EAC", "baseline", FIRST.tints()).data
    assert heat.zmin == -heat.zmax == -100
    assert list(heat.text[0]) == ["+50", "-25", "-25"]
    assert list(heat.text[1]) == ["", "", ""]
    (equal,) = difference_figure(
        confusion_difference(FIRST, FIRST), "EAC", "EAC", FIRST.tints()
    ).data
    assert list(equal.text[0]) == ["0", "0", "0"]
    assert equal.zmax == 1


def test_recalls_stand_side_by_side_with_their_images_and_intervals():
    table = recall_table({"one": FIRST, "two": SECOND}, NAMES)
    figure = recall_figure(table, COLOURS, FIRST.tints())
    assert [trace.name for trace in figure.data] == ["EAC", "baseline"]
    assert figure.layout.scattermode == "group"
    assert [text.partition("■</span> ")[2] for text in figure.layout.xaxis.ticktext] == [
        "a<br>n = 4",
        "c<br>n = 2",
    ]
    drawn = [(x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)]
    assert drawn == list(zip(table["class"], table["recall"], strict=True))
    first = figure.data[0]
    assert first.y[0] + first.error_y.array[0] == pytest.approx(table.loc[0, "high"])
    assert first.y[0] - first.error_y.arrayminus[0] == pytest.approx(table.loc[0, "low"])


def test_runs_on_other_images_name_no_number_of_images():
    other = Confusion(ABC, ((6, 2, 0), (0, 0, 0), (1, 0, 1)), SHADES)
    figure = recall_figure(
        recall_table({"one": FIRST, "two": other}, NAMES), COLOURS, FIRST.tints()
    )
    assert not any("n = " in text for text in figure.layout.xaxis.ticktext)


@pytest.mark.slow
def test_the_calibration_chart_draws_its_table_and_the_line_of_equality(folders):
    curve = calibration(folders, NAMES).curve
    figure = calibration_figure(curve, COLOURS)
    equality, *traces = figure.data
    assert list(equality.x) == list(equality.y)
    points, bars = traces[::2], traces[1::2]
    assert [y for trace in points for y in trace.y] == curve["accuracy"].tolist()
    assert [x for trace in points for x in trace.x] == curve["confidence"].tolist()
    assert [y for trace in bars for y in trace.y] == curve["images"].tolist()
    assert [x for trace in bars for x in trace.x] == curve["middle"].tolist()


def test_the_chart_of_groups_draws_its_table(tmp_path, write_run):
    groups = {"female": {"images": 40, "accuracy": 0.75}, "male": {"images": 10, "accuracy": 1.0}}
    table = slice_table({"one": with_slices(write_run(tmp_path), {"gender": groups})}, NAMES)
    figure = slices_figure(table, COLOURS)
    assert figure.layout.title.text == "Accuracy by gender"
    assert list(figure.data[0].y) == [75, 100]
    assert list(figure.data[0].x) == ["female", "male"]
