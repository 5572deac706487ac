"""Conditions on runs: ``name=qa-*``, ``param.lr=1e-4``, ``eval/f1>=0.5``."""

from __future__ import annotations

import datetime as dt
import difflib
import fnmatch
import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from cardgen.config import Settings
from cardgen.errors import UsageError
from cardgen.imports.values import FIELDS, TIMES, find_metric, find_param, list_keys
from cardgen.measures import as_number, normalise, same_value
from cardgen.models import Run, Status

_FORM = re.compile(r"\s*(?P<key>.+?)\s*(?P<sign>!=|<=|>=|==?|<|>)\s*(?P<value>.*?)\s*", re.S)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SHOWN = 20


@dataclass(frozen=True)
class Condition:
    """One expression: a key, a sign, and the value as it was written."""

    key: str
    sign: str
    value: str

    @property
    def kind(self) -> str:
        """``field``, ``time``, ``tags``, ``tag``, ``param`` or ``metric``."""
        if self.key in FIELDS:
            return "field"
        if self.key in TIMES:
            return "time"
        if self.key == "tag":
            return "tags"
        head = self.key.partition(".")[0]
        return head if head in ("tag", "param") and "." in self.key else "metric"

    @property
    def name(self) -> str:
        """The key without what says its kind."""
        if self.kind in ("tag", "param"):
            return self.key.partition(".")[2]
        return self.key.removeprefix("metric.")


def parse_condition(text: str) -> Condition:
    """Read one expression; raises UsageError where it has another form or compares nonsense."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(
            f"'{text}' is no condition.",
            "Write KEY=VALUE, or with !=, <, <=, > or >=: name=qa-*, param.lr=1e-4, eval/f1>=0.5.",
        )
    sign = "=" if found["sign"] == "==" else found["sign"]
    condition = Condition(found["key"], sign, found["value"])
    _refuse(condition, text)
    return condition


def _refuse(condition: Condition, text: str) -> None:
    if condition.kind == "time":
        _parse_time(condition.value)
    elif condition.sign in _ORDERS and condition.kind in ("field", "tags"):
        raise UsageError(f"'{text}': {condition.key} is a text.", "Compare it by = or !=.")
    elif condition.sign in _ORDERS or condition.kind == "metric":
        if as_number(condition.value) is None:
            raise UsageError(f"'{text}': '{condition.value}' is no number.", _hint(condition))
    elif condition.key == "status" and not re.search(r"[*?\[]", condition.value):
        known = get_args(Status)
        if condition.value.casefold() not in known:
            raise UsageError(
                f"'{condition.value}' is no status.", f"A run is {', '.join(known[1:-1])}."
            )


def _hint(condition: Condition) -> str:
    if condition.kind == "metric" and condition.sign in ("=", "!="):
        return f"A metric is compared with a number; a parameter is param.{condition.key}."
    return "Compare it with a number."


def select_runs(
    runs: Sequence[Run],
    conditions: Sequence[Condition],
    settings: Settings,
    others: Sequence[Run] = (),
) -> tuple[Run, ...]:
    """The runs that meet all conditions; raises UsageError for a key that no run has.

    ``others`` are runs that are known not to meet them.
    """
    for condition in conditions:
        _refuse_unknown(condition, (*runs, *others))
    return tuple(run for run in runs if all(is_met(one, run, settings) for one in conditions))


def is_outlined(condition: Condition) -> bool:
    """Whether a run's outline can tell if it is met; a metric may have been better earlier."""
    return condition.kind != "metric"


def is_met(condition: Condition, run: Run, settings: Settings) -> bool:
    """Whether a run meets a condition; one that lacks the value meets ``!=`` alone."""
    if condition.kind == "time":
        return _is_time_met(condition, getattr(run, condition.key))
    value: Any
    if condition.kind == "field":
        value = getattr(run, condition.key)
    elif condition.kind == "tags":
        found = any(_is_like(tag, condition.value) for tag in run.tags)
        return found == (condition.sign == "=")
    elif condition.kind == "tag":
        value = run.tags.get(condition.name)
    elif condition.kind == "param":
        _, value = find_param(run, condition.name)
    else:
        value = find_metric(run, condition.name, settings)
    return _compare(condition, value)


def _compare(condition: Condition, value: Any) -> bool:
    if condition.sign in ("=", "!="):
        return _is_equal(value, condition) == (condition.sign == "=")
    ours, theirs = as_number(value), as_number(condition.value)
    if ours is None or theirs is None or math.isnan(ours):
        return False
    return _ORDERS[condition.sign](ours, theirs)


def _is_equal(value: Any, condition: Condition) -> bool:
    if value is None:
        return condition.kind == "param" and condition.value.casefold() == "none"
    if condition.kind != "field":
        if same_value(value, condition.value):
            return True
        if as_number(condition.value) is not None:
            return False
    return _is_like(str(value), condition.value)


def _is_like(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text.casefold(), pattern.casefold())


def _parse_time(text: str) -> dt.date | dt.datetime:
    """A day, or a moment; without a zone it is UTC."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        pass
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"'{text}' is no date.", "Write 2026-01-31, or 2026-01-31T18:00 (UTC)."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _is_time_met(condition: Condition, value: dt.datetime | None) -> bool:
    if value is None:
        return condition.sign == "!="
    wanted = _parse_time(condition.value)
    ours: dt.date = value if isinstance(wanted, dt.datetime) else value.date()
    if condition.sign in ("=", "!="):
        return (ours == wanted) == (condition.sign == "=")
    return _ORDERS[condition.sign](ours, wanted)


def _refuse_unknown(condition: Condition, runs: Sequence[Run]) -> None:
    """Raise UsageError that says what can be selected, where no run has the key."""
    if not runs or condition.kind in ("field", "time", "tags"):
        return
    if condition.kind == "tag":
        known = any(condition.name in run.tags for run in runs)
    elif condition.kind == "param":
        known = any(find_param(run, condition.name)[0] for run in runs)
    else:
        known = any(_has_metric(run, condition.name) for run in runs)
    if not known:
        raise UsageError(
            f"No run that was found has '{condition.key}'.", _suggest(condition.key, runs)
        )


def _has_metric(run: Run, name: str) -> bool:
    wanted = normalise(name)
    names = (*run.metrics, *(key for row in run.checkpoints for key in row.metrics))
    return any(key == name or normalise(key) == wanted for key in names)


def _suggest(key: str, runs: Sequence[Run]) -> str:
    keys = list_keys(runs)
    alike = [k for k in keys if normalise(k.partition(".")[2]) == normalise(key)]
    near = alike or difflib.get_close_matches(key, keys, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"Select by {', '.join(keys[:_SHOWN])}{more}."
