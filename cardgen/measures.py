"""Numbers and names of metrics and parameters: what is equal, what is better, how it is shown."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cardgen.config import Settings
from cardgen.models import Direction

Number = int | float

_LARGEST = 10**300
_MOST_DECIMALS = 8
_TRUTHS = ("true", "True", "TRUE", "false", "False", "FALSE")
_SEPARATORS = re.compile(r"[/._\-: ]+")
_WHOLE = re.compile(r"[+-]?[0-9]{1,300}")
_LESS_IS_BETTER = re.compile(
    r"(?:^|[^a-z])(?:loss|err|error|perplexity|ppl|wer|cer|ter|rmse|mse|mae|mape|nll|brier|"
    r"log_?loss|(?:cross_?)?entropy|fid|eer|latency|runtime|bpb|bpc|hamming)(?:$|[^a-z])"
)
_QUALITY = re.compile(
    r"acc(?:$|[^a-z]|uracy)|f1|f_?(?:beta|score)|auc|auroc|(?:^|[^a-z])r2(?:$|[^a-z])|score|precision|"
    r"recall|bleu|rouge|chrf|(?:^|[^a-z])map(?:$|[^a-z])|ndcg|mrr|exact_?match|(?:^|[^a-z])em(?:$|[^a-z])|"
    r"iou|dice|mcc|kappa|pearson|spearman|cosine"
)


def guess_direction(metric: str, settings: Settings) -> Direction:
    """Whether more or less of a metric is better, by the settings, else by its name."""
    if any(fnmatch.fnmatchcase(metric, pattern) for pattern in settings.maximize):
        return "max"
    if any(fnmatch.fnmatchcase(metric, pattern) for pattern in settings.minimize):
        return "min"
    return _guess_by_name(metric)


@lru_cache(4096)  # the cards of a project have the same metrics
def _guess_by_name(metric: str) -> Direction:
    return "min" if _LESS_IS_BETTER.search(metric.casefold()) else "max"


@lru_cache(4096)
def is_quality(metric: str) -> bool:
    """Whether a metric's name is one of those by which models are commonly judged."""
    return _QUALITY.search(metric.casefold()) is not None


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested parameters as one level: ``{"optim": {"lr": 1}}`` is ``{"optim/lr": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}/")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


@lru_cache(16384)
def normalise(name: str) -> str:
    """A name by which ``eval/f1``, ``eval_f1`` and ``eval.f1`` are one."""
    return _SEPARATORS.sub("/", name).casefold()


def same_value(a: object, b: object) -> bool:
    """Whether two parameters are equal: numbers by value, however they are written."""
    return value_key(a) == value_key(b)


def value_key(value: object) -> tuple[str, Any]:
    """What is equal for equal parameters only, and can be looked up."""
    if value.__class__ is not float and (isinstance(value, bool) or value in _TRUTHS):
        return "truth", str(value).casefold()
    number = as_number(value)
    if number is None:
        return "text", " ".join(str(value).split())
    return ("nan", "") if math.isnan(number) else ("number", number)


def same_rounded(written: object, recorded: float) -> bool:
    """Whether a number that a person wrote is a recorded one at the digits written."""
    number = as_number(written)
    if number is None or math.isnan(recorded) or math.isinf(recorded):
        return number is not None and same_value(number, recorded)
    digits = str(written).casefold().partition("e")[0].partition(".")[2]
    if "e" in str(written).casefold() or isinstance(written, int):
        return math.isclose(number, recorded, rel_tol=1e-6) or number == recorded
    return abs(number - recorded) <= 0.5 * 10.0 ** -len(digits) * (1 + 1e-9)


def format_number(value: Number) -> str:
    """A number as short as it can be without changing it: 50.0 is ``50``, 0.95 ``0.95``."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def format_spread(mean: float, std: float | None) -> str:
    """A mean and its standard deviation: two digits of this, as many decimals of that.

    0.81237 and 0.00418 are ``0.8124 ± 0.0042``; without a deviation the mean stands alone.
    """
    if not std or not math.isfinite(std):
        return f"{mean:.6g}" if std is None else f"{mean:.6g} ± {std:.2g}"
    power = _power(max(abs(mean), std))
    decimals = 1 - _power(std)
    if -4 < power < 9:
        return _format_both(mean, std, decimals)
    return f"({_format_both(_shift(mean, power), _shift(std, power), decimals + power)})e{power}"


def _format_both(mean: float, std: float, decimals: int) -> str:
    if decimals > _MOST_DECIMALS:  # nobody reads so many
        return f"{mean:z.{_MOST_DECIMALS}f} ± {std:.1e}"
    decimals = max(decimals, 0)
    return f"{mean:z.{decimals}f} ± {std:.{decimals}f}"


def _power(value: float) -> int:
    """Of ten, the largest that is in a number."""
    return int(f"{value:.1e}".partition("e")[2])


def _shift(value: float, power: int) -> float:
    """A number without a power of ten, also one that no double can divide by."""
    digits, _, own = f"{value:.17e}".partition("e")
    return float(f"{digits}e{int(own) - power}")


def as_number(value: object) -> Number | None:
    """A value as the number it is or spells, None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        # Calculating with a longer one would raise.
        return value if abs(value) < _LARGEST else math.inf if value > 0 else -math.inf
    text = str(value).strip()
    try:
        # Evidence holds whole numbers that a double cannot hold as text.
        return int(text) if _WHOLE.fullmatch(text) else float(text)
    except ValueError:
        return None
