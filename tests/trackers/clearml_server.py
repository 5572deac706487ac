"""A stand-in for a ClearML server, which cannot be had here: its API is a cluster of databases.

It keeps tasks, projects, models and events in memory and answers the questions that ClearML's own
client asks, in the form that the client checks them against; events come page by page as the real
server gives them: from the last iteration on, where 0 counts as none. So what is compared is what
the real client wrote and reads, with this in between.
"""

from __future__ import annotations

import base64
import json
import math
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

KEY, SECRET = "K" * 20, "S" * 40
Json = dict[str, Any]


def make_token() -> str:
    now = int(time.time())
    parts = (
        {"alg": "HS256", "typ": "JWT"},
        {"exp": now + 86400, "iat": now, "api_version": "2.23", "server_version": "1.16.0"},
    )
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().strip("=") for p in parts]
    return ".".join((*encoded, "c2lnbmF0dXJl"))


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Store:
    """What the server holds, and what it was asked."""

    url: str = ""
    token: str = field(default_factory=make_token)
    tasks: dict[str, Json] = field(default_factory=dict)
    projects: dict[str, Json] = field(default_factory=dict)
    models: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    page: int = 10_000
    broken: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def answer(self, name: str, body: Any, authorization: str) -> Any:
        self.asked.append((name, authorization))
        if name == "auth.login":
            basic = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
            if authorization not in (basic, f"Bearer {self.token}"):
                raise Refusal(401, "Unauthorized (invalid credentials)")
            return {"token": self.token}
        if authorization != f"Bearer {self.token}":
            raise Refusal(401, "Unauthorized (missing credentials)")
        handler = getattr(self, name.replace(".", "_"), None)
        return handler(body) if handler else {}

    # Tasks --------------------------------------------------------------------------------

    def find(self, task_id: str) -> Json:
        if task_id not in self.tasks:
            raise Refusal(400, f"Invalid task id: id={task_id}, company=c")
        return self.tasks[task_id]

    def tasks_create(self, body: Json) -> Json:
        task_id = uuid4().hex
        self.tasks[task_id] = {
            "output": {"destination": ""},
            "models": {"input": [], "output": []},
            **body,
            "id": task_id,
            "status": "created",
            "user": "u1",
            "created": now(),
        }
        return {"id": task_id}

    def tasks_edit(self, body: Json) -> Json:
        task = self.find(body.pop("task"))
        body.pop("force", None)
        task.update(body)
        return {"updated": 1, "fields": {}}

    tasks_update = tasks_edit

    def tasks_edit_hyper_params(self, body: Json) -> Json:
        sections = self.find(body["task"]).setdefault("hyperparams", {})
        for item in body["hyperparams"]:
            sections.setdefault(item["section"], {})[item["name"]] = item
        return {"updated": 1}

    def tasks_get_hyper_params(self, body: Json) -> Json:
        found = [self.find(task_id) for task_id in body["tasks"]]
        return {
            "params": [
                {
                    "task": task["id"],
                    "hyperparams": [
                        item
                        for section in task.get("hyperparams", {}).values()
                        for item in section.values()
                    ],
                }
                for task in found
            ]
        }

    def tasks_started(self, body: Json) -> Json:
        self.find(body["task"]).update(status="in_progress", started=now())
        return {"updated": 1, "fields": {}, "started": 1}

    def tasks_completed(self, body: Json) -> Json:
        self.find(body["task"]).update(status="completed", completed=now())
        return {"updated": 1, "fields": {}}

    def tasks_get_by_id(self, body: Json) -> Json:
        return {"task": self.find(body["task"])}

    def tasks_get_by_id_ex(self, body: Json) -> Json:
        found = [self.tasks[i] for i in body["id"] if i in self.tasks]
        return {"tasks": [{"id": t["id"], "user": {"id": "u1", "name": "Ada"}} for t in found]}

    def tasks_get_all(self, body: Json) -> Json:
        found = [
            task
            for task in self.tasks.values()
            if body.get("project") is None or task.get("project") in body["project"]
            if body.get("id") is None or task["id"] in body["id"]
            if "-archived" not in body.get("system_tags", ())
            or "archived" not in task.get("system_tags", ())
        ]
        found.sort(key=lambda task: task["created"])
        size, page = body.get("page_size", 500), body.get("page", 0)
        return {"tasks": found[page * size : (page + 1) * size]}

    def tasks_add_or_update_model(self, body: Json) -> Json:
        models = self.find(body["task"]).setdefault("models", {"input": [], "output": []})
        models.setdefault(body["type"], []).append({"name": body["name"], "model": body["model"]})
        return {"updated": 1}

    # Projects and models ------------------------------------------------------------------

    def projects_create(self, body: Json) -> Json:
        project_id = uuid4().hex
        self.projects[project_id] = {**body, "id": project_id}
        return {"id": project_id}

    def projects_get_all(self, body: Json) -> Json:
        pattern = body.get("name") or ""
        found = [p for p in self.projects.values() if re.search(pattern, p["name"])]
        return {"projects": found}

    def projects_get_by_id(self, body: Json) -> Json:
        if body["project"] not in self.projects:
            raise Refusal(400, "Invalid project id")
        return {"project": self.projects[body["project"]]}

    def models_create(self, body: Json) -> Json:
        model_id = uuid4().hex
        self.models[model_id] = {**body, "id": model_id}
        return {"id": model_id, "created": True}

    def models_edit(self, body: Json) -> Json:
        self.models[body["model"]].update({k: v for k, v in body.items() if k != "model"})
        return {"updated": 1, "fields": {}}

    models_update = models_edit

    def models_get_by_id(self, body: Json) -> Json:
        if body["model"] not in self.models:
            raise Refusal(400, "Invalid model id")
        return {"model": self.models[body["model"]]}

    def models_get_all(self, body: Json) -> Json:
        found = [
            model
            for model in self.models.values()
            if body.get("id") is None or model["id"] in body["id"]
            if body.get("task") is None or model.get("task") in body["task"]
        ]
        return {"models": found}

    # Events -------------------------------------------------------------------------------

    def events_add_batch(self, body: list[Json]) -> Json:
        """The database behind the real server knows no NaN and no infinity."""
        kept = [event for event in body if math.isfinite(event.get("value", 0))]
        self.events += kept
        return {"added": len(kept), "errors": len(body) - len(kept), "errors_info": {}}

    def events_get_task_events(self, body: Json) -> Json:
        """Pages by iteration: all events of a page's last one are in it; 0 counts as none."""
        found = [
            event
            for event in self.events
            if event.get("task") == body["task"]
            if not event.get("model_event")
            if event.get("type") == body.get("event_type", event.get("type"))
        ]
        down = body.get("order") == "desc"
        found.sort(key=lambda event: event.get("iter", 0), reverse=down)
        after = None
        if body.get("scroll_id"):
            after = json.loads(body["scroll_id"])
            if after is None:
                return {"events": [], "returned": 0, "total": len(found), "scroll_id": "null"}
        rest = [e for e in found if not after or (e["iter"] < after if down else e["iter"] > after)]
        page = rest[: min(body.get("batch_size", 500), self.page)]
        page += [e for e in rest[len(page) :] if e["iter"] == page[-1]["iter"]]
        last = json.dumps(page[-1]["iter"] if page else None)
        return {"events": page, "returned": len(page), "total": len(found), "scroll_id": last}

    def events_get_task_single_value_metrics(self, body: Json) -> Json:
        values = [
            {key: event[key] for key in ("metric", "variant", "value", "timestamp")}
            for event in self.events
            if event.get("task") in body["tasks"] and event.get("iter") == -(2**31)
        ]
        return {"tasks": [{"task": body["tasks"][0], "values": values}]}


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.250000+00:00", time.gmtime())


class Handler(BaseHTTPRequestHandler):
    store: Store

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests' output is their own."""

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        name = self.path.partition("?")[0].strip("/").rpartition("/")[2]
        if not re.fullmatch(r"\w+\.\w+", name) or name.endswith((".json", ".bin")):
            self.send(200, b"{}")  # a file that the client uploads
            return
        if name in self.store.broken:
            self.send(*self.store.broken[name])
            return
        try:
            data = self.store.answer(name, self.parse(body), self.headers.get("Authorization", ""))
            status, message = 200, "OK"
        except Refusal as refusal:
            data, status, message = {}, refusal.status, str(refusal)
        meta = {
            "id": uuid4().hex,
            "trx": uuid4().hex,
            "endpoint": {"name": name, "requested_version": "2.23", "actual_version": "2.23"},
            "result_code": status,
            "result_subcode": 0,
            "result_msg": message,
            "error_stack": "",
        }
        self.send(status, json.dumps({"meta": meta, "data": data}).encode())

    do_GET = do_POST = do_PUT = answer

    def parse(self, body: bytes) -> Any:
        if "json-lines" in self.headers.get("Content-Type", "") or b"}\n{" in body:
            return [json.loads(line) for line in body.splitlines() if line.strip()]
        value = json.loads(body) if body.strip() else {}
        batch = self.path.partition("?")[0].endswith("_batch")
        return [value] if batch and isinstance(value, dict) else value

    def send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serve() -> Iterator[Store]:
    """A server on the loopback with an empty store."""
    store = Store()
    handler = type("Handler", (Handler,), {"store": store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
