"""The runs of a group: the checkpoint that each counts with, and which are in no mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from cardgen.facts import REPEAT, UNDONE, Fact, Member, Origin, Row, find_best
from cardgen.groups.identity import Candidate
from cardgen.models import Direction, Run

_EARLY = dt.datetime.min.replace(tzinfo=dt.UTC)


def make_members(
    found: Sequence[Candidate],
    rows: Mapping[str, Sequence[Row]],
    metric: str,
    direction: Direction,
) -> tuple[Member, ...]:
    left_out = _leave_out(found)
    shown = [
        name
        for name in sorted({name for one in found for name in one.seeds})
        if len({one.seeds.get(name) for one in found}) > 1
    ]
    members = []
    for one in found:
        own = rows.get(one.run.ref, ())
        best, metrics = _select(one.run, own, metric, direction)
        names = shown or sorted(one.seeds, key=lambda name: (name != "seed", name))[:1]
        members.append(
            Member(
                ref=one.run.ref,
                status=one.run.status,
                seed=" · ".join(str(one.seeds[name]) for name in names if name in one.seeds),
                left_out=left_out.get(one.run.ref, ""),
                best=best,
                metrics=metrics,
                finals=_find_finals(one.run),
            )
        )
    return tuple(members)


def _select(
    run: Run, rows: Sequence[Row], metric: str, direction: Direction
) -> tuple[Row | None, Mapping[str, Fact[float]]]:
    """A run's best checkpoint and its values there, with last values that no checkpoint has."""
    rated = [row for row in rows if metric in row.metrics]
    finals = _find_finals(run)
    # Where all are NaN, the last one says so.
    best = find_best(rated, metric, direction) or (rated[-1] if rated else None)
    if best is None:
        return None, finals
    in_rows = {name for row in rows for name in row.metrics}
    left = {name: fact for name, fact in finals.items() if name not in in_rows}
    return best, {**best.metrics, **left}


def _find_finals(run: Run) -> dict[str, Fact[float]]:
    return {
        name: Fact(metric.value, Origin(run.ref, metric.step))
        for name, metric in run.metrics.items()
    }


def _leave_out(found: Sequence[Candidate]) -> dict[str, str]:
    """Why runs are in no mean, by ref: they did not finish, or repeat a seed.

    Where none finished, all count; of those with one seed, the first that started.
    """
    undone: dict[str, str] = {
        one.run.ref: str(one.run.status) for one in found if one.run.status in UNDONE
    }
    if len(undone) == len(found):
        undone = {}
    taken: set[object] = set()
    for one in sorted(found, key=lambda one: (one.run.started or _EARLY, one.run.ref)):
        seeds = tuple(sorted(one.seeds.items()))
        if one.run.ref not in undone:
            if seeds in taken:
                undone[one.run.ref] = REPEAT
            taken.add(seeds)
    return undone
