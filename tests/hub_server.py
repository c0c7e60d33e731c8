"""A hub on this computer: the endpoints of the Hugging Face Hub that downloads and uploads use.

It speaks real HTTP, so that tests run the Hub's own client against it. What it holds are
`Repository` values; how it misbehaves is set on the server. Uploads are in `tests.hub_uploads`.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from tests.hub_uploads import Files, RefusedError, Uploads, blob_id, commit_of, needs_lfs, sha256

__all__ = ["HubServer", "Repository", "commit_of", "serve_hub", "use_hub"]

_ID = r"(?P<id>[^/]+/[^/]+)"
_API = rf"/api/(?P<kind>models|datasets|spaces)/{_ID}"
INFO = re.compile(rf"{_API}(?:/revision/(?P<revision>[^/]+))?")
TREE = re.compile(rf"{_API}/tree/(?P<revision>[^/]+)(?P<path>)")
FILE = re.compile(
    rf"/(?:(?P<kind>datasets|spaces)/)?{_ID}/resolve/(?P<revision>[^/]+)/(?P<path>.+)"
)


@dataclass
class Repository:
    """A model, data set or Space on the server.

    Attributes:
        revisions: files by the name of a branch or tag.
        token: the access token that a private repository asks for.
        gated: whether its terms must be accepted first.
        sizes: sizes to claim in place of the true ones.
        facts: what it was created with.
        messages: of the commits that were uploaded, in order.
    """

    revisions: dict[str, Files]
    token: str | None = None
    gated: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


class Request(NamedTuple):
    """A request that was seen."""

    method: str
    path: str
    token: str | None


class HubServer(ThreadingHTTPServer):
    """The server; use `serve_hub`.

    Attributes:
        repositories: by ``USER/NAME``, of other kinds ``datasets/USER/NAME`` and ``spaces/...``.
        accounts: user names by the access token that writes for them.
        stored: large files that have arrived, by their SHA-256, committed or not.
        requests: all that came, in order.
        status: when set, the answer to everything.
        pause: seconds before every answer.
        cut: when set, the connection ends after so many bytes of the first larger file, and from
            then on every answer is a 503.
        breaks: when set, a request whose path contains this is read half, and not answered; from
            then on every answer is a 503.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Repository] = {}
        self.accounts: dict[str, str] = {}
        self.stored: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.status: int | None = None
        self.pause = 0.0
        self.cut: int | None = None
        self.breaks: str | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, name: str, files: Files, **options: Any) -> Repository:
        """Put a repository with one revision, ``main``, on the server."""
        self.repositories[name] = Repository({"main": files}, **options)
        return self.repositories[name]

    def fetched(self) -> list[str]:
        """Names of the files whose content was asked for."""
        paths = [unquote(r.path) for r in self.requests if r.method == "GET"]
        return [found["path"] for path in paths if (found := FILE.fullmatch(path))]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is not an error here."""


@contextmanager
def serve_hub() -> Iterator[HubServer]:
    """A running server; the client is to be pointed to it with `use_hub`, or with HF_ENDPOINT."""
    with HubServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def use_hub(server: HubServer, patch: pytest.MonkeyPatch, cache: Any, token: str | None) -> None:
    """Point this process's client to the server: it read the environment when it was imported."""
    from huggingface_hub import constants

    patch.setattr(constants, "HF_HUB_OFFLINE", False)
    patch.setattr(constants, "ENDPOINT", server.address)
    template = server.address + "/{repo_id}/resolve/{revision}/{filename}"
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    patch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    patch.setattr(constants, "HF_HUB_CACHE", str(cache))
    patch.setattr(constants, "HF_TOKEN_PATH", str(cache / "no-stored-token"))
    # The client waits half a minute in all before it gives up.
    patch.setattr("huggingface_hub.utils._http.time", _Hurried(), raising=False)
    patch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    if token is None:
        patch.delenv("HF_TOKEN", raising=False)
    else:
        patch.setenv("HF_TOKEN", token)


@contextmanager
def serve_own_hub(patch: pytest.MonkeyPatch, cache: Any, token: str) -> Iterator[HubServer]:
    """A hub on which this token's account, ``me``, may write; the client uses it."""
    with serve_hub() as running:
        use_hub(running, patch, cache, token)
        running.accounts[token] = "me"
        yield running


class _Hurried:
    """The module ``time`` of a program that never waits."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, _: float) -> None:
        """At once."""


class _Handler(Uploads, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.server.breaks and self.server.breaks in self.path:
            self.rfile.read(length // 2)
            self.server.breaks, self.server.status = None, 503
            self.close_connection = True
            return
        content = self.rfile.read(length)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        path = urlsplit(self.path).path
        self.server.requests.append(Request(self.command, path, token))
        time.sleep(self.server.pause)
        try:
            if self.server.status is not None:
                raise RefusedError(self.server.status, "")
            if self.command in ("POST", "PUT"):
                self.receive(path, token, content)
            else:
                self._answer(path, token)
        except RefusedError as error:
            status, code = error.args
            self.send(status, json.dumps({"error": code}).encode(), {"X-Error-Code": code})

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at `HubServer.requests`."""

    def _answer(self, path: str, token: str | None) -> None:
        for pattern, answer in ((INFO, self._info), (TREE, self._tree), (FILE, self._file)):
            if found := pattern.fullmatch(path):
                parts = {name: unquote(part or "main") for name, part in found.groupdict().items()}
                kind = "" if parts["kind"] in ("main", "models") else f"{parts['kind']}/"
                repository = self._repository(kind + parts["id"], token)
                files = self._revision(repository, parts["revision"])
                answer(parts, repository, files)
                return
        raise RefusedError(404, "NotFound")

    def _repository(self, name: str, token: str | None) -> Repository:
        repository = self.server.repositories.get(name)
        if repository is None or (repository.token or token) != token:
            raise RefusedError(401, "RepoNotFound")
        if repository.gated:
            raise RefusedError(403, "GatedRepo")
        return repository

    def _revision(self, repository: Repository, revision: str) -> Files:
        for name, files in repository.revisions.items():
            if revision in (name, commit_of(files)):
                return files
        raise RefusedError(404, "RevisionNotFound")

    def _info(self, parts: dict[str, str], repository: Repository, files: Files) -> None:
        sizes = {name: len(content) for name, content in files.items()} | repository.sizes
        names = {"_id": "0", "id": parts["id"], "modelId": parts["id"], "sha": commit_of(files)}
        siblings = [{"rfilename": name, "size": size} for name, size in sizes.items()]
        counts = {"tags": [], "downloads": 0, "likes": 0, "siblings": siblings}
        self.send_json({**names, **counts, "private": False, "gated": False, "disabled": False})

    def _tree(self, parts: dict[str, str], repository: Repository, files: Files) -> None:
        self.send_json(
            [
                {"type": "file", "path": name, "size": len(content), "oid": blob_id(content)}
                for name, content in files.items()
            ]
        )

    def _file(self, parts: dict[str, str], repository: Repository, files: Files) -> None:
        if parts["path"] not in files:
            raise RefusedError(404, "EntryNotFound")
        content = files[parts["path"]]
        headers = {"X-Repo-Commit": commit_of(files), "ETag": f'"{blob_id(content)}"'}
        if needs_lfs(content):
            headers["X-Linked-Etag"] = f'"{sha256(content)}"'
            headers["X-Linked-Size"] = str(len(content))
        cut, wanted = self.server.cut, self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.send(206 if wanted else 200, content[start:], headers, cut)

    def send_json(self, value: Any) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(
        self, status: int, content: bytes, headers: dict[str, str], cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(content[:cut])
        if cut is not None and cut < len(content):
            self.server.status = 503
            self.close_connection = True
