"""Tables and sentences of the robustness page."""

import pytest

from dashboard.analysis.robustness import (
    MEASURES,
    comparison_names,
    headline,
    model_labels,
    model_summary,
    of_kinds,
    robustness_points,
    second_sentence,
)
from fer_core.reporting.robustness_data import read_robustness


@pytest.fixture
def read(tmp_path, write_robustness):
    """The comparisons of made-up files, from the arguments of each."""

    def read_all(*files):
        paths = [
            write_robustness(tmp_path / f"{number}.json", **changed)
            for number, changed in enumerate(files)
        ]
        return read_robustness(paths)

    return read_all


def points_of(comparison):
    return robustness_points(model_labels(comparison.models))


def test_points_hold_every_figure_in_percent_and_the_clean_images(read):
    points = points_of(*read({"name": "one"}))
    clean, mild = points.iloc[0], points.iloc[1]
    assert clean[["kind", "level", "accuracy"]].tolist() == ["clean", 0, 88]
    assert mild[["kind", "level", "strength", "side"]].tolist() == ["noise", 1, 5, 48]
    figures = mild[["accuracy", "low", "high", "mean_class_accuracy", "ece", "confidence"]]
    assert figures.tolist() == pytest.approx([78, 75, 80, 68, 9, 87])
    assert mild[["lost", "lost_low", "lost_high"]].tolist() == pytest.approx([10, 8, 12])
    assert len(points) == 1 + 3 + 3


def test_corruptions_are_chosen_and_the_clean_images_stay(read):
    points = of_kinds(points_of(*read({"name": "one"})), ["jpeg"])
    assert points["kind"].tolist() == ["clean", *["jpeg"] * 3]


def test_the_bundled_model_is_named_first_then_the_more_accurate(read):
    (comparison,) = read(
        {"name": "weak", "clean": 0.8}, {"name": "strong", "clean": 0.9}, {"name": "bundled"}
    )
    assert [label.split(" ")[0] for label in model_labels(comparison.models)] == [
        "bundled",
        "strong",
        "weak",
    ]


def test_models_of_one_name_have_different_labels(read):
    (comparison,) = read({"name": "one"}, {"name": "one", "step": 0.2}, {"name": "one"})
    labels = list(model_labels(comparison.models))
    assert len(comparison.models) == len(labels) == 2
    assert all("weights" in label for label in labels)


def test_the_comparison_of_the_bundled_model_comes_first_and_names_differ(read):
    comparisons = read(
        {"name": "one", "seed": 3},
        {"name": "two", "kinds": ("noise",)},
        {"name": "three", "kinds": ("blur",)},
        {"name": "bundled"},
    )
    names = comparison_names(comparisons)
    assert len(names) == 4
    first = comparisons[next(iter(names.values()))]
    assert [model.name for model in first.models] == ["bundled"]


def test_models_on_other_images_of_a_data_set_with_the_same_name_are_not_compared(read):
    models = [("one", "a"), ("two", "b"), ("three", "a")]
    comparisons = read(*[{"name": name, "content": image * 64} for name, image in models])
    found = [[model.name for model in comparison.models] for comparison in comparisons]
    assert found == [["one", "three"], ["two"]]
    names = list(comparison_names(comparisons))
    assert ["aaaaaaaa" in names[0], "bbbbbbbb" in names[1]] == [True, True]
    assert "hash" not in next(iter(comparison_names(comparisons[:1])))


def test_each_measure_has_a_headline_of_its_own(read):
    points = points_of(*read({"name": "one"}))
    told = {name: headline(points, measure) for name, measure in MEASURES.items()}
    assert "costs one (flip TTA) the most accuracy: 30.0 points" in told["Accuracy"]
    assert "from 78.0 to 48.0 %" in told["Mean class accuracy"]
    assert "noise at 25 (standard deviation, grey levels): ECE 29.0 %" in told["ECE"]
    assert "mean confidence 87.0 %, accuracy 58.0 %" in told["Mean confidence"]


def test_losses_within_chance_and_underconfidence_are_not_called_costs(read):
    points = points_of(*read({"name": "one", "step": 0.005}))
    told = {name: headline(points, measure) for name, measure in MEASURES.items()}
    assert "a significant amount of accuracy" in told["Accuracy"]
    better = points_of(*read({"name": "one", "step": -0.01}))
    assert "No corruption shown" in headline(better, MEASURES["Mean class accuracy"])
    assert "not overconfident at any strength" in headline(better, MEASURES["Mean confidence"])


def test_the_largest_significant_loss_is_named_though_a_larger_one_may_be_chance(read):
    points = points_of(*read({"name": "one"}))
    points.loc[points["kind"] == "noise", "lost_low"] = -1.0
    told = headline(points, MEASURES["Accuracy"])
    assert told.startswith("JPEG at 5 (JPEG quality) costs one (flip TTA) the most accuracy among ")
    assert "the significant losses: 15.0 points" in told


def test_the_summary_has_means_and_worst_strengths(read):
    points = points_of(*read({"name": "bundled"}, {"name": "camera", "step": 0.02}))
    summary = model_summary(points)
    assert summary["corrupted"].tolist() == pytest.approx([73, 85])
    assert summary["worst"].tolist() == pytest.approx([58, 82])
    assert summary["worst_at"].tolist() == ["noise 25", "noise 25"]
    assert second_sentence(points).index("camera") < second_sentence(points).index("bundled")
    assert second_sentence(points_of(*read({"name": "bundled"}))) == ""
