"""From a text to the claims in it: numbers that are said to be results, and of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from cardgen.claims.binding import bind_all, bind_parts, group
from cardgen.claims.concepts import UNBOUNDED
from cardgen.claims.exempt import AMOUNTS, Said, is_exempt
from cardgen.claims.kinds import DEVIATION, DIFFERENCE, RATIO, VALUE, find_kinds, is_relative
from cardgen.claims.lexicon import Mention, load_glue
from cardgen.claims.near import (
    find_bound,
    find_code,
    find_variants,
    is_rank,
    is_rough,
    is_versioned,
)
from cardgen.claims.numbers import Number
from cardgen.claims.others import is_another_s
from cardgen.claims.places import bind_position
from cardgen.claims.rows import Slot, find_rows
from cardgen.claims.sentences import Position, Sentence, list_words
from cardgen.claims.units import read_units


@dataclass(frozen=True)
class Claim:
    """A number that is said to be a result.

    ``kinds`` are what it may be (any of them will do), ``metrics`` names of measures, ``keys`` ends
    of metrics' own keys, ``splits`` where it was measured, ``position`` the step or epoch; empty
    where the text does not say. ``parts`` are words of metrics' keys such as an entity's name that
    stand by the number. ``close`` says that the metric stands right beside the number.
    ``code`` is the card it is said of. ``unit`` is ``percent``, ``points`` or empty. ``wishes`` are
    the targets, and what others report, that its sentence names before it.
    """

    number: Number
    sentence: Sentence
    kinds: tuple[str, ...]
    unit: str = ""
    metrics: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    variants: frozenset[str] = frozenset()
    splits: frozenset[str] = frozenset()
    position: Position | None = None
    code: str = ""
    close: bool = False
    bound: str = ""
    rough: bool = False
    relative: bool = False
    wishes: tuple[float, ...] = ()
    parts: frozenset[str] = frozenset()
    versioned: bool = False

    @property
    def text(self) -> str:
        """The number as it was written, with its sign."""
        sign = self.number.sign if self.number.sign in ("+", "-") else ""
        return " ".join(f"{sign}{self.number.text}".split())

    @property
    def named(self) -> bool:
        return bool(self.metrics or self.keys)


def read_claims(sentence: Sentence) -> Iterator[Claim]:
    """The claims of one sentence."""
    if not sentence.numbers:
        return
    around = _look_around(sentence)
    wishes: list[float] = []
    changed = False
    for at, number in enumerate(sentence.numbers):
        if number.named or _is_place(sentence, number) or is_rank(sentence, number):
            continue
        said = _find_said(sentence, around, at)
        if number.money and not any(one.name in AMOUNTS for one in said.metrics):
            continue
        if is_exempt(sentence, number, said):
            if is_another_s(sentence, number):
                wishes.append(number.value)
            continue
        kinds = tuple(find_kinds(sentence, at, said.unit, said.end, said.close))
        if not _may_be_claim(number, said, kinds):
            continue
        if changed and kinds == (VALUE,):  # 'F1 is up 2.9 points, EM 3.9'
            kinds = (VALUE, DIFFERENCE)
        changed = changed or kinds[0] == DIFFERENCE
        claim = _make_claim(sentence, around, at, said, kinds)
        yield replace(claim, wishes=tuple(wishes)) if wishes else claim


class _Around(NamedTuple):
    """What is found once for a sentence: metrics and splits in groups, as numbers have them."""

    metrics: list[list[Mention]]
    rows: Mapping[int, Slot]
    of_part: list[tuple[list[Mention], bool]]
    of_metric: list[tuple[list[Mention], bool]]
    of_split: list[tuple[list[Mention], bool]]
    units: list[tuple[str, int]]
    spread: bool
    all_splits: bool


def _look_around(sentence: Sentence) -> _Around:
    metrics = group(sentence, sentence.of("metric", "key"))
    splits = group(sentence, sentence.of("split"))
    rows = find_rows(sentence, sentence.numbers, metrics)
    parts = group(sentence, sentence.of("part"))
    if not metrics and sentence.lead:
        metrics = [[one for one in sentence.lead if one.kind != "split"]]
    if not splits and sentence.lead:
        splits = [[one for one in sentence.lead if one.kind == "split"]]
    metrics, splits = [g for g in metrics if g], [g for g in splits if g]
    spread = _says_respectively(sentence)
    several = any(len({one.name for one in members}) > 1 for members in splits)
    return _Around(
        metrics,
        rows,
        bind_parts(sentence, sentence.numbers, parts),
        bind_all(sentence, sentence.numbers, metrics),
        _bind_splits(sentence, splits),
        read_units(sentence),
        spread,
        spread and several,
    )


def _bind_splits(
    sentence: Sentence, splits: list[list[Mention]]
) -> list[tuple[list[Mention], bool]]:
    bound = bind_all(sentence, sentence.numbers, splits)
    rows = find_rows(sentence, sentence.numbers, splits)
    return [
        (list(rows[number.start].members), True) if number.start in rows else one
        for number, one in zip(sentence.numbers, bound, strict=True)
    ]


def _is_place(sentence: Sentence, number: Number) -> bool:
    return any(one.start <= number.start < one.end for one in sentence.positions)


def _find_said(sentence: Sentence, around: _Around, at: int) -> Said:
    """The unit of a number and the metrics it may be of."""
    number = sentence.numbers[at]
    unit, end = around.units[at]
    found, close = around.of_metric[at]
    if number.start in around.rows:
        found, close = list(around.rows[number.start].members), True
    every = [one for members in around.metrics for one in members]
    if around.spread and not close:
        found = every
    if not close and unit:
        found = [one for one in found if one.name not in UNBOUNDED or one.name == "mape"]
    if not close and _has_name_before(sentence, number):
        found = []
    elif not close and len(around.metrics) > 1 and _is_in_row(sentence, at):
        found = every
    return Said(unit, end, found, close)


def _make_claim(
    sentence: Sentence, around: _Around, at: int, said: Said, kinds: tuple[str, ...]
) -> Claim:
    number, found = sentence.numbers[at], said.metrics
    if kinds[0] == DIFFERENCE and not said.close and len(around.metrics) > 1:
        found = [one for members in around.metrics for one in members]
    splits = around.of_split[at][0]
    if (around.all_splits and not around.of_split[at][1]) or _is_beside_gap(sentence, number):
        splits = sentence.of("split")
    row = around.rows.get(number.start)
    parts, beside = around.of_part[at]
    return Claim(
        number=number,
        sentence=sentence,
        kinds=kinds,
        unit=said.unit,
        metrics=frozenset(one.name for one in found if one.kind == "metric"),
        keys=frozenset(one.name for one in found if one.kind == "key"),
        variants=row.variants if row else find_variants(sentence, found),
        parts=frozenset(one.name for one in parts) if beside or not said.close else frozenset(),
        splits=frozenset(one.name for one in splits),
        position=bind_position(sentence, number, sentence.positions),
        code=find_code(sentence, number),
        close=said.close,
        bound=find_bound(sentence, number) if kinds[0] in (VALUE, DIFFERENCE) else "",
        rough=bool(found) and (number.mark == "~" or is_rough(sentence, number)),
        relative=is_relative(sentence, number),
        versioned=not said.unit and is_versioned(sentence, number),
    )


_NAME_BEFORE = re.compile(r"(?:^|[\s(,/])([A-Z][A-Za-z]{0,11})[ :=]{1,3}$")


def _has_name_before(sentence: Sentence, number: Number) -> bool:
    """Whether a name that nobody knows stands right before a number: 'P 87.2, R 84.7'."""
    start = max(sentence.start, number.start - 16)
    match = _NAME_BEFORE.search(sentence.between(start, number.start))
    if match is None or start + match.start(1) == sentence.start:
        return False
    at = start + match.start(1)
    return not any(one.start <= at < one.end for one in sentence.mentions)


def _is_in_row(sentence: Sentence, at: int) -> bool:
    """Whether a number is one of '0.51 / 0.58', which follow several metrics."""
    numbers = sentence.numbers
    return any(
        sentence.between(a.end, b.start).strip() == "/"
        for a, b in zip(
            numbers[max(0, at - 1) : at + 1], numbers[max(0, at - 1) + 1 : at + 2], strict=False
        )
    )


def _may_be_claim(number: Number, said: Said, kinds: tuple[str, ...]) -> bool:
    if RATIO in kinds:
        return number.fraction or said.close
    if number.power:
        return bool(said.metrics)
    if number.fraction or said.unit == "percent":
        return True
    if number.grouped and any(one.name in AMOUNTS for one in said.metrics):
        return DIFFERENCE in kinds or said.close
    return said.close or (said.unit == "points" and DIFFERENCE in kinds) or DEVIATION in kinds


_RESPECTIVELY = load_glue("respectively")


def _is_beside_gap(sentence: Sentence, number: Number) -> bool:
    """'The gap between dev and test is 1.1 (11.2 against 12.4)': either number, either split."""
    if not sentence.of("gap"):
        return False
    splits = sentence.of("split")
    if len({one.name for one in splits}) < 2:
        return False
    said = (one for one in sentence.numbers if splits[-1].end <= one.start < number.start)
    first = next(said, None)
    return (
        first is not None
        and re.match(r"[^\d,;)]{0,24}[(（]", sentence.between(first.end, number.start)) is not None
    )


def _says_respectively(sentence: Sentence) -> bool:
    said = sentence.said
    return "分别" in said or any(word in _RESPECTIVELY for word in list_words(said))
