"""The tools of the Model Context Protocol: guarded like the page, and named like its endpoints."""

import secrets
from functools import cache
from typing import Any

from gradio.mcp import GradioMCPServer
from gradio_client import Client
from starlette.types import ASGIApp, Receive, Scope, Send

from demo_app.serving.guarded_page import refuse_foreign_files, upload_folder
from demo_app.serving.login_guard import TOOLS, session_cookie

# Tools are named after the functions of the endpoints; these are the names of earlier versions.
EARLIER_NAMES = {
    "answer": "analyse",
    "show_map": "explain",
    "list_models": "models",
    "answer_1": "video",
    "endpoint": "batch",
}


class ToolsGuard:
    """ASGI middleware for the server of the page: guards the tools before it listens.

    Gradio calls a tool through a client of its own, which would upload whatever file of this
    computer the arguments name, and which has no login.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand every request on; the server's start is the moment to guard its tools."""
        if scope["type"] == "lifespan":
            server = scope["app"]
            tools = server.get_blocks().mcp_server_obj
            if tools is not None:
                tools.tool_to_endpoint = _ToolNames(tools.tool_to_endpoint)
                _refuse_files(tools)
            if tools is not None and server.auth is not None:
                _log_in(tools, server)
        await self._app(scope, receive, send)


class _ToolNames(dict[str, str]):
    """Endpoints by the names of the tools; a tool is also found by its earlier name."""

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        return super().get(EARLIER_NAMES.get(name, name), default)


def _refuse_files(tools: GradioMCPServer) -> None:
    convert, uploads = tools.convert_strings_to_filedata, upload_folder()

    def careful(value: Any, filedata_positions: list[list[str | int]]) -> Any:  # noqa: ANN401
        refuse_foreign_files(value, uploads)
        return convert(value, filedata_positions)

    tools.convert_strings_to_filedata = careful


def _log_in(tools: GradioMCPServer, server: Any) -> None:  # noqa: ANN401
    token = secrets.token_urlsafe(16)
    server.tokens[token] = TOOLS

    @cache
    def client() -> Client:
        return Client(
            str(tools.local_url),
            download_files=False,
            verbose=False,
            analytics_enabled=False,
            ssl_verify=False,
            headers={"x-gradio-user": "mcp"},
            httpx_kwargs={"cookies": {session_cookie(server): token}},
            _skip_components=False,
        )

    tools._get_or_create_client = client
