import contextlib
import http.server
import io
import ipaddress
import threading

import pytest

from fer_core.io import safe_fetch as web_picture
from fer_core.io.safe_fetch import WebImageError, fetch_image, is_public

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Handler(http.server.BaseHTTPRequestHandler):
    """An image, redirects, and what servers do wrong."""

    image = b""

    def do_GET(self):
        name = self.path.partition("?")[0]
        self.server.asked.append((name, self.headers["Host"]))
        if name.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
        elif name == "/loop":
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
        elif name == "/image":
            self.answer(self.image)
        elif name == "/page":
            self.answer(b"<html>no image</html>")
        elif name == "/drip":
            self.drip()
        elif name == "/endless":
            self.send_response(200)
            self.end_headers()
            self.send_endless()
        else:
            self.send_error(404)

    def answer(self, content):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_endless(self):
        self.server.sent = 0
        try:
            while True:
                self.wfile.write(b"x" * 65536)
                self.server.sent += 65536
        except OSError:
            return

    def drip(self):
        """A header that never ends, a byte at a time."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with contextlib.suppress(OSError):  # the other end has left
            while not self.server.stopped.wait(0.05):
                self.wfile.write(b"x")

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture(scope="module")
def image_file(portrait):
    """The bytes of a PNG file with an alpha channel."""
    stream = io.BytesIO()
    portrait.convert("RGBA").save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def server(image_file):
    Handler.image = image_file
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    server.stopped = threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.stopped.set()
    server.shutdown()
    server.server_close()


def test_a_picture_is_fetched_as_upright_rgb(server, portrait):
    image = fetch_image(f" {server.url}/image?size=large ", LOOPBACK)
    assert image.mode == "RGB"
    assert image.size == portrait.size


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "2130706433", "0x7f.1", "127.1"]
)
def test_this_computer_is_refused_however_it_is_written(server, host):
    refused = r"not on the public internet|no host|not a web address"
    with pytest.raises(WebImageError, match=refused):
        fetch_image(f"http://{host}:{server.server_port}/image")
    assert server.asked == []


@pytest.mark.parametrize(
    "text",
    [
        *("10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("127.0.0.1", "::1", "::", "fc00::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
        *("2002:7f00:1::", "::127.0.0.1", "224.0.0.1", "ff02::1", "255.255.255.255"),
        *("fec0::1", "2001:db8::1", "100.100.100.200", "::ffff:8.8.8.8", "fd00:ec2::254"),
    ],
)
def test_addresses_that_are_not_of_the_public_internet_are_refused(text):
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_may_be_asked(text):
    assert is_public(ipaddress.ip_address(text))


def test_a_host_with_one_private_address_among_public_ones_is_refused(monkeypatch):
    found = [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(web_picture.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(WebImageError, match=r"two-faced\.example is not on the public internet"):
        fetch_image("http://two-faced.example/image")


def test_the_address_that_was_looked_at_is_the_one_asked(server, monkeypatch):
    looked_up = []

    def resolve(host, port, *_, **__):
        looked_up.append(host)
        first = looked_up == ["changing.example"]
        address = "10.0.0.1" if host == "changing.example" and not first else "127.0.0.1"
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr(web_picture.socket, "getaddrinfo", resolve)
    url = f"http://changing.example:{server.server_port}/image"
    fetch_image(url, LOOPBACK)
    assert looked_up.count("changing.example") == 1
    assert server.asked == [("/image", f"changing.example:{server.server_port}")]


def test_the_next_address_of_a_host_is_asked_where_the_first_cannot_be_reached(
    server, portrait, monkeypatch
):
    first, second = ((2, 1, 6, "", (f"127.0.0.{n}", server.server_port)) for n in (9, 1))
    monkeypatch.setattr(web_picture.socket, "getaddrinfo", lambda *_, **__: [first, second])
    url = f"http://twice.example:{server.server_port}/image"
    assert fetch_image(url, LOOPBACK).size == portrait.size


def test_a_proxy_of_the_environment_is_not_used(server, portrait, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert fetch_image(f"{server.url}/image", LOOPBACK).size == portrait.size


@pytest.mark.slow
def test_a_server_that_drips_is_left(server, monkeypatch):
    monkeypatch.setattr(web_picture, "ALL_SECONDS", 0.5)
    with pytest.raises(WebImageError, match="does not arrive within"):
        fetch_image(f"{server.url}/drip", LOOPBACK)


@pytest.mark.slow
def test_a_redirect_is_followed(server, portrait):
    assert fetch_image(f"{server.url}/to//image", LOOPBACK).size == portrait.size


def test_a_redirect_to_a_private_address_is_refused(server):
    with pytest.raises(WebImageError, match=r"169\.254\.169\.254 is not on the public internet"):
        fetch_image(f"{server.url}/to/http://169.254.169.254/latest", LOOPBACK)


def test_a_redirect_to_a_file_is_refused(server):
    with pytest.raises(WebImageError, match="not a web address"):
        fetch_image(f"{server.url}/to/file:///etc/passwd", LOOPBACK)


def test_a_circle_of_redirects_ends(server):
    with pytest.raises(WebImageError, match="more than 3 times"):
        fetch_image(f"{server.url}/loop", LOOPBACK)
    assert len(server.asked) == 4


@pytest.mark.slow
def test_an_endless_file_is_cut_off(server):
    with pytest.raises(WebImageError, match="larger than 25 MB"):
        fetch_image(f"{server.url}/endless", LOOPBACK)
    assert server.sent < 80 * 2**20


@pytest.mark.parametrize(
    ("path", "words"),
    [("/page", "there is no image at this address of 127"), ("/absent", "status 404")],
)
@pytest.mark.slow
def test_what_is_no_picture_is_told(server, path, words):
    with pytest.raises(WebImageError, match=words):
        fetch_image(server.url + path, LOOPBACK)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://me:secret@example.org/a.jpg", "me:secret@example.org", "http://me:secret@[a/"),
        *("", "photo.jpg", "file:///etc/passwd", "ftp://example.org/a.jpg", "http://", "http:///a"),
        *("data:image/png;base64,AAAA", "https://me:secret@example.org/a.jpg", "http://[bad/a"),
        "http://a b.example/",
    ],
)
def test_what_is_no_web_address_is_told_without_asking_anyone(url, monkeypatch):
    monkeypatch.setattr(web_picture, "_get", None)  # calling it would be a TypeError
    with pytest.raises(WebImageError) as caught:
        fetch_image(url)
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_a_closed_port_is_told(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(WebImageError, match="cannot be reached"):
        fetch_image(f"{server.url}/image", LOOPBACK)
