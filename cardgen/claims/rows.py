"""Labels and numbers in the same order: 'ROUGE-1/2/L: 42.1 / 19.1 / 29.9', 'EM/F1 55.1/63.4'."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cardgen.claims.binding import is_after, is_before
from cardgen.claims.lexicon import Mention, fold
from cardgen.claims.near import find_suffixes, find_variants
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Sentence

_PARTED = re.compile(
    r"[\s%*_]*(?:/|,|、|，|;|and|or|oraz|i|et|и|和|与|及|,\s*and)[\s*_]*(?:[<>~≈]\s?)?"
)


class Slot(NamedTuple):
    """One label of a row: what it names, in which variant, and where it ends."""

    members: tuple[Mention, ...]
    variants: frozenset[str]
    end: int


def find_rows(
    sentence: Sentence, numbers: Sequence[Number], groups: Sequence[Sequence[Mention]]
) -> Mapping[int, Slot]:
    """By the place of a number its label, where as many numbers as labels stand in a row."""
    found: dict[int, Slot] = {}
    runs = list(_find_runs(sentence, numbers)) if groups else []
    for run in runs:
        for members in groups:
            slots = list(_find_slots(sentence, members))
            if len(slots) != len(run) or run[0].start in found:
                continue
            start, end = members[0].start, slots[-1].end
            if (end <= run[0].start and is_before(sentence, end, run[0])) or (
                start >= run[-1].end and is_after(sentence, run[-1], start)
            ):
                found.update((n.start, slot) for n, slot in zip(run, slots, strict=True))
    if groups and groups[0][0].kind != "split":
        _follow(sentence, runs, groups, found)
    return found


def _follow(
    sentence: Sentence,
    runs: Sequence[Sequence[Number]],
    groups: Sequence[Sequence[Mention]],
    found: dict[int, Slot],
) -> None:
    """'26.7 BLEU and 53.9 chrF; mt-12 has 23.6 and 50.9': the second two are of the same."""
    for run in runs:
        if run[0].start in found:
            continue
        before = [g for g in groups if g[0].start < run[0].start]
        slots = [slot for members in before for slot in _find_slots(sentence, members)]
        names = {(frozenset(m.name for m in slot.members), slot.variants) for slot in slots}
        inside = any(run[0].start <= g[0].start <= run[-1].end + 12 for g in groups)
        earlier = any(one.end <= run[0].start and not one.named for one in sentence.numbers)
        same = len(slots) == len(run) == len(names) and slots[-1].end < run[0].start
        if same and earlier and not inside:
            found.update((n.start, slot) for n, slot in zip(run, slots, strict=True))


def _find_runs(sentence: Sentence, numbers: Sequence[Number]) -> Iterator[list[Number]]:
    """Numbers that nothing but a stroke, a comma or 'and' parts."""
    run: list[Number] = []
    for one in numbers:
        if one.named:
            continue
        if run and _PARTED.fullmatch(fold(sentence.between(run[-1].end, one.start))):
            run.append(one)
            continue
        if len(run) > 1:
            yield run
        run = [one]
    if len(run) > 1:
        yield run


def _find_slots(sentence: Sentence, members: Sequence[Mention]) -> Iterator[Slot]:
    """The labels of a group; words that overlap are one, 'ROUGE-1/2/L' is three."""
    held: list[list[Mention]] = []
    for one in members:
        if held and one.start < max(m.end for m in held[-1]):
            held[-1].append(one)
        else:
            held.append([one])
    for some in held:
        last = max(some, key=lambda one: one.end)
        suffixes = find_suffixes(sentence.text, last)
        if len(suffixes) > 1:
            yield from (Slot(tuple(some), frozenset((name,)), end) for name, end in suffixes)
        else:
            end = suffixes[0][1] if suffixes else last.end
            yield Slot(tuple(some), find_variants(sentence, some), end)
