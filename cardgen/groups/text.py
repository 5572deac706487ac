"""A card's groups of runs as a table for a terminal, and as values for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cardgen.facts import Fact, Facts, Group, Member, Spread
from cardgen.groups import rank_groups, say_value
from cardgen.measures import format_number, format_spread, normalise

MAX_RUNS = 40
"""Runs that a terminal's table shows; of more, the means and the runs that are alone."""

_MOST_COLUMNS = 8
_MOST_DIFFERING = 4


def describe_groups(facts: Facts, numbers: Mapping[str, int]) -> Iterator[str]:
    """Runs and means with the best first; ``numbers`` are what runs are called by."""
    import tabulate  # noqa: PLC0415  # heavy, and not every card has several runs

    groups = rank_groups(facts.groups, facts.metric, facts.direction)
    metrics = _find_metrics(facts, groups)
    differing = list(dict.fromkeys(name for group in groups for name in _differing(group)))
    differing = differing[:_MOST_DIFFERING]
    many = sum(len(group.members) for group in groups) > MAX_RUNS
    rows = [
        row
        for group in groups
        for row in _rows(group, metrics, differing, numbers, with_runs=not many)
    ]
    nested = any(group.parents for group in groups)
    headers = ("run", "seed", *differing, "step", *metrics, *(("part of",) if nested else ()))
    title = "Runs by their best checkpoints, the best first"
    yield from ("", title, "-" * len(title))
    yield tabulate.tabulate(rows[:MAX_RUNS], headers, tablefmt="simple", disable_numparse=True)
    if len(rows) > MAX_RUNS:
        yield f"({len(rows) - MAX_RUNS} further rows)"


def _find_metrics(facts: Facts, groups: Sequence[Group]) -> list[str]:
    """The declared metric first."""
    names = dict.fromkeys(
        name for group in groups for member in group.members for name in member.metrics
    )
    wanted = normalise(facts.metric)
    return sorted(names, key=lambda name: normalise(name) != wanted)[:_MOST_COLUMNS]


def _differing(group: Group) -> dict[str, str]:
    return {
        name: say_value(value) for name, value in (*group.params.items(), *group.inputs.items())
    }


def _rows(
    group: Group, metrics: Sequence[str], differing: Sequence[str], numbers: Mapping[str, int],
    *, with_runs: bool,
) -> Iterator[tuple[str, ...]]:  # fmt: skip
    said = _differing(group)
    cells = tuple(said.get(name, "") for name in differing)
    parents = tuple(f"[{numbers[ref]}]" if ref in numbers else ref for ref in group.parents)
    above = (", ".join(parents),) if parents else ()
    if group.averaged:
        seeds = f"{len(group.counted)} seeds"
        yield "mean", seeds, *cells, "", *(_say(group.best.get(name)) for name in metrics), *above
    for member in group.members if with_runs or not group.averaged else ():
        step = member.best.step if member.best else None
        name = f"[{numbers.get(member.ref, member.ref)}]"
        yield (
            f"{name} ({member.left_out})" if member.left_out else name,
            member.seed,
            *cells,
            "" if step is None else format_number(step),
            *(_show(member.metrics.get(metric)) for metric in metrics),
            *above,
        )


def _show(fact: Fact[float] | None) -> str:
    return "" if fact is None else f"{fact.value:.6g}"


def _say(spread: Spread | None) -> str:
    if spread is None or spread.mean is None:
        return "" if spread is None or not spread.odd else f"{spread.odd[0][1]}"
    of = "" if spread.n == spread.of else f" ({spread.n} of {spread.of})"
    return f"{format_spread(spread.mean, spread.std)}{of}"


def groups_as_json(facts: Facts) -> dict[str, Any]:
    """The groups, and which of them leads (counted from 0; null for none)."""
    leading = [n for n, group in enumerate(facts.groups) if group is facts.leading]
    return {
        "headline": _spread(facts.headline) if facts.headline else None,
        "leading": leading[0] if leading else None,
        "groups": [_group(group) for group in facts.groups],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "parents": list(group.parents),
        "params": dict(group.params),
        "inputs": dict(group.inputs),
        "runs": [_member(member) for member in group.members],
        "best": {name: _spread(spread) for name, spread in group.best.items()},
        "metrics": {name: _spread(spread) for name, spread in group.finals.items()},
        "steps": [
            {
                "step": one.step,
                "metrics": {name: _spread(spread) for name, spread in one.metrics.items()},
            }
            for one in group.steps
        ],
    }


def _member(member: Member) -> dict[str, Any]:
    return {
        "ref": member.ref,
        "status": member.status,
        "seed": member.seed,
        "left_out": member.left_out,
        "step": member.best.step if member.best else None,
        "metrics": {name: fact.value for name, fact in member.metrics.items()},
    }


def _spread(spread: Spread) -> dict[str, Any]:
    values = asdict(spread)
    return {**values, "odd": [{"ref": ref, "value": value} for ref, value in spread.odd]}
