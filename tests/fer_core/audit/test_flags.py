import numpy as np

from fer_core.audit.flags import flag_labels

CHANCES = np.array([[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.1, 0.9], [0.95, 0.05], [0.55, 0.45]])
LABELS = np.array([0, 0, 1, 1, 1, 1])


def test_as_many_are_flagged_as_the_model_is_sure_of_and_the_ranking_says_which():
    flags = flag_labels(CHANCES, LABELS, np.array([4, 5, 0, 1, 2, 3]), None)
    assert flags.suggested.tolist() == [0, 0, 1, 1, 0, 0]
    assert np.flatnonzero(flags.flagged).tolist() == [4]  # sure of one, unsure of image 5
    other = flag_labels(CHANCES, LABELS, np.array([0, 5, 4, 1, 2, 3]), None)
    assert np.flatnonzero(other.flagged).tolist() == [5]


def test_a_number_flags_the_first_whose_suggestion_differs():
    order = np.array([0, 5, 4, 1, 2, 3])
    assert np.flatnonzero(flag_labels(CHANCES, LABELS, order, 1).flagged).tolist() == [5]
    assert np.flatnonzero(flag_labels(CHANCES, LABELS, order, 9).flagged).tolist() == [4, 5]
    assert not flag_labels(CHANCES, LABELS, order, 0).flagged.any()


def test_a_class_that_no_image_carries_is_never_a_confident_suggestion():
    labels = np.ones(6, int)
    assert not flag_labels(CHANCES, labels, np.arange(6), None).flagged.any()
