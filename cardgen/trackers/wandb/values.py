"""Plain, bounded values from JSON, YAML and protocol buffers of strangers."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cardgen.models import ParamValue
from cardgen.trackers._numbers import make_float

MAX_TEXT = 8000
"""Characters of a name or text that are kept."""

MAX_DEPTH = 16
"""How deep values are nested inside each other at most; what is deeper is left out."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# How the server writes what JSON has no number for.
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def parse_json(data: str | bytes) -> Any:
    """Read JSON, NaN and Infinity included; raises ValueError where it is none."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def clean_text(value: object, limit: int = MAX_TEXT) -> str:
    """Text that can be written as UTF-8; empty for what is neither text nor number."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = _SURROGATE.sub("\ufffd", str(value)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def as_number(value: object) -> float | None:
    """A logged number, NaN and infinities too; none for what is no number."""
    if isinstance(value, str):
        return _NUMBERS.get(value)
    return make_float(value)


def as_step(value: object) -> int | float | None:
    """A step, whole where it can be; none for what is no finite number."""
    number = as_number(value)
    if number is None or not math.isfinite(number):
        return None
    if isinstance(value, int):
        return value
    return int(number) if number.is_integer() else number


def as_dict(value: object) -> dict[str, Any]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def as_texts(value: object) -> tuple[str, ...]:
    """The texts of a JSON list, as they are; none for anything else."""
    items = value if isinstance(value, (list, tuple)) else ()
    return tuple(_SURROGATE.sub("\ufffd", item) for item in items if isinstance(item, str))


def as_params(values: Mapping[str, Any]) -> dict[str, ParamValue]:
    """A configuration's values by name, as they were set."""
    return {_as_key(key): as_param(value, 1) for key, value in values.items()}


def as_param(value: object, depth: int) -> ParamValue:
    """A value of a run's configuration, as it was set; text where it is of no kind of JSON."""
    if isinstance(value, Mapping) and depth < MAX_DEPTH:
        return {_as_key(key): as_param(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and depth < MAX_DEPTH:
        return [as_param(item, depth + 1) for item in value]
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**64 else as_number(value)
    return _SURROGATE.sub("\ufffd", str(value))


def _as_key(key: object) -> str:
    return _SURROGATE.sub("\ufffd", str(key))


def flatten(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[Any]:
    """Name and value of all that is no object; inner names are joined with dots, as W&B does.

    Pictures, tables and other media (objects with a ``_type``) are left out.
    """
    for key, value in values.items():
        name = f"{prefix}{_as_key(key)}"
        if not isinstance(value, dict):
            yield name, value
        elif "_type" not in value and depth < MAX_DEPTH:
            yield from flatten(value, f"{name}.", depth + 1)


def is_internal(name: str) -> bool:
    """Whether W&B logs something of its own under that name (``_step``, ``_wandb.runtime``)."""
    return name.startswith("_")


def make_time(seconds: object, nanos: int = 0) -> dt.datetime | None:
    """Unix seconds as UTC; none for what is no time after 1970."""
    number = as_number(seconds)
    if number is None or not math.isfinite(number) or number <= 0:
        return None
    try:
        return _EPOCH + dt.timedelta(microseconds=round(number * 1_000_000) + nanos // 1000)
    except (OverflowError, ValueError):
        return None


def parse_time(value: object) -> dt.datetime | None:
    """ISO 8601 text as UTC, which it is where it names no zone; none for what is no time."""
    if not isinstance(value, str):
        return None
    try:
        # Nanoseconds, as the newer clients write them, are cut to microseconds.
        time = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.strip()))
        return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return None
