"""Who changed a card when, from git: of all cards in one question.

``find_history`` follows a card through renames of its folder. A project without git, a shallow
clone and a history that is too long to read give what there is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cardgen.config import Config
from cardgen.git import read_start, run_git
from cardgen.output import escape
from cardgen.store import CARD_NAME, EVIDENCE_NAME

MAX_CHANGES = 20
"""Changes of a card that are kept: the latest."""

_NAME = "history.json"
_COMMITS = 3_000
_TIPS = 1_000
_BYTES = 32 * 1024 * 1024
_SECONDS = 5.0
_SUBJECT = 160
_AUTHOR = 60
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HEAD = re.compile(
    r"(?:[0-9a-f]{40}|[0-9a-f]{64}) [1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:Z.+-]{5,30}"
)
_FORMAT = "--format=%x01%H%x00%aI%x00%an%x00%s"


@dataclass(frozen=True)
class Change:
    """A commit that changed a card: ``files`` are the names of those of its files it changed.

    ``date`` is the author's, as RFC 3339; ``subject`` and ``author`` are cut and on one line.
    ``before`` is the card's code before that commit, where it was renamed.
    """

    commit: str
    date: str
    author: str
    subject: str
    files: tuple[str, ...] = ()
    before: str = ""

    @property
    def day(self) -> dt.date:
        return dt.date.fromisoformat(self.date[:10])


@dataclass(frozen=True)
class Checkout:
    """Where a repository's host shows the project: its main branch and the project's folder."""

    branch: str = "main"
    folder: str = ""


@dataclass(frozen=True)
class Known:
    """What was read of a folder's cards up to a commit."""

    folder: str
    head: str = ""
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True)
class _Entry:
    """A file as a commit changed it: ``kind`` is git's letter, ``old`` its path before."""

    kind: str
    old: str
    path: str


def find_checkout(root: Path) -> Checkout:
    """The branch that ``origin`` shows first, and where the project lies in the repository."""
    head = (run_git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD") or "").strip()
    folder = (run_git(root, "rev-parse", "--show-prefix") or "").strip()
    return Checkout(head.partition("/")[2] or "main", folder)


def find_head(root: Path) -> str:
    """The commit that is checked out, empty where there is none."""
    return (run_git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") or "").strip()


def find_history(config: Config) -> Mapping[str, tuple[Change, ...]]:
    """The latest changes of each card by its code, the newest first.

    What was read up to a commit is kept in ``.cardgen/``: from there on only what came after it
    is read. Of a longer history the latest commits count, and of one that takes too long those
    that were read in time: it is read again when there is a new commit.
    """
    head = find_head(config.root)
    if not head:
        return {}
    folder = config.settings.experiments
    known = _load(config.work / _NAME, folder)
    if known.head == head:
        return known.changes
    since = known if known.whole and _is_before(config.root, known.head, head) else Known(folder)
    text, whole = _read_log(config, f"{since.head}..{head}" if since.head else head)
    found = Known(folder, head, _join(text, since.changes), whole)
    _keep(config.work / _NAME, found)
    return found.changes


def find_history_of(config: Config, commits: Sequence[str]) -> Mapping[str, tuple[Change, ...]]:
    """The same for what was committed up to any of these commits; nothing is kept of it."""
    text, _ = _read_log(config, *commits[:_TIPS])
    return _join(text, {})


def _is_before(root: Path, old: str, new: str) -> bool:
    return run_git(root, "merge-base", "--is-ancestor", old, new) is not None


def _read_log(config: Config, *commits: str) -> tuple[str, bool]:
    """What git says of some commits, and whether that is all that was asked for."""
    folder = config.settings.experiments
    started = time.monotonic()
    printed = read_start(
        config.root,
        "log",
        f"--max-count={_COMMITS}",
        "--name-status",
        "--find-renames",
        "--no-ext-diff",
        "--no-show-signature",
        "--relative",
        "-z",
        _FORMAT,
        *commits,
        "--",
        f":(glob){folder}/*/{CARD_NAME}",
        f":(glob){folder}/*/{EVIDENCE_NAME}",
        max_bytes=_BYTES,
        seconds=_SECONDS,
    )
    whole = len(printed) < _BYTES and time.monotonic() - started < _SECONDS
    return printed.decode("utf-8", "replace"), whole


def _load(path: Path, folder: str) -> Known:
    """What an earlier build read; nothing where that was of another folder or is damaged."""
    try:
        values = json.loads(path.read_bytes())
        if values["folder"] == folder and _COMMIT.fullmatch(values["head"]):
            changes = {
                code: tuple(Change(**{**one, "files": tuple(one["files"])}) for one in kept)
                for code, kept in values["changes"].items()
            }
            return Known(folder, values["head"], changes, values["whole"] is True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return Known(folder)


def _keep(path: Path, known: Known) -> None:
    """Remember what was read; where that cannot be written, it is read again."""
    changes = {code: [vars(one) for one in kept] for code, kept in known.changes.items()}
    values = {"folder": known.folder, "head": known.head, "whole": known.whole}
    text = json.dumps({**values, "changes": changes}, separators=(",", ":"))
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def parse_history(text: str) -> dict[str, tuple[Change, ...]]:
    """What ``git log --name-status -z`` printed, as the changes of each card that is there now.

    The last commit of a text that was cut is left out, as is what cannot be understood.
    """
    return _join(text, {})


def _join(text: str, earlier: Mapping[str, tuple[Change, ...]]) -> dict[str, tuple[Change, ...]]:
    """The changes that git printed before the ``earlier`` ones, these under the codes of today."""
    found: dict[str, list[Change]] = {}
    now: dict[str, str] = {}  # the code today of what a path was at that time
    for record in text.split("\x01")[1:]:
        fields = record.split("\0", 4)
        if len(fields) == 5 and _HEAD.fullmatch(f"{fields[0]} {fields[1]}"):
            _note(fields[:4], list(_list_entries(fields[4])), found, now)
    codes = {_code(path): code for path, code in now.items()}
    for old, changes in earlier.items():
        kept = found.setdefault(codes.get(old, old), [])
        kept += changes[: MAX_CHANGES - len(kept)]
    return {code: tuple(changes) for code, changes in found.items()}


def _note(
    head: list[str], entries: list[_Entry], found: dict[str, list[Change]], now: dict[str, str]
) -> None:
    """Add a commit to the cards that it changed, and take back its renames."""
    codes: dict[str, list[_Entry]] = {}
    for entry in entries:
        codes.setdefault(now.get(entry.path, _code(entry.path)), []).append(entry)
    for code, changed in codes.items():
        changes = found.setdefault(code, [])
        if len(changes) < MAX_CHANGES:
            changes.append(_make_change(head, changed))
    _rename_back(entries, now)


def _make_change(head: list[str], entries: Iterable[_Entry]) -> Change:
    commit, date, author, subject = head
    names = {entry.path.rpartition("/")[2] for entry in entries}
    before = {_code(entry.old) for entry in entries if _code(entry.old) != _code(entry.path)}
    return Change(
        commit,
        date,
        _cut(author, _AUTHOR),
        _cut(subject, _SUBJECT),
        tuple(sorted(names)),
        min(before, default=""),
    )


def _rename_back(entries: Iterable[_Entry], now: dict[str, str]) -> None:
    """From here on into the past, a renamed file is looked for under its old name."""
    old = {entry.old: now.get(entry.path, _code(entry.path)) for entry in entries
           if entry.kind == "R"}  # fmt: skip
    for entry in entries:
        if entry.kind == "R":
            now.pop(entry.path, None)
    now.update(old)


def _list_entries(text: str) -> Iterator[_Entry]:
    """``A path``, ``M path`` and ``R100 old new``, each word closed by a zero byte."""
    words = iter(text.lstrip("\n").rstrip("\0").split("\0"))
    for word in words:
        kind = word.strip()[:1]
        first = next(words, "")
        path = next(words, "") if kind in ("R", "C") else first
        if kind and path.count("/") >= 1:
            yield _Entry(kind, first, path)


def _code(path: str) -> str:
    return path.rsplit("/", 2)[-2] if path.count("/") else ""


def _cut(text: str, length: int) -> str:
    shown = escape(text)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"
