"""Evidence as text: the same evidence gives the same bytes, and those give the evidence."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.errors import StoreError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.models import (
    Checkpoint,
    Command,
    Curve,
    Environment,
    Evidence,
    Metric,
    Run,
    RunFile,
    Source,
)
from tests.strategies import EVIDENCE

ROOT = Path(__file__).parents[1]
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((ROOT / "schema" / "evidence.schema.json").read_text(encoding="utf-8"))
)

RUN = Run(
    ref="mlflow:8c1f",
    tracker="mlflow",
    status="finished",
    started="2023-08-09T12:00:00+02:00",  # type: ignore[arg-type]
    tags={"polqa": "", "a": "b"},
    commands=(Command(line="python train.py"), Command(line="python p.py", kind="predict")),
    source=Source(commit="12e4567", dirty=False),
    params={"lr": 1e-4, "seed": 2**60, "nan": math.nan, "nested": {"a": [1, None, True]}},
    metrics={"eval/f1": Metric(value=0.5, step=20), "zéta": Metric(value=-math.inf)},
    checkpoints=(
        Checkpoint(step=10, metrics={"eval/f1": math.nan}),
        Checkpoint(step=20, epoch=1.5, path="checkpoint-20", metrics={"eval/f1": 0.5}),
    ),
    curves=(Curve(metric="loss", steps=(1, 2.5), values=(1.0, math.inf)),),
    environment=Environment(python="3.11", seed=7, packages={"torch": "2.1", "numpy": "1.26"}),
    files=(RunFile(path="model.bin", size=3), RunFile(path="a.txt")),
    unavailable=("commands",),
)

TEXT = """{
  "code": "qa-1",
  "runs": [
    {
      "checkpoints": [
        {"metrics": {"eval/f1": "NaN"}, "step": 10},
        {"epoch": 1.5, "metrics": {"eval/f1": 0.5}, "path": "checkpoint-20", "step": 20}
      ],
      "commands": [
        {"line": "python train.py"},
        {"kind": "predict", "line": "python p.py"}
      ],
      "curves": [
        {"metric": "loss", "steps": [1, 2.5], "values": [1.0, "Infinity"]}
      ],
      "environment": {
        "packages": {
          "numpy": "1.26",
          "torch": "2.1"
        },
        "python": "3.11",
        "seed": 7
      },
      "files": [
        {"path": "model.bin", "size": 3},
        {"path": "a.txt"}
      ],
      "metrics": {
        "eval/f1": {"step": 20, "value": 0.5},
        "zéta": {"value": "-Infinity"}
      },
      "params": {
        "lr": 0.0001,
        "nan": "NaN",
        "nested": {"a": [1, null, true]},
        "seed": "1152921504606846976"
      },
      "ref": "mlflow:8c1f",
      "source": {
        "commit": "12e4567",
        "dirty": false
      },
      "started": "2023-08-09T10:00:00Z",
      "status": "finished",
      "tags": {
        "a": "b",
        "polqa": ""
      },
      "tracker": "mlflow",
      "unavailable": [
        "commands"
      ]
    }
  ],
  "schema": 1
}
"""


def test_the_text_of_evidence() -> None:
    assert format_evidence(Evidence(code="qa-1", runs=(RUN,))) == TEXT
    assert format_evidence(parse_evidence(TEXT)) == TEXT


def test_missing_nan_and_infinite_are_three_things() -> None:
    (run,) = parse_evidence(TEXT).runs
    assert math.isnan(run.checkpoints[0].metrics["eval/f1"])
    assert run.curves[0].values[1] == math.inf
    assert run.metrics["zéta"].value == -math.inf
    assert run.checkpoints[0].epoch is None


def test_the_smallest_evidence() -> None:
    text = format_evidence(Evidence(code="qa-1"))
    assert text == '{\n  "code": "qa-1",\n  "runs": [],\n  "schema": 1\n}\n'
    assert parse_evidence(text) == Evidence(code="qa-1")


@given(EVIDENCE)
def test_format_and_parse_are_stable(evidence: Evidence) -> None:
    text = format_evidence(evidence)
    held = parse_evidence(text)
    assert format_evidence(held) == text
    assert format_evidence(parse_evidence(text.encode())) == text
    assert json.loads(text, parse_constant=pytest.fail)
    assert text.endswith("}\n")
    SCHEMA.validate(json.loads(text))
    assert held.code == evidence.code
    for before, after in zip(evidence.runs, held.runs, strict=True):
        assert (before.ref, before.started, before.tags) == (after.ref, after.started, after.tags)
        assert repr(before.metrics) == repr({k: after.metrics[k] for k in before.metrics})
        assert repr(before.checkpoints) == repr(
            tuple(
                new.model_copy(update={"metrics": {k: new.metrics[k] for k in old.metrics}})
                for old, new in zip(before.checkpoints, after.checkpoints, strict=True)
            )
        )
        assert repr(before.curves) == repr(after.curves)


def test_one_checkpoint_more_is_one_line_more() -> None:
    more = RUN.model_copy(update={"checkpoints": (*RUN.checkpoints, Checkpoint(step=30))})
    before = format_evidence(Evidence(code="qa-1", runs=(RUN,))).splitlines()
    after = format_evidence(Evidence(code="qa-1", runs=(more,))).splitlines()
    assert len(after) == len(before) + 1
    # The line before gets a comma.
    assert len(set(after) - set(before)) == 2


def test_half_characters_of_a_tracker_can_be_written() -> None:
    name = b"caf\xe9.bin".decode("utf-8", "surrogateescape")
    run = Run(ref="hf:x", tracker="hf", files=(RunFile(path=name),), params={name: ["\ud83d"]})
    text = format_evidence(Evidence(code="qa-1", runs=(run,)))
    assert text.encode().count("\ufffd".encode()) == 3
    assert parse_evidence(text).runs[0].files[0].path == "caf\ufffd.bin"


@pytest.mark.parametrize(
    "started",
    [
        dt.datetime(2023, 8, 9, 10, 0, 0, 120_000, tzinfo=dt.UTC),
        dt.datetime(2023, 8, 9, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=-5, minutes=-30))),
        dt.datetime(1970, 1, 1),  # trackers give such
    ],
)
def test_times_are_utc(started: dt.datetime) -> None:
    run = Run(ref="hf:x", tracker="hf", started=started)
    held = parse_evidence(format_evidence(Evidence(code="qa-1", runs=(run,)))).runs[0].started
    assert held is not None
    assert held.utcoffset() == dt.timedelta(0)
    assert held == (started if started.tzinfo else started.replace(tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid JSON"),
        (TEXT[:-100], "invalid JSON"),
        ("[]", "input should be an object"),
        ('{"code": "a", "runs": {}}', "runs: input should be a valid"),
        ('{"code": "a", "schema": 2}', "schema: input should be 1"),
        ('{"schema": 1}', "code: field required"),
        ('{"code": "a", "runs": [{"ref": "b", "tracker": "c", "x": 1}]}', r"runs\.0\.x: extra"),
        ('{"code": "a", "runs": ' + "[" * 100_000, "invalid JSON: recursion limit"),
        (b'{"code": "\xff"}', "invalid JSON"),
        ("\ufeff{}", "invalid JSON"),
        ('{"code": "\\ud800"}', "invalid JSON"),
    ],
)
def test_what_is_no_evidence(text: str | bytes, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        parse_evidence(text)
    assert caught.value.message.endswith(".")
    assert "cardgen fill" in caught.value.hint


@given(st.binary() | st.text(st.characters(codec="utf-8")))
def test_any_bytes_are_evidence_or_refused(text: str | bytes) -> None:
    with pytest.raises(StoreError):
        parse_evidence(text)


@given(st.integers(0, len(TEXT)), st.integers(0, 30), st.text('{}[]",:0123NaN-e \n', max_size=5))
def test_mutated_evidence_is_read_or_refused(at: int, cut: int, part: str) -> None:
    try:
        evidence = parse_evidence(TEXT[:at] + part + TEXT[at + cut :])
    except StoreError:
        return
    assert format_evidence(parse_evidence(format_evidence(evidence))) == format_evidence(evidence)
