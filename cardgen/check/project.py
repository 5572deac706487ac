"""Checks a whole project, and of what was checked before only what may have changed.

A card's result holds as long as its two files do, and what it depends on besides: cardgen and its
settings, what git and the folder say of what it names, and what its rules asked about other
cards. Those questions are remembered with the result and asked again.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from cardgen.check.cards import check_around, check_settings, sort_problems
from cardgen.check.checker import BATCH, CardChecker, World, digest_text
from cardgen.check.looks import digest_card, look_at_cards
from cardgen.check.memory import Memory, Row, describe_world
from cardgen.check.results import Asked, Result
from cardgen.config import Config
from cardgen.models import Problem
from cardgen.pool import suggest, work_on
from cardgen.rules import Codes
from cardgen.store import natural_key
from cardgen.surroundings import Surroundings
from cardgen.surroundings.look import answer_questions

_UNKNOWN = "?"
"""The answer about a card that is no plain file: it is never the same again."""


@dataclass(frozen=True)
class Checked:
    """A project's results by code, in the order of codes, and what is wrong in its settings.

    ``anew`` are the codes of the cards that had to be read; ``around`` and ``trackers`` are what
    they were checked with.
    """

    results: Mapping[str, Result]
    settings: tuple[Problem, ...] = ()
    anew: frozenset[str] = frozenset()
    around: Surroundings = field(default_factory=Surroundings)
    trackers: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, by path and line."""
        return self.of(None)

    def of(self, codes: Collection[str] | None) -> tuple[Problem, ...]:
        """The problems of these cards, or, for None, of all cards and the settings."""
        found = (
            problem
            for code, result in self.results.items()
            if codes is None or code in codes
            for problem in result.problems
        )
        return sort_problems(found if codes is not None else (*self.settings, *found))


def check_project(config: Config, *, trackers: Collection[str] = (), processes: int = 0) -> Checked:
    """Check all cards of a project; what was found is remembered in ``.cardgen/``.

    ``processes`` is how many to use: 0 means as many as pay.
    """
    looks = look_at_cards(config, time.time_ns())
    codes = tuple(sorted(looks, key=lambda code: (natural_key(code), code)))
    memory = Memory(config.work, describe_world(config, trackers))
    try:
        check = _Check(World(config, codes, tuple(trackers)), looks, dict(memory.load()))
        check.recall()
        check.check_rest(processes)
        memory.keep(check.rows(), check.known.keys() - looks.keys())
    finally:
        memory.close()
    ordered = {code: check.results[code] for code in codes if code in check.results}
    settings = (*check_settings(config), *check_around(check.around, config))
    return Checked(ordered, settings, frozenset(check.anew), check.around, tuple(trackers))


class _Check:
    """One check under way: ``results`` grow until every card has one that holds."""

    def __init__(self, world: World, looks: Mapping[str, str], known: Mapping[str, Row]) -> None:
        self.world, self.known = world, known
        self.results: dict[str, Result] = {}
        self.anew: set[str] = set()
        self.around = Surroundings()
        self._looks = looks
        self._codes = Codes(world.codes)
        self._all = digest_text(repr(sorted(world.codes)))
        self._digests = {code: self._digest(code) for code in world.codes}

    def _digest(self, code: str) -> str:
        row, look = self.known.get(code), self._looks[code]
        return row.digest if row and row.look == look != "" else self._read(code)

    def _read(self, code: str) -> str:
        return digest_card(self.world.config, code)

    def recall(self) -> None:
        """Take over the results whose card and whose answers are as they were."""
        for code, digest in self._digests.items():
            row = self.known.get(code)
            if row and row.digest == digest != "" and all(map(self._holds, row.result.asked)):
                self.results[code] = row.result

    def _holds(self, asked: Asked) -> bool:
        return asked.answer == self._answer(asked.kind, asked.subject) != _UNKNOWN

    def _answer(self, kind: str, subject: str) -> str:
        """What there is to say now to a question that a rule asked."""
        if kind == "facts":
            there = subject in self._digests
            return (self._digests[subject] or _UNKNOWN) if there else ""
        if kind == "card":
            return "yes" if subject in self._digests else ""
        if kind == "twins":
            return "/".join(self._codes.find_twins(subject))
        return self._all if kind == "cards" else _UNKNOWN

    def check_rest(self, processes: int) -> None:
        """Check the cards that have no result, then those whose surroundings are others now."""
        self._check([code for code in self.world.codes if code not in self.results], processes)
        questions = {code: result.questions for code, result in self.results.items()}
        self.around = answer_questions(self.world.config, questions.values())
        others = [
            code
            for code, result in self.results.items()
            if digest_text(self.around.tell(questions[code])) != result.said
        ]
        self._check(others, processes, self.around)

    def _check(self, codes: list[str], processes: int, around: Surroundings | None = None) -> None:
        batches = [codes[at : at + BATCH] for at in range(0, len(codes), BATCH)]
        number = processes or suggest(len(codes))
        for results in work_on(batches, CardChecker, self.world, around, processes=number, chunk=1):
            for result in results:
                self.results[result.code] = self._with_answers(result)
        self.anew.update(codes)

    def _with_answers(self, result: Result) -> Result:
        asked = (Asked(k, subject, self._answer(k, subject)) for k, subject, _ in result.asked)
        return replace(result, asked=tuple(asked))

    def rows(self) -> Iterable[tuple[str, Row]]:
        """What is to be remembered: new results, and new looks of cards that are the same."""
        for code, result in self.results.items():
            row = self.known.get(code)
            if code in self.anew or row is None or row.look != self._looks[code]:
                yield code, Row(self._looks[code], self._digests[code], result)
