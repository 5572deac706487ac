"""A stand-in for the service, which cannot be had here: it answers W&B's own client.

It speaks the part of the GraphQL API that the installed client uses to record a run online and to
read runs, on the loopback alone. What it is asked is kept in ``asked``.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "5" * 40
Json = dict[str, Any]


@dataclass
class Service:
    """What the server holds and was asked.

    ``runs`` maps a run's id to its fields, ``histories`` to its rows; ``files`` are contents by
    their paths; ``answer`` may give an HTTP status and headers in place of an answer.
    """

    runs: dict[str, Json] = field(default_factory=dict)
    histories: dict[str, list[str]] = field(default_factory=dict)
    artifacts: dict[str, dict[str, list[Json]]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    file_urls: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    answer: Callable[[str], tuple[int, dict[str, str]] | None] = lambda _: None
    url: str = ""

    def reply(self, operation: str, variables: Json) -> Json:
        """The data of a GraphQL answer."""
        answers: dict[str, Callable[[Json], Json]] = {
            "Viewer": lambda _: {"viewer": _VIEWER},
            "GetDefaultEntity": lambda _: {"viewer": _VIEWER},
            "ServerFeaturesQuery": lambda _: {"serverInfo": {"features": []}},
            "Runs": lambda asked: {"project": self._list_runs(asked)},
            "UpsertBucket": lambda asked: {"upsertBucket": _make_bucket(asked)},
            "CreateRunFiles": lambda asked: {"createRunFiles": self._make_uploads(asked)},
        }
        if operation in answers:
            return answers[operation](variables)
        run = self.runs.get(str(variables.get("name") or variables.get("run")))
        if run is None:
            return {"project": {"run": None}, "model": None}
        return {"project": {"internalId": "7", "run": self._find(operation, run, variables)}}

    def _find(self, operation: str, run: Json, variables: Json) -> Json:
        name = str(run["name"])
        if operation == "RunFullHistory":
            return {"history": self.histories.get(name, [])[: variables.get("samples")]}
        if operation == "RunFiles":
            wanted = variables.get("fileNames") or sorted(self.files)
            nodes = [self._make_file(path) for path in wanted]
            edges = [{"node": node, "cursor": str(i)} for i, node in enumerate(nodes)]
            page = {"endCursor": None, "hasNextPage": False}
            return {"fileCount": len(nodes), "files": {"edges": edges, "pageInfo": page}}
        mode = {"RunInputArtifacts": "used", "RunOutputArtifacts": "logged"}.get(operation)
        if mode:
            return {"artifacts": _make_page(self.artifacts.get(name, {}).get(mode, []))}
        return run

    def _list_runs(self, variables: Json) -> Json:
        names = sorted(self.runs, key=lambda name: self.runs[name]["createdAt"])
        start, size = int(variables.get("cursor") or 0), int(variables["perPage"])
        page = names[start : start + size]
        edges = [
            {"node": self.runs[name], "cursor": str(start + i + 1)} for i, name in enumerate(page)
        ]
        more = start + size < len(names)
        return {
            "internalId": "7",
            "runCount": len(names),
            "readOnly": False,
            "runs": {
                "edges": edges,
                "pageInfo": {"endCursor": str(start + len(page)), "hasNextPage": more},
            },
        }

    def _make_file(self, path: str) -> Json:
        url = self.file_urls.get(path, f"{self.url}/stored/{path}")
        return {
            "id": path,
            "name": path,
            "url": url,
            "directUrl": url,
            "sizeBytes": len(self.files[path]),
            "mimetype": "",
            "updatedAt": None,
            "md5": "",
        }

    def _make_uploads(self, variables: Json) -> Json:
        files = [{"name": f, "uploadUrl": f"{self.url}/up/{f}"} for f in variables["files"]]
        return {"runID": "UnVu", "uploadHeaders": [], "files": files}


_VIEWER = {
    "id": "VXNlcg==",
    "entity": "team",
    "username": "ada",
    "name": "Ada",
    "email": "ada@example.com",
    "admin": False,
    "flags": "{}",
    "teams": {"edges": []},
}


def make_run(name: str, **fields: Any) -> Json:
    """A run as the server tells of it."""
    return {
        "id": f"id-{name}",
        "name": name,
        "displayName": name,
        "projectId": "7",
        "tags": [],
        "sweepName": None,
        "state": "finished",
        "config": "{}",
        "group": None,
        "jobType": None,
        "commit": None,
        "readOnly": False,
        "createdAt": "2026-11-20T10:00:00Z",
        "heartbeatAt": "2026-11-20T10:05:00Z",
        "description": None,
        "notes": None,
        "systemMetrics": "{}",
        "summaryMetrics": "{}",
        "historyLineCount": 0,
        "user": {"name": "Ada", "username": "ada"},
        "historyKeys": None,
        **fields,
    }


def make_artifact(name: str, kind: str, version: int, *aliases: str) -> Json:
    """An artifact's version as the server tells of it."""
    return {
        "__typename": "Artifact",
        "id": f"artifact-{name}-{version}",
        "artifactSequence": {
            "__typename": "ArtifactSequence",
            "id": f"collection-{name}",
            "name": name,
            "project": {
                "id": "p",
                "internalId": "7",
                "name": "qa",
                "entity": {"id": "e", "name": "team"},
            },
        },
        "versionIndex": version,
        "artifactType": {"name": kind},
        "description": None,
        "metadata": "{}",
        "ttlDurationSeconds": -2,
        "ttlIsInherited": True,
        "tags": [],
        "historyStep": None,
        "state": "COMMITTED",
        "size": 1234,
        "digest": f"digest-{name}-{version}",
        "commitHash": "0" * 20,
        "fileCount": 1,
        "createdAt": "2026-11-20T10:04:00",
        "updatedAt": None,
        "aliases": [
            {
                "id": f"alias-{alias}",
                "alias": alias,
                "artifactCollection": {
                    "__typename": "ArtifactSequence",
                    "id": f"collection-{name}",
                    "name": name,
                    "project": {
                        "id": "p",
                        "internalId": "7",
                        "name": "qa",
                        "entity": {"id": "e", "name": "team"},
                    },
                },
            }
            for alias in aliases
        ],
    }


def _make_page(nodes: list[Json]) -> Json:
    return {
        "totalCount": len(nodes),
        "edges": [{"node": node, "cursor": str(i)} for i, node in enumerate(nodes)],
        "pageInfo": {"endCursor": None, "hasNextPage": False},
    }


def _make_bucket(variables: Json) -> Json:
    bucket = {
        "id": "QnVja2V0",
        "name": variables.get("name"),
        "displayName": variables.get("displayName"),
        "config": "{}",
        "sweepName": None,
        "project": {
            "id": "UHJv",
            "name": variables.get("project"),
            "entity": {"id": "RW50", "name": variables.get("entity") or "team"},
        },
        "historyLineCount": 0,
    }
    return {"bucket": bucket, "inserted": True}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        operation = ""
        if self.path == "/graphql":
            question = json.loads(body)
            found = re.search(r"(?:query|mutation)\s+(\w+)", question["query"])
            operation = found[1] if found else ""
        if self._refuse(operation):
            return
        answer: Json = {}
        if operation:
            answer = {"data": self.service.reply(operation, question.get("variables") or {})}
        self._send(200, json.dumps(answer).encode())

    do_PUT = do_POST

    def do_GET(self) -> None:
        if self._refuse(""):
            return
        content = self.service.files.get(self.path.removeprefix("/stored/"))
        self._send(200 if content is not None else 404, content or b"")

    def _refuse(self, operation: str) -> bool:
        proof = self.headers.get("Authorization") or ""
        self.service.asked.append((self.path, operation, proof))
        refused = self.service.answer(operation or self.path)
        if refused is None:
            return False
        self._send(refused[0], b'{"errors": [{"message": "refused"}]}', refused[1])
        return True

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client drops its connections
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def serve() -> Iterator[Service]:
    """A running server."""
    service = Service()
    handler = type("Handler", (_Handler,), {"service": service})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
