"""Deletes old files of visitors: uploads, images of the page, tables, archives.

Gradio deletes what it remembers having made, and it forgets the files of a component that was
changed while the page was open. So the folder itself is looked through.
"""

import contextlib
import os
import threading
import time
from collections.abc import Collection
from pathlib import Path

OLDEST = 15 * 60.0  # seconds
EVERY = 60.0


def sweep(folder: Path, oldest: float = OLDEST, keep: Collection[Path] = ()) -> None:
    """Delete what was last changed too long ago, and folders that are empty since then.

    Args:
        folder: of all visitors' files.
        oldest: age in seconds from which a file goes.
        keep: files that stay, as the examples of the page.
    """
    before = time.time() - oldest
    # What lies deeper comes first; unlike rglob, walk goes on where a folder vanishes under it.
    for root, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            path = Path(root, name)
            # Its owner may be faster: the path is gone, or has something in it again.
            with contextlib.suppress(OSError):
                if path in keep or path.stat().st_mtime > before:
                    continue
                if not path.is_dir():
                    path.unlink()
                elif not any(path.iterdir()):
                    path.rmdir()


def keep_sweeping(folder: Path, stopped: threading.Event) -> threading.Thread:
    """Sweep every minute until stopped; what lies in the folder now stays."""
    keep = frozenset(path for path in folder.rglob("*") if path.is_file())

    def run() -> None:
        while not stopped.wait(EVERY):
            sweep(folder, keep=keep)

    thread = threading.Thread(target=run, name="sweeping", daemon=True)
    thread.start()
    return thread
