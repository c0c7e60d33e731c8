"""A picture from the address that a visitor typed, fetched so that it reaches nothing private.

A page that fetches what strangers name can be made to ask computers which only it can see: its own
services, the router, a cloud's metadata (server-side request forgery). So the host is resolved
first, every address of it must be a public one, and the connection is made to the very address that
was looked at; each redirect is looked at again.
"""

import io
import ipaddress
import socket
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import httpx
from PIL import Image

from fer_core.predictor import open_photo

LARGEST = 25 * 2**20  # bytes
REDIRECTS = 3
CONNECT_SECONDS = 5.0
ALL_SECONDS = 20.0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# IPv6 that carries an IPv4 address which could be private: NAT64, 6to4, Teredo, mapped, compatible.
CARRIERS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "::ffff:0:0/96",
    )
)


class WebPictureError(ValueError):
    """An address without a picture that may be fetched; one sentence without a full stop."""


class _Target(NamedTuple):
    url: httpx.URL
    address: Address


def fetch_picture(url: str, allowed: Sequence[Network] = ()) -> Image.Image:
    """The picture at a web address, upright RGB.

    Args:
        url: of http or https.
        allowed: networks that may be asked although they are not public; none for visitors.

    Raises:
        WebPictureError: when the address is none, is private, or has no picture within 25 MB.
    """
    deadline = time.monotonic() + ALL_SECONDS
    current = url.strip()
    for _ in range(REDIRECTS + 1):
        target = _resolve(current, allowed)
        content, moved = _get(target, deadline)
        if moved is None:
            break
        current = moved
    else:
        raise WebPictureError(f"{url} redirects more than {REDIRECTS} times")
    try:
        return open_photo(Image.open(io.BytesIO(content)))
    except (ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise WebPictureError(f"there is no picture at {current}") from error


def is_public(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Whether strangers may send the server to this address."""
    if any(address in network for network in allowed):
        return True
    if any(address in network for network in CARRIERS):
        return False
    return address.is_global and not address.is_multicast


def _resolve(text: str, allowed: Sequence[Network]) -> _Target:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise WebPictureError(f"{text!r} is no web address") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise WebPictureError(f"{text!r} is no web address: it must begin with https:// or http://")
    if url.userinfo:
        raise WebPictureError("an address with a name or password in it is not fetched")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise WebPictureError(f"there is no host named {url.host}") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not all(is_public(address, allowed) for address in addresses):
        raise WebPictureError(f"{url.host} is not on the public internet, so it is not asked")
    return _Target(url, addresses[0])


def _get(target: _Target, deadline: float) -> tuple[bytes, str | None]:
    """The content, or where it has moved to."""
    url = target.url
    pinned = url.copy_with(host=str(target.address))
    headers = {"Host": url.netloc.decode(), "Accept": "image/*"}
    headers["Accept-Encoding"] = "identity"  # a small answer must not unfold into a large one
    timeout = httpx.Timeout(ALL_SECONDS / 2, connect=CONNECT_SECONDS)
    # The certificate is still checked against the host's name.
    options = {"sni_hostname": url.host}
    content = bytearray()
    try:
        with (
            httpx.Client(trust_env=False, follow_redirects=False, timeout=timeout) as client,
            client.stream("GET", pinned, headers=headers, extensions=options) as answer,
        ):
            if answer.has_redirect_location:
                return b"", str(url.join(answer.headers["Location"]))
            if answer.status_code != 200:
                raise WebPictureError(f"{url.host} answers {answer.status_code}, not a picture")
            for chunk in answer.iter_raw():
                content += chunk
                if len(content) > LARGEST:
                    raise WebPictureError(f"the file at {url} is larger than {LARGEST >> 20} MB")
                if time.monotonic() > deadline:
                    raise WebPictureError(f"{url.host} takes longer than {ALL_SECONDS:.0f} seconds")
    except httpx.TimeoutException as error:
        raise WebPictureError(f"{url.host} does not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        if isinstance(error, WebPictureError):
            raise
        raise WebPictureError(f"{url.host} cannot be reached") from error
    return bytes(content), None
