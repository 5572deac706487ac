"""One card after another: the pure part. Nothing is read here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from cardgen.accepting import accept, matches
from cardgen.config import CONFIG_NAME, Config
from cardgen.facts import Facts
from cardgen.models import Card, FrontMatter, Problem
from cardgen.resolve import resolve
from cardgen.rules import Codes, Finding, Project, Rule, Subject, guess, load_rules
from cardgen.rules.references import find_cut_history
from cardgen.store import EVIDENCE_NAME, natural_key
from cardgen.surroundings import Surroundings


def check_cards(
    cards: Sequence[Card],
    config: Config,
    *,
    trackers: Collection[str] = (),
    surroundings: Surroundings | None = None,
) -> tuple[Problem, ...]:
    """All problems of a project's cards and of ``checks:`` in its settings, by path and line.

    ``cards`` are all of the project, since cards name each other; ``trackers`` the names of the
    adapters, without which a run ref's tracker is not looked at; ``surroundings`` what git and
    the folder say, without which what cards name there is not looked at. Reads nothing.
    """
    by_code = {card.code: card for card in cards}

    @cache
    def find_facts(code: str) -> Facts | None:
        card = by_code.get(code)
        return resolve(card, config.settings, config.label(card.path)) if card else None

    around = surroundings or Surroundings()
    project = Project(config.settings, Codes(by_code), trackers, find_facts, around)
    found = [*check_settings(config), *check_around(around, config)]
    for card in cards:
        found += check_card(card, config, project)
    return sort_problems(found)


def check_card(card: Card, config: Config, project: Project) -> Iterator[Problem]:
    """The problems of one card that are reported, with the severities of the settings.

    Those of its files, and those that the rules find, without those that a person accepted.
    """
    label = config.label(card.path)
    problems = _find_problems(card, config, project, label)
    kept = (
        accept(problems, card, label, _list_ran(config)).kept if card.front.accepted else problems
    )
    yield from _with_severity(kept, config)


def _list_ran(config: Config) -> set[str]:
    """The rules whose findings a card can accept here: those that look, and offline."""
    return {
        name
        for name in load_rules()
        if not name.endswith("-online") and config.settings.checks.get(name) != "off"
    }


def judge(problems: Iterable[Problem], cards: Iterable[Card], config: Config) -> list[Problem]:
    """Problems that no rule found, such as those of servers: as the cards and settings take them.

    Without those that the card of that path accepts, with the severities of the settings.
    """
    accepted = {config.label(card.path): card.front.accepted for card in cards}
    kept = (
        problem
        for problem in problems
        if not any(matches(one, problem) for one in accepted.get(problem.path, ()))
    )
    return list(_with_severity(kept, config))


def _find_problems(card: Card, config: Config, project: Project, label: str) -> Iterator[Problem]:
    yield from card.problems
    evidence_label = f"{label.rpartition('/')[0]}/{EVIDENCE_NAME}".removeprefix("/")
    facts = project.find_facts(card.code) or resolve(card, config.settings, label)
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
        finding.about,
        finding.fix,
    )


def find_unread(card: Card, label: str) -> frozenset[str]:
    """What is in a card's files but could not be read: keys, ``body``, ``evidence``."""
    unread: set[str] = set()
    for problem in card.problems:
        if problem.path != label:
            unread.add("evidence")
        elif problem.rule in ("front-matter", "unreadable", "merge-conflict"):
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
    if not config.settings.checks:
        return  # loading all rules takes longer than a check in which nothing changed
    unknown = [name for name in config.settings.checks if name not in load_rules()]
    yield from _with_severity((_refuse_rule(name, config) for name in unknown), config)


def check_around(around: Surroundings, config: Config) -> Iterator[Problem]:
    """What is wrong with the surroundings of all cards together."""
    yield from _with_severity(find_cut_history(around), config)


def _refuse_rule(name: str, config: Config) -> Problem:
    rules = load_rules()
    return Problem(
        CONFIG_NAME,
        config.line("checks", name),
        "unknown-rule",
        rules["unknown-rule"].severity,
        f"There is no rule '{name}'.",
        guess(name, rules, "The guide lists the rules under 'Checks'."),
        about=name,
    )


def _with_severity(problems: Iterable[Problem], config: Config) -> Iterator[Problem]:
    for problem in problems:
        severity = config.settings.checks.get(problem.rule, problem.severity)
        if severity != "off":
            same = severity == problem.severity
            yield problem if same else replace(problem, severity=severity)


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By path, as cards are ordered, then by line."""
    return tuple(sorted(problems, key=_sort_key))


def _sort_key(problem: Problem) -> tuple[object, ...]:
    return (_path_key(problem.path), problem.path, problem.line, problem.rule)


@lru_cache(maxsize=65536)
def _path_key(path: str) -> tuple[object, ...]:
    return tuple(natural_key(part) for part in path.split("/"))


def has_failed(problems: Iterable[Problem], strict: bool = False) -> bool:
    """Whether the project does not pass: any error, or, where ``strict``, any warning."""
    failing = ("error", "warning") if strict else ("error",)
    return any(problem.severity in failing for problem in problems)
