"""What an Aim run tracked: numbers by metric and context, as points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cardgen.trackers._series import Number, Point
from cardgen.trackers.aim.tree import Part, find_below

Store = Mapping[bytes, bytes]
"""One of a run's databases: encoded values by encoded path."""

_SYSTEM = "__system__"


@dataclass
class Tracked:
    """Points by metric, epochs by step, and whether a series had a context that is not known."""

    points: dict[str, list[Point]] = field(default_factory=dict)
    epochs: dict[Number | None, float] = field(default_factory=dict)
    nameless: bool = False


def collect_points(run_hash: str, meta: Store, seqs: Store) -> Tracked:
    """All numbers by the name of their metric in its context.

    A series whose context is lost is left out: by its name alone it may be another.
    """
    contexts = _find_contexts(meta, run_hash)
    tracked = Tracked()
    for (context, name), columns in _collect_columns(run_hash, seqs):
        if context not in contexts:
            tracked.nameless = True
            continue
        points = tracked.points.setdefault(make_name(str(name), contexts[context]), [])
        for index, point in _make_points(columns):
            points.append(point)
            if index in columns.get("epoch", {}):
                tracked.epochs[point.step] = float(columns["epoch"][index])
    return tracked


def _collect_columns(
    run_hash: str, seqs: Store
) -> Iterator[tuple[tuple[Part, Part], dict[str, dict[Part, Any]]]]:
    """The columns of each series (``val``, ``step``, ``epoch``, ``time``), each by its index."""
    for version in (("v2",), ()):
        found: dict[tuple[Part, Part], dict[str, dict[Part, Any]]] = {}
        for path, value in find_below(seqs, "seqs", *version, "chunks", run_hash):
            if len(path) == 4 and isinstance(value, (int, float)) and not isinstance(value, bool):
                context, name, column, index = path
                found.setdefault((context, name), {}).setdefault(str(column), {})[index] = value
        yield from found.items()


def _make_points(columns: Mapping[str, Mapping[Part, Any]]) -> Iterator[tuple[Part, Point]]:
    """The points of a series with their index, which in Aim's older form is the step itself."""
    steps, times = columns.get("step"), columns.get("time", {})
    for index, value in columns.get("val", {}).items():
        step = steps.get(index) if steps is not None else index
        if isinstance(step, (int, float)) and math.isfinite(step):
            yield index, Point(float(value), _as_step(step), float(times.get(index, 0)))


def _as_step(step: Number) -> Number:
    return int(step) if step == int(step) else step


def _find_contexts(meta: Store, run_hash: str) -> dict[Part, dict[str, Any]]:
    """The parts of each context, by its number; an empty context has none."""
    contexts: dict[Part, dict[str, Any]] = {}
    for path, value in find_below(meta, "meta", "chunks", run_hash, "contexts"):
        parts = contexts.setdefault(path[0], {}) if path else {}
        if len(path) > 1 and isinstance(value, (str, int, float)):
            parts["/".join(map(str, path[1:]))] = value
    return contexts


def make_name(name: str, context: Mapping[str, Any]) -> str:
    """A metric's name in its context: ``val/accuracy`` for ``{"subset": "val"}``.

    Other parts of a context come before that, as in ``fold=2/val/accuracy``; what Aim measures by
    itself begins with ``system/``.
    """
    if name.startswith(_SYSTEM):
        name = f"system/{name.removeprefix(_SYSTEM)}"
    parts = [f"{key}={value}" for key, value in sorted(context.items()) if key != "subset"]
    subset = context.get("subset")
    return "/".join([*parts, *([str(subset)] if subset not in (None, "") else []), name])
