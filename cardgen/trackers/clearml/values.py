"""The JSON of ClearML's sessions and servers, read without trusting its form."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

Json = dict[str, Any]

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_MS = 253_402_300_799_000  # the last second of the year 9999


def find_dict(value: object, *keys: str) -> Json:
    """The object below a path of keys; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def find_list(value: object, key: str) -> list[Json]:
    """The objects of the list below a key; empty where there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return [item for item in inner if isinstance(item, dict)] if isinstance(inner, list) else []


def find_texts(value: object, key: str) -> list[str]:
    """The texts of the list below a key; empty where there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return [item for item in inner if isinstance(item, str)] if isinstance(inner, list) else []


def find_text(value: object, key: str) -> str:
    """The text below a key, trimmed; empty where there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return inner.strip() if isinstance(inner, str) else ""


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text without half characters; raises ValueError."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    escaped = b"\\ud" if isinstance(text, bytes) else "\\ud"
    return clean(value) if escaped in text.lower() else value  # type: ignore[operator]


def clean(value: Any) -> Any:
    """Half a character, which JSON can write and UTF-8 cannot, becomes a question mark."""
    if isinstance(value, str):
        return _SURROGATE.sub("?", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


def parse_ms(value: object) -> dt.datetime | None:
    """UTC from milliseconds; none for what is no time."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < _MAX_MS:
        return None
    ms = int(value)
    return dt.datetime.fromtimestamp(ms // 1000, dt.UTC) + dt.timedelta(milliseconds=ms % 1000)


def parse_time(text: str) -> dt.datetime | None:
    """UTC from a server's time in ISO 8601; none for what is no time."""
    try:
        time = dt.datetime.fromisoformat(text)
        return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
