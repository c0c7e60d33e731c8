import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.datasets import Split
from fer_core.evaluation.compare import compare
from fer_core.evaluation.predictions import SplitPredictions
from fer_core.metrics.classification import confusion_matrix, mean_class_accuracy
from fer_core.metrics.intervals import mcnemar

CLASSES = ("neutral", "happiness", "anger")


def answering(labels, predicted, classes=CLASSES, names=None):
    labels = np.asarray(labels)
    names = names or tuple(f"{index}.png" for index in range(len(labels)))
    digests = np.array([list(name.ljust(16)[:16].encode()) for name in names], np.uint8)
    split = Split("test", np.empty((len(labels), 1, 1, 1)), labels, names, digests=digests)
    logits = np.eye(len(classes), dtype=np.float32)[np.asarray(predicted)]
    return SplitPredictions(classes, split, logits, {}, ())


def against(one, other, resamples=200):
    return compare(one, other, resamples=resamples, seed=0)


triples = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=80
)


@settings(max_examples=40, deadline=None)
@given(triples)
@pytest.mark.slow
def test_every_figure_agrees_with_its_definition(rows):
    labels, mine, theirs = (np.array(column) for column in zip(*rows, strict=True))
    found = against(answering(labels, mine), answering(labels, theirs))
    one, other = mine == labels, theirs == labels
    means = [mean_class_accuracy(confusion_matrix(labels, p, 3)) for p in (mine, theirs)]
    assert found.images == len(rows)
    assert found.accuracies == (one.mean(), other.mean())
    assert found.mean_class_accuracies == pytest.approx(means)
    assert found.difference.value == pytest.approx(one.mean() - other.mean())
    assert found.mean_class_accuracy_difference.value == pytest.approx(means[0] - means[1])
    assert found.mcnemar == mcnemar(int((one & ~other).sum()), int((other & ~one).sum()))


@settings(max_examples=40, deadline=None)
@given(triples)
def test_turning_the_models_round_turns_the_differences_round(rows):
    labels, mine, theirs = (np.array(column) for column in zip(*rows, strict=True))
    one, other = answering(labels, mine), answering(labels, theirs)
    there, back = against(one, other), against(other, one)
    assert back.difference.value == -there.difference.value
    assert back.mean_class_accuracy_difference.value == pytest.approx(
        -there.mean_class_accuracy_difference.value
    )
    assert back.mcnemar.p_value == there.mcnemar.p_value


def test_a_model_does_not_differ_from_itself():
    answers = answering([0, 1, 2, 2], [0, 1, 1, 2])
    found = against(answers, answers)
    assert found.difference == found.mean_class_accuracy_difference == (0, 0, 0)
    assert found.mcnemar.p_value == 1


def test_images_are_matched_by_name_and_only_common_ones_count():
    mine = answering([0, 1, 2, 1], [0, 1, 0, 0], names=("a", "b", "c", "d"))
    theirs = answering(
        [1, 0, 0], [1, 1, 0], classes=("happiness", "neutral"), names=("a", "d", "b")
    )
    found = against(mine, theirs)
    assert found.images == 3
    assert found.accuracies == pytest.approx((2 / 3, 2 / 3))
    assert (found.mcnemar.only_first, found.mcnemar.only_second) == (0, 0)


def test_models_without_a_common_image_are_refused():
    with pytest.raises(ValueError, match="no image in common whose class both know"):
        against(answering([0], [0], names=("a",)), answering([0], [0], names=("b",)))


def test_two_images_under_one_name_are_refused():
    mine, theirs = answering([0, 1], [0, 1]), answering([0, 1], [0, 1])
    theirs.split.digests[1, 0] += 1
    with pytest.raises(ValueError, match=r"different images under the name '1\.png'"):
        against(mine, theirs)
