"""From a text to the claims in it: numbers that are said to be results, and of what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cardgen.claims.binding import bind_all, group
from cardgen.claims.concepts import UNBOUNDED
from cardgen.claims.exempt import Said, is_exempt
from cardgen.claims.kinds import DEVIATION, DIFFERENCE, RATIO, VALUE, find_kinds
from cardgen.claims.lexicon import Mention, load_glue
from cardgen.claims.near import find_bound, find_code, find_variants, is_rough
from cardgen.claims.numbers import Number
from cardgen.claims.places import bind_position
from cardgen.claims.sentences import Position, Sentence, list_words
from cardgen.claims.units import read_units


@dataclass(frozen=True)
class Claim:
    """A number that is said to be a result.

    ``kinds`` are what it may be (any of them will do), ``metrics`` names of measures, ``keys`` ends
    of metrics' own keys, ``splits`` where it was measured, ``position`` the step or epoch; empty
    where the text does not say. ``close`` says that the metric stands right beside the number.
    ``code`` is the card it is said of. ``unit`` is ``percent``, ``points`` or empty.
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
    numbers = sentence.numbers
    if not numbers:
        return
    positions = sentence.positions
    metrics = group(sentence, sentence.of("metric", "key"))
    splits = group(sentence, sentence.of("split"))
    spread = _says_respectively(sentence)
    units = read_units(sentence)
    bound_metrics = bind_all(sentence, numbers, metrics)
    bound_splits = bind_all(sentence, numbers, splits)
    for at, number in enumerate(numbers):
        if any(p.start <= number.start < p.end for p in positions) or number.named or number.money:
            continue
        unit, end = units[at]
        found, close = bound_metrics[at]
        if spread:
            found, close = [one for members in metrics for one in members], False
        if not close and unit:
            found = [one for one in found if one.name not in UNBOUNDED]
        unsure = not close and len(metrics) > 1
        if unsure and _is_in_row(sentence, at):
            found = [one for members in metrics for one in members]
        if is_exempt(sentence, number, Said(unit, end, found, close)):
            continue
        kinds = tuple(find_kinds(sentence, at, unit, end, close))
        if unsure and kinds[:1] == (DIFFERENCE,):
            found = [one for members in metrics for one in members]
        if not _may_be_claim(number, unit, found, close, kinds):
            continue
        bound = find_bound(sentence, number) if VALUE in kinds else ""
        chosen, _ = bound_splits[at]
        yield Claim(
            number,
            sentence,
            kinds,
            unit,
            frozenset(one.name for one in found if one.kind == "metric"),
            frozenset(one.name for one in found if one.kind == "key"),
            find_variants(sentence, found),
            frozenset(one.name for one in (chosen if not spread else sentence.of("split"))),
            bind_position(sentence, number, positions),
            find_code(sentence, number),
            close,
            bound,
            bool(found) and (number.mark == "~" or is_rough(sentence, number)),
            bool(sentence.of("relative")),
        )


def _is_in_row(sentence: Sentence, at: int) -> bool:
    """Whether a number is one of '0.51 / 0.58', which follow several metrics."""
    numbers = sentence.numbers
    return any(
        sentence.between(a.end, b.start).strip() == "/"
        for a, b in zip(
            numbers[max(0, at - 1) : at + 1], numbers[max(0, at - 1) + 1 : at + 2], strict=False
        )
    )


def _may_be_claim(
    number: Number, unit: str, found: list[Mention], close: bool, kinds: tuple[str, ...]
) -> bool:
    if RATIO in kinds:
        return number.fraction or close
    if number.power:
        return bool(found)
    if number.fraction or unit == "percent":
        return True
    return close or (unit == "points" and DIFFERENCE in kinds) or DEVIATION in kinds


_RESPECTIVELY = load_glue("respectively")


def _says_respectively(sentence: Sentence) -> bool:
    said = sentence.said
    return "分别" in said or any(word in _RESPECTIVELY for word in list_words(said))
