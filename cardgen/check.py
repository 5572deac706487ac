"""From cards to problems: every rule looks at every card."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from cardgen.config import CONFIG_NAME, Config
from cardgen.models import Card, FrontMatter, Problem
from cardgen.resolve import resolve
from cardgen.rules import Finding, Project, Rule, Subject, guess, load_rules
from cardgen.store import EVIDENCE_NAME, natural_key


def check_cards(
    cards: Sequence[Card], config: Config, *, trackers: Collection[str] = ()
) -> tuple[Problem, ...]:
    """All problems of a project's cards and of ``checks:`` in its settings, by path and line.

    ``cards`` are all of the project, since cards name each other; ``trackers`` the names of the
    adapters, without which a run ref's tracker is not looked at. Reads nothing.
    """
    project = Project(config.settings, tuple(card.code for card in cards), trackers)
    found = [*check_settings(config)]
    for card in cards:
        found += check_card(card, config, project)
    return sort_problems(_with_severity(found, config))


def check_card(card: Card, config: Config, project: Project) -> Iterator[Problem]:
    """The problems of one card: those of its files, and those that the rules find."""
    yield from card.problems
    label = config.label(card.path)
    evidence_label = config.label(card.folder / EVIDENCE_NAME)
    facts = resolve(card, config.settings, label)
    subject = Subject(facts, label, evidence_label, find_unread(card, label))
    for rule in load_rules().values():
        if rule.find and config.settings.checks.get(rule.name) != "off":
            for finding in rule.find(subject, project):
                yield _as_problem(rule, finding, label)


def _as_problem(rule: Rule, finding: Finding, label: str) -> Problem:
    return Problem(
        finding.path or label,
        finding.line,
        rule.name,
        rule.severity,
        finding.message,
        finding.hint,
    )


def find_unread(card: Card, label: str) -> frozenset[str]:
    """What is in a card's files but could not be read: keys, ``body``, ``evidence``."""
    unread: set[str] = set()
    for problem in card.problems:
        if problem.path != label:
            unread.add("evidence")
        elif problem.rule in ("front-matter", "unreadable"):
            unread.update(FrontMatter.model_fields)
            if not card.sections:
                unread.add("body")
        else:
            unread.update(_find_keys(card, problem.line))
    return frozenset(unread)


def _find_keys(card: Card, line: int) -> Iterator[str]:
    """The keys of the front matter that a line belongs to and that were left out."""
    starts = sorted({number for key, number in card.lines.items() if "." not in key})
    start = starts[at - 1] if (at := bisect_right(starts, line)) else 0
    for key, number in card.lines.items():
        if number == start and key not in card.front.model_fields_set:
            yield key


def check_settings(config: Config) -> Iterator[Problem]:
    """Rules that ``checks:`` of the settings names and that do not exist."""
    rules = load_rules()
    for name in config.settings.checks:
        if name not in rules:
            yield Problem(
                CONFIG_NAME,
                config.line("checks", name),
                "unknown-rule",
                rules["unknown-rule"].severity,
                f"There is no rule '{name}'.",
                guess(name, rules, f"The rules are: {', '.join(rules)}."),
            )


def _with_severity(problems: Iterable[Problem], config: Config) -> Iterator[Problem]:
    for problem in problems:
        severity = config.settings.checks.get(problem.rule, problem.severity)
        if severity != "off":
            yield replace(problem, severity=severity)


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By path, as cards are ordered, then by line."""
    return tuple(sorted(problems, key=_sort_key))


def _sort_key(problem: Problem) -> tuple[object, ...]:
    path = PurePosixPath(problem.path)
    return ([natural_key(part) for part in path.parts], problem.path, problem.line, problem.rule)


def has_failed(problems: Iterable[Problem], strict: bool = False) -> bool:
    """Whether the project does not pass: any error, or, where ``strict``, any warning."""
    failing = ("error", "warning") if strict else ("error",)
    return any(problem.severity in failing for problem in problems)
