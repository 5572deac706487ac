"""What is not committed, file by file, as diffs in git's form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardgen.git import read_git, run_git

MAX_CHANGED = 2000
"""Changed files that are looked at."""

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of a tracked file that is compared with its commit."""

MAX_LINES = 20_000
"""Changed lines of one file that are kept."""

MAX_UNTRACKED_BYTES = 64 * 1024
"""Bytes of an untracked file that is kept as a whole."""

_SECRET = re.compile(
    r"\.env(?:\..+)?|\.?netrc|\.pypirc|\.git-credentials|\.npmrc|kaggle\.json|id_(?:rsa|dsa|ecdsa"
    r"|ed25519)|(?:.*[._-])?(?:credentials?|secrets?)(?:\..+)?|.+\.(?:pem|key|p12|pfx|jks|kdbx)",
    re.IGNORECASE,
)
_ODD = re.compile(r"[\x00-\x1f\x7f\"\\\ud800-\udfff]")
_DIFF = (
    "--literal-pathspecs", "diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames",
    "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short",
    "--ignore-submodules=dirty", "--diff-algorithm=default",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What is not committed of one file: a diff in git's form, or why there is none."""

    path: str
    diff: bytes = b""
    left_out: str = ""


# Tracked files -------------------------------------------------------------------------------


def read_tracked(top: Path, commit: str, paths: Sequence[str]) -> Iterator[Change]:
    """The changes of tracked files against the commit, staged or not."""
    yield from (Change(path, left_out="one of too many") for path in paths[MAX_CHANGED:])
    large = [path for path in paths[:MAX_CHANGED] if _size(top / path) > MAX_BYTES]
    yield from (Change(path, left_out=format_size(_size(top / path))) for path in large)
    wanted = [path for path in paths[:MAX_CHANGED] if path not in set(large)]
    texts = []
    for path, lines in _count_lines(top, commit, wanted):
        if lines is None:
            yield Change(path, left_out="binary")
        elif lines > MAX_LINES:
            yield Change(path, left_out=f"{lines} lines")
        else:
            texts.append(path)
    yield from _diff(top, commit, texts)


def _count_lines(top: Path, commit: str, paths: Sequence[str]) -> Iterator[tuple[str, int | None]]:
    """The changed lines of each file; None for what is no text."""
    if not paths:
        return
    counted = read_git(top, *_DIFF, "--numstat", "-z", _base(top, commit), "--", *paths)
    for entry in (counted or b"").decode("utf-8", "surrogateescape").split("\0"):
        added, _, rest = entry.partition("\t")
        removed, _, path = rest.partition("\t")
        if added.isdecimal() and removed.isdecimal():
            yield path, int(added) + int(removed)
        elif path:
            yield path, None


def _diff(top: Path, commit: str, paths: Sequence[str]) -> Iterator[Change]:
    if not paths:
        return
    printed = read_git(top, *_DIFF, "--unified=3", _base(top, commit), "--", *paths)
    if printed is None:
        yield from (Change(path, left_out="git could not compare it") for path in paths)
        return
    sections = re.split(rb"^(?=diff --git )", printed, flags=re.MULTILINE)[1:]
    # Git lists both in the order of paths; a file in a merge conflict has a note and no section.
    if len(sections) != len(paths):
        yield from (Change("", diff=section) for section in sections)
        return
    for path, section in zip(paths, sections, strict=True):
        yield Change(path, diff=section)


def _base(top: Path, commit: str) -> str:
    """What to compare with: the commit, or nothing at all where there is none yet."""
    if commit:
        return commit
    return (run_git(top, "hash-object", "-t", "tree", "--stdin") or "").strip()


# Untracked files -----------------------------------------------------------------------------


def read_untracked(top: Path, paths: Iterable[str]) -> Iterator[Change]:
    for number, path in enumerate(paths):
        if number >= MAX_CHANGED:
            yield Change(path, left_out="one of too many")
        else:
            yield _read_new(top, path)


def _read_new(top: Path, path: str) -> Change:
    file = top / path
    reason = _refuse(file, path)
    if reason:
        return Change(path, left_out=reason)
    try:
        content = file.read_bytes()
        executable = bool(file.stat().st_mode & 0o100)
    except OSError:
        return Change(path, left_out="cannot be read")
    if b"\0" in content:
        return Change(path, left_out="binary")
    return Change(path, diff=make_new_file(path, content, executable=executable))


def _refuse(file: Path, path: str) -> str:
    """Why an untracked file is not even opened; empty where it is."""
    if _ODD.search(path):
        return "odd name"
    if _SECRET.fullmatch(file.name):
        return "may hold secrets"
    if file.is_symlink() or not file.is_file():
        return "link" if file.is_symlink() else "no file"
    return format_size(_size(file)) if _size(file) > MAX_UNTRACKED_BYTES else ""


def make_new_file(path: str, content: bytes, *, executable: bool = False) -> bytes:
    """The diff, as git writes it, that makes a file."""
    name = path.encode()
    mode = b"100755" if executable else b"100644"
    head = b"diff --git a/%b b/%b\nnew file mode %b\n" % (name, name, mode)
    if not content:
        return head + b"index 0000000..e69de29\n"
    lines = content.split(b"\n")
    whole = not lines[-1]
    lines = lines[:-1] if whole else lines
    tab = b"\t" if b" " in name else b""
    count = b"" if len(lines) == 1 else b",%d" % len(lines)
    text = b"".join(b"+%b\n" % line for line in lines)
    end = b"" if whole else b"\\ No newline at end of file\n"
    return head + b"--- /dev/null\n+++ b/%b%b\n@@ -0,0 +1%b @@\n" % (name, tab, count) + text + end


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except (OSError, ValueError):
        return 0


def format_size(size: int) -> str:
    """Bytes as people say them."""
    if size < 1024 * 1024:
        return f"{-(-size // 1024)} KB"
    return f"{size / 1024 / 1024:.1f} MB"
