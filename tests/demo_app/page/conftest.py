"""The built static page, served by a plain file server, and visits to it in Chromium."""

import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest
from PIL import Image, ImageChops

from demo_app.page import build as static_page
from demo_app.page.build import AUTO, SOURCES
from demo_app.page.fetch_runtime import fetch_runtime, pinned_version

MOST_BYTES = 15_000_000
READY = "html[data-ready]"
# What is drawn on the stage, as a number that changes with it.
DRAWN = """() => {
  const { width, height } = document.querySelector("#stage");
  const pen = document.querySelector("#stage").getContext("2d");
  return pen.getImageData(0, 0, width, height).data.reduce((sum, v, at) => sum + v * (at % 97), 0);
}"""


@pytest.fixture(scope="session")
def runtime_files():
    """ONNX Runtime Web; skips without npm, or fails where the browser tests are required."""
    if shutil.which("npm") is None:
        missing = "needs npm, which fetches ONNX Runtime Web"
        if os.environ.get("FER_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return fetch_runtime(pinned_version(SOURCES))


@pytest.fixture(scope="session")
def build_site(runtime_files):
    """The function that builds the static page; the runtime is fetched once."""

    def build(out, model="", second="", landmarker=AUTO):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("demo_app.page.build.fetch_runtime", lambda *_: runtime_files)
            static_page.build(out, model, second=second, landmarker=landmarker)
        return out

    return build


@pytest.fixture(scope="session")
def site(build_site, tmp_path_factory):
    """The folder of the static page with the embedded model."""
    return build_site(tmp_path_factory.mktemp("site") / "static")


class Server(NamedTuple):
    address: str
    paths: list[str]
    sent: list[int]


def serve(folder):
    paths, sent = [], []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            super().do_GET()

        def copyfile(self, source, outputfile):
            content = source.read()
            sent.append(len(content))
            outputfile.write(content)

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server, Server(f"http://127.0.0.1:{server.server_port}", paths, sent)


@contextmanager
def first_visit(chromium, folder):
    """A page in a browser that keeps its files now, and its server, which may be shut down."""
    running, server = serve(folder)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(server.address)
    page.wait_for_selector(READY)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    yield page, running, server
    context.close()


@pytest.fixture(scope="session")
def images(portrait, pair, empty, tmp_path_factory):
    """PNG files of drawn people."""
    folder = tmp_path_factory.mktemp("images")
    small = Image.new("RGB", (900, 1400), "#8899aa")
    small.paste(portrait, (400, 800))
    turned = portrait.rotate(20, Image.Resampling.BICUBIC, fillcolor="#8899aa")
    drawn = {"portrait": portrait, "pair": pair, "turned": turned, "small": small, "empty": empty}
    width, height = portrait.size
    drawn["moved"] = ImageChops.offset(pair, 14, -9)
    drawn["cut"] = portrait.crop((round(0.4 * width), 0, width, height))  # an edge cuts the face
    for name, image in drawn.items():
        image.save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="session")
def server(site, images):
    (site / "images").symlink_to(images)
    running, server = serve(site)
    yield server
    running.shutdown()
    (site / "images").unlink()


@pytest.fixture(scope="session")
def camera_browser(film, launch_chromium):
    browser = launch_chromium(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    yield browser
    browser.close()


@pytest.fixture
def visit(server):
    """The function that opens the page; `page.complaints` are errors and foreign requests."""
    contexts = []

    def open_one(browser, *, wait=READY, prepare=None, **options):
        # A service worker would load every file once more, which tests of its own are for.
        context = browser.new_context(**{"service_workers": "block", **options})
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: page.complaints.append(line.text) if line.type == "error" else None,
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((server.address, f"blob:{server.address}"))
                else page.complaints.append(request.url)
            ),
        )
        if prepare:
            prepare(page)
        page.goto(server.address)
        page.wait_for_selector(wait)
        return page

    yield open_one
    for context in contexts:
        context.close()


def upload(page, image):
    before = page.evaluate(DRAWN)
    page.set_input_files("#file", image)
    page.wait_for_function(f"before => ({DRAWN})() !== before", arg=before)


def fault(page):
    page.wait_for_selector("#fault:not([hidden])")
    return page.inner_text("#fault")
