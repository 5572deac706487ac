"""A difference as a value, and how what differs is shown."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cardgen.facts import Fact
from cardgen.measures import format_number, value_key

Topic = Literal["evidence", "results", "text", "about", "inputs", "params", "files"]

_NEAR = 1e-12


@dataclass(frozen=True)
class Change:
    """One difference between two versions of a card.

    ``old`` and ``new`` are as a reader sees them, empty where there was or is nothing. For
    numbers ``difference`` is new minus old with its sign, and ``better`` what that means for a
    metric (None: equal, or it cannot be said). ``lines`` are parts of a text that begin with
    ``-`` or ``+``, or further particulars. ``attention`` is a sentence that says why somebody
    should look at this; ``headline`` marks the metric that the card is judged by.
    """

    topic: Topic
    name: str
    old: str = ""
    new: str = ""
    note: str = ""
    difference: float | None = None
    better: bool | None = None
    lines: tuple[str, ...] = ()
    attention: str = ""
    headline: bool = False

    @property
    def moved(self) -> bool:
        """Whether there was a value that is another now."""
        return bool(self.old and self.new)


@dataclass(frozen=True)
class Differences:
    """What differs between two versions of a card; a code is empty where there is no such side."""

    old_code: str
    new_code: str
    changes: tuple[Change, ...] = ()

    @property
    def attention(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.attention)


def show_value(value: Any) -> str:
    """A parameter or another plain value as one text."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, (str, dt.date, dt.datetime)):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def show_number(value: float) -> str:
    """A measured value, six digits of it."""
    return f"{value:.6g}"


def show_fact(fact: Fact[Any] | None) -> str:
    """A fact with what further runs say otherwise."""
    if fact is None:
        return ""
    others = [show_value(other.value) for other in fact.others]
    return f"{show_value(fact.value)} (also {', '.join(others)})" if others else _plain(fact)


def _plain(fact: Fact[Any]) -> str:
    return show_value(fact.value) or "''"


def same_fact(old: Fact[Any], new: Fact[Any]) -> bool:
    """Whether two parameters are equal, those of further runs included."""
    return _keys(old) == _keys(new)


def _keys(fact: Fact[Any]) -> tuple[Any, ...]:
    rest = sorted(repr(value_key(other.value)) for other in fact.others)
    return value_key(fact.value), tuple(rest)


def same_number(old: float, new: float) -> bool:
    """Whether two measured values are one, but for what floating point adds; NaN is NaN."""
    if math.isnan(old) or math.isnan(new):
        return math.isnan(old) and math.isnan(new)
    return old == new or math.isclose(old, new, rel_tol=_NEAR, abs_tol=1e-15)


def find_difference(old: float, new: float) -> float | None:
    """New minus old; None where that is no finite number."""
    try:
        difference = float(new - old)
    except OverflowError:
        return None
    return difference if math.isfinite(difference) else None


def judge(old: float, new: float, direction: str) -> bool | None:
    """Whether a metric became better; None where it is equal or no number."""
    if math.isnan(old) or math.isnan(new) or same_number(old, new):
        return None
    return (new > old) == (direction == "max")


def show_record(values: Mapping[str, Any], *keys: str) -> str:
    """The first of these entries that says something."""
    return next((show_value(values[key]) for key in keys if values.get(key)), "")
