"""How a live value is written: its number in the form that the text asks for."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from cardgen.facts import Fact
from cardgen.livevalues.syntax import LiveValue
from cardgen.measures import Number, as_number, format_number

MOST_DIGITS = 12
_FORM = re.compile(r"(?:\.(?P<digits>\d{1,2}))?(?P<kind>[%fge])", re.ASCII)
_USUAL = {"%": 1, "f": 2, "g": 6, "e": 2}


def explain_form(form: str) -> str:
    """What is wrong with a format; empty where nothing is."""
    match = _FORM.fullmatch(form)
    if not form or (match and int(match["digits"] or 0) <= MOST_DIGITS):
        return ""
    return f"'{form}' is no way to write a number."


def format_live(value: LiveValue, fact: Fact[Any]) -> str:
    """What ``look_up`` found, with a decimal point; a difference has a sign."""
    number = as_number(fact.value)
    if value.form and number is not None:
        return format_form(number, value.form, signed=value.minus is not None)
    if value.minus and number is not None:
        return _sign(f"{number:.4g}", number)
    return format_plain(fact.value)


def format_form(number: Number, form: str, *, signed: bool = False) -> str:
    """A number as ``.1%``, ``.3f``, ``.4g`` or ``.2e`` say, with a decimal point."""
    match = _FORM.fullmatch(form)
    if match is None or not math.isfinite(number):
        return format_plain(number)
    digits = int(match["digits"] or _USUAL[match["kind"]])
    text = f"{float(number):.{digits}{match['kind']}}"
    return _sign(text, number) if signed else text


def format_plain(value: object) -> str:
    """A value that no format is asked for, on one line: numbers with six digits at most."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return format_number(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())


def _sign(text: str, number: Number) -> str:
    return text if text.startswith("-") or not number > 0 else f"+{text}"
