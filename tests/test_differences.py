"""Differences between two versions of a card, field by field."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Settings
from cardgen.differences import Change, compare_cards
from cardgen.differences.against import compare_with
from cardgen.differences.evidence import OTHERWISE, REFILLED
from cardgen.differences.prose import diff_text
from cardgen.documents import parse_card
from cardgen.facts import Facts
from cardgen.models import (
    Checkpoint,
    Curve,
    Dataset,
    Environment,
    Evidence,
    Metric,
    Model,
    Run,
    Source,
)
from cardgen.resolve import resolve
from tests.strategies import CARDS, EVIDENCE

RUN = Run(
    ref="mlflow:1",
    tracker="mlflow",
    status="finished",
    metrics={"eval/f1": Metric(value=0.5, step=2), "eval/loss": Metric(value=2.0, step=2)},
    checkpoints=(
        Checkpoint(step=1, metrics={"eval/f1": 0.4, "eval/loss": 3.0}),
        Checkpoint(step=2, metrics={"eval/f1": 0.5, "eval/loss": 2.0}),
    ),
    params={"lr": 1e-4, "optim": {"name": "adam"}},
    curves=(Curve(metric="train/loss", steps=(1, 2), values=(3.0, 2.0)),),
    model=Model(name="org/m", version="v1"),
    data=(Dataset(name="polqa", version="v1", context="training"),),
    source=Source(commit="a" * 40),
    environment=Environment(python="3.11", seed=1),
)
BODY = "## Goal\n\nIs it better? It may be.\n\n## Conclusions\n\nYes, it is.\n"


def make_facts(front: str = "", body: str = BODY, runs: tuple[Run, ...] = (RUN,)) -> Facts:
    card = parse_card(f"---\ncode: qa-1\n{front}---\n{body}", Path("/x/qa-1/card.md"), "qa-1", "c")
    evidence = Evidence(code="qa-1", runs=runs) if runs else None
    return resolve(replace(card, evidence=evidence), Settings())


def changed(run: Run = RUN, **values: Any) -> Run:
    return run.model_copy(update=values)


def compare(old: Facts | None, new: Facts | None) -> dict[str, Change]:
    found = compare_cards(old, new).changes
    return {f"{change.name} {change.note}".strip(): change for change in found}


def only(old: Facts, new: Facts) -> Change:
    (change,) = compare_cards(old, new).changes
    return change


def test_a_card_does_not_differ_from_itself() -> None:
    assert compare_cards(make_facts(), make_facts()).changes == ()


def test_line_breaks_and_comments_are_no_difference() -> None:
    body = "## Goal\n\nIs it\nbetter?\nIt may be. <!-- x -->\n\n## Conclusions\n\n\nYes, it is."
    assert compare_cards(make_facts(), make_facts(body=body)).changes == ()


@pytest.mark.parametrize(
    ("front", "name", "old", "new"),
    [
        ("title: B\n", "title", "", "B"),
        ("status: failed\n", "status", "finished", "failed"),
        ("tags: [a, b]\n", "tags", "", "a, b"),
        ("baseline: qa-0\n", "baseline", "", "qa-0"),
        ("supersedes: [qa-0]\n", "supersedes", "", "qa-0"),
        ("params: {lr: 3e-4}\n", "lr", "0.0001", "0.0003"),
        ("params: {warmup: 0}\n", "warmup", "", "0"),
        ("model: org/m2@v1\n", "model.name", "org/m", "org/m2"),
        ("model: org/m@v2\n", "model.version", "v1", "v2"),
        ("data: {name: polqa, version: v2, context: training}\n", "data polqa.version", "v1", "v2"),
        ("train: python a.py\n", "train", "", "python a.py"),
        ("output: org/out\n", "output", "", "org/out"),
        ("date: 2026-01-02\n", "date", "", "2026-01-02"),
    ],
)
def test_one_field(front: str, name: str, old: str, new: str) -> None:
    change = only(make_facts(), make_facts(front))
    assert (change.name, change.old, change.new) == (name, old, new)
    assert not change.attention
    back = only(make_facts(front), make_facts())
    assert (back.name, back.new) == (name, old)


def test_parameters_are_equal_by_value_and_name() -> None:
    same = make_facts("params: {LR: 0.0001}\n")
    assert compare_cards(make_facts(), same).changes == ()


def test_a_run_added_moves_the_metric() -> None:
    better = changed(
        ref="mlflow:2",
        metrics={},
        checkpoints=(Checkpoint(step=4, metrics={"eval/f1": 0.75, "eval/loss": 1.0}),),
        environment=None,
        params={"lr": 1e-3},
    )
    found = compare(make_facts(), make_facts(runs=(RUN, better)))
    assert found["run added finished"].new == "mlflow:2"
    head = found["eval/f1 best"]
    assert (head.old, head.new, head.difference, head.better) == ("0.5", "0.75", 0.25, True)
    assert head.headline
    assert head.attention == "The result moved, and the conclusions stayed."
    loss = found["eval/loss at the best checkpoint"]
    assert (loss.difference, loss.better, loss.attention) == (-1.0, True, "")
    assert found["checkpoints 1 added"].new == "3"
    assert found["best checkpoint"].new == "step 4"
    body = BODY.replace("Yes, it is.", "Yes, by far.")
    told = compare(make_facts(), make_facts(body=body, runs=(RUN, better)))
    assert not told["eval/f1 best"].attention


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"metrics": {"eval/f1": Metric(value=0.9, step=2)}}, "metrics eval/f1: 0.5 at step 2 → "),
        ({"params": {"lr": 1.0}}, "params lr: 0.0001 → 1"),
        ({"params": {"lr": 1e-4}}, "params optim/name is gone"),
        ({"checkpoints": RUN.checkpoints[:1]}, "eval/f1 at step 2 is gone"),
        ({"source": Source(commit="b" * 40)}, "source commit: aaaa"),
        ({"environment": Environment(python="3.11", seed=2)}, "environment seed: 1 → 2"),
        ({"data": (Dataset(name="other"),)}, "data: polqa → other"),
        ({"status": "failed"}, "status: finished → failed"),
        ({"curves": (Curve(metric="train/loss", steps=(1, 2), values=(3, 1)),)}, "curve train/l"),
    ],
)
def test_evidence_refilled_without_a_run_is_odd(values: dict[str, Any], line: str) -> None:
    found = compare(make_facts(), make_facts(runs=(changed(**values),)))
    (change,) = [one for one in found.values() if one.name == "run changed"]
    assert change.attention == REFILLED
    assert change.new == RUN.ref
    assert any(one.startswith(line) for one in change.lines), change.lines


def test_a_run_that_changes_beside_a_new_one_is_odd_too() -> None:
    runs = (changed(params={"lr": 1.0}), changed(ref="mlflow:2"))
    found = compare_cards(make_facts(), make_facts(runs=runs)).attention
    assert OTHERWISE in [change.attention for change in found]


def test_a_run_that_goes_on_is_not_odd() -> None:
    running = changed(status="running", checkpoints=RUN.checkpoints[:1], metrics={})
    found = compare(make_facts(runs=(running,)), make_facts())
    assert found["run continued went on"].new == RUN.ref
    assert not [one for one in found.values() if one.topic == "evidence" and one.attention]
    further = changed(
        metrics={"eval/f1": Metric(value=0.6, step=3), "eval/loss": Metric(value=1.0, step=3)},
        checkpoints=(*RUN.checkpoints, Checkpoint(step=3, metrics={"eval/f1": 0.6})),
    )
    found = compare(make_facts(), make_facts(runs=(further,)))
    assert "run continued went on" in found
    assert not [one for one in found.values() if one.topic == "evidence" and one.attention]


def test_what_a_tracker_tells_besides_is_not_odd() -> None:
    more = changed(author="ann", name="other", url="https://x.example", tags={"a": ""})
    found = compare_cards(make_facts(), make_facts(runs=(more,)))
    assert found.attention == ()
    assert [change.note for change in found.changes if change.topic == "evidence"] == [
        "1 value more"
    ]


def test_evidence_and_runs_that_go() -> None:
    gone = compare_cards(make_facts(), make_facts(runs=())).attention
    assert gone[0].attention == "The evidence was deleted."
    assert "The result is gone." in [change.attention for change in gone]
    second = changed(ref="mlflow:2")
    fewer = compare_cards(make_facts(runs=(RUN, second)), make_facts()).attention
    assert [change.attention for change in fewer] == ["A run was taken out of the card."]


def test_what_best_means_was_changed() -> None:
    old, new = make_facts("metric: eval/f1\n"), make_facts("metric: eval/loss\n")
    (change,) = compare_cards(old, new).attention
    assert (change.name, change.old, change.new) == ("metric", "eval/f1", "eval/loss")
    turned = make_facts("metric: eval/f1\ndirection: min\n")
    assert "The better direction of the metric was turned." in [
        change.attention for change in compare_cards(old, turned).attention
    ]
    assert compare_cards(make_facts(), old).changes == ()  # the metric that was assumed before


def test_an_accepted_finding_is_shown_with_its_reason() -> None:
    front = "accepted:\n  - {rule: goal-long, about: '1', reason: it is so}\n"
    (change,) = compare_cards(make_facts(), make_facts(front)).attention
    assert (change.name, change.new) == ("accepted goal-long", "1: it is so")
    assert not compare_cards(make_facts(front), make_facts()).attention


def test_texts_are_compared_by_sentence() -> None:
    body = BODY.replace("Is it better? It may be.", "Is it better?\nIt cannot be.")
    change = only(make_facts(), make_facts(body=body))
    assert (change.topic, change.name) == ("text", "goal")
    assert change.lines == ("- It may be.", "+ It cannot be.")
    items = diff_text("One:\n\n- a\n- b\n", "One:\n\n- a\n- c\n")
    assert items == ("- - b", "+ - c")
    assert diff_text("x. " * 5000, "y. " * 5000)[0] == "- 5000 sentences"
    assert all(len(line) <= 78 for line in diff_text("", "long " * 300 + "w" * 500))


def test_hostile_texts_are_compared_in_time() -> None:
    started = time.process_time()
    for one in ("a. b. " * 190, "- x\n" * 390, "." * 60_000, "? " * 30_000, "a" * 60_000):
        diff_text(one, one[::-1] + "z")
    assert time.process_time() - started < 20


def test_numbers_that_are_none() -> None:
    odd = changed(
        checkpoints=(Checkpoint(step=1, metrics={"eval/f1": float("nan")}),), metrics={}, curves=()
    )
    same = make_facts(runs=(odd,))
    assert compare_cards(same, make_facts(runs=(odd.model_copy(),))).changes == ()
    huge = changed(checkpoints=(Checkpoint(step=1, metrics={"eval/f1": float("inf")}),), metrics={})
    found = compare(make_facts(), make_facts(runs=(huge,)))
    assert found["eval/f1 best"].difference is None
    assert found["eval/f1 best"].better is True


def test_seeds_are_compared_by_their_means() -> None:
    seeds = tuple(
        changed(
            ref=f"mlflow:{n}",
            environment=Environment(seed=n),
            checkpoints=(Checkpoint(step=1, metrics={"eval/f1": 0.5 + n / 10}),),
            metrics={},
        )
        for n in (1, 2, 3)
    )
    found = compare(make_facts(runs=seeds[:2]), make_facts(runs=seeds))
    head = found["eval/f1 mean over seeds"]
    assert "(2 seeds)" in head.old
    assert "(3 seeds)" in head.new
    assert head.difference == pytest.approx(0.05)
    (first, *_) = compare_with(make_facts(runs=seeds), make_facts(), Settings())
    assert first.base is None  # the same code is no baseline


def test_against_another_card() -> None:
    card = parse_card(f"---\ncode: qa-0\n---\n{BODY}", Path("/x/qa-0/card.md"), "qa-0", "c")
    run = changed(
        checkpoints=(Checkpoint(step=1, metrics={"eval_f1": 0.45, "eval/loss": 1.5}),), metrics={}
    )
    base = resolve(replace(card, evidence=Evidence(code="qa-0", runs=(run,))), Settings())
    first, second = compare_with(make_facts(), base, Settings())
    assert (first.metric, first.base, first.better) == ("eval/f1", 0.45, True)
    assert first.difference == pytest.approx(0.05)
    assert (second.metric, second.base, second.better) == ("eval/loss", 1.5, False)
    settings = Settings(maximize=("eval/loss",))
    assert [one.better for one in compare_with(make_facts(), base, settings)] == [True, True]


@given(CARDS, st.none() | EVIDENCE, CARDS, st.none() | EVIDENCE)
def test_nothing_that_cards_say_ends_a_comparison(
    text: str, held: Evidence | None, other: str, kept: Evidence | None
) -> None:
    def load(text: str, evidence: Evidence | None) -> Facts:
        card = parse_card(text, Path("/x/qa-1/card.md"), "qa-1", "c")
        return resolve(replace(card, evidence=evidence), Settings())

    old, new = load(text, held), load(other, kept)
    assert compare_cards(old, load(text, held)).changes == ()
    for one in (compare_cards(old, new), compare_cards(None, new), compare_cards(old, None)):
        assert all(change.name or change.topic for change in one.changes)
    list(compare_with(new, old, Settings()))
