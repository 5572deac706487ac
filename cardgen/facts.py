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

UNDONE = ("planned", "running", "failed", "aborted")
"""Statuses of runs whose results are no whole ones."""

REPEAT = "repeat"
"""Why a run is in no mean whose seed another run of its group has."""


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
class Spread:
    """A metric over runs that differ in their seed only: ``std`` is the sample's (n - 1).

    ``n`` of the ``of`` runs have it as a number. ``odd`` are the runs where it is NaN or infinite,
    with that value: it is in none of the other numbers, which are None where there are too few.
    """

    n: int
    of: int
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    odd: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Member:
    """One run of a group.

    ``best`` is its best checkpoint by the card's metric and ``metrics`` are the values there (last
    values where no checkpoint has the metric); ``finals`` are its last values. ``left_out`` says
    why it is in no mean: its status, or ``repeat`` of a seed that another run has.
    """

    ref: str
    status: Status | None = None
    seed: str = ""
    left_out: str = ""
    best: Row | None = None
    metrics: Mapping[str, Fact[float]] = field(default_factory=dict)
    finals: Mapping[str, Fact[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class StepSpreads:
    """The checkpoints that runs have at one step."""

    step: Number
    metrics: Mapping[str, Spread]


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed only, and their means; a run like no other is one alone.

    ``parents`` are the refs of the runs, or the names of the sweeps, that they are nested in.
    ``params`` and ``inputs`` (commit, model, data, command …) are what the card's groups differ
    in. The spreads are over runs that are not left out, and empty where those are fewer than two:
    of each run's best checkpoint, of its last values, and step by step.
    """

    members: tuple[Member, ...]
    parents: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    best: Mapping[str, Spread] = field(default_factory=dict)
    finals: Mapping[str, Spread] = field(default_factory=dict)
    steps: tuple[StepSpreads, ...] = ()

    @property
    def counted(self) -> tuple[Member, ...]:
        """The runs that means are of."""
        return tuple(member for member in self.members if not member.left_out)

    @property
    def averaged(self) -> bool:
        return len(self.counted) > 1


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
    ``primary`` the metric's value there. ``groups`` are the runs by what decides their result,
    empty where not several have results; ``leading`` is the best of them. ``metric_assumed`` says
    that nobody declared the metric and the first that evaluates was taken.
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
    groups: tuple[Group, ...] = ()
    leading: Group | None = None
    conflicts: tuple[Conflict, ...] = ()

    @property
    def code(self) -> str:
        return self.card.code

    @property
    def headline(self) -> Spread | None:
        """The metric over the leading group's runs, where it is a number in at least two."""
        return find_headline(self.leading, self.metric)


def find_best(rows: Iterable[Row], metric: str, direction: Direction) -> Row | None:
    """The first row with the best value of a metric; NaN is never best."""
    fit = [r for r in rows if metric in r.metrics and not math.isnan(r.metrics[metric].value)]
    if not fit:
        return None
    choose = max if direction == "max" else min
    return choose(fit, key=lambda row: row.metrics[metric].value)


def find_best_fact(fact: Fact[float] | None, direction: Direction) -> Fact[float] | None:
    """The best of a value and of the differing ones of further runs; NaN only where all are."""
    if fact is None or not fact.others:
        return fact
    fit = [one for one in (fact, *fact.others) if not math.isnan(one.value)]
    choose = max if direction == "max" else min
    best = choose(fit, key=lambda one: one.value, default=fact)
    return Fact(best.value, best.origin)


def find_headline(group: Group | None, metric: str) -> Spread | None:
    """A group's spread of a metric, where that is a number in at least two of its runs."""
    spread = group.best.get(metric) if group else None
    return spread if spread and spread.n > 1 else None
