"""The problems of cards as they stand on one side, without reading all the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from cardgen.check import check_card, sort_problems
from cardgen.git import run_git
from cardgen.models import Card, Problem
from cardgen.review.sides import Side, WorkingTree
from cardgen.rules import Project
from cardgen.rules.project import Codes
from cardgen.store import CARD_NAME
from cardgen.surroundings import Questions, Surroundings
from cardgen.surroundings.look import answer_questions
from cardgen.surroundings.questions import find_questions

_MOST_NEIGHBOURS = 200


class SideCodes(Codes):
    """The codes of a side's cards; whether a folder is a card is looked up when it is asked."""

    def __init__(self, side: Side) -> None:
        super().__init__(side.folders)
        self._side = side

    def __contains__(self, code: object) -> bool:
        return super().__contains__(code) and CARD_NAME in self._side.list_files(str(code))


class Checker:
    """Checks single cards of a side among all of it."""

    def __init__(self, side: Side, trackers: Collection[str], codes: Iterable[str] = ()) -> None:
        self._side = side
        around = look_around(side, codes) if codes else Surroundings()
        settings = side.config.settings
        self._project = Project(settings, SideCodes(side), trackers, side.find_facts, around)

    def find_problems(self, code: str) -> tuple[Problem, ...]:
        """The problems of a card by path and line, each with the severity that the settings say."""
        card = self._side.find_card(code)
        if card is None:
            return ()
        found = check_card(card, self._side.config, self._project)
        checks = self._side.config.settings.checks
        rated = (replace(one, severity=checks.get(one.rule, one.severity)) for one in found)
        return sort_problems(one for one in rated if one.severity != "off")


def problem_key(problem: Problem) -> tuple[str, str, str]:
    """The same for the same problem in two versions of a card, on whatever line it stands."""
    name = PurePosixPath(problem.path).name
    return name, problem.rule, problem.about or problem.message


def look_around(side: Side, codes: Iterable[str]) -> Surroundings:
    """What git says of what cards name; files are looked at where that side lies on the disk."""
    cards = list(_find_chain(side, codes))
    asked = [find_questions(side.config, card) for card in cards]
    if not _is_checked_out(side):
        asked = [_without_files(one) for one in asked]
    return answer_questions(side.config, asked)


def _without_files(questions: Questions) -> Questions:
    return replace(questions, paths=(), inputs=())


def _is_checked_out(side: Side) -> bool:
    if isinstance(side, WorkingTree):
        return True
    return (run_git(side.config.root, "rev-parse", "HEAD") or "").strip() == side.commit


def _find_chain(side: Side, codes: Iterable[str]) -> Iterator[Card]:
    """The cards and those that they name, and so on, which may form a circle."""
    waiting = list(codes)
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_NEIGHBOURS:
        code = waiting.pop()
        card = None if code in seen else side.find_card(code)
        seen.add(code)
        if card:
            yield card
            waiting += [card.front.baseline, *card.front.supersedes]
