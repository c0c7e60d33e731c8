"""Files that a program names by their web address, fetched as carefully as a visitor's.

Gradio would fetch them itself: of any size, into memory, from addresses of a provider's own network
too, and with a question to another company's name server.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import gradio as gr
from gradio import processing_utils
from gradio_client.utils import strip_invalid_filename_characters

from demo_app.render import text as words
from demo_app.serving.safe_fetch import Network, WebPictureError, fetch


def guard_addresses(allowed: Sequence[Network] = ()) -> None:
    """Let Gradio take files from web addresses through `fetch` alone, in every component.

    Gradio makes components anew when an event changes them, so none of them is the place for it:
    its own download is replaced.

    Args:
        allowed: see `fetch`; none for visitors.
    """

    async def download(url: str, cache_dir: str) -> str:
        try:
            content = await fetch(url, allowed)
        except WebPictureError as error:
            raise gr.Error(words.sentence(str(error)), print_exception=False) from error
        name = strip_invalid_filename_characters(PurePosixPath(urlsplit(url).path).name)
        # Gradio guesses a suffix where there is none, from sounds.
        name = name if Path(name).suffix else f"{name or 'file'}.bin"
        return processing_utils.save_bytes_to_cache(content, name, cache_dir)

    processing_utils.async_ssrf_protected_download = download
