import hashlib
import subprocess

import pytest

from fer_core.records import provenance
from fer_core.records.provenance import source_commit, weights_digest


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
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"weights")
    assert weights_digest(str(file)) == hashlib.sha256(b"weights").hexdigest()
    assert weights_digest("none") is None
    assert weights_digest("hub") is None


def git(folder, *words):
    own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *own, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
