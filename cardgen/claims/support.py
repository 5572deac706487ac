"""Whether the numbers behind a card bear a claim out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from cardgen.claims.bench import Bench
from cardgen.claims.digits import (
    Found,
    agrees,
    find_closest,
    find_scales,
    find_sizes,
    find_support,
    keeps,
)
from cardgen.claims.evidence import Ledger, Measure
from cardgen.claims.kinds import DEVIATION, DIFFERENCE, RATIO, VALUE
from cardgen.claims.meant import (
    is_same,
)
from cardgen.claims.reading import Claim

_SLACK = 1 - 1e-9
_SPEEDS = frozenset(("latency", "throughput", "runtime"))


@dataclass(frozen=True)
class Verdict:
    """What became of a claim.

    ``elsewhere`` is the value that would bear it out, were it said of another metric, split, step
    or card; ``nearest`` the nearest of those that it is said of. ``signed`` are the differences
    between this card and another that a claimed difference agrees with in size.
    """

    claim: Claim
    supported: bool
    nearest: Found | None = None
    elsewhere: Found | None = None
    signed: tuple[float, ...] = ()


class Court(Bench):
    """Judges claims by the measures that they mean."""

    # Judging -------------------------------------------------------------------------------

    def judge(self, claim: Claim, written: Sequence[Claim] = ()) -> Verdict:
        """Whether a claim holds; ``written`` are the other claims of its sentence."""
        if self._is_version(claim) or self._is_unmeasured(claim):
            return Verdict(claim, True)
        measures = self.find_measures(claim)
        for kind in claim.kinds:
            if kind == DIFFERENCE:
                signed = tuple(self._find_differences(claim, measures))
                if signed or self._is_other_difference(claim, measures, written):
                    return Verdict(claim, True, signed=signed)
            elif self._holds_as(kind, claim, measures):
                return Verdict(claim, True)
        if self._holds_otherwise(claim, written):
            return Verdict(claim, True)
        own = [one for one in measures if one.code == self.own.code]
        nearest = find_closest(claim, own or measures)
        return Verdict(claim, False, nearest, self._find_elsewhere(claim, measures))

    def _holds_as(self, kind: str, claim: Claim, measures: Sequence[Measure]) -> bool:
        if kind == VALUE:
            return self._is_value(claim, measures)
        if kind == DEVIATION:
            return self._is_deviation(claim, measures)
        return kind == RATIO and self._is_ratio(claim, measures)

    def _is_other_difference(
        self, claim: Claim, measures: Sequence[Measure], written: Sequence[Claim]
    ) -> bool:
        return (
            self._is_between_written(claim, written)
            or (bool(claim.bound) and self._keeps_difference(claim, measures))
            or self._is_from_target(claim, measures)
        )

    def _holds_otherwise(self, claim: Claim, written: Sequence[Claim]) -> bool:
        """Whether it is a parameter, or follows from two numbers: '26.9 to 29.2, that is 2.3'."""
        if VALUE in claim.kinds and self._is_param(claim):
            return True
        earlier = [one for one in written if one.number.start < claim.number.start]
        return not claim.close and self._is_between_written(claim, earlier)

    def _is_value(self, claim: Claim, measures: Sequence[Measure]) -> bool:
        if claim.bound and not claim.code and any(keeps(claim, one) for one in measures):
            return True
        curved = claim.named or claim.position is not None
        return any(
            find_support(claim, one, curved=curved or self.is_primary(one)) for one in measures
        )

    def _is_version(self, claim: Claim) -> bool:
        """'SQuAD 2.0': a name before what is nowhere near the declared metric."""
        if not claim.versioned or claim.named:
            return False
        main = [one for one in self.own.measures if one.key == self.own.facts.metric]
        return not any(
            1 / 1.5 < value.value * (100.0 if one.share else 1.0) / claim.number.value < 1.5
            for one in main
            for value in one.ordered
            if claim.number.value
        )

    def _is_unmeasured(self, claim: Claim) -> bool:
        """Whether only a speed or the like is named, of which nothing was recorded."""
        speeds = bool(claim.metrics) and not claim.keys and claim.metrics <= _SPEEDS
        return speeds and not self.knows_metric(claim)

    def _is_param(self, claim: Claim) -> bool:
        if claim.unit or claim.named:
            return False
        return any(value in self.own.params for value, _ in claim.number.readings)

    def _is_deviation(self, claim: Claim, measures: Sequence[Measure]) -> bool:
        return any(
            agrees(one.value, claim, scale)
            for measure in measures
            for one in measure.spread_values
            for scale in find_scales(measure, claim)
        ) or any("std" in one.meaning.squeezed and find_support(claim, one) for one in measures)

    # Differences ---------------------------------------------------------------------------

    def find_pairs(self, measures: Sequence[Measure]) -> Iterator[tuple[Measure, float, float]]:
        """What may be compared: a measure, this card's (or the later) value, and the other one."""
        for one in measures:
            if one.code == self.own.code:
                yield from self._pair_own(one)
        # Two of the other cards may be compared as well.
        for first, second in combinations(self.ledgers[1:], 2):
            for one in first.measures:
                if one in measures:
                    yield from _pair(one, second)

    def _pair_own(self, one: Measure) -> Iterator[tuple[Measure, float, float]]:
        for ledger in self.ledgers[1:]:
            yield from _pair(one, ledger)
        inside = dict.fromkeys((*one.anchors.first, *one.anchors.all()))
        yield from ((one, b.value, a.value) for a, b in combinations(inside, 2))

    def _keeps_difference(self, claim: Claim, measures: Sequence[Measure]) -> bool:
        """Whether a difference lies beyond the bound that was named: 'more than 3 points'."""
        limit = claim.number.value
        for measure, new, old in self.find_pairs(self._narrow_differences(claim, measures)):
            for size in map(abs, find_sizes(claim, measure, new, old)):
                if claim.bound == "above" and limit * _SLACK <= size <= 2 * limit:
                    return True
                if claim.bound == "below" and size <= limit / _SLACK:
                    return True
        return False

    def _find_differences(self, claim: Claim, measures: Sequence[Measure]) -> Iterator[float]:
        chosen = self._narrow_differences(claim, measures)
        for measure, new, old in (*self.find_pairs(chosen), *self._find_gaps(claim, chosen)):
            if any(
                agrees(abs(value), claim, 1.0) for value in find_sizes(claim, measure, new, old)
            ):
                yield new - old

    def _narrow_differences(self, claim: Claim, measures: Sequence[Measure]) -> Sequence[Measure]:
        """Without a metric's name, of the declared one: among many, any difference is found."""
        if self.knows_metric(claim):
            return measures
        metric = self.own.facts.metric
        meant = next((one for one in self.own.measures if one.key == metric), None)
        if meant is None:
            return measures
        same = [
            one
            for one in measures
            if one.meaning.concepts & meant.meaning.concepts or one.key == metric
        ]
        return same or measures

    def _find_gaps(
        self, claim: Claim, measures: Sequence[Measure]
    ) -> Iterator[tuple[Measure, float, float]]:
        """Between splits of one card, where the text speaks of both or of a gap."""
        if len(claim.sentence.of("split")) < 2 and not claim.sentence.of("gap"):
            return
        metrics = [one for one in self.own.measures if not one.meaning.counts]
        for a, b in combinations(metrics, 2):
            if a.meaning.concepts & b.meaning.concepts and a.meaning.split != b.meaning.split:
                for one in a.anchors.all():
                    yield from ((a, one.value, other.value) for other in b.anchors.all())

    def _is_between_written(self, claim: Claim, written: Sequence[Claim]) -> bool:
        """Whether the sentence itself holds two numbers that differ by so much."""
        values = [one.number.value for one in written if VALUE in one.kinds][:8]
        for a, b in combinations(values, 2):
            sizes = [abs(a - b)]
            if max(abs(a), abs(b)) <= 1:
                sizes.append(100 * abs(a - b))
            if claim.unit == "percent":
                sizes += [100 * abs(a - b) / abs(x) for x in (a, b) if x]
            # Both were rounded before: their difference may be off by one in the last digit.
            if any(agrees(size, claim, 1.0, halves=2) for size in sizes):
                return True
        return False

    def _is_from_target(self, claim: Claim, measures: Sequence[Measure]) -> bool:
        """Whether a value lies by so much from a target, or from what others report."""
        if not claim.wishes and not claim.sentence.of("target", "cite", "modal"):
            return False
        return any(
            agrees(abs(one.value * scale - wish) * unit, claim, 1.0)
            for measure in self._narrow_differences(claim, measures)
            for one in measure.anchors.all()
            for wish in (*claim.wishes, *self.wishes)
            for scale, unit in (((100.0, 1.0) if wish > 1 else (1.0, 100.0)), (1.0, 1.0))
        )

    def _is_ratio(self, claim: Claim, measures: Sequence[Measure]) -> bool:
        others = (one for one in claim.sentence.numbers if one is not claim.number)
        values = [one.value for one in others if not one.named][:8]
        for a, b in combinations(values, 2):  # '2.3 times larger: 49.6 against 21.5'
            if a and b and any(agrees(size, claim, 1.0, halves=2) for size in (a / b, b / a)):
                return True
        for _, new, old in self.find_pairs(self._narrow_differences(claim, measures)):
            for a, b in ((new, old), (old, new)):
                if b and agrees(a / b, claim, 1.0):
                    return True
        return False

    # Otherwise -----------------------------------------------------------------------------

    def _find_elsewhere(self, claim: Claim, measures: Sequence[Measure]) -> Found | None:
        """A value that would support it, were something else said of it."""
        if VALUE not in claim.kinds:
            return None
        everything = [
            one for ledger in self.ledgers for one in ledger.measures if not one.meaning.counts
        ]
        for one in (*measures, *(one for one in everything if one not in measures)):
            found = find_support(claim, one, anywhere=True)
            if found:
                return Found(one, found)
        return None


def _pair(one: Measure, ledger: Ledger) -> Iterator[tuple[Measure, float, float]]:
    """A measure's values with those of the same measure in another card."""
    for other in ledger.measures:
        if is_same(one, other):
            mine, theirs = one.anchors.all(), other.anchors.all()
            yield from ((one, a.value, b.value) for a in mine for b in theirs)
