"""An image from the address that a visitor typed, fetched so that it reaches nothing private.

A page that fetches what strangers name can be made to ask computers which only it can see: its own
services, the router, a cloud's metadata (server-side request forgery). So the host is resolved
first, each of its addresses must be public, and the connection is made to the very address that was
checked; each redirect is checked again. Messages name hosts only: the rest of an address
may hold a password, or come from the server that was asked.
"""

import asyncio
import io
import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import httpx
from PIL import Image

from fer_core.errors import FerError
from fer_core.io.images import READ_ERRORS, ImageError, open_upright

LARGEST = 25 * 2**20  # bytes
REDIRECTS = 3
CONNECT_SECONDS = 5.0
ALL_SECONDS = 20.0

Decoded = TypeVar("Decoded")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# IPv6 that carries an IPv4 address which could be private (NAT64, 6to4, Teredo, mapped,
# compatible), and the old site-local addresses, which Python calls global.
DOUBTFUL = tuple(
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "::ffff:0:0/96",
        "fec0::/10",
    )
)


class WebImageError(FerError, ValueError):
    """An address without an image that may be fetched; one sentence without a full stop."""


class _Target(NamedTuple):
    url: httpx.URL
    addresses: tuple[Address, ...]


def fetch_image(url: str, allowed: Sequence[Network] = ()) -> Image.Image:
    """The image at a web address, upright RGB.

    Args:
        url: of http or https.
        allowed: networks that may be asked although they are not public; none for visitors.

    Raises:
        WebImageError: when the address is none, is private, or has no image within 25 MB.
    """
    return fetch_decoded(url, lambda content: open_upright(io.BytesIO(content)), allowed)


def fetch_decoded(
    url: str, decode: Callable[[bytes], Decoded], allowed: Sequence[Network] = ()
) -> Decoded:
    """What a decoder makes of the file at a web address; otherwise as `fetch_image`.

    Args:
        url: as for `fetch_image`.
        decode: reads the file that came.
        allowed: as for `fetch_image`.

    Raises:
        WebImageError: as `fetch_image`.
    """
    with ThreadPoolExecutor(1) as thread:  # of its own: the caller's may run an event loop
        content = thread.submit(lambda: asyncio.run(fetch(url, allowed))).result()
    try:
        return decode(content)
    except ImageError as error:
        raise WebImageError(str(error)) from error
    except READ_ERRORS as error:
        host = httpx.URL(url.strip()).host
        raise WebImageError(f"there is no image at this address of {host}") from error


async def fetch(url: str, allowed: Sequence[Network] = ()) -> bytes:
    """The content of a web address, see `fetch_image`.

    Raises:
        WebImageError: when the address is none, is private, or has nothing within 25 MB.
    """
    current = url.strip()
    try:
        # One limit over everything: a server that sends a byte now and then stays below any other.
        async with asyncio.timeout(ALL_SECONDS):
            for _ in range(REDIRECTS + 1):
                content, moved = await _get(await _resolve(current, allowed))
                if moved is None:
                    return content
                current = moved
    except TimeoutError as error:
        raise WebImageError(
            f"the image does not arrive within {ALL_SECONDS:.0f} seconds"
        ) from error
    raise WebImageError(f"this address redirects more than {REDIRECTS} times")


def is_public(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Whether strangers may send the server to this address."""
    if any(address in network for network in allowed):
        return True
    if any(address in network for network in DOUBTFUL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _resolve(text: str, allowed: Sequence[Network]) -> _Target:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise WebImageError("this is not a web address") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise WebImageError("this is not a web address: it must begin with https:// or http://")
    if url.userinfo:
        raise WebImageError("an address with a name or password in it is not fetched")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise WebImageError(f"there is no host named {url.host}") from error
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    addresses = tuple(ipaddress.ip_address(text) for text in texts)
    if not all(is_public(address, allowed) for address in addresses):
        raise WebImageError(f"{url.host} is not on the public internet, so it is not asked")
    return _Target(url, addresses)


async def _get(target: _Target) -> tuple[bytes, str | None]:
    """The content, or where it has moved to, from the first address that can be reached."""
    host = target.url.host
    for address in target.addresses:
        try:
            return await _get_from(target.url, address)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
        except httpx.TimeoutException as error:
            raise WebImageError(f"{host} does not respond in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise WebImageError(f"{host} does not respond like a web server") from error
    raise WebImageError(f"{host} cannot be reached")


async def _get_from(url: httpx.URL, address: Address) -> tuple[bytes, str | None]:
    headers = {"Host": url.netloc.decode(), "Accept": "image/*"}
    headers["Accept-Encoding"] = "identity"  # a small response must not unfold into a large one
    timeout = httpx.Timeout(ALL_SECONDS / 2, connect=CONNECT_SECONDS)
    pinned = url.copy_with(host=str(address))
    options = {"sni_hostname": url.host}  # the certificate is still checked against the name
    content = bytearray()
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=timeout) as client,
        client.stream("GET", pinned, headers=headers, extensions=options) as response,
    ):
        if response.has_redirect_location:
            return b"", str(url.join(response.headers["Location"]))
        if response.status_code != 200:
            raise WebImageError(
                f"{url.host} responds with status {response.status_code}, not an image"
            )
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > LARGEST:
                raise WebImageError(f"the file at {url.host} is larger than {LARGEST >> 20} MB")
    return bytes(content), None
