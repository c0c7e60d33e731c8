"""Requests that are too large, refused before they are read; uploads broken off, tidied away.

Gradio limits each file of an upload, but reads (and throws away) what follows, takes parts that are
no files into memory without limit, keeps the beginning of an upload whose sender went away, and
counts nothing over several uploads. And a request that names thousands of files keeps all other
visitors waiting while Gradio looks at each.
"""

import logging
from collections.abc import Callable
from functools import partial

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_app.serving.upload_ledger import UploadLedger

logger = logging.getLogger(__name__)

UPLOAD_LARGEST = 1000 * 2**20  # bytes of one upload: a batch of photographs comes as one
OTHER_LARGEST = 32 * 2**20  # bytes of any other request
OBJECTS_MOST = 2000  # objects and lists of any other request; a file is two of them
UPLOAD_PATH = "/gradio_api/upload"
BROKEN_OFF = "The upload was interrupted."
NO_FILES = "This is not an upload: send files as multipart/form-data, each with a name."


class RequestLimit:
    """ASGI middleware for the server of the page."""

    def __init__(
        self,
        app: ASGIApp,
        upload: int = UPLOAD_LARGEST,
        other: int = OTHER_LARGEST,
        ledger: UploadLedger | None = None,
    ) -> None:
        """Wrap an application.

        Args:
            app: the application.
            upload: largest body of an upload, in bytes.
            other: largest body of any other request, in bytes.
            ledger: counts what each visitor uploads, and all together.
        """
        self._app = app
        self._upload = upload
        self._other = other
        self._ledger = ledger or UploadLedger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].rstrip("/").endswith(UPLOAD_PATH):
            await self._take_upload(scope, receive, send)
        else:
            body = _Body(scope, receive, send, self._other, _Objects().count)
            if body.declared > self._other:
                refusal = PlainTextResponse(too_large(self._other), 413)
                await refusal(scope, body.receive, body.send)
            else:
                await self._app(scope, body.receive, body.send)

    async def _take_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["client"][0] if scope.get("client") else ""
        body = _Body(scope, receive, send, self._upload, partial(self._count, address))
        if body.declared > self._upload:
            refusal = PlainTextResponse(too_large(self._upload), 413)
        elif fault := self._ledger.fault(address, max(1, body.declared)):
            refusal = PlainTextResponse(fault, 429)
        else:
            try:
                await self._app(scope, body.receive, body.send)
            except HTTPException:
                raise
            except Exception:  # of Gradio's parser, which meets parts without a file, for example
                if body.answered:
                    raise
                logger.info("an upload could not be read", exc_info=True)
                refusal = PlainTextResponse(NO_FILES, 400)
            else:
                return
        await refusal(scope, body.receive, body.send)

    def _count(self, address: str, part: bytes) -> str:
        fault = self._ledger.fault(address, len(part))
        if not fault:
            self._ledger.add(address, len(part))
        return fault


class _Objects:
    """Counts the objects and lists of a body in JSON; what else it may be has few of their signs.

    An image in a request is text in base 64, which has none.
    """

    def __init__(self) -> None:
        self._found = 0

    def count(self, part: bytes) -> str:
        self._found += part.count(b"{") + part.count(b"[")
        return too_many_objects() if self._found > OBJECTS_MOST else ""


class _Body:
    """One request's body, counted while it is read."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        most: int,
        count: Callable[[bytes], str],
    ) -> None:
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        self.declared = int(declared) if declared.isdecimal() else 0
        self._form = headers.get("content-type", "").startswith("multipart/form-data")
        self._whole = not self.declared and "transfer-encoding" not in headers
        self._taken = 0
        self._receive, self._send, self._most = receive, send, most
        self._count = count  # takes in what has come; gives why no more may come
        self.answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            if self._form and not self._whole:
                raise MultiPartException(BROKEN_OFF)  # the one error at which files are deleted
            return message
        part = message.get("body", b"")
        self._taken += len(part)
        text = too_large(self._most) if self._taken > self._most else self._count(part)
        if text:
            raise MultiPartException(text) if self._form else HTTPException(413, text)
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        self.answered = True
        if message["type"] == "http.response.start" and not self._whole:
            # Without this the server would take in the rest of the body, to no end.
            headers = [*message.get("headers", []), (b"connection", b"close")]
            message = {**message, "headers": headers}
        await self._send(message)


def too_large(most: int) -> str:
    """Why a request is refused; Gradio gives status 413 to "maximum allowed size"."""
    return f"The request is larger than the maximum allowed size of {most >> 20} MB."


def too_many_objects() -> str:
    """Why a request with very many parts is refused."""
    return (
        f"The request has more than {OBJECTS_MOST} objects and lists, the most that is taken in: "
        "send fewer files at once."
    )
