"""Which two versions are compared: HEAD with the commit at which it left BASE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cardgen.config import Config
from cardgen.errors import UsageError
from cardgen.git import run_git
from cardgen.review.sides import Side, WorkingTree
from cardgen.revisions import Repository, Snapshot, open_repository

WHOLE = "Fetch the whole history: git fetch --unshallow (in CI: check out with 'fetch-depth: 0')."


@dataclass(frozen=True)
class Range:
    """The sides of a review.

    ``old`` is what ``new`` is compared with, usually at the merge base; ``target`` is BASE as it
    is today. ``notes`` say what was not as usual.
    """

    old: Side
    new: Side
    target: Side
    notes: tuple[str, ...] = ()


@contextmanager
def open_range(config: Config, base: str, head: str, *, worktree: bool = False) -> Iterator[Range]:
    """Find the sides; raises UsageError where git knows no such commit or too little history."""
    with open_repository(config) as repository:
        newest = _find(repository, config, head)
        target = _find(repository, config, base)
        ancestor = _find_merge_base(config, target.commit, newest.commit)
        old, notes = target, list[str]()
        if not ancestor:
            notes.append(f"{base} and {head} have no commit in common; they are compared as such.")
        elif ancestor != target.commit:
            old = repository.find_snapshot(ancestor)
        new = WorkingTree(repository, newest, config) if worktree else Side(repository, newest)
        yield Range(Side(repository, old), new, Side(repository, target), tuple(notes))


def _find(repository: Repository, config: Config, name: str) -> Snapshot:
    """A snapshot; a branch that only the remote has is named in the complaint."""
    if name.startswith("-"):
        raise UsageError(f"'{name}' is no revision.", "Name a branch, a tag or a commit.")
    try:
        return repository.find_snapshot(name)
    except UsageError as error:
        near = _find_remote_branch(config, name)
        if not near:
            raise
        hint = f"There is {near}: cardgen review {near}"
        raise UsageError(error.message, hint) from None


def _find_remote_branch(config: Config, name: str) -> str:
    printed = run_git(config.root, "for-each-ref", "--format=%(refname:short)", "refs/remotes")
    fit = [ref for ref in (printed or "").splitlines() if ref.partition("/")[2] == name]
    return next(iter(sorted(fit, key=lambda ref: not ref.startswith("origin/"))), "")


def _find_merge_base(config: Config, base: str, head: str) -> str:
    found = (run_git(config.root, "merge-base", base, head) or "").strip()
    if not found and is_shallow(config):
        raise UsageError(
            "The clone is shallow, and holds no commit that both sides have in common.", WHOLE
        )
    return found


def is_shallow(config: Config) -> bool:
    """Whether the clone has not the whole history."""
    return (run_git(config.root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
