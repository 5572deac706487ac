"""The values: what they accept, what they refuse, and that they cannot be changed."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from cardgen import models
from cardgen.codes import find_fault
from cardgen.errors import UsageError
from cardgen.models import (
    CODE_PATTERN,
    Card,
    Dataset,
    Evidence,
    FrontMatter,
    Frozen,
    Model,
    Problem,
    Run,
    RunRef,
    Section,
    Source,
)

MODELS = [
    value
    for value in vars(models).values()
    if inspect.isclass(value)
    and issubclass(value, BaseModel)
    and value.__module__.startswith(models.__name__)
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_values_are_frozen_strict_about_keys_and_described(model: type[BaseModel]) -> None:
    assert issubclass(model, Frozen)
    assert model.model_config.get("frozen")
    assert model.model_config.get("extra") == "forbid"
    assert model.__doc__
    for name, field in model.model_fields.items():
        assert not isinstance(field.default, (list, set)), name


def test_nothing_is_changed_after_it_was_made() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Run(ref="a", tracker="b").ref = "c"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Run(ref="a", tracker="b", epochs=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"model": "org/name"}, {"model": Model(name="org/name")}),
        ({"model": {"name": "a", "version": "v1"}}, {"model": Model(name="a", version="v1")}),
        ({"data": "d"}, {"data": (Dataset(name="d"),)}),
        ({"data": ["d", {"path": "p"}]}, {"data": (Dataset(name="d"), Dataset(path="p"))}),
        ({"data": {"name": "d"}}, {"data": (Dataset(name="d"),)}),
        ({"output": "o"}, {"output": (Model(name="o"),)}),
        ({"tags": "one"}, {"tags": ("one",)}),
        ({"tags": None, "runs": None}, {"tags": (), "runs": ()}),
        ({"train": ["a", "b"]}, {"train": ("a", "b")}),
        ({"results": {"f1": 0.5}}, {"results": ({"f1": 0.5},)}),
        ({"date": "2023-08-09"}, {"date": dt.date(2023, 8, 9)}),
    ],
)
def test_short_forms(written: dict[str, object], read: dict[str, object]) -> None:
    front = FrontMatter.model_validate({"code": "qa-1", **written})
    assert {key: getattr(front, key) for key in read} == read


@pytest.mark.parametrize(
    "written",
    [
        {"code": "a b"},
        {"code": ""},
        {"code": 12},
        {"title": 12e45},
        {"status": "done"},
        {"tags": ["a", 2023]},
        {"source": {"commit": float("inf")}},
        {"source": {"dirty": "yes"}},
        {"source": {"entrypoint": "a.py"}},
        {"model": ["a", "b"]},
        {"results": ["a"]},
        {"params": "a"},
        {"direction": "up"},
    ],
)
def test_what_front_matter_refuses(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FrontMatter.model_validate({"code": "qa-1", **written})


@given(st.text(max_size=70) | st.from_regex(CODE_PATTERN, fullmatch=True))
def test_codes_are_one_pattern_everywhere(code: str) -> None:
    reserved = find_fault(code) == "is a name that Windows keeps for itself"
    assert bool(re.fullmatch(CODE_PATTERN, code)) == (not find_fault(code) or reserved)
    try:
        taken = FrontMatter(code=code).code == code
    except ValidationError:
        taken = False
    assert taken == bool(re.fullmatch(CODE_PATTERN, code))


def test_times_are_utc() -> None:
    naive, offset = "2023-08-09T10:00:00", "2023-08-09T12:00:00+02:00"
    for text in (naive, offset):
        run = Run.model_validate({"ref": "a", "tracker": "b", "started": text})
        assert run.started == dt.datetime(2023, 8, 9, 10, tzinfo=dt.UTC)


def test_evidence_knows_its_version_by_the_name_in_the_file() -> None:
    assert Evidence.model_validate({"schema": 1, "code": "a"}) == Evidence(code="a")
    with pytest.raises(ValidationError):
        Evidence.model_validate({"schema": 2, "code": "a"})


def test_a_run_is_named_in_full_or_as_the_card_quotes_it() -> None:
    run = Run(ref="mlflow:8c1fd0a2", quoted="mlflow:8c1f", tracker="mlflow")
    assert run.is_named("mlflow:8c1fd0a2")
    assert run.is_named(" mlflow:8c1f ")
    assert not run.is_named("mlflow:8c")
    assert not Run(ref="a:b", tracker="a").is_named("")


# Run refs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tracker", "locator"),
    [
        ("mlflow:8c1f", "mlflow", "8c1f"),
        (" hf:experiments/qa-1 ", "hf", "experiments/qa-1"),
        ("neptune:team/qa/QA-1", "neptune", "team/qa/QA-1"),
        ("mlflow:http://host:5000/#/runs/1", "mlflow", "http://host:5000/#/runs/1"),
        ("a_1: b c", "a_1", "b c"),
        ("hf:C:\\out", "hf", "C:\\out"),
    ],
)
def test_run_refs(text: str, tracker: str, locator: str) -> None:
    assert RunRef.parse(text) == RunRef(tracker, locator)
    assert RunRef.parse(str(RunRef.parse(text))) == RunRef.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", ":", "mlflow", "mlflow:", "mlflow: ", ":8c1f", "MLflow:1", "1a:b", "a b:c", "a-b:c"],
)
def test_what_is_no_run_ref(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no run ref\. Write it as tracker:locator"):
        RunRef.parse(text)


# Cards -----------------------------------------------------------------------------------------


def test_a_card_s_sections_and_whether_it_is_broken() -> None:
    sections = (
        Section("goal", "Goal", 1, "a\n"),
        Section("", "Notes", 3, "b"),
        Section("goal", "Cel", 5, "\nc"),
    )
    card = Card("qa-1", Path("e/qa-1/card.md"), FrontMatter(code="qa-1"), sections)
    assert (card.section("goal"), card.section("problems")) == ("a\n\nc", "")
    assert card.folder == Path("e/qa-1")
    assert not card.broken
    warned = Problem("e/qa-1/card.md", 1, "schema", "warning", "x")
    broken = Problem("e/qa-1/card.md", 1, "schema", "error", "x")
    assert not Card("qa-1", card.path, card.front, problems=(warned,)).broken
    assert Card("qa-1", card.path, card.front, problems=(warned, broken)).broken


def test_sources_of_card_and_tracker_share_their_fields() -> None:
    """What a person may write of a source is part of what a tracker records."""
    assert set(models.WrittenSource.model_fields) <= set(Source.model_fields)
