"""What git says of commits: whether they are there, and what holds them. Few processes for all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cardgen.git import read_git, run_git
from cardgen.surroundings import CommitState, normalise_address

HOLDERS = 3
"""Names of branches and tags that are told of one commit at most."""

_HEAD = "HEAD^{commit}"
_HASH = re.compile(r"[0-9a-fA-F]{4,64}")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,127}")
# What is told of a commit first: what a person works with, then what only git keeps.
_KINDS = (
    ("refs/heads/", "branch "),
    ("refs/tags/", "tag "),
    ("refs/remotes/", "branch "),
    ("refs/exps/", "DVC experiment "),
    ("refs/stash", "the stash"),
    ("refs/", "ref "),
)


@dataclass(frozen=True)
class Repository:
    """The project's repository: what was asked of its commits, and its own addresses."""

    commits: Mapping[str, CommitState] = field(default_factory=dict)
    addresses: frozenset[str] = frozenset()
    shallow: bool = False


def ask_commits(root: Path, texts: Iterable[str], known: Iterable[str] = ()) -> Repository:
    """Look up commits by full or short hash, or by tag; nothing where there is no repository.

    ``known`` are further addresses of the repository.
    """
    wanted = {text: _as_name(text) for text in texts}
    about = run_git(root, "rev-parse", "--is-shallow-repository", "--show-toplevel")
    if about is None or not wanted:
        return Repository()
    shallow, top, *_ = (*about.split("\n"), "", "")
    found = _look_up(root, dict.fromkeys((_HEAD, *filter(None, wanted.values()))))
    if found is None:
        return Repository()
    states = _follow(root, found, shallow == "true")
    missing = CommitState("cut" if shallow == "true" else "missing")
    return Repository(
        {text: states.get(name, missing) for text, name in wanted.items()},
        frozenset(map(normalise_address, (*_list_addresses(root), top, *filter(None, known)))),
        shallow == "true",
    )


def find_kept(
    root: Path, inputs: Iterable[tuple[str, str]], commits: Mapping[str, CommitState]
) -> frozenset[tuple[str, str]]:
    """Those of the pairs of a commit and a path where the commit holds the path, or its pointer."""
    asked: dict[str, tuple[str, str]] = {}
    for text, path in inputs:
        state = commits.get(text)
        if state and state.commit and "\n" not in path:
            asked[f"{state.commit}:./{path}"] = asked[f"{state.commit}:./{path}.dvc"] = (text, path)
    found = _look_up(root, asked) if asked else None
    return frozenset(asked[name] for name in found or ())


def _as_name(text: str) -> str:
    """What git is asked for; never an expression, which may take git long."""
    text = text.strip()
    if _HASH.fullmatch(text):
        return f"{text.lower()}^{{commit}}"
    return f"refs/tags/{text}^{{commit}}" if _TAG.fullmatch(text) and ".." not in text else ""


def _look_up(root: Path, names: Iterable[str]) -> dict[str, str] | None:
    """Full ids by name, empty for what is ambiguous; None where git does not answer."""
    wanted = list(names)
    # Git calls a short hash ambiguous only where it is asked for as it is.
    short = {_bare(name): name for name in wanted if len(_bare(name)) < 40 and _HASH.match(name)}
    asked = [*wanted, *short]
    printed = _run_with(root, asked, "cat-file", "--batch-check=%(objectname)")
    if printed is None:
        return None
    found: dict[str, str] = {}
    for name, answer in zip(asked, printed.splitlines(), strict=False):
        if _HASH.fullmatch(answer) and name not in short:
            found[name] = answer
        elif answer.endswith(" ambiguous"):
            found.setdefault(short.get(name, name), "")
    return found


def _bare(name: str) -> str:
    return name.removesuffix("^{commit}")


def _follow(root: Path, found: Mapping[str, str], shallow: bool) -> dict[str, CommitState]:
    """From where each commit is reached."""
    head = found.get(_HEAD, "")
    commits = {commit for commit in found.values() if commit}
    apart = _find_apart(root, commits, head)
    holders = {} if apart is None or shallow else _find_holders(root, apart, head)
    states: dict[str, CommitState] = {}
    for name, commit in found.items():
        if not commit:
            states[name] = CommitState("ambiguous")
        elif apart is None or commit not in apart:
            states[name] = CommitState("reached", commit)
        elif shallow:
            states[name] = CommitState("cut", commit)
        else:
            held = holders.get(commit, ())
            states[name] = CommitState("held" if held else "loose", commit, held)
    return states


def _find_apart(root: Path, commits: set[str], head: str) -> set[str] | None:
    """Those commits that HEAD does not contain; None where git does not answer."""
    if commits <= {head}:
        return set()
    printed = _run_with(root, [*sorted(commits), *_without(head)], "rev-list", "--stdin")
    return None if printed is None else commits & set(printed.split())


def _without(head: str) -> list[str]:
    return [f"^{head}"] if head else []


def _run_with(root: Path, lines: Iterable[str], *arguments: str) -> str | None:
    """What git prints that is given lines; None where it fails."""
    stdin = "".join(f"{line}\n" for line in lines).encode()
    printed = read_git(root, *arguments, stdin=stdin)
    return None if printed is None else printed.decode("ascii", "replace")


def _find_holders(root: Path, wanted: set[str], head: str) -> dict[str, tuple[str, ...]]:
    """What holds each commit that HEAD does not contain, the likeliest to be known first.

    One walk over what no HEAD contains, from the tips downward: a commit hands on to its parents
    what it is held by.
    """
    if not wanted:
        return {}
    tips = _list_tips(root)
    lines = [*tips, *_without(head)]
    walked = _run_with(root, lines, "rev-list", "--stdin", "--topo-order", "--parents")
    held: dict[str, tuple[tuple[int, str], ...]] = {}
    for line in (walked or "").splitlines():
        commit, *parents = line.split(" ")
        own = _choose((*held.get(commit, ()), *tips.get(commit, ())))
        held[commit] = own
        for parent in parents:
            held[parent] = _choose((*held.get(parent, ()), *own))
    return {commit: tuple(name for _, name in held.get(commit, ())) for commit in wanted}


def _choose(names: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
    if len(names) < 2:
        return names
    local = {name for rank, name in names if rank == 0}
    kept = (
        (rank, name)
        for rank, name in set(names)
        if rank != 2 or f"branch {name.partition('/')[2]}" not in local
    )
    return tuple(sorted(kept)[:HOLDERS])


def _list_tips(root: Path) -> dict[str, tuple[tuple[int, str], ...]]:
    """What each commit that a ref points to is called, with the rank of its kind."""
    form = "%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)"
    tips: dict[str, tuple[tuple[int, str], ...]] = {}
    for line in (run_git(root, "for-each-ref", f"--format={form}") or "").splitlines():
        kind, name, inner, target, ref = (*line.split(" ", 4), "", "", "", "")[:5]
        commit = name if kind == "commit" else target if inner == "commit" else ""
        named = _name_ref(ref)
        if commit and named:
            tips[commit] = (*tips.get(commit, ()), named)
    return tips


def _name_ref(ref: str) -> tuple[int, str] | None:
    if ref.endswith("/HEAD") or ref.startswith(("refs/notes/", "refs/replace/")):
        return None
    for rank, (start, word) in enumerate(_KINDS):
        if ref.startswith(start):
            rest = ref.removeprefix(start)
            return rank, word + (rest.rpartition("/")[2] if start == "refs/exps/" else rest)
    return None


def _list_addresses(root: Path) -> Iterator[str]:
    """The addresses of all remotes."""
    asked = ("config", "--get-regexp", r"^remote\..*\.(url|pushurl)$")
    for line in (run_git(root, *asked) or "").splitlines():
        yield line.partition(" ")[2]
