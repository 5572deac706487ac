"""The sketches of many cards, each made once: of files by their looks, of commits by their trees.

They are kept in ``.cardgen/sketches.db``, which may be thrown away at any time.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from cardgen.config import Config
from cardgen.files import make_work
from cardgen.models import Card
from cardgen.resolve import resolve
from cardgen.revisions import Repository, Snapshot
from cardgen.similar import Sketch, format_sketch, make_sketch, parse_sketch
from cardgen.store import EVIDENCE_NAME, find_cards, load_card

NAME = "sketches.db"
MAX_KEPT = 100_000
_TABLE = "CREATE TABLE IF NOT EXISTS sketches_1 (key TEXT PRIMARY KEY, sketch TEXT)"


def load_sketches(config: Config) -> tuple[Sketch, ...]:
    """All cards of the project as they lie on disk; those that did not change are not read."""
    paths = {_look(path): path for path in find_cards(config)}
    makers = {
        key: _make_later(config, lambda path=path: load_card(config, path))  # type: ignore[misc]
        for key, path in paths.items()
    }
    return tuple(_load(config.work, makers))


def load_sketches_at(repository: Repository, snapshot: Snapshot) -> tuple[Sketch, ...]:
    """The same of the cards at a commit, by the trees of their folders."""
    return load_sketches_of(repository, snapshot, snapshot.folders)


def load_sketches_of(
    repository: Repository, snapshot: Snapshot, codes: Iterable[str]
) -> tuple[Sketch, ...]:
    """The same of some of them; a folder without a card has none."""
    config = snapshot.config
    makers = {
        f"{snapshot.folders[code]} {code}": _make_later(
            config,
            lambda code=code: repository.load_card(snapshot, code),  # type: ignore[misc]
        )
        for code in codes
    }
    return tuple(_load(config.work, makers))


Maker = Callable[[], "Sketch | None"]


def _make_later(config: Config, load: Callable[[], Card | None]) -> Maker:
    def make() -> Sketch | None:
        card = load()
        return make_sketch(resolve(card, config.settings)) if card else None

    return make


def _look(path: Path) -> str:
    """What two files look like without reading them: another edit gives another word."""
    parts = [path.parent.name]
    for name in (path.name, EVIDENCE_NAME):
        with contextlib.suppress(OSError):
            found = (path.parent / name).stat()
            parts.append(f"{found.st_size} {found.st_mtime_ns} {found.st_ino}")
    return "|".join(parts)


def _load(work: Path, makers: Mapping[str, Maker]) -> Iterator[Sketch]:
    with contextlib.closing(_open(work)) as data:
        known = _read_known(data, makers)
        fresh = {}
        for key, make in makers.items():
            sketch = parse_sketch(known[key]) if key in known else None
            if sketch is None:
                sketch = make()
                fresh[key] = format_sketch(sketch) if sketch else ""
            if sketch is not None:
                yield sketch
        with contextlib.suppress(sqlite3.Error, UnicodeEncodeError), data:
            if fresh and data.execute("SELECT COUNT(*) FROM sketches_1").fetchone()[0] > MAX_KEPT:
                data.execute("DELETE FROM sketches_1")
            data.executemany("INSERT OR REPLACE INTO sketches_1 VALUES (?, ?)", fresh.items())


def _read_known(data: sqlite3.Connection, keys: Iterable[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    with contextlib.suppress(sqlite3.Error):
        for key in keys:
            rows = data.execute("SELECT sketch FROM sketches_1 WHERE key = ?", (key,))
            known.update((key, text) for (text,) in rows)
    return known


def _open(work: Path) -> sqlite3.Connection:
    path = ""
    with contextlib.suppress(OSError):
        path = str(make_work(work) / NAME)
    for name in (path, ":memory:"):
        with contextlib.suppress(sqlite3.Error):
            data = sqlite3.connect(name or ":memory:", timeout=1)
            data.execute("PRAGMA synchronous = OFF")
            data.execute(_TABLE)
            return data
    raise AssertionError
