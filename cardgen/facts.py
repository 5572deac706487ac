"""What a card says in the end: the person's word over the tracker's, each with its origin.

Everything that shows, lists, compares or checks cards reads ``Facts``; nothing else decides who is
right or which checkpoint is best.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cardgen.measures import Number, format_number
from cardgen.models import Card, Dataset, Direction, Environment, Model, Run, Source, Status

T = TypeVar("T")


@dataclass(frozen=True)
class Origin:
    """Where a value comes from: a line of a card, or a run and perhaps a step of it."""

    ref: str = ""
    step: Number | None = None
    path: str = ""
    line: int = 0

    @property
    def written(self) -> bool:
        """Whether a person wrote it."""
        return not self.ref

    def __str__(self) -> str:
        if self.written:
            return f"{self.path}:{self.line}" if self.line else self.path
        return self.ref if self.step is None else f"{self.ref} step {format_number(self.step)}"


@dataclass(frozen=True)
class Fact(Generic[T]):
    """A value with its origin; ``others`` are differing values of the card's further runs."""

    value: T
    origin: Origin
    others: tuple[Fact[T], ...] = ()


@dataclass(frozen=True)
class Row:
    """A row of the results table."""

    step: Number | None
    epoch: float | None
    path: str
    metrics: Mapping[str, Fact[float]]
    origin: Origin


@dataclass(frozen=True)
class Conflict:
    """A fact that a person wrote and a tracker recorded otherwise; ``key`` as in the card."""

    key: str
    written: Fact[Any]
    recorded: Fact[Any]


@dataclass(frozen=True)
class Facts:
    """All that is known of an experiment.

    ``finals`` are last values by metric; ``best`` the row that the metric calls best and
    ``primary`` the metric's value there. ``metric_assumed`` says that nobody declared the metric
    and the first that evaluates was taken.
    """

    card: Card
    title: str
    runs: tuple[Run, ...] = ()
    status: Fact[Status] | None = None
    date: Fact[dt.date] | None = None
    authors: tuple[Fact[str], ...] = ()
    tags: tuple[Fact[str], ...] = ()
    train: tuple[Fact[str], ...] = ()
    predict: tuple[Fact[str], ...] = ()
    model: Fact[Model] | None = None
    data: tuple[Fact[Dataset], ...] = ()
    params: Mapping[str, Fact[Any]] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    finals: Mapping[str, Fact[float]] = field(default_factory=dict)
    source: Fact[Source] | None = None
    output: tuple[Fact[Model], ...] = ()
    environments: tuple[Fact[Environment], ...] = ()
    metric: str = ""
    metric_assumed: bool = False
    direction: Direction = "max"
    best: Row | None = None
    primary: Fact[float] | None = None
    conflicts: tuple[Conflict, ...] = ()

    @property
    def code(self) -> str:
        return self.card.code


def find_best(rows: Iterable[Row], metric: str, direction: Direction) -> Row | None:
    """The first row with the best value of a metric; NaN is never best."""
    fit = [r for r in rows if metric in r.metrics and not math.isnan(r.metrics[metric].value)]
    if not fit:
        return None
    choose = max if direction == "max" else min
    return choose(fit, key=lambda row: row.metrics[metric].value)
