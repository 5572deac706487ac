"""Values for properties: cards' texts and evidence as hostile as the types allow."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from cardgen.models import (
    Checkpoint,
    Command,
    Curve,
    Dataset,
    Environment,
    Evidence,
    Metric,
    Model,
    Run,
    RunFile,
    Source,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NAMES = st.sampled_from(("loss", "eval/f1", "lr", "0", "Größe", "a b")) | TEXT
INTEGERS = st.integers(-(2**70), 2**70)
NUMBERS = INTEGERS | st.floats()
TIMES = st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(9999, 1, 1), timezones=st.just(dt.UTC))
STATUSES = st.sampled_from(("planned", "running", "finished", "failed", "aborted", None))
PARAMS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)

MODELS = st.builds(Model, name=TEXT, version=TEXT, kind=TEXT, url=TEXT, path=TEXT, digest=TEXT)
DATASETS = st.builds(Dataset, name=TEXT, version=TEXT, digest=TEXT, context=TEXT)
SOURCES = st.builds(
    Source, repository=TEXT, branch=TEXT, commit=TEXT, dirty=st.none() | st.booleans()
)
CHECKPOINTS = st.builds(
    Checkpoint,
    step=st.none() | NUMBERS,
    epoch=st.none() | st.floats(),
    path=TEXT,
    metrics=st.dictionaries(NAMES, st.floats(), max_size=3),
)
CURVES = st.builds(
    lambda metric, axis, points: Curve(
        metric=metric,
        axis=axis,
        steps=tuple(step for step, _ in points),
        values=tuple(value for _, value in points),
    ),
    NAMES,
    st.sampled_from(("step", "order")),
    st.lists(st.tuples(NUMBERS, st.floats()), max_size=4),
)


def tuples(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=2).map(tuple)


RUNS = st.builds(
    Run,
    ref=st.sampled_from(("mlflow:1", "mlflow:2", "hf:out/a b")) | TEXT,
    quoted=TEXT,
    tracker=st.sampled_from(("mlflow", "hf")),
    name=TEXT,
    parent=TEXT,
    status=STATUSES,
    started=st.none() | TIMES,
    finished=st.none() | TIMES,
    description=TEXT,
    tags=st.dictionaries(NAMES, TEXT, max_size=3),
    commands=tuples(st.builds(Command, line=TEXT, kind=st.sampled_from(("train", "predict")))),
    source=st.none() | SOURCES,
    params=st.dictionaries(NAMES, PARAMS, max_size=3),
    metrics=st.dictionaries(
        NAMES, st.builds(Metric, value=st.floats(), step=st.none() | NUMBERS), max_size=3
    ),
    checkpoints=tuples(CHECKPOINTS),
    curves=tuples(CURVES),
    model=st.none() | MODELS,
    data=tuples(DATASETS),
    output=tuples(MODELS),
    environment=st.none()
    | st.builds(
        Environment,
        python=TEXT,
        seed=st.none() | INTEGERS,
        packages=st.dictionaries(TEXT, TEXT, max_size=2),
    ),
    files=tuples(st.builds(RunFile, path=TEXT, size=st.none() | st.integers(0, 2**60))),
    unavailable=tuples(st.sampled_from(("commands", "source.commit", "status", "model", "x"))),
)
EVIDENCE = st.builds(Evidence, code=st.sampled_from(("qa-1", "qa-2")) | TEXT, runs=tuples(RUNS))

KEYS = st.sampled_from(
    (
        "code", "title", "status", "date", "authors", "tags", "baseline", "supersedes", "metric",
        "direction", "runs", "train", "predict", "model", "data", "params", "results", "source",
        "output", "x-own", "unknown", "step", "name", "commit", "eval/f1", "lr",
    )
)  # fmt: skip
SCALARS = st.sampled_from(
    (
        "qa-1", "qa 2", "12", "1e-4", ".nan", "-.inf", "null", "~", "", "true", "off", "2023-08-09",
        "finished", "mlflow:1", "eval/f1", "max", "'a: b'", '"\\u202e\\x07"', "Ünïcode 中文",
        "2023-08-09T10:00:00Z", "0x1F", "1_000", "12:30:45", "=", "!!str x", "&a x", "*a", "<<",
    )
)  # fmt: skip


def _flow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(KEYS, inner), max_size=3)
    return st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]") | pairs.map(
        lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items) + "}"
    )


VALUES = st.recursive(SCALARS, _flow, max_leaves=6)
FRONTS = st.lists(st.tuples(KEYS, VALUES), max_size=8).map(
    lambda items: "".join(f"{key}: {value}\n" for key, value in items)
)
"""Front matter that is often YAML and sometimes even valid."""

LINES = (
    "# Goal", "## Cel", "## Wnioski:", "## Conclusions {#c}", "## Notes", "One. Two. Three.",
    "```", "~~~~", "<!--", "-->", "---", "===", "", "Title", "- item", "> quote", "\tcode",
    "| a | b |", "[x](y", "$a$", "`b`", "![", "中文。好！", "to do", "\x00\x1b[31m\u2028",
)  # fmt: skip
BODIES = st.lists(st.sampled_from(LINES), max_size=8).map("\n".join)
CARDS = st.builds(lambda front, body: f"---\n{front}---\n{body}", FRONTS, BODIES)
"""Whole cards."""
