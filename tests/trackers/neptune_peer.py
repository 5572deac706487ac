"""A stand-in for a Neptune 2.x server: as much of its API as the real client needs.

No real server can be had any more, so what it answers is our reading of the client's code and of
Neptune's documents. It keeps runs in memory, takes what the client logs, and gives it back.
"""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BACKEND = "/api/backend/v1"
BOARD = "/api/leaderboard/v1"
ARTIFACTS = "/api/artifacts/v1"

TEXT, NUMBER, WHOLE, TRUTH = ({"type": t} for t in ("string", "number", "integer", "boolean"))
TIME = {"type": "string", "format": "date-time"}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/definitions/{name}"}


def many(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


VALUES = {
    "float": NUMBER,
    "int": WHOLE,
    "bool": TRUTH,
    "string": TEXT,
    "datetime": TIME,
    "experimentState": TEXT,
}
DEFINITIONS: dict[str, dict[str, Any]] = {
    "Config": {
        "apiUrl": TEXT,
        "applicationUrl": TEXT,
        "pyLibVersions": ref("Versions"),
        "artifacts": ref("ArtifactConfig"),
    },
    "Versions": {"minRecommendedVersion": TEXT, "minCompatibleVersion": TEXT},
    "ArtifactConfig": {"enabled": TRUTH, "apiVersion": WHOLE},
    "Tokens": {"accessToken": TEXT, "refreshToken": TEXT, "username": TEXT},
    "Project": dict.fromkeys(
        ("id", "name", "organizationName", "organizationId", "projectKey"), TEXT
    )
    | {"version": WHOLE},
    "Experiment": dict.fromkeys(
        ("id", "shortId", "parentId", "type", "projectId", "projectName"), TEXT
    )
    | {"organizationId": TEXT, "organizationName": TEXT, "trashed": TRUTH},
    "Creation": {"gitInfo": ref("NewGit")},
    "Commit": {"commitId": TEXT},
    "NewGit": {"commit": ref("NewCommit")},
    "NewCommit": {"commitDate": TIME},
    **{f"{kind}Properties": {"value": schema} for kind, schema in VALUES.items()},
    "stringSetProperties": {"values": many(TEXT)},
    "floatSeriesProperties": {"last": NUMBER, "lastStep": NUMBER},
    "stringSeriesProperties": {"last": TEXT, "lastStep": NUMBER},
    "fileProperties": {"ext": TEXT, "name": TEXT, "size": WHOLE},
    "fileSetProperties": {"size": WHOLE},
    "artifactProperties": {"hash": TEXT},
    "gitRefProperties": {
        "commit": ref("Commit"),
        "currentBranch": TEXT,
        "remotes": many(TEXT),
        "repositoryDirty": TRUTH,
    },
    "FloatPoints": {"totalItemCount": WHOLE, "values": many(ref("FloatPoint"))},
    "FloatPoint": {"timestampMillis": WHOLE, "step": NUMBER, "value": NUMBER},
    "Artifact": {"artifactHash": TEXT, "receivedMetadata": TRUTH, "size": WHOLE},
    "ArtifactFiles": {"files": many(ref("ArtifactFile"))},
    "ArtifactFile": {
        "filePath": TEXT,
        "fileHash": TEXT,
        "type": TEXT,
        "size": WHOLE,
        "metadata": many(ref("Metadata")),
    },
    "Metadata": {"key": TEXT, "value": TEXT},
    "Failure": {"errorDescription": TEXT},
    "Found": {"matchingItemCount": WHOLE},
}
KINDS = [name for name in DEFINITIONS if name.endswith("Properties")]
DEFINITIONS["Attribute"] = {"name": TEXT, "type": TEXT} | {kind: ref(kind) for kind in KINDS}
DEFINITIONS["Attributes"] = {"id": TEXT, "attributes": many(ref("Attribute"))}


@dataclass(frozen=True)
class Operation:
    """An operation of the API; ``body`` is the name and the schema of what is posted."""

    name: str
    path: str
    method: str = "get"
    query: tuple[str, ...] = ()
    body: tuple[str, dict[str, Any]] | None = None
    answer: dict[str, Any] | None = None
    headers: tuple[str, ...] = ()


NOTHING: dict[str, Any] = {"/attributes": {"attributes": []}}
ONE = ("experimentId", "attribute")
PLAIN = {"type": "object"}
SPECS = {
    "backend": (
        Operation(
            "getClientConfig",
            f"{BACKEND}/clients/config",
            query=("alpha",),
            answer=ref("Config"),
            headers=("X-Neptune-Api-Token",),
        ),
        Operation(
            "exchangeApiToken",
            f"{BACKEND}/authorization/oauth-token",
            answer=ref("Tokens"),
            headers=("X-Neptune-Api-Token",),
        ),
        Operation(
            "getProject",
            f"{BACKEND}/projects/get",
            query=("projectIdentifier",),
            answer=ref("Project"),
        ),
    ),
    "leaderboard": (
        Operation(
            "getExperiment",
            f"{BOARD}/experiments",
            query=("experimentId",),
            answer=ref("Experiment"),
        ),
        Operation(
            "createExperiment",
            f"{BOARD}/experiments",
            "post",
            body=("experimentCreationParams", ref("Creation")),
            answer=ref("Experiment"),
            headers=("X-Neptune-CliVersion",),
        ),
        Operation(
            "executeOperations",
            f"{BOARD}/attributes/operations",
            "post",
            ("experimentId",),
            ("operations", many(PLAIN)),
            many(ref("Failure")),
        ),
        Operation("ping", f"{BOARD}/attributes/ping", "post", ("experimentId",)),
        Operation(
            "getExperimentAttributes",
            f"{BOARD}/attributes",
            query=("experimentId",),
            answer=ref("Attributes"),
        ),
        *(
            Operation(
                f"get{name}Attribute",
                f"{BOARD}/attributes/{kind}",
                "get",
                ONE,
                None,
                ref(f"{kind}Properties"),
            )
            for kind, name in {
                "float": "Float",
                "int": "Int",
                "bool": "Bool",
                "string": "String",
                "datetime": "Datetime",
                "stringSet": "StringSet",
                "floatSeries": "FloatSeries",
                "stringSeries": "StringSeries",
                "file": "File",
                "artifact": "Artifact",
            }.items()
        ),
        Operation(
            "getFloatSeriesValues",
            f"{BOARD}/attributes/series/float",
            query=(*ONE, "limit", "offset"),
            answer=ref("FloatPoints"),
        ),
        Operation("downloadAttribute", f"{BOARD}/attributes/download", query=ONE),
        Operation("uploadFileSetAttributeTar", f"{BOARD}/attributes/tar", "post", (*ONE, "reset")),
        *(
            Operation(
                f"{name}{kind}", f"{BOARD}/attributes/upload/{name}/{kind}", "post", ("attribute",)
            )
            for name in ("fileAtom", "fileSetFile")
            for kind in (
                "Upload",
                "MultipartUploadStart",
                "MultipartUploadPart",
                "MultipartUploadFinish",
            )
        ),
        Operation(
            "searchLeaderboardEntries",
            f"{BOARD}/entries/search",
            "post",
            ("projectIdentifier", "type[]"),
            ("params", PLAIN),
            ref("Found"),
        ),
    ),
    "artifacts": (
        Operation(
            "createNewArtifact",
            f"{ARTIFACTS}/new",
            "post",
            ("projectIdentifier", "hash", "size", "parentIdentifier"),
            answer=ref("Artifact"),
        ),
        Operation(
            "uploadArtifactFilesMetadata",
            f"{ARTIFACTS}/files",
            "post",
            ("projectIdentifier", "hash"),
            ("artifactFilesDTO", PLAIN),
            ref("Artifact"),
        ),
        Operation(
            "listArtifactFiles",
            f"{ARTIFACTS}/files",
            query=("projectIdentifier", "hash"),
            answer=ref("ArtifactFiles"),
        ),
    ),
}


def format_spec(operations: tuple[Operation, ...]) -> dict[str, Any]:
    """The Swagger 2.0 document of some operations."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        parameters: list[dict[str, Any]] = [
            {"name": name.removesuffix("[]"), "in": "query", "required": False}
            | (many(TEXT) | {"collectionFormat": "multi"} if name.endswith("[]") else TEXT)
            for name in operation.query
        ]
        parameters += [{"name": n, "in": "header", "type": "string"} for n in operation.headers]
        if operation.body:
            name, schema = operation.body
            parameters.append({"name": name, "in": "body", "required": True, "schema": schema})
        answer = (
            {"description": "", "schema": operation.answer}
            if operation.answer
            else {"description": ""}
        )
        paths.setdefault(operation.path, {})[operation.method] = {
            "operationId": operation.name,
            "tags": ["api"],
            "parameters": parameters,
            "produces": ["application/json"],
            "consumes": ["application/json"],
            "responses": {"200": answer},
        }
    return {
        "swagger": "2.0",
        "info": {"title": "peer", "version": "1"},
        "paths": paths,
        "definitions": {
            name: {"type": "object", "properties": properties}
            for name, properties in DEFINITIONS.items()
        },
    }


@dataclass
class Stored:
    """A run: its identity and its attributes, each a kind with what that kind keeps."""

    identity: dict[str, Any]
    attributes: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def apply(self, operation: dict[str, Any]) -> None:
        path = operation.pop("path")
        ((name, content),) = operation.items()
        if name in ("assignFloat", "assignInt", "assignBool", "assignString"):
            self.attributes[path] = (name.removeprefix("assign").lower(), content["value"])
        elif name == "assignDatetime":
            self.attributes[path] = ("datetime", iso(content["valueMilliseconds"] / 1000))
        elif name == "assignArtifact":
            self.attributes[path] = ("artifact", content["hash"])
        elif name in ("logFloats", "logStrings"):
            kind = "floatSeries" if name == "logFloats" else "stringSeries"
            points = self.attributes.setdefault(path, (kind, []))[1]
            for entry in content["entries"]:
                after = points[-1][0] + 1 if points else 0
                step = after if entry.get("step") is None else entry["step"]
                points.append((step, entry["timestampMilliseconds"], entry["value"]))
        elif name in ("insertStrings", "removeStrings"):
            kept = self.attributes.setdefault(path, ("stringSet", set()))[1]
            (kept.update if name == "insertStrings" else kept.difference_update)(content["values"])
        elif name == "deleteAttribute":
            self.attributes.pop(path, None)

    def describe(self, path: str) -> dict[str, Any]:
        """An attribute as the API shows it."""
        kind, value = self.attributes[path]
        shown: dict[str, Any] = {"value": value}
        if kind in ("floatSeries", "stringSeries"):
            shown = {"last": value[-1][2], "lastStep": value[-1][0]} if value else {}
        elif kind == "stringSet":
            shown = {"values": sorted(value)}
        elif kind == "artifact":
            shown = {"hash": value}
        elif kind == "file":
            shown = {"ext": "", "name": path, "size": len(value)}
        elif kind == "gitRef":
            shown = value
        shown = shown | {"attributeName": path, "attributeType": kind}
        return {"name": path, "type": kind, f"{kind}Properties": shown}


def iso(seconds: float) -> str:
    time = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


class Peer(ThreadingHTTPServer):
    """The server; ``token`` is what a client needs, ``asked`` the operations it asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        content = {"api_address": self.address, "api_url": self.address, "api_key": "k"}
        self.token = base64.b64encode(json.dumps(content).encode()).decode()
        self.runs: dict[str, Stored] = {}
        self.artifacts: dict[str, list[Any]] = {}
        self.asked: list[str] = []
        self.lock = threading.RLock()

    def find(self, name: str) -> Stored | None:
        """A run by its uuid or by workspace/project/id."""
        for run in self.runs.values():
            one = run.identity
            full = f"{one['organizationName']}/{one['projectName']}/{one['shortId']}"
            if name in (one["id"], full):
                return run
        return None

    def create(self, asked: dict[str, Any]) -> Stored:
        own, now = asked.get("customId"), iso(time.time())
        number = f"QA-{len(self.runs) + 1}"
        run = Stored(
            {
                "id": str(uuid.uuid4()),
                "shortId": number,
                "parentId": asked["projectIdentifier"],
                "type": "run",
                "projectId": asked["projectIdentifier"],
                "projectName": "qa",
                "organizationId": "o",
                "organizationName": "team",
                "trashed": False,
            }
        )
        run.attributes = {
            "sys/id": ("string", number),
            "sys/owner": ("string", "me"),
            "sys/creation_time": ("datetime", now),
            "sys/ping_time": ("datetime", now),
            "sys/state": ("experimentState", "running"),
            "sys/trashed": ("bool", False),
        }
        if own:
            run.attributes["sys/custom_run_id"] = ("string", own)
        if asked.get("gitInfo"):
            run.attributes["source_code/git"] = ("gitRef", asked["gitInfo"])
        self.runs[run.identity["id"]] = run
        return run


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Peer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        split = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        body = self._read_body()
        with self.server.lock:
            self.server.asked.append(f"{self.command} {split.path}")
            answer = self._route(split.path, query, body)
        status, content = (404, {"title": "no such thing"}) if answer is None else (200, answer)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        kind = "octet-stream" if isinstance(content, bytes) else "json"
        self.send_header("Content-Type", f"application/{kind}")
        if isinstance(content, bytes):
            self.send_header("Content-Disposition", 'attachment; filename="file"')
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        whole = io.BytesIO()
        while size := int(self.rfile.readline(), 16):
            whole.write(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return whole.getvalue()

    def _route(self, path: str, query: dict[str, str], body: bytes) -> Any:
        if path.endswith("/swagger.json"):
            return format_spec(SPECS[path.split("/")[2]])
        for prefix, answer in (
            (BACKEND, self._backend),
            ("/auth", self._backend),
            (ARTIFACTS, self._artifacts),
            (BOARD, self._board),
        ):
            if path.startswith(prefix):
                return answer(path.removeprefix(prefix), query, body)
        return None

    def _backend(self, path: str, query: dict[str, str], _: bytes) -> Any:
        peer = self.server
        if path.endswith("/config"):
            versions = {"minRecommendedVersion": "1.0.0", "minCompatibleVersion": "1.0.0"}
            address = {"apiUrl": peer.address, "applicationUrl": peer.address}
            return {
                **address,
                "pyLibVersions": versions,
                "artifacts": {"enabled": True, "apiVersion": 2},
            }
        if path.endswith("token"):
            content = {
                "exp": time.time() + 3600,
                "iss": f"{peer.address}/auth/realms/neptune",
                "azp": "neptune-cli",
            }
            token = f"{encode({'alg': 'none', 'typ': 'JWT'})}.{encode(content)}."
            return {
                "accessToken": token,
                "refreshToken": token,
                "username": "me",
                "access_token": token,
                "refresh_token": token,
                "token_type": "Bearer",
                "expires_in": 3600,
            }
        if query.get("projectIdentifier") != "team/qa":
            return None
        return {
            "id": "6e3b0a7e-0000-4000-8000-000000000001",
            "name": "qa",
            "organizationName": "team",
            "organizationId": "o",
            "projectKey": "QA",
            "version": 2,
        }

    def _artifacts(self, path: str, query: dict[str, str], body: bytes) -> Any:
        if path == "/files" and self.command == "POST":
            self.server.artifacts[query["hash"]] = json.loads(body)["files"]
        if path == "/files" and self.command == "GET":
            return {"files": self.server.artifacts[query["hash"]]}
        return {
            "artifactHash": query["hash"],
            "receivedMetadata": query["hash"] in self.server.artifacts,
            "size": 0,
        }

    def _board(self, path: str, query: dict[str, str], body: bytes) -> Any:
        if path == "/experiments" and self.command == "POST":
            return self.server.create(json.loads(body)).identity
        if path == "/entries/search":
            return self._search(json.loads(body))
        name = query.get("experimentId") or query.get("experimentIdentifier") or ""
        run = self.server.find(name)
        if run is None:
            return self._project(name) if path == "/experiments" else NOTHING.get(path)
        if path == "/experiments":
            return run.identity
        return self._attributes(run, path, query, body)

    def _attributes(self, run: Stored, path: str, query: dict[str, str], body: bytes) -> Any:
        if path == "/attributes/operations":
            for operation in json.loads(body):
                run.apply(operation)
            return []
        if path == "/attributes":
            shown = [run.describe(name) for name in sorted(run.attributes)]
            return {"id": run.identity["id"], "attributes": shown}
        return self._attribute(run, path, query, body)

    def _project(self, name: str) -> Any:
        if name != "6e3b0a7e-0000-4000-8000-000000000001":
            return None
        return {
            "id": name,
            "shortId": "QA",
            "type": "project",
            "projectId": name,
            "projectName": "qa",
            "organizationName": "team",
            "organizationId": "o",
            "parentId": "o",
            "trashed": False,
        }

    def _attribute(self, run: Stored, path: str, query: dict[str, str], body: bytes) -> Any:
        name = query.get("attribute", "")
        if path == "/attributes/upload/fileAtom/Upload":
            run.attributes[name] = ("file", body)
            return {"errors": []}
        if path in ("/attributes/ping", "/attributes/tar") or "/upload/" in path:
            return {"errors": []}
        if name not in run.attributes:
            return None
        if path == "/attributes/download":
            return run.attributes[name][1]
        if path == "/attributes/series/float":
            points, start = run.attributes[name][1], int(query.get("offset", 0))
            shown = points[start : start + int(query.get("limit", 1000))]
            values = [{"step": s, "timestampMillis": t, "value": v} for s, t, v in shown]
            return {"totalItemCount": len(points), "values": values}
        described = run.describe(name)
        return described[f"{described['type']}Properties"]

    def _search(self, asked: dict[str, Any]) -> Any:
        """Runs whose attributes equal what the query says, which is all that is understood."""
        text = asked.get("query", {}).get("query", "")
        wanted = re.findall(r'`([^`]+)`:string = "([^"]*)"', text)
        found = [
            run
            for run in self.server.runs.values()
            if all(run.attributes.get(name, ("", None))[1] == value for name, value in wanted)
        ]
        columns = {one["path"] for one in asked.get("attributeFilters", [])}
        start, size = asked["pagination"]["offset"], asked["pagination"]["limit"]
        return {
            "matchingItemCount": len(found),
            "entries": [
                {
                    "experimentId": run.identity["id"],
                    "type": "run",
                    "attributes": [
                        run.describe(name)
                        for name in sorted(run.attributes)
                        if not columns or name in columns
                    ],
                }
                for run in found[start : start + size]
            ],
        }


@contextmanager
def serve() -> Iterator[Peer]:
    """A running peer."""
    with Peer() as peer:
        thread = threading.Thread(target=peer.serve_forever, daemon=True)
        thread.start()
        try:
            yield peer
        finally:
            peer.shutdown()
            thread.join()
