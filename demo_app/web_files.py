"""Files that a program names by their web address, fetched as carefully as a visitor's.

Gradio would fetch them itself: of any size, into memory, from addresses of a provider's own network
too, and with a question to another company's name server.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import gradio as gr
from gradio.blocks import Block
from gradio.processing_utils import save_bytes_to_cache
from gradio_client.utils import is_http_url_like, strip_invalid_filename_characters

from demo_app import words
from demo_app.web_picture import Network, WebPictureError, fetch

Mover = Callable[[str | Path | None], Awaitable[str | None]]


def guard_addresses(page: gr.Blocks, allowed: Sequence[Network] = ()) -> None:
    """Let every component of the page take files from web addresses through `fetch` alone.

    Args:
        page: once everything is laid out.
        allowed: see `fetch`; none for visitors.
    """
    for block in page.blocks.values():
        guarded = _guarded(block, allowed)
        block.async_move_resource_to_block_cache = guarded  # pyright: ignore[reportAttributeAccessIssue]


def _guarded(block: Block, allowed: Sequence[Network]) -> Mover:
    move = block.async_move_resource_to_block_cache

    async def guarded(named: str | Path | None) -> str | None:
        if not isinstance(named, str) or not is_http_url_like(named):
            return await move(named)
        try:
            content = await fetch(named, allowed)
        except WebPictureError as error:
            raise gr.Error(words.sentence(str(error)), print_exception=False) from error
        name = strip_invalid_filename_characters(PurePosixPath(urlsplit(named).path).name)
        # Gradio guesses a suffix where there is none, from sounds.
        name = name if Path(name).suffix else f"{name or 'file'}.bin"
        path = save_bytes_to_cache(content, name, block.GRADIO_CACHE)
        block.temp_files.add(path)
        return path

    return guarded
