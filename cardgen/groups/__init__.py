"""A card's runs by what decides their result: those that differ in their seed only are one group.

``find_groups`` says which runs belong together and gives their means; ``identity`` holds what
makes two runs alike, ``names`` which parameters are seeds or mere labels, ``spread`` the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cardgen.facts import UNDONE, Fact, Group, Member, Row, Spread, StepSpreads
from cardgen.groups.identity import Candidate, find_varying, tell_apart
from cardgen.groups.members import make_members
from cardgen.groups.nesting import find_candidates
from cardgen.groups.spread import spread_metrics
from cardgen.measures import Number, as_number
from cardgen.models import Direction, Run


def find_groups(
    runs: Sequence[Run], rows: Iterable[Row], metric: str, direction: Direction
) -> tuple[Group, ...]:
    """A card's runs in groups, in the runs' order; empty where not two have results.

    ``rows`` are those of the results table, in which a person may have corrected a number.
    """
    found = find_candidates(runs)
    if len(found) < 2:
        return ()
    varying = find_varying([one.params for one in found])
    by_run: dict[str, list[Row]] = {}
    for row in rows:
        by_run.setdefault(row.origin.ref, []).append(row)
    alike: dict[object, list[Candidate]] = {}
    for one in found:
        alike.setdefault(one.key(varying), []).append(one)
    told = tell_apart(list(alike.values()), varying)
    groups = []
    for members, (params, inputs) in zip(alike.values(), told, strict=True):
        made = make_members(members, by_run, metric, direction)
        groups.append(_make_group(members, made, by_run, params, inputs))
    return tuple(groups)


def find_leading(groups: Iterable[Group], metric: str, direction: Direction) -> Group | None:
    """The group whose mean is best, that of one run being its value; None without any."""
    first = next(iter(rank_groups(groups, metric, direction)), None)
    value = find_value(first, metric) if first else None
    return None if value is None or math.isnan(value) else first


def _is_done(group: Group) -> bool:
    return any(member.status not in UNDONE for member in group.counted)


def rank_groups(groups: Iterable[Group], metric: str, direction: Direction) -> list[Group]:
    """The groups with the best first, those without the metric last."""
    sign = -1.0 if direction == "max" else 1.0

    def rank(group: Group) -> tuple[bool, bool, float]:
        value = find_value(group, metric)
        if value is None or math.isnan(value):
            return True, True, 0.0
        return False, not _is_done(group), sign * value

    return sorted(groups, key=rank)


def find_value(group: Group, metric: str) -> float | None:
    """A group's mean of a metric at each run's best checkpoint, or the value of one run."""
    if spread := group.best.get(metric):
        return spread.mean
    members = group.counted or group.members
    known = [one.metrics[metric].value for one in members if metric in one.metrics]
    return known[0] if known else None


def _make_group(
    found: Sequence[Candidate],
    members: tuple[Member, ...],
    rows: Mapping[str, Sequence[Row]],
    params: Mapping[str, Any],
    inputs: Mapping[str, str],
) -> Group:
    parents = dict.fromkeys(
        one.run.ref if one.is_parent else one.run.parent or one.run.group for one in found
    )
    group = Group(members, tuple(filter(None, parents)), params, inputs)
    counted = group.counted
    if len(counted) < 2:
        return group
    return Group(
        members,
        group.parents,
        params,
        inputs,
        best=_spread([(one.ref, one.metrics) for one in counted], len(counted)),
        finals=_spread([(one.ref, one.finals) for one in counted], len(counted)),
        steps=_spread_steps([(one.ref, rows.get(one.ref, ())) for one in counted]),
    )


def _spread(found: Iterable[tuple[str, Mapping[str, Fact[float]]]], of: int) -> dict[str, Spread]:
    values: dict[str, dict[str, float]] = {}
    for ref, metrics in found:
        for name, fact in metrics.items():
            values.setdefault(name, {})[ref] = fact.value
    return spread_metrics(values, of)


def _spread_steps(found: Sequence[tuple[str, Sequence[Row]]]) -> tuple[StepSpreads, ...]:
    """Spreads of the checkpoints of each step that any of the runs has."""
    steps: dict[Number, list[tuple[str, Mapping[str, Fact[float]]]]] = {}
    for ref, rows in found:
        for row in rows:
            if row.step is not None:
                steps.setdefault(row.step, []).append((ref, row.metrics))
    return tuple(StepSpreads(step, _spread(steps[step], len(found))) for step in sorted(steps))


def label_group(group: Group, most: int = 3) -> str:
    """What a group is called beside others: the first few things that it differs in."""
    said = [f"{name}={say_value(value)}" for name, value in group.params.items()]
    said += [f"{name} {text[:24]}" for name, text in group.inputs.items() if text]
    cut = [*said[:most], "…"] if len(said) > most else said
    return ", ".join(cut)


def say_value(value: Any, most: int = 24) -> str:
    """A parameter in few characters: six digits of a number."""
    number = as_number(value)
    if number is not None and abs(number) < 1e15:
        return f"{number:.6g}" if isinstance(number, float) else str(number)
    text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
