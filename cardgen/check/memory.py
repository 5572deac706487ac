"""What is remembered of each card from one check to the next, in one file of ``.cardgen/``.

A row a card. The file may be thrown away at any time; one that cannot be read or written is done
without, and what another process writes meanwhile does no harm: every row is tried before it is
believed.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from cardgen import __version__
from cardgen.check.results import Result, dump_result, read_result
from cardgen.config import Config
from cardgen.errors import CardgenError
from cardgen.files import make_work

NAME = "check.db"
_PACKAGE = Path(__file__).parents[1]
_UNASKED = ("site", "trackers", "cli", "capture", "imports", "formats", "__pycache__")
_VERSIONS = (
    ("detect_secrets", "__version__.py"),
    ("pydantic", "version.py"),
    ("ruamel.yaml", "__init__.py"),
)
"""Libraries that decide what is found, and the file that holds the version of each."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS world (key TEXT)",
    "CREATE TABLE IF NOT EXISTS cards (code TEXT PRIMARY KEY, look TEXT, digest TEXT, result TEXT)",
)


class Row(NamedTuple):
    """A card's files by look and by content, and the result of checking them."""

    look: str
    digest: str
    result: Result


class Memory:
    """Results by code, all made in the same world (``describe_world``). For one thread."""

    def __init__(self, work: Path, world: str) -> None:
        self._path = work / NAME
        self._data = self._open(world)

    def _open(self, world: str) -> sqlite3.Connection:
        for _ in range(2):
            with contextlib.suppress(sqlite3.Error, OSError, CardgenError):
                make_work(self._path.parent)
                return _connect(str(self._path), world)
            with contextlib.suppress(OSError):
                self._path.unlink()
        return _connect(":memory:", world)

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._data.close()

    def load(self) -> Iterator[tuple[str, Row]]:
        """All that is remembered, by code."""
        try:
            rows = self._data.execute("SELECT code, look, digest, result FROM cards").fetchall()
        except sqlite3.Error:
            return
        for code, look, digest, text in rows:
            result = read_result(text)
            if result is not None:
                yield code, Row(look, digest, result)

    def keep(self, rows: Iterable[tuple[str, Row]], gone: Iterable[str]) -> None:
        """Remember these, and forget the cards that are gone."""
        dumped = [
            (code, row.look, row.digest, text)
            for code, row in rows
            if row.digest and _is_text(code) and (text := dump_result(row.result))
        ]
        forgotten = [(code,) for code in gone if _is_text(code)]
        with contextlib.suppress(sqlite3.Error), self._data:
            self._data.executemany("INSERT OR REPLACE INTO cards VALUES (?, ?, ?, ?)", dumped)
            self._data.executemany("DELETE FROM cards WHERE code = ?", forgotten)


def _is_text(code: str) -> bool:
    """Whether a folder's name is one that a database can hold."""
    try:
        code.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _connect(path: str, world: str) -> sqlite3.Connection:
    """Open the file, emptied where it was made in another world."""
    data = sqlite3.connect(path, timeout=1)
    try:
        data.execute("PRAGMA synchronous = OFF")
        for table in _TABLES:
            data.execute(table)
        known = data.execute("SELECT key FROM world").fetchall()
        data.execute("SELECT code, look, digest, result FROM cards LIMIT 1").fetchall()
        if known != [(world,)]:
            with data:
                data.execute("DELETE FROM world")
                data.execute("DELETE FROM cards")
                data.execute("INSERT INTO world VALUES (?)", (world,))
    except sqlite3.Error:
        data.close()
        raise
    return data


def describe_world(config: Config, trackers: Iterable[str]) -> str:
    """All that every card's result depends on: cardgen itself, its settings, the trackers."""
    total = blake2b(__version__.encode(), digest_size=16)
    # Where the folder really lies decides what leads out of the project.
    place = os.path.relpath(os.path.realpath(config.experiments), os.path.realpath(config.root))
    said = (config.text, repr(config.settings), place, *sorted(trackers))
    total.update(repr(said).encode("utf-8", "surrogatepass"))
    for path in _find_sources(_PACKAGE):
        total.update(f"\0{path.name}\0".encode("utf-8", "replace"))
        total.update(path.read_bytes())
    return total.hexdigest()


def _find_sources(package: Path) -> Iterator[Path]:
    """The files that decide what is found: cardgen's own, and one of each library behind it.

    Their content counts and not their times: a CI job installs everything anew.
    """
    for folder, inner, names in os.walk(package):
        inner[:] = sorted(name for name in inner if name not in _UNASKED)
        yield from (Path(folder, n) for n in sorted(names) if n.endswith((".py", ".json")))
    for library, name in _VERSIONS:
        spec = find_spec(library)
        if spec and spec.origin and (path := Path(spec.origin).with_name(name)).is_file():
            yield path
