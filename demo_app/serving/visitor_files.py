"""Files that requests name: only those that visitors have uploaded may be read.

A request carries files as objects with a ``path``. Gradio looks at that path only where the object
is marked as one of its own; without the mark it reached the analysis, whatever file of the server
it named. So the inputs of every event are looked at here before any component sees them.
"""

import os
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.state_holder import SessionState
from gradio.utils import get_upload_folder

from demo_app.render import text as words

OWN_MARK = "gradio.FileData"
WEB = ("http://", "https://")


def guard_files(page: gr.Blocks) -> None:
    """Refuse files that nobody has uploaded, in every event and endpoint of a page.

    All ways into a function (page, queue, `/call`, `/run`, tools of the Model Context Protocol)
    lead through the pre-processing of the page, so that is the place.
    """
    preprocess, uploads = page.preprocess_data, upload_folder()

    async def guarded(
        block_fn: BlockFunction,
        inputs: list[Any],
        state: SessionState | None,
        explicit_call: bool = False,
    ) -> list[Any]:
        refuse_foreign_files(inputs, uploads)
        return await preprocess(block_fn, inputs, state, explicit_call)

    page.preprocess_data = guarded


def upload_folder() -> Path:
    """Where Gradio keeps the files of all visitors."""
    return Path(get_upload_folder())


def refuse_foreign_files(value: object, uploads: Path) -> None:
    """See that every file named anywhere in a request has been uploaded.

    Args:
        value: inputs of an event as they came in, nested lists and objects.
        uploads: folder of the files of all visitors.

    Raises:
        gradio.Error: for a ``path`` that leads out of the folder of uploads, through links too, or
            to a web address that Gradio would not fetch (see `demo_app.serving.download_guard`).
            It does not say whether there is such a file.
    """
    waiting = [value]  # not recursive: a request may be nested as deep as its sender likes
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            if current.get("path") is not None and not _may_be_read(current, uploads):
                raise gr.Error(words.FOREIGN_FILE, print_exception=False)
            waiting.extend(current.values())
        elif isinstance(current, list | tuple):
            waiting.extend(current)


def _may_be_read(file: dict[str, Any], uploads: Path) -> bool:
    path = file["path"]
    if not isinstance(path, str):
        return False
    if path.startswith(WEB):
        return _is_marked(file) and not file.get("is_stream")
    try:
        resolved = Path(os.path.realpath(path))
    except ValueError:  # a zero byte: no file has such a name
        return False
    return resolved.is_relative_to(os.path.realpath(uploads))


def _is_marked(file: dict[str, Any]) -> bool:
    mark = file.get("meta")
    return isinstance(mark, dict) and mark.get("_type") == OWN_MARK
