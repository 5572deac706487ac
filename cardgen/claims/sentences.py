"""A text cut into sentences, each with its numbers, the words around them, and its clauses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from cardgen.claims.lexicon import Mention, fold
from cardgen.claims.mentions import find_mentions
from cardgen.claims.numbers import Number
from cardgen.claims.quiet import BULLET

_END = re.compile(
    r"(?<=[.!?…])[)\]\"'»”*_]{0,3}(?=\s+[\"'«„“*_(\[]{0,3}[a-z]?[A-ZÀ-ÞА-ЯЁŻŹĆĄŚĘŁÓŃ`\u3400-\u9fff])"
    r"|(?<=[。！？；])|\n[ \t>]*\n|\n(?=[ \t>]*\u2022)"
)
_SHORT = re.compile(
    r"(?:^|[\s(])(?:vs|ca|ok|approx|resp|np|tj|tzn|wzgl|env|cf|proc|pkt|pp|p|eg|e\.g|i\.e|fig|tab|p\.ex|т\.е|"
    r"напр|ср|п\.п|проц|ок|max|min|avg|std|no|nr|sec|eq|al)\.$",
    re.IGNORECASE,
)
# '4,2 p.p. mAP50', but 'o 4,2 p.p. Strata spadła'.
_SHORT_POINTS = re.compile(r"[\s\d](?:p\.\s?p|п\.\s?п)\.$")
_NAME = re.compile(r"\s+(?:[a-z]{1,3}[A-Z]|[A-Z]{2}|[A-Z]\d)")
_PAUSE = re.compile(r"[;:()\[\]—，、；：（）。!?]|,(?=\s)| [–-] |->|→|⇒|\|")
WORD = re.compile(r"[^\W\d_\u3400-\u9fff]+")
PART, QUANTITY = "part", "quantity"
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
    """A sentence by its place in a section's text; mentions and numbers by theirs.

    ``plain`` is the text without the digits of names such as F1, ``lead`` what the line that ends
    with a colon above a list says of its items.
    """

    text: str
    start: int
    end: int
    mentions: tuple[Mention, ...]
    numbers: tuple[Number, ...]
    positions: tuple[Position, ...] = ()
    plain: str = ""
    lead: tuple[Mention, ...] = ()
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
        """The text between two places; digits of names such as F1 are none."""
        return (self.plain or self.text)[start:end]

    def has_any(self, kinds: Iterable[str], start: int, end: int) -> bool:
        """Whether a word of any of some categories stands between two places."""
        return any(self.has(kind, start, end) for kind in kinds)

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
    held = list(numbers)
    mentions = find_mentions(words, tongues, own)
    mentions = sorted({*_name_own(mentions, own), *_find_letters(quiet), *_find_tails(held, own)})
    found: list[Sentence] = []
    plain = _hide_names(quiet, held)
    for start, end in _find_spans(quiet):
        inside = tuple(_take(mentions, start, end))
        some = tuple(_take(held, start, end))
        kinds: dict[str, list[Mention]] = {}
        for one in inside:
            kinds.setdefault(one.kind, []).append(one)
        lead = _find_lead(quiet, start, found)
        by_kind = {k: tuple(v) for k, v in kinds.items()}
        found.append(Sentence(quiet, start, end, inside, some, (), plain, lead, by_kind))
    return found


def _name_own(
    mentions: Iterable[Mention], own: Mapping[str, tuple[tuple[str, str], ...]]
) -> Iterator[Mention]:
    """Mentions; a unit or an adjective is one only where a metric of the card has it."""
    for one in mentions:
        if one.kind in (PART, QUANTITY):
            for kind, name in own.get(f"{one.kind} {one.name}", ()):
                yield Mention(one.start, one.end, kind, name)
        else:
            yield one


_LETTER = re.compile(r"(?<![\w.@'’-])([PR])(?=@\d{1,4}\b|\s?[=:：]\s?\d|\s[1-9]\d?[.,]\d)")


def _find_letters(text: str) -> Iterator[Mention]:
    """'P = 87.3, R = 85.6', 'R^2'; a probability has a small letter, or is near 0."""
    for match in re.finditer(r"(?<!\w)R(?:\^|\*\*)\{?2\}?", text) if "R" in text else ():
        yield Mention(match.start(), match.end(), "metric", "r2")
    for match in _LETTER.finditer(text):
        if not re.match(r"\s?[=:]?\s?0[.,]0", text[match.end() : match.end() + 8]):
            name = "precision" if match[1] == "P" else "recall"
            yield Mention(match.start(), match.end(), "metric", name)


def _find_tails(
    numbers: Iterable[Number], own: Mapping[str, tuple[tuple[str, str], ...]]
) -> Iterator[Mention]:
    """The unit in '5.6ms', where a metric of the card has it."""
    for number in numbers:
        for kind, name in own.get(f"{QUANTITY} {fold(number.tail)}", ()) if number.tail else ():
            yield Mention(number.end, number.end + len(number.tail), kind, name)


def _hide_names(text: str, numbers: Iterable[Number]) -> str:
    """A text with a dot in the place of each digit of a name."""
    pieces, at = [], 0
    for one in numbers:
        if one.named:
            pieces += [text[at : one.start], "\u00b7" * (one.end - one.start)]
            at = one.end
    return "".join((*pieces, text[at:]))


def _find_lead(text: str, start: int, before: list[Sentence]) -> tuple[Mention, ...]:
    """The metrics and splits of the line above a list, where that line ends with a colon."""
    if not before or text[start:].lstrip()[:1] != BULLET:
        return ()
    last = before[-1]
    if text[last.start : last.end].lstrip()[:1] == BULLET:
        return last.lead
    if not last.said.rstrip(" *_\n").endswith((":", "：")):
        return ()
    return tuple(one for one in last.mentions if one.kind in ("metric", "key", "split"))


def _take(items: list, start: int, end: int) -> list:  # type: ignore[type-arg]
    first = bisect_right(items, start - 1, key=_START)
    return items[first : bisect_right(items, end - 1, first, key=_START)]


_START = attrgetter("start")


def _find_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _END.finditer(text):
        before = text[max(start, match.start() - 12) : match.start()]
        if match[0][:1] != "\n" and (
            _SHORT.search(before)
            or (_SHORT_POINTS.search(before) and _NAME.match(text, match.end()))
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
