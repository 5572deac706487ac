"""Claims in prose: four corpora in five languages, written without a look at what checks them.

They are by four authors, who did not read each other's. ``evidence.json`` holds small
experiments, each a card and those that it is compared with; a file a language holds texts as
researchers write them. ``false`` lists the numbers, as written, that nothing recorded supports;
every other number must be let alone. ``attributed`` are those of them that exist in the run but
belong to another step or metric, and ``true`` the ones that are claims and hold: both are there
for who reads a failure. ``front`` is what a case adds to the card's front matter, such as results
that were written by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cardgen.check import check_cards
from cardgen.config import Config
from cardgen.documents import parse_card
from cardgen.models import Card, Evidence

CORPORA = Path(__file__).parent / "data" / "claims"
LEAST_CASES = {"blind": 60, "second": 40, "third": 45, "fourth": 48}
LANGUAGES = ("en", "fr", "pl", "ru", "zh")
# A number of a table at a step that has another one is reported by the second rule, and only there:
# no cell is reported twice.
RULES = ("unsupported-number", "table-differs")
MIN_RECALL = 0.95
MAX_ALARM_RATE = 0.05
GOAL = "## Goal\n\nDoes the change help?\n"
# A space or an apostrophe stands inside a number only before three more digits; a comma or a
# point before any digit.
NUMBER = re.compile(r"\d+(?:[.,]\d+|(?<!\d{4})[ \u00a0\u202f'’]\d{3}(?!\d))*")
SPACES = re.compile(r"[\s\u00a0\u202f\u2009'’]")


@dataclass(frozen=True)
class Case:
    """A text with the numbers in it, or in ``front``, that must be reported."""

    corpus: str
    id: str
    evidence: str
    text: str
    false: tuple[str, ...]
    front: str = ""


@dataclass(frozen=True)
class Score:
    """What was found of a set of cases; ``misses`` and ``alarms`` say id, number and text."""

    false: int
    others: int
    misses: tuple[str, ...]
    alarms: tuple[str, ...]

    @property
    def recall(self) -> float:
        return 1 - len(self.misses) / self.false

    @property
    def alarm_rate(self) -> float:
        return len(self.alarms) / self.others

    @property
    def suffices(self) -> bool:
        return self.recall >= MIN_RECALL and self.alarm_rate <= MAX_ALARM_RATE

    def describe(self) -> str:
        found = self.false - len(self.misses)
        head = (
            f"recall {found}/{self.false} = {self.recall:.3f}, "
            f"false alarms {len(self.alarms)}/{self.others} = {self.alarm_rate:.3f}"
        )
        return "\n".join([head, "MISSED", *self.misses, "FALSE ALARMS", *self.alarms])


def load_cases(corpus: str, language: str) -> tuple[Case, ...]:
    cases = json.loads((CORPORA / corpus / f"{language}.json").read_text(encoding="utf-8"))
    return tuple(
        Case(corpus, c["id"], c["evidence"], c["text"], tuple(c["false"]), c.get("front", ""))
        for c in cases
    )


@cache
def load_experiments(corpus: str) -> dict[str, list[dict[str, Any]]]:
    experiments: dict[str, list[dict[str, Any]]] = json.loads(
        (CORPORA / corpus / "evidence.json").read_text(encoding="utf-8")
    )
    return experiments


def make_card(recorded: dict[str, Any], front: str, body: str) -> Card:
    """A card with its evidence, as it would be loaded; it must have no problem of its own."""
    code = recorded["code"]
    refs = "".join(f"\n  - {run['ref']}" for run in recorded["runs"])
    runs = f"runs:{refs}\n" if refs else ""
    text = f"---\ncode: {code}\n{recorded['front']}\n{front}{runs}---\n\n{body}\n"
    path = Path("/nowhere") / "experiments" / code / "card.md"
    card = parse_card(text, path, code, f"experiments/{code}/card.md")
    assert not card.problems, card.problems
    if not refs:
        return card
    evidence = Evidence.model_validate({"code": code, "runs": recorded["runs"]})
    return replace(card, evidence=evidence)


def find_reported(case: Case) -> list[str]:
    """What each finding is about, of a project that holds the case's card and its neighbours."""
    first, *rest = load_experiments(case.corpus)[case.evidence]
    has_goal = re.search(r"(?m)^## (Goal|Cel|But|Цель|目标)$", case.text)
    body = case.text if has_goal else f"{GOAL}\n{case.text}"
    cards = [make_card(first, case.front, body)]
    cards += [make_card(one, "", f"{GOAL}\n## Conclusions\n\nYes.\n") for one in rest]
    problems = check_cards(cards, Config(root=Path("/nowhere")))
    return [problem.about for problem in problems if problem.rule in RULES]


def read_number(text: str) -> frozenset[str]:
    """The ways to read a written number, one of which two writings of it have in common."""
    match = re.search(r"\d(?:[\d.,]*\d)?", SPACES.sub("", text))
    if match is None:
        return frozenset()
    digits = match[0]
    readings = {digits.replace(",", ".")}
    if re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+", digits):
        readings.add(re.sub(r"[.,]", "", digits))
    grouped = re.fullmatch(r"([1-9]\d{0,2}(?:([.,])\d{3})(?:\2\d{3})*)([.,]\d+)", digits)
    if grouped and grouped[3][0] != grouped[2]:
        readings.add(grouped[1].replace(grouped[2], "") + "." + grouped[3][1:])
    return frozenset(readings)


def judge(cases: tuple[Case, ...]) -> Score:
    false = others = 0
    misses: list[str] = []
    alarms: list[str] = []
    for case in cases:
        reported = find_reported(case)
        expected = {number: read_number(number) for number in case.false}
        seen = [read_number(about) for about in reported]
        false += len(expected)
        others += max(0, len(NUMBER.findall(case.text)) - len(expected))
        misses += _describe(case, (n for n, e in expected.items() if not any(e & s for s in seen)))
        wrong = (a for a, s in zip(reported, seen, strict=True) if not _any(s, expected.values()))
        alarms += _describe(case, wrong)
    return Score(false, others, tuple(misses), tuple(alarms))


def _any(reading: frozenset[str], expected: Any) -> bool:
    return any(reading & one for one in expected)


def _describe(case: Case, numbers: Iterator[str]) -> Iterator[str]:
    text = " ".join(case.text.split())
    return (f"  {case.id} [{case.evidence}] {number!r} in {text!r}" for number in numbers)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("corpus", LEAST_CASES)
def test_claims_in_a_language(corpus: str, language: str) -> None:
    score = judge(load_cases(corpus, language))
    assert score.suffices, f"{corpus} {language}: {score.describe()}"


@pytest.mark.parametrize("corpus", LEAST_CASES)
def test_claims_in_all_languages(corpus: str) -> None:
    score = judge(tuple(case for one in LANGUAGES for case in load_cases(corpus, one)))
    assert score.suffices, f"{corpus}: {score.describe()}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("corpus", LEAST_CASES)
def test_the_corpus_says_what_it_means(corpus: str, language: str) -> None:
    cases = load_cases(corpus, language)
    assert len(cases) >= LEAST_CASES[corpus]
    assert len({case.id for case in cases}) == len(cases)
    assert sum(bool(case.false) for case in cases) >= 0.4 * len(cases)
    for case in cases:
        written = NUMBER.findall(f"{case.front}\n{case.text}")
        for number in case.false:
            assert written.count(number) == 1, (case.id, number, written)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("55,1", "55.1 %"),
        ("19\u202f211", "19 211"),
        ("19\u00a0211", "19211"),
        ("19,211", "19211"),
        ("15,577.28", "15577.28"),
        ("55.4", "55.4％"),
        ("0,5521", "+0.5521"),
    ],
)
def test_writings_of_one_number(one: str, other: str) -> None:
    assert read_number(one) & read_number(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("0.5521", "0.5512"), ("55.1", "551"), ("0.551", "0551"), ("12", "1.2"), ("", "5")],
)
def test_numbers_that_are_not_one(one: str, other: str) -> None:
    assert not read_number(one) & read_number(other)
