"""A text cut into sentences, each with its numbers, the words around them, and its clauses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from cardgen.claims.lexicon import Mention, find_mentions, fold
from cardgen.claims.numbers import Number

_END = re.compile(
    r"(?<=[.!?…])[)\]\"'»”*_]{0,3}(?=\s+[\"'«„“*_(\[]{0,3}[A-ZÀ-ÞА-ЯЁŻŹĆĄŚĘŁÓŃ`\u3400-\u9fff])"
    r"|(?<=[。！？；])|\n[ \t>]*\n|\n(?=[ \t>]*(?:[-*+]|\d{1,3}[.)])\s)|\n(?=[ \t>]*#)"
)
_SHORT = re.compile(
    r"(?:^|[\s(])(?:vs|ca|ok|approx|resp|np|tj|tzn|wzgl|env|cf|proc|pkt|pp|p|eg|e\.g|i\.e|fig|tab|p\.ex|т\.е|"
    r"напр|ср|п\.п|проц|ок|max|min|avg|std|no|nr|sec|eq|al)\.$",
    re.IGNORECASE,
)
_PAUSE = re.compile(r"[;:()\[\]—，、；：（）。!?]|,(?=\s)| [–-] |->|→|⇒|\|")
WORD = re.compile(r"[^\W\d_\u3400-\u9fff]+")
_BREAKS = ("contrast", "than")
_LONGEST = 1500


class Position(NamedTuple):
    """A step or epoch that a sentence names; ``exact`` where it is one and no count of them."""

    start: int
    end: int
    kind: str
    value: float
    exact: bool


@dataclass(frozen=True)
class Sentence:
    """A sentence by its place in a section's text; mentions and numbers by theirs."""

    text: str
    start: int
    end: int
    mentions: tuple[Mention, ...]
    numbers: tuple[Number, ...]
    positions: tuple[Position, ...] = ()
    kinds: Mapping[str, tuple[Mention, ...]] = field(default_factory=dict)

    @property
    def said(self) -> str:
        return self.text[self.start : self.end]

    def of(self, *kinds: str) -> list[Mention]:
        """The words of some categories, by their places."""
        found = [one for kind in kinds for one in self.kinds.get(kind, ())]
        return found if len(kinds) == 1 else sorted(found)

    @cached_property
    def breaks(self) -> list[int]:
        """Where clauses end."""
        inside = [self.start + m.start() for m in _PAUSE.finditer(self.said)]
        inside = [at for at in inside if not any(n.start <= at < n.end for n in self.numbers)]
        return sorted({*inside, *(one.start for one in self.of(*_BREAKS))})

    def clause(self, at: int) -> tuple[int, int]:
        """The clause that a place is in."""
        found = bisect_right(self.breaks, at)
        start = self.breaks[found - 1] if found else self.start
        return start, self.breaks[found] if found < len(self.breaks) else self.end

    def between(self, start: int, end: int) -> str:
        return self.text[start:end]

    def has(self, kind: str, start: int, end: int) -> bool:
        """Whether a word of a category stands between two places."""
        return any(start <= one.start and one.end <= end for one in self.kinds.get(kind, ()))


def cut(
    quiet: str,
    words: str,
    numbers: Iterable[Number],
    tongues: tuple[str, ...],
    own: Mapping[str, tuple[tuple[str, str], ...]],
) -> list[Sentence]:
    """The sentences of a text; ``quiet`` has its numbers, ``words`` its names in code as well."""
    mentions = find_mentions(words, tongues, own)
    found, held = [], list(numbers)
    for start, end in _find_spans(quiet):
        inside = tuple(one for one in _take(mentions, start, end))
        some = tuple(one for one in _take(held, start, end))
        kinds: dict[str, list[Mention]] = {}
        for one in inside:
            kinds.setdefault(one.kind, []).append(one)
        found.append(
            Sentence(quiet, start, end, inside, some, kinds={k: tuple(v) for k, v in kinds.items()})
        )
    return found


def _take(items: list, start: int, end: int) -> Iterator:  # type: ignore[type-arg]
    at = bisect_right(items, start - 1, key=lambda one: one.start)
    while at < len(items) and items[at].start < end:
        yield items[at]
        at += 1


def _find_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _END.finditer(text):
        if match[0][:1] != "\n" and _SHORT.search(
            text[max(start, match.start() - 12) : match.start()]
        ):
            continue
        yield from _split_long(text, start, match.end())
        start = match.end()
    yield from _split_long(text, start, len(text))


def _split_long(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A span in pieces that can be read: nobody writes a sentence as long."""
    while start < end:
        stop = min(end, start + _LONGEST)
        if stop < end:
            stop = max(text.rfind(" ", start, stop), text.rfind("\n", start, stop), start) + 1
            stop = stop if stop > start + 1 else start + _LONGEST
        if text[start:stop].strip():
            yield start, stop
        start = stop


def list_words(text: str) -> list[str]:
    """The words in a piece of text, folded; Chinese is none."""
    return [fold(match[0]) for match in WORD.finditer(text)]
