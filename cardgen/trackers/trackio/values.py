"""Trackio's values: JSON with NaN and infinities as words, and times as text."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from typing import Any

from cardgen.errors import TrackerError

MAX_DEPTH = 64

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_SURROGATE = re.compile("[\ud800-\udfff]")
# What SQLite's CURRENT_TIMESTAMP writes, always in UTC.
_SQLITE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def parse_object(value: object, label: str) -> dict[str, Any]:
    """A JSON object from a column of text or bytes; raises TrackerError for anything else."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    try:
        found = json.loads(text) if isinstance(text, str) else None
        if isinstance(found, dict):
            return {clean_text(key): clean_value(item) for key, item in found.items()}
    except (ValueError, RecursionError):
        pass
    raise TrackerError(f"{label} is no JSON object.", "Restore the file from where it was written.")


def clean_value(value: Any, depth: int = 0) -> Any:
    """A value as evidence can hold it: words as the numbers they stand for, bounded in depth."""
    if isinstance(value, str):
        return _WORDS[value] if value in _WORDS else clean_text(value)
    if depth > MAX_DEPTH:
        return clean_text(str(value)[:1000])
    if isinstance(value, (list, tuple)):
        return [clean_value(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): clean_value(item, depth + 1) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return clean_text(value)


def clean_text(value: object) -> str:
    """Text that can be written as UTF-8; half a character becomes a replacement character."""
    return _SURROGATE.sub("\ufffd", str(value))


def parse_time(text: str) -> dt.datetime | None:
    """A time as UTC; none for one without a zone, which old versions took from a local clock."""
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        return time.replace(tzinfo=dt.UTC) if _SQLITE_TIME.fullmatch(text) else None
    try:
        return time.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return None
