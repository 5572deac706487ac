"""Values quoted in prose: how they are found, what they stand for, how they are written."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Settings
from cardgen.describe import describe, describe_values
from cardgen.documents import parse_card
from cardgen.facts import Fact, Facts
from cardgen.livevalues import (
    Missing,
    blank_quoted,
    fill,
    find_live_values,
    format_live,
    list_quoted,
    look_up,
    look_up_terms,
)
from cardgen.models import Checkpoint, Curve, Evidence, Metric, Run
from cardgen.resolve import resolve
from tests.projects import Project

HEAD = "metric: eval/f1\nruns: [mlflow:a]\n"


def make_facts(code: str, *runs: Run, head: str = HEAD, body: str = "## Goal\nIs it?\n") -> Facts:
    path = Path(f"/project/experiments/{code}/card.md")
    label = f"experiments/{code}/card.md"
    card = parse_card(f"---\ncode: {code}\n{head}---\n{body}", path, code, label)
    return resolve(replace(card, evidence=Evidence(code=code, runs=runs)), Settings(), label)


def make_run(ref: str = "mlflow:a", best: float = 0.75, seed: int = 1) -> Run:
    return Run(
        ref=ref,
        tracker="mlflow",
        checkpoints=(
            Checkpoint(step=100, metrics={"eval/f1": 0.5, "eval/loss": 2.0, "recall@5": 0.25}),
            Checkpoint(step=200, metrics={"eval/f1": best, "eval/loss": 1.0, "recall@5": 0.5}),
            Checkpoint(step=300, metrics={"eval/f1": 0.625, "eval/loss": 1.5}),
        ),
        metrics={"eval/f1": Metric(value=0.625, step=300), "train_runtime": Metric(value=12)},
        curves=(Curve(metric="train/loss", steps=(10, 20), values=(3.0, 2.5)),),
        params={"learning_rate": 1e-4, "optimizer": "adamw", "seed": seed, "bf16": True},
    )


FACTS = make_facts("qa-1", make_run())
BASE = make_facts("qa-0", make_run("mlflow:b", 0.7), head="metric: eval/f1\nruns: [mlflow:b]\n")
SEEDS = make_facts(
    "qa-2",
    *(make_run(f"mlflow:{n}", 0.7 + n / 10, seed=n) for n in range(3)),
    head="metric: eval/f1\nruns: ['mlflow:0', 'mlflow:1', 'mlflow:2']\n",
)
CARDS = {facts.code: facts for facts in (FACTS, BASE, SEEDS)}


def find(text: str) -> list[str]:
    return [value.text for value in find_live_values(text)]


def ask(inner: str) -> Fact[object] | Missing:
    (value,) = find_live_values(f"It is [[{inner}]].")
    return look_up(value, FACTS, CARDS.get)


def say(inner: str) -> str:
    return fill(f"[[{inner}]]", FACTS, CARDS.get)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from [[eval/f1]] to [[qa-1:eval/f1@500|.1%]]", ["eval/f1", "qa-1:eval/f1@500|.1%"]),
        ("**[[a]]** and ([[b]])", ["a", "b"]),
        ("[the [[a]] of it](https://example.com)", ["a"]),
        ("[[[a]]](https://example.com)", ["a"]),
        (r"| [[a\|.1%]] | [[b|.2f]] |", [r"a\|.1%", "b|.2f"]),
        ("`[[a]]` and ``x ` [[b]] `` and [[c]]", ["c"]),
        ("a ` tick\n\n[[a]] ` another", ["a"]),
        ("\\`[[a]]\\`", ["a"]),
        ("```\n[[a]]\n```\n[[b]]", ["b"]),
        ("~~~ python\n[[a]]\n```\n[[b]]\n~~~\n[[c]]", ["c"]),
        ("- item\n\n  ```\n  [[a]]\n  ```\n\n  [[b]]", ["b"]),
        ("```\n[[a]] never closed", []),
        ("Text.\n\n    [[code]]\n\n    [[code]]\n\n[[a]]", ["a"]),
        ("- item\n\n    [[a]] goes on", ["a"]),
        ("<!-- [[a]] -->[[b]]<!--\n[[c]]\n--> [[d]]", ["b", "d"]),
        ("<!-- ``` -->\n[[a]]", ["a"]),
        ("[[1, 2]] [[0.5]] [[x, y]] [[^1]] [[]] [[ ]]", []),
        ("[[a]](https://example.com) ![[a]] \\[[a]]", []),
        ("[[a\nb]] [[a[0]]]", []),
    ],
)
def test_live_values_are_found_outside_code_and_comments(text: str, found: list[str]) -> None:
    assert find(text) == [f"[[{inner}]]" for inner in found]


@given(st.text(st.sampled_from("`~[]a|:@ \n\\<!->  \t#*$1"), max_size=80))
def test_any_text_keeps_its_places(text: str) -> None:
    blank = blank_quoted(text)
    assert len(blank) == len(text)
    assert all(new in (old, " ") for old, new in zip(text, blank, strict=True))
    assert blank.count("\n") == text.count("\n")
    for value in find_live_values(text):
        assert text[value.start : value.end] == value.text
    assert isinstance(fill(text, FACTS, CARDS.get), str)


@pytest.mark.parametrize(
    "text",
    [
        "`" * 64_000,
        "".join("`" * n + " " for n in range(1, 350)) + "[[a]]",
        "[[" * 32_000,
        "[[a" * 20_000,
        "[[a]]" * 13_000,
        "<!--" * 16_000,
        "\\" * 64_000 + "[[a]]",
        "> " * 32_000,
        "[[a" + " - " * 20_000 + "]]",
        "[[a|" * 16_000,
        "    [[x]]\n" * 6_000,
    ],
)
def test_hostile_texts_come_to_an_end(text: str) -> None:
    assert fill(text, FACTS, CARDS.get) == text


@pytest.mark.parametrize(
    ("inner", "value", "origin"),
    [
        ("eval/f1", 0.75, "mlflow:a step 200"),
        ("eval_f1", 0.75, "mlflow:a step 200"),
        ("Eval.F1", 0.75, "mlflow:a step 200"),
        ("qa-1:eval/f1", 0.75, "mlflow:a step 200"),
        ("qa-0:eval/f1", 0.7, "mlflow:b step 200"),
        ("eval/f1@best", 0.75, "mlflow:a step 200"),
        ("eval/f1@last", 0.625, "mlflow:a step 300"),
        ("eval/f1@100", 0.5, "mlflow:a step 100"),
        ("eval/f1@1e2", 0.5, "mlflow:a step 100"),
        ("eval/loss", 1.0, "mlflow:a step 200"),
        ("eval/loss@last", 1.5, "mlflow:a step 300"),
        ("recall@5", 0.5, "mlflow:a step 200"),
        ("recall@5@100", 0.25, "mlflow:a step 100"),
        ("train_runtime", 12.0, "mlflow:a"),
        ("train/loss", 2.5, "mlflow:a step 20"),
        ("train/loss@10", 3.0, "mlflow:a step 10"),
        ("params/learning_rate", 1e-4, "mlflow:a"),
        ("qa-0:params/optimizer", "adamw", "mlflow:b"),
        ("qa-2:eval/f1", 0.9, "mlflow:2 step 200"),
        ("qa-2:params/seed", 2, "mlflow:2"),
        ("qa-2:eval/f1@mean", 0.8, "mlflow:0, mlflow:1, mlflow:2"),
        ("qa-2:eval/f1@std", 0.1, "mlflow:0, mlflow:1, mlflow:2"),
        ("eval/f1 - qa-0:eval/f1", 0.05, "mlflow:a step 200"),
        ("eval/f1@last − eval/f1", -0.125, "mlflow:a step 300"),
    ],
)
def test_what_live_values_stand_for(inner: str, value: object, origin: str) -> None:
    fact = ask(inner)
    assert isinstance(fact, Fact), fact
    assert fact.value == pytest.approx(value) if isinstance(value, float) else fact.value == value
    assert str(fact.origin) == origin


def test_a_metric_whose_name_holds_a_colon_is_found_where_no_card_is_meant() -> None:
    run = Run(ref="mlflow:a", tracker="mlflow", metrics={"eval:f1": Metric(value=0.5)})
    facts = make_facts("qa-3", run, head="runs: [mlflow:a]\n")
    (value,) = find_live_values("[[eval:f1]]")
    assert look_up(value, facts, CARDS.get) == facts.finals["eval:f1"]


def test_what_a_person_wrote_goes_before_what_was_recorded() -> None:
    head = f"{HEAD}params: {{learning_rate: 0.5}}\nresults: [{{step: 200, eval/f1: 0.76}}]\n"
    facts = make_facts("qa-1", make_run(), head=head)
    for inner, value in (("params/learning_rate", 0.5), ("eval/f1@200", 0.76)):
        (found,) = find_live_values(f"[[{inner}]]")
        fact = look_up(found, facts, CARDS.get)
        assert isinstance(fact, Fact)
        assert (fact.value, fact.origin.written) == (value, True)


@pytest.mark.parametrize(
    ("inner", "message", "word"),
    [
        ("eval/f2", "'qa-1' has no metric 'eval/f2'.", "eval/f2"),
        ("qa-0:eval/f2", "'qa-0' has no metric 'eval/f2'.", "eval/f2"),
        ("qa-9:eval/f1", "There is no card 'qa-9'.", ""),
        ("eval/f1@150", "'qa-1' has no eval/f1 at step 150.", ""),
        ("eval/f1@mean", "'qa-1' has no eval/f1 of several seeds.", ""),
        ("params/lr", "'qa-1' has no parameter 'lr'.", "params/lr"),
        ("eval/f1|d", "'d' is no way to write a number.", ""),
        ("eval/f1|.99f", "'.99f' is no way to write a number.", ""),
        ("eval/f1|{0.__class__}", None, ""),
        ("params/optimizer|.1f", "'params/optimizer' is no number", ""),
        ("params/bf16|.1f", "'params/bf16' is no number", ""),
        ("params/optimizer - eval/f1", "'params/optimizer' is no number", ""),
        ("eval/f1 - eval/f1 - eval/f1", "'qa-1' has no metric 'eval/f1 - eval/f1'.", None),
        ("learning rate", "'qa-1' has no metric 'learning rate'.", "learning rate"),
    ],
)
def test_why_there_is_no_value(inner: str, message: str | None, word: str | None) -> None:
    found = ask(inner)
    assert isinstance(found, Missing)
    assert message is None or found.message.startswith(message)
    assert word is None or found.word == word
    assert found.hint or found.known or "no card" in found.message
    assert say(inner) == f"[[{inner}]]"


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("eval/f1", "0.75"),
        ("eval/f1|%", "75.0%"),
        ("eval/f1|.2%", "75.00%"),
        ("eval/f1|f", "0.75"),
        ("eval/f1|.3f", "0.750"),
        ("eval/f1|.1e", "7.5e-01"),
        ("eval/f1|.1g", "0.8"),
        ("eval/f1| .1% ", "75.0%"),
        (r"eval/f1\|.1%", "75.0%"),
        ("params/learning_rate", "0.0001"),
        ("params/learning_rate|.0e", "1e-04"),
        ("params/optimizer", "adamw"),
        ("params/bf16", "true"),
        ("params/seed", "1"),
        ("eval/f1 - qa-0:eval/f1", "+0.05"),
        ("eval/f1 - qa-0:eval/f1|.1%", "+5.0%"),
        ("qa-0:eval/f1 - eval/f1|.1%", "-5.0%"),
        ("eval/f1 - eval/f1", "0"),
    ],
)
def test_how_live_values_are_written(inner: str, text: str) -> None:
    assert say(inner) == text


@given(
    st.floats() | st.integers(min_value=-(10**400), max_value=10**400),
    st.sampled_from(["", "%", ".1%", ".12f", ".0g", ".3e", "f"]),
    st.booleans(),
)
def test_any_number_can_be_written(number: float, form: str, signed: bool) -> None:
    minus = " - params/x" if signed else ""
    (value,) = find_live_values(f"[[eval/f1{minus}|{form}]]")
    assert "\n" not in format_live(value, Fact(number, FACTS.best.origin))  # type: ignore[union-attr]


def test_a_difference_names_both_of_its_values() -> None:
    (value,) = find_live_values("[[eval/f1 - qa-0:eval/f1]]")
    terms = look_up_terms(value, FACTS, CARDS.get)
    assert not isinstance(terms, Missing)
    assert [str(fact.origin) for fact in terms] == ["mlflow:a step 200", "mlflow:b step 200"]


def test_the_cards_that_a_text_quotes() -> None:
    body = (
        "[[qa-7:a]]\n## Goal\n[[qa-0:eval/f1]] [[qa-1:a]] `[[qa-8:a]]`\n"
        "## Notes\n[[a - qa-2:b]] [[qa-0:c]]\n"
    )
    assert list_quoted(make_facts("qa-1", body=body).card) == ("qa-7", "qa-0", "qa-2")


# One card in the terminal ----------------------------------------------------------------------


def test_show_fills_values_in_and_json_keeps_what_was_written() -> None:
    body = (
        "## Goal\nBeat [[qa-0:eval/f1|.1%]] by [[eval/f1 - qa-0:eval/f1]].\n\n## Notes\n[[gone]]\n"
    )
    facts = make_facts("qa-1", make_run(), body=body)
    shown = describe(facts, CARDS.get)
    assert "Beat 70.0% by +0.05." in shown
    assert "[[gone]] (no such value)" in shown
    goal, notes = describe_values(facts, CARDS.get)["sections"]
    assert goal["text"] == "Beat 70.0% by +0.05."
    assert goal["raw"] == "Beat [[qa-0:eval/f1|.1%]] by [[eval/f1 - qa-0:eval/f1]]."
    assert goal["live"][0]["value"] == 0.7
    assert goal["live"][0]["origin"] == "mlflow:b step 200"
    assert [one["origin"] for one in goal["live"][1]["terms"]] == [
        "mlflow:a step 200",
        "mlflow:b step 200",
    ]
    assert notes["live"] == [{"text": "[[gone]]", "value": None}]
    assert "raw" not in describe_values(BASE, CARDS.get)["sections"][0]


def test_the_command_line_fills_in_values_of_other_cards(project: Project) -> None:
    results = "results: [{step: 1, f1: 0.25}]\n"
    project.write("experiments/qa-0/card.md", f"---\ncode: qa-0\n{results}---\n## Goal\nA?\n")
    project.write(
        "experiments/qa-1/card.md",
        "---\ncode: qa-1\n---\n## Goal\nMore than [[qa-0:f1|%]]?\n\n[[qa-0:f2]], [[../x:f1]]\n",
    )
    shown = project.ok("show", "qa-1")
    assert "More than 25.0%?" in shown
    done = project.cardgen("check")
    assert done.status == 1
    assert "experiments/qa-1/card.md:7: error live-value: 'qa-0' has no metric 'f2'" in done.out
    assert re.search(r"live-value: .*'\.\./x:f1'", done.out)
