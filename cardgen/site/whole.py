"""What is about all cards, in parts: each is made again only where what it repeats is different.

A part is made from a snapshot, and only writing takes a turn with whoever edits cards. Which parts
are there, and the files that they came to, is kept in ``.cardgen/`` for the next build.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from cardgen.site.build import Site
from cardgen.site.index import Entry
from cardgen.site.looks import digest
from cardgen.site.output import State
from cardgen.site.page import Page
from cardgen.site.writer import Written

WHOLE_NAME = "whole.json"

CORE, GOAL, CONCLUSIONS, EXCERPTS, PLOTTED = range(5)
"""What parts repeat of cards, as places in ``sign_card``'s answer; ``CORE`` is an entry's rest."""

Signs = tuple[str, ...]
"""One word for each of these."""

Turn = Callable[[], AbstractContextManager[None]]
"""Exclusive use of the site for a moment; raises Overtaken where a newer edit came."""


class Overtaken(Exception):  # it is no error
    """Whoever makes parts has to begin anew: cards are not any more what they were."""


@dataclass(frozen=True)
class Part:
    """Pages and files about all cards that repeat the same of them.

    ``reads`` are places in cards' signs. ``pages`` and ``files`` make them when they are asked to.
    """

    name: str
    reads: tuple[int, ...]
    pages: Callable[[], Iterable[Page]] = tuple
    files: Callable[[], Mapping[str, bytes]] = dict


@dataclass(frozen=True)
class Done:
    """A part as it was written; ``whole`` says that no hand-written page stands in its place."""

    sign: str
    pages: tuple[Written, ...] = ()
    files: Mapping[str, State] = field(default_factory=dict)
    whole: bool = True


def sign_card(entry: Entry, excerpts: Mapping[str, str], plotted: str) -> Signs:
    """What tells whether anything about all cards repeats something else of this one now."""
    core = replace(entry, goal="", conclusions="")
    return (
        digest(core),
        digest(entry.goal),
        digest(entry.conclusions),
        digest(sorted(excerpts.items())),
        digest(plotted),
    )


def sign_all(salt: str, signs: Mapping[str, Signs]) -> Signs:
    """The same of all cards in their order; ``salt`` is what they are rendered with."""
    totals = []
    for place in range(PLOTTED + 1):
        lines = "\n".join([f"{code} {found[place]}" for code, found in signs.items()])
        text = f"{salt}\n{lines}".encode("utf-8", "surrogateescape")
        totals.append(blake2b(text, digest_size=16).hexdigest())
    return tuple(totals)


class Whole:
    """The parts of a site as they are written; ``kept`` is a file that remembers them."""

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._done: dict[str, Done] = {}

    def adopt(self, site: Site, parts: Iterable[Part], signs: Signs) -> None:
        """Take over the parts that an earlier build wrote of the same, where they are intact."""
        known = _load(self._kept)
        for part in parts:
            done = known.get(part.name)
            if done is not None and done.sign == _sign(part, signs) and _is_intact(site, done):
                for written in done.pages:
                    site.adopt(replace(written, count=0, changed=False))
                site.adopt_files(done.files)
                self._done[part.name] = done

    def write(self, site: Site, parts: Iterable[Part], signs: Signs, turn: Turn) -> Iterator[str]:
        """Make the parts that are not as they should be; the addresses of pages that differ."""
        for part in parts:
            sign = _sign(part, signs)
            before = self._done.get(part.name)
            if before is None or before.sign != sign:
                yield from self._make(site, part, sign, turn)

    def _make(self, site: Site, part: Part, sign: str, turn: Turn) -> Iterator[str]:
        pages, whole = [], True
        for page in part.pages():
            with turn():
                written = site.write_page(page)
            if written is None:
                whole = False
                continue
            pages.append(replace(written, count=0, changed=False))
            if written.changed:
                yield written.address
        files = part.files()
        with turn():
            site.write_files(files)
            states = {path: state for path in files if (state := site.output.state(path))}
            before = self._done.get(part.name, Done(""))
            there = {one.address for one in pages}
            site.remove_pages([one.address for one in before.pages if one.address not in there])
            self._done[part.name] = Done(sign, tuple(pages), states, whole)

    def keep(self) -> None:
        """Remember all parts; where that cannot be written, they are made again."""
        values = {name: _dump(done) for name, done in self._done.items()}
        scratch = self._kept.with_suffix(".new")
        with contextlib.suppress(OSError, UnicodeEncodeError):
            scratch.write_text(json.dumps(values, separators=(",", ":")), encoding="utf-8")
            scratch.replace(self._kept)


def chunk(codes: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """A few codes at a time, so that no turn takes long."""
    for start in range(0, len(codes), size):
        yield codes[start : start + size]


def _sign(part: Part, signs: Signs) -> str:
    return digest(part.name, [signs[place] for place in part.reads])


def _is_intact(site: Site, done: Done) -> bool:
    return (
        done.whole
        and all(site.output.state(path) == state for path, state in done.files.items())
        and all(site.is_intact(one) and not site.is_taken(one.address) for one in done.pages)
    )


def _dump(done: Done) -> dict[str, object]:
    pages = [vars(written) for written in done.pages]
    return {"sign": done.sign, "pages": pages, "files": done.files, "whole": done.whole}


def _load(path: Path) -> dict[str, Done]:
    """What an earlier build kept; nothing where that is damaged."""
    try:
        values = json.loads(path.read_bytes())
        return {
            name: Done(
                sign=str(one["sign"]),
                pages=tuple(_read_written(page) for page in one["pages"]),
                files=_read_states(one["files"]),
                whole=one["whole"] is True,
            )
            for name, one in values.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _read_written(values: dict[str, object]) -> Written:
    return Written(**{**values, "files": _read_states(values["files"])})  # type: ignore[arg-type]


def _read_states(values: object) -> dict[str, State]:
    if not isinstance(values, dict):
        raise TypeError
    return {str(path): (int(size), int(time), int(node))
            for path, (size, time, node) in values.items()}  # fmt: skip
