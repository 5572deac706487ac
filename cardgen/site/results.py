"""The results on a card's page: the summary, the table of checkpoints, last values."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cardgen.facts import Fact, Facts, Row
from cardgen.measures import format_number, normalise
from cardgen.site.baseline import Comparison, compare_with_baseline
from cardgen.site.context import RenderContext
from cardgen.site.curves import group_rows, is_process
from cardgen.site.markup import format_cell
from cardgen.site.numbers import MISSING, format_column, format_duration, format_short
from cardgen.site.shown import Shower, Shown, link_dataset, link_model

_TALL = 25
_FIRST_FINALS = 12


@dataclass(frozen=True)
class Tile:
    """One entry of the summary: a label, a value and a line below it."""

    label: str
    shown: Shown
    below: str = ""
    kind: str = ""


class ResultMaker:
    """Makes what one card's page says of its results."""

    def __init__(self, facts: Facts, context: RenderContext, shower: Shower) -> None:
        self.facts = facts
        self.context = context
        self.labels = context.labels
        self.shower = shower

    # Summary ---------------------------------------------------------------------------------

    def summary(self) -> list[Tile]:
        """The primary metric, the baseline, the model, the data and how long it took."""
        tiles = [
            self._primary(), self._baseline(), self._model(), self._data(), self._duration(),
        ]  # fmt: skip
        return [tile for tile in tiles if tile]

    def _primary(self) -> Tile | None:
        fact = self.facts.primary
        if fact is None:
            return None
        below = [self._place()]
        if self.facts.metric_assumed:
            below.append(self.labels["metric_assumed"])
        shown = self.shower.show(fact, format_short(fact.value))
        return Tile(self.facts.metric, shown, " · ".join(part for part in below if part), "primary")

    def _place(self) -> str:
        """Which checkpoint the primary value is of, and of how many."""
        best = self.facts.best
        if best is None:
            return self.labels["last_value"]
        rated = [row for row in self.facts.rows if self.facts.metric in row.metrics]
        said = [self.labels["only_checkpoint" if len(rated) == 1 else "best_checkpoint"]]
        said[0] = said[0].format(len(rated))
        if best.step is not None:
            said.append(f"{self.labels['axis_step']} {format_number(best.step)}")
        if best.epoch is not None:
            said.append(f"{self.labels['axis_epoch']} {format_column([best.epoch])[0]}")
        return ", ".join(said)

    def _baseline(self) -> Tile | None:
        found = compare_with_baseline(self.facts, self.context)
        if found is None:
            return None
        shown = Shown(
            text=found.text,
            origin=str(found.value.origin),
            title=self.shower.origin(found.value.origin),
            url=self.context.link(found.code),
        )
        below = f"{found.code}: {format_short(found.value.value)}"
        verdict = self.labels[f"baseline_{verdict_of(found)}"]
        return Tile(self.labels["versus"].format(found.code), shown, f"{verdict} · {below}",
                    verdict_of(found))  # fmt: skip

    def _model(self) -> Tile | None:
        fact = self.facts.model
        name = fact.value.name or fact.value.path or fact.value.kind if fact else ""
        if fact is None or not name:
            return None
        shown = self.shower.show(fact, name, link_model(fact.value))
        below = fact.value.version or fact.value.kind
        return Tile(self.labels["model"], shown, below if below != name else "")

    def _data(self) -> Tile | None:
        named = [fact for fact in self.facts.data if fact.value.name]
        if not named:
            return None
        first = named[0]
        shown = self.shower.show(first, first.value.name, link_dataset(first.value))
        names = dict.fromkeys(fact.value.name for fact in named[1:])
        more = self.labels["and_more"].format(len(names)) if len(names) > 1 else "".join(names)
        return Tile(self.labels["data"], shown, more or first.value.version)

    def _duration(self) -> Tile | None:
        spans = [
            (run.finished - run.started, run.ref)
            for run in self.facts.runs
            if run.started and run.finished and run.finished >= run.started
        ]
        if not spans:
            return None
        total = sum((span for span, _ in spans), dt.timedelta())
        text = format_duration(total, units(self.labels))
        below = self.labels["in_runs"].format(len(spans)) if len(spans) > 1 else ""
        refs = ", ".join(ref for _, ref in spans)
        return Tile(self.labels["duration"], Shown(text, refs, refs), below)

    # Table -----------------------------------------------------------------------------------

    def table(self) -> dict[str, Any] | None:
        """The table of checkpoints and the last values beside it."""
        finals = self._finals()
        if not self.facts.rows and not finals:
            return None
        rows = self.facts.rows
        columns = self._columns(rows)
        cells = {name: self._cells(name, rows) for name in columns}
        steps = format_column([row.step for row in rows])
        epochs = format_column([row.epoch for row in rows])
        lines = [
            {
                "step": steps[i],
                "epoch": epochs[i],
                "path": row.path,
                "origin": str(row.origin),
                "best": row is self.facts.best,
                "cells": Markup(  # noqa: S704  # cells escape their values
                    "".join(self._format_cell(cells[name][i], name, row) for name in columns)
                ),
            }
            for i, row in enumerate(rows)
        ]
        return {
            "columns": [(name, name == self.facts.metric) for name in columns],
            "has": {
                "step": any(row.step is not None for row in rows),
                "epoch": any(row.epoch is not None for row in rows),
                "path": any(row.path for row in rows),
            },
            "groups": self._groups(rows, lines),
            "tall": len(rows) > _TALL,
            "finals": finals[:_FIRST_FINALS],
            "more_finals": finals[_FIRST_FINALS:],
            "more": self.labels["more_metrics"].format(len(finals) - _FIRST_FINALS),
            "direction": self.labels[f"direction_{self.facts.direction}"],
            "unknown": self._unknown_metric(),
        }

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

    def _format_cell(self, shown: Shown, name: str, row: Row) -> Markup:
        declared = name == self.facts.metric
        best = declared and row is self.facts.best
        return format_cell(shown, self.labels["best"] if best else "", declared=declared)

    def _groups(self, rows: Sequence[Row], lines: Sequence[Any]) -> list[dict[str, Any]]:
        """The table's lines by run, with a heading each where there are several."""
        known = {id(row): line for row, line in zip(rows, lines, strict=True)}
        grouped = group_rows(rows)
        names: Mapping[str, str] = self.shower.names
        return [
            {
                "name": names.get(ref, ref) if len(grouped) > 1 else "",
                "number": self.shower.numbers.get(ref, 0),
                "lines": [known[id(row)] for row in members],
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


def units(labels: Mapping[str, str]) -> list[str]:
    """The short words for days, hours, minutes and seconds."""
    return [labels[f"unit_{unit}"] for unit in ("day", "hour", "minute", "second")]


def verdict_of(found: Comparison) -> str:
    """better, worse or equal."""
    return {True: "better", False: "worse", None: "equal"}[found.better]
