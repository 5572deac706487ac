"""Cards as text: front matter, sections, the lines they stand on, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.documents import has_text, parse_card, parse_sections, split_document, strip_comments
from cardgen.models import Card, Model, Problem, Section
from tests.strategies import BODIES, CARDS

PATH = Path("experiments/qa-1/card.md")


def parse(text: str, code: str = "qa-1") -> Card:
    return parse_card(text, PATH, code, "card.md")


def sections(body: str) -> list[tuple[str, str, int]]:
    return [(section.key, section.title, section.line) for section in parse_sections(body, 1)]


CARD = """---
code: qa-1
title: plT5
model: allegro/plt5-base
tags: one
runs:
  - mlflow:1
  - mlflow:2
x-own: {a: 1}
---

Before.

## Goal

Does it?

## Wnioski:

Tak.
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_card_is_read_with_the_lines_of_its_parts(newline: str, start: str) -> None:
    card = parse(start + CARD.replace("\n", newline))
    assert card.problems == ()
    assert card.front.title == "plT5"
    assert card.front.model == Model(name="allegro/plt5-base")
    assert card.front.tags == ("one",)
    assert card.front.runs == ("mlflow:1", "mlflow:2")
    assert (card.lines["code"], card.lines["runs"], card.lines["runs.1"]) == (2, 6, 8)
    found = [(section.key, section.title, section.line) for section in card.sections]
    assert found == [("", "", 11), ("goal", "Goal", 14), ("conclusions", "Wnioski:", 18)]
    assert card.section("goal") == "Does it?"
    assert card.section("conclusions") == "Tak."
    assert not card.broken


def test_mixed_line_ends_keep_the_lines() -> None:
    card = parse(
        "---\r\ncode: qa-1\ntitle: a\r\nstatus: planned\n---\n\r\n## Goal\r\nx\n## Notes\n"
    )
    assert card.problems == ()
    assert card.lines["status"] == 4
    assert [section.line for section in card.sections] == [7, 9]


@pytest.mark.parametrize("fence", ["---", "---  ", "...", "---\t"])
def test_front_matter_ends_at_its_second_line_of_dashes(fence: str) -> None:
    halves = split_document(f"---\ncode: x\n{fence}\nbody\n---\n")
    assert halves is not None
    assert halves.closed
    assert (halves.front, halves.start, halves.line) == ("code: x\n", 4, 2)
    assert (halves.body, halves.body_line) == ("body\n---\n", 4)


@pytest.mark.parametrize("text", ["", "code: x", " ---\ncode: x\n---", "----\n", "# A\n---\n---\n"])
def test_what_begins_otherwise_has_no_front_matter(text: str) -> None:
    assert split_document(text) is None


def test_an_open_front_matter() -> None:
    halves = split_document("---\ncode: x")
    assert halves is not None
    assert not halves.closed
    assert (
        parse("---\n").problems[0].message == "The front matter is not closed by a line of '---'."
    )
    assert parse("---").problems[0].rule == "front-matter"


@given(CARDS)
def test_the_halves_are_the_text(text: str) -> None:
    halves = split_document(text)
    assert halves is not None
    assert halves.closed
    assert text[halves.start :].startswith(halves.front)
    assert text.endswith(halves.body)
    assert (
        text.split("\n")[halves.line - 1 :][: halves.front.count("\n")]
        == halves.front.split("\n")[:-1]
    )
    assert "\n".join(text.split("\n")[halves.body_line - 1 :]) == halves.body


# Problems --------------------------------------------------------------------------------------


def problem(front: str) -> tuple[str, int, str, str]:
    (found,) = parse(f"---\ncode: qa-1\n{front}---\n").problems
    return found.rule, found.line, found.message, found.hint


def test_problems_name_the_line_of_the_value() -> None:
    front = "results:\n  - {step: 1, f1: 0.5}\n  - step: 2\n    f1: [0.6]\n"
    assert problem(front)[:3] == ("schema", 6, "'results.1.f1' should be a number or text.")


def test_one_broken_value_is_one_problem() -> None:
    assert problem("source: {dirty: maybe}\n")[2] == "'source.dirty' should be true or false."
    assert problem("date: 2023-13-45\n")[2] == "'date' should be a day such as 2026-11-21."
    assert problem("title: 12e4567\n")[2] == "'title' is read as a number; put it in quotes."
    assert problem("code: qa-2\n")[:2] == ("front-matter", 3)


@pytest.mark.parametrize(
    ("front", "hint"),
    [
        ("titel: x", "Did you mean 'title'?"),
        ("titel:", "Did you mean 'title'?"),
        ("Tags: x", "Did you mean 'tags'?"),
        ("dataset: x", "Did you mean 'data'?"),
        ("commit: abc", "Did you mean 'source.commit'?"),
        ("Wnioski: x", "Write it below a heading: '## Wnioski'."),
        ("wandb: x", "Remove it, or begin its name with 'x-' to keep a field of your own."),
        ("model: {nmae: x}", "Did you mean 'name'?"),
        ("data: [a, {digset: x}]", "Did you mean 'digest'?"),
        ("output: [{zzz: x}]", "Remove it."),
    ],
)
def test_unknown_keys_get_a_guess(front: str, hint: str) -> None:
    found = problem(front + "\n")
    assert (found[0], found[1], found[3]) == ("unknown-key", 3, hint)


def test_what_is_fine_stays_beside_what_is_broken() -> None:
    card = parse("---\ncode: qa-1\ntitle: kept\nstatus: done\nmetric: f1\nrun: x\n---\n## Goal\nx")
    assert (card.front.title, card.front.metric, card.front.status) == ("kept", "f1", None)
    assert [problem.rule for problem in card.problems] == ["schema", "unknown-key"]
    assert card.section("goal") == "x"
    assert card.broken


def test_a_card_without_front_matter_keeps_its_sections() -> None:
    card = parse("## Goal\nx", "Not a code!")
    assert card.section("goal") == "x"
    assert card.front.code == "Not a code!"
    assert [found.line for found in card.problems] == [1]


def test_fields_of_one_s_own_and_empty_values_are_let_be() -> None:
    card = parse("---\ncode: qa-1\nx-a: {b: [c]}\ntitle:\ntags: ~\nmodel: null\n---\n")
    assert card.problems == ()
    assert card.front.model_fields_set == {"code"}


def test_dates_and_names_inside_values_are_text() -> None:
    card = parse("---\ncode: qa-1\nparams: {day: 2023-08-09, 1: one, none: ~}\n---\n")
    assert card.front.params == {"day": "2023-08-09", "1": "one", "none": None}


HOSTILE = (
    st.text() | CARDS | st.builds(lambda start, text: start + text, st.text(max_size=3), CARDS)
)


@given(HOSTILE, st.sampled_from(("qa-1", "a b", "con", "")))
def test_any_text_is_a_card_or_has_problems(text: str, code: str) -> None:
    card = parse(text, code)
    lines = text.split("\n")
    for found in card.problems:
        assert isinstance(found, Problem)
        assert 1 <= found.line <= len(lines) + 1
    for section in card.sections:
        assert isinstance(section, Section)
        if section.title:
            assert section.title in strip_comments(lines[section.line - 1])
    assert card.code == code
    assert all(1 <= line <= len(lines) for line in card.lines.values())


@given(CARDS, st.data())
def test_a_mutated_card_is_still_read(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(len(text), at + 20)))
    card = parse(text[:at] + data.draw(st.text(max_size=4)) + text[end:])
    assert card.broken == bool(card.problems)


def test_what_is_large_deep_or_binary_is_a_problem() -> None:
    for front, word in (
        ("x" * 20_000, "16 KB"),
        ("title: |\n" + "  line\n" * 20_000, "64 KB"),
        ("params: " + "[" * 200 + "]" * 200, "nested"),
        ("title: \x00\x01", "U+0000"),
    ):
        (found,) = parse(f"---\ncode: qa-1\n{front}\n---\n## Goal\nx").problems
        assert (found.rule, word in found.message) == ("front-matter", True), found
    card = parse("---\ncode: qa-1\n---\n" + "# Goal\n> " * 100_000)
    assert card.problems == ()


# Sections --------------------------------------------------------------------------------------


def test_headings_of_both_kinds() -> None:
    body = "# One\n## Two ##\nThree\n===\n\nFour\n---\n### Not\n#Not\n    # Not\n#\n- a\n---\n"
    assert [title for _, title, _ in sections(body)] == ["One", "Two", "Four"]


def test_headings_in_code_and_comments_are_none() -> None:
    body = "```\n# a\n```\n~~~~ py\n# b\n~~~\n# c\n~~~~\n<!--\n# d\n-->\n<!-- e -->\n# Goal\n"
    assert [title for _, title, _ in sections(body)] == ["", "Goal"]
    body = "<!--\n```\n# a\n-->\n# Goal\n``` `x`\n# Notes\n"
    assert [title for _, title, _ in sections(body)] == ["Goal", "Notes"]


def test_titles_lose_attributes_and_comments() -> None:
    body = "## Goal {#goal .x}\n\na\n\n## Conclusions <!-- short! -->\n\nb\n"
    assert sections(body) == [("goal", "Goal", 1), ("conclusions", "Conclusions", 5)]


def test_sections_of_one_kind_are_read_together() -> None:
    card = parse("---\ncode: qa-1\n---\n# Goal\na\n# Notes\nb\n# Hypothesis\nc\n")
    assert card.section("goal") == "a\n\nc"
    assert [section.title for section in card.sections] == ["Goal", "Notes", "Hypothesis"]


def test_comments_say_nothing() -> None:
    assert not has_text("\n <!-- a hint\nin lines --> \n")
    assert not has_text("<!-- open")
    assert has_text("<!-- a --> b")


@given(BODIES)
def test_no_line_is_lost(body: str) -> None:
    """All that stands below a heading is in its section, in order."""
    kept = "\n".join(section.body for section in parse_sections(f"# Goal\n{body}", 1))
    for line in (line for line in body.split("\n") if line in {"- item", "> quote"}):
        assert line in kept
    numbers = [section.line for section in parse_sections(body, 1)]
    assert numbers == sorted(set(numbers))


def test_a_pointer_of_git_lfs_is_no_card_and_says_what_to_do() -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    (problem,) = parse_card(text, Path("qa-1/card.md"), "qa-1", "qa-1/card.md").problems
    assert (problem.rule, problem.hint) == ("unreadable", "Fetch the file itself: git lfs pull")
