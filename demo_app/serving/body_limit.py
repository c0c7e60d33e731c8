"""Requests that are too large, refused before they are read; uploads broken off, tidied away.

Gradio limits each file of an upload, but reads (and throws away) what follows, takes parts that are
no files into memory without limit, and keeps the beginning of an upload whose sender went away.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOAD_LARGEST = 1000 * 2**20  # bytes of one upload: a batch of photographs comes as one
OTHER_LARGEST = 32 * 2**20  # bytes of any other request
UPLOAD_PATH = "/gradio_api/upload"
BROKEN_OFF = "The upload was broken off."


class RequestLimit:
    """ASGI middleware for the server of the page."""

    def __init__(
        self, app: ASGIApp, upload: int = UPLOAD_LARGEST, other: int = OTHER_LARGEST
    ) -> None:
        """Wrap an application.

        Args:
            app: the application.
            upload: largest body of an upload, in bytes.
            other: largest body of any other request, in bytes.
        """
        self._app = app
        self._upload = upload
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._upload if scope["path"].rstrip("/").endswith(UPLOAD_PATH) else self._other
        body = _Body(scope, receive, send, most)
        if body.declared > most:
            refusal = PlainTextResponse(too_large(most), 413)
            await refusal(scope, body.receive, body.send)
            return
        await self._app(scope, body.receive, body.send)


class _Body:
    """One request's body, counted while it is read."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        self.declared = int(declared) if declared.isdecimal() else 0
        self._form = headers.get("content-type", "").startswith("multipart/form-data")
        self._whole = not self.declared and "transfer-encoding" not in headers
        self._taken = 0
        self._receive, self._send, self._most = receive, send, most

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            if self._form and not self._whole:
                raise MultiPartException(BROKEN_OFF)  # the one error at which files are deleted
            return message
        self._taken += len(message.get("body", b""))
        if self._taken > self._most:
            text = too_large(self._most)
            raise MultiPartException(text) if self._form else HTTPException(413, text)
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._whole:
            # Without this the server would take in the rest of the body, to no end.
            headers = [*message.get("headers", []), (b"connection", b"close")]
            message = {**message, "headers": headers}
        await self._send(message)


def too_large(most: int) -> str:
    """Why a request is refused; Gradio gives status 413 to "maximum allowed size"."""
    return f"The request is larger than the maximum allowed size of {most >> 20} MB."
