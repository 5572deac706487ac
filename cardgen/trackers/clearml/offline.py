"""A task out of an offline session."""

from __future__ import annotations

from pathlib import PurePosixPath

from cardgen.errors import TrackerError
from cardgen.models import Model, Run
from cardgen.trackers.clearml.events import Reported, collect_events, read_lines
from cardgen.trackers.clearml.run import Found, make_files, make_run
from cardgen.trackers.clearml.session import (
    LOG,
    MAX_EVENTS,
    MAX_TASK,
    METRICS,
    TASK,
    Session,
    read_whole,
)
from cardgen.trackers.clearml.session import read_lines as split_lines
from cardgen.trackers.clearml.values import (
    Json,
    find_dict,
    find_list,
    find_text,
    find_texts,
    parse_json,
)

LACKING = (
    "author",
    "environment.accelerator",
    "environment.os",
    "finished",
    "started",
    "status",
    "url",
)
"""What no session records."""


def read_session(session: Session) -> Run:
    """The run of a session; raises TrackerError where it cannot be read."""
    task = load_task(session)
    task_id = find_text(task, "id")
    reported = _read_events(session, METRICS, task_id)
    logged = _read_events(session, LOG, task_id)
    times = [time for time in (reported.first, logged.first) if time]
    ends = [time for time in (reported.last, logged.last) if time]
    folder = find_text(task, "offline_folder")
    found = Found(
        ref=f"clearml:{session.name}",
        points=reported.points,
        started=min(times, default=None),
        finished=max(ends, default=None) if session.ended else None,
        experiment=find_text(task, "project_name"),
        host=_find_host(logged.worker),
        made=tuple(_make_output(model, session) for model in find_outputs(task)),
        files=make_files(task, session.find_files(), folder),
        lacking=LACKING,
        unreadable=("metrics",) if reported.damaged else (),
    )
    return make_run(task, found)


def load_task(session: Session) -> Json:
    """The task's own record; raises TrackerError."""
    label = f"{session.name}: {TASK}"
    with session.open(TASK, MAX_TASK) as stream:
        if stream is None:
            raise TrackerError(
                f"{session.name} holds no {TASK}.", "Name the folder of a ClearML session."
            )
        data = read_whole(stream, label, MAX_TASK)
    try:
        task = parse_json(data.decode("utf-8-sig", "replace"))
    except ValueError:
        raise TrackerError(
            f"{label} is no valid JSON; it may be cut.", "Restore it, or read the session's zip."
        ) from None
    if not isinstance(task, dict):
        raise TrackerError(f"{label} holds no task.", "Name the folder of a ClearML session.")
    return task


def _read_events(session: Session, name: str, task_id: str) -> Reported:
    with session.open(name, MAX_EVENTS) as stream:
        if stream is None:
            return Reported({})
        return collect_events(read_lines(split_lines(stream, f"{session.name}: {name}")), task_id)


def _find_host(worker: str) -> str:
    """Who reported is the machine's name, unless an agent did: then it is more than that."""
    return "" if ":" in worker else worker


def find_outputs(task: Json) -> list[Json]:
    """The models that a session recorded as its output."""
    return find_list(task, "offline_output_models")


def _make_output(model: Json, session: Session) -> tuple[Model, int | None]:
    init, weights = find_dict(model, "init"), find_dict(model, "weights")
    file = find_text(weights, "weights_filename").replace("\\", "/")
    address = find_text(weights, "register_uri")
    step = weights.get("iteration")
    whole = isinstance(step, int) and not isinstance(step, bool)
    made = Model(
        name=find_text(init, "name"),
        kind=find_text(init, "framework"),
        path=f"{session.name}/models/{PurePosixPath(file).name}" if file else "",
        url=address,
        aliases=tuple(find_texts(init, "tags")),
    )
    return made, step if whole else None
