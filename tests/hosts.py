"""Servers on the loopback that answer as GitHub's and GitLab's API do: neither can be had here.

They keep to the paths, the answers and the refusals that both document, and hold what was written.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass
class Host:
    """One host: its comments and pull requests, and what was asked of it.

    ``user`` is whose token is used, None for the bot of a workflow, who has no profile.
    """

    kind: str
    user: dict[str, Any] | None = None
    token: str = "t0ken"
    comments: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)

    def __enter__(self) -> Self:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                host.asked.append(f"{self.command} {self.path}")
                status, said = host.respond(self.command, self.path, dict(self.headers), body)
                content = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = answer

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def respond(
        self, method: str, address: str, headers: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        if self.failures:
            return self.failures.pop(0), {"message": "failed"}
        given = headers.get("Authorization", "").removeprefix("Bearer ") or headers.get(
            "Private-Token", headers.get("PRIVATE-TOKEN", "")
        )
        if given != self.token:
            return 401, {"message": "Bad credentials"}
        parts = urlsplit(address)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        return self.route(method, parts.path, query, body)

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/user":
            return (200, self.user) if self.user else (403, {"message": "not accessible"})
        one = re.fullmatch(
            r"/repos/team/qa/issues/comments/(\d+)|/projects/7/merge_requests/12/notes/(\d+)", path
        )
        if one and method in ("PATCH", "PUT"):
            number = int(one[1] or one[2])
            found = [comment for comment in self.comments if comment["id"] == number]
            found[0]["body"] = body["body"]
            return 200, found[0]
        if path in ("/repos/team/qa/issues/12/comments", "/projects/7/merge_requests/12/notes"):
            return self.list_comments(method, query, body)
        if path == "/repos/team/qa/pulls":
            page = self.page(self.pulls, query)
            return 200, [pull for pull in page if pull["label"] == query["head"]]
        return 404, {"message": "Not Found"}

    def list_comments(self, method: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.page(self.comments, query)
        self.comments.append({"id": 900 + len(self.comments), "body": body["body"], **self.who()})
        return 201, self.comments[-1]

    def who(self) -> dict[str, Any]:
        user = self.user or {"login": "github-actions[bot]", "id": 1}
        return {"user": user, "author": user}

    @staticmethod
    def page(entries: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
        return entries[(number - 1) * size : number * size]
