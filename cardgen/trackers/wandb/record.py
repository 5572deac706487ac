"""What was recorded of one run, whichever way it was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cardgen.models import RunFile
from cardgen.trackers.wandb.history import History
from cardgen.trackers.wandb.values import (
    MAX_DEPTH,
    as_dict,
    as_texts,
    clean_text,
    make_time,
    parse_time,
)

MAX_ITEMS = 10_000
"""Keys of one configuration or summary, and artifacts of one run, that are kept."""

PRIVATE = "_wandb"
"""The key under which W&B keeps its own settings in a run's configuration."""

MAX_SECONDS = 10 * 366 * 24 * 3600
"""How long a run may have taken."""


@dataclass(frozen=True)
class Artifact:
    """A version of an artifact that the run used (``used``) or logged."""

    name: str
    kind: str = ""
    version: str = ""
    digest: str = ""
    aliases: tuple[str, ...] = ()
    size: int | None = None
    used: bool = False


@dataclass
class Record:
    """Everything that is known of a run, filled while it is read; empty where nothing was said.

    ``machine`` has the keys of ``wandb-metadata.json``; ``state`` is W&B's word for the status;
    ``synced`` says that a server has the run, ``remote`` that it was asked; ``fork`` is the id of
    the run that it was forked from.
    Of the last process of a resumed run, ``began`` is the start, ``seconds`` how long it and those
    before it (``earlier``) took, and ``ended`` whether it said that it ends.
    """

    ref: str = ""
    run_id: str = ""
    entity: str = ""
    project: str = ""
    name: str = ""
    notes: str = ""
    group: str = ""
    job_type: str = ""
    sweep: str = ""
    author: str = ""
    host: str = ""
    fork: str = ""
    url: str = ""
    state: str = ""
    repository: str = ""
    commit: str = ""
    tags: tuple[str, ...] = ()
    started: dt.datetime | None = None
    finished: dt.datetime | None = None
    began: dt.datetime | None = None
    earlier: int = 0
    seconds: int | None = None
    exit_code: int | None = None
    ended: bool = False
    synced: bool = False
    remote: bool = False
    dirty: bool | None = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    history: History = field(default_factory=History)
    artifacts: list[Artifact] = field(default_factory=list)
    files: tuple[RunFile, ...] = ()
    unreadable: set[str] = field(default_factory=set)
    unavailable: tuple[str, ...] = ()

    def start_at(self, time: dt.datetime | None) -> None:
        """The run started at that time, unless it is known to have started before."""
        if time is not None:
            self.began = min(time, self.began or time)
            self.started = min(time, self.started or time)

    def begin_part(self) -> None:
        """What follows was recorded by another process of the same run."""
        self.began = self.finished = self.seconds = self.exit_code = None
        self.earlier, self.ended, self.state = 0, False, ""
        self.history.begin_part()

    def end_part(self) -> None:
        """All that a process recorded was read: when it ended follows from how long it took."""
        self.add_private(as_dict(self.config.pop(PRIVATE, None)))
        if self.ended and self.began and self.seconds is not None and self.finished is None:
            took = max(0, min(self.seconds - self.earlier, MAX_SECONDS))
            last = make_time(self.history.latest)
            # Whole seconds, rounded down: what was logged later is a better end.
            self.finished = max(self.began + dt.timedelta(seconds=took), last or self.began)

    def add_machine(self, values: Mapping[str, Any]) -> None:
        """Take what is known of process and machine, in the words of ``wandb-metadata.json``."""
        self.machine |= {key: value for key, value in values.items() if value not in (None, "", [])}
        git = as_dict(values.get("git"))
        self.repository = clean_text(git.get("remote")) or self.repository
        self.commit = clean_text(git.get("commit")) or self.commit
        self.host = clean_text(values.get("host")) or self.host
        user = clean_text(values.get("username")) or clean_text(values.get("email"))
        self.author = user or self.author
        self.start_at(parse_time(values.get("startedAt")))

    def add_private(self, values: Mapping[str, Any]) -> None:
        """Take what W&B itself keeps in a configuration, under ``_wandb``.

        There are the process and machine (``e``) and the declared metrics (``m``), the latter as
        protocol buffers with the numbers of their fields for names.
        """
        for machine in as_dict(values.get("e")).values():
            self.add_machine(as_dict(machine))
        python = clean_text(values.get("python_version"))
        if python:
            self.machine.setdefault("python", python)
        declared = [as_dict(item) for item in values.get("m") or () if isinstance(item, dict)]
        for item in declared[:MAX_ITEMS]:
            axis, index = clean_text(item.get("4")), item.get("5")
            if not axis and type(index) is int and 0 < index <= len(declared):
                axis = clean_text(declared[index - 1].get("1"))
            names = clean_text(item.get("1")), clean_text(item.get("2"))
            self.history.axes.declare(*names, axis)

    def add_old_state(self, values: Mapping[str, Any]) -> None:
        """Take what clients before 0.10 wrote of a run beside its machine, and at its end."""
        self.project = clean_text(values.get("project")) or self.project
        self.name = clean_text(values.get("name")) or self.name
        self.notes = clean_text(values.get("notes")) or self.notes
        self.job_type = clean_text(values.get("jobType")) or self.job_type
        self.group = clean_text(values.get("group")) or self.group
        self.tags = as_texts(values.get("tags")) or self.tags
        self.state = clean_text(values.get("state"))
        code = values.get("exitcode")
        if type(code) is int:
            self.exit_code, self.ended = code, True
            self.finished = parse_time(values.get("heartbeatAt"))


def set_item(values: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    """Set a value that may lie in inner objects; what stands in their way is replaced."""
    if not path or len(path) > MAX_DEPTH:
        return
    for key in path[:-1]:
        inner = values.get(key)
        if not isinstance(inner, dict):
            inner = values[key] = {}
        values = inner
    if len(values) < MAX_ITEMS or path[-1] in values:
        values[path[-1]] = value


def remove_item(values: dict[str, Any], path: tuple[str, ...]) -> None:
    """Remove a value; nothing happens where there is none."""
    for key in path[:-1]:
        values = as_dict(values.get(key))
    if path:
        values.pop(path[-1], None)
