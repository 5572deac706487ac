"""Aim's SQLite database: names, tags, notes and times of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cardgen.trackers._sqlite import open_readonly
from cardgen.trackers.aim.place import DATABASE, MAX_RUNS, Repo

_RUN = "SELECT * FROM run WHERE hash = ?"
_EXPERIMENT = "SELECT name FROM experiment WHERE id = ?"
_TAGS = (
    "SELECT tag.name FROM tag JOIN run_tag ON run_tag.tag_id = tag.id WHERE run_tag.run_id = ? "
    "ORDER BY tag.name LIMIT 1000"
)
_NOTES = "SELECT content FROM note WHERE run_id = ? ORDER BY id LIMIT 100"
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_ORDER = "SELECT hash FROM run ORDER BY created_at, id LIMIT ?"


@dataclass(frozen=True)
class Entry:
    """What the database says of one run: texts as they stand there."""

    name: str = ""
    description: str = ""
    created: str = ""
    experiment: str = ""
    archived: bool = False
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_entry(repo: Repo, run_hash: str) -> Entry | None:
    """The entry of a run; none where there is no database or no entry. Raises TrackerError."""
    path = repo.path / DATABASE
    if not path.is_file() or not path.resolve().is_relative_to(repo.root):
        return None
    with open_readonly(path.resolve()) as database:
        tables = {str(name) for (name,) in database.execute(_TABLES)}
        if "run" not in tables:
            return None
        cursor = database.execute(_RUN, (run_hash,))
        row = cursor.fetchone()
        if row is None:
            return None
        found = dict(zip((column[0] for column in cursor.description), row, strict=True))

        def read(question: str, key: object, *needed: str) -> tuple[str, ...]:
            if not tables.issuperset(needed):
                return ()
            return tuple(_text(value) for (value,) in database.execute(question, (key,)))

        return _make_entry(
            found,
            experiment=read(_EXPERIMENT, found.get("experiment_id"), "experiment"),
            tags=read(_TAGS, found.get("id"), "tag", "run_tag"),
            notes=read(_NOTES, found.get("id"), "note"),
        )


def _make_entry(
    found: Mapping[str, Any],
    experiment: tuple[str, ...],
    tags: tuple[str, ...],
    notes: tuple[str, ...],
) -> Entry:
    return Entry(
        name=_text(found.get("name")),
        description=_text(found.get("description")),
        created=_text(found.get("created_at")),
        experiment=experiment[0] if experiment else "",
        archived=bool(found.get("is_archived")),
        tags=tuple(tag for tag in tags if tag),
        notes=tuple(note for note in notes if note),
    )


def find_order(repo: Repo) -> tuple[str, ...]:
    """The hashes of all runs that the database knows, oldest first."""
    path = repo.path / DATABASE
    if not path.is_file() or not path.resolve().is_relative_to(repo.root):
        return ()
    with open_readonly(path.resolve()) as database:
        return tuple(_text(value) for (value,) in database.execute(_ORDER, (MAX_RUNS,)))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
