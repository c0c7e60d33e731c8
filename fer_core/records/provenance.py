"""Where a run comes from: the commit of the code, and its starting weights."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, Self

PROJECT = Path(__file__).resolve().parents[2]
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Origin:
    """Where converted weights come from, as their safetensors file states it.

    Attributes:
        source: the project, and what it trained on which data.
        licence: of the weights.
        source_sha256: of the file that they were converted from.
        terms: what else binds whoever uses them; may be empty.
        change: what was changed in the conversion beyond names; may be empty.
    """

    source: str
    licence: str
    source_sha256: str
    terms: str = ""
    change: str = ""

    def to_json(self) -> dict[str, str]:
        """The fields by their names; also the metadata of a safetensors file."""
        return asdict(self)

    @classmethod
    def from_json(cls, stated: Mapping[str, Any] | None) -> Self | None:
        """The inverse of `to_json`; None where no source is stated."""
        if not stated or not stated.get("source"):
            return None
        known = {field.name: str(stated.get(field.name, "")) for field in fields(cls)}
        return cls(**known | {"licence": known["licence"] or NOT_STATED})

    def phrase(self) -> str:
        """The origin for a model card."""
        more = "".join(f"; {text}" for text in (self.change, self.terms) if text)
        return f"{self.source} (licence: {self.licence}){more}"


def source_commit(project: Path = PROJECT) -> str | None:
    """The commit that the code was at: 40 hex digits, with ``-dirty`` after uncommitted changes.

    Args:
        project: folder of the project.

    Returns:
        None where the code is not a git checkout (an installed package), or there is no git.
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
    """SHA-256 of the starting weights; None for random weights and those of the hub.

    What a safetensors file states about itself (source, licence, ...) does not count: the same
    weights have one digest, with or without it, and runs from either compare.
    """
    if pretrained in ("none", "hub"):
        return None
    path = Path(pretrained)
    with path.open("rb") as file:
        head = _tensors_head(file) if path.suffix == ".safetensors" else b""
        return hashlib.file_digest(file, lambda: hashlib.sha256(head)).hexdigest()


def _tensors_head(file: BinaryIO) -> bytes:
    """The head of a safetensors file as it is without metadata; the tensors are left to read."""
    head = _read_head(file)
    head.pop("__metadata__", None)
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # as the format aligns it
    return len(text).to_bytes(8, "little") + text


def _read_head(file: BinaryIO) -> dict[str, Any]:
    """The head of a safetensors file: its length in eight bytes, then JSON.

    The dashboard reads provenance where the safetensors library is not installed.
    """
    length = int.from_bytes(file.read(8), "little")
    if length > os.fstat(file.fileno()).st_size:
        raise ValueError("its head is longer than the file")
    head = json.loads(file.read(length))
    if not isinstance(head, dict):
        raise ValueError("its head is no object")
    return head


def weights_origin(pretrained: str) -> Origin | None:
    """What the file of the starting weights states of its origin.

    Args:
        pretrained: ``none``, ``hub``, or the path of a file that the model was created from.

    Returns:
        None for anything but a safetensors file that ``fer-core convert-weights`` wrote.
    """
    path = Path(pretrained)
    if path.suffix != ".safetensors":
        return None
    try:
        with path.open("rb") as file:
            return Origin.from_json(_read_head(file).get("__metadata__"))
    except ValueError as error:
        raise ValueError(f"{pretrained} is not a safetensors file: {error}") from error
