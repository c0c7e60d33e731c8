"""A real browser for tests."""

import os
import shutil
from functools import wraps

import pytest

PATIENCE = 180_000  # ms for every step in a browser: a loaded machine is not a failure
# The same engine; without the desktop browser around it a page costs little more than half.
CHROMIUMS = ("chromium-headless-shell", "chromium")
CHROMIUM_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update "
    "--js-flags=--liftoff-only"  # compiling WebAssembly well takes longer than a test runs it
)


@pytest.fixture(scope="session")
def launch_chromium():
    """The function that starts a Chromium with flags; skips, or fails where one is required.

    One for all tests of a process: Playwright works once in a thread.
    """
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    try:
        from playwright.sync_api import Browser, expect, sync_playwright
    except ImportError:
        program = None
    if program is None:
        missing = f"needs {' or '.join(CHROMIUMS)} on the path, and playwright"
        if os.environ.get("FER_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        for name in ("new_context", "new_page"):
            patch.setattr(Browser, name, _patient(getattr(Browser, name)))
        expect.set_options(timeout=PATIENCE)
        yield lambda *flags: playwright.chromium.launch(
            executable_path=program, args=[*CHROMIUM_FLAGS.split(), *flags]
        )


def _patient(open_one):
    """What a browser opens, with our patience."""

    @wraps(open_one)
    def opened(*arguments, **options):
        one = open_one(*arguments, **options)
        one.set_default_timeout(PATIENCE)
        return one

    return opened
