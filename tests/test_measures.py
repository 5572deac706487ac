"""Numbers and names of metrics: what is equal, what is better, how it is shown."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Settings
from cardgen.measures import (
    as_number,
    flatten,
    format_number,
    format_spread,
    guess_direction,
    normalise,
    same_rounded,
    same_value,
    value_key,
)
from tests.strategies import NAMES, NUMBERS, PARAMS, TEXT


@pytest.mark.parametrize(
    "metric",
    [
        "loss", "eval/loss", "eval_loss", "valid.cross_entropy", "test/WER", "rmse", "val-mae",
        "Perplexity", "log_loss", "logloss/x/error", "inference latency",
    ],
)  # fmt: skip
def test_less_is_better_for_losses_and_errors(metric: str) -> None:
    assert guess_direction(metric, Settings()) == "min"


@pytest.mark.parametrize(
    "metric", ["accuracy", "eval/f1", "exact_match", "bleu", "answer_rate", "merit", "", "lossless"]
)
def test_more_is_better_for_all_else(metric: str) -> None:
    assert guess_direction(metric, Settings()) == "max"


def test_the_settings_know_better() -> None:
    settings = Settings(minimize=("*/regret", "f?"), maximize=("useful_*",))
    assert guess_direction("eval/regret", settings) == "min"
    assert guess_direction("f1", settings) == "min"
    assert guess_direction("useful_loss", settings) == "max"


def test_nested_parameters_on_one_level() -> None:
    values = {"a": 1, "optim": {"lr": 2, "sched": {"warm": [3]}, "none": {}}, "b/c": None}
    assert flatten(values) == {
        "a": 1,
        "optim/lr": 2,
        "optim/sched/warm": [3],
        "optim/none": {},
        "b/c": None,
    }


@given(st.dictionaries(NAMES, PARAMS))
def test_flat_parameters_hold_no_filled_mapping(values: dict[str, Any]) -> None:
    flat = flatten(values)
    assert not any(isinstance(value, dict) and value for value in flat.values())
    assert flatten(flat) == flat or any(math.isnan(v) for v in _floats(flat))


def _floats(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [x for item in value.values() for x in _floats(item)]
    if isinstance(value, list):
        return [x for item in value for x in _floats(item)]
    return [value] if isinstance(value, float) else []


@pytest.mark.parametrize(
    "name", ["eval/f1", "eval_f1", "eval.f1", "Eval F1", "eval: f1", "EVAL-F1"]
)
def test_spellings_of_one_metric(name: str) -> None:
    assert normalise(name) == "eval/f1"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (0.001, "1e-3"), (1, 1.0), ("1", 1), (" 32 ", "32"), ("nan", math.nan), (True, "true"),
        ("False", False), ("a  b", "a b"), ("Infinity", math.inf), (None, "None"),
        ([1, 2], "[1, 2]"), (2**53 + 1, str(2**53 + 1)),
    ],
)  # fmt: skip
def test_equal_parameters(a: object, b: object) -> None:
    assert same_value(a, b)
    assert same_value(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 2),
        (True, 1),
        (False, "0"),
        ("a", "A"),
        (0.1, 0.1000001),
        ("", 0),
        (None, 0),
        (1, math.nan),
    ],
)
def test_differing_parameters(a: object, b: object) -> None:
    assert not same_value(a, b)
    assert not same_value(b, a)


@pytest.mark.parametrize(
    ("written", "recorded", "same"),
    [
        (55.1, 55.1449, True),
        (55.1, 55.15, True),
        (55.1, 55.1501, False),
        (0.5, 0.4999, True),
        ("57.30", 57.3049, True),
        ("57.30", 57.306, False),
        (1e-05, 1.00000000001e-05, True),
        (1e-05, 1.1e-05, False),
        (57, 57.0, True),
        (57, 57.3, False),
        ("nan", math.nan, True),
        (0.5, math.nan, False),
        ("inf", math.inf, True),
        (1e308, math.inf, False),
        ("no number", 0.5, False),
        (10**400, 0.5, False),
    ],
)
def test_a_written_number_is_compared_at_its_digits(
    written: object, recorded: float, same: bool
) -> None:
    assert same_rounded(written, recorded) is same


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_rounding_by_hand_is_no_difference(recorded: float, digits: int) -> None:
    assert same_rounded(f"{recorded:.{digits}f}", recorded) or digits == 0


@pytest.mark.parametrize(
    ("number", "text"),
    [(50.0, "50"), (0.95, "0.95"), (1e-07, "1e-07"), (3, "3"), (-2.0, "-2"), (1e20, "1e+20"),
     (math.nan, "nan"), (math.inf, "inf"), (-0.0, "0")],
)  # fmt: skip
def test_numbers_are_short(number: float, text: str) -> None:
    assert format_number(number) == text


@given(NUMBERS)
def test_a_shown_number_is_the_number(number: float) -> None:
    shown = format_number(number)
    held = int(shown) if isinstance(number, int) else float(shown)
    assert held == number or math.isnan(number)


@pytest.mark.parametrize(
    ("value", "number"),
    [("0.5", 0.5), (" 1e3 ", 1000.0), (7, 7), (True, None), (None, None), ("", None), ("a", None),
     ([1], None), (10**400, math.inf), (-(10**400), -math.inf)],
)  # fmt: skip
def test_numbers_and_what_spells_them(value: object, number: float | None) -> None:
    assert as_number(value) == number


@given(PARAMS | NUMBERS | TEXT | st.integers(), PARAMS | NUMBERS)
def test_any_two_values_compare(a: object, b: object) -> None:
    assert same_value(a, b) is same_value(b, a)
    assert same_value(a, a)
    number = as_number(b)
    if number is not None:
        assert same_rounded(a, float(number)) in (True, False)


@given(st.lists(PARAMS, min_size=2, max_size=2))
def test_equal_parameters_are_found_by_their_key(values: list[Any]) -> None:
    a, b = values
    assert same_value(a, b) == same_value(b, a) == (value_key(a) == value_key(b))
    hash(value_key(a))


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [
        (0.81237, 0.00418, "0.8124 ± 0.0042"),
        (0.81237, 0.0996, "0.81 ± 0.10"),
        (0.81237, 0.00996, "0.812 ± 0.010"),
        (71.3, 1.24, "71.3 ± 1.2"),
        (812.4, 12.3, "812 ± 12"),
        (12345.6, 123.4, "12346 ± 123"),
        (-1e-9, 0.1, "0.00 ± 0.10"),
        (-0.5, 0.1, "-0.50 ± 0.10"),
        (3.2e-5, 1.1e-6, "(3.20 ± 0.11)e-5"),
        (2.5e12, 3.1e10, "(2.500 ± 0.031)e12"),
        (1e-320, 1e-321, "(1.00 ± 0.10)e-320"),
        (0.8, 1e-12, "0.80000000 ± 1.0e-12"),
        (0.8, 0.0, "0.8 ± 0"),
        (0.8, None, "0.8"),
        (1e300, math.inf, "1e+300 ± inf"),
    ],
)
def test_a_mean_has_the_decimals_of_its_deviation(
    mean: float, std: float | None, text: str
) -> None:
    assert format_spread(mean, std) == text


@given(st.floats(-1e300, 1e300), st.floats(0, 1e300))
def test_any_mean_has_a_text(mean: float, std: float) -> None:
    assert "±" in format_spread(mean, std)
    assert len(format_spread(mean, std)) < 40
