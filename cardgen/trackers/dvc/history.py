"""What git knows of a project: its experiments, commits and branches. One listing of refs each.

DVC keeps an experiment as ``refs/exps/<2 digits>/<rest>/<name>``, the digits being those of the
commit that it was started from. Its queue, stashes and running executions are refs too; those are
no experiments.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.git import Objects, find_remote, open_objects, run_git
from cardgen.trackers.dvc.trees import CommitTree

MAX_REFS = 100_000

_SETTLED = 100_000_000
"""Nanoseconds after which a file system gives a change another time."""

_EXPERIMENT = re.compile(r"refs/exps/([0-9a-f]{2})/([0-9a-f]{38}(?:[0-9a-f]{24})?)/([^/]+)")
_PERSON = re.compile(r"(?P<name>.*?) ?<(?P<mail>[^<>]*)> (?P<time>-?\d{1,12})(?: [+-]\d{4})?")
# What DVC itself writes where no message was given.
_DEFAULT = re.compile(r"dvc: commit experiment [0-9a-f]{40,128}\s*")


@dataclass(frozen=True)
class Experiment:
    """An experiment: its name, its own commit, and the commit that it was started from."""

    name: str
    commit: str
    base: str


@dataclass(frozen=True)
class Commit:
    """A commit as it is stored; ``time`` is the committer's."""

    id: str
    author: str = ""
    time: dt.datetime | None = None
    message: str = ""


@dataclass(frozen=True)
class Repository:
    """Where a folder lies in its repository: ``prefix`` from the top, ending with a slash.

    ``store`` is the folder that holds the refs.
    """

    folder: Path
    top: Path
    prefix: str
    remote: str
    store: Path


@dataclass(frozen=True)
class Refs:
    """The experiments of a repository, and its branches: name -> commit."""

    experiments: tuple[Experiment, ...] = ()
    branches: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Experiment, ...]]:
        named: dict[str, tuple[Experiment, ...]] = {}
        for experiment in self.experiments:
            named[experiment.name] = (*named.get(experiment.name, ()), experiment)
        return named

    def find_branch(self, commit: str) -> str:
        """The one branch that ends in a commit; empty where there are several or none."""
        found = [name for name, tip in self.branches.items() if tip == commit]
        return found[0] if len(found) == 1 else ""


def find_repository(folder: Path) -> Repository | None:
    """The repository that a folder lies in; None without one, or without git."""
    stamp = _find_stamp(folder)
    return _find_repository(folder, stamp) if stamp else None


def _find_stamp(folder: Path) -> tuple[str, int] | None:
    """What changes when a repository comes, goes or gets another address."""
    for place in (folder, *folder.parents):
        for mark in (place / ".git" / "config", place / ".git"):
            try:
                return str(mark), mark.stat().st_mtime_ns
            except OSError:
                continue
    return None


@lru_cache(64)
def _find_repository(folder: Path, stamp: tuple[str, int]) -> Repository | None:
    del stamp  # only tells answers apart
    asked = ("--show-toplevel", "--show-prefix", "--git-common-dir")
    printed = run_git(folder, "rev-parse", *asked)
    lines = printed.split("\n") if printed else []
    if len(lines) < 3 or not lines[0]:
        return None
    return Repository(folder, Path(lines[0]), lines[1], find_remote(folder), folder / lines[2])


def list_refs(repository: Repository) -> Refs:
    """All experiments, by name and base, and all branches; listed anew once any was changed."""
    stamps = _find_stamps(repository.store)
    settled = time.time_ns() - max((changed for _, changed in stamps), default=0) > _SETTLED
    # What was changed a moment ago may change again without another time on it.
    return _list_refs(repository, stamps) if settled else _list_refs.__wrapped__(repository, stamps)


def _find_stamps(store: Path) -> tuple[tuple[str, int], ...]:
    """What changes with any ref: the files that hold many, and the folders that hold one each."""
    tops = _find_inner(store / "refs" / "exps")
    bases = [base for top in tops for base in _find_inner(top)]
    heads = [Path(folder) for folder, _, _ in os.walk(store / "refs" / "heads")]
    files = [store / "packed-refs", store / "reftable" / "tables.list"]
    stamps = []
    for path in (*files, store / "refs" / "exps", *tops, *bases, *heads):
        with suppress(OSError):
            stamps.append((str(path), path.stat().st_mtime_ns))
    return tuple(stamps)


def _find_inner(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [folder / e.name for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError:
        return []


@lru_cache(16)
def _list_refs(repository: Repository, stamps: tuple[tuple[str, int], ...]) -> Refs:
    del stamps  # only tells answers apart
    printed = run_git(
        repository.folder,
        "for-each-ref",
        f"--count={MAX_REFS}",
        "--format=%(objectname) %(refname)",
        "refs/exps",
        "refs/heads",
    )
    lines = [line.partition(" ") for line in (printed or "").splitlines()]
    return Refs(
        experiments=tuple(sorted(_parse_refs(lines), key=lambda e: (e.name, e.base))),
        branches={
            ref.removeprefix("refs/heads/"): commit
            for commit, _, ref in lines
            if ref.startswith("refs/heads/")
        },
    )


def _parse_refs(lines: Iterable[tuple[str, str, str]]) -> Iterator[Experiment]:
    for commit, _, ref in lines:
        found = _EXPERIMENT.fullmatch(ref)
        if found:
            yield Experiment(found[3], commit, found[1] + found[2])


@contextmanager
def open_history(repository: Repository) -> Iterator[Objects]:
    """A reader of the repository's objects."""
    with open_objects(repository.folder, known=True) as objects:
        if objects is None:
            raise TrackerError("git cannot be started.", "Install git.")
        yield objects


def open_tree(repository: Repository, objects: Objects, commit: str, folder: str) -> CommitTree:
    """The files of a commit in a folder, relative to the repository's own folder."""
    inner = f"{folder}/" if folder else ""
    return CommitTree(objects, commit, f"{repository.prefix}{inner}")


def load_commit(objects: Objects, name: str) -> Commit | None:
    """The commit of a revision; None where there is none."""
    if not name or name.startswith("-"):
        return None
    found = objects.find(f"{name}^{{commit}}")
    if found is None or found.kind != "commit":
        return None
    return parse_commit(found.id, found.content or b"")


def parse_commit(digits: str, content: bytes) -> Commit:
    """Read a commit's author, time and message; DVC's own message is none."""
    head, _, message = content.decode("utf-8", "replace").partition("\n\n")
    people = dict(
        line.partition(" ")[::2] for line in head.split("\n") if line.startswith(("author ", "com"))
    )
    author = _PERSON.fullmatch(people.get("author", ""))
    committer = _PERSON.fullmatch(people.get("committer", ""))
    return Commit(
        id=digits,
        author=author["name"].strip() if author else "",
        time=_as_time(int(committer["time"])) if committer else None,
        message="" if _DEFAULT.fullmatch(message) else message.strip(),
    )


def _as_time(seconds: int) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def find_changed(repository: Repository) -> tuple[tuple[bool, str], ...] | None:
    """Whether untracked, and path, of all that differs from HEAD in the repository's folder.

    Paths are relative to the folder; an untracked folder is one path that ends with a slash. None
    where git fails.
    """
    printed = run_git(
        repository.folder, "status", "--porcelain=v1", "-z", "--no-renames", "--", "."
    )
    if printed is None:
        return None
    lines = [line for line in printed.split("\0") if len(line) > 3]
    return tuple((line[:2] == "??", line[3:].removeprefix(repository.prefix)) for line in lines)
