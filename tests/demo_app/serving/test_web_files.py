import asyncio
import http.server
import ipaddress
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import gradio as gr
import pytest
from gradio import processing_utils
from gradio_client import Client, handle_file

from demo_app.serving.guarded_page import GuardedPage

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def site(tmp_path, portrait):
    """A web server on this computer, with an image; ``asked`` lists what it was asked for."""
    portrait.save(tmp_path / "face.png")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, *_):
            self.server.asked.append(self.path)

        def log_error(self, *_):
            """Quiet."""

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))
    )
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def client(address, tmp_path_factory):
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("answers"))


@pytest.mark.parametrize("endpoint", ["/analyse", "/explain"])
def test_a_program_cannot_send_the_page_to_a_private_address(client, site, endpoint):
    with pytest.raises(Exception, match="is not on the public internet, so it is not asked"):
        client.predict(photo=handle_file(f"{site.url}/face.png"), api_name=endpoint)
    assert site.asked == []


@pytest.mark.parametrize("host", ["100.100.100.200", "169.254.169.254", "[::ffff:10.0.0.1]"])
@pytest.mark.slow
def test_nor_to_a_provider_s_own_network(client, host):
    with pytest.raises(Exception, match="is not on the public internet, so it is not asked"):
        client.predict(photo=handle_file(f"http://{host}/face.png"), api_name="/analyse")


def take(page, inputs):
    """The paths of files that the one event of a page gets; in a thread with a loop of its own."""
    (event,) = page.fns.values()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(
            lambda: asyncio.run(page.preprocess_data(event, inputs, None))
        ).result()


def small_page(folder, monkeypatch, **options):
    """A page with one event that takes a file and whatever a choice sends."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder / "cache"))
    with GuardedPage(**options) as page:
        file, choice = gr.File(), gr.JSON()
        file.change(lambda file, choice: None, [file, choice], None)
    return page


def marked(path):
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


@pytest.mark.slow
def test_a_file_from_an_address_that_may_be_asked_comes_in_like_an_upload(
    site, tmp_path, monkeypatch
):
    page = small_page(tmp_path, monkeypatch, allowed=LOOPBACK)
    path, _ = take(page, [marked(f"{site.url}/face.png"), None])
    assert Path(path).read_bytes() == (tmp_path / "face.png").read_bytes()
    assert Path(path).name == "face.png"
    assert Path(path).is_relative_to(tmp_path / "cache")
    (file, _) = page.fns[0].inputs
    assert str(path) in file.temp_files  # so Gradio deletes it
    assert site.asked == ["/face.png"]


@pytest.mark.slow
def test_no_component_is_a_way_around(site, tmp_path, monkeypatch):
    page = small_page(tmp_path, monkeypatch)
    nested = {"deep": [{"files": [marked(f"{site.url}/face.png")]}]}
    with pytest.raises(gr.Error, match="not on the public internet"):
        take(page, [None, nested])
    assert site.asked == []


def test_gradio_keeps_its_own_download_for_other_pages(served):
    assert processing_utils.async_ssrf_protected_download.__module__ == processing_utils.__name__
