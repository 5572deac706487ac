"""Numbers and other values as a page shows them: few digits in a cell, the full value beside it."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from typing import Any

from cardgen.measures import Number, format_number
from cardgen.site.speech import format_day, say_number

MISSING = "–"
_MOST_DECIMALS = 6


def format_full(value: Any) -> str:
    """A value in full: numbers so that they read back, NaN and infinities as such."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return format_number(value) if math.isfinite(value) else _format_odd(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return format_number(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, default=str)


def _format_odd(value: float) -> str:
    return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"


def format_column(values: Sequence[Number | None]) -> list[str]:
    """The cells of a column, with as many decimals as tell most of its values apart."""
    numbers = {v for v in values if v is not None and _is_finite(v)}
    decimals = _choose_decimals(numbers)
    least = 9.5 * 10**-decimals if decimals else math.inf  # from which nothing is special
    return [
        MISSING if v is None
        else say_number(f"{v:.{decimals}f}" if least <= v < 1e15 else _format_cell(v, decimals))
        for v in values
    ]  # fmt: skip


def format_short(value: Number) -> str:
    """One number with few digits."""
    return format_column([value])[0]


def _is_finite(value: Number) -> bool:
    """Also false for integers that no double can hold."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _choose_decimals(numbers: set[Number]) -> int | None:
    """None where the column needs powers of ten."""
    largest = max((abs(number) for number in numbers), default=0.0)
    if all(float(number).is_integer() for number in numbers) and largest < 1e15:
        return 0
    if not 1e-3 <= largest < 1e9:
        return None
    magnitude = math.floor(math.log10(largest))
    decimals = 4 if -2 <= magnitude <= 0 else max(1, 4 - magnitude) if magnitude > 0 else 6
    if len(numbers) > 100:  # nobody tells so many apart by their digits
        return decimals
    while decimals < _MOST_DECIMALS and _count_shown(numbers, decimals) < 0.7 * len(numbers):
        decimals += 1
    return decimals


def _count_shown(numbers: set[Number], decimals: int) -> int:
    """How many of different numbers still differ with so many decimals."""
    return len({f"{number:.{decimals}f}" for number in numbers})


def _format_cell(value: Number, decimals: int | None) -> str:
    if isinstance(value, int) and abs(value) >= 10**15:
        return str(value)
    if not _is_finite(value):
        return _format_odd(float(value))
    if decimals is None or (value and abs(value) < 0.5 * 10**-decimals):
        return format_power(value)
    if decimals and value and abs(value) < 9.5 * 10**-decimals:  # one digit would round it coarsely
        return f"{value:.2g}" if abs(value) >= 1e-4 else format_power(value)
    return f"{value + 0.0:.{decimals}f}"  # no minus before a zero


def format_power(value: Number) -> str:
    """A number as 3.2e-5."""
    if not value:
        return "0"
    digits, _, exponent = f"{value:.3g}".partition("e")
    if not exponent:
        digits, _, exponent = f"{value:.2e}".partition("e")
        digits = digits.rstrip("0").rstrip(".")
    return f"{digits}e{int(exponent)}"


def format_difference(value: float, of: float) -> str:
    """A difference with its sign and as many decimals as the numbers it is a difference ``of``.

    The minus is a typographic one, since nobody copies it as a number.
    """
    if not math.isfinite(value):
        return _format_odd(value)
    decimals = _choose_decimals({of, of + value} if _is_finite(of + value) else {value})
    text = say_number(_format_cell(abs(value), decimals)) if value else "0"
    return f"±{text}" if not value else f"{'+' if value > 0 else '−'}{text}"


def format_time(value: dt.datetime) -> str:
    """A time in UTC to the minute."""
    return f"{format_day(value.date())}, {value:%H:%M} UTC"


def format_duration(span: dt.timedelta, units: Sequence[str]) -> str:
    """A length of time in its two largest of days, hours, minutes and seconds (``units``)."""
    seconds = round(span.total_seconds())
    if seconds < 1:
        return f"<1 {units[3]}" if span.total_seconds() >= 0 else MISSING
    parts: list[tuple[int, str]] = []
    for size, unit in zip((86_400, 3_600, 60, 1), units, strict=True):
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count)


def format_size(size: int) -> str:
    """A file's size in bytes, with units of a thousand."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return say_number(f"{value:.3g} {unit}")
    return say_number(f"{value / 1000:.3g} TB")
