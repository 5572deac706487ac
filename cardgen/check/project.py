"""Checks a whole project, and of what was checked before only what may have changed.

A card's result holds as long as its two files do, and what it depends on besides: cardgen and its
settings, what git and the folder say of what it names, and what its rules asked about other
cards. Those questions are remembered with the result and asked again.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cardgen.check.asking import CodeAnswers, digest_text
from cardgen.check.cards import check_around, check_settings, sort_problems
from cardgen.check.checker import BATCH, CardChecker, World
from cardgen.check.few import FEW, check_few, sort_codes
from cardgen.check.looks import digest_card, list_codes, look_at_cards
from cardgen.check.memory import Memory, Row, describe_world
from cardgen.check.results import Result
from cardgen.config import Config
from cardgen.models import Problem
from cardgen.pool import suggest, work_on
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


def check_project(
    config: Config,
    *,
    trackers: Collection[str] = (),
    processes: int = 0,
    only: Collection[str] | None = None,
) -> Checked:
    """Check all cards of a project; what was found is remembered in ``.cardgen/``.

    ``processes`` is how many to use: 0 means as many as pay. ``only``: the results of these cards
    are enough, so that where they are few the others are not checked.
    """
    if only is not None and len(only) <= FEW:
        world = World(config, tuple(list_codes(config)), tuple(trackers))
        results, around = check_few(world, only)
        found = {result.code: result for result in results}
        return Checked(found, anew=frozenset(found), around=around, trackers=tuple(trackers))
    with _without_collecting():
        return _check_all(config, tuple(trackers), processes)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Nothing remembered becomes garbage, and looking for some takes a tenth of a check."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _check_all(config: Config, trackers: tuple[str, ...], processes: int) -> Checked:
    looks = look_at_cards(config, time.time_ns())
    codes = tuple(sort_codes(looks))
    memory = Memory(config.work, describe_world(config, trackers))
    try:
        check = _Check(World(config, codes, trackers), looks, dict(memory.load()))
        check.recall()
        check.check_rest(processes)
        memory.keep(check.rows(), check.known.keys() - looks.keys())
    finally:
        memory.close()
    ordered = {code: check.results[code] for code in codes if code in check.results}
    settings = (*check_settings(config), *check_around(check.around, config))
    return Checked(ordered, settings, frozenset(check.anew), check.around, trackers)


class _Check:
    """One check under way: ``results`` grow until every card has one that holds."""

    def __init__(self, world: World, looks: Mapping[str, str], known: Mapping[str, Row]) -> None:
        self.world, self.known = world, known
        self.results: dict[str, Result] = {}
        self.anew: set[str] = set()
        self.around = Surroundings()
        self._looks = looks
        self._answers = CodeAnswers(world.codes)
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
            if row and row.digest == digest != "" and self._holds(row.result):
                self.results[code] = row.result

    def _holds(self, result: Result) -> bool:
        """Whether what rules asked about other cards would be answered now as it was."""
        for code, digest in result.facts:
            if digest != self._answer_facts(code) or digest == _UNKNOWN:
                return False
        return result.codes == self._answers.all or self._answers.hold(result.packed)

    def _answer_facts(self, code: str) -> str:
        there = code in self._digests
        return (self._digests[code] or _UNKNOWN) if there else ""

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
        number = processes or suggest(len(codes))
        size = min(BATCH, max(50, len(codes) // (4 * number)))  # and each process gets some
        batches = [codes[at : at + size] for at in range(0, len(codes), size)]
        for results in work_on(batches, CardChecker, self.world, around, processes=number, chunk=1):
            for result in results:
                self.results[result.code] = self._with_answers(result)
        self.anew.update(codes)

    def _with_answers(self, result: Result) -> Result:
        facts = tuple((code, self._answer_facts(code)) for code, _ in result.facts)
        return replace(result, facts=facts) if facts else result

    def rows(self) -> Iterable[tuple[str, Row]]:
        """What is to be remembered: new results, and new looks of cards that are the same."""
        for code, result in self.results.items():
            row = self.known.get(code)
            same = row and (row.look, row.result.codes) == (self._looks[code], self._answers.all)
            if code in self.anew or not same:
                held = replace(result, codes=self._answers.all)
                yield code, Row(self._looks[code], self._digests[code], held)
