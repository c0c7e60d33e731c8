"""The language of the page's own description, for which Gradio asks outside of any event."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from demo_app.language import asked_language, speaking

# Nothing else: what another request starts, such as Gradio's queue, would go on speaking its
# language; events know the request that asked for them.
PAGES = ("", "/", "/config")


class LanguageGuard:
    """ASGI middleware: the page is described in the language that its request asks for."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or path not in PAGES:
            await self._app(scope, receive, send)
            return
        with speaking(asked_language(Headers(scope=scope))):
            await self._app(scope, receive, send)
