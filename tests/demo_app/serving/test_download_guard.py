import asyncio
import http.server
import ipaddress
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client, handle_file

from demo_app.serving.download_guard import guard_addresses

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def site(tmp_path, portrait):
    """A web server on this computer, with a picture; ``asked`` lists what it was asked for."""
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
    threading.Thread(target=server.serve_forever, daemon=True).start()
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
def test_nor_to_a_provider_s_own_network(client, host):
    with pytest.raises(Exception, match="is not on the public internet, so it is not asked"):
        client.predict(photo=handle_file(f"http://{host}/face.png"), api_name="/analyse")


def move(block, file):
    """Where the file is moved to; in a thread, for a browser test leaves a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(
            lambda: asyncio.run(block.async_move_resource_to_block_cache(file))
        ).result()


@pytest.fixture
def loopback():
    """This computer may be asked."""
    guard_addresses(LOOPBACK)
    yield
    guard_addresses()


def test_a_file_from_an_address_that_may_be_asked_comes_in_like_an_upload(site, tmp_path, loopback):
    block = gr.File()
    block.GRADIO_CACHE = str(tmp_path / "cache")
    path = move(block, f"{site.url}/face.png")
    assert path in block.temp_files
    assert Path(path).read_bytes() == (tmp_path / "face.png").read_bytes()


def test_a_file_of_this_computer_comes_in_as_ever(tmp_path, portrait):
    block = gr.File()
    block.GRADIO_CACHE = str(tmp_path / "cache")
    portrait.save(tmp_path / "face.png")
    path = move(block, tmp_path / "face.png")
    assert Path(path).read_bytes() == (tmp_path / "face.png").read_bytes()


def test_no_component_is_a_way_around_even_made_anew(site, served):
    with pytest.raises(gr.Error, match="not on the public internet"):
        move(gr.Radio([1]), f"{site.url}/face.png")
    assert site.asked == []
