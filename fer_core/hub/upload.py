"""A folder becomes a repository of the Hugging Face Hub, or its next version: in one commit."""

import fnmatch
import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from fer_core.errors import FerError
from fer_core.hub.errors import NAME_PART, quiet_client, unreachable

logger = logging.getLogger(__name__)
Kind = Literal["model", "dataset", "space"]
NOUNS: dict[Kind, str] = {"model": "model", "dataset": "data set", "space": "Space"}
PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.pickle", "*.ckpt", "*.joblib")
_ID = re.compile(rf"(?!.*(?:--|\.\.))(?=.{{3,96}}$){NAME_PART}/{NAME_PART}(?<!\.git)", re.ASCII)


class UploadError(FerError, ValueError):
    """What keeps a folder from the Hub; the message is one sentence without an access token."""


def check_repository(name: str) -> None:
    """Refuse what is not a repository name.

    Raises:
        UploadError: with the right shape.
    """
    if _ID.fullmatch(name) is None:
        shown = name if len(name) <= 100 else f"{name[:100]}..."
        raise UploadError(
            f"{shown!r} is not a repository name: use USER/NAME (letters, digits, '_', '-' and '.')"
        )


def upload_folder(
    folder: Path,
    repository: str,
    *,
    kind: Kind,
    message: str,
    private: bool = False,
    space_sdk: str | None = None,
    replaces: Sequence[str] = (),
) -> str:
    """Create the repository where it is missing, and put the folder's files there in one commit.

    Whoever reads the repository sees all of the files or none: one commit is sent, at the end.
    Where that fails, a second try sends only what the Hub lacks.

    Args:
        folder: its files, at any depth; no pickle among them.
        repository: ``USER/NAME``; the user, or an organisation, may be written to.
        kind: what it is on the Hub.
        message: of the commit.
        private: a new repository is to be seen by its owner alone; an existing one stays as it is.
        space_sdk: of a Space: ``gradio``, ``docker`` or ``static``.
        replaces: patterns of files that leave the repository where the folder lacks them.

    Returns:
        The address of the repository's page.

    Raises:
        UploadError: one sentence, whatever goes wrong.
    """
    check_repository(repository)
    _check_folder(folder)
    if kind == "space" and space_sdk is None:
        raise UploadError("a Space needs its kind: space_sdk gradio, docker or static")
    import huggingface_hub as client

    if client.constants.HF_HUB_OFFLINE:
        raise UploadError(f"HF_HUB_OFFLINE forbids to upload {repository}: unset it")
    if client.get_token() is None:
        raise UploadError(
            f"{repository} cannot be uploaded without an access token: `hf auth login`, or set "
            "HF_TOKEN"
        )
    hub, doing = client.HfApi(), "create"
    try:
        with quiet_client():
            address = hub.create_repo(
                repository,
                repo_type=kind,
                private=private or None,
                space_sdk=space_sdk if kind == "space" else None,
                exist_ok=True,
            )
            doing = "upload"
            hub.upload_folder(
                repo_id=repository,
                folder_path=folder,
                repo_type=kind,
                commit_message=message,
                delete_patterns=list(replaces) or None,
            )
    except Exception as error:  # the transport's own errors differ between versions of the client
        # What the client says is kept out: it may repeat headers, and has many lines.
        raise UploadError(_why_not(error, kind, repository, doing)) from None
    logger.info("%s is at %s", repository, address)
    return str(address)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UploadError(f"no folder at {folder} to upload")
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    if not files:
        raise UploadError(f"the folder {folder} has no files to upload")
    for file in files:
        if any(fnmatch.fnmatch(file.name.lower(), pattern) for pattern in PICKLES):
            raise UploadError(f"{file} can hold a pickle: nothing of {folder} is uploaded")


def _why_not(error: Exception, kind: Kind, repository: str, doing: str) -> str:
    from huggingface_hub import constants, errors

    noun = NOUNS[kind]
    if isinstance(error, errors.HfHubHTTPError):
        code = error.response.status_code
        if code == 401:
            return (
                f"the Hub refuses the access token, asked to {doing} the {noun} {repository}: "
                "`hf auth login`, or set HF_TOKEN to a token that may write"
            )
        if code in (403, 404):
            return (
                f"the access token may not write to the {noun} {repository}: name a repository of "
                "your own, or use a token that may write"
            )
        if code < 500 and code != 429:
            reason = " ".join(str(error.server_message or "").split())[:200]
            return f"the Hub refuses the {noun} {repository} (HTTP {code}): {reason or 'no reason'}"
        trouble = f"the Hub answers HTTP {code}"
    elif isinstance(error, errors.OfflineModeIsEnabled):
        return f"HF_HUB_OFFLINE forbids to upload {repository}: unset it"
    elif isinstance(error, json.JSONDecodeError):
        trouble = "the Hub gives no answer that can be read"
    elif isinstance(error, ValueError):  # the client's own checks, as of the card's front matter
        return f"the {noun} {repository} is not uploaded: {' '.join(str(error).split())[:200]}"
    elif doing == "create":
        return f"{unreachable(error)}: check the network, or try again later"
    else:
        trouble = f"the upload broke off ({type(error).__name__})"
    page = f"{constants.ENDPOINT}/{'' if kind == 'model' else f'{kind}s/'}{repository}"
    return f"{trouble}: no half of it is to be seen at {page}; try again"
