"""Claims held against evidence: a corpus in five languages, and what single rules say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.check import check_cards
from cardgen.claims.lexicon import find_tongues
from cardgen.claims.numbers import find_numbers
from cardgen.claims.quiet import silence
from cardgen.config import Config, load_config
from cardgen.documents import parse_card
from cardgen.models import Card, Checkpoint, Curve, Evidence, Metric, Problem, Run
from cardgen.output import escape
from cardgen.store import load_cards

DATA = Path(__file__).parent / "data" / "claims"
RULES = (
    "unsupported-number",
    "best-elsewhere",
    "chosen-by-test",
    "improvement-sign",
    "table-differs",
)
LANGUAGES = ("en", "fr", "pl", "ru", "zh")


@dataclass(frozen=True)
class Line:
    """One text of the corpus: ``kind`` is true, false or none."""

    language: str
    number: int
    kind: str
    world: str
    text: str


def load_corpus(folder: Path = DATA) -> list[Line]:
    found = []
    for language in LANGUAGES:
        lines = (folder / f"{language}.txt").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                head, _, text = line.partition(" | ")
                kind, world = head.split()
                found.append(Line(language, number, kind, world, text))
    return found


@cache
def load_worlds(folder: Path = DATA) -> dict[str, Any]:
    return dict(json.loads((folder / "worlds.json").read_text(encoding="utf-8")))


def make_run(world: dict[str, Any], number: int, held: dict[str, Any]) -> Run:
    rows = [
        Checkpoint(step=step, epoch=epoch, metrics=metrics)
        for step, epoch, metrics in held.get("rows", ())
    ]
    last = {name: Metric(value=v, step=r.step) for r in rows for name, v in r.metrics.items()}
    last |= {name: Metric(value=value) for name, value in held.get("last", {}).items()}
    curves = [
        Curve(metric=name, steps=tuple(s for s, _ in points), values=tuple(v for _, v in points))
        for name, points in held.get("curves", {}).items()
    ]
    params = world["params"] | ({"seed": number} if world.get("seeds") else {})
    refs = world["front"].get("runs") or [f"mlflow:{number + 1}"]
    return Run(
        ref=refs[number], tracker="mlflow", status="finished", params=params, metrics=last,
        checkpoints=tuple(rows), curves=tuple(curves),
    )  # fmt: skip


def make_card(code: str, text: str, section: str = "Conclusions") -> Card:
    world = load_worlds()[code]
    front = {"code": code, **world["front"]}
    lines = [f"{key}: {json.dumps(value)}" for key, value in front.items()]
    body = "\n".join(
        ["---", *lines, "---", "## Goal", "", "Is it better?", "", f"## {section}", "", text, ""]
    )
    card = parse_card(body, Path("/nowhere") / code / "card.md", code, f"{code}/card.md")
    runs = tuple(make_run(world, number, held) for number, held in enumerate(world["runs"]))
    evidence = Evidence(code=code, runs=runs) if runs else None
    return Card(
        card.code, card.path, card.front, card.sections, card.lines, evidence, card.problems
    )


def find_problems(code: str, text: str, section: str = "Conclusions") -> list[Problem]:
    """What the rules about claims say of a text, with all the other cards there."""
    others = [make_card(other, "Done.") for other in load_worlds() if other != code]
    cards = [make_card(code, text, section), *others]
    problems = check_cards(cards, Config(root=Path("/nowhere")), trackers=("mlflow",))
    return [one for one in problems if one.rule in RULES and one.path == f"{code}/card.md"]


def judge(corpus: list[Line]) -> tuple[float, float, list[str]]:
    """Recall of false claims, rate of false alarms, and the lines that went wrong."""
    missed, alarms = [], []
    for line in corpus:
        found = find_problems(line.world, line.text)
        if line.kind == "false" and not found:
            missed.append(f"{line.language}:{line.number} missed: {line.text}")
        if line.kind != "false" and found:
            said = "; ".join(f"{one.rule}: {one.message}" for one in found)
            alarms.append(f"{line.language}:{line.number} alarm: {line.text}\n    {said}")
    false = sum(line.kind == "false" for line in corpus)
    return 1 - len(missed) / false, len(alarms) / (len(corpus) - false), missed + alarms


@pytest.mark.parametrize("language", LANGUAGES)
def test_corpus(language: str) -> None:
    corpus = [line for line in load_corpus() if line.language == language]
    assert len(corpus) >= 50
    recall, alarms, wrong = judge(corpus)
    print(f"{language}: recall {recall:.1%}, false alarms {alarms:.1%}", *wrong, sep="\n")
    assert recall >= 0.95, wrong
    assert alarms <= 0.05, wrong


def test_no_alarm_about_this_project_s_own_cards() -> None:
    config = load_config(Path(__file__).parents[1])
    problems = check_cards(load_cards(config), config)
    assert [one for one in problems if one.rule in RULES] == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("55,1 % und 55.1%", [55.1, 55.1]),
        ("1 234,5 and 1\u202f234,5 and 1\u00a0234", [1234.5, 1234.5, 1234]),
        ("1,234.5 and 1.234,5 and 1'234", [1234.5, 1234.5, 1234]),
        (".551 and 1e-4 and 3×10^-4 and 5·10⁻⁵", [0.551, 1e-4, 3e-4, 5e-5]),
        ("\u22120.4, +2.1, ±0.02, 0.51–0.55", [0.4, 2.1, 0.02, 0.51, 0.55]),
        ("５５．１％ 百分之五十五点一 百分之3.5", [55.1, 55.1, 3.5]),
    ],
)
def test_numbers_as_people_write_them(text: str, values: list[float]) -> None:
    found = find_numbers(silence(text)[0])
    assert [one.value for one in found] == pytest.approx(values)


@pytest.mark.parametrize(
    ("text", "readings"),
    [("EM is 1,234 now", [1234.0]), ("EM wynosi 1,234", [1.234, 1234.0]), ("1.234", [1.234])],
)
def test_a_comma_before_three_digits_is_read_by_the_language(
    text: str, readings: list[float]
) -> None:
    (number,) = find_numbers(text, find_tongues(text) if "E" in text else ("en",))
    assert [value for value, _ in number.readings] == readings


@pytest.mark.parametrize(
    "text",
    [
        "`0.999` and ``x 0.9 `` and\n\n```\nEM 0.99\n```\n",
        "<!-- EM 0.99 --> [a](http://x.org/0.99) <https://a.b/0.99> me0.9@b.org 2023-08-09 12:30",
        "[[dev/em]] and [[qa-0:dev/em@500|.1%]] v1.2.3, runs/0.99/model.pt, [3] and [^1]",
        "# 3.2 Results\n\n1. one\n2) two\n\nplT5-base, GPT-4, H100, top-5, k=10, @10, 7B, #12",
    ],
)
def test_what_is_no_prose_has_no_claim(text: str) -> None:
    assert find_problems("qa", text) == []


def test_the_line_and_the_number_as_it_was_written() -> None:
    text = "\n\nIt works.\n\n- EM is fine: 55,1 %\n- F1 is −0,4 % off\n- EM: 0.5712\n"
    found = find_problems("qa", text)
    card = make_card("qa", text)
    (section,) = [one for one in card.sections if one.key == "conclusions"]
    assert [(one.rule, one.about) for one in found][-1] == ("unsupported-number", "0.5712")
    lines = section.body.split("\n")
    assert lines[found[-1].line - section.start] == "- EM: 0.5712"
    assert "dev/em 0.5512 (mlflow:8c1f0d step 1000)" in found[-1].message
    assert "[[dev/em]]" in found[-1].hint


def test_an_accepted_number_is_not_reported() -> None:
    world = load_worlds()["qa"]
    accepted = {"rule": "unsupported-number", "about": "0.5712", "reason": "by hand"}
    world["front"]["accepted"] = [accepted]
    try:
        assert find_problems("qa", "EM is 0.5712.") == []
        assert [one.about for one in find_problems("qa", "EM is 0.5713.")] == ["0.5713"]
    finally:
        del world["front"]["accepted"]


@pytest.mark.parametrize("text", ["EM above 0.6.", "Beat 0.62 EM.", "Will EM reach 60 %?"])
def test_a_goal_s_target_is_no_claim(text: str) -> None:
    assert find_problems("qa", text, "Goal") == []


@pytest.mark.parametrize(
    "verdict", ["Reached: 0.5712 EM.", "Wynik: 57,12 %", "**Résultat** : 57,12 %", "结果：57.12%"]
)
def test_a_goal_s_verdict_is_one(verdict: str) -> None:
    found = find_problems("qa", f"EM above 0.6.\n\n{verdict}", "Goal")
    assert [one.rule for one in found] == ["unsupported-number"]
    assert "in the goal" in found[0].message


def test_what_stands_in_no_conclusions_is_no_claim() -> None:
    assert find_problems("qa", "EM was 0.99 at first.", "Problems") == []
    assert find_problems("qa", "EM was 0.99 at first.", "Notes") == []


@pytest.mark.parametrize(
    ("written", "fine"),
    [("0.55", True), ("0.551", True), ("0.5512", True), ("0.56", False), ("0.5", True),
     ("0.6", True), ("0.552", False), ("55", True), ("55.12", True), ("0.54", False)],
)  # fmt: skip
def test_digits_are_rounded_and_not_cut(written: str, fine: bool) -> None:
    assert (find_problems("qa", f"Dev EM is {written} at step 1000.") == []) is fine


@pytest.mark.parametrize("written", ["0.12", "0.13"])
def test_a_half_may_be_rounded_either_way(written: str) -> None:
    world = load_worlds()["hand"]
    rows, world["front"]["results"] = world["front"]["results"], [{"step": 1, "accuracy": 0.125}]
    try:
        assert find_problems("hand", f"Accuracy is {written}.") == []
        assert find_problems("hand", "Accuracy is 0.14.") != []
    finally:
        world["front"]["results"] = rows


def test_a_card_without_numbers_behind_it_is_not_judged() -> None:
    world = load_worlds()["hand"]
    rows = world["front"].pop("results")
    try:
        assert find_problems("hand", "Accuracy is 0.99.") == []
    finally:
        world["front"]["results"] = rows


def test_results_by_hand_are_claims_where_a_run_has_numbers() -> None:
    front = load_worlds()["qa"]["front"]
    front["results"] = [
        {"step": 1000, "dev/em": 0.5512, "note": "0.99"},
        {"epoch": 2, "em": 0.5523},
        {"step": 1000, "dev/em": 0.5599},
        {"step": 7000, "test/em": 0.7},
    ]
    try:
        found = [(one.rule, one.about) for one in find_problems("qa", "Done.")]
        everything = check_cards([make_card("qa", "Done.")], Config(root=Path("/nowhere")))
    finally:
        del front["results"]
    assert found == [("table-differs", "0.5523"), ("unsupported-number", "0.7")]
    assert [one.rule for one in everything].count("fact-differs") == 1  # and not twice


TABLE = "| model | {0} | F1 |\n| --- | ---: | --- |\n| qa-0 | 51.2 | 58.3 |\n| ours | {1} | 61.2 |"


def test_tables_of_the_conclusions() -> None:
    assert find_problems("qa", TABLE.format("EM", "**55.1**")) == []
    assert find_problems("qa", TABLE.format("seconds", "12.5")) == []
    (found,) = find_problems("qa", TABLE.format("EM", "55.4"))
    assert (found.rule, found.about) == ("unsupported-number", "55.4")
    (found,) = find_problems("qa", TABLE.replace("51.2", "50.1").format("EM", "55.1"))
    assert (found.rule, found.about) == ("table-differs", "50.1")


def test_the_test_split_that_is_declared() -> None:
    front = load_worlds()["qa"]["front"]
    front["metric"] = "test/em"
    try:
        (found,) = find_problems("qa", "Done.")
    finally:
        front["metric"] = "dev/em"
    assert (found.rule, found.about) == ("chosen-by-test", "test/em")


@given(st.text(alphabet="aEMF1 0.5,%`[]()|<>\n-+±→百分之五é\u00a0$#*_~", max_size=200))
def test_silence_keeps_every_place(text: str) -> None:
    for blank in silence(text):
        assert len(blank) == len(text)
        assert [at for at, c in enumerate(blank) if c == "\n"] == [
            at for at, c in enumerate(text) if c == "\n"
        ]


WORDS = [
    "EM",
    "F1",
    "dev",
    "test",
    "loss",
    "better",
    "worse",
    "than",
    "the",
    "baseline",
    "qa-0",
    "best",
    "step",
    "epoch",
    "500",
    "0.55",
    "55,1",
    "%",
    "+3.9",
    "points",
    "by",
    "from",
    "to",
    "→",
    "±",
    ",",
    ".",
    ";",
    "(",
    ")",
    "|",
    "`",
    "[[dev/em]]",
    "not",
    "above",
    "about",
    "提高",
    "准确率",
    "比",
    "лучше",
    "точность",
    "на",
    "о",
    "lepszy",
    "dokładność",
    "o",
    "gorsza",
    "meilleur",
    "précision",
    "de",
    "1e400",
    "9999999999999999999999",
    "−",
    "百分之五",
]


@given(st.lists(st.sampled_from([*WORDS, "\n", "\n\n", "| --- |"]), max_size=60))
def test_nothing_that_a_text_says_ends_the_check(words: list[str]) -> None:
    text = " ".join(words)
    found = find_problems("qa", text)
    assert found == find_problems("qa", text)
    for one in found:
        assert re.fullmatch(r"['A-Z].*[^ ]\.", escape(one.message)), one
        assert one.hint
        assert one.about


@pytest.mark.parametrize(
    "piece", ["0.55 ", "best step 500 ", "百分之", "1 111", "| 0.5 ", "a/", "[", "F1 "]
)
def test_many_numbers_are_read_once(piece: str) -> None:
    text = piece * (65_536 // len(piece))
    assert len(find_problems("qa", text)) < 2_000
