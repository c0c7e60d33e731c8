"""The uploading half of `tests.hub_server`: repositories are created, files sent, commits made."""

import base64
import hashlib
import json
import re
from typing import Any

Files = dict[str, bytes]
PREUPLOAD = re.compile(r"/api/(?P<kind>\w+)s/(?P<id>[^/]+/[^/]+)/preupload/main")
COMMIT = re.compile(r"/api/(?P<kind>\w+)s/(?P<id>[^/]+/[^/]+)/commit/main")
BATCH = re.compile(r"/(?:(?P<kind>\w+)s/)?(?P<id>[^/]+/[^/]+)\.git/info/lfs/objects/batch")
STORE = re.compile(r"/lfs/(?P<sha256>[0-9a-f]{64})")


class RefusedError(Exception):
    """An answer that is an error: status and the Hub's word for it."""


class Uploads:
    """What the server's handler does with POST and PUT."""

    server: Any
    send: Any
    send_json: Any

    def receive(self, path: str, token: str | None, content: bytes) -> None:
        """Answer a request that brings something."""
        if found := STORE.fullmatch(path):  # its address is secret, so it asks for no token
            if self.command == "PUT":
                self.server.stored[found["sha256"]] = content
            elif found["sha256"] not in self.server.stored:
                raise RefusedError(404, "EntryNotFound")
            self.send_json({})
            return
        user = self.server.accounts.get(token)
        if user is None:
            raise RefusedError(401, "")
        if path == "/api/repos/create":
            self._create(user, token, json.loads(content))
            return
        if path == "/api/validate-yaml":
            self._validate(json.loads(content)["content"])
            return
        for pattern, answer in (
            (PREUPLOAD, self._preupload),
            (BATCH, self._batch),
            (COMMIT, self._commit),
        ):
            if found := pattern.fullmatch(path):
                name = _key(found["kind"], found["id"])
                if name not in self.server.repositories:
                    raise RefusedError(404, "RepoNotFound")
                if found["id"].partition("/")[0] != user:
                    raise RefusedError(403, "")
                answer(self.server.repositories[name], content, f"{self.server.address}/{name}")
                return
        raise RefusedError(404, "NotFound")

    def _create(self, user: str, token: str, asked: dict[str, Any]) -> None:
        if (asked["organization"] or user) != user:
            raise RefusedError(403, "")
        identity = f"{user}/{asked['name']}"
        name = _key(asked.get("type", "model"), identity)
        answer = {"url": f"{self.server.address}/{name}", "name": identity, "id": identity}
        if name in self.server.repositories:
            self.send(409, json.dumps({**answer, "error": "exists"}).encode(), {})
            return
        private = asked.get("visibility") == "private"
        self.server.add(name, {}, token=token if private else None, facts=asked)
        self.send_json(answer)

    def _validate(self, card: str) -> None:
        """As the Hub: whatever is not YAML between the first two lines of dashes is refused."""
        from huggingface_hub.repocard import RepoCard
        from yaml import YAMLError

        try:
            RepoCard(card)
        except (ValueError, YAMLError) as error:
            answer = {"errors": [{"message": str(error)}], "warnings": []}
            self.send(400, json.dumps(answer).encode(), {})
            return
        self.send_json({"errors": [], "warnings": []})

    def _preupload(self, repository: Any, content: bytes, _: str) -> None:
        present = repository.revisions["main"]
        self.send_json(
            {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if _is_binary(file["sample"]) else "regular",
                        "shouldIgnore": False,
                        "oid": remote_id(present.get(file["path"])),
                    }
                    for file in json.loads(content)["files"]
                ]
            }
        )

    def _batch(self, repository: Any, content: bytes, _: str) -> None:
        objects = []
        for wanted in json.loads(content)["objects"]:
            href = f"{self.server.address}/lfs/{wanted['oid']}"
            actions = {name: {"href": href, "header": {}} for name in ("upload", "verify")}
            there = wanted["oid"] in self.server.stored
            objects.append(
                {**wanted, "authenticated": True} | ({} if there else {"actions": actions})
            )
        self.send_json({"transfer": "basic", "objects": objects})

    def _commit(self, repository: Any, content: bytes, page: str) -> None:
        files, message = dict(repository.revisions["main"]), ""
        for line in content.decode().splitlines():
            key, value = json.loads(line)["key"], json.loads(line)["value"]
            if key == "header":
                message = value["summary"]
            elif key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                files[value["path"]] = self.server.stored[value["oid"]]
            else:
                del files[value["path"]]
        repository.revisions["main"] = files  # all of it at once
        repository.messages.append(message)
        oid = commit_of(files)
        url = f"{page}/commit/{oid}"
        self.send_json({"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})


def commit_of(files: Files) -> str:
    """The commit hash of a revision: of its content."""
    digest = hashlib.sha1(usedforsecurity=False)
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def blob_id(content: bytes) -> str:
    """The name that git gives to a file's content."""
    start = f"blob {len(content)}\0".encode()
    return hashlib.sha1(start + content, usedforsecurity=False).hexdigest()


def sha256(content: bytes) -> str:
    """The name of a large file's content."""
    return hashlib.sha256(content).hexdigest()


def needs_lfs(content: bytes) -> bool:
    """Whether a file is binary, as the Hub sees it: by its first bytes."""
    return b"\0" in content[:512]


def remote_id(content: bytes | None) -> str | None:
    """By what the client knows that a file is there already."""
    if content is None:
        return None
    return sha256(content) if needs_lfs(content) else blob_id(content)


def _is_binary(sample: str) -> bool:
    return needs_lfs(base64.b64decode(sample))


def _key(kind: str | None, identity: str) -> str:
    return identity if kind in (None, "model") else f"{kind}s/{identity}"
