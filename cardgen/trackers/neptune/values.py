"""Plain, bounded values from strangers' files.

Text is made writable as UTF-8; numbers and times that no machine can hold become infinite or none.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from cardgen.trackers._numbers import make_float

Value = bool | int | float | str | dt.datetime | frozenset[str]

MAX_TEXT = 8000
"""Characters of a text attribute that are kept."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def clean_text(value: object, limit: int = MAX_TEXT) -> str:
    """Text that can be written as UTF-8; what is longer than ``limit`` ends with ``…``."""
    text = _SURROGATES.sub("\ufffd", value if isinstance(value, str) else str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def make_time(seconds: object) -> dt.datetime | None:
    """Unix seconds as UTC to the millisecond; none for what is no time."""
    number = make_float(seconds)
    if number is None or not math.isfinite(number):
        return None
    try:
        start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        return start + dt.timedelta(milliseconds=round(number * 1000))
    except (OverflowError, ValueError):
        return None


def parse_time(text: object) -> dt.datetime | None:
    """ISO 8601 text as UTC; none for what is no time. Without a zone it is taken as UTC."""
    try:
        time = dt.datetime.fromisoformat(str(text))
        return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return None


def make_value(value: Any) -> Value | None:
    """An attribute's value in bounds; none where it is of no kind that Neptune has."""
    if isinstance(value, (bool, float, dt.datetime)):
        return value
    if isinstance(value, int):
        # JSON from strangers may hold integers of thousands of digits.
        return value if abs(value) < 2**64 else make_float(value)
    if isinstance(value, str):
        return clean_text(value)
    return None
