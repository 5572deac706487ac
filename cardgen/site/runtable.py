"""Several runs on a card's page: results by run, with means over those that differ in a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cardgen.facts import REPEAT, UNDONE, Fact, Facts, Group, Member
from cardgen.groups import label_group, rank_groups
from cardgen.measures import format_number, normalise
from cardgen.site.lines import is_process
from cardgen.site.numbers import format_full
from cardgen.site.runlines import Columns, LineMaker, make_cell
from cardgen.site.shown import Shower

MAX_COLUMNS = 12
"""Metrics that a table by run has columns for, at most."""

MAX_DIFFERING = 6
"""Differing parameters that it has columns for; the others are named below it."""

TALL = 25
"""Rows from which a table scrolls in its box, and single runs of groups are folded."""

MAX_STEPS = 100
"""Rows of the table of means by step."""

_MOST_NAMED = 12
_INPUTS = {
    "commit": "source_commit", "dirty": "source_dirty", "entrypoint": "source_entrypoint",
    "model": "model", "data": "data", "command": "field_train",
}  # fmt: skip


class RunTable:
    """Makes the tables by run of one card; ``facts`` must have groups."""

    def __init__(self, facts: Facts, shower: Shower) -> None:
        self.facts = facts
        self.labels = shower.labels
        self.shower = shower
        self.groups = rank_groups(facts.groups, facts.metric, facts.direction)
        self.params = _find_names(self.groups, lambda group: group.params)
        self.inputs = _find_names(self.groups, lambda group: group.inputs)
        self.members = [member for group in self.groups for member in group.members]

    # Tables ----------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        """Runs at their best checkpoints; where they are many, means alone and runs folded."""
        metrics = self._find_metrics()
        averaged = any(group.averaged for group in self.groups)
        many = averaged and len(self.members) > TALL
        return {
            "table": self._table(metrics, "best", with_members=not many),
            "runs": self._table(metrics, "best", with_means=False) if many else None,
            "notes": list(self._list_notes(averaged=averaged)),
            "direction": self.labels[f"direction_{self.facts.direction}"],
        }

    def finals(self) -> dict[str, Any] | None:
        """Last values that the table above does not show; of speed and the like, too."""
        above = set(self._find_metrics())
        names = {
            name: None
            for member in self.members
            for name, fact in member.finals.items()
            if name not in above or not _is_same(member.metrics.get(name), fact)
        }
        order = sorted(names, key=lambda name: (self._rank(name), name))
        return self._table(order[: 2 * MAX_COLUMNS], "finals") if order else None

    def steps(self) -> dict[str, Any] | None:
        """Means by step of the groups whose runs have several, as far as MAX_STEPS rows."""
        groups = [group for group in self.groups if len(group.steps) > 1]
        names = dict.fromkeys(n for g in groups for one in g.steps for n in one.metrics)
        metrics = sorted(names, key=self._rank)[:MAX_COLUMNS]
        sections, left = [], MAX_STEPS
        for group in groups:
            lines = [
                (
                    format_number(one.step),
                    [make_cell(one.metrics.get(name), self.shower) for name in metrics],
                )
                for one in group.steps[:left]
            ]
            left -= len(lines)
            if lines:
                name = label_group(group) if len(self.groups) > 1 else ""
                sections.append({"name": name, "lines": lines})
        if not sections:
            return None
        return {
            "metrics": [(name, name == self.facts.metric) for name in metrics],
            "sections": sections,
            "tall": MAX_STEPS - left > TALL,
            "cut": sum(len(group.steps) for group in groups) - (MAX_STEPS - left),
        }

    def _find_metrics(self) -> list[str]:
        """The declared metric, those of the checkpoints, then last values that judge a model."""
        in_rows = [name for m in self.members if m.best for name in m.best.metrics]
        finals = [name for m in self.members for name in m.metrics]
        names = [*dict.fromkeys(in_rows), *dict.fromkeys(finals)]
        kept = [name for name in dict.fromkeys(names) if not is_process(name)] or names
        return sorted(dict.fromkeys(kept), key=self._rank)[:MAX_COLUMNS]

    def _rank(self, name: str) -> tuple[bool, bool]:
        return normalise(name) != normalise(self.facts.metric), is_process(name)

    def _table(
        self, metrics: Sequence[str], kind: str, *, with_members: bool = True,
        with_means: bool = True,
    ) -> dict[str, Any]:  # fmt: skip
        columns = Columns(self.params[:MAX_DIFFERING], self.inputs, metrics)
        make = LineMaker(self.facts, self.shower, self.members, columns, kind)
        sections = [
            (
                (self._name_parents(parents), self._number_parents(parents)),
                [
                    line
                    for group in groups
                    for line in make.lines(group, with_members=with_members, with_means=with_means)
                ],
            )
            for parents, groups in _by_parents(self.groups).items()
        ]
        lines = [line for _, found in sections for line in found]
        return {
            "sections": [
                {"name": name, "number": number, "lines": found}
                for (name, number), found in sections
            ],
            "metrics": [(name, name == self.facts.metric) for name in metrics],
            "differing": [*self.params[:MAX_DIFFERING], *self._input_names()],
            "has": {
                "seed": any(line.seed for line in lines),
                "place": kind == "best" and any(line.place for line in lines),
            },
            "tall": len(lines) > TALL,
        }

    def _input_names(self) -> list[str]:
        return [self.labels[_INPUTS[name]] for name in self.inputs]

    def _name_parents(self, parents: Sequence[str]) -> str:
        names = [self.shower.names.get(ref, ref) for ref in parents[:_MOST_NAMED]]
        return ", ".join(names) + ("…" if len(parents) > _MOST_NAMED else "")

    def _number_parents(self, parents: Sequence[str]) -> int:
        """Of a parent that is itself on the card."""
        return self.shower.numbers.get(parents[0], 0) if len(parents) == 1 else 0

    # Notes -----------------------------------------------------------------------------------

    def _list_notes(self, *, averaged: bool) -> Iterator[str]:
        labels = self.labels
        rated = any(member.best for member in self.members)
        if self.facts.metric:
            yield labels["run_rule_best" if rated else "run_rule_last"].format(self.facts.metric)
        if rated and any(m.best and m.metrics.keys() - m.best.metrics for m in self.members):
            yield labels["run_rule_rest"]
        if averaged:
            yield labels["spread_rule"]
        left = [member for member in self.members if member.left_out]
        if left:
            yield labels["left_out"].format(self._list_members(left))
        if any(_is_undone(group) for group in self.groups):
            yield labels["undone_mean"]
        if len(self.params) > MAX_DIFFERING:
            names = self.params[MAX_DIFFERING:]
            cut = "…" if len(names) > _MOST_NAMED else ""
            yield labels["differ_too"].format(", ".join(names[:_MOST_NAMED]) + cut)

    def _list_members(self, members: Sequence[Member]) -> str:
        said = [f"{self.shower.numbers[m.ref]} ({self.reason(m)})" for m in members[:_MOST_NAMED]]
        more = len(members) - len(said)
        return ", ".join([*said, *([self.labels["and_more"].format(more)] if more else [])])

    def reason(self, member: Member) -> str:
        """Why a run is in no mean, in words."""
        if member.left_out == REPEAT:
            return self.labels["left_repeat"]
        return self.labels[f"status_{member.left_out}"]


def _by_parents(groups: Sequence[Group]) -> dict[tuple[str, ...], list[Group]]:
    found: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        found.setdefault(group.parents, []).append(group)
    return found


def _find_names(groups: Sequence[Group], read: Callable[[Group], Mapping[str, Any]]) -> list[str]:
    """What any of the groups differs in, in order."""
    return list(dict.fromkeys(name for group in groups for name in read(group)))


def _is_same(known: Fact[float] | None, fact: Fact[float]) -> bool:
    """Also where both are NaN."""
    return known is not None and format_full(known.value) == format_full(fact.value)


def _is_undone(group: Group) -> bool:
    return group.averaged and all(member.status in UNDONE for member in group.counted)
