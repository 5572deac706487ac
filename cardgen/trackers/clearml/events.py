"""What a task reported: events of scalars to points, and the times of all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cardgen.errors import TrackerError
from cardgen.trackers._series import Point
from cardgen.trackers.clearml.values import Json, find_text, parse_json, parse_ms

SCALAR = "training_stats_scalar"

MAX_POINTS = 5_000_000
"""Points of one task that are read."""

_SINGLE = -(2**31)  # the iteration of a value that was reported without one
_MONITOR = ":monitor:"
_TRIES = 64


@dataclass(frozen=True)
class Reported:
    """Points by metric, the first and last event's time, who reported.

    ``damaged`` is true where a line between others could not be read.
    """

    points: dict[str, list[Point]]
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    worker: str = ""
    damaged: bool = False


def read_lines(lines: Iterable[bytes]) -> Iterator[list[Json] | None]:
    """The events of each line, a JSON list; None for a line that is none.

    Of a last line that a crash cut, the events that are whole.
    """
    for line in lines:
        if not line.strip():
            continue
        cut = not line.endswith(b"\n")
        try:
            events = parse_json(line)
        except ValueError:
            events = _save_cut(line) if cut else None
        ok = isinstance(events, list)
        yield [event for event in events if isinstance(event, dict)] if ok else None


def _save_cut(line: bytes) -> list[Any]:
    end = len(line)
    for _ in range(_TRIES):
        end = line.rfind(b"}", 0, end)
        if end < 0:
            break
        try:
            return list(parse_json(line[: end + 1] + b"]"))
        except (ValueError, TypeError):
            continue
    return []


def collect_events(batches: Iterable[list[Json] | None], task_id: str) -> Reported:
    """The points that the task itself reported; those of its models are left out."""
    series: dict[tuple[str, str], list[Point]] = {}
    first: float | None = None
    last: float | None = None
    damaged = False
    count, worker = 0, ""
    for batch in batches:
        damaged = damaged or batch is None
        own = [event for event in batch or () if _is_own(event, task_id)]
        times = [event["timestamp"] for event in own if parse_ms(event.get("timestamp"))]
        first = min([*times, *([first] if first else [])], default=None)
        last = max([*times, *([last] if last else [])], default=None)
        worker = worker or next(filter(None, (find_text(event, "worker") for event in own)), "")
        for event, point in ((event, _make_point(event)) for event in own):
            if point is not None:
                count += 1
                key = (str(event["metric"]), str(event.get("variant")))
                series.setdefault(key, []).append(point)
        _refuse_count(count)
    return Reported(_name_series(series), parse_ms(first), parse_ms(last), worker, damaged)


def _refuse_count(count: int) -> None:
    if count > MAX_POINTS:
        raise TrackerError(
            f"The task reported more than {MAX_POINTS:,} points.", "Report less often."
        )


def _is_own(event: Json, task_id: str) -> bool:
    if event.get("model_event"):
        return False
    return not task_id or event.get("task", task_id) == task_id


def _make_point(event: Json) -> Point | None:
    value, step = event.get("value"), event.get("iter")
    if event.get("type") != SCALAR or not isinstance(event.get("metric"), str):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    whole = isinstance(step, int) and not isinstance(step, bool) and _SINGLE < step < 2**63
    time = event.get("timestamp")
    order = float(time) if parse_ms(time) is not None else 0.0  # type: ignore[arg-type]
    return Point(number, step if whole else None, order)


def _name_series(series: dict[tuple[str, str], list[Point]]) -> dict[str, list[Point]]:
    """Points by one name: ``eval/loss``; just ``lr`` where title and series are the same.

    A value that was reported without an iteration goes by its own name, without ``Summary``.
    """
    named: dict[str, list[Point]] = {}
    for (metric, variant), points in sorted(series.items()):
        single = metric == "Summary" and all(point.step is None for point in points)
        name = make_name(metric, variant, single=single)
        if name in named:
            name = f"{metric} / {variant}"
        named[name] = points
    return named


def make_name(metric: str, variant: str, *, single: bool = False) -> str:
    """A metric's name from its title and series; the machine's own figures begin ``system/``."""
    if metric.startswith(_MONITOR):
        return f"system/{metric.removeprefix(_MONITOR)}/{variant}"
    if single or metric == variant:
        return variant
    return f"{metric}/{variant}"
