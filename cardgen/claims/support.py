"""Whether the numbers behind a card bear a claim out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

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
    drop_variants,
    is_named,
    is_same,
    is_short,
    narrow_split,
)
from cardgen.claims.reading import Claim


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


class Court:
    """The ledgers a claim may rest on: the card's own first, then those of cards it names."""

    def __init__(self, ledgers: Sequence[Ledger], wishes: Iterable[float] = ()) -> None:
        self.wishes = tuple(wishes)
        self.ledgers = tuple(ledgers)
        self.own = ledgers[0]
        self.by_code = {ledger.code: ledger for ledger in ledgers}
        self.baseline = self.own.facts.card.front.baseline

    # Which measures ------------------------------------------------------------------------

    def find_measures(self, claim: Claim) -> tuple[Measure, ...]:
        """Of the metrics that are meant; all that are no counts where the text names none."""
        found = [one for ledger in self._find_ledgers(claim) for one in ledger.measures]
        return self.narrow(claim, found)

    def _find_ledgers(self, claim: Claim) -> tuple[Ledger, ...]:
        code = self.baseline if claim.code == "baseline" else claim.code
        return (self.by_code[code],) if code in self.by_code else self.ledgers

    def narrow(self, claim: Claim, found: Sequence[Measure]) -> tuple[Measure, ...]:
        named = [one for one in found if is_named(one, claim)]
        if not named:
            named = [one for one in found if not one.meaning.counts]
            if not claim.named and is_short(claim):
                # Two digits are soon found somewhere: of other cards, only what they are about.
                named = [one for one in named if one.code == self.own.code or self._is_primary(one)]
        if claim.variants and len(claim.metrics) < 2:
            named = [
                one for one in named if any(v in one.meaning.squeezed for v in claim.variants)
            ] or named
        elif claim.named:
            named = drop_variants(named)
        return tuple(narrow_split(named, claim.splits))

    def knows_metric(self, claim: Claim) -> bool:
        """Whether a metric that the text names is one of those behind the card."""
        return any(is_named(one, claim) for ledger in self.ledgers for one in ledger.measures)

    # Judging -------------------------------------------------------------------------------

    def judge(self, claim: Claim, written: Sequence[Claim] = ()) -> Verdict:
        """Whether a claim holds; ``written`` are the other claims of its sentence."""
        measures = self.find_measures(claim)
        signed: tuple[float, ...] = ()
        for kind in claim.kinds:
            if kind == VALUE and self._is_value(claim, measures):
                return Verdict(claim, True)
            if kind == DEVIATION and self._is_deviation(claim, measures):
                return Verdict(claim, True)
            if kind == RATIO and self._is_ratio(claim, measures):
                return Verdict(claim, True)
            if kind == DIFFERENCE:
                signed = tuple(self._find_differences(claim, measures))
                near = self._is_between_written(claim, written)
                if signed or near or self._is_from_target(claim, measures):
                    return Verdict(claim, True, signed=signed)
        if VALUE in claim.kinds and self._is_param(claim):
            return Verdict(claim, True)
        own = [one for one in measures if one.code == self.own.code]
        nearest = find_closest(claim, own or measures)
        return Verdict(claim, False, nearest, self._find_elsewhere(claim, measures))

    def _is_value(self, claim: Claim, measures: Sequence[Measure]) -> bool:
        if claim.bound and not claim.code and any(keeps(claim, one) for one in measures):
            return True
        curved = claim.named or claim.position is not None
        return any(
            find_support(claim, one, curved=curved or self._is_primary(one)) for one in measures
        )

    def _is_primary(self, measure: Measure) -> bool:
        return measure.key == self.own.facts.metric

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
