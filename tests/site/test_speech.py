"""Numbers and dates in the languages of the site."""

from __future__ import annotations

import datetime as dt

import pytest

from cardgen.facts import Spread
from cardgen.languages import find_languages
from cardgen.site.numbers import (
    format_column,
    format_difference,
    format_full,
    format_short,
    format_size,
    format_time,
)
from cardgen.site.speech import format_day, speaking
from cardgen.site.spreads import say_spread

COMMA = ("fr", "pl", "ru")
DAYS = {
    "en": "Aug 9, 2023",
    "fr": "9 août 2023",
    "pl": "9 sie 2023",
    "ru": "9 авг. 2023\xa0г.",
    "zh": "2023年8月9日",
}


def test_every_language_of_the_site_is_held_to_this() -> None:
    assert set(DAYS) == set(find_languages())


@pytest.mark.parametrize("language", DAYS)
def test_numbers_have_the_language_s_decimal_sign(language: str) -> None:
    sign = "," if language in COMMA else "."
    with speaking(language):
        said = [
            format_short(0.9555),
            *format_column([0.25, 12.5]),
            format_short(3.25e-7),
            format_difference(-0.0125, 0.5),
            format_size(1_250_000),
            say_spread(Spread(3, 3, 0.81237, 0.00418, 0.8, 0.82)),
        ]
    assert said == [
        text.replace(".", sign)
        for text in (
            "0.9555",
            "0.250",
            "12.500",
            "3.25e-7",
            "−0.0125",
            "1.25 MB",
            "0.8124 ± 0.0042",
        )
    ]


def test_what_is_copied_is_the_same_in_all_languages() -> None:
    with speaking("pl"):
        assert format_full(0.9555) == "0.9555"
    assert format_short(0.9555) == "0.9555"


@pytest.mark.parametrize("language", DAYS)
def test_dates_are_written_as_the_language_does(language: str) -> None:
    with speaking(language):
        said = format_day(dt.date(2023, 8, 9)), format_time(dt.datetime(2023, 8, 9, 5, 7))
    plain = [text.replace("\u202f", "\xa0") for text in said]
    assert plain == [DAYS[language], f"{DAYS[language]}, 05:07 UTC"]
