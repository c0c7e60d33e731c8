import numpy as np

from fer_core.audit.flags import flag_labels

CHANCES = np.array([[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.1, 0.9], [0.95, 0.05], [0.55, 0.45]])
LABELS = np.array([0, 0, 1, 1, 1, 1])


def test_what_is_as_sure_of_another_class_as_its_own_images_are_is_flagged():
    flags = flag_labels(CHANCES, LABELS, np.arange(6), None)
    assert flags.suggested.tolist() == [0, 0, 1, 1, 0, 0]
    assert flags.flagged.tolist() == [False, False, False, False, True, False]


def test_a_number_flags_the_first_whose_suggestion_differs():
    order = np.array([0, 5, 4, 1, 2, 3])
    assert np.flatnonzero(flag_labels(CHANCES, LABELS, order, 1).flagged).tolist() == [5]
    assert np.flatnonzero(flag_labels(CHANCES, LABELS, order, 9).flagged).tolist() == [4, 5]
    assert not flag_labels(CHANCES, LABELS, order, 0).flagged.any()


def test_a_class_that_no_image_carries_is_never_a_confident_suggestion():
    labels = np.ones(6, int)
    assert not flag_labels(CHANCES, labels, np.arange(6), None).flagged.any()
