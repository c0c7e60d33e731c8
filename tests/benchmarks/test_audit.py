import numpy as np
import pytest

from benchmarks import audit as audit_command
from benchmarks import audit_lists
from benchmarks.audit import tables
from fer_core.audit.folder import AuditError, read_audit, write_audit
from fer_core.audit.result import Audit
from fer_core.noise.generate import symmetric_noise
from fer_core.noise.label_files import noise_from_list


def made(seed, *, truth=True, order=None):
    """An audit of 200 images of which 50 have a wrong label, with one informative score."""
    generator = np.random.default_rng(seed)
    rows = np.arange(200) if order is None else order
    noisy, wrong = rows % 2, rows < 50
    scores = (generator.normal(size=200) + 2 * (np.arange(200) < 50))[rows].astype(np.float32)
    return Audit(
        ("calm", "glad"),
        tuple(f"{row}.png" for row in rows),
        noisy,
        np.where(wrong, 1 - noisy, noisy) if truth else None,
        1 - noisy,
        np.full((200, 2), 0.5, np.float32),
        {"cross_entropy": scores},
        "cross_entropy",
        scores > 1,
        facts={"data": {}, "run": None, "seconds": {"cross_entropy": 1.25}},
    )


def test_scores_of_several_audits_are_measured_on_the_same_images_and_combined():
    shuffled = np.random.default_rng(5).permutation(200)
    lines = tables({"eac": made(0), "baseline": made(1, order=shuffled)}, 100, 0)
    assert lines[0] == "200 images, 25.0% of the labels wrong"
    assert "| eac | cross_entropy | 0.9" in "\n".join(lines)
    best = next(line for line in lines if line.startswith("| best on one half"))
    assert "eac cross_entropy" in best
    assert "baseline cross_entropy" in best
    same = tables({"eac": made(0), "again": made(0, order=shuffled)}, 100, 0)
    rows = [line.split("|")[3:] for line in same if "| cross_entropy |" in line]
    assert rows[0] == rows[1]


def test_audits_that_cannot_be_compared_are_refused():
    with pytest.raises(AuditError, match="true labels are not known"):
        tables({"a": made(0, truth=False)}, 100, 0)
    other = Audit(**{**vars(made(0)), "names": tuple(map(str, range(200)))})
    with pytest.raises(AuditError, match="b is an audit of other images"):
        tables({"a": made(0), "b": other}, 100, 0)
    other = Audit(**{**vars(made(0)), "noisy_labels": np.zeros(200, int)})
    with pytest.raises(AuditError, match="b is an audit of other labels"):
        tables({"a": made(0), "b": other}, 100, 0)


def test_the_lists_have_the_true_labels_of_the_flagged_and_of_as_many_others(tmp_path):
    audit = made(0)
    write_audit(tmp_path, audit)
    changed = audit_lists.write(tmp_path, 0)
    flagged = audit.flagged
    for name, most in (("reviewed", 50), ("random", int(flagged.sum()))):
        file = tmp_path / f"{name}.txt"
        read = noise_from_list(file, audit.names, audit.noisy_labels, audit.classes)
        assert read.flipped.sum() == changed[file] <= most
        assert (read.noisy_labels[read.flipped] == audit.true_labels[read.flipped]).all()
    reviewed = noise_from_list(
        tmp_path / "reviewed.txt", audit.names, audit.noisy_labels, audit.classes
    )
    assert (reviewed.flipped == (flagged & audit.wrong)).all()
    assert read_audit(tmp_path).flagged.sum() == flagged.sum()


@pytest.mark.parametrize("command", [audit_command, audit_lists])
def test_a_folder_that_is_no_audit_is_one_sentence(tmp_path, monkeypatch, command):
    monkeypatch.setattr("sys.argv", [command.__name__, str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^error: no audit in"):
        command.main()


def test_the_images_drawn_at_random_are_not_those_that_the_noise_of_that_seed_changed(tmp_path):
    names, true = tuple(f"{row:04}.png" for row in range(1000)), np.arange(1000) % 2
    noisy = symmetric_noise(true, 0.3, 2, 0, names)
    scores = {"cross_entropy": noisy.flipped.astype(np.float32)}
    chances = np.full((1000, 2), 0.5, np.float32)
    audit = Audit(
        *(("calm", "glad"), names, noisy.noisy_labels, true, true, chances),
        *(scores, "cross_entropy", noisy.flipped),
        facts={"data": {}, "run": None, "seconds": {}},
    )
    write_audit(tmp_path, audit)
    changed = audit_lists.write(tmp_path, 0)[tmp_path / "random.txt"]
    assert 60 < changed < 120  # 300 drawn images, of which 30 % have a wrong label
