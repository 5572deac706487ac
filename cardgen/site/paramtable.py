"""Parameters and metrics of all cards in columns, for plots over many cards: ``params.json``.

Kept small: only what differs between cards, what most of them share, and each text once.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cardgen.facts import Facts
from cardgen.measures import as_number, normalise, value_key
from cardgen.site.context import RenderContext
from cardgen.site.numbers import format_full
from cardgen.site.records import list_measures

PARAMS = "cards/params.json"
"""The file's address below the site's root."""

MAX_PARAMS = 60
MAX_METRICS = 20

_MAX_TEXT = 80
_DIGITS = 6

Cell = float | int | str | None


@dataclass(frozen=True)
class Column:
    """One parameter or metric: a cell a card, None where a card has none.

    ``kind`` is ``param``, ``metric`` or ``input`` (the model and the data); ``direction`` is that
    of a metric.
    """

    name: str
    kind: str
    cells: tuple[Cell, ...]
    direction: str = ""

    @property
    def numeric(self) -> bool:
        return not any(isinstance(cell, str) for cell in self.cells)

    @property
    def count(self) -> int:
        """How many cards have it."""
        return sum(cell is not None for cell in self.cells)

    @property
    def varies(self) -> bool:
        """Whether cards differ in it, having it or having another value."""
        return len(set(self.cells)) > 1 and any(cell is not None for cell in self.cells)

    @property
    def singular(self) -> bool:
        """Whether it is a text that no two cards share: a name, which no plot can use."""
        return not self.numeric and self.count > 2 and len(set(self.cells) - {None}) == self.count

    @property
    def telling(self) -> bool:
        return self.varies and not self.singular


@dataclass(frozen=True)
class Brief:
    """What plots show of one card: its values by name as it writes them.

    ``metric`` is the one it is judged by, empty where it has no value of that; ``directions`` are
    those of its metrics.
    """

    code: str
    title: str
    metric: str
    inputs: Mapping[str, Cell]
    params: Mapping[str, Cell]
    metrics: Mapping[str, Cell]
    directions: Mapping[str, str]


@dataclass(frozen=True)
class ParamTable:
    """Cards in their order and the columns of what they differ in."""

    codes: tuple[str, ...]
    titles: tuple[str, ...]
    metric: str
    columns: tuple[Column, ...]


def make_brief(facts: Facts, context: RenderContext) -> Brief:
    """One card's part of the table; NaN and infinities are left out."""
    measures = [one for one in list_measures(facts, context) if math.isfinite(one.value)]
    return Brief(
        code=facts.code,
        title=_cut(facts.title),
        metric=facts.metric if facts.primary else "",
        inputs=_list_inputs(facts),
        params={
            name: _as_cell(fact.value)
            for name, fact in facts.params.items()
            if fact.value is not None
        },
        metrics={one.metric: float(f"{one.value:.{_DIGITS}g}") for one in measures},
        directions={one.metric: one.direction for one in measures},
    )


def dump_brief(brief: Brief) -> str:
    """One card's part as text, to be kept between builds."""
    return json.dumps(vars(brief), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_brief(text: str) -> Brief:
    """What ``dump_brief`` made."""
    return Brief(**json.loads(text))


def make_param_table(briefs: Iterable[Brief]) -> ParamTable:
    """The columns that most cards share: MAX_PARAMS parameters and MAX_METRICS metrics.

    Reads each card's part once and keeps none of them.
    """
    codes, titles = [], []
    judged: Counter[str] = Counter()
    directions: dict[str, str] = {}
    inputs, params, metrics = _Columns("input"), _Columns("param"), _Columns("metric")
    for number, brief in enumerate(briefs):
        codes.append(brief.code)
        titles.append(brief.title)
        judged[normalise(brief.metric)] += 1
        directions |= {normalise(name): which for name, which in brief.directions.items()}
        for columns, cells in (
            (inputs, brief.inputs), (params, brief.params), (metrics, brief.metrics)
        ):  # fmt: skip
            columns.add(number, cells)
    declared = next((name for name, _ in judged.most_common() if name), "")
    count = len(codes)
    measured = [
        replace(one, direction=directions[normalise(one.name)]) for one in metrics.finish(count)
    ]
    own = [one.name for one in measured if normalise(one.name) == declared]
    return ParamTable(
        codes=tuple(codes),
        titles=tuple(titles),
        metric=own[0] if own else "",
        columns=(
            *(column for column in inputs.finish(count) if column.varies),
            *_choose([one for one in params.finish(count) if one.telling], MAX_PARAMS, ""),
            *_choose([one for one in measured if one.varies], MAX_METRICS, declared),
        ),
    )


class _Columns:
    """Columns that grow by one card after another, named as the first card names them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.names: dict[str, str] = {}
        self.cells: dict[str, list[Cell]] = {}

    def add(self, number: int, values: Mapping[str, Cell]) -> None:
        for name, cell in values.items():
            key = normalise(name)
            self.names.setdefault(key, name)
            column = self.cells.setdefault(key, [])
            if len(column) <= number:  # else the card has two names for one
                column += [None] * (number - len(column)) + [cell]

    def finish(self, count: int) -> list[Column]:
        """All of them, of the same length."""
        return [
            Column(self.names[key], self.kind, _unify(column + [None] * (count - len(column))))
            for key, column in self.cells.items()
        ]


def format_param_table(table: ParamTable) -> bytes:
    """As JSON: a column's cells in full, or as places in the list of its values (-1 for none)."""
    values = {
        "codes": table.codes,
        "titles": table.titles,
        "metric": table.metric,
        "columns": [_code(column) for column in table.columns],
    }
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _code(column: Column) -> dict[str, Any]:
    words = [cell for cell in dict.fromkeys(column.cells) if cell is not None]
    said: dict[str, Any] = {"name": column.name, "kind": column.kind, "numeric": column.numeric}
    if column.direction:
        said["direction"] = column.direction
    if len(words) * 2 > column.count:
        return {**said, "cells": column.cells}
    places = {word: at for at, word in enumerate(words)}
    return {
        **said, "words": words,
        "at": [-1 if cell is None else places[cell] for cell in column.cells],
    }  # fmt: skip


def _unify(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """All numbers, or all texts where one of them is none: an axis has one kind only."""
    if not any(isinstance(cell, str) for cell in cells):
        return tuple(cells)
    return tuple(None if cell is None else _cut(format_full(cell)) for cell in cells)


def _choose(columns: Sequence[Column], most: int, declared: str) -> list[Column]:
    """The columns that most cards have, in their old order."""
    ranked = sorted(columns, key=lambda one: (normalise(one.name) != declared, -one.count))
    kept = {id(column) for column in ranked[:most]}
    chosen = [column for column in columns if id(column) in kept]
    return sorted(chosen, key=lambda one: normalise(one.name) != declared) if declared else chosen


def _list_inputs(facts: Facts) -> dict[str, Cell]:
    model = facts.model.value.name if facts.model else ""
    data = ", ".join(dict.fromkeys(fact.value.name for fact in facts.data if fact.value.name))
    return {name: _cut(text) for name, text in (("model", model), ("data", data)) if text}


def _as_cell(value: object) -> Cell:
    """A finite number that a double holds, else the text that equal values share."""
    kind, key = value_key(value)
    if kind == "number":
        number = as_number(value)
        if number is not None and math.isfinite(number) and abs(number) < 1e300:
            return number if abs(number) < 2**53 else float(number)
    if kind == "truth":
        return str(key)
    return _cut(format_full(value))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
