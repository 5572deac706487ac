"""Findings that a person accepted: a card's ``accepted`` against what the rules found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from cardgen.models import Accepted, Card, Problem
from cardgen.rules import load_rules

UNUSED = "accepted-unused"


@dataclass(frozen=True)
class AcceptedProblem:
    """A problem that stands, and why."""

    problem: Problem
    reason: str


@dataclass(frozen=True)
class Outcome:
    """A card's problems, parted: ``kept`` are to be reported, ``accepted`` stand."""

    kept: tuple[Problem, ...]
    accepted: tuple[AcceptedProblem, ...] = ()


def accept(problems: Iterable[Problem], card: Card, label: str, ran: Collection[str]) -> Outcome:
    """Part one card's problems by its front matter's ``accepted``.

    ``label`` is the card's path as problems show it; ``ran`` are the rules that were asked, since
    what no rule looked for is not unused. An acceptance that matches nothing is a problem, too.
    """
    wanted = card.front.accepted
    if not wanted:
        return Outcome(tuple(problems))
    kept: list[Problem] = []
    accepted: list[AcceptedProblem] = []
    used: set[int] = set()
    for problem in problems:
        fit = [at for at, one in enumerate(wanted) if matches(one, problem)]
        used.update(fit)
        if fit:
            accepted.append(AcceptedProblem(problem, wanted[fit[0]].reason))
        else:
            kept.append(problem)
    if not card.broken:
        kept += _find_unused(card, label, used, ran)
    return Outcome(tuple(kept), tuple(accepted))


def matches(accepted: Accepted, problem: Problem) -> bool:
    """Whether an acceptance means a problem; what cannot be read is never accepted."""
    if accepted.rule != problem.rule or not can_accept(problem.rule):
        return False
    return not accepted.about or _fold(accepted.about) == _fold(problem.about)


def can_accept(rule: str) -> bool:
    """Whether there is such a rule, and it judges what a card says rather than reads its files."""
    found = load_rules().get(rule)
    return found is not None and (found.find is not None or rule.endswith("-online"))


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _find_unused(
    card: Card, label: str, used: Collection[int], ran: Collection[str]
) -> Iterator[Problem]:
    rule = load_rules()[UNUSED]
    if UNUSED not in ran:
        return
    for at, one in enumerate(card.front.accepted):
        if at not in used and one.rule in ran and can_accept(one.rule):
            about = f" about '{one.about}'" if one.about else ""
            yield Problem(
                label,
                card.lines.get(f"accepted.{at}", card.lines.get("accepted", 0)),
                UNUSED,
                rule.severity,
                f"'{one.rule}'{about} is accepted, but finds nothing any more.",
                "Delete the entry.",
                one.about or one.rule,
            )
