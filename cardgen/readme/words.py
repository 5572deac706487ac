"""Words and numbers of a README, in the project's language."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cardgen.differences.values import show_value
from cardgen.facts import Facts, Origin
from cardgen.languages import load_labels
from cardgen.markdown import quote_span, quote_text
from cardgen.measures import format_number

MISSING = "–"
_LONGEST = 300
_NUMBER = re.compile(r"(?<=\d)\.(?=\d)")


@dataclass(frozen=True)
class Words:
    """The labels of a language, and how it writes numbers."""

    labels: dict[str, str] = field(repr=False)
    sign: str

    def __getitem__(self, key: str) -> str:
        return self.labels[key]

    def number(self, text: str) -> str:
        """A number as text (``0.95``, ``0.81 ± 0.02``) with the language's decimal sign."""
        return text if self.sign == "." else _NUMBER.sub(self.sign, text)

    def metric(self, value: float) -> str:
        """A measured value, six digits of it."""
        return self.number(f"{value:.6g}") if math.isfinite(value) else _say_odd(value)

    def column(self, values: Sequence[float | None]) -> list[str]:
        """Measured values below each other: as many decimals as tell them apart."""
        numbers = [abs(v) for v in values if v is not None and math.isfinite(v)]
        largest = max(numbers, default=0.0)
        whole = all(float(v).is_integer() for v in numbers)
        if whole or not 1e-3 <= largest < 1e6:
            return [MISSING if v is None else self.metric(v) for v in values]
        decimals = 4 if largest < 10 else 2 if largest < 1000 else 1
        return [MISSING if v is None else self._cell(v, decimals) for v in values]

    def _cell(self, value: float, decimals: int) -> str:
        if not math.isfinite(value) or 0 < abs(value) < 10**-decimals:
            return self.metric(value)
        return self.number(f"{value:.{decimals}f}")

    def value(self, value: Any) -> str:
        """Any value of a card on one line, as Markdown; numbers as programs write them."""
        text = show_value(value)
        return quote_text(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _say_odd(value: float) -> str:
    return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"


@cache
def load_words(language: str) -> Words:
    """The words of a language that cardgen speaks."""
    from babel.numbers import get_decimal_symbol  # noqa: PLC0415  # heavy

    return Words(load_labels(language), get_decimal_symbol(language))


class Origins:
    """One card's runs, numbered in their order, by which values say where they are from."""

    def __init__(self, facts: Facts, words: Words) -> None:
        self.numbers = {run.ref: number for number, run in enumerate(facts.runs, 1)}
        self._words = words

    def say(self, origin: Origin) -> str:
        """``card.md, line 7`` or ``run 1, step 500``."""
        words = self._words
        if origin.written:
            line = f", {words['line'].format(origin.line)}" if origin.line else ""
            return f"[card.md](card.md){line}"
        step = "" if origin.step is None else f", {words['axis_step']} {say_step(origin.step)}"
        return f"{self.run(origin.ref)}{step}"

    def run(self, ref: str) -> str:
        number = self.numbers.get(ref)
        return f"{self._words['run']} {number}" if number else quote_span(ref)


def say_step(step: float) -> str:
    return quote_text(format_number(step))
