"""The branches and tags of a repository, and which of them patterns choose."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cardgen.git import run_git
from cardgen.store import natural_key

HERE = "."
"""The pattern that stands for the folder as it lies on disk."""

MAX_REFS = 10_000

RefKind = Literal["branch", "remote", "tag", "head"]

_FORMAT = "%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)%00%(*objecttype)%00%(symref)"
_KINDS: tuple[tuple[str, RefKind], ...] = (
    ("refs/heads/", "branch"), ("refs/remotes/", "remote"), ("refs/tags/", "tag"),
)  # fmt: skip
_MAIN = ("main", "master")
_ORDER = {"head": 0, "branch": 0, "remote": 1, "tag": 2}


@dataclass(frozen=True)
class Ref:
    """A branch or tag that names a commit.

    ``name`` is as a person says it: ``exp/a``, ``origin/exp/a`` for one of a remote, ``v1``;
    ``bare`` is the same without the remote. ``kind`` is ``head`` for a detached checkout.
    """

    name: str
    commit: str
    kind: RefKind = "branch"
    bare: str = ""

    @property
    def branch(self) -> str:
        """The branch as its host calls it; empty for tags and a detached checkout."""
        return (self.bare or self.name) if self.kind in ("branch", "remote") else ""


def list_refs(root: Path) -> tuple[Ref, ...]:
    """The current branch, main, all others, those of remotes, and tags; else in natural order.

    A branch of a remote is left out where a local branch of its name is at the same commit. A
    checkout that is on no branch is there as ``HEAD``.
    """
    printed = run_git(
        root, "for-each-ref", f"--count={MAX_REFS}", f"--format={_FORMAT}",
        *(prefix for prefix, _ in _KINDS),
    )  # fmt: skip
    remotes = (run_git(root, "remote") or "").split()
    found = list(_parse_refs(printed or "", remotes))
    local = {(ref.name, ref.commit) for ref in found if ref.kind == "branch"}
    kept = [r for r in found if r.kind != "remote" or (r.bare, r.commit) not in local]
    current = (run_git(root, "symbolic-ref", "--quiet", "--short", "HEAD") or "").strip()
    kept.sort(
        key=lambda ref: (
            _ORDER[ref.kind],
            ref.kind != "branch" or ref.name != current,
            (ref.bare or ref.name) not in _MAIN,
            natural_key(ref.name),
            ref.name,
        )
    )
    return tuple(kept) if current else (*_find_detached(root), *kept)


def _parse_refs(printed: str, remotes: Sequence[str]) -> Iterator[Ref]:
    for line in printed.splitlines():
        full, own, own_kind, inner, inner_kind, symbolic = (*line.split("\0"), *[""] * 6)[:6]
        commit = own if own_kind == "commit" else inner if inner_kind == "commit" else ""
        prefix, kind = next(((p, k) for p, k in _KINDS if full.startswith(p)), ("", None))
        if kind is None or not commit or symbolic:
            continue
        name = full.removeprefix(prefix)
        owners = [one for one in remotes if name.startswith(f"{one}/")] if kind == "remote" else []
        yield Ref(name, commit, kind, name.removeprefix(f"{max(owners, key=len, default='')}/"))


def _find_detached(root: Path) -> tuple[Ref, ...]:
    commit = (run_git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") or "").strip()
    return (Ref("HEAD", commit, "head"),) if commit else ()


def split_patterns(texts: Iterable[str]) -> tuple[str, ...]:
    """Patterns as they are given on the command line: apart by blanks or commas, each once."""
    found = (one for text in texts for one in text.replace(",", " ").split())
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Chosen:
    """The refs that patterns choose, those of the first pattern first, and what chose nothing."""

    refs: tuple[Ref, ...]
    unmatched: tuple[str, ...] = ()


def choose_refs(refs: Sequence[Ref], patterns: Iterable[str], *, tags: bool = False) -> Chosen:
    """The branches and tags whose name, with or without the remote, meets a pattern.

    ``tags`` adds all tags at the end. ``.`` is no ref: see ``HERE``.
    """
    chosen: dict[Ref, None] = {}
    unmatched = []
    for pattern in patterns:
        met = [ref for ref in refs if _meets(ref, pattern)]
        chosen.update(dict.fromkeys(met))
        if not met and pattern != HERE:
            unmatched.append(pattern)
    if tags:
        chosen.update(dict.fromkeys(ref for ref in refs if ref.kind == "tag"))
    return Chosen(tuple(chosen), tuple(unmatched))


def _meets(ref: Ref, pattern: str) -> bool:
    names = {ref.name, ref.bare or ref.name}
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)
