"""A model hub on this computer: the endpoints of the Hugging Face Hub that downloads use.

It speaks real HTTP, so that tests run the Hub's own client against it. What it holds are
`Repository` values; how it misbehaves is set on the server.
"""

import hashlib
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

Files = dict[str, bytes]
INFO = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)(?:/revision/(?P<revision>[^/]+))?")
TREE = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)")
FILE = re.compile(r"/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")


@dataclass
class Repository:
    """A model on the server.

    Attributes:
        revisions: files by the name of a branch or tag.
        token: the access token that a private repository asks for.
        gated: whether its terms must be accepted first.
        sizes: sizes to claim in place of the true ones.
    """

    revisions: dict[str, Files]
    token: str | None = None
    gated: bool = False
    sizes: dict[str, int] = field(default_factory=dict)


class Request(NamedTuple):
    """A request that was seen."""

    method: str
    path: str
    token: str | None


class HubServer(ThreadingHTTPServer):
    """The server; use `serve_hub`.

    Attributes:
        repositories: by ``USER/NAME``.
        requests: all that came, in order.
        status: when set, the answer to everything.
        pause: seconds before every answer.
        cut: when set, the connection ends after so many bytes of the first larger file, and from
            then on every answer is a 503.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Repository] = {}
        self.requests: list[Request] = []
        self.status: int | None = None
        self.pause = 0.0
        self.cut: int | None = None

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
        """A client that hangs up is no error here."""


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
    patch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    if token is None:
        patch.delenv("HF_TOKEN", raising=False)
    else:
        patch.setenv("HF_TOKEN", token)


def commit_of(files: Files) -> str:
    """The commit hash of a revision: of its content."""
    digest = hashlib.sha1(usedforsecurity=False)
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


class _RefusedError(Exception):
    """An answer that is an error: status and the Hub's word for it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def do_GET(self) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        path = urlsplit(self.path).path
        self.server.requests.append(Request(self.command, path, token))
        time.sleep(self.server.pause)
        try:
            if self.server.status is not None:
                raise _RefusedError(self.server.status, "")
            self._answer(path, token)
        except _RefusedError as error:
            status, code = error.args
            self._send(status, json.dumps({"error": code}).encode(), {"X-Error-Code": code})

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at `HubServer.requests`."""

    def _answer(self, path: str, token: str | None) -> None:
        for pattern, answer in ((INFO, self._info), (TREE, self._tree), (FILE, self._file)):
            if found := pattern.fullmatch(path):
                parts = {name: unquote(part or "main") for name, part in found.groupdict().items()}
                repository = self._repository(parts["id"], token)
                files = self._revision(repository, parts["revision"])
                answer(parts, repository, files)
                return
        raise _RefusedError(404, "NotFound")

    def _repository(self, name: str, token: str | None) -> Repository:
        repository = self.server.repositories.get(name)
        if repository is None or (repository.token or token) != token:
            raise _RefusedError(401, "RepoNotFound")
        if repository.gated:
            raise _RefusedError(403, "GatedRepo")
        return repository

    def _revision(self, repository: Repository, revision: str) -> Files:
        for name, files in repository.revisions.items():
            if revision in (name, commit_of(files)):
                return files
        raise _RefusedError(404, "RevisionNotFound")

    def _info(self, parts: dict[str, str], repository: Repository, files: Files) -> None:
        sizes = {name: len(content) for name, content in files.items()} | repository.sizes
        names = {"_id": "0", "id": parts["id"], "modelId": parts["id"], "sha": commit_of(files)}
        siblings = [{"rfilename": name, "size": size} for name, size in sizes.items()]
        counts = {"tags": [], "downloads": 0, "likes": 0, "siblings": siblings}
        self._send_json({**names, **counts, "private": False, "gated": False, "disabled": False})

    def _tree(self, parts: dict[str, str], repository: Repository, files: Files) -> None:
        self._send_json(
            [
                {"type": "file", "path": name, "size": len(content), "oid": _tag(content)}
                for name, content in files.items()
            ]
        )

    def _file(self, parts: dict[str, str], repository: Repository, files: Files) -> None:
        if parts["path"] not in files:
            raise _RefusedError(404, "EntryNotFound")
        content = files[parts["path"]]
        headers = {"X-Repo-Commit": commit_of(files), "ETag": f'"{_tag(content)}"'}
        cut, wanted = self.server.cut, self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(206 if wanted else 200, content[start:], headers, cut)

    def _send_json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(
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


def _tag(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
