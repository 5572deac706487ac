"""What is asked of git, with git itself; a project without it gets empty answers."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

_SECONDS = 60
_CHUNK = 1024 * 1024
_COMMAND = ("git", "-c", "core.quotePath=false")


def run_git(root: Path, *arguments: str) -> str | None:
    """What a git command prints; None where it fails, is missing or this is no repository."""
    printed = read_git(root, *arguments)
    return None if printed is None else printed.decode("utf-8", "replace")


def read_git(
    root: Path, *arguments: str, index: Path | None = None, stdin: bytes = b""
) -> bytes | None:
    """The same as bytes; ``index`` stands for the repository's own, ``stdin`` is what git reads."""
    try:
        done = subprocess.run(
            (*_COMMAND, *arguments),
            cwd=root,
            env=_make_environ() | ({"GIT_INDEX_FILE": str(index)} if index else {}),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            input=stdin,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def read_start(root: Path, *arguments: str, max_bytes: int, seconds: float) -> bytes:
    """What a git command prints first, of at most that size and within that time.

    Empty where git is missing or this is no repository.
    """
    try:
        process = subprocess.Popen(
            (*_COMMAND, *arguments),
            cwd=root,
            env=_make_environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return b""
    alarm = threading.Timer(seconds, process.kill)
    alarm.start()
    with process:
        try:
            return process.stdout.read(max_bytes) if process.stdout else b""
        finally:
            alarm.cancel()
            process.kill()


def _make_environ() -> dict[str, str]:
    """Git that only reads: no lock, no question, nothing fetched that a partial clone lacks."""
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
    return {**os.environ, **quiet, "LC_ALL": "C"}


class Found(NamedTuple):
    """An object: its id, its kind, and its content where that is not too large."""

    id: str
    kind: str
    content: bytes | None


class Objects:
    """Reads many objects of a repository through one ``git cat-file --batch``."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests = requests
        self._answers = answers

    def read(self, name: str, max_bytes: int = 16 * 1024 * 1024) -> bytes | None:
        """The content of an object such as ``HEAD:dvc.yaml`` or ``v1^{commit}``.

        None where there is none, where it is no file, commit or tag, and where it is larger than
        ``max_bytes``.
        """
        found = self.find(name, max_bytes)
        return found.content if found and found.kind != "tree" else None

    def find(self, name: str, max_bytes: int = 16 * 1024 * 1024) -> Found | None:
        """The object of a name such as ``main^{commit}`` or ``HEAD:src^{tree}``; None for none."""
        if "\n" in name or "\0" in name:
            return None
        try:
            self._requests.write(name.encode("utf-8", "surrogateescape") + b"\n")
            self._requests.flush()
            return self._read_answer(max_bytes)
        except OSError:
            return None

    def _read_answer(self, max_bytes: int) -> Found | None:
        parts = self._answers.readline().split(b" ")
        if len(parts) != 3 or parts[1] not in (b"blob", b"commit", b"tag", b"tree"):
            return None
        size = int(parts[2])
        wanted = size <= max_bytes
        content = self._answers.read(size) if wanted else None
        left = 0 if wanted else size
        while left > 0:
            left -= len(self._answers.read(min(left, _CHUNK))) or left
        self._answers.read(1)
        return Found(parts[0].decode("ascii", "replace"), parts[1].decode("ascii"), content)


class TreeEntry(NamedTuple):
    """What a tree holds under a name: its mode, such as ``100644`` or ``40000``, and its id."""

    mode: str
    id: str


def parse_tree(content: bytes, digits: int = 40) -> dict[str, TreeEntry]:
    """The entries of a tree object, in its order; ``digits`` is the length of an id in hex."""
    entries: dict[str, TreeEntry] = {}
    place = 0
    while place < len(content):
        end = content.find(b"\0", place)
        if end < 0:
            break
        mode, _, name = content[place:end].partition(b" ")
        place = end + 1 + digits // 2
        entry = TreeEntry(mode.decode("ascii", "replace"), content[end + 1 : place].hex())
        entries[name.decode("utf-8", "surrogateescape")] = entry
    return entries


@contextlib.contextmanager
def open_objects(root: Path, *, known: bool = False) -> Iterator[Objects | None]:
    """A reader of the repository's objects; None where there is no git or no repository.

    ``known`` says that the folder is known to be one, which saves a process.
    """
    if not known and run_git(root, "rev-parse", "--git-dir") is None:
        yield None
        return
    with subprocess.Popen(
        (*_COMMAND, "cat-file", "--batch"),
        cwd=root,
        env=_make_environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError
        try:
            yield Objects(process.stdin, process.stdout)
        finally:
            process.kill()


def find_codes_in_history(root: Path, experiments: str, prefix: str) -> frozenset[str]:
    """Codes beginning with ``prefix``, whatever its case, that any commit ever held a card of."""
    pattern = f":(icase){experiments}/{prefix}*/card.md"
    text = run_git(
        root,
        "log",
        "--all",
        "--format=",
        "--name-only",
        "--no-renames",
        "--relative",
        "--",
        pattern,
    )
    paths = {line for line in (text or "").splitlines() if line}
    return frozenset(path.rsplit("/", 2)[-2] for path in paths if path.count("/") >= 1)


def find_remote(root: Path) -> str:
    """The address of ``origin``, empty where there is none."""
    return (run_git(root, "remote", "get-url", "origin") or "").strip()


def merge_files(paths: Sequence[Path], names: Sequence[str]) -> bytes | None:
    """Our, the old and their version of a file merged line by line; None where git cannot.

    ``names`` are what the versions are called where both changed the same lines.
    """
    labels = [part for name in names for part in ("-L", name)]
    try:
        done = subprocess.run(
            ("git", "merge-file", "-p", *labels, *map(str, paths)),
            env=_make_environ(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if 0 <= done.returncode < 128 else None
