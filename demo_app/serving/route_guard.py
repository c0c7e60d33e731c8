"""Requests that the page never makes, refused before Gradio sees them.

Gradio fetches any public web address for whoever asks (``/gradio_api/file=http://...``), tells how
busy the page is (``/monitoring``), and starts programs for features that this page has not. And a
site elsewhere can give its own name the address of this computer once a visitor has opened it (DNS
rebinding): the browser then lets that site read the page. Such a request names the site as its
host.
"""

import ipaddress
import re
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# What belongs to features that the page has not; each with all that is below it.
CLOSED = (
    *("/monitoring", "/dev/reload", "/deep_link", "/process_recording", "/profiling"),
    *("/runs", "/run-history", "/vibe-edit", "/undo-vibe-edit", "/vibe-code"),
    *("/vibe-starter-queries", "/proxy="),
)
API = "/gradio_api"
CLOSED_TEXT = "There is nothing at this address."
WEB_TEXT = "Only files of this page are served, no web addresses."
_WEB = re.compile(r"/file[=/]\s*[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class RouteGuard:
    """ASGI middleware for the server of the page."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None = ()) -> None:
        """Wrap an application.

        Args:
            app: the application.
            hosts: names under which the page is reached, beside those that `is_own_host` knows;
                None: any, for a server behind one that looks at the names.
        """
        self._app = app
        self._hosts = None if hosts is None else {*own_names(), *(name.lower() for name in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        host = Headers(scope=scope).get("host", "")
        if self._hosts is not None and not is_own_host(host, self._hosts):
            return PlainTextResponse(foreign_host(host), 421)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        below = path.removeprefix(API)
        if _WEB.match(below):
            return PlainTextResponse(WEB_TEXT, 403)
        if any(below.startswith(one) for one in CLOSED):
            return PlainTextResponse(CLOSED_TEXT, 404)
        return None


def own_names() -> set[str]:
    """The names of this computer, in lower case."""
    name = socket.gethostname().lower()
    return {"localhost", name, f"{name.partition('.')[0]}.local", socket.getfqdn().lower()}


def is_own_host(host: str, names: Collection[str]) -> bool:
    """Whether a request's ``Host`` is none that a site elsewhere could have brought up.

    An address in numbers is not: no name leads to it. Without any the request is of no browser.

    Args:
        host: as the request has it, with or without a port.
        names: that are known, in lower case.
    """
    if not host:
        return True
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name in names or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def foreign_host(host: str) -> str:
    """Why a request for another host is refused, and what to do."""
    shown = re.sub(r"[^\w.:\[\]-]", "?", host[:100])
    return (
        f"This page is not known as {shown}. Whoever runs it can start it with --allowed-hosts "
        "NAME; otherwise open it by its IP address."
    )
