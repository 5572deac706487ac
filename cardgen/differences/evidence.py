"""Differences of evidence: runs that came and went, and runs that say something else now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cardgen.differences.values import Change, same_number, show_value
from cardgen.facts import Facts
from cardgen.measures import flatten, format_number
from cardgen.models import Checkpoint, Curve, Metric, Run
from cardgen.store import EVIDENCE_NAME

REFILLED = "Evidence changed although no run was added."
OTHERWISE = "A run that was there before says something else now."

_UNDONE = ("running", "planned")
_LEFT_ALONE = frozenset(
    ("ref", "quoted", "tracker", "name", "experiment", "url", "description", "tags", "unavailable")
)
_LISTED = 12


def compare_evidence(old: Facts | None, new: Facts | None) -> Iterator[Change]:
    """Runs added and removed, and what the others say otherwise."""
    before, after = _find_runs(old), _find_runs(new)
    if old and new and old.card.evidence and not new.card.evidence:
        yield _lose_evidence(old, new)
        return
    for ref in [ref for ref in after if ref not in before]:
        yield Change("evidence", "run added", "", ref, _say_run(after[ref]))
    for ref in [ref for ref in before if ref not in after]:
        why = "A run was taken out of the card." if new else ""
        yield Change("evidence", "run removed", ref, "", _say_run(before[ref]), attention=why)
    grown = bool(after.keys() - before.keys())
    for ref in [ref for ref in before if ref in after]:
        yield from _compare_run(before[ref], after[ref], OTHERWISE if grown else REFILLED)


def _lose_evidence(old: Facts, new: Facts) -> Change:
    broken = any(
        problem.rule in ("evidence", "unreadable")
        or (problem.rule == "merge-conflict" and problem.path.endswith(EVIDENCE_NAME))
        for problem in new.card.problems
    )
    now, why = ("unreadable", "The evidence cannot be read.") if broken else ("", "")
    count = f"{len(old.runs)} run{'' if len(old.runs) == 1 else 's'}"
    why = why or "The evidence was deleted."
    return Change("evidence", "evidence", count, now, attention=why)


def _find_runs(facts: Facts | None) -> dict[str, Run]:
    return {run.ref: run for run in facts.runs} if facts else {}


def _say_run(run: Run) -> str:
    seed = run.environment.seed if run.environment else None
    parts = (run.name, run.status or "", "" if seed is None else f"seed {seed}")
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class _Moves:
    """How a run's values differ: ``changed`` and ``gone`` cannot come of a run that went on."""

    changed: tuple[str, ...]
    gone: tuple[str, ...]
    added: tuple[str, ...]
    went_on: bool


def _compare_run(old: Run, new: Run, why: str) -> Iterator[Change]:
    if old == new:
        return
    moves = _find_moves(old, new)
    lines = (*moves.changed, *(f"{name} is gone" for name in moves.gone))
    if lines:
        note = f"{len(lines)} value{'' if len(lines) == 1 else 's'}"
        if old.status in _UNDONE:
            why = ""
        yield Change(
            "evidence", "run changed", new.ref, new.ref, note, lines=_cut(lines), attention=why
        )
    if moves.went_on or (moves.added and not lines):
        note = (
            "went on"
            if moves.went_on
            else f"{len(moves.added)} value{'' if len(moves.added) == 1 else 's'} more"
        )
        more = () if moves.went_on else _cut(moves.added)
        yield Change(
            "evidence",
            "run continued" if moves.went_on else "run filled further",
            "",
            new.ref,
            note,
            lines=more,
        )


def _cut(lines: tuple[str, ...]) -> tuple[str, ...]:
    rest = len(lines) - _LISTED
    return lines if rest <= 0 else (*lines[:_LISTED], f"… and {rest} more")


def _find_moves(old: Run, new: Run) -> _Moves:
    before, after = dict(_list_values(old)), dict(_list_values(new))
    grew = old.status in _UNDONE or any(
        _has_grown(value, after[key]) for key, value in before.items() if key in after
    )
    changed, went_on = [], False
    for key, value in before.items():
        if key not in after or _same(value, after[key]):
            continue
        if _has_grown(value, after[key]) or (grew and key in _MOVING):
            went_on = True
        else:
            changed.append(f"{key}: {_show(value)} → {_show(after[key])}")
    gone = tuple(key for key in before if key not in after)
    added = tuple(key for key in after if key not in before)
    return _Moves(tuple(changed), gone, added, went_on or (grew and bool(added)))


_MOVING = frozenset(("status", "finished", "exit_status", "files", "output", "contains"))
"""What changes of itself while a run goes on."""


def _has_grown(old: Any, new: Any) -> bool:
    """Whether a value was measured later in the run than the one that it stands for."""
    if isinstance(old, Metric) and isinstance(new, Metric):
        return old.step is not None and new.step is not None and new.step > old.step
    if isinstance(old, Curve) and isinstance(new, Curve):
        return bool(old.steps and new.steps and new.steps[-1] > old.steps[-1])
    return False


def _list_values(run: Run) -> Iterator[tuple[str, Any]]:
    """All that a run measured and was made with, each by a name that readers understand."""
    for name, metric in run.metrics.items():
        yield f"metrics {name}", metric
    for point in run.checkpoints:
        where = _say_point(point)
        yield from ((f"{name} at {where}", value) for name, value in point.metrics.items())
    for name, value in flatten(run.params).items():
        yield f"params {name}", value
    for curve in run.curves:
        yield f"curve {curve.metric}", curve
    for name in ("source", "model", "environment"):
        record = getattr(run, name)
        said: Mapping[str, Any] = record.model_dump(exclude_defaults=True) if record else {}
        yield from ((f"{name} {key}", value) for key, value in said.items())
    rest = run.model_fields_set - _LEFT_ALONE - _APART
    yield from ((name, value) for name in sorted(rest) if (value := getattr(run, name)))


_APART = frozenset(("metrics", "checkpoints", "params", "curves", "source", "model", "environment"))


def _say_point(point: Checkpoint) -> str:
    if point.step is not None:
        return f"step {format_number(point.step)}"
    return f"epoch {format_number(point.epoch)}" if point.epoch is not None else point.path


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, Metric) and isinstance(new, Metric):
        return old.step == new.step and same_number(old.value, new.value)
    if isinstance(old, float) and isinstance(new, float):
        return same_number(old, new)
    if isinstance(old, Curve) and isinstance(new, Curve):
        return repr(old) == repr(new)  # NaN is NaN
    return bool(old == new)


def _show(value: Any) -> str:
    if isinstance(value, Metric):
        at = "" if value.step is None else f" at step {format_number(value.step)}"
        return f"{value.value!r}{at}"
    if isinstance(value, Curve):
        return f"{len(value.values)} points"
    if isinstance(value, tuple):
        return ", ".join(_say_item(item) for item in value)
    return show_value(value)


def _say_item(item: Any) -> str:
    for name in ("line", "name", "path"):
        if getattr(item, name, ""):
            return str(getattr(item, name))
    return str(item)
