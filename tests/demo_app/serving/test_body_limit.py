import socket
import time
from pathlib import Path

import httpx
import pytest

from demo_app.serving.body_limit import (
    OBJECTS_MOST,
    OTHER_LARGEST,
    UPLOAD_LARGEST,
    RequestLimit,
)
from demo_app.serving.upload_ledger import UploadLedger

TWO_GB = 2 * 2**30
CHUNK = b"x" * 2**18
MARGIN = 16 * 2**20  # what lies in the buffers between the two ends
FORM = {"Content-Type": "multipart/form-data; boundary=edge"}
START = (
    b'--edge\r\nContent-Disposition: form-data; name="files"; filename="photo.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n"
)


class Flood:
    """A body of two gigabytes, made while it is sent; ``taken`` counts what the server took."""

    def __init__(self, start=b""):
        self.start = start
        self.taken = 0

    def __iter__(self):
        yield self.start
        while self.taken < TWO_GB:
            yield CHUNK
            self.taken += len(CHUNK)


def leftovers(served):
    return [path for path in served.files.iterdir() if path.is_file()]


@pytest.fixture(autouse=True)
def server_goes_on(served):
    """Whatever a test sends: afterwards the page answers, and no file is left."""
    before = leftovers(served)
    yield
    assert httpx.get(served.address).status_code == 200
    assert leftovers(served) == before


def test_an_upload_of_two_gigabytes_that_says_so_is_refused_unread(served):
    flood = Flood(START)
    headers = {**FORM, "Content-Length": str(TWO_GB)}
    answer = httpx.post(
        f"{served.address}/gradio_api/upload", content=iter(flood), headers=headers, timeout=60
    )
    assert answer.status_code == 413
    assert answer.text == (
        f"The request is larger than the maximum allowed size of {UPLOAD_LARGEST >> 20} MB."
    )
    assert flood.taken < MARGIN


@pytest.mark.slow
def test_an_upload_of_two_gigabytes_that_does_not_say_so_is_cut_off(served):
    flood = Flood(START)
    url = f"{served.address}/gradio_api/upload?upload_id=flood"
    answer = httpx.post(url, content=iter(flood), headers=FORM, timeout=60)
    assert answer.status_code == 413
    assert "maximum allowed size" in answer.text
    assert flood.taken < served.page.max_file_size + MARGIN


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/component_server"])
@pytest.mark.parametrize("kind", [FORM, {"Content-Type": "application/json"}])
def test_any_other_request_is_cut_off_as_well(served, path, kind):
    flood = Flood(START if kind is FORM else b'"')
    answer = httpx.post(served.address + path, content=iter(flood), headers=kind, timeout=60)
    assert answer.status_code in (400, 413, 422)
    assert flood.taken < OTHER_LARGEST + MARGIN


def test_an_upload_whose_sender_goes_away_leaves_no_file(served):
    host, _, port = served.address.removeprefix("http://").partition(":")
    head = (
        "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n"
        f"Content-Type: {FORM['Content-Type']}\r\n\r\n"
    )
    before = len(leftovers(served))
    with socket.create_connection((host, int(port))) as sender:
        sender.sendall(head.encode() + START + CHUNK * 8)
        wait_for(lambda: len(leftovers(served)) > before)
    wait_for(lambda: len(leftovers(served)) == before)


def wait_for(condition):
    for _ in range(100):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within five seconds")


@pytest.mark.parametrize("name", ['; filename=""', "", '; filename="/"'])
def test_an_upload_without_a_name_is_no_fault_of_the_server(served, name):
    form = START.replace(b'; filename="photo.jpg"', name.encode()) + b"x\r\n--edge--\r\n"
    answer = httpx.post(f"{served.address}/gradio_api/upload", content=form, headers=FORM)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        for file in answer.json():
            Path(file).unlink()


@pytest.mark.parametrize("path", ["call/batch", "run/batch", "queue/join"])
def test_a_request_with_thousands_of_files_is_refused_before_gradio_reads_it(served, path):
    file = {"path": "a.png", "meta": {"_type": "gradio.FileData"}}
    body = {"data": [[file] * 8000, "bundled", 0.5], "fn_index": 0, "session_hash": "x"}
    answer = httpx.post(f"{served.address}/gradio_api/{path}", json=body, timeout=60)
    assert answer.status_code in (400, 413)
    assert str(OBJECTS_MOST) in answer.text


def test_what_one_visitor_and_all_together_upload_has_a_limit():
    limited = RequestLimit(None, ledger=UploadLedger(visitor=100, everybody=150))
    assert limited._count("a", b"x" * 100) == ""
    assert "within 15 minutes" in limited._count("a", b"x")
    assert "All visitors" in limited._count("b", b"x" * 51)


def test_an_ordinary_upload_arrives(served):
    files = {"files": ("small.txt", b"small")}
    answer = httpx.post(f"{served.address}/gradio_api/upload", files=files)
    assert answer.status_code == 200
    assert answer.headers.get("connection") != "close"
