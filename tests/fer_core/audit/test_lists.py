from dataclasses import replace

import numpy as np
import pytest

from fer_core.audit.folder import AuditError
from fer_core.audit.lists import decided_lists, flagged_lists, write_lists
from fer_core.audit.result import Audit
from fer_core.datasets.exclude import read_exclude_list
from fer_core.noise.label_files import noise_from_list

CLASSES = ("neutral", "anger")
NAMES = ("c.png", "a.png", "b.png")


@pytest.fixture
def audit():
    """Three images, the second flagged."""
    chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]], np.float32)
    labels, flagged = np.array([0, 1, 1]), np.array([False, True, False])
    scores = {"cross_entropy": np.array([0.1, 2.3, 0.5], np.float32)}
    suggested = chances.argmax(1)
    return Audit(CLASSES, NAMES, labels, None, suggested, chances, scores, "cross_entropy", flagged)


def test_the_lists_are_in_the_forms_that_a_run_reads(audit, tmp_path):
    exclude, labels = write_lists(tmp_path, flagged_lists(audit), NAMES, CLASSES)
    assert read_exclude_list(exclude) == {"a.png"}
    read = noise_from_list(labels, NAMES, audit.noisy_labels, CLASSES)
    assert read.noisy_labels.tolist() == [0, 0, 1]
    assert read.flipped.tolist() == [False, True, False]


def test_decisions_overrule_the_flags(audit, tmp_path):
    file = tmp_path / "decisions.csv"
    file.write_text(
        "image,decision,label\na.png,keep,\nb.png,drop,\nc.png,relabel,anger\n", newline=""
    )
    lists = decided_lists(audit, file)
    assert lists.excluded == ("b.png",)
    assert lists.labels.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,decision,label\nz.png,keep,\n", "line 2: the audit has no image 'z.png'"),
        ("image,decision,label\na.png,delete,\n", "keep, relabel, drop, got 'delete'"),
        ("image,decision,label\na.png,relabel,glad\n", "neutral, anger, got 'glad'"),
        ("image,decision,label\na.png,keep,\na.png,drop,\n", "line 3: 'a.png' has two"),
        ("image,verdict\na.png,keep\n", "header image,decision,label, got image,verdict"),
    ],
)
def test_a_broken_list_of_decisions_is_refused(audit, tmp_path, text, message):
    file = tmp_path / "decisions.csv"
    with pytest.raises(AuditError, match="no decisions at"):
        decided_lists(audit, file)
    file.write_text(text)
    with pytest.raises(AuditError, match=message):
        decided_lists(audit, file)


def with_earlier(audit, label):
    """The audit, which was told to exclude the folder old/ with one image of a class."""
    facts = {"excluded": {"names": ["old/"], "noisy_labels": {"old/d.png": label}}}
    return replace(audit, facts=facts)


def test_what_was_excluded_before_stays_excluded_and_has_its_label(audit, tmp_path):
    earlier = with_earlier(audit, "anger")
    (tmp_path / "decisions.csv").write_text("image,decision,label\nb.png,drop,\n")
    decided = decided_lists(earlier, tmp_path / "decisions.csv")
    for lists, dropped in ((flagged_lists(earlier), "a.png"), (decided, "b.png")):
        exclude, labels = write_lists(tmp_path, lists, NAMES, CLASSES)
        assert read_exclude_list(exclude) == {dropped, "old/"}
        names, true_labels = (*NAMES, "old/d.png"), np.array([*audit.noisy_labels, 1])
        assert noise_from_list(labels, names, true_labels, CLASSES).noisy_labels[3] == 1


def test_an_emotion_of_excluded_images_alone_keeps_its_number(audit, tmp_path):
    _, labels = write_lists(tmp_path, flagged_lists(with_earlier(audit, "fear")), NAMES, CLASSES)
    assert "old/d.png 2\n" in labels.read_text()  # RAF-DB's number


def test_a_class_of_ones_own_that_is_excluded_has_no_number(audit, tmp_path):
    lists = flagged_lists(with_earlier(audit, "bored"))
    _, labels = write_lists(tmp_path, lists, NAMES, ("calm", "glad"))
    assert labels.read_text() == "a.png 1\nb.png 2\nc.png 1\n"
