"""Checks a few cards that somebody named, as an editor or a hook does, and leaves out the rest.

What they name around them is asked as for all, so that the same is found: files and commits for
these cards alone, and of the others only what may close a circle with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cardgen.check.checker import CardChecker, World
from cardgen.rules import Codes
from cardgen.store import CARD_NAME, load_card, natural_key
from cardgen.surroundings import Questions, Surroundings
from cardgen.surroundings.look import answer_questions, find_questions

if TYPE_CHECKING:
    from cardgen.check.results import Result

FEW = 20
"""Of more cards all are checked, since that is remembered."""


def check_few(world: World, codes: Iterable[str]) -> tuple[list[Result], Surroundings]:
    """The results of these cards in the order of codes, and what was around them."""
    checker = _FewChecker(world)
    return checker(sort_codes(codes)), checker.seen


def sort_codes(codes: Iterable[str]) -> list[str]:
    """As cards are ordered everywhere."""
    return sorted(codes, key=lambda code: (natural_key(code), code))


class _LateCodes(Codes):
    """Codes that are put in order when somebody goes through them, which is seldom."""

    def __iter__(self) -> Iterator[str]:
        super().__iter__()
        return iter(sort_codes(self._codes))


class _FewChecker(CardChecker):
    """Checks one batch; ``seen`` are its surroundings."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._codes = _LateCodes(world.codes, self._note)
        self.seen = Surroundings()

    def _look_around(self, questions: Iterable[Questions]) -> Surroundings:
        own = tuple(questions)
        self.seen = answer_questions(self._world.config, (*own, *self._follow(own)))
        return self.seen

    def _pack(self) -> tuple[str, str]:
        return "", ""  # nobody will look whether it still holds

    def _follow(self, questions: Iterable[Questions]) -> Iterator[Questions]:
        """Which cards those name that these name, and so on, without what else they ask."""
        config = self._world.config
        known = frozenset(self._world.codes)
        own = {one.code: one for one in questions}
        waiting, seen = [*own.values()], set(own)
        while waiting:
            asking = waiting.pop()
            for code in (asking.baseline, *asking.supersedes):
                if code in known and code not in seen:
                    seen.add(code)
                    card = load_card(config, config.experiments / code / CARD_NAME)
                    found = find_questions(config, card)
                    waiting.append(found)
                    yield Questions(code, baseline=found.baseline, supersedes=found.supersedes)
