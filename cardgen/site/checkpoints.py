"""The results on a card's page: checkpoints and last values, of several runs the tables by run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from cardgen.facts import Fact, Facts, Row
from cardgen.measures import normalise
from cardgen.site.lines import group_rows, is_process
from cardgen.site.markup import Line, format_cell, format_row
from cardgen.site.numbers import MISSING, format_column, format_short
from cardgen.site.runtable import RunTable
from cardgen.site.shown import Shower, Shown

_TALL = 25
_FIRST_FINALS = 12
_MOST_ROWS = 200


class ResultTables:
    """Makes the tables of one card's results."""

    def __init__(self, facts: Facts, shower: Shower) -> None:
        self.facts = facts
        self.labels = shower.labels
        self.shower = shower

    def table(self) -> dict[str, Any] | None:
        """Of one run the checkpoints and last values, of several the runs and their means."""
        finals = [] if self.facts.groups else self._finals()
        if not self.facts.rows and not finals and not self.facts.groups:
            return None
        runs = RunTable(self.facts, self.shower) if self.facts.groups else None
        return {
            "by_run": runs.results() if runs else None,
            "by_run_finals": runs.finals() if runs else None,
            "steps": runs.steps() if runs else None,
            **self._checkpoints(self._choose_rows()),
            "finals": finals[:_FIRST_FINALS],
            "more_finals": finals[_FIRST_FINALS:],
            "more": self.labels["more_metrics"].format(len(finals) - _FIRST_FINALS),
            "direction": self.labels[f"direction_{self.facts.direction}"],
            "unknown": self._unknown_metric(),
        }

    def _checkpoints(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The table of checkpoints, run by run."""
        columns = self._columns(rows)
        cells = {name: self._cells(name, rows) for name in columns}
        steps = format_column([row.step for row in rows])
        epochs = format_column([row.epoch for row in rows])
        has = {
            "step": any(row.step is not None for row in rows),
            "epoch": any(row.epoch is not None for row in rows),
            "path": any(row.path for row in rows),
        }
        lines = [
            format_row(
                Line(
                    origin=str(row.origin),
                    step=steps[i] if has["step"] else None,
                    epoch=epochs[i] if has["epoch"] else None,
                    path=row.path if has["path"] else None,
                    best=row is self.facts.best,
                ),
                (self._format_cell(cells[name][i], name, row) for name in columns),
            )
            for i, row in enumerate(rows)
        ]
        groups = self._groups(rows, lines)
        count = len(group_rows(self.facts.rows))
        return {
            "columns": [(name, name == self.facts.metric) for name in columns],
            "has": has,
            "groups": groups,
            "by_hand": any(not row.origin.ref for row in rows),
            "tall": len(rows) > _TALL,
            "cut": self.labels["rows_cut"].format(len(groups), count) * (len(groups) < count),
        }

    def _choose_rows(self) -> Sequence[Row]:
        """All rows; of very many runs those of the first, and of the best ones before others."""
        rows = self.facts.rows
        if not self.facts.groups or len(rows) <= _MOST_ROWS:
            return rows
        by_run = group_rows(rows)
        leading = self.facts.leading.members if self.facts.leading else ()
        first = [self.facts.best.origin.ref] if self.facts.best else []
        order = dict.fromkeys([*first, *(member.ref for member in leading), *by_run])
        kept: set[str] = set()
        count = 0
        for ref in order:
            count += len(by_run.get(ref, ()))
            if count > _MOST_ROWS and kept:
                break
            kept.add(ref)
        return [row for row in rows if row.origin.ref in kept]

    def _unknown_metric(self) -> str:
        """Said where the declared metric is none that was logged."""
        if not self.facts.metric or self.facts.primary:
            return ""
        return self.labels["metric_unknown"].format(self.facts.metric)

    def _columns(self, rows: Iterable[Row]) -> list[str]:
        """The metrics of the table: the declared one first, those of speed last."""
        names = dict.fromkeys(name for row in rows for name in row.metrics)
        return sorted(names, key=lambda name: (name != self.facts.metric, is_process(name)))

    def _cells(self, name: str, rows: Sequence[Row]) -> list[Shown]:
        facts = [row.metrics.get(name) for row in rows]
        texts = format_column([fact.value if fact else None for fact in facts])
        return [
            self.shower.show(fact, text) if fact else Shown(MISSING)
            for fact, text in zip(facts, texts, strict=True)
        ]

    def _format_cell(self, shown: Shown, name: str, row: Row) -> str:
        declared = name == self.facts.metric
        best = declared and row is self.facts.best
        return format_cell(shown, self.labels["best"] if best else "", declared=declared)

    def _groups(self, rows: Sequence[Row], lines: Sequence[str]) -> list[dict[str, Any]]:
        """The table's lines by run, with a heading each where there are several."""
        known = {id(row): line for row, line in zip(rows, lines, strict=True)}
        grouped = group_rows(rows)
        names: Mapping[str, str] = self.shower.names
        return [
            {
                "name": names.get(ref, ref) if len(grouped) > 1 else "",
                "number": self.shower.numbers.get(ref, 0),
                "lines": Markup(  # noqa: S704  # rows escape their values
                    "".join(known[id(row)] for row in members)
                ),
            }
            for ref, members in grouped.items()
        ]

    # Last values -----------------------------------------------------------------------------

    def _finals(self) -> list[tuple[str, list[Shown]]]:
        """Last values that the table does not end with, those of quality first."""
        last = _find_last(self.facts.rows)
        left = {
            name: fact for name, fact in self.facts.finals.items()
            if not fact.origin.written and not _is_same(last.get(name), fact)
        }  # fmt: skip
        wanted = normalise(self.facts.metric)
        names = sorted(left, key=lambda n: (normalise(n) != wanted, is_process(n), n))
        return [
            (name, self.shower.show_all(fact, format_short))
            for name in names
            for fact in (left[name],)
        ]


def _with_others(fact: Fact[float]) -> tuple[Fact[float], ...]:
    return (fact, *fact.others)


def _find_last(rows: Iterable[Row]) -> dict[str, list[float]]:
    """The last value of each metric in each run's rows."""
    last: dict[tuple[str, str], float] = {}
    for row in rows:
        for name, fact in row.metrics.items():
            last[name, row.origin.ref] = fact.value
    found: dict[str, list[float]] = {}
    for (name, _), value in last.items():
        found.setdefault(name, []).append(value)
    return found


def _is_same(known: Sequence[float] | None, fact: Fact[float]) -> bool:
    if not known:
        return False
    return all(
        any(value == one.value or (math.isnan(value) and math.isnan(one.value)) for value in known)
        for one in _with_others(fact)
    )
