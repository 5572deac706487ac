"""Cards that try nearly the same as a new one, without reading all of five thousand.

What a card says in words is read of all cards at once; the whole of a card only where its words or
its place are near.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cardgen.facts import Facts
from cardgen.review.models import MAX_FEW, NAME, Alike, clip
from cardgen.review.sides import Side
from cardgen.similar import find_similar, make_sketch

READ = 60
"""Cards that are read whole for one new card; of the others only the words are compared."""

_MOST_TEXT = 3000
_MOST_WORDS = 40


class Finder:
    """Finds similar cards on a side, those in ``without`` (removed, renamed) never."""

    def __init__(self, side: Side, without: Sequence[str] = ()) -> None:
        self._side = side
        self._without = frozenset(without)
        self._texts: dict[str, str] = {}
        self._places = {code: number for number, code in enumerate(side.folders)}

    def find(self, facts: Facts) -> tuple[Alike, ...]:
        found = find_similar(facts, self._find_near(facts))
        return tuple(
            Alike(code=clip(one.code, NAME), reasons=tuple(map(clip, one.reasons))[:MAX_FEW])
            for one in found
        )

    def _find_near(self, facts: Facts) -> Iterator[Facts]:
        for code in self._list_near(facts):
            other = self._side.find_facts(code)
            if other:
                yield other

    def _list_near(self, facts: Facts) -> list[str]:
        codes = [c for c in self._side.folders if c != facts.code and c not in self._without]
        if len(codes) <= READ:
            return codes
        alike = self._rank_by_words(facts)
        scored = sorted(codes, key=lambda code: -alike.get(code, 0.0))
        place = self._places.get(facts.code, len(self._places))
        last = sorted(codes, key=lambda code: abs(self._places[code] - place))
        named = [code for code in (facts.card.front.baseline,) if code in codes]
        return list(dict.fromkeys((*named, *scored[: READ // 2], *last[: READ // 2])))

    def _rank_by_words(self, facts: Facts) -> dict[str, float]:
        """How much of what a card asks stands in each of the others, rare words for more."""
        if not self._texts:
            texts = self._side.read_texts().items()
            self._texts = {code: text[:_MOST_TEXT].casefold() for code, text in texts}
        scores: dict[str, float] = {}
        for stem in make_sketch(facts).words[:_MOST_WORDS]:
            holding = [code for code, text in self._texts.items() if stem in text]
            weight = math.log(1 + len(self._texts) / (1 + len(holding)))
            for code in holding:
                scores[code] = scores.get(code, 0.0) + weight
        return scores
