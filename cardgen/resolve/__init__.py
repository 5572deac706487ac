"""From a card's two files to its facts: the person's word is shown, differences are kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cardgen.config import Settings
from cardgen.facts import Fact, Facts, Origin, find_best, find_best_fact
from cardgen.groups import find_groups, find_leading
from cardgen.measures import flatten, guess_direction, normalise, same_value
from cardgen.models import Card, CommandKind, Dataset, Model, Source, Status
from cardgen.resolve.results import choose_metric, make_finals, make_rows
from cardgen.resolve.sides import Sides, agree, agree_model, agree_source, join_values


def resolve(card: Card, settings: Settings, label: str = "card.md") -> Facts:
    """Bring together what was written and what was recorded; ``label`` is the card's shown path."""
    return _Resolver(card, label).resolve(settings)


def resolve_names(card: Card, label: str = "card.md") -> Facts:
    """What cards may have in common (model, data, tags, output), and nothing else."""
    resolver = _Resolver(card, label)
    return Facts(
        card=card,
        title=card.front.title or card.code,
        tags=resolver.tags(),
        model=resolver.model(),
        data=resolver.data(),
        output=resolver.output(),
    )


class _Resolver(Sides):
    """One card's resolution; every method is pure and answers one field."""

    def resolve(self, settings: Settings) -> Facts:
        rows = make_rows(self)
        finals = make_finals(self, rows)
        wanted = self.front.metric or settings.metric
        metric, assumed = choose_metric(wanted, rows, finals, settings)
        direction = self.front.direction or guess_direction(metric, settings)
        best = find_best(rows, metric, direction)
        last = find_best_fact(finals.get(metric), direction)
        groups = find_groups(self.runs, rows, metric, direction)
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
            primary=best.metrics[metric] if best else last,
            groups=groups,
            leading=find_leading(groups, metric, direction),
            conflicts=tuple(self.conflicts),
        )

    def status(self) -> Fact[Status] | None:
        passed_over = self._find_passed_over()
        recorded: list[Fact[Status]] = self.recorded(
            lambda run: None if run.ref in passed_over else run.status
        )
        worst = {"running": 0, "failed": 1, "aborted": 2}
        recorded.sort(key=lambda fact: worst.get(fact.value, 3))
        written = self.front.status
        if written == "superseded":
            recorded = []
        if written == "planned" and recorded:
            written = None  # what was planned has been run since
        return self.one("status", written, recorded, lambda a, b: a == b)

    def _find_passed_over(self) -> set[str]:
        """Runs that do not say how the experiment stands, by ref.

        How a command ended says how the runs did that it contains; and a try that left nothing
        says nothing once a later one has come to its end.
        """
        contained = {ref for run in self.runs for ref in run.contains}
        ends = [run.started for run in self.runs if run.status == "finished" and run.started]
        last = max(ends, default=None)
        tries = {
            run.ref
            for run in self.runs
            if run.status in ("failed", "aborted")
            and not (run.metrics or run.checkpoints or run.curves or run.contains)
            and last
            and run.started
            and run.started < last
        }
        return contained | tries

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
                self.differ(kind, Fact(line, self.written(f"{kind}.{number}")), recorded[0])
        return self.many(kind, written, recorded)

    def model(self) -> Fact[Model] | None:
        recorded = self.recorded(lambda run: run.model)
        return self.one("model", self.front.model, recorded, agree_model)

    def data(self) -> tuple[Fact[Dataset], ...]:
        recorded = self.all_recorded(lambda run: run.data)
        for number, written in enumerate(self.front.data):
            for fact in recorded:
                if written.name == fact.value.name and not agree(written.digest, fact.value.digest):
                    self.differ("data", Fact(written, self.written(f"data.{number}")), fact)
        return self.many("data", self.front.data, recorded)

    def output(self) -> tuple[Fact[Model], ...]:
        return self.many("output", self.front.output, self.all_recorded(lambda run: run.output))

    def source(self) -> Fact[Source] | None:
        """What the card leaves open of its source is as the run recorded it."""
        recorded = self.recorded(lambda run: run.source)
        own = self.front.source
        said = own.model_dump(exclude_defaults=True) if own else {}
        fact = self.one("source", Source(**said) if said else None, recorded, agree_source)
        if fact is None or not said or not recorded:
            return fact
        whole = recorded[0].value.model_copy(update=said)
        return Fact(whole, fact.origin if "commit" in said else recorded[0].origin)

    def params(self) -> dict[str, Fact[Any]]:
        found = join_values(
            (name, Fact(value, origin))
            for run, origin in ((run, Origin(run.ref)) for run in self.runs)
            for name, value in flatten(run.params).items()
        )
        names = {normalise(name): name for name in found}
        for name, value in flatten(self.front.params).items():
            fact = Fact(value, self.written(f"params.{name.replace('/', '.')}"))
            known = names.get(normalise(name), name)
            recorded = found.get(known)
            if recorded and not any(
                same_value(value, f.value) for f in (recorded, *recorded.others)
            ):
                self.differ(f"params.{name}", fact, recorded)
            found[known] = fact
        return dict(sorted(found.items()))
