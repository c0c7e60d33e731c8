import json

import numpy as np
import pytest

from fer_core.audit.folder import LISTS, AuditError, read_audit, write_audit
from fer_core.audit.result import Audit


def made(**values):
    """An audit of four images of two classes; the third is the most suspicious."""
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.75, 0.25], [0.5, 0.5]], np.float32)
    labels = np.array([0, 1, 1, 0])
    fields = {
        "classes": ("calm", "glad, very"),
        "names": ("a.png", "b, c.png", "d.png", "ü/e.png"),
        "noisy_labels": labels,
        "true_labels": np.array([0, 1, 0, 0]),
        "suggested_labels": np.array([0, 1, 0, 0]),
        "probabilities": chances,
        "scores": {"cross_entropy": -np.log(chances[[0, 1, 2, 3], labels])},
        "ranking": "cross_entropy",
        "flagged": np.array([False, False, True, False]),
        "votes_against": np.array([0.1, 0.2, 0.9, 0.3], np.float32),
        "duplicates": ((0, 2),),
        "missing": {"knn": "the model gave no features"},
        "facts": {"data": {"uri": "folder:x"}, "run": None, "seconds": {"scores": 1.5}},
    }
    return Audit(**fields | values)


def test_what_is_written_is_read_back_in_the_order_of_the_ranking(tmp_path):
    audit = made()
    write_audit(tmp_path / "audit", audit)
    read, order = read_audit(tmp_path / "audit"), audit.order
    assert order[0] == 2
    assert read.names == tuple(audit.names[row] for row in order)
    for column in ("noisy_labels", "true_labels", "suggested_labels", "flagged"):
        assert (getattr(read, column) == getattr(audit, column)[order]).all()
    assert read.probabilities == pytest.approx(audit.probabilities[order], rel=1e-5)
    assert read.votes_against == pytest.approx(audit.votes_against[order], rel=1e-5)
    assert read.losses == pytest.approx(audit.losses[order], rel=1e-5)
    assert (read.order == np.arange(4)).all()
    assert {read.names[row] for row in read.duplicates[0]} == {"a.png", "d.png"}
    assert (read.classes, read.missing, read.facts) == (audit.classes, audit.missing, audit.facts)


def test_without_true_labels_and_votes_their_columns_are_absent(tmp_path):
    write_audit(tmp_path, made(true_labels=None, votes_against=None))
    read = read_audit(tmp_path)
    assert (read.true_labels, read.votes_against, read.wrong) == (None, None, None)
    header = (tmp_path / "audit.csv").read_text().splitlines()[0]
    assert "true_label" not in header
    assert "votes" not in header


def test_the_figures_say_what_each_class_is_worth_and_becomes(tmp_path):
    write_audit(tmp_path, made())
    facts = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert facts["summary"] == {"images": 4, "predicted_otherwise": 1, "flagged": 1, "wrong": 1}
    calm, glad = facts["per_class"]
    assert (calm["images"], calm["flagged"], calm["true"]) == (2, 0, 1)
    assert (calm["estimated"], glad["estimated"]) == (1, 0.5)
    assert (glad["images"], glad["flagged"], glad["true"]) == (2, 1, 0.5)
    assert facts["transitions"] == {"suggested": [[2, 0], [1, 1]], "true": [[2, 0], [1, 1]]}


def test_a_class_without_images_has_no_reliability(tmp_path):
    write_audit(tmp_path, made(noisy_labels=np.zeros(4, np.int64), true_labels=None))
    facts = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert facts["per_class"][1]["estimated"] is None


def test_a_rank_within_the_class_counts_the_images_of_that_noisy_label():
    assert made().class_ranks.tolist() == [2, 2, 1, 1]
    assert made().ranks.tolist() == [4, 3, 1, 2]


def test_the_corrected_labels_change_what_is_flagged_and_nothing_else():
    assert made().corrected_labels.tolist() == [0, 1, 0, 0]
    assert made(flagged=np.zeros(4, bool)).corrected_labels.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "audit.json").unlink(), "no audit in"),
        (lambda folder: (folder / "audit.csv").unlink(), "audit.csv"),
        (lambda folder: (folder / "audit.csv").write_text("rank,image\n1,a\n"), "audit.csv"),
        (lambda folder: (folder / "audit.json").write_text('{"schema": 99}'), "schema 99"),
        (lambda folder: (folder / "audit.json").write_text("{"), "is not an audit"),
    ],
)
def test_a_folder_that_is_no_whole_audit_is_named(tmp_path, spoil, message):
    write_audit(tmp_path, made())
    spoil(tmp_path)
    with pytest.raises(AuditError, match=message):
        read_audit(tmp_path)


def test_a_new_audit_deletes_the_gallery_and_the_lists_of_the_earlier_one(tmp_path):
    write_audit(tmp_path, made())
    others = ("gallery.html", "thumbnails.npz", *LISTS)
    for name in (*others, "notes.txt"):
        (tmp_path / name).write_text("earlier")
    write_audit(tmp_path, made())
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"audit.csv", "audit.json", "notes.txt"}


@pytest.mark.parametrize("name", [*LISTS, "audit.csv", "gallery.html", "thumbnails.npz"])
def test_a_file_that_no_audit_has_written_is_kept(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(AuditError, match=f"holds no audit, but {name}.*name another folder"):
        write_audit(tmp_path, made())
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_what_was_excluded_is_read_back(tmp_path):
    excluded = {"names": ["old/"], "noisy_labels": {"old/e.png": "calm"}}
    write_audit(tmp_path, made(facts=made().facts | {"excluded": excluded}))
    assert read_audit(tmp_path).facts["excluded"] == excluded
    text = (tmp_path / "audit.json").read_text(encoding="utf-8")
    (tmp_path / "audit.json").write_text(text.replace('"names"', '"name"'), encoding="utf-8")
    with pytest.raises(AuditError, match="audit"):
        read_audit(tmp_path)


def test_the_table_of_an_interrupted_audit_gives_way_and_a_file_is_no_folder(tmp_path):
    write_audit(tmp_path / "a", made())
    (tmp_path / "a" / "audit.json").unlink()
    write_audit(tmp_path / "a", made())
    assert read_audit(tmp_path / "a").names
    (tmp_path / "file").write_text("mine")
    with pytest.raises(AuditError, match="is a file: name a folder"):
        write_audit(tmp_path / "file", made())
