"""The JSON of MLflow's REST API, read without trusting its form."""

from __future__ import annotations

import math
from typing import Any

from cardgen.trackers._series import Point
from cardgen.trackers.mlflow.raw import RawDataset, RawVersion, as_metric

Json = dict[str, Any]

_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def find_dict(value: object, key: str) -> Json:
    """The object below a key; empty where there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def find_list(value: object, key: str) -> list[Json]:
    """The objects of the list below a key; empty where there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return [item for item in inner if isinstance(item, dict)] if isinstance(inner, list) else []


def find_text(value: object, key: str) -> str:
    """The text or number below a key as text; empty where there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return str(inner) if isinstance(inner, (str, int, float)) else ""


def find_pairs(value: Json, key: str) -> dict[str, str]:
    """A list of ``{key, value}`` as a dict."""
    return {find_text(pair, "key"): find_text(pair, "value") for pair in find_list(value, key)}


def as_int(value: object) -> int:
    """A whole number, also one that is written as text; 0 for anything else."""
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return 0


def make_point(metric: Json) -> Point:
    """A point of a metric's history."""
    return Point(
        _make_number(metric.get("value")),
        as_int(metric.get("step")),
        as_int(metric.get("timestamp")),
    )


def _make_number(value: object) -> float:
    """A metric's value: a number, or protobuf's word for what JSON has no number for."""
    if isinstance(value, str) and value in _NUMBERS:
        return _NUMBERS[value]
    number = as_metric(value)
    return math.nan if number is None else number


def make_datasets(inputs: list[Json]) -> tuple[RawDataset, ...]:
    """The data sets of a run's inputs, by name and context."""
    found = [
        RawDataset(
            name=find_text(find_dict(entry, "dataset"), "name"),
            digest=find_text(find_dict(entry, "dataset"), "digest"),
            source_type=find_text(find_dict(entry, "dataset"), "source_type"),
            source=find_text(find_dict(entry, "dataset"), "source"),
            context=find_pairs(entry, "tags").get("mlflow.data.context", ""),
        )
        for entry in inputs
    ]
    return tuple(sorted(found, key=lambda dataset: (dataset.name, dataset.context)))


def make_version(version: Json, aliases: list[tuple[str, str]]) -> RawVersion:
    """A registered version; ``aliases`` are those of its model, each with a version."""
    number = find_text(version, "version")
    return RawVersion(
        name=find_text(version, "name"),
        version=number,
        stage=find_text(version, "current_stage"),
        aliases=tuple(alias for alias, stands_for in aliases if stands_for == number),
        source=find_text(version, "source"),
        model_id=find_text(version, "model_id"),
    )
