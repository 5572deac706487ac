"""Versions of paths at commits, and runs whose data and models get theirs.

A run's data had the version that its commit says only where nothing of it was changed since: so
only runs of a clean checkout are completed, and those whose uncommitted changes are known. What a
run put out is not looked up: its commit is older than it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from cardgen.git import Objects, open_objects
from cardgen.models import Dataset, Model, Run
from cardgen.versions.pointers import (
    MAX_POINTER,
    MAX_YAML,
    Version,
    find_folders,
    parse_dvc,
    parse_lock,
    parse_mlem,
    parse_pointer,
)

T = TypeVar("T", Dataset, Model)

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_CHANGED = re.compile(
    r"^(?:diff --git .* |(?:---|\+\+\+) )(?P<quoted>\"?)[abciow12]/(?P<path>.+?)(?P=quoted)\t?$"
    r"|^(?:rename|copy) (?:from|to) (?P<other>\"?)(?P<name>.+)(?P=other)$",
    re.MULTILINE,
)
_ESCAPE = re.compile(rb'\\([0-7]{3}|["\\])')


def find_versions(root: Path, commit: str, paths: Iterable[str]) -> dict[str, Version]:
    """What a commit says of paths relative to ``root``, as far as it says anything."""
    with open_objects(root) as objects:
        tree = Tree(objects, commit) if objects else None
        found = {path: tree.find(path) for path in paths} if tree else {}
    return {path: version for path, version in found.items() if version}


def complete_runs(
    root: Path, runs: Sequence[Run], patches: Mapping[str, str] | None = None
) -> tuple[Run, ...]:
    """The runs, each with the digests that its commit says of its data and its starting model.

    ``patches`` are the uncommitted changes of runs by ref, as git's diff prints them.
    """
    known = patches or {}
    if not any(_is_open(run, run.ref in known) for run in runs):
        return tuple(runs)
    with open_objects(root) as objects:
        if objects is None:
            return tuple(runs)
        return tuple(complete_run(run, objects, known.get(run.ref)) for run in runs)


def complete_run(run: Run, objects: Objects, patch: str | None = None) -> Run:
    """One run, with an open reader of the repository."""
    if not _is_open(run, patch is not None) or run.source is None:
        return run
    tree = Tree(objects, run.source.commit, _find_changed(patch or ""))
    model = _complete(run.model, tree) if run.model else None
    data = tuple(_complete(dataset, tree) for dataset in run.data)
    if model == run.model and data == run.data:
        return run
    return run.model_copy(update={"model": model, "data": data})


def _is_open(run: Run, patched: bool) -> bool:
    """Whether a run's commit can tell something that the run does not."""
    if run.source is None or not (run.source.dirty is False or patched):
        return False
    things = (*run.data, *((run.model,) if run.model else ()))
    return bool(run.source.commit) and any(thing.path and not thing.digest for thing in things)


def _complete(thing: T, tree: Tree) -> T:
    if thing.digest or not thing.path:
        return thing
    version = tree.find(thing.path)
    if version is None:
        return thing
    update = {"digest": version.digest, "version": thing.version or version.version}
    return thing.model_copy(update=update)


def _find_changed(patch: str) -> frozenset[str]:
    """The paths that a diff names, from the repository's top."""
    return frozenset(
        _unquote(found["path"] or found["name"], found["quoted"] or found["other"])
        for found in _CHANGED.finditer(patch)
    )


def _unquote(path: str, quoted: str) -> str:
    """A path of a diff, where git escapes what is no ASCII unless ``core.quotePath`` is off."""
    if not quoted:
        return path
    text = _ESCAPE.sub(_unescape, path.encode("utf-8", "surrogateescape"))
    return text.decode("utf-8", "surrogateescape")


def _unescape(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    return bytes([int(escape, 8) & 0xFF]) if escape.isdigit() else escape


class Tree:
    """The files of a commit that say which version others have; each is read once."""

    def __init__(
        self, objects: Objects, commit: str, changed: frozenset[str] = frozenset()
    ) -> None:
        self._objects = objects
        self._commit = commit.strip().lower()
        self._changed = changed
        self._contents: dict[str, bytes | None] = {}
        self._doubtful = False

    def find(self, path: str) -> Version | None:
        """The version of a path relative to the project's root; None where nothing is said."""
        path = path.replace("\\", "/").removeprefix("./").rstrip("/")
        if not _COMMIT.fullmatch(self._commit) or not _is_inside(path):
            return None
        self._doubtful = False
        found = next((version for version in self._look(path) if version or self._doubtful), None)
        return None if self._doubtful else found

    def _look(self, path: str) -> Iterator[Version | None]:
        """What each kind of file says, the one that says it most directly first."""
        content = self._read(path)
        yield parse_pointer(content, path) if content and len(content) <= MAX_POINTER else None
        yield self._find_in_dvc(path)
        yield self._find_in_locks(path, 0)
        yield self._find_in_mlem(path)
        # What a stage once read tells nothing of a file that git itself holds.
        yield self._find_in_locks(path, 1) if content is None else None

    def _find_in_dvc(self, path: str) -> Version | None:
        if path.endswith(".dvc"):
            outs = _parse_dvc(self._read(path) or b"", path)
            return outs[0] if len(outs) == 1 else None
        return _choose(_parse_dvc(self._read(f"{path}.dvc") or b"", f"{path}.dvc"), path)

    def _find_in_locks(self, path: str, side: int) -> Version | None:
        """The entry of the nearest ``dvc.lock`` upward: an output (0) or a dependency (1)."""
        folder = path
        while folder:
            folder = posixpath.dirname(folder)
            lock = self._read(posixpath.join(folder, "dvc.lock"))
            if lock:
                stages = self._read(posixpath.join(folder, "dvc.yaml")) or b""
                entries = _parse_lock(lock, posixpath.join(folder, "dvc.lock"), stages)
                found = _choose(entries[side], path)
                if found:
                    return found
        return None

    def _find_in_mlem(self, path: str) -> Version | None:
        source = path if path.endswith(".mlem") else f"{path}.mlem"
        return parse_mlem(self._read(source) or b"", path, source)

    def _read(self, path: str) -> bytes | None:
        """The content at the commit; a file that was changed since leaves the version open."""
        if any(f"/{name}".endswith(f"/{path}") for name in self._changed):
            self._doubtful = True
            return None
        if path not in self._contents:
            self._contents[path] = self._objects.read(f"{self._commit}:./{path}", MAX_YAML)
        return self._contents[path]


_parse_dvc = lru_cache(256)(parse_dvc)


@lru_cache(256)
def _parse_lock(
    lock: bytes, source: str, stages: bytes
) -> tuple[tuple[Version, ...], tuple[Version, ...]]:
    return parse_lock(lock, source, find_folders(stages))


def _choose(entries: Iterable[Version], path: str) -> Version | None:
    """The entry of a path, where all that there are agree."""
    found = [entry for entry in entries if entry.path == path]
    return found[0] if found and len({entry.digest for entry in found}) == 1 else None


def _is_inside(path: str) -> bool:
    if not path or path.startswith(("/", ":")) or "//" in path:
        return False
    return not {".", ".."} & set(path.split("/"))
