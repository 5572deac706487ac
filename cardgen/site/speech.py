"""How the language of a page writes numbers and dates.

``speaking(language)`` holds while a page is made: what formats a number is a dozen calls away from
what knows the language. Values that are copied or read by programs are never written this way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from itertools import islice
from typing import TypeVar

from babel.dates import format_date
from babel.numbers import get_decimal_symbol

T = TypeVar("T")

_LANGUAGE: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Numbers and dates are written in this language from here on; not for use in a generator."""
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def speak(language: str, made: Iterable[T]) -> Iterator[T]:
    """The same things, each made while ``speaking``."""
    waiting = iter(made)
    while True:
        with speaking(language):
            found = list(islice(waiting, 1))
        if not found:
            return
        yield found[0]


def say_number(text: str) -> str:
    """A number as text (``0.95``, ``0.81 ± 0.02``, ``1.2 MB``) with the language's decimal sign."""
    sign = _find_sign(_LANGUAGE.get())
    return text if sign == "." else text.replace(".", sign)


@cache
def _find_sign(language: str) -> str:
    return get_decimal_symbol(language)


def format_day(day: dt.date) -> str:
    """A date as the language writes it, the month by its short name."""
    return _format_day(day, _LANGUAGE.get())


def say_day(text: str) -> str:
    """A day such as ``2023-08-09`` as the language writes it; any other text as it is."""
    try:
        return format_day(dt.date.fromisoformat(text))
    except ValueError:
        return text


@lru_cache(8192)
def _format_day(day: dt.date, language: str) -> str:
    return format_date(day, "medium", locale=language)
