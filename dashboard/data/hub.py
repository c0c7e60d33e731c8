"""Results on the Hugging Face Hub: ``hf://USER/NAME[@REVISION][/FOLDER]``, a data set of records.

Only the files of run records, and figures under corruption, are downloaded, into the cache of
`huggingface_hub`. If the Hub cannot be reached, an earlier download of the same name is shown.
"""

import re
from pathlib import Path
from typing import NamedTuple

from fer_core.errors import FerError
from fer_core.hub.errors import NAME_PART, Wanted, is_refusal, no_answer, quiet_client
from fer_core.records.predictions import COMPRESSED_FILE, PREDICTIONS_FILE
from fer_core.records.run import EPOCHS_FILE, RUN_FILE
from fer_core.reporting.map_files import MAPS_FILE
from fer_core.reporting.robustness_data import ROBUSTNESS_FILE

SCHEME = "hf://"
SHAPE = "hf://USER/NAME, hf://USER/NAME@REVISION or either with /FOLDER after it"
FILES = (
    *(RUN_FILE, EPOCHS_FILE, PREDICTIONS_FILE, COMPRESSED_FILE),
    *(MAPS_FILE, ROBUSTNESS_FILE),
)
LARGEST = 2_000_000_000  # bytes of all records of an address
TIMEOUT = 10.0  # seconds

# Folders are used in glob patterns, so glob characters are not allowed.
_ADDRESS = re.compile(
    rf"hf://(?:datasets/)?(?!.*(?:--|\.\.))(?P<repository>{NAME_PART}/{NAME_PART})"
    r"(?:@(?P<revision>[A-Za-z0-9][\w.+-]{0,99}))?(?P<folder>(?:/[\w.=+ -]+)*)/?",
    re.ASCII,
)


class HubSourceError(FerError, ValueError):
    """Results that could not be downloaded from the Hub; the message is one sentence."""


class Address(NamedTuple):
    """An ``hf://`` address in parts; revision and folder may be empty."""

    repository: str
    revision: str
    folder: str

    @property
    def name(self) -> str:
        """The address without its scheme."""
        at = f"@{self.revision}" if self.revision else ""
        return self.repository + at + (f"/{self.folder}" if self.folder else "")


class Fetched(NamedTuple):
    """Run records downloaded from the Hub.

    Attributes:
        name: the address without its scheme.
        folder: of the records.
        link: its page on the Hub.
        note: a sentence about the download, or empty.
    """

    name: str
    folder: Path
    link: str
    note: str = ""


def parse(text: str) -> Address:
    """The parts of an address.

    Raises:
        HubSourceError: when it is not such an address.
    """
    found = _ADDRESS.fullmatch(text.strip())
    if found is None:
        shown = text if len(text) <= 100 else f"{text[:100]}..."
        raise HubSourceError(f"{shown!r} is not an address of results on the Hub: use {SHAPE}")
    return Address(found["repository"], found["revision"] or "", (found["folder"] or "").strip("/"))


def fetch(text: str) -> Fetched:
    """Download the run records of an address, unless they are cached.

    Args:
        text: the address.

    Raises:
        HubSourceError: whatever goes wrong; the message never contains an access token.
    """
    address = parse(text)
    import huggingface_hub as client

    revision = address.revision or None
    try:
        info = client.HfApi().dataset_info(
            address.repository, revision=revision, timeout=TIMEOUT, files_metadata=True
        )
    except Exception as error:  # the transport's own errors differ between versions of the client
        kept = None if is_refusal(error) else _snapshot(address, offline=True)
        if kept is None:
            raise HubSourceError(no_answer(_wanted(address), error)) from error
        note = f"The Hub cannot be reached: {address.name} is shown from an earlier download."
        return kept._replace(note=note)
    _check_files(address, {file.rfilename: file.size or 0 for file in info.siblings or ()})
    try:
        fetched = _snapshot(address)
    except Exception as error:  # as above
        raise HubSourceError(
            f"the download of {address.name} broke off ({type(error).__name__}): try again"
        ) from error
    if fetched is None:
        raise HubSourceError(f"the Hub no longer has {address.name}: try again")
    return fetched


def _snapshot(address: Address, *, offline: bool = False) -> Fetched | None:
    """The downloaded records; None if they are not cached and ``offline`` forbids a download."""
    import huggingface_hub as client
    from huggingface_hub.errors import LocalEntryNotFoundError

    start = f"{address.folder}/" if address.folder else ""
    try:
        with quiet_client():
            root = client.snapshot_download(
                address.repository,
                repo_type="dataset",
                revision=address.revision or None,
                allow_patterns=[f"{start}{below}{name}" for name in FILES for below in ("", "*/")],
                local_files_only=offline,
            )
    except LocalEntryNotFoundError:
        if not offline:  # the connection was lost during the download
            raise
        return None
    folder = Path(root) / address.folder
    link = f"{_page(address)}/tree/{address.revision or 'main'}/{address.folder}".rstrip("/")
    return Fetched(address.name, folder, link) if folder.is_dir() else None


def _check_files(address: Address, sizes: dict[str, int]) -> None:
    start = f"{address.folder}/" if address.folder else ""
    below = {name: size for name, size in sizes.items() if name.startswith(start)}
    wanted = {name: size for name, size in below.items() if name.rpartition("/")[2] in FILES}
    if not any(name.rpartition("/")[2] == RUN_FILE for name in wanted):
        raise HubSourceError(
            f"the data set {address.name} contains no run record: expected folders with a "
            f"{RUN_FILE}"
        )
    total = sum(wanted.values())
    if total > LARGEST:
        raise HubSourceError(
            f"the run records of {address.name} have {total / 1e9:.1f} GB; the limit is "
            f"{LARGEST / 1e9:.0f} GB: name a folder of it"
        )


def _wanted(address: Address) -> Wanted:
    page = _page(address)
    return Wanted("data set", address.name, address.repository, address.revision, page)


def _page(address: Address) -> str:
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/datasets/{address.repository}"
