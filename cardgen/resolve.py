"""From a card's two files to its facts: the person's word is shown, differences are kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from cardgen.config import Settings
from cardgen.facts import Conflict, Fact, Facts, Origin, Row, find_best
from cardgen.measures import (
    as_number,
    flatten,
    guess_direction,
    is_quality,
    normalise,
    same_rounded,
    same_value,
)
from cardgen.models import Card, CommandKind, Dataset, Model, Run, Source, Status

T = TypeVar("T")

_ROW_KEYS = frozenset(("step", "epoch", "path", "checkpoint", "note"))


def resolve(card: Card, settings: Settings, label: str = "card.md") -> Facts:
    """Bring together what was written and what was recorded; ``label`` is the card's shown path."""
    return _Resolver(card, settings, label).resolve()


class _Resolver:
    """One card's resolution; every method is pure and answers one field."""

    def __init__(self, card: Card, settings: Settings, label: str) -> None:
        self.card = card
        self.front = card.front
        self.settings = settings
        self.label = label
        self.runs = card.evidence.runs if card.evidence else ()
        self.conflicts: list[Conflict] = []

    def resolve(self) -> Facts:
        rows = self.rows()
        finals = self.finals(rows)
        metric, assumed = self.metric(rows, finals)
        direction = self.front.direction or guess_direction(metric, self.settings)
        best = find_best(rows, metric, direction)
        return Facts(
            card=self.card,
            title=self.front.title or self.card.code,
            runs=self.runs,
            status=self.status(),
            date=self.date(),
            authors=self.authors(),
            tags=self.tags(),
            train=self.commands("train", self.front.train),
            predict=self.commands("predict", self.front.predict),
            model=self.model(),
            data=self.data(),
            params=self.params(),
            rows=rows,
            finals=finals,
            source=self.source(),
            output=self.output(),
            environments=tuple(
                Fact(run.environment, Origin(run.ref)) for run in self.runs if run.environment
            ),
            metric=metric,
            metric_assumed=assumed,
            direction=direction,
            best=best,
            primary=best.metrics[metric] if best else finals.get(metric),
            conflicts=tuple(self.conflicts),
        )

    def written(self, key: str) -> Origin:
        """The origin of a front-matter key; the nearest line that is known."""
        parts = key.split(".")
        for count in range(len(parts), 0, -1):
            line = self.card.lines.get(".".join(parts[:count]))
            if line:
                return Origin(path=self.label, line=line)
        return Origin(path=self.label)

    def recorded(self, read: Callable[[Run], T | None]) -> list[Fact[T]]:
        """What the runs say, the first of equal values."""
        return self.all_recorded(lambda run: (value,) if (value := read(run)) else ())

    def all_recorded(self, read: Callable[[Run], Iterable[T]]) -> list[Fact[T]]:
        """All of several things that each run says, the first of equal ones."""
        found: list[Fact[T]] = []
        for run in self.runs:
            for value in read(run):
                if all(fact.value != value for fact in found):
                    found.append(Fact(value, Origin(run.ref)))
        return found

    def one(
        self, key: str, value: T | None, recorded: list[Fact[T]], same: Callable[[T, T], bool]
    ) -> Fact[T] | None:
        """The person's value, else the first run's with those of the others that differ."""
        if value:
            fact = Fact(value, self.written(key))
            if recorded and not any(same(value, other.value) for other in recorded):
                self.conflicts.append(Conflict(key, fact, recorded[0]))
            return fact
        if not recorded:
            return None
        return Fact(recorded[0].value, recorded[0].origin, tuple(recorded[1:]))

    def many(self, key: str, values: Iterable[T], recorded: list[Fact[T]]) -> tuple[Fact[T], ...]:
        """The person's values, else all that the runs recorded."""
        own = tuple(Fact(v, self.written(f"{key}.{n}")) for n, v in enumerate(values))
        return own or tuple(recorded)

    def status(self) -> Fact[Status] | None:
        recorded: list[Fact[Status]] = self.recorded(lambda run: run.status)
        worst = {"running": 0, "failed": 1, "aborted": 2}
        recorded.sort(key=lambda fact: worst.get(fact.value, 3))
        if self.front.status == "superseded":
            recorded = []
        return self.one("status", self.front.status, recorded, lambda a, b: a == b)

    def date(self) -> Fact[dt.date] | None:
        started = sorted((run.started, run.ref) for run in self.runs if run.started)
        recorded = [Fact(started[0][0].date(), Origin(started[0][1]))] if started else []
        # A day may be meant in local time or as the day it was planned: no conflict.
        return self.one("date", self.front.date, recorded, lambda a, b: True)

    def authors(self) -> tuple[Fact[str], ...]:
        return self.many("authors", self.front.authors, self.recorded(lambda run: run.author))

    def tags(self) -> tuple[Fact[str], ...]:
        own = [Fact(t, self.written(f"tags.{n}")) for n, t in enumerate(self.front.tags)]
        taken = {fact.value.casefold() for fact in own}
        for run in self.runs:
            for tag, value in run.tags.items():
                # A tag with a value is a property of the run, shown there and no label.
                if not value and tag.casefold() not in taken:
                    taken.add(tag.casefold())
                    own.append(Fact(tag, Origin(run.ref)))
        return tuple(own)

    def commands(self, kind: CommandKind, written: tuple[str, ...]) -> tuple[Fact[str], ...]:
        recorded = self.all_recorded(
            lambda run: (command.line for command in run.commands if command.kind == kind)
        )
        lines = {" ".join(fact.value.split()) for fact in recorded}
        for number, line in enumerate(written):
            if lines and " ".join(line.split()) not in lines:
                fact = Fact(line, self.written(f"{kind}.{number}"))
                self.conflicts.append(Conflict(kind, fact, recorded[0]))
        return self.many(kind, written, recorded)

    def model(self) -> Fact[Model] | None:
        return self.one(
            "model", self.front.model, self.recorded(lambda run: run.model), _agree_model
        )

    def data(self) -> tuple[Fact[Dataset], ...]:
        recorded = self.all_recorded(lambda run: run.data)
        for number, written in enumerate(self.front.data):
            for fact in recorded:
                if written.name == fact.value.name and not _agree(
                    written.digest, fact.value.digest
                ):
                    own = Fact(written, self.written(f"data.{number}"))
                    self.conflicts.append(Conflict("data", own, fact))
        return self.many("data", self.front.data, recorded)

    def output(self) -> tuple[Fact[Model], ...]:
        recorded = self.all_recorded(lambda run: run.output)
        return self.many("output", self.front.output, recorded)

    def source(self) -> Fact[Source] | None:
        """What the card leaves open of its source is as the run recorded it."""
        recorded = self.recorded(lambda run: run.source)
        own = self.front.source
        said = own.model_dump(exclude_defaults=True) if own else {}
        fact = self.one("source", Source(**said) if said else None, recorded, _agree_source)
        if fact is None or not said or not recorded:
            return fact
        whole = recorded[0].value.model_copy(update=said)
        return Fact(whole, fact.origin if "commit" in said else recorded[0].origin)

    def params(self) -> dict[str, Fact[Any]]:
        found: dict[str, Fact[Any]] = {}
        for run in self.runs:
            for name, value in flatten(run.params).items():
                found[name] = _with_value(found.get(name), Fact(value, Origin(run.ref)))
        names = {normalise(name): name for name in found}
        for name, value in flatten(self.front.params).items():
            fact = Fact(value, self.written(f"params.{name.replace('/', '.')}"))
            known = names.get(normalise(name), name)
            recorded = found.get(known)
            if recorded and not any(
                same_value(value, f.value) for f in (recorded, *recorded.others)
            ):
                self.conflicts.append(Conflict(f"params.{name}", fact, recorded))
            found[known] = fact
        return dict(sorted(found.items()))

    def rows(self) -> tuple[Row, ...]:
        rows = [
            Row(
                step=point.step,
                epoch=point.epoch,
                path=point.path,
                metrics={
                    name: Fact(value, Origin(run.ref, point.step))
                    for name, value in point.metrics.items()
                },
                origin=Origin(run.ref, point.step),
            )
            for run in self.runs
            for point in run.checkpoints
        ]
        for number, result in enumerate(self.front.results):
            self._write_row(rows, number, result)
        return tuple(rows)

    def _write_row(self, rows: list[Row], number: int, result: Mapping[str, Any]) -> None:
        """Lay a hand-written row over the recorded one of the same step, or add it."""
        place = f"results.{number}" if f"results.{number}" in self.card.lines else "results"
        step, epoch = as_number(result.get("step")), as_number(result.get("epoch"))
        same = [i for i, row in enumerate(rows) if step is not None and row.step == step]
        row = rows[same[0]] if same else Row(step, epoch, "", {}, self.written(place))
        metrics = dict(row.metrics)
        names = {normalise(name): name for name in metrics}
        for key, value in result.items():
            number_value = as_number(value)
            if key in _ROW_KEYS or number_value is None:
                continue
            fact = Fact(float(number_value), self.written(f"{place}.{key}"))
            name = names.get(normalise(key), key)
            recorded = metrics.get(name)
            if recorded and not same_rounded(value, recorded.value):
                self.conflicts.append(Conflict(f"results.{key}", fact, recorded))
            metrics[name] = fact
        path = str(result.get("path") or result.get("checkpoint") or row.path)
        changed = Row(
            row.step, epoch if row.epoch is None else row.epoch, path, metrics, row.origin
        )
        if same:
            rows[same[0]] = changed
        else:
            rows.append(changed)

    def finals(self, rows: tuple[Row, ...]) -> dict[str, Fact[float]]:
        found: dict[str, Fact[float]] = {}
        for run in self.runs:
            for name, metric in run.metrics.items():
                fact = Fact(metric.value, Origin(run.ref, metric.step))
                found[name] = _with_value(found.get(name), fact)
        for row in rows:
            for name, fact in row.metrics.items():
                if fact.origin.written:
                    found.setdefault(name, fact)
        return dict(sorted(found.items()))

    def metric(self, rows: tuple[Row, ...], finals: Mapping[str, Any]) -> tuple[str, bool]:
        """The metric that 'best' means here, by the name that the results use."""
        logged = list(dict.fromkeys(name for row in rows for name in row.metrics))
        known = logged + [name for name in finals if name not in logged]
        wanted = self.front.metric or self.settings.metric
        if wanted:
            names = {normalise(name): name for name in reversed(known)}
            return (wanted if wanted in known else names.get(normalise(wanted), wanted)), False
        judged = [name for name in known if is_quality(name) and "train" not in name]
        better = [name for name in logged if guess_direction(name, self.settings) == "max"]
        return next(
            iter([n for n in judged if n in logged] or better or logged or judged), ""
        ), True


def _with_value(known: Fact[Any] | None, fact: Fact[Any]) -> Fact[Any]:
    """The first run's value, the further ones beside it where they differ."""
    if known is None:
        return fact
    if any(same_value(fact.value, other.value) for other in (known, *known.others)):
        return known
    return Fact(known.value, known.origin, (*known.others, fact))


def _agree(a: str, b: str) -> bool:
    """Texts of which one may be empty or, as with commits and digests, cut short."""
    a, b = a.casefold(), b.casefold()
    return not a or not b or a.startswith(b) or b.startswith(a)


def _agree_model(a: Model, b: Model) -> bool:
    return _agree(a.name.split("/")[-1], b.name.split("/")[-1]) and _agree(a.version, b.version)


def _agree_source(a: Source, b: Source) -> bool:
    return (
        _agree(a.commit, b.commit)
        and (not a.branch or not b.branch or a.branch == b.branch)
        and (a.dirty is None or b.dirty is None or a.dirty == b.dirty)
    )
