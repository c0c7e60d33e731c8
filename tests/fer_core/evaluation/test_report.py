import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.datasets import Split
from fer_core.evaluation.compare import compare
from fer_core.evaluation.predictions import SplitPredictions
from fer_core.evaluation.report import assess, to_json
from fer_core.metrics import classification as metrics
from fer_core.metrics.calibration import CalibrationError, fit_temperature, in_second_half, softmax
from fer_core.metrics.intervals import wilson

CLASSES = ("neutral", "happiness", "anger")


def drawn(seed=0, count=300, sharpness=2.0, prefix="", slices=None):
    """SplitPredictions of a model that is right more often than not."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    logits = generator.standard_normal((count, 3)) + 1.5 * np.eye(3)[labels]
    names = tuple(f"{prefix}{index}.png" for index in range(count))
    digests = np.array([list(f"{seed:04d} {name}".ljust(16)[:16].encode()) for name in names])
    split = Split(
        "test", np.empty((count, 1, 1, 1)), labels, names, slices=slices or {},
        digests=digests.astype(np.uint8),
    )  # fmt: skip
    return SplitPredictions(CLASSES, split, (sharpness * logits).astype(np.float32), {}, ())


def figures(answers, **options):
    return assess(answers, **{"resamples": 200, "seed": 0, **options})


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 120))
@pytest.mark.slow
def test_every_figure_agrees_with_its_definition(seed, count):
    answers = drawn(seed, count)
    found, labels = figures(answers), answers.split.true_labels
    confusion = metrics.confusion_matrix(labels, answers.predicted, 3)
    confidences = softmax(answers.logits).max(1)
    assert (found.confusion == confusion).all()
    assert found.images == count == sum(group.images for group in found.classes.values())
    assert found.accuracy.value == pytest.approx(answers.correct.mean())
    assert found.mean_class_accuracy.value == pytest.approx(metrics.mean_class_accuracy(confusion))
    assert found.macro_f1 == metrics.macro_f1(confusion)
    assert found.ece == metrics.expected_calibration_error(confidences, answers.correct)
    picked = softmax(answers.logits)[np.arange(count), labels]
    assert found.nll == pytest.approx(-np.log(picked).mean())
    for index, (name, of) in enumerate(found.classes.items()):
        assert name == CLASSES[index]
        assert of.answers == (answers.predicted == index).sum()
        if of.images:
            assert of.recall == wilson(confusion[index, index], of.images)
            assert of.f1 == metrics.f1_scores(confusion)[index]
        else:
            assert of.recall is None is of.f1
        if of.answers:
            assert of.precision == confusion[index, index] / of.answers
        else:
            assert of.precision is None


def test_the_same_seed_gives_the_same_figures_and_another_one_other_intervals():
    answers = drawn()
    one, again, other = figures(answers), figures(answers), figures(answers, seed=1)
    assert to_json(one) == to_json(again)
    assert one.accuracy.value == other.accuracy.value
    assert one.mean_class_accuracy != other.mean_class_accuracy


def test_each_half_is_calibrated_by_the_other():
    answers = drawn(sharpness=8)
    found, second = figures(answers).calibration, in_second_half(answers.split.names)
    expected = [
        fit_temperature(answers.logits[half], answers.split.true_labels[half])
        for half in (second, ~second)
    ]
    assert found is not None
    assert (found.fitted_on, found.images, found.repeated) == ("other half", 300, 0)
    assert found.temperatures == tuple(expected)


def test_a_temperature_makes_a_model_that_is_too_sure_better_calibrated():
    found = figures(drawn(count=2000, sharpness=8))
    assert found.calibration is not None
    assert found.calibration.nll < found.nll / 2
    assert found.calibration.ece < found.ece / 3
    assert min(found.calibration.temperatures) > 3


def test_a_temperature_of_other_images_is_fitted_on_these_alone():
    answers, others = drawn(0), drawn(1, count=90)
    found = figures(answers, calibrate_on=others).calibration
    temperature = fit_temperature(others.logits, others.split.true_labels)
    confidences = softmax(answers.logits, temperature).max(1)
    assert found is not None
    assert (found.fitted_on, found.images, found.repeated) == ("other images", 90, 0)
    assert found.temperatures == (temperature,)
    assert found.ece == metrics.expected_calibration_error(confidences, answers.correct)


def test_images_to_calibrate_on_that_are_assessed_too_are_counted():
    answers = drawn(0)
    digests = drawn(1, count=90).split.digests.copy()
    digests[:7] = answers.split.digests[:7]
    others = drawn(1, count=90)
    others = others._replace(split=others.split._replace(digests=digests))
    found = figures(answers, calibrate_on=others).calibration
    assert found is not None
    assert found.repeated == 7
    with pytest.raises(CalibrationError, match="are those that are assessed: name others"):
        figures(answers, calibrate_on=answers)


def test_too_few_images_have_no_calibration_but_may_not_be_named_for_it():
    assert figures(drawn(count=90)).calibration is None
    with pytest.raises(CalibrationError, match="at least 50 images to be fitted on, got 49"):
        figures(drawn(0), calibrate_on=drawn(1, count=49))


def test_the_accuracy_without_training_images_is_that_of_the_other_images():
    answers = drawn()
    found = figures(answers, training_digests=answers.split.digests[100:])
    assert found.unseen is not None
    assert (found.unseen.images, found.unseen.left_out) == (100, 200)
    assert found.unseen.accuracy is not None
    assert found.unseen.accuracy.value == answers.correct[:100].mean()
    nothing = figures(answers, training_digests=answers.split.digests).unseen
    assert nothing == (0, 300, None)
    assert figures(answers).unseen is None


def test_every_group_has_its_accuracy_with_an_interval():
    slices = {"age": ("0-3", "70+", "70+") * 30, "gender": ("female",) * 90}
    answers = drawn(count=90, slices=slices)
    found = figures(answers).slices
    young = answers.correct[::3]
    assert found["age"]["0-3"] == (30, wilson(int(young.sum()), 30))
    assert sum(group.images for group in found["age"].values()) == 90
    assert found["gender"]["female"].accuracy.value == answers.correct.mean()


def test_the_json_values_are_plain_and_hold_no_number_that_json_does_not_know():
    answers = drawn(count=2)
    values = to_json(figures(answers, training_digests=answers.split.digests))
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["accuracy"].keys() == {"value", "interval"}
    assert values["unseen"] == {"images": 0, "left_out": 2, "accuracy": None}
    comparison = compare(answers, answers, resamples=100, seed=0)
    values = to_json(comparison)
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["mcnemar"]["test"] == "exact binomial"
