"""Values as a page shows them: each with where it comes from and what a tracker says instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from cardgen.facts import Conflict, Fact, Facts, Origin
from cardgen.measures import format_number
from cardgen.models import Dataset, Frozen, Model, Run, Source
from cardgen.site.numbers import format_full
from cardgen.site.places import Places

_REF = 24
MAX_OTHERS = 12
"""Differing values of a card's runs that are shown; the rest is in the evidence."""


class Shown(NamedTuple):
    """A value on a page. ``title`` is what pointing at it tells; ``note`` a difference.

    A tuple, since a page has hundreds of them and a dataclass takes four times as long to make.
    """

    text: str
    origin: str = ""
    title: str = ""
    url: str = ""
    written: bool = False
    note: str = ""
    raw: str = ""
    mark: int = 0


class Shower:
    """Shows one card's values; numbers its runs in their order, from 1."""

    def __init__(
        self, facts: Facts, labels: Mapping[str, str], places: Places | None = None
    ) -> None:
        self.facts = facts
        self.places = places or Places()
        self.labels = labels
        self.numbers = {run.ref: number for number, run in enumerate(facts.runs, 1)}
        self._places: dict[int, tuple[Origin, str, str]] = {}
        self._conflicts = {_key(conflict.written): conflict for conflict in facts.conflicts}

    @property
    def several(self) -> bool:
        return len(self.numbers) > 1

    def show(self, fact: Fact[Any], text: str | None = None, url: str = "") -> Shown:
        """A fact; ``text`` where it is not simply its value."""
        full = "" if isinstance(fact.value, Frozen) else format_full(fact.value)
        shown = full if text is None else text
        _, exact, origin = self._places.get(id(fact.origin)) or self._place(fact.origin)
        written = fact.origin.written
        return Shown(
            text=shown,
            origin=exact,
            title=f"{full} · {origin}" if full and full != shown else origin,
            url=url,
            written=written,
            note=self.note(fact) if written else "",
            raw=full,
            mark=self.numbers.get(fact.origin.ref, 0) if self.several else 0,
        )

    def _place(self, origin: Origin) -> tuple[Origin, str, str]:
        """An origin exactly and in words; kept, since many values share one.

        Kept by identity, since hashing an origin costs as much as saying it; together with the
        origin, so that no other gets its identity.
        """
        place = self._places[id(origin)] = origin, str(origin), self.origin(origin)
        return place

    def show_all(self, fact: Fact[Any], shorten: Callable[[Any], str] = format_full) -> list[Shown]:
        """A fact and what the card's further runs say where they differ."""
        shown = [
            self.show(one, shorten(one.value)) for one in (fact, *fact.others[: MAX_OTHERS - 1])
        ]
        left = len(fact.others) + 1 - len(shown)
        return [*shown, Shown(self.labels["and_more"].format(left))] if left else shown

    def origin(self, origin: Origin) -> str:
        """Where a value comes from, in words."""
        if origin.written:
            name = origin.path.rpartition("/")[2]
            return f"{name}:{origin.line}" if origin.line else name
        if origin.step is None:
            return origin.ref
        return f"{origin.ref}, {self.labels['axis_step']} {format_number(origin.step)}"

    def note(self, fact: Fact[Any]) -> str:
        """What a tracker recorded where a person wrote otherwise."""
        if not self._conflicts or not fact.origin.written:
            return ""
        conflict = self._conflicts.get(_key(fact))
        return self.describe(conflict) if conflict else ""

    def describe(self, conflict: Conflict) -> str:
        recorded = conflict.recorded
        return self.labels["recorded_otherwise"].format(
            self.origin(recorded.origin), say(recorded.value)
        )

    def name(self, run: Run) -> str:
        """What a run is called: its name, else its ref cut short."""
        return run.name or shorten(run.ref)

    @cached_property
    def names(self) -> dict[str, str]:
        """What each run is called, by ref, no two alike; hand-written rows by an empty ref."""
        names = {run.ref: self.name(run) for run in self.facts.runs}
        counts = Counter(names.values())
        unique = {
            ref: name if counts[name] == 1 else f"{name} ({self.numbers[ref]})"
            for ref, name in names.items()
        }
        return {**unique, "": "card.md"}


def _key(fact: Fact[Any]) -> tuple[str, str]:
    return str(fact.origin), say(fact.value)


def shorten(ref: str) -> str:
    """A run ref that fits a table's cell: its middle is left out where it is long."""
    tracker, _, locator = ref.partition(":")
    if len(locator) <= _REF:
        return ref
    return f"{tracker}:{locator[: _REF // 2]}…{locator[-_REF // 4 :]}"


def say(value: Any) -> str:
    """Any value of a card on one line."""
    if isinstance(value, Model | Dataset):
        return " ".join(
            part for part in (value.name, value.version, value.digest or value.path) if part
        )
    if isinstance(value, Source):
        dirty = {True: "dirty", False: "clean", None: ""}[value.dirty]
        parts = (value.repository, value.branch, value.commit, dirty)
        return " ".join(part for part in parts if part)
    if isinstance(value, Frozen):
        return format_full(value.model_dump(mode="json", exclude_defaults=True))
    return format_full(value)
