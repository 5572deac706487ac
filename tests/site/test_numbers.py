"""Numbers as pages show them."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.site.anchors import make_anchor, make_slug
from cardgen.site.numbers import (
    format_column,
    format_difference,
    format_duration,
    format_full,
    format_short,
    format_size,
)

UNITS = ("d", "h", "min", "s")


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([0.8123, 0.9, None], ["0.8123", "0.9000", "–"]),
        ([0.81234567], ["0.8123"]),
        ([1, 2.0, 3], ["1", "2", "3"]),
        ([100, 99.5], ["100.00", "99.50"]),
        ([2.3041, 12.5], ["2.304", "12.500"]),
        ([12034.53, 2], ["12034.5", "2.0"]),
        ([5e-5, 1e-6, 0.0], ["5e-5", "1e-6", "0"]),
        ([0.5, 1e-7], ["0.5000", "1e-7"]),
        ([0.99991, 0.99992, 0.99993], ["0.99991", "0.99992", "0.99993"]),
        ([math.nan, math.inf, -math.inf, 1], ["NaN", "∞", "-∞", "1"]),
        ([-0.0, 0.5], ["0.0000", "0.5000"]),
        ([1e300, 2.5e10], ["1e300", "2.5e10"]),
        ([10**400], ["1" + "0" * 400]),
        ([], []),
    ],
)
def test_a_column_has_sensible_digits(values: list[float | None], cells: list[str]) -> None:
    assert format_column(values) == cells


@given(st.lists(st.none() | st.floats(-1e300, 1e300) | st.integers(), max_size=20))
def test_any_column_has_a_cell_a_value(values: list[float | None]) -> None:
    cells = format_column(values)
    assert len(cells) == len(values)
    assert all(cells)
    for value, cell in zip(values, cells, strict=True):
        if value is not None and math.isfinite(value) and value:
            assert float(cell) == pytest.approx(value, rel=0.5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"), (None, "null"), (0.1, "0.1"), (50.0, "50"), (1e-5, "1e-05"),
        (math.nan, "NaN"), (-math.inf, "-∞"), ("a", "a"), ("", ""), ([1, "ż"], '[1, "ż"]'),
        ({}, "{}"), (dt.date(2026, 1, 2), "2026-01-02"),
    ],
)  # fmt: skip
def test_values_in_full(value: object, text: str) -> None:
    assert format_full(value) == text


@pytest.mark.parametrize(
    ("value", "of", "text"),
    [
        (0.004444, 0.9467, "+0.0044"), (-0.1, 0.5, "−0.1000"), (0.0, 0.5, "±0"),
        (-1e-7, 0.5, "−1e-7"), (3, 7, "+3"), (-0.05, 1.0, "−0.0500"), (2.5, 153.2, "+2.50"),
        (math.inf, 1.0, "∞"), (1e-6, 2e-6, "+1e-6"), (1e308, 1.7e308, "+1e308"),
    ],
)  # fmt: skip
def test_differences_have_their_sign(value: float, of: float, text: str) -> None:
    assert format_difference(value, of) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "<1 s"), (0.4, "<1 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"),
        (3601, "1 h"), (16_500, "4 h 35 min"), (90_000, "1 d 1 h"), (-5, "–"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(dt.timedelta(seconds=seconds), UNITS) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_600, "1 MB"), (1_100_034_455, "1.1 GB"),
        (5 * 10**12, "5 TB"),
    ],
)  # fmt: skip
def test_sizes(size: int, text: str) -> None:
    assert format_size(size) == text


def test_one_number_alone() -> None:
    assert [format_short(value) for value in (0.81234, 77.7, 100.0, 2e-7)] == [
        "0.8123", "77.700", "100", "2e-7",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("By question type", "by-question-type"), ("Wyniki żółwia!", "wyniki-żółwia"),
        ("结论", "结论"), ("__config", "config"), ("---", ""), ("A/B `c`", "a-b-c"),
    ],
)  # fmt: skip
def test_slugs(text: str, slug: str) -> None:
    assert make_slug(text) == slug


@given(st.lists(st.text(max_size=8) | st.sampled_from(("a", "A", "a 2", "")), max_size=12))
def test_anchors_are_unique_and_never_the_theme_s(texts: list[str]) -> None:
    taken: set[str] = set()
    anchors = [make_anchor(text, taken) for text in texts]
    assert len(set(anchors)) == len(anchors)
    assert all(anchor and not anchor.startswith("_") for anchor in anchors)
