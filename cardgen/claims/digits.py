"""Whether a value is what was written, at the digits written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cardgen.claims.collecting import Value
from cardgen.claims.evidence import Measure, find_between, find_nearest
from cardgen.claims.kinds import DEVIATION, DIFFERENCE
from cardgen.claims.reading import Claim

_SLACK = 1 + 1e-9


_DIRECT = (1.0, 100.0)


def find_scales(measure: Measure, claim: Claim) -> tuple[float, ...]:
    """By what a value is multiplied before it is compared with what was written."""
    unit = claim.unit
    value = abs(claim.number.value)
    difference = DIFFERENCE in claim.kinds or DEVIATION in claim.kinds
    if measure.share:
        if unit:
            return (100.0,)
        return _DIRECT if value >= 1 or difference else (1.0,)
    if measure.hundreds:
        return (1.0,) if unit or value > 1 else (1.0, 0.01)
    return (1.0,)


def find_range(claim: Claim, scale: float) -> Iterator[tuple[float, float]]:
    """The bounds between which a value must lie to be what was written."""
    for value, decimals in claim.number.readings:
        sign = -1.0 if claim.number.sign == "-" else 1.0
        half = 0.5 * 10.0**-decimals * (2 if claim.rough else 1)
        slack = half * 1e-9 + abs(value) * 1e-12
        yield (sign * value - half - slack) / scale, (sign * value + half + slack) / scale


def agrees(size: float, claim: Claim, scale: float, *, halves: int = 1) -> bool:
    """Whether a size is what was written; ``halves`` of its last digit may be lacking."""
    for value, decimals in claim.number.readings:
        half = 0.5 * 10.0**-decimals * (2 if claim.rough else halves)
        if abs(size * scale - value) <= half * _SLACK + abs(value) * 1e-12:
            return True
    return False


def find_support(
    claim: Claim, measure: Measure, *, curved: bool = True, anywhere: bool = False
) -> Value | None:
    """A value of a measure that is what was written, at the step that was named."""
    at = None if anywhere else _place_in(claim, measure)
    for scale in find_scales(measure, claim):
        for low, high in find_range(claim, scale):
            pools = (measure.ordered, measure.points) if curved or at else (measure.ordered,)
            for pool in pools:
                for one in find_between(pool, low, high):
                    if at is None or at(one):
                        return one
    return None


def _place_in(claim: Claim, measure: Measure):  # type: ignore[no-untyped-def]
    """A test for the step or epoch that was named; None where the measure has no such place."""
    position = claim.position
    if position is None:
        return None
    index = 3 if position.kind == "epoch" else 2

    def is_there(one: Value) -> bool:
        return bool(one[index] == position.value)

    return is_there if any(map(is_there, (*measure.rows, *measure.curves))) else None


def keeps(claim: Claim, measure: Measure) -> bool:
    """Whether a measure has a value beyond the bound that was named."""
    values = measure.ordered
    if not values:
        return False
    for scale in find_scales(measure, claim):
        limit = claim.number.value
        if claim.bound == "above" and values[-1].value * scale >= limit * (1 - 1e-9):
            return True
        if claim.bound == "below" and values[0].value * scale <= limit * (1 + 1e-9):
            return True
    return False


def find_sizes(claim: Claim, measure: Measure, new: float, old: float) -> Iterator[float]:
    """What a difference may be called: as it is, in points, and relative to the older value."""
    plain = new - old
    if not claim.relative or claim.unit != "percent":
        if claim.unit:
            if not measure.meaning.unbounded or claim.unit == "points":
                yield plain * (100.0 if measure.share else 1.0)
        else:
            yield plain
            if measure.share:
                yield plain * 100.0
            elif measure.hundreds and claim.number.value < 1:
                yield plain * 0.01
    if claim.unit == "percent" and old:
        yield 100.0 * plain / abs(old)
        if claim.sentence.of("metric") and any(
            m.name == "error" for m in claim.sentence.of("metric")
        ):
            rest = 1.0 - old if measure.share else 100.0 - old if measure.hundreds else math.inf
            if rest:
                yield 100.0 * plain / rest


def find_closest(claim: Claim, measures: Sequence[Measure]) -> Found | None:
    """The value of what is meant that is nearest to the number, as it is or as a percentage."""
    best: Found | None = None
    least = math.inf
    for measure in measures:
        for scale in find_scales(measure, claim):
            near = find_nearest(measure.ordered, claim.number.value / scale)
            if near is not None:
                distance = abs(near.value * scale - claim.number.value) / scale
                if distance < least:
                    best, least = Found(measure, near), distance
    return best


@dataclass(frozen=True)
class Found:
    """A value that bears a claim out, or the nearest that there is."""

    measure: Measure
    value: Value
