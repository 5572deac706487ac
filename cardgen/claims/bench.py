"""Which measures of which cards a claim may rest on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from cardgen.claims.concepts import Meaning, understand
from cardgen.claims.evidence import Ledger, Measure
from cardgen.claims.kinds import DIFFERENCE, RATIO
from cardgen.claims.lexicon import fold
from cardgen.claims.meant import drop_variants, has_variant, is_named, is_short, narrow_split
from cardgen.claims.reading import Claim

_EARLIER = re.compile(
    r"\s?(?:before|previously|earlier|wczesniej|poprzednio|auparavant|avant|раньше|ранее|до этого|"
    r"此前|之前|原来|原)[\s,:：]{0,3}(?:was|it was|bylo|c'etait|etait|было|是|为)?\s?$"
    r"|\s?(?:before|previously|earlier|wczesniej|poprzednio|auparavant|раньше|ранее)(?!\w)"
)
_LOOSE = frozenset(("accuracy", "precision", "error", "success"))


class Bench:
    """The ledgers a claim may rest on: the card's own first, then those of cards it names."""

    def __init__(
        self, ledgers: Sequence[Ledger], find_wishes: Callable[[], tuple[float, ...]] = tuple
    ) -> None:
        self._find_wishes = find_wishes
        self.ledgers = tuple(ledgers)
        self.own = ledgers[0]
        self.by_code = {ledger.code: ledger for ledger in ledgers}
        self.baseline = self.own.facts.card.front.baseline

    @cached_property
    def wishes(self) -> tuple[float, ...]:
        """The numbers of the goal, which may be targets."""
        return self._find_wishes()

    def find_measures(self, claim: Claim) -> tuple[Measure, ...]:
        """Of the metrics that are meant; all that are no counts where the text names none."""
        found = [one for ledger in self._find_ledgers(claim) for one in ledger.measures]
        if "error" in claim.metrics and not any(is_named(one, claim) for one in found):
            errors = [one for ledger in self._find_ledgers(claim) for one in ledger.errors]
            if errors:
                return tuple(narrow_split(errors, claim.splits))
        return self.narrow(claim, found)

    def _find_ledgers(self, claim: Claim) -> tuple[Ledger, ...]:
        code = self.baseline if claim.code == "baseline" else claim.code
        if claim.kinds[0] in (DIFFERENCE, RATIO) and code != self.own.code:
            return self.ledgers  # 'a gain over qa-3 of 2 points'
        return (self.by_code[code],) if code in self.by_code else self.ledgers

    def narrow(self, claim: Claim, found: Sequence[Measure]) -> tuple[Measure, ...]:
        named = [one for one in found if is_named(one, claim)]
        if not named:
            named = [one for one in found if not one.meaning.counts]
            if not claim.named and is_short(claim) and not _is_compared(claim):
                # Two digits are soon found somewhere: of other cards, only what they are about.
                named = [one for one in named if one.code == self.own.code or self.is_primary(one)]
        if claim.variants and len(claim.metrics) < 2:
            named = [
                one
                for one in named
                if has_variant(one, claim.variants)
                or any(one.meaning.squeezed.endswith(key) for key in claim.keys)
            ] or named
        elif claim.named:
            named = drop_variants(named)
        if claim.parts:
            named = self._narrow_parts(claim, found, named)
        return tuple(narrow_split(named, claim.splits))

    def _narrow_parts(
        self, claim: Claim, found: Sequence[Measure], named: list[Measure]
    ) -> list[Measure]:
        """Those of an entity, a benchmark or a class that the text names."""
        some = [one for one in named if one.meaning.parts & claim.parts]
        if some or not claim.metrics <= _LOOSE or claim.keys:
            return some or named
        # 'the accuracy on GSM8K', where GSM8K has another measure
        return [one for one in found if one.meaning.parts & claim.parts] or named

    def knows_metric(self, claim: Claim) -> bool:
        """Whether a metric that the text names is one of those behind the card."""
        return any(
            is_named(one, claim) or one.meaning.parts & claim.parts
            for ledger in self.ledgers
            for one in ledger.measures
        )

    def is_primary(self, measure: Measure) -> bool:
        return measure.key == self.own.facts.metric or bool(
            measure.meaning.concepts & self._primary.concepts
        )

    @cached_property
    def _primary(self) -> Meaning:
        return understand(self.own.facts.metric or "")


def _is_compared(claim: Claim) -> bool:
    """'27 % instead of 24 %': the other number is of another card."""
    number, sentence = claim.number, claim.sentence
    if any(0 <= number.start - one.end <= 6 for one in sentence.of("than")):
        return True
    before = sentence.between(max(sentence.start, number.start - 16), number.start)
    behind = sentence.between(number.end, min(sentence.end, number.end + 16))
    return _EARLIER.search(fold(before)) is not None or _EARLIER.match(fold(behind)) is not None
