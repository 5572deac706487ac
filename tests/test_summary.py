"""The list: filters, order and formats, over cards with and without results."""

from __future__ import annotations

import json

import pytest
import tabulate

from cardgen.summary import FORMATS, Line, format_lines, format_lines_json, select_lines, sort_lines
from tests.projects import Project


def line(code: str, **values: object) -> Line:
    base: dict[str, object] = {
        "code": code, "title": "", "status": "finished", "date": "", "tags": (), "model": "",
        "metric": "f1", "value": None, "step": None, "problems": 0,
    }  # fmt: skip
    return Line(**{**base, **values})  # type: ignore[arg-type]


LINES = [
    line("qa-10", value=0.5, tags=("A", "b"), model="org/Bert"),
    line("qa-2", value=0.7, status="failed", tags=("a",)),
    line("qa-1", date="2026-01-02"),
]


@pytest.mark.parametrize(
    ("key", "codes"),
    [
        ("code", "qa-1 qa-2 qa-10"),
        ("-code", "qa-10 qa-2 qa-1"),
        ("value", "qa-10 qa-2 qa-1"),
        ("-value", "qa-2 qa-10 qa-1"),
        ("date", "qa-1 qa-2 qa-10"),
    ],
)
def test_cards_are_sorted_and_what_is_unknown_comes_last(key: str, codes: str) -> None:
    assert [one.code for one in sort_lines(LINES, key)] == codes.split()


def test_filters_join() -> None:
    assert [one.code for one in select_lines(LINES, ["a"], [], "")] == ["qa-10", "qa-2"]
    assert [one.code for one in select_lines(LINES, ["a", "b"], [], "")] == ["qa-10"]
    assert [one.code for one in select_lines(LINES, [], ["failed"], "")] == ["qa-2"]
    assert [one.code for one in select_lines(LINES, [], [], "bert")] == ["qa-10"]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_one_of_tabulates_and_holds_all_cards(kind: str) -> None:
    assert kind in tabulate.tabulate_formats
    text = format_lines(LINES, kind)
    assert all(one.code in text for one in LINES)


def test_markup_in_a_title_stays_text() -> None:
    hostile = [line("qa-1", title="<script>a|b</script>")]
    assert "<script>" not in format_lines(hostile, "html")
    assert "a\\|b" in format_lines(hostile, "github")


def test_json_has_no_nan() -> None:
    text = format_lines_json([line("qa-1", value=float("nan")), line("qa-2", value=float("-inf"))])
    values = [card["value"] for card in json.loads(text)["cards"]]
    assert values == ["NaN", "-Infinity"]
    assert "NaN," not in text.replace('"NaN",', "")


def test_the_command_refuses_what_it_does_not_know(project: Project) -> None:
    for arguments in (("--sort", "colour"), ("--format", "unsafehtml")):
        done = project.cardgen("list", *arguments)
        assert done.status == 2
        assert "Traceback" not in done.err


def test_show_says_where_each_value_comes_from(project: Project) -> None:
    project.ok("new", "qa-1", "--tag", "x")
    project.ok("set", "qa-1", "params.lr=1e-4", "results=[{step: 1, f1: 0.5}, {step: 2, f1: 0.7}]")
    text = project.ok("show", "qa-1")
    assert "lr  0.0001  ← card.md:" in text
    assert "Best f1 (highest, assumed: no metric is declared): 0.7  ← card.md:" in text
    values = json.loads(project.ok("show", "qa-1", "--json"))
    assert values["params"]["lr"]["value"] == 0.0001
    assert values["primary"]["value"] == 0.7
    assert values["status"]["origin"].startswith("experiments/qa-1/card.md:")
