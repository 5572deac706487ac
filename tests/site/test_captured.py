"""What a card's page says of runs that 'cardgen run' recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from cardgen.models import Command, Environment, Metric, Run, Source
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card
from tests.site.cards import Element, assert_inert, make_context, make_facts, parse, render

BARE = "---\ncode: qa-1\n---\n"
START = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


def make_run(**more: object) -> Run:
    values = {
        "ref": "run:20261121T100000Z-ab12cd",
        "tracker": "run",
        "status": "finished",
        "exit_status": 0,
        "started": START,
        "finished": START + dt.timedelta(minutes=90),
        "commands": (Command(line="python train.py --seed 3"),),
        "source": Source(branch="main", commit="4d8885b", dirty=True, patch="run-x.patch"),
        "environment": Environment(python="3.12.1", seed=3),
    }
    return Run.model_validate(values | more)


def rows_of(element: Element) -> dict[str, str]:
    """The facts of a list: label -> text."""
    found = {}
    for row in element.all("div"):
        if row.all("dt") and row.all("dd"):
            found[row.all("dt")[0].text] = row.all("dd")[0].text
    return found


def test_how_it_ended_and_what_it_was(prose: ProseRenderer) -> None:
    page = render(prose, BARE, [make_run()])
    rows = rows_of(page.part("runs"))
    assert rows["exit status"] == "0"
    assert rows["kind"] == "Training"
    assert "(1 h 30 min)" in rows["times"]
    source = rows_of(page.part("source"))
    assert source["uncommitted changes"] == "yes"
    assert source["changes kept in"] == "run-x.patch"
    assert not [a for a in page.part("source").all("a") if "patch" in a.attributes["href"]]


@pytest.mark.parametrize(
    ("status", "text"),
    [(7, "7"), (-9, "ended by SIGKILL"), (-2, "ended by SIGINT"), (-4242, "ended by 4242")],
)
def test_exit_statuses(prose: ProseRenderer, status: int, text: str) -> None:
    page = render(prose, BARE, [make_run(status="failed", exit_status=status)])
    assert rows_of(page.part("runs"))["exit status"] == text


def test_a_prediction(prose: ProseRenderer) -> None:
    command = Command(line="python predict.py", kind="predict")
    page = render(prose, BARE, [make_run(commands=(command,))])
    assert rows_of(page.part("runs"))["kind"] == "Prediction"


def test_runs_inside_are_linked_and_counted_once(prose: ProseRenderer) -> None:
    inside = Run(
        ref="mlflow:8c1f",
        tracker="mlflow",
        status="running",
        metrics={"eval/f1": Metric(value=0.5)},
        started=START,
        finished=START + dt.timedelta(minutes=80),
    )
    captured = make_run(contains=("mlflow:8c1f", "wandb:lost"))
    facts = make_facts(BARE, [captured, inside])
    page = parse(render_card(facts, make_context(prose, facts)).body)
    row = rows_of(page.part("runs"))["contains"]
    assert row == "2 mlflow:8c1f, wandb:lost"
    assert "#run-2" in [a.attributes["href"] for a in page.part("runs").all("a")]
    assert facts.status
    assert facts.status.value == "finished"
    assert "1 h 30 min" in page.text
    assert "2 h 50 min" not in page.text


def test_what_no_tracker_told(prose: ProseRenderer) -> None:
    page = render(prose, BARE, [make_run(unavailable=("params", "metrics", "model", "data"))])
    assert (
        "What cardgen run left here cannot hold: parameters, metrics, starting model, data."
        in page.text
    )


def test_hostile_names_are_text(prose: ProseRenderer) -> None:
    bad = "<img src=x onerror=alert(1)>"
    run = make_run(contains=(bad,), description=bad, source=Source(commit="a", patch=bad))
    facts = make_facts(BARE, [run])
    body = render_card(facts, make_context(prose, facts)).body
    assert_inert(body)
    assert bad in parse(body).text
