"""The code as a run finds it: repository, branch, commit, and what is not committed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cardgen.capture.changes import Change, read_tracked, read_untracked
from cardgen.git import find_remote, read_git, run_git
from cardgen.models import Source

STORES = frozenset(
    ".aim .neptune .trackio aim_logs dvclive lightning_logs mlartifacts mlruns runs tb_logs trackio wandb".split()  # noqa: E501, SIM905
)
"""Folders of trackers: what appears there is their record, and no code."""

_NO_CODE = frozenset({"__pycache__", ".ipynb_checkpoints", ".DS_Store", "_site"}) | STORES
_DATABASE = re.compile(r"mlflow\.db(?:-\w+)?")
_OF_CARDS = re.compile(r"[^/]+/(?:card\.md|evidence\.json|run-[\w-]+\.patch)")
_USER = re.compile(r"(?<=^https://)[^/@]*@|(?<=^http://)[^/@]*@")


@dataclass(frozen=True)
class Place:
    """Where a project lies in its repository: ``prefix`` is its folder there, ending in a slash.

    ``named`` are the paths, from the repository's top, that a command line names.
    """

    top: Path
    prefix: str
    experiments: str
    named: frozenset[str] = frozenset()

    def is_code(self, path: str, *, tracked: bool) -> bool:
        """Whether a change of a file may be one of the code that runs."""
        inside = path.removeprefix(f"{self.prefix}{self.experiments}/")
        if inside != path:
            if _OF_CARDS.fullmatch(inside):
                return False
            if not tracked and path not in self.named:
                return False
        parts = path.split("/")
        return tracked or not (_NO_CODE & set(parts) or _DATABASE.fullmatch(parts[-1]))


@dataclass(frozen=True)
class Workspace:
    """The code as it was; ``changes`` by path, first those of tracked files."""

    source: Source
    changes: tuple[Change, ...] = ()


def read_workspace(
    root: Path, experiments: str, words: Sequence[str] = (), folder: Path | None = None
) -> Workspace | None:
    """The state of the repository that holds the root; None where there is none, or no git.

    ``words`` are a command's, given in ``folder``: what it names under ``experiments`` is code,
    what else is untracked there is not. Cards, their evidence and trackers' stores never are.
    """
    status = _ask_status(root)
    places = run_git(root, "rev-parse", "--show-toplevel", "--show-prefix")
    if status is None or places is None:
        return None
    top, prefix = (*places.split("\n"), "", "")[:2]
    place = Place(Path(top), prefix, experiments, _find_named(words, folder or root, Path(top)))
    head, tracked, untracked = _parse_status(status)
    tracked = [path for path in tracked if place.is_code(path, tracked=True)]
    untracked = [path for path in untracked if place.is_code(path, tracked=False)]
    commit = head.get("branch.oid", "")
    known = "" if commit == "(initial)" else commit
    branch = head.get("branch.head", "")
    source = Source(
        repository=_USER.sub("", find_remote(root)),
        branch="" if branch == "(detached)" else branch,
        commit=known,
        dirty=bool(tracked or untracked),
    )
    changes = (*read_tracked(place.top, known, tracked), *read_untracked(place.top, untracked))
    return Workspace(source, changes)


def _ask_status(root: Path) -> bytes | None:
    """Git's list of changes; without untracked files where those take too long."""
    asked = ["status", "--porcelain=v2", "--branch", "-z", "--no-renames"]
    asked += ["--ignore-submodules=dirty"]
    found = read_git(root, *asked, "--untracked-files=all")
    return read_git(root, *asked, "--untracked-files=no") if found is None else found


def _parse_status(status: bytes) -> tuple[dict[str, str], list[str], list[str]]:
    """The head's lines, the changed and the untracked paths from the repository's top."""
    head: dict[str, str] = {}
    tracked: list[str] = []
    untracked: list[str] = []
    for entry in status.decode("utf-8", "surrogateescape").split("\0"):
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            head[name] = value
        elif kind in ("1", "u"):
            tracked.append(entry.split(" ", 8 if kind == "1" else 10)[-1])
        elif kind == "?":
            untracked.append(rest)
    return head, tracked, untracked


def _find_named(words: Sequence[str], folder: Path, top: Path) -> frozenset[str]:
    paths = {Path(folder, word.rpartition("=")[2]) for word in words if len(word) < 1000}
    top = top.resolve()
    found = set()
    for path in paths:
        try:
            found.add(path.resolve().relative_to(top).as_posix())
        except (OSError, ValueError, RuntimeError):
            continue
    return frozenset(found)
