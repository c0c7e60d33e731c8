import hashlib
import subprocess

import numpy as np
import pytest
from safetensors.numpy import save_file

from fer_core.records import provenance
from fer_core.records.provenance import Origin, source_commit, weights_digest, weights_origin


@pytest.fixture
def checkout(tmp_path):
    """A repository with one commit of one file."""
    (tmp_path / "code.py").write_text("a = 1\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def test_the_commit_is_the_one_checked_out(checkout):
    assert source_commit(checkout) == git(checkout, "rev-parse", "HEAD")
    git(checkout, "tag", "v1")
    assert source_commit(checkout) == git(checkout, "rev-parse", "HEAD")


def test_changes_that_are_not_committed_show(checkout):
    (checkout / "code.py").write_text("a = 2\n")
    assert source_commit(checkout) == git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_code_without_a_repository_or_a_commit_has_none(tmp_path, monkeypatch):
    assert source_commit(tmp_path) is None
    (tmp_path / "inside").mkdir()
    git(tmp_path, "init", "--quiet")
    assert source_commit(tmp_path) is None
    assert source_commit(tmp_path / "inside") is None
    monkeypatch.setattr(provenance.shutil, "which", lambda name: None)
    assert source_commit(tmp_path) is None


def test_a_file_of_weights_has_a_digest_and_random_weights_have_none(tmp_path):
    file = tmp_path / "weights.pth"
    file.write_bytes(b"weights")
    assert weights_digest(str(file)) == hashlib.sha256(b"weights").hexdigest()
    assert weights_digest("none") is None
    assert weights_digest("hub") is None


def test_what_a_file_states_about_itself_leaves_the_digest_of_its_weights(tmp_path):
    tensors = {"b\u00e9ta": np.arange(3, dtype=np.float32), "a": np.ones((2, 1), np.float16)}
    bare, stated, other = (tmp_path / f"{name}.safetensors" for name in "bso")
    save_file(tensors, bare)
    save_file(tensors, stated, metadata={"source": "somebody", "licence": "MIT"})
    save_file(tensors | {"a": np.zeros((2, 1), np.float16)}, other)
    assert bare.read_bytes() != stated.read_bytes()
    digest = hashlib.sha256(bare.read_bytes()).hexdigest()
    assert weights_digest(str(bare)) == weights_digest(str(stated)) == digest
    assert weights_digest(str(other)) != digest


def test_a_file_states_its_origin_and_records_keep_it(tmp_path):
    origin = Origin("MobileNet by somebody", "MIT", 64 * "a", terms="research only")
    file = tmp_path / "weights.safetensors"
    tensors = {"weight": np.zeros(1, np.float32)}
    save_file(tensors, file, metadata={"format": "pt", **origin.to_json()})
    assert weights_origin(str(file)) == Origin.from_json(origin.to_json()) == origin
    for part in ("MobileNet by somebody", "MIT", "research only"):
        assert part in origin.phrase()
    save_file(tensors, file, metadata={"format": "pt"})
    assert weights_origin(str(file)) is None
    assert weights_origin("none") is None
    assert weights_origin("hub") is None
    assert Origin.from_json(None) is None


def test_a_file_whose_origin_cannot_be_read_is_an_error(tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"no weights")
    with pytest.raises(ValueError, match="not a safetensors file"):
        weights_origin(str(file))


def git(folder, *words):
    own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *own, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
