"""The dashboard as a visitor meets it: served, in a headless Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec

import pytest

from fer_core.audit.folder import write_audit
from tests.dashboard.made_audits import make_audit
from tests.project import APP

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Streamlit's client first looks for its server below a page's own address; both files are
# found at the root afterwards.
LOOKED_FOR = ("_stcore/health", "_stcore/host-config")
PAGES = {
    "": ("Facial expression recognition under label noise", "EAC minus baseline"),
    "noise": ("Noise robustness", "At 30 % symmetric label noise"),
    "curves": ("Training curves", "figures 8 to 11 of the HUST report"),
    "classes": ("Classes", "Recall"),
    "changes": ("Changed predictions", "No finished run has predictions"),
    "robustness": ("Robustness", "the most accuracy"),
    "audit": ("Label audit", "labels are flagged"),
    "looks": ("Attention maps", "Means over the faces shown"),
    "runs": ("Runs", "8 runs"),
    "table": ("Results table", "A table for a paper"),
    "cost": ("Cost", "Measured speed"),
    "published": ("Published results", "Measured here"),
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        (CHROMIUM is None or find_spec("playwright") is None)
        and os.environ.get("FER_REQUIRE_BROWSER") != "1",
        reason="chromium or playwright is not installed",
    ),
]


@pytest.fixture
def address(records, write_robustness, tmp_path):
    write_robustness(records / "measured.json")
    write_audit(records / "audit-faces", make_audit())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(APP)]
    options = ["--server.port", str(port), "--server.headless", "true"]
    server = subprocess.Popen(
        [*command, *options, "--server.address", "127.0.0.1"],
        env={**os.environ, "FER_RUNS": str(records)},
        cwd=tmp_path,
    )
    try:
        yield wait_for(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait(timeout=10)


def wait_for(url, server):
    for _ in range(150):
        assert server.poll() is None, "streamlit has ended"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return url
        except OSError:
            time.sleep(0.2)
    raise AssertionError("streamlit does not answer")


def test_every_page_opens_without_an_error_and_calls_no_other_host(address, launch_chromium):
    complaints: list[str] = []

    def note_console(message):
        expected = any(name in message.location.get("url", "") for name in LOOKED_FOR)
        if message.type == "error" and not expected:
            complaints.append(message.text)

    def note_request(request):
        if request.url.startswith("http") and not request.url.startswith(address):
            complaints.append(f"foreign request: {request.url}")

    browser = launch_chromium()
    page = browser.new_page(viewport={"width": 1200, "height": 2400})
    page.on("console", note_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", note_request)
    for path, (title, text) in PAGES.items():
        page.goto(f"{address}/{path}")
        page.get_by_role("heading", name=title, exact=True).wait_for()
        page.get_by_text(text).first.wait_for()  # maps take processes of their own
        if path not in ("", "audit", "changes", "looks", "runs"):
            page.locator(".js-plotly-plot .main-svg").first.wait_for()
        assert page.get_by_test_id("stException").count() == 0
        assert page.get_by_text("Page not found").count() == 0
    browser.close()
    assert complaints == []
