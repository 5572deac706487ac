"""The two sides of a card, what was written and what was recorded, and how one value is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from cardgen.facts import Conflict, Fact, Origin
from cardgen.measures import value_key
from cardgen.models import Card, Model, Run, Source

T = TypeVar("T")


class Sides:
    """One card's two sides; where they differ, ``conflicts`` grows."""

    def __init__(self, card: Card, label: str) -> None:
        self.card = card
        self.front = card.front
        self.label = label
        self.runs = card.evidence.runs if card.evidence else ()
        self.conflicts: list[Conflict] = []

    def written(self, key: str) -> Origin:
        """The origin of a front-matter key; the nearest line that is known."""
        parts = key.split(".")
        for count in range(len(parts), 0, -1):
            line = self.card.lines.get(".".join(parts[:count]))
            if line:
                return Origin(path=self.label, line=line)
        return Origin(path=self.label)

    def differ(self, key: str, written: Fact[Any], recorded: Fact[Any]) -> None:
        self.conflicts.append(Conflict(key, written, recorded))

    def recorded(self, read: Callable[[Run], T | None]) -> list[Fact[T]]:
        """What the runs say, the first of equal values."""
        return self.all_recorded(lambda run: (value,) if (value := read(run)) else ())

    def all_recorded(self, read: Callable[[Run], Iterable[T]]) -> list[Fact[T]]:
        """All of several things that each run says, the first of equal ones."""
        found: dict[T, Fact[T]] = {}
        for run in self.runs:
            for value in read(run):
                if value not in found:
                    found[value] = Fact(value, Origin(run.ref))
        return list(found.values())

    def one(
        self, key: str, value: T | None, recorded: list[Fact[T]], same: Callable[[T, T], bool]
    ) -> Fact[T] | None:
        """The person's value, else the first run's with those of the others that differ."""
        if value:
            fact = Fact(value, self.written(key))
            if recorded and not any(same(value, other.value) for other in recorded):
                self.differ(key, fact, recorded[0])
            return fact
        if not recorded:
            return None
        return Fact(recorded[0].value, recorded[0].origin, tuple(recorded[1:]))

    def many(self, key: str, values: Iterable[T], recorded: list[Fact[T]]) -> tuple[Fact[T], ...]:
        """The person's values, else all that the runs recorded."""
        own = tuple(Fact(v, self.written(f"{key}.{n}")) for n, v in enumerate(values))
        return own or tuple(recorded)


def join_values(facts: Iterable[tuple[str, Fact[Any]]]) -> dict[str, Fact[Any]]:
    """By name the first run's value, with the further ones beside it where they differ."""
    found: dict[str, Fact[Any]] = {}
    further: dict[str, list[Fact[Any]]] = {}
    known: dict[str, set[object]] = {}
    for name, fact in facts:
        if name not in found:
            found[name] = fact
            continue
        first = found[name].value
        if fact.value.__class__ is first.__class__ and fact.value == first:
            continue
        keys = known.setdefault(name, {value_key(first)})
        key = value_key(fact.value)
        if key not in keys:
            keys.add(key)
            further.setdefault(name, []).append(fact)
    for name, others in further.items():
        found[name] = Fact(found[name].value, found[name].origin, tuple(others))
    return found


def agree(a: str, b: str) -> bool:
    """Texts of which one may be empty or, as with commits and digests, cut short."""
    a, b = a.casefold(), b.casefold()
    return not a or not b or a.startswith(b) or b.startswith(a)


def agree_model(a: Model, b: Model) -> bool:
    return agree(a.name.split("/")[-1], b.name.split("/")[-1]) and agree(a.version, b.version)


def agree_source(a: Source, b: Source) -> bool:
    return (
        agree(a.commit, b.commit)
        and (not a.branch or not b.branch or a.branch == b.branch)
        and (a.dirty is None or b.dirty is None or a.dirty == b.dirty)
    )
