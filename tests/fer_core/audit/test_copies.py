import numpy as np

from fer_core.audit.copies import contradicting_copies
from fer_core.datasets import Decoding, load_data


def test_copies_with_different_labels_stand_together():
    split = load_data("synthetic?train=30&test=10", Decoding(32, 3)).train
    images = np.array(split.images[np.arange(30)])
    digests = split.digests.copy()
    images[1], digests[1] = images[0], digests[0]  # identical
    images[3] = images[2][:, ::-1] // 2 + 60  # mirrored, with less contrast
    images[5], digests[5] = images[4], digests[4]
    labels = np.zeros(30, int)
    labels[[1, 3]] = 1
    groups = contradicting_copies(split._replace(images=images, digests=digests), labels)
    assert {(0, 1), (2, 3)} <= {tuple(group) for group in groups if len(group) == 2}
    assert not any(4 in group for group in groups if len(group) == 2)
