"""Findings that a person accepted: what is dropped, what is not, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cardgen.accepting import Outcome, accept
from cardgen.documents import parse_card
from cardgen.models import Card, Problem
from cardgen.rules import load_rules
from tests.projects import Project

LABEL = "experiments/qa-1/card.md"
RULES = frozenset(load_rules())


def make_card(accepted: str) -> Card:
    text = f"---\ncode: qa-1\naccepted:\n{accepted}---\n## Goal\nIs it?\n"
    return parse_card(text, Path(f"/project/{LABEL}"), "qa-1", LABEL)


def make_problem(rule: str, about: str = "", line: int = 9) -> Problem:
    return Problem(LABEL, line, rule, "error", "Something is wrong.", "Correct it.", about)


def part(accepted: str, *problems: Problem, ran: frozenset[str] = RULES) -> Outcome:
    card = make_card(accepted)
    assert not card.problems
    return accept(problems, card, LABEL, ran)


def names(outcome: Outcome) -> list[str]:
    return [f"{one.rule} {one.about}".strip() for one in outcome.kept]


ABOUT = '- {rule: live-value, about: "eval/f2", reason: Why not.}\n'
ALL = "- {rule: live-value, reason: Why not.}\n"


def test_what_is_accepted_is_dropped_with_its_reason() -> None:
    one, other = make_problem("live-value", "eval/f2"), make_problem("live-value", "eval/f3")
    outcome = part(ABOUT, one, other, make_problem("goal-missing"))
    assert names(outcome) == ["live-value eval/f3", "goal-missing"]
    assert [(a.problem, a.reason) for a in outcome.accepted] == [(one, "Why not.")]


def test_without_about_all_findings_of_the_rule_are_accepted() -> None:
    problems = [make_problem("live-value", about) for about in ("a", "b", "")]
    assert names(part(ALL, *problems, make_problem("secret"))) == ["secret"]


def test_what_an_acceptance_is_about_may_be_spaced_and_written_otherwise() -> None:
    assert not part(ABOUT, make_problem("live-value", " EVAL/f2 ")).kept


@pytest.mark.parametrize("rule", ["schema", "front-matter", "unreadable", "evidence"])
def test_what_cannot_be_read_is_never_accepted(rule: str) -> None:
    problem = make_problem(rule)
    outcome = part(f"- {{rule: {rule}, reason: Nobody minds.}}\n", problem)
    assert outcome.kept == (problem,)
    assert not outcome.accepted


def test_an_acceptance_of_nothing_is_reported_on_its_line() -> None:
    outcome = part(ALL + ABOUT)
    assert names(outcome) == ["accepted-unused live-value", "accepted-unused eval/f2"]
    assert [problem.line for problem in outcome.kept] == [4, 5]
    assert {problem.severity for problem in outcome.kept} == {"advice"}


@pytest.mark.parametrize("gone", ["live-value", "accepted-unused"])
def test_a_rule_that_was_not_asked_has_no_unused_acceptances(gone: str) -> None:
    assert not part(ABOUT, ran=RULES - {gone}).kept


def test_a_card_that_cannot_be_read_has_no_unused_acceptances() -> None:
    text = "---\ncode: qa-1\nresults: many\naccepted: [{rule: live-value, reason: x}]\n---\n"
    card = parse_card(text, Path(f"/project/{LABEL}"), "qa-1", LABEL)
    assert card.broken
    assert accept(card.problems, card, LABEL, RULES).kept == card.problems


def test_an_acceptance_needs_a_reason() -> None:
    card = make_card('- {rule: live-value, reason: ""}\n')
    assert [problem.rule for problem in card.problems] == ["schema"]


def test_check_and_show_and_set_from_the_command_line(project: Project) -> None:
    text = "---\ncode: qa-1\nparams: {seed: 1}\n---\n## Goal\nIs it [[eval/em]]?\n"
    project.write(LABEL, text)
    assert project.cardgen("check", "qa-1").status == 1
    reason = "By hand: on paper, twice"
    project.ok("set", "qa-1", f"accepted+={{rule: live-value, about: eval/em, reason: '{reason}'}}")
    done = project.cardgen("check", "qa-1")
    assert "live-value" not in done.out
    assert done.status == 0, done
    project.ok("set", "qa-1", "accepted+={rule: goal-mising, reason: Misspelt.}")
    done = project.cardgen("check", "qa-1")
    assert done.status == 1
    assert "Did you mean 'goal-missing'?" in done.out
    shown = project.ok("show", "qa-1")
    assert "Accepted findings" in shown
    assert reason in shown
    values = json.loads(project.ok("show", "qa-1", "--json"))
    first = {"rule": "live-value", "about": "eval/em", "reason": reason}
    assert values["accepted"][0] == first
    project.ok("set", "qa-1", "accepted-={rule: goal-mising, reason: Misspelt.}")
    assert project.cardgen("check", "qa-1").status == 0
