"""Axes of charts: where values lie, and the round numbers written beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_STEPS = (1.0, 2.0, 5.0, 10.0)
_DECADES = 300.0
"""Highest by lowest value from which a scale is logarithmic: two and a half decades."""


@dataclass(frozen=True)
class Scale:
    """Maps ``low`` to ``high`` onto ``start`` to ``end`` (pixels), evenly or by logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value lies; it must be finite, and positive on a logarithmic scale."""
        return self.place_all([value])[0]

    def place_all(self, values: Iterable[float]) -> list[float]:
        """Where values lie."""
        low, high = self.low, self.high
        if self.log:
            low, high, values = math.log10(low), math.log10(high), map(math.log10, values)
        # Halves, since a range may be wider than a double.
        half, width, start = low / 2, high / 2 - low / 2, self.start
        share = (self.end - start) / width if width > 1e-290 else 0.0
        if not share or share > 1e290:  # too narrow a range to divide by at once
            return [start + (value / 2 - half) / width * (self.end - start) for value in values]
        return [start + (value / 2 - half) * share for value in values]


def find_scale(
    values: Iterable[float], start: float, end: float, *, may_log: bool = False
) -> Scale:
    """A scale that holds all values with a little air, or begins at 0 where that is near."""
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if may_log and low > 0 and high / low >= _DECADES:
        return Scale(low, high, start, end, log=True)
    if low == high:
        margin = abs(low) / 10 or 0.5
        if not math.isfinite(abs(low) + margin):  # no double is beyond it
            return Scale(min(low, 0.0), max(high, 0.0), start, end)
        return Scale(low - margin, high + margin, start, end)
    air = (high / 2 - low / 2) / 10
    lower, upper = low - air, high + air
    if not (math.isfinite(lower) and math.isfinite(upper)):
        lower, upper = low, high
    if low >= 0 > lower or 0 <= low < (high - low) / 4:
        lower = 0.0
    if low >= 0 and high <= 1 < upper:  # a share of one
        upper = 1.0
    return Scale(lower, upper, start, end)


def find_ticks(scale: Scale, count: int) -> list[float]:
    """About ``count`` round numbers within a scale."""
    return _log_ticks(scale, count) if scale.log else _even_ticks(scale, count)


def _even_ticks(scale: Scale, count: int) -> list[float]:
    span = scale.high / count - scale.low / count
    if not (span > 0 and math.isfinite(span)):
        return [scale.low]
    power = 10.0 ** math.floor(math.log10(span))
    if not power:
        return [scale.low]
    step = next(s for s in _STEPS if s * power >= span * 0.85) * power
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    return [number * step + 0.0 for number in range(first, min(last, first + 2 * count) + 1)]


def _log_ticks(scale: Scale, count: int) -> list[float]:
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    every = max(1, math.ceil((last - first) / count))
    ticks = [10.0**power for power in range(first, last + 1, every)]
    return [tick for tick in ticks if scale.low * 0.999 <= tick <= scale.high * 1.001]


def format_ticks(ticks: Sequence[float]) -> list[str]:
    """Labels of ticks, alike in their decimals; thousands and millions as k and M."""
    return list(_format_ticks(tuple(ticks)))


@lru_cache(2048)  # round numbers come again and again
def _format_ticks(ticks: tuple[float, ...]) -> list[str]:
    largest = max((abs(tick) for tick in ticks), default=0.0)
    if largest and (largest >= 1e10 or largest < 1e-3):
        return [_format_power(tick) for tick in ticks]
    if len(ticks) > 1 and max(ticks) >= 100 * abs(min(ticks)) > 0:  # decades
        if min(ticks) < 1e-4:
            return [_format_power(tick) for tick in ticks]
        return [_format_unit(tick, _decimals_of(tick)) for tick in ticks]
    decimals = max((_decimals_of(_in_unit(tick, largest)) for tick in ticks), default=0)
    unit = _find_unit(largest)[1]
    return [f"{_in_unit(tick, largest):.{decimals}f}{unit if tick else ''}" for tick in ticks]


def _find_unit(largest: float) -> tuple[float, str]:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if largest >= size:
            return (1e3, "k") if unit == "k" else (size, unit)
    return 1.0, ""


def _in_unit(tick: float, largest: float) -> float:
    return tick / _find_unit(largest)[0]


def _format_unit(tick: float, decimals: int) -> str:
    size, unit = _find_unit(abs(tick))
    return f"{tick / size:.{decimals if size == 1 else 0}f}{unit}"


def _format_power(tick: float) -> str:
    if not tick:
        return "0"
    digits, _, exponent = f"{tick:.2e}".partition("e")
    return f"{float(digits):g}e{int(exponent)}" if int(exponent) else f"{float(digits):g}"


def _decimals_of(value: float) -> int:
    """Decimals that a round number needs, at most 8."""
    for decimals in range(8):
        if math.isclose(round(value, decimals), value, rel_tol=1e-9, abs_tol=1e-12):
            return decimals
    return 8
