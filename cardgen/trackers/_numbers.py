"""Numbers out of JSON and databases of strangers."""

from __future__ import annotations

import math


def make_float(value: object) -> float | None:
    """A number as a float, an integer too large as infinity; none for what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def make_step(value: object) -> int | float | None:
    """A step, whole where it is whole; none for what is no finite number."""
    number = make_float(value)
    if number is None or not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
