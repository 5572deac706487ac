"""Single values as strangers write them, and nested mappings made flat."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cardgen.models import ParamValue
from cardgen.trackers._series import Number

MAX_DEPTH = 16
MAX_TEXT = 10_000
"""Characters of a parameter's text that are kept."""

_NUMBER = re.compile(r"[-+]?(?:\d{1,40}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][-+]?\d{1,4})?")
_NOT_FINITE = {
    "nan": math.nan,
    "inf": math.inf,
    "infinity": math.inf,
    "-inf": -math.inf,
    "-infinity": -math.inf,
    "+inf": math.inf,
}
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_cell(text: str) -> Number | None:
    """A number as a table's cell holds it; None for empty and any other text.

    A comma is never read as a decimal point, nor an underscore as nothing.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return as_step(float(text)) if re.fullmatch(r"[-+]?\d{1,15}", text) else float(text)
    return _NOT_FINITE.get(text.lower())


def as_number(value: object) -> Number | None:
    """A number of JSON or YAML; a text only where it says that it is not finite."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 1 << 1000 else None
    if isinstance(value, float):
        return value
    return _NOT_FINITE.get(value.strip().lower()) if isinstance(value, str) else None


def as_step(value: Number | None) -> Number | None:
    """A step, whole where it is; None for what counts nothing."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return int(value) if value == int(value) else value


def as_text(value: object) -> str:
    """A text on the whole; empty for anything but texts and numbers."""
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return clean(str(value)).strip()


def as_time(value: object) -> dt.datetime | None:
    """A time of ISO 8601 (UTC where it names no zone) or seconds since 1970."""
    try:
        if isinstance(value, str):
            return _as_utc(dt.datetime.fromisoformat(value.strip()))
        if isinstance(value, dt.datetime):
            return _as_utc(value)
        number = as_number(value)
        if number is not None and 9e8 < number < 7e9:
            return dt.datetime.fromtimestamp(number, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _as_utc(time: dt.datetime) -> dt.datetime:
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)


def as_param(value: object, depth: int = 0) -> ParamValue:
    """A value as a parameter; what JSON cannot hold becomes its text."""
    if isinstance(value, str):
        return clean(value)[:MAX_TEXT]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return {clean(str(key)): as_param(item, depth + 1) for key, item in value.items()}
    if depth < MAX_DEPTH and isinstance(value, (list, tuple)):
        return [as_param(item, depth + 1) for item in value]
    return clean(str(value))[:MAX_TEXT]


def flatten(
    value: Mapping[Any, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings, their keys joined by a slash."""
    for key, item in value.items():
        name = f"{prefix}/{clean(str(key)).strip()}" if prefix else clean(str(key)).strip()
        if isinstance(item, Mapping) and depth < MAX_DEPTH:
            yield from flatten(item, name, depth + 1)
        elif name:
            yield name, item


def find_key(value: object, key: str) -> Any:
    """What stands under a dotted key of nested mappings; None where nothing does."""
    if not isinstance(value, Mapping):
        return None
    if key in value:
        return value[key]
    first, dot, rest = key.partition(".")
    return find_key(value.get(first), rest) if dot else None


def clean(text: str) -> str:
    """Half a character, which JSON can write and UTF-8 cannot, becomes a question mark."""
    return _SURROGATE.sub("?", text)
