"""Params, last values, curves and checkpoints: which of Neptune's attributes is what."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from cardgen.models import Metric, ParamValue
from cardgen.trackers._series import Point, Series, is_evaluation, split_series
from cardgen.trackers.neptune.mapping import Paths
from cardgen.trackers.neptune.values import Value

T = TypeVar("T")

# Integrations put all they log below "training/", which says nothing of what is below.
_BASE = re.compile(r"(?:.*/)?training/(.+)", re.DOTALL)
_TRAINS = re.compile(r"train\w*(?:$|[/_.\- ])", re.IGNORECASE)


def sort_scalars(
    attributes: Mapping[str, Value], paths: Paths, taken: Collection[str] = ()
) -> tuple[dict[str, ParamValue], dict[str, Metric]]:
    """Single values as params and as last values of metrics.

    ``taken`` are paths that another field shows already; those below a namespace of params stay
    params all the same.
    """
    params: list[tuple[str, str]] = []
    numbers: dict[str, Metric] = {}
    for path in sorted(attributes):
        if paths.ignores(path):
            continue
        value = attributes[path]
        field, called = paths.find_field(path, ("params", "metrics")) or ("", path)
        if field == "metrics" and isinstance(value, (int, float)) and not isinstance(value, bool):
            numbers[path] = Metric(value=float(value))
        elif field == "params":
            params.append((called, path))
        elif path not in taken:
            params.append((path, path))
    return {name: _as_param(attributes[path]) for name, path in _name_params(params)}, numbers


def split_named(series: Mapping[str, tuple[Point, ...]], paths: Paths) -> Series:
    """Split series by what their names say; the result has the names that Neptune shows."""
    shown = {path: points for path, points in series.items() if not paths.ignores(path)}
    judged = _judge_all(shown, paths)
    split = split_series({judged[path]: points for path, points in shown.items()})
    names = {name: path for path, name in judged.items()}
    curves = (curve.model_copy(update={"metric": names[curve.metric]}) for curve in split.curves)
    return Series(
        checkpoints=tuple(
            row.model_copy(update={"metrics": _rename(row.metrics, names)})
            for row in split.checkpoints
        ),
        curves=tuple(sorted(curves, key=lambda curve: curve.metric)),
        metrics=_rename(split.metrics, names),
    )


def _judge_all(series: Mapping[str, object], paths: Paths) -> dict[str, str]:
    """By path, the name that ``split_series`` is to judge it by; all of them differ."""
    epoch = next((path for path, _ in paths.select("epoch", series)), None)
    judged: dict[str, str] = {} if epoch is None else {epoch: "epoch"}
    used = {"epoch", *series}
    for number, path in enumerate(sorted(series)):
        if path in judged:
            continue
        kind = _find_kind(path, paths)
        name = f"{kind}/{number}" if kind else path
        while name in used and not (name == path != "epoch"):
            name += "'"
        judged[path] = name
        used.add(name)
    return judged


def _find_kind(path: str, paths: Paths) -> str:
    """``eval`` or ``train`` where that is known already, else empty: the name is to say it."""
    claim = paths.find_field(path, ("curves", "checkpoints"))
    if claim is not None:
        return "train" if claim[0] == "curves" else "eval"
    below = _BASE.fullmatch(path)
    if below and is_evaluation(below[1]):
        return "eval"
    return "train" if below and _TRAINS.match(below[1]) else ""


def _rename(values: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    return {names[key]: values[key] for key in sorted(values, key=names.__getitem__)}


def _name_params(params: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Short name and path; the path is the name too where two params want the same."""
    params = list(params)
    wanted = Counter(short for short, _ in params)
    return [(short if wanted[short] == 1 else path, path) for short, path in params]


def _as_param(value: Value) -> ParamValue:
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return sorted(value) if isinstance(value, frozenset) else value
