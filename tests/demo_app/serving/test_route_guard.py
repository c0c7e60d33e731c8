import socket

import httpx
import pytest

from demo_app.serving.route_guard import CLOSED, RouteGuard, is_own_host, own_names


def ask(path="/config", host="127.0.0.1:7860", hosts=()):
    """Status that a guarded application answers with; 200 is the application's own."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", host.encode())]}
    with pytest.raises(StopIteration):  # nothing in it waits
        RouteGuard(app, hosts)(scope, None, send).send(None)
    return sent[0]["status"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example",
                                  "localhost.evil.example", "[::1", "a b", "1@evil.a"])  # fmt: skip
def test_a_name_of_another_site_is_refused(host):
    assert ask(host=host) == 421


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "192.168.0.7",
                                  "demo.localhost", "LOCALHOST", "", "localhost."])  # fmt: skip
def test_addresses_in_numbers_and_names_of_this_computer_are_taken(host):
    assert ask(host=host) == 200


def test_a_name_that_was_allowed_is_taken_and_none_is_refused_where_all_are():
    assert ask(host="faces.example:443", hosts=["Faces.example"]) == 200
    assert ask(host="other.example", hosts=["faces.example"]) == 421
    assert ask(host="other.example", hosts=None) == 200
    assert is_own_host(socket.gethostname(), own_names())


@pytest.mark.parametrize("url", ["http://example.com/x", "https://example.com", "HTTP://x", "ftp://x",
                                 " http://x", "file:///etc/passwd", "http:/x"])  # fmt: skip
@pytest.mark.parametrize("way", ["file=", "file/"])
def test_the_way_to_files_fetches_no_web_address(url, way):
    assert ask(f"/gradio_api/{way}{url}") == 403


@pytest.mark.parametrize("path", CLOSED)
def test_what_the_page_does_not_have_cannot_be_asked_for(path):
    assert ask(path) == 404
    assert ask(f"/gradio_api{path}/x") == 404


def test_files_of_the_page_are_served():
    assert ask("/gradio_api/file=/tmp/uploads/a.png") == 200


def test_the_running_page_refuses_foreign_hosts_and_addresses(address):
    assert httpx.get(f"{address}/config", headers={"Host": "evil.example"}).status_code == 421
    assert httpx.get(f"{address}/gradio_api/file=http://example.com/x").status_code == 403
    assert httpx.get(f"{address}/monitoring").status_code == 404
