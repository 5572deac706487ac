"""The rows of a table by run: runs, and the means over those that differ in their seed only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cardgen.facts import UNDONE, Fact, Facts, Group, Member, Spread
from cardgen.groups import say_value
from cardgen.measures import format_number
from cardgen.site.numbers import MISSING, format_column, format_full
from cardgen.site.shown import Shower, Shown
from cardgen.site.spreads import describe_spread, say_count, say_spread

_CUT = 32


@dataclass(frozen=True)
class Columns:
    """What a table has columns for: differing parameters and inputs, and metrics."""

    params: Sequence[str]
    inputs: Sequence[str]
    metrics: Sequence[str]


@dataclass(frozen=True)
class Cell:
    """A number of a run, or a mean; ``below`` says of how many runs where it is not of all."""

    text: str
    title: str = ""
    raw: str = ""
    origin: str = ""
    below: str = ""
    written: bool = False


@dataclass(frozen=True)
class Line:
    """A row: a run, or the mean of ``count`` runs. ``star`` says what it is the best of."""

    name: str
    number: int = 0
    seed: str = ""
    differing: tuple[Shown, ...] = ()
    status: str = ""
    place: str = ""
    cells: tuple[Cell, ...] = ()
    star: str = ""
    mean: bool = False
    origin: str = ""

    @property
    def kinds(self) -> str:
        """Its classes in the style sheet."""
        kinds = (("cg-mean", self.mean), ("cg-best-row", bool(self.star)))
        return " ".join(kind for kind, there in kinds if there)


class LineMaker:
    """The rows of one table."""

    def __init__(
        self, facts: Facts, shower: Shower, members: Sequence[Member], columns: Columns, kind: str
    ) -> None:
        self.facts = facts
        self.shower = shower
        self.labels = shower.labels
        self.members = members
        self.columns = columns
        self.kind = kind
        metrics = columns.metrics
        values = {
            name: [fact.value if fact else None for fact in self._facts(name)] for name in metrics
        }
        texts = {name: format_column(column) for name, column in values.items()}
        self.texts = {
            member.ref: [texts[name][at] for name in metrics] for at, member in enumerate(members)
        }

    def _facts(self, name: str) -> list[Fact[float] | None]:
        return [self._metrics(member).get(name) for member in self.members]

    def _metrics(self, member: Member) -> Mapping[str, Fact[float]]:
        return member.finals if self.kind == "finals" else member.metrics

    def lines(self, group: Group, *, with_members: bool, with_means: bool) -> Iterator[Line]:
        """A group's mean, then its runs; a run alone is a row in any case."""
        differing = self._differing(group)
        if with_means and group.averaged:
            yield self._mean(group, differing)
        if with_members or not group.averaged:
            known = () if with_means and group.averaged else differing
            for member in group.members:
                yield self._run(member, known or (Shown(""),) * len(differing))

    def _differing(self, group: Group) -> tuple[Shown, ...]:
        params = [
            _show_param(group.params[name]) if name in group.params else Shown(MISSING)
            for name in self.columns.params
        ]
        return (
            *params,
            *(self._input(name, group.inputs.get(name, "")) for name in self.columns.inputs),
        )

    def _input(self, name: str, text: str) -> Shown:
        if name == "dirty" and text:
            return Shown(self.labels["dirty_yes" if text == "True" else "dirty_no"])
        return Shown(text[:7], title=text) if name == "commit" and text else _shorten(text)

    def _mean(self, group: Group, differing: tuple[Shown, ...]) -> Line:
        facts = self.facts
        spreads = group.finals if self.kind == "finals" else group.best
        leads = self.kind == "best" and facts.headline and group is facts.leading
        return Line(
            name=self.labels["mean_of"].format(len(group.counted)),
            differing=differing,
            place=_find_span([m.best.step for m in group.counted if m.best]),
            cells=tuple(make_cell(spreads.get(name), self.shower) for name in self.columns.metrics),
            star=self.labels["best"] if leads else "",
            mean=True,
        )

    def _run(self, member: Member, differing: tuple[Shown, ...]) -> Line:
        labels = self.labels
        primary = self.facts.primary if self.kind == "best" else None
        best = primary is not None and primary.origin.ref == member.ref
        undone = member.status in UNDONE
        rated = member.best if self.kind == "best" else None
        origin = str(rated.origin) if rated else member.ref
        star = labels["best_run" if self.facts.headline else "best"] if best else ""
        return Line(
            name=self.shower.names[member.ref],
            number=self.shower.numbers[member.ref],
            seed=member.seed,
            differing=differing,
            status=member.status if undone and member.status else "",
            place=_find_span([member.best.step]) if member.best else "",
            cells=tuple(self._cells(member, origin)),
            star=star,
            origin=origin,
        )

    def _cells(self, member: Member, origin: str) -> Iterator[Cell]:
        metrics = self._metrics(member)
        for name, text in zip(self.columns.metrics, self.texts[member.ref], strict=True):
            fact = metrics.get(name)
            if fact is None:
                yield Cell(MISSING)
                continue
            shown = self.shower.show(fact, text)
            if shown.origin == origin:  # said of the whole row
                yield Cell(text, shown.raw if shown.raw != text else "", shown.raw)
            else:
                yield Cell(text, shown.title, shown.raw, shown.origin, written=shown.written)


def make_cell(spread: Spread | None, shower: Shower) -> Cell:
    """A mean as a table shows it."""
    if spread is None:
        return Cell(MISSING)
    return Cell(
        text=say_spread(spread),
        title=describe_spread(spread, shower),
        raw="" if spread.mean is None else format_full(spread.mean),
        below=say_count(spread, shower),
    )


def _find_span(steps: Sequence[float | None]) -> str:
    """The step, or the lowest and the highest of several."""
    known = [step for step in steps if step is not None]
    if not known:
        return ""
    low, high = format_number(min(known)), format_number(max(known))
    return low if low == high else f"{low}–{high}"


def _shorten(text: str) -> Shown:
    return Shown(text or MISSING if len(text) <= _CUT else f"{text[: _CUT - 1]}…", title=text)


def _show_param(value: Any) -> Shown:
    return Shown(say_value(value, _CUT), title=format_full(value))
