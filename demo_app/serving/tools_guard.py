"""The tools of the Model Context Protocol: guarded like the page, and named like its endpoints."""

import secrets
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from gradio.mcp import GradioMCPServer
from gradio.processing_utils import save_base64_to_cache
from gradio_client import Client
from starlette.types import ASGIApp, Receive, Scope, Send

from demo_app.serving.guarded_page import (
    WEB_SCHEMES,
    refuse_foreign_files,
    refuse_many_files,
    upload_folder,
    uploaded,
)
from demo_app.serving.login_guard import TOOLS, session_cookie

# Tools are named after the functions of the endpoints; these are the names of earlier versions.
EARLIER_NAMES = {
    "answer": "analyse",
    "show_map": "explain",
    "list_models": "models",
    "answer_1": "video",
    "endpoint": "batch",
}

FILE_FORMAT = "Gradio File Input"  # how Gradio marks a file in the schema of a tool
FILE_TEXT = (
    "A public http or https address of the file, or the path that a POST to /gradio_api/upload "
    "has returned."
)


class ToolsGuard:
    """ASGI middleware for the server of the page: guards the tools before it listens.

    Gradio calls a tool through a client of its own, which would upload whatever file of this
    computer the arguments name, and which has no login. Nor does Gradio find files in a list.
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
                _guard_files(tools)
            if tools is not None and server.auth is not None:
                _log_in(tools, server)
        await self._app(scope, receive, send)


class _ToolNames(dict[str, str]):
    """Endpoints by the names of the tools; a tool is also found by its earlier name."""

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        return super().get(EARLIER_NAMES.get(name, name), default)


def _guard_files(tools: GradioMCPServer) -> None:
    uploads, schema_of = upload_folder(), tools.get_input_schema

    def get_input_schema(
        tool_name: str, parameters: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], list[list[str | int]]]:
        schema, positions = schema_of(tool_name, parameters)
        return _readable(schema), positions

    def convert(value: Any, filedata_positions: list[list[str | int]]) -> Any:  # noqa: ANN401
        refuse_foreign_files(value, uploads)
        named = _with_files(value, {tuple(place) for place in filedata_positions}, uploads)
        refuse_many_files(named)  # of which Gradio's client would upload each
        return named

    tools.get_input_schema = get_input_schema
    tools.convert_strings_to_filedata = convert


def _readable(schema: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A schema whose files are described where they stand: references would lead to nowhere."""
    if isinstance(schema, list):
        return [_readable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: value for name, value in schema.items() if name not in ("$defs", "$ref")}
    if str(schema.get("format", "")).startswith(FILE_FORMAT):
        return {"type": "string", "description": FILE_TEXT}
    return {name: _readable(value) for name, value in kept.items()}


def _with_files(
    value: Any,  # noqa: ANN401 - any JSON value
    places: Collection[tuple[str | int, ...]],
    uploads: Path,
    path: tuple[str | int, ...] = (),
) -> Any:  # noqa: ANN401
    """The arguments of a tool, with an object in the place of each file's name.

    Raises:
        gradio.Error: for a file that was not uploaded.
    """
    if isinstance(value, dict):
        return {
            name: _with_files(inner, places, uploads, (*path, name))
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_with_files(inner, places, uploads, (*path, "items")) for inner in value]
    if not (isinstance(value, str) and path in places):
        return value
    if value.startswith("data:"):
        return uploaded(save_base64_to_cache(value, str(uploads)))
    file = uploaded(value)
    if not value.startswith(WEB_SCHEMES):
        refuse_foreign_files(file, uploads)
    return file


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
