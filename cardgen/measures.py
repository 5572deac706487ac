"""Numbers and names of metrics and parameters: what is equal, what is better, how it is shown."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Mapping
from typing import Any

from cardgen.config import Settings
from cardgen.models import Direction

Number = int | float

_LARGEST = 10**300
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
    return "min" if _LESS_IS_BETTER.search(metric.casefold()) else "max"


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


def normalise(name: str) -> str:
    """A name by which ``eval/f1``, ``eval_f1`` and ``eval.f1`` are one."""
    return re.sub(r"[/._\-: ]+", "/", name).casefold()


def same_value(a: object, b: object) -> bool:
    """Whether two parameters are equal: numbers by value, however they are written."""
    if isinstance(a, bool) or isinstance(b, bool):
        return str(a).casefold() == str(b).casefold()
    x, y = as_number(a), as_number(b)
    if x is not None and y is not None:
        return x == y or (math.isnan(x) and math.isnan(y))
    return " ".join(str(a).split()) == " ".join(str(b).split())


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
