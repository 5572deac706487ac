"""What is remembered of each card from one build to the next, in one file of ``.cardgen/``.

A row a card: what its files were, what other pages need to know of it, and what was written of
it. A page's body is not kept a second time: it stands in the site. The file may be thrown away at
any time, and one that cannot be read or written is done without.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cardgen import __version__
from cardgen.models import Problem
from cardgen.site.index import Entry
from cardgen.site.page import Heading, Page
from cardgen.site.writer import Written

CACHE_NAME = "cards.db"
_PACKAGE = Path(__file__).parents[1]
_TABLE = """CREATE TABLE IF NOT EXISTS cards
(code TEXT PRIMARY KEY, brief TEXT, key TEXT, made TEXT, plotted TEXT)"""
SOURCES = (".css", ".html", ".jinja", ".js", ".json", ".py", ".template")
"""What of the package a page may be made of."""

_UNKEPT = ("body", "data")


@dataclass(frozen=True)
class Brief:
    """What keys and other cards' pages need to know of a card.

    ``look`` is what its folder looked like without reading, empty where that says too little;
    ``digest`` is of its files' content. ``shared`` is what it has in common with others, by kind
    and name; ``models`` are the names that tags may register; ``quoted`` are the cards whose
    values its text quotes, ``commits`` those that its runs were made at.
    """

    look: str
    digest: str
    baseline: str = ""
    supersedes: tuple[str, ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    models: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()


_BRIEF = frozenset(field.name for field in fields(Brief))


@dataclass(frozen=True)
class Made:
    """What was made of a card: its entry, and its page as it was written.

    ``key`` names all that they were made of, ``stamp`` the shell that the page was put into.
    ``look`` is that of the folder whose files were published. ``page`` is without its body and
    data. ``problems`` are those of a card that cannot be shown. ``plotted`` is the card's part in
    plots of all cards, as text; it is kept apart, and empty in what is read from here.
    ``signs`` are ``whole.sign_card``'s, empty where the card was just made.
    """

    code: str
    key: str
    stamp: str
    look: str
    entry: Entry
    page: Page
    written: Written
    problems: tuple[Problem, ...] = ()
    plotted: str = ""
    signs: tuple[str, ...] = ()


class CardCache:
    """Briefs and what was made, by code. Used by one thread at a time."""

    def __init__(self, work: Path) -> None:
        self._path = work / CACHE_NAME
        self._data = self._open()

    def _open(self) -> sqlite3.Connection:
        for _ in range(2):
            with contextlib.suppress(sqlite3.Error, OSError):
                return _connect(str(self._path))
            with contextlib.suppress(OSError):
                self._path.unlink()
        return _connect(":memory:")

    def close(self) -> None:
        self._data.close()

    def load_briefs(self) -> dict[str, Brief]:
        """Of all cards that are known."""
        rows = self._select("SELECT code, brief FROM cards WHERE brief IS NOT NULL")
        return {code: brief for code, text in rows if (brief := _read(text))}

    def load_made(self, keys: Mapping[str, str]) -> Iterator[Made]:
        """What was made of cards under these keys, by code, one after another."""
        for code, key in self._select("SELECT code, key FROM cards WHERE key IS NOT NULL"):
            if keys.get(code) == key:
                made = self.find(code)
                if made is not None:
                    yield made

    def _select(self, statement: str) -> list[tuple[str, str]]:
        try:
            return self._data.execute(statement).fetchall()
        except sqlite3.Error:
            return []

    def find(self, code: str) -> Made | None:
        """What was made of one card."""
        with contextlib.suppress(sqlite3.Error):
            row = self._data.execute("SELECT made FROM cards WHERE code = ?", (code,)).fetchone()
            return _read_made(row[0]) if row and row[0] else None
        return None

    def keep_briefs(self, briefs: Mapping[str, Brief]) -> None:
        """Remember what cards are."""
        rows = [(code, _dump(asdict(brief))) for code, brief in briefs.items()]
        self._write(
            "INSERT INTO cards (code, brief) VALUES (?, ?) "
            "ON CONFLICT (code) DO UPDATE SET brief = excluded.brief",
            rows,
        )

    def keep_made(self, made: Iterable[Made]) -> None:
        """Remember what was made of cards."""
        rows = [(one.key, _dump_made(one), one.plotted, one.code) for one in made]
        self._write(
            "UPDATE cards SET key = ?, made = ?, plotted = COALESCE(NULLIF(?, ''), plotted) "
            "WHERE code = ?",
            rows,
        )

    def load_plotted(self, codes: Iterable[str]) -> Iterator[str]:
        """``Made.plotted`` of these cards, one after another."""
        for code in codes:
            with contextlib.suppress(sqlite3.Error):
                statement = "SELECT plotted FROM cards WHERE code = ?"
                row = self._data.execute(statement, (code,)).fetchone()
                if row and row[0]:
                    yield row[0]

    def forget_others(self, codes: Iterable[str]) -> None:
        """Forget the cards that are gone."""
        gone = {code for code, _ in self._select("SELECT code, '' FROM cards")} - set(codes)
        self._write("DELETE FROM cards WHERE code = ?", [(code,) for code in gone])

    def _write(self, statement: str, rows: list[Any]) -> None:
        with contextlib.suppress(sqlite3.Error, UnicodeEncodeError), self._data:
            self._data.executemany(statement, rows)


def _connect(path: str) -> sqlite3.Connection:
    data = sqlite3.connect(path, timeout=1, check_same_thread=False)
    data.execute("PRAGMA synchronous = OFF")
    data.execute(_TABLE)
    data.execute("SELECT code, brief, key, made, plotted FROM cards LIMIT 1").fetchall()
    return data


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _dump_made(made: Made) -> str:
    page = {
        field.name: value
        for field in fields(Page)
        if field.name not in _UNKEPT and (value := getattr(made.page, field.name))
    }
    page["files"] = {name: str(path) for name, path in made.page.files.items()}
    page["contents"] = [(one.level, one.anchor, one.text) for one in made.page.contents]
    return _dump(
        {
            "code": made.code,
            "key": made.key,
            "stamp": made.stamp,
            "look": made.look,
            "entry": made.entry.__dict__,
            "page": page,
            "written": made.written.__dict__,
            "problems": [problem.__dict__ for problem in made.problems],
            "signs": made.signs,
        }
    )


def _read(text: str) -> Brief | None:
    try:
        values = json.loads(text)
        if values.keys() != _BRIEF:  # another version of cardgen kept it
            return None
        return Brief(**{name: _freeze(value) for name, value in values.items()})
    except (ValueError, TypeError, AttributeError):
        return None


def _read_made(text: str) -> Made | None:
    try:
        values = json.loads(text)
        page = values["page"]
        page["contents"] = tuple(Heading(*heading) for heading in page["contents"])
        page["files"] = {name: Path(path) for name, path in page["files"].items()}
        page["facets"] = {n: tuple(facet) for n, facet in page.get("facets", {}).items()}
        written = values["written"]
        written["files"] = {name: tuple(state) for name, state in written["files"].items()}
        written["body"] = tuple(written["body"])
        return Made(
            code=values["code"],
            key=values["key"],
            stamp=values["stamp"],
            look=values["look"],
            entry=Entry(**{name: _freeze(value) for name, value in values["entry"].items()}),
            page=Page(**({"title": "", "description": "", "body": ""} | page)),
            written=Written(**written),
            problems=tuple(Problem(**problem) for problem in values["problems"]),
            signs=tuple(values["signs"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _freeze(value: Any) -> Any:
    return tuple(map(_freeze, value)) if isinstance(value, list) else value


@cache
def hash_package() -> str:
    """cardgen's version and the content of whatever it renders with."""
    total = blake2b(__version__.encode(), digest_size=16)
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in SOURCES and "trackers" not in path.parts:
            total.update(path.read_bytes())
    return total.hexdigest()
