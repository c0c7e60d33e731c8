"""Every route of the server asks for the login, where there are accounts.

Gradio asks on its own routes only: applications mounted below it, as the tools of the Model Context
Protocol, are open to everybody, and the page of the login lists all endpoints.
"""

import base64
import binascii
import math
import re
import secrets
from collections.abc import Callable
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_app.serving.attempts import LoginAttempts

LOGIN_PAGE = "/"
# What the login page loads, where it sends the password to, and what Gradio asks of itself before
# it has started.
OPEN = (
    *("/login", "/logout", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json"),
    "/gradio_api/startup-events",
)
OPEN_FOLDERS = ("/assets/", "/static/", "/svelte/")
REFUSAL = "Log in first: on the page, or with name and password of an account (HTTP Basic)."
TOO_MANY = "Too many failed logins from this address: try again in {seconds} s."
LOGIN = "/login"  # where the login page sends name and password to
TOOLS = ":tools"  # stands for the server itself; no account has a colon in its name
_ENDPOINTS = re.compile(rb"(window\.gradio_api_info = ).*?(;?</script>)", re.DOTALL)


class LoginGuard:
    """ASGI middleware for the server of the page; lets everybody in where there are no accounts.

    Programs that cannot fill in the login page, as those that use the tools, send name and password
    of an account with each request (HTTP Basic). Failed logins of one address are slowed.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app
        self._tokens: dict[str, str] = {}  # account that came with HTTP Basic -> its session
        self._attempts = LoginAttempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan" or scope["app"].auth is None:
            await self._app(scope, receive, send)
            return
        server, request = scope["app"], HTTPConnection(scope)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        named = request.headers.get("authorization", "").lower().startswith("basic ")
        on_page = path.rstrip("/") == LOGIN and scope.get("method") == "POST"
        address = scope["client"][0] if scope.get("client") else ""
        wait = self._attempts.wait(address) if named or on_page else 0.0
        if wait:
            await _too_many(wait)(scope, receive, send)
            return
        name = _named_account(request, server.auth)
        if named and name is None:
            self._attempts.fail(address)
        elif named:
            self._attempts.forgive(address)
        if on_page:
            self._attempts.fail(address)  # first, so that many at once are counted as well
            send = _Watched(send, lambda: self._attempts.forgive(address)).send
        if name is not None:
            token = self._tokens.setdefault(name, secrets.token_urlsafe(16))
            server.tokens[token] = name  # set again: a logout ends all sessions of an account
            scope = _with_cookie(scope, f"{session_cookie(server)}={token}")
        if name is not None or _has_session(request, server):
            await self._app(scope, receive, send)
        elif path == LOGIN_PAGE:
            await self._app(scope, receive, _EndpointsHidden(send).send)
        elif path.rstrip("/") in OPEN or path.startswith(OPEN_FOLDERS):
            await self._app(scope, receive, send)
        else:
            # No challenge header: browsers would ask for the password in a window of their own.
            await PlainTextResponse(REFUSAL, 401)(scope, receive, send)


class _Watched:
    """Tells when the login page's name and password were right."""

    def __init__(self, send: Send, right: Callable[[], None]) -> None:
        self._send, self._right = send, right

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 400:
            self._right()
        await self._send(message)


def _too_many(wait: float) -> PlainTextResponse:
    seconds = math.ceil(wait)
    headers = {"Retry-After": str(seconds)}
    return PlainTextResponse(TOO_MANY.format(seconds=seconds), 429, headers)


class _EndpointsHidden:
    """Takes the list of endpoints out of the login page, which comes in one piece."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = _ENDPOINTS.sub(rb"\1{}\2", self._body)
        kept = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        if self._body:
            kept.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": kept})
        await self._send({**message, "body": body})


def session_cookie(server: Any) -> str:  # noqa: ANN401 - Gradio's application
    """Name of the cookie that Gradio takes for a login, over HTTP as well."""
    return f"access-token-unsecure-{server.cookie_id}"


def _has_session(request: HTTPConnection, server: Any) -> bool:  # noqa: ANN401
    names = (session_cookie(server), f"access-token-{server.cookie_id}")
    return any(request.cookies.get(name) in server.tokens for name in names)


def _named_account(request: HTTPConnection, accounts: dict[str, str]) -> str | None:
    """The account whose name and password the request carries, if they are right."""
    kind, _, sent = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(sent, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    known = accounts.get(name)
    if known is None or not secrets.compare_digest(known.encode(), password.encode()):
        return None
    return name


def _with_cookie(scope: Scope, cookie: str) -> Scope:
    kept = [pair for pair in scope["headers"] if pair[0] != b"cookie"]
    return {**scope, "headers": [*kept, (b"cookie", cookie.encode())]}
