"""A page that reads uploaded files only, and fetches web addresses carefully.

A request names files as objects with a ``path``. Gradio checks that path only where the object is
marked as one of its own; without the mark it would reach the analysis, whatever file of the server
it names. A web address in its place Gradio would download itself: of any size, into memory, from a
provider's own network too, and with a query to another company's name server.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.processing_utils import save_bytes_to_cache
from gradio.state_holder import SessionState
from gradio.utils import get_upload_folder
from gradio_client.utils import strip_invalid_filename_characters

from demo_app.language import DEFAULT, current_language, say, translated
from demo_app.render import text as words
from demo_app.serving.upload_ledger import WEB, UploadLedger
from fer_core.io.safe_fetch import Network, WebImageError, fetch

OWN_MARK = "gradio.FileData"
WEB_SCHEMES = ("http://", "https://")
MOST_FILES = 200  # that one request may name
WEB_SECONDS = 60.0  # for all web addresses of one request


class GuardedPage(gr.Blocks):
    """A page whose events get uploaded files, and copies of files at public web addresses.

    All ways into a function (page, queue, `/call`, `/run`, tools of the Model Context Protocol)
    lead through `preprocess_data`, so the inputs are checked there, before any component sees them.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        most_files: int = MOST_FILES,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Make an empty page.

        Args:
            allowed: networks that may be asked although they are not public; none for visitors.
            most_files: that one request may name.
            options: of `gradio.Blocks`.
        """
        super().__init__(**options)
        self._uploads = upload_folder()
        self._allowed = allowed
        self._most_files = most_files
        self._fetched = UploadLedger()

    @property
    def config(self) -> Any:  # noqa: ANN401 - Gradio's dictionary
        """Gradio's description of the page, in the language of the request that asks for it."""
        language = current_language()
        if language == DEFAULT:
            return self._described
        if language not in self._translations:
            self._translations[language] = translated(self._described, language)
        return self._translations[language]

    @config.setter
    def config(self, described: Any) -> None:  # noqa: ANN401
        self._described = described
        self._translations: dict[str, Any] = {}

    async def preprocess_data(
        self,
        block_fn: BlockFunction,
        inputs: list[Any],
        state: SessionState | None,
        explicit_call: bool = False,
    ) -> list[Any]:
        """The inputs of an event, see `gradio.Blocks`.

        Those that an endpoint has at its end and a program does not send, since it was written
        before there were any, have their usual values.

        Raises:
            gradio.Error: for a file that is not to be read, and for too many of them.
        """
        refuse_many_files(inputs, self._most_files)
        refuse_foreign_files(inputs, self._uploads)
        await fetch_web_files(inputs, self._uploads, self._allowed, self._fetched)
        _mark_files(inputs)
        if isinstance(block_fn.api_name, str):
            absent = block_fn.inputs[len(inputs) :]
            inputs = [*inputs, *(getattr(block, "value", None) for block in absent)]
        return await super().preprocess_data(block_fn, inputs, state, explicit_call)


def upload_folder() -> Path:
    """Where Gradio keeps the files of all visitors."""
    return Path(get_upload_folder())


def refuse_many_files(value: object, most: int = MOST_FILES) -> None:
    """See that a request does not name so many files that looking at them keeps others waiting.

    Args:
        value: inputs of an event as they came in, nested lists and objects.
        most: files that it may name, each as often as it is named.

    Raises:
        gradio.Error: with the number and the limit.
    """
    count = sum(1 for _ in _files(value))
    if count > most:
        raise gr.Error(words.too_many_files(count, most), print_exception=False)


def refuse_foreign_files(value: object, uploads: Path) -> None:
    """See that every file named anywhere in a request has been uploaded.

    Args:
        value: inputs of an event as they came in, nested lists and objects.
        uploads: folder of the files of all visitors.

    Raises:
        gradio.Error: for a ``path`` that leads out of the folder of uploads, through links too, or
            to a web address where no file is expected. It does not say whether there is such a
            file.
    """
    root = os.path.realpath(uploads)
    for file in _files(value):
        if not _may_be_read(file, root):
            raise gr.Error(say("page.foreign_file"), print_exception=False)


async def fetch_web_files(
    value: object,
    uploads: Path,
    allowed: Sequence[Network] = (),
    ledger: UploadLedger | None = None,
) -> None:
    """Replace every web address in a request by the path of a copy among the uploads.

    Args:
        value: as for `refuse_foreign_files`, and seen by it.
        uploads: folder of the files of all visitors.
        allowed: see `GuardedPage`.
        ledger: counts what is fetched; None: nothing does.

    Raises:
        gradio.Error: when an address is not public, or has nothing that may be fetched, when all
            of them take too long, and when too much has been fetched lately.
    """
    ledger = ledger or UploadLedger()
    try:
        async with asyncio.timeout(WEB_SECONDS):
            for file in _files(value):
                if file["path"].startswith(WEB_SCHEMES):
                    file["path"] = await _download(file["path"], uploads, allowed, ledger)
    except TimeoutError as error:
        raise gr.Error(words.slow_addresses(WEB_SECONDS), print_exception=False) from error


async def _download(
    url: str, uploads: Path, allowed: Sequence[Network], ledger: UploadLedger
) -> str:
    if ledger.fault(WEB):
        raise gr.Error(say("page.fetched_enough"), print_exception=False)
    try:
        content = await fetch(url, allowed)
    except WebImageError as error:
        raise gr.Error(words.sentence(str(error)), print_exception=False) from error
    ledger.add(WEB, len(content))
    name = strip_invalid_filename_characters(PurePosixPath(urlsplit(url).path).name)
    # Gradio guesses a suffix where there is none, from sounds.
    name = name if Path(name).suffix else f"{name or 'file'}.bin"
    return await asyncio.to_thread(save_bytes_to_cache, content, name, str(uploads))


def _files(value: object) -> Iterator[dict[str, Any]]:
    """Every object with a ``path``, however deep it is nested."""
    waiting = [value]  # not recursive: a request may be nested as deep as its sender likes
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            if current.get("path") is not None:
                yield current
            waiting.extend(current.values())
        elif isinstance(current, list | tuple):
            waiting.extend(current)


def _may_be_read(file: dict[str, Any], root: str) -> bool:
    path = file["path"]
    if not isinstance(path, str):
        return False
    if path.startswith(WEB_SCHEMES):
        return _is_marked(file) and not file.get("is_stream")
    try:
        resolved = Path(os.path.realpath(path))
    except ValueError:  # a zero byte: no file has such a name
        return False
    # A folder would end the task with which Gradio deletes old files.
    return resolved.is_relative_to(root) and not resolved.is_dir()


def _mark_files(value: object) -> None:
    """Mark the files that may be read: without it Gradio refuses them, and does not say why."""
    for file in _files(value):
        file["meta"] = {"_type": OWN_MARK}


def uploaded(path: str) -> dict[str, Any]:
    """An uploaded file, or a web address, as requests name it."""
    return {"path": path, "meta": {"_type": OWN_MARK}}


def _is_marked(file: dict[str, Any]) -> bool:
    mark = file.get("meta")
    return isinstance(mark, dict) and mark.get("_type") == OWN_MARK
