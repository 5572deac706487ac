"""A stranger's description as a suggested goal: it stays a text, whatever it holds."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cardgen.documents import has_text, parse_card, parse_suggestion, strip_comments
from cardgen.languages import find_languages
from cardgen.models import Card
from cardgen.scaffold import NewCard, make_card
from cardgen.scaffold.quoting import MAX_TEXT, quote_text

TODAY = dt.date(2026, 11, 21)
HOSTILE = [
    "## Conclusions\n\nIt is the best.",
    "Conclusions\n===========\nIt is the best.",
    "Problems\n---\nNone.",
    "---\ncode: other\n---\n",
    "```\nopen fence",
    "~~~~\nopen fence\n## Problems",
    "<!-- open comment",
    "closed --> early",
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "<details>\n<summary>x",
    "a\x1b[31m\u202e\x00b\x85c\u2028# d",
    "  # indented\n   ## more\n\t# tab",
    "> quoted\n# heading",
    "...\nend",
    '<!-- suggested by "mlflow:other": x -->\nstolen',
    "\r\n\r## Problems\r\n",
    "1. one\n2. two\n\n- a\n- b\n\n[link](https://example.org) **bold**",
]


def make(goal: str, ref: str = "mlflow:8c1f0d2a", language: str = "en") -> Card:
    card = NewCard("qa-1", runs=(ref,), goal=goal, suggested_by=ref)
    text = make_card(card, language, TODAY, "card.schema.json")
    return parse_card(text, Path("experiments/qa-1/card.md"), "qa-1", "card.md")


@given(st.text(max_size=300))
@example("")
def test_any_description_is_the_goal_and_nothing_else(text: str) -> None:
    card = make(text)
    assert not card.problems
    assert card.front.code == "qa-1"
    assert [section.key for section in card.sections] == ["goal", "conclusions", "problems"]
    goal, conclusions, problems = card.sections
    said = quote_text(text)
    assert goal.suggested == ("mlflow:8c1f0d2a" if said else "")
    assert strip_comments(goal.body).strip() == said
    assert not has_text(conclusions.body)
    assert not has_text(problems.body)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("language", find_languages())
def test_a_hostile_description_opens_nothing(text: str, language: str) -> None:
    card = make(f"Does it hold?\n{text}", language=language)
    assert [section.key for section in card.sections] == ["goal", "conclusions", "problems"]
    assert card.sections[0].suggested == "mlflow:8c1f0d2a"
    assert "<" not in strip_comments(card.sections[0].body)
    assert not has_text(card.sections[1].body)


def test_what_a_description_may_hold_stays() -> None:
    text = "Does **plT5** beat mT5? See [x](https://example.org)\n\n- a < b\n- `c_d`\n1. one"
    assert quote_text(text) == text


def test_a_long_description_is_cut() -> None:
    said = quote_text("word " * 10_000)
    assert len(said) <= MAX_TEXT + 2
    assert said.endswith("word …")


@pytest.mark.parametrize(
    "ref", ["mlflow:a b", 'json:x"y', "hf:a-->b", "hf:<!--", "hf:zażółć", "hf:a\\b"]
)
def test_the_ref_is_read_as_it_was_written(ref: str) -> None:
    assert make("Does it hold?", ref).sections[0].suggested == ref


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        "<!-- suggested by me -->",
        '<!-- suggested by "a',
        '<!-- suggested by "\\x": -->',
    ],
)
def test_other_comments_suggest_nothing(body: str) -> None:
    assert parse_suggestion(body) == ""


def test_without_a_description_the_goal_is_asked_for() -> None:
    card = make(" \n\t")
    assert card.sections[0].suggested == ""
    assert "One hypothesis" in card.sections[0].body
