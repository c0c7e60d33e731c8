"""Published curves beside our own: only what compares."""

import pytest

from dashboard.analysis.comparison import noise_points, noise_summary
from dashboard.analysis.noise import MEASURES
from dashboard.analysis.published import UNRANKED, read_published
from dashboard.analysis.published_curves import incomparable_note, reference_curves
from dashboard.charts.noise import noise_figure
from dashboard.data.names import read_folders
from fer_core.records.published import BACKBONES


@pytest.fixture
def points_of(tmp_path, write_run):
    """The function that makes the points of runs at 0 and 30 % noise."""

    def make(**options):
        for rate in (0.0, 0.3):
            write_run(tmp_path, rate=rate, **options)
        return noise_points(read_folders([tmp_path]).table)

    return make


@pytest.mark.slow
def test_only_rows_of_the_same_data_classes_metric_and_noise_are_references(points_of):
    published = read_published()
    curves = reference_curves(published, points_of(data="rafdb"))
    comparable = published[
        (published["dataset"] == "RAF-DB")
        & (published["classes"] == 7)
        & (published["metric"] == "accuracy")
        & ~published["trust"].isin(UNRANKED)
    ]
    drawn = set(zip(curves["method"], curves["noise_percent"], curves["value"], strict=True))
    known = zip(comparable["method"], comparable["noise_percent"], comparable["value"], strict=True)
    assert drawn < set(known)
    assert {"EAC", "SCN", "RUL", "LA-Net", "cross-entropy"} <= set(curves["method"])


@pytest.mark.parametrize("data", ["ferplus", "affectnet", "synthetic", "folder"])
@pytest.mark.slow
def test_the_curves_of_other_data_are_never_drawn(points_of, data):
    rafdb = read_published().query("dataset == 'RAF-DB'")
    assert reference_curves(rafdb, points_of(data=data)).empty


def test_runs_with_other_classes_have_no_references_and_the_page_says_why(points_of):
    published = read_published()
    points = points_of(data="ferplus").assign(classes=8)
    assert reference_curves(published, points).empty
    text = incomparable_note(published, points)
    assert "7 classes" in text
    assert "these runs have 8" in text


@pytest.mark.slow
def test_a_number_of_classes_that_is_not_stated_is_no_match(points_of):
    published = read_published()
    points = points_of(data="ferplus")
    curves = reference_curves(published, points)
    assert set(curves["method"]) == {"EAC"}  # the only one that says 7
    assert "unknown number of classes" in incomparable_note(published, points)


def test_the_page_names_incomparable_results_only_if_there_are_some(points_of):
    assert incomparable_note(read_published(), points_of(data="rafdb")) == ""


@pytest.mark.slow
def test_noise_of_another_kind_has_no_references(points_of):
    points = points_of(data="rafdb").assign(kind="rater")
    assert reference_curves(read_published(), points).empty
    assert incomparable_note(read_published(), points) == ""


@pytest.mark.slow
def test_a_curve_has_two_rates_and_one_figure_at_each(points_of):
    curves = reference_curves(read_published(), points_of(data="rafdb"))
    assert not curves.duplicated(["curve", "noise_percent"]).any()
    assert curves.groupby("curve").size().min() >= 2
    assert (curves.groupby("curve")["selection"].nunique() == 1).all()


@pytest.mark.slow
def test_the_same_backbone_is_marked_and_weights_do_not_matter(points_of):
    points = points_of(data="rafdb")
    curves = reference_curves(read_published(), points)
    assert set(curves.loc[curves["same_backbone"], "backbone"]) == {"MobileNetV2"}
    tagged = points.assign(backbone="resnet50.tv2_in1k")
    curves = reference_curves(read_published(), tagged)
    assert set(curves.loc[curves["same_backbone"], "backbone"]) == {"ResNet-50"}
    other = reference_curves(read_published(), points.assign(backbone="test_resnet"))
    assert not other["same_backbone"].any()


def test_every_backbone_that_is_known_stands_in_the_published_table():
    assert set(BACKBONES.values()) <= set(read_published()["backbone"])


@pytest.mark.slow
def test_a_published_curve_is_dotted_and_says_backbone_and_weights(points_of):
    points = points_of(data="rafdb")
    curves = reference_curves(read_published(), points)
    figure = noise_figure(points, noise_summary(points), curves, MEASURES["Accuracy"])
    published = [trace for trace in figure.data if trace.name.startswith("published: ")]
    assert len(published) == curves["curve"].nunique()
    assert all(trace.line.dash == "dot" for trace in published)
    (mobile,) = [trace for trace in published if "EAC · MobileNetV2" in trace.name]
    assert "MobileNetV2, pre-training: ImageNet-1k" in mobile.hovertemplate
    assert list(mobile.y) == [86.47, 82.63, 81.65, 79.82]
