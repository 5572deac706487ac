"""Answers that no MLflow server gives, from a server on the loopback: a run, or one sentence."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.trackers._address import Server
from cardgen.trackers.mlflow import rest
from cardgen.trackers.mlflow.run import make_run
from cardgen.trackers.mlflow.values import make_point
from tests.trackers.mlflow_runs import DATA
from tests.trackers.test_http import Handler, run_site, say

RUN = "a" * 32
KEYS = ["run", "info", "data", "metrics", "params", "tags", "key", "value", "step", "timestamp",
        "inputs", "dataset_inputs", "dataset", "model_inputs", "model_id", "outputs", "name",
        "model_outputs", "model_versions", "version", "aliases", "alias", "registered_model",
        "experiment", "start_time", "status", "next_page_token", "model", "source"]  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
ANSWERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)


def run_answer(**data: object) -> dict[str, Any]:
    return {"run": {"info": {"run_id": RUN, "experiment_id": "1", "status": "FINISHED"}, **data}}


@settings(max_examples=60, deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=6))
def test_any_answers_are_a_run_or_are_refused(answers: list[object]) -> None:
    first = run_answer(data=answers[0], inputs=answers[-1], outputs=answers[0])
    with run_site(say(first), *map(say, answers)) as site, contextlib.suppress(TrackerError):
        raw = rest.read_run(Server(site.url), RUN)
        make_run(raw, lambda run_id: f"mlflow:{run_id}", root=DATA).model_dump_json()


def test_a_server_that_is_too_old_for_a_question_is_asked_the_others() -> None:
    def answer(handler: Handler) -> None:
        path = handler.path.partition("?")[0].removeprefix("/api/2.0/mlflow/")
        known = {
            "runs/get": run_answer(data={"metrics": [{"key": "m", "value": 1.0}]}),
            "experiments/get": {"experiment": {"name": "old"}},
            "metrics/get-history": {"metrics": [{"key": "m", "value": "Infinity", "step": "3"}]},
        }
        say(known.get(path, {"error_code": "ENDPOINT_NOT_FOUND"}), 200 if path in known else 404)(
            handler
        )

    with run_site(answer) as site:
        raw = rest.read_run(Server(site.url), RUN)
    assert raw.experiment == "old"
    assert [(p.value, p.step) for p in raw.points["m"]] == [(float("inf"), 3)]
    assert raw.versions == ()


def test_pages_without_end_are_not_read_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_MAX_PAGES", 5)
    pages = [{"metrics": [{"value": 1}], "next_page_token": str(page)} for page in range(100)]
    first = run_answer(data={"metrics": [{"key": "m"}]})
    with run_site(say(first), say({}), *map(say, pages)) as site:
        raw = rest.read_run(Server(site.url), RUN)
    assert len(raw.points["m"]) <= 5


def test_a_value_that_is_missing_is_no_number() -> None:
    assert repr(make_point(json.loads('{"step": 1}')).value) == "nan"
