"""From what was recorded of a run, however it was read, to a Run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from cardgen.models import Metric, Run, Source, Status
from cardgen.trackers.wandb.artifacts import find_model, make_data, make_files, make_output
from cardgen.trackers.wandb.files import MAX_FILES
from cardgen.trackers.wandb.machine import find_entrypoint, make_commands, make_environment
from cardgen.trackers.wandb.record import Record
from cardgen.trackers.wandb.values import as_number, as_params, clean_text, flatten, is_internal

UNAVAILABLE = ("source.branch",)
"""What Weights & Biases records of no run."""

_STATUSES: Mapping[str, Status] = {
    "finished": "finished",
    "failed": "failed",
    "crashed": "failed",
    "killed": "aborted",
    "preempted": "aborted",
    "running": "running",
    "preempting": "running",
    "pending": "planned",
}
_MAX_SUMMARY_TEXT = 1000


def make_run(record: Record) -> Run:
    """The Run of a record; nothing is made up where nothing was recorded."""
    params = as_params(record.config)
    series = record.history.split()
    status = _find_status(record)
    files = {file.path: file for file in (*record.files, *make_files(record.artifacts))}
    return Run(
        ref=record.ref,
        tracker="wandb",
        name=record.name or record.run_id,
        experiment="/".join(part for part in (record.entity, record.project) if part),
        author=record.author,
        url=record.url,
        parent=_make_parent(record),
        group=record.sweep or record.group,
        status=status,
        exit_status=record.exit_code,
        started=record.started,
        finished=None if status == "running" else record.finished,
        description=record.notes,
        tags=_make_tags(record),
        commands=make_commands(record.machine),
        source=_make_source(record),
        params=params,
        metrics=_add_summary(record, series.metrics),
        checkpoints=series.checkpoints,
        curves=series.curves,
        model=find_model(record.artifacts, params),
        data=make_data(record.artifacts),
        output=make_output(record.artifacts),
        environment=make_environment(record.machine, record.host, record.packages, params),
        files=tuple(files[path] for path in sorted(files))[:MAX_FILES],
        unavailable=tuple(sorted({*UNAVAILABLE, *record.unavailable, *record.unreadable})),
    )


def _find_status(record: Record) -> Status | None:
    """As the run's end was recorded; without an end nobody can tell running from killed."""
    if record.ended:
        aborted = record.state == "killed"
        return "finished" if record.exit_code == 0 else "aborted" if aborted else "failed"
    # A folder's own word is of the time when the run began; that of a server is current.
    return _STATUSES.get(record.state) if record.remote else None


def _make_parent(record: Record) -> str:
    """The run it was forked from: of the same project, where that is known."""
    if not record.fork or re.search(r"\s", record.fork):
        return ""
    known = record.remote and record.entity and record.project
    place = f"{record.entity}/{record.project}/" if known else ""
    return f"wandb:{place}{record.fork}"


def _make_tags(record: Record) -> dict[str, str]:
    """Tags, the kind of job, the group beside a sweep, and texts of the summary."""
    tags = {clean_text(tag): "" for tag in record.tags if clean_text(tag)}
    if record.job_type:
        tags["job_type"] = record.job_type
    if record.sweep and record.group:
        tags["group"] = record.group
    for name, value in flatten(record.summary):
        text = clean_text(value, _MAX_SUMMARY_TEXT) if isinstance(value, str) else ""
        known = is_internal(name) or name in record.history.keys or as_number(value) is not None
        if text and not known:
            tags.setdefault(name, text)
    return tags


def _make_source(record: Record) -> Source | None:
    source = Source(
        repository=record.repository,
        commit=record.commit,
        dirty=record.dirty,
        entrypoint=find_entrypoint(record.machine),
    )
    return source if source != Source() else None


def _add_summary(record: Record, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """The last values that were logged, and what the summary says in their place.

    A summary that was set to another value has no step. One that was written before the end of
    the log only adds what was never logged.
    """
    found = dict(metrics)
    for name, value in flatten(record.summary):
        number = as_number(value)
        if number is None or is_internal(name):
            continue
        known = found.get(name)
        if known is None or (record.ended and not _same(known.value, number)):
            found[name] = Metric(value=number)
    return dict(sorted(found.items()))


def _same(first: float, second: float) -> bool:
    return first == second or (math.isnan(first) and math.isnan(second))
