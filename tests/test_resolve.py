"""Who is right when card and tracker differ, and where each value comes from."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Settings
from cardgen.documents import parse_card
from cardgen.facts import Fact, Facts, Origin, Row, find_best
from cardgen.models import (
    Card,
    Checkpoint,
    Command,
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

LABEL = "experiments/qa-1/card.md"


def facts_of(front: str, *runs: Run, **options: Any) -> Facts:
    card = parse_card(f"---\ncode: qa-1\n{front}---\n", Path(LABEL), "qa-1", LABEL)
    assert card.problems == (), card.problems
    evidence = Evidence(code="qa-1", runs=runs) if runs else None
    return resolve(_with_evidence(card, evidence), Settings(**options), LABEL)


def _with_evidence(card: Card, evidence: Evidence | None) -> Card:
    return replace(card, evidence=evidence)


def run(number: int = 1, **fields: Any) -> Run:
    return Run(ref=f"mlflow:{number}", tracker="mlflow", **fields)


def row(step: float | None, **metrics: float) -> Checkpoint:
    return Checkpoint(step=step, metrics={k.replace("__", "/"): v for k, v in metrics.items()})


def test_an_empty_card() -> None:
    facts = facts_of("")
    assert (facts.code, facts.title, facts.rows, facts.runs) == ("qa-1", "qa-1", (), ())
    assert (facts.status, facts.model, facts.source) == (None, None, None)
    assert (facts.best, facts.primary) == (None, None)
    assert facts.metric == ""


def test_a_card_alone_is_complete() -> None:
    facts = facts_of(
        "title: T\nstatus: finished\ndate: 2023-08-09\nauthors: Ann\ntags: [a, b]\n"
        "train: python t.py\npredict: [p, q]\nmodel: m\ndata: [d]\nparams: {a: {b: 1}}\n"
        "results: {f1: 0.5}\nsource: {commit: abc}\noutput: o\n"
    )
    assert facts.title == "T"
    assert facts.date == Fact(dt.date(2023, 8, 9), Origin(path=LABEL, line=5))
    assert [fact.value for fact in facts.predict] == ["p", "q"]
    assert facts.model == Fact(Model(name="m"), Origin(path=LABEL, line=10))
    assert facts.params == {"a/b": Fact(1, Origin(path=LABEL, line=12))}
    assert facts.source is not None
    assert facts.source.value == Source(commit="abc")
    assert facts.output[0].origin.written
    assert facts.primary == facts.finals["f1"] == Fact(0.5, Origin(path=LABEL, line=13))
    assert facts.conflicts == ()


def test_what_runs_recorded_fills_the_card() -> None:
    first = run(
        1,
        status="finished",
        started=dt.datetime(2023, 8, 10, 1, tzinfo=dt.UTC),
        author="ann",
        tags={"polqa": "", "user": "ann"},
        commands=(Command(line="python t.py"), Command(line="python p.py", kind="predict")),
        model=Model(name="plt5"),
        data=(Dataset(name="polqa"),),
        output=(Model(name="best"),),
        source=Source(commit="abc"),
        params={"lr": 0.1},
        environment=Environment(python="3.11"),
    )
    second = first.model_copy(
        update={
            "ref": "mlflow:2",
            "params": {"lr": 0.2},
            "started": dt.datetime(2023, 8, 9, tzinfo=dt.UTC),
        }
    )
    facts = facts_of("", first, second)
    assert facts.status == Fact("finished", Origin("mlflow:1"))
    assert facts.date == Fact(dt.date(2023, 8, 9), Origin("mlflow:2"))
    assert [fact.value for fact in facts.tags] == ["polqa"]
    assert [str(fact.origin) for fact in facts.train] == ["mlflow:1"]
    assert [fact.value for fact in facts.predict] == ["python p.py"]
    assert facts.params["lr"].others == (Fact(0.2, Origin("mlflow:2")),)
    assert [len(x) for x in (facts.authors, facts.data, facts.output)] == [1, 1, 1]
    assert len(facts.environments) == 2
    assert facts.conflicts == ()


def conflicts(front: str, *runs: Run) -> dict[str, tuple[Any, Any]]:
    found = facts_of(front, *runs).conflicts
    return {c.key: (c.written.value, c.recorded.value) for c in found}


def test_the_person_s_word_is_shown_and_the_difference_kept() -> None:
    facts = facts_of(
        "status: finished\nparams: {lr: 0.1}\n", run(status="failed", params={"lr": "0.2"})
    )
    assert facts.status == Fact("finished", Origin(path=LABEL, line=3))
    assert facts.params["lr"].value == 0.1
    assert [(c.key, c.recorded) for c in facts.conflicts] == [
        ("status", Fact("failed", Origin("mlflow:1"))),
        ("params.lr", Fact("0.2", Origin("mlflow:1"))),
    ]


@pytest.mark.parametrize(
    ("front", "recorded"),
    [
        ("status: superseded\n", {"status": "finished"}),
        ("date: 2023-08-09\n", {"started": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)}),
        ("tags: a\nauthors: b\n", {"tags": {"c": ""}, "author": "d"}),
        ("train: 'python  t.py'\n", {"commands": (Command(line="python t.py"),)}),
        ("model: plt5-base\n", {"model": Model(name="allegro/plt5-base", version="v1")}),
        ("source: {commit: 12e4567a}\n", {"source": Source(commit="12E4567A" + "0" * 32)}),
        ("source: {commit: abc}\n", {"source": Source(branch="main", dirty=True)}),
        ("data: {name: a, digest: 01ab}\n", {"data": (Dataset(name="a", digest="01ABCD"),)}),
        ("data: a\n", {"data": (Dataset(name="b", digest="x"),)}),
        ("params: {lr: 1e-3, A.B: adam}\n", {"params": {"lr": "0.001", "a_b": "adam"}}),
        ("params: {seed: 9007199254740993}\n", {"params": {"seed": "9007199254740993"}}),
        ("results: {step: 5, F1: 55.1, note: x}\n", {"checkpoints": (row(5, f1=55.14),)}),
        ("results: {step: 6, f1: 55.1}\n", {"checkpoints": (row(5, f1=1),)}),
    ],
)  # fmt: skip
def test_what_is_no_difference(front: str, recorded: dict[str, Any]) -> None:
    assert conflicts(front, run(**recorded)) == {}


def test_a_value_that_any_run_recorded_is_no_difference() -> None:
    runs = (run(1, status="failed", params={"lr": 1}), run(2, status="finished", params={"lr": 2}))
    assert conflicts("status: finished\nparams: {lr: 2}\n", *runs) == {}
    assert set(conflicts("status: aborted\nparams: {lr: 3}\n", *runs)) == {"status", "params.lr"}


def test_differences_of_all_kinds() -> None:
    recorded = run(
        commands=(Command(line="t"), Command(line="p", kind="predict")),
        model=Model(name="a", version="1"),
        data=(Dataset(name="d", digest="x"),),
        source=Source(commit="abc", branch="dev", dirty=False),
        checkpoints=(row(1, f1=0.5),),
    )
    front = (
        "train: u\npredict: q\nmodel: {name: a, version: '2'}\ndata: {name: d, digest: y}\n"
        "source: {commit: abd}\nresults: {step: 1, f1: 0.6}\n"
    )
    assert set(conflicts(front, recorded)) == {
        "train", "predict", "model", "data", "source", "results.f1"
    }  # fmt: skip
    assert set(conflicts("source: {branch: main}\n", recorded)) == {"source"}
    assert set(conflicts("source: {dirty: true}\n", recorded)) == {"source"}


# Results ---------------------------------------------------------------------------------------


def test_a_written_row_lies_over_the_recorded_one_of_its_step() -> None:
    recorded = run(checkpoints=(row(10, eval__f1=0.4, eval__loss=2.0), row(20, eval__f1=0.5)))
    facts = facts_of(
        "results:\n  - {step: 20, f1: 0.7, eval_f1: 0.5, path: c-20, epoch: 2}\n"
        "  - {step: 30, eval/f1: 0.6}\n",
        recorded,
    )
    assert [row.step for row in facts.rows] == [10, 20, 30]
    assert facts.rows[1].path == "c-20"
    assert facts.rows[1].epoch == 2
    assert set(facts.rows[1].metrics) == {"eval/f1", "f1"}
    assert facts.rows[1].metrics["f1"].origin == Origin(path=LABEL, line=4)
    assert facts.rows[0].metrics["eval/f1"].origin == Origin("mlflow:1", 10)
    assert str(facts.rows[0].metrics["eval/f1"].origin) == "mlflow:1 step 10"
    assert facts.best is facts.rows[2]


def test_the_best_row_is_the_first_of_the_best_and_never_nan() -> None:
    checkpoints = (row(1, f1=math.nan), row(2, f1=0.5), row(3, f1=0.5), row(4, f1=0.1))
    facts = facts_of("metric: f1\n", run(checkpoints=checkpoints))
    assert facts.best is not None
    assert facts.best.step == 2
    facts = facts_of("metric: f1\ndirection: min\n", run(checkpoints=checkpoints))
    assert facts.best is not None
    assert facts.best.step == 4
    assert facts_of("metric: f1\n", run(checkpoints=(row(1, f1=math.nan),))).best is None


def test_which_metric_counts() -> None:
    recorded = run(
        checkpoints=(row(1, eval__loss=1.0, eval__f1=0.5),), metrics={"test/f1": Metric(value=0.4)}
    )
    facts = facts_of("", recorded)
    assert (facts.metric, facts.metric_assumed, facts.direction) == ("eval/f1", True, "max")
    facts = facts_of("", recorded, metric="eval_loss")
    assert (facts.metric, facts.metric_assumed, facts.direction) == ("eval/loss", False, "min")
    facts = facts_of("metric: test/f1\n", recorded, metric="eval_loss")
    assert (facts.metric, facts.best) == ("test/f1", None)
    assert facts.primary == Fact(0.4, Origin("mlflow:1"))
    facts = facts_of("metric: bleu\n", recorded)
    assert (facts.metric, facts.best, facts.primary) == ("bleu", None, None)
    assert facts_of("", run(checkpoints=(row(1, loss=1.0),))).metric == "loss"


def test_last_values_of_several_runs() -> None:
    facts = facts_of(
        "results: {acc: 0.9}\n",
        run(1, metrics={"f1": Metric(value=0.5, step=3)}),
        run(2, metrics={"f1": Metric(value=0.6)}),
    )
    assert facts.finals["f1"].value == 0.5
    assert [fact.value for fact in facts.finals["f1"].others] == [0.6]
    assert facts.finals["acc"].origin.written


def test_numbers_that_no_double_holds() -> None:
    facts = facts_of(f"results: {{step: 1, f1: {10**400}}}\n", run(checkpoints=(row(1, f1=0.5),)))
    assert facts.rows[0].metrics["f1"].value == math.inf
    assert [c.key for c in facts.conflicts] == ["results.f1"]


FLOATS = st.lists(st.floats(), max_size=6)


@given(FLOATS, st.sampled_from(("max", "min")))
def test_best_of_any_numbers(values: list[float], direction: Any) -> None:
    origin = Origin("mlflow:1")
    rows = [Row(n, None, "", {"m": Fact(v, origin)}, origin) for n, v in enumerate(values)]
    best = find_best(rows, "m", direction)
    numbers = [value for value in values if not math.isnan(value)]
    choose = max if direction == "max" else min
    assert (best is None) == (not numbers)
    assert best is None or best.metrics["m"].value == choose(numbers)
    assert find_best(rows, "other", direction) is None


@given(CARDS, st.none() | EVIDENCE)
def test_any_card_and_evidence_come_together(text: str, evidence: Evidence | None) -> None:
    card = _with_evidence(parse_card(text, Path(LABEL), "qa-1", LABEL), evidence)
    facts = resolve(card, Settings(), LABEL)
    lines = text.count("\n") + 1
    for conflict in facts.conflicts:
        assert conflict.written.origin.written
        assert 1 <= conflict.written.origin.line <= lines
    recorded = {run.ref for run in facts.runs if run.ref}
    for fact in (*facts.params.values(), *facts.finals.values(), *facts.tags, *facts.train):
        origin = fact.origin
        assert origin.ref in recorded or origin.path == LABEL or not origin.ref
    assert facts.best is None or facts.best in facts.rows
    if card.front.status:
        assert facts.status is not None
        assert facts.status.value == card.front.status
    count = sum(len(run.checkpoints) for run in facts.runs)
    assert count <= len(facts.rows) <= count + len(card.front.results)


def test_what_was_planned_and_then_run_stands_as_the_run_does() -> None:
    run = Run(ref="mlflow:1", tracker="mlflow", status="finished")
    facts = facts_of("status: planned\n", run)
    assert facts.status is not None
    assert (facts.status.value, facts.status.origin.ref) == ("finished", "mlflow:1")
    assert facts.conflicts == ()
    assert facts_of("status: planned\n").status.value == "planned"  # type: ignore[union-attr]


def test_a_try_that_left_nothing_says_nothing_after_a_later_success() -> None:
    day = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    failed = Run(ref="run:1", tracker="run", status="failed", started=day)
    done = Run(ref="run:2", tracker="run", status="finished", started=day + dt.timedelta(hours=1))
    left = failed.model_copy(update={"metrics": {"loss": Metric(value=1.0)}})
    late = failed.model_copy(update={"started": day + dt.timedelta(hours=2)})
    for runs, status in (
        ((failed, done), "finished"),
        ((left, done), "failed"),
        ((late, done), "failed"),
        ((failed,), "failed"),
    ):
        facts = facts_of("", *runs)
        assert facts.status is not None
        assert facts.status.value == status
