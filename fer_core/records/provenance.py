"""Where a run comes from: the commit of the code, and the file of its starting weights."""

import hashlib
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def source_commit(project: Path = PROJECT) -> str | None:
    """The commit that the code was at: 40 hex digits, with ``-dirty`` after uncommitted changes.

    Args:
        project: folder of the project.

    Returns:
        None where the code is no git checkout (an installed package), or there is no git.
    """
    git = shutil.which("git")
    if git is None or not (project / ".git").exists():
        return None
    words = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"]
    answer = subprocess.run(
        [git, "-C", str(project), *words], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None  # empty: a repository without a commit


def weights_digest(pretrained: str) -> str | None:
    """SHA-256 of the file of the starting weights; None for random weights and those of the hub."""
    if pretrained in ("none", "hub"):
        return None
    with Path(pretrained).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
