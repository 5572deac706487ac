"""What is known of a run besides its parameters and metrics, from whichever file says it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cardgen.models import Command, Dataset, Model, Source, Status
from cardgen.references import parse_reference
from cardgen.trackers.json.values import as_text, as_time

STATUSES: Mapping[str, Status] = {
    "completed": "finished", "complete": "finished", "finished": "finished", "done": "finished",
    "success": "finished", "succeeded": "finished", "ok": "finished", "running": "running",
    "started": "running", "queued": "planned", "pending": "planned", "planned": "planned",
    "failed": "failed", "failure": "failed", "error": "failed", "crashed": "failed",
    "timed_out": "failed", "timeout": "failed", "died": "failed", "interrupted": "aborted",
    "aborted": "aborted", "killed": "aborted", "cancelled": "aborted", "canceled": "aborted",
}  # fmt: skip


@dataclass
class Record:
    """What files say of a run; ``given`` are fields as texts, by the names of the settings."""

    given: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    data: list[Dataset] = field(default_factory=list)
    experiment: str = ""
    group: str = ""
    python: str = ""
    os: str = ""
    accelerator: str = ""
    entrypoint: str = ""
    dirty: bool | None = None
    status: Status | None = None

    def give(self, values: Mapping[str, Any]) -> None:
        """Add fields that are not given yet; empty ones say nothing."""
        for name, value in values.items():
            if value not in (None, "", [], {}):
                self.given.setdefault(name, value)

    def text(self, name: str) -> str:
        return as_text(self.given.get(name))

    def time(self, name: str) -> dt.datetime | None:
        return as_time(self.given.get(name))

    def find_status(self) -> Status | None:
        return STATUSES.get(self.text("status").lower(), self.status)

    def find_commands(self) -> tuple[Command, ...]:
        lines = (("command", "train"), ("predict", "predict"))
        return tuple(
            Command(line=line, kind="train" if kind == "train" else "predict")
            for name, kind in lines
            if (line := _join(self.given.get(name)))
        )

    def find_source(self) -> Source | None:
        source = Source(
            repository=self.text("repository"),
            branch=self.text("branch"),
            commit=self.text("commit"),
            dirty=self.dirty,
            entrypoint=self.entrypoint,
        )
        return source if source != Source() else None

    def find_model(self, name: str) -> Model | None:
        text = self.text(name)
        reference = parse_reference(text)
        if not text:
            return None
        return Model(
            name=reference.name,
            version=reference.version,
            aliases=reference.aliases,
            url=reference.url,
            path=reference.path if reference.kind == "dvc" else "",
        )

    def find_data(self) -> tuple[Dataset, ...]:
        value = self.given.get("data")
        texts = [as_text(item) for item in (value if isinstance(value, list) else [value])]
        named = [parse_reference(text) for text in texts if text]
        own = [
            Dataset(name=r.name, version=r.version or next(iter(r.aliases), ""), url=r.url,
                    path=r.path if r.kind == "dvc" else "")
            for r in named
        ]  # fmt: skip
        return (*own, *self.data)


def _join(command: object) -> str:
    """A command line; a list of arguments is quoted as a shell needs it."""
    if isinstance(command, list) and all(isinstance(part, str) for part in command):
        import shlex  # noqa: PLC0415  # seldom needed

        return shlex.join(command)
    return as_text(command)
