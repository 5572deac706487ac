"""A task out of a ClearML server, by its REST API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from cardgen.errors import GoneError, TrackerError
from cardgen.models import Model, Run, Status
from cardgen.trackers._http import Client, HttpError
from cardgen.trackers.clearml.events import SCALAR, collect_events
from cardgen.trackers.clearml.place import Place
from cardgen.trackers.clearml.run import TASK_ID, Found, make_files, make_run
from cardgen.trackers.clearml.values import (
    Json,
    clean,
    find_dict,
    find_list,
    find_text,
    find_texts,
    parse_time,
)

_SECONDS = 180.0
_PAGE = 10_000
_MAX_PAGES = 2000
_TASKS = 500
_MAX_MODELS = 100
_GONE = (400, 404)
_REFUSED = (400, 403, 404)
_STATUSES: Mapping[str, Status] = {
    "created": "planned",
    "queued": "planned",
    "in_progress": "running",
    "stopped": "aborted",
    "failed": "failed",
    "closed": "finished",
    "completed": "finished",
    "publishing": "finished",
    "published": "finished",
}


def read_task(place: Place, task_id: str) -> Run:
    """The run of a task; raises TrackerError where the server has none or cannot be asked."""
    with _open(place) as api:
        task = api.find_task(task_id)
        used, made = (
            tuple(api.find_model(model) for model in _find_models(task, kind))
            for kind in ("input", "output")
        )
        reported = collect_events(api.read_events(task_id), "")
        found = Found(
            ref=f"clearml:{task_id}",
            points=reported.points,
            status=_STATUSES.get(find_text(task, "status")),
            started=parse_time(find_text(task, "started")),
            finished=parse_time(find_text(task, "completed")),
            experiment=api.find_project(find_text(task, "project")),
            author=api.find_author(task_id),
            host=find_text(task, "last_worker")
            if ":" not in find_text(task, "last_worker")
            else "",
            url=_make_url(place, task, task_id),
            used=used,
            made=tuple((model, None) for model in made),
            files=make_files(task, (), ""),
        )
    return make_run(task, found)


def _make_url(place: Place, task: Json, task_id: str) -> str:
    """The task's page, as ClearML's client prints it."""
    project = find_text(task, "project") or "*"
    page = f"{place.web}/projects/{project}/experiments/{task_id}/output/log"
    return page if place.web else ""


def _find_models(task: Json, kind: str) -> list[str]:
    """The ids of a task's models; old servers have one in another place."""
    listed = [find_text(item, "model") for item in find_list(find_dict(task, "models"), kind)]
    place = "execution" if kind == "input" else "output"
    old = find_text(find_dict(task, place), "model")
    return [model for model in listed or [old] if model][:_MAX_MODELS]


def find_ids(place: Place, project: str) -> tuple[str, ...]:
    """The ids of a project's tasks, oldest first; of all projects where none is named."""
    question: Json = {
        "only_fields": ["id"],
        "order_by": ["created"],
        "system_tags": ["-archived"],
        "page_size": _TASKS,
    }
    with _open(place) as api:
        if project.strip():
            question["project"] = api.find_projects(project.strip())
        return tuple(api.find_tasks(question))


class _Api:
    """The questions to a server."""

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = url

    def find_task(self, task_id: str) -> Json:
        answer = self._ask("tasks.get_by_id", {"task": task_id}, missing=_GONE)
        task = find_dict(answer, "task")
        if not task:
            raise GoneError(f"{self._url} holds no task '{task_id}'.", "Check the id.")
        return task

    def find_project(self, project: str) -> str:
        if not project:
            return ""
        answer = self._ask("projects.get_by_id", {"project": project}, missing=_REFUSED)
        return find_text(find_dict(answer, "project"), "name")

    def find_author(self, task_id: str) -> str:
        """The user's name, as the server's pages show it; a server may keep it to itself."""
        question = {"id": [task_id], "only_fields": ["id", "user.name"]}
        answer = self._ask("tasks.get_by_id_ex", question, missing=_REFUSED)
        for task in find_list(answer, "tasks"):
            return find_text(find_dict(task, "user"), "name")
        return ""

    def find_model(self, model_id: str) -> Model:
        answer = self._ask("models.get_by_id", {"model": model_id}, missing=_REFUSED)
        model = find_dict(answer, "model")
        return Model(
            name=find_text(model, "name"),
            version=model_id,
            kind=find_text(model, "framework"),
            url=find_text(model, "uri"),
            aliases=tuple(find_texts(model, "tags")),
        )

    def read_events(self, task_id: str) -> Iterator[list[Json]]:
        """All scalars, each event once.

        Servers go on from the last iteration and take 0 for none: pages that end there begin
        again. Then the rest is read from the other end.
        """
        seen: set[tuple[object, ...]] = set()
        for order in ("asc", "desc"):
            for events in self._read_pages(task_id, order):
                new = {_identify(event): event for event in events}
                new = {key: event for key, event in new.items() if key not in seen}
                if not new:
                    break
                seen.update(new)
                yield list(new.values())
            else:
                return

    def _read_pages(self, task_id: str, order: str) -> Iterator[list[Json]]:
        question: Json = {"task": task_id, "event_type": SCALAR, "batch_size": _PAGE}
        question["order"] = order
        for _ in range(_MAX_PAGES):
            answer = self._ask("events.get_task_events", question)
            events = find_list(answer, "events")
            question["scroll_id"] = find_text(answer, "scroll_id")
            if events:
                yield events
            if not (events and question["scroll_id"]):
                return

    def find_projects(self, name: str) -> list[str]:
        """The ids of the project of that name and of those in it."""
        pattern = f"^{re.escape(name)}(/.*)?$"
        question = {"name": pattern, "only_fields": ["id", "name"], "search_hidden": True}
        answer = self._ask("projects.get_all", question)
        found = [find_text(project, "id") for project in find_list(answer, "projects")]
        if not any(found):
            raise TrackerError(f"{self._url} has no project '{name}'.", "Check its name.")
        return [project for project in found if project]

    def find_tasks(self, question: Json) -> Iterator[str]:
        for page in range(_MAX_PAGES):
            answer = self._ask("tasks.get_all", question | {"page": page})
            tasks = find_list(answer, "tasks")
            ids = [find_text(task, "id") for task in tasks]
            yield from (task_id for task_id in ids if TASK_ID.fullmatch(task_id))
            if len(tasks) < _TASKS:
                return

    def _ask(self, name: str, question: Json, missing: tuple[int, ...] = ()) -> Json:
        try:
            answer = self._client.post_json(f"/{name}", question)
        except HttpError as error:
            if error.status in missing:
                return {}
            raise
        return find_dict(clean(answer), "data")


def _identify(event: Json) -> tuple[object, ...]:
    return tuple(str(event.get(key)) for key in ("metric", "variant", "iter", "timestamp", "value"))


@contextmanager
def _open(place: Place) -> Iterator[_Api]:
    """A server that was logged in to: its keys are sent once, for a token."""
    server = place.api
    if server.authorization.startswith("Basic "):
        server = replace(server, authorization=f"Bearer {_log_in(place)}")
    with Client(server, seconds=_SECONDS) as client:
        yield _Api(client, server.url)


def _log_in(place: Place) -> str:
    try:
        with Client(place.api, seconds=_SECONDS) as client:
            answer = client.post_json("/auth.login", {})
    except HttpError as error:
        if error.status in (401, 403):
            hint = "Check CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY."
            raise HttpError(error.message, hint, error.status) from None
        raise
    token = find_text(find_dict(answer, "data"), "token")
    if not token or not token.isprintable():
        raise TrackerError(
            f"{place.api.url} gives no token.",
            "Name the API of a ClearML server: https://api.… or the port 8008, not its pages.",
        )
    return token
