"""Which numbers are no results: sizes, durations, parameters, targets, what others reported."""

from __future__ import annotations

import re
from typing import NamedTuple

from cardgen.claims.concepts import UNBOUNDED
from cardgen.claims.lexicon import Mention, fold, is_small_word, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.others import is_another_s
from cardgen.claims.sentences import Sentence, list_words

_MEASURED_UNITS = frozenset(("latency", "throughput", "runtime", "perplexity", "psnr"))
AMOUNTS = frozenset(("mae", "mse", "rmse", "reward"))
"""Measures in the unit of what is predicted, which may be anything: euros, degrees."""

_PHYSICAL = load_glue("physical")
_WHOLE = load_glue("whole_params")
_NAME_IS = re.compile(r"(?P<name>[A-Za-zα-ωΑ-Ω][\w.-]{0,40})\s?(?:=|<|>|≈|==)\s?[(\[{]?\s?$")
_P_VALUE = re.compile(r"(?:^|[\s(])p\s?(?:=|<|>|≤|-?value)?\s?(?:of |is |was )?$", re.IGNORECASE)
_THOUSAND = re.compile(r"\d{1,3}[.,]000")
_PRECISION = re.compile(r"\bP\s?[=:]\s?\d.{0,40}\bR\s?[=:]\s?\d")
# The ends of an interval are nowhere recorded: 'CI 30.8–32.1'.
_INTERVAL = re.compile(
    r"(?:\bCI|\bIC|\bPU|\bДИ|confidence interval|przedział ufności|intervalle de confiance|"
    r"доверительный интервал|置信区间)[\s:=为是]{0,3}(?:95\s?%|of|à)?[\s:=为是]{0,3}"
    r"[\[(]?\s?(?:[\d.,]{1,8}\s?%?\s?(?:[–,;-]|to|do|à|до|到|至)\s?)?$"
)
_PARAM_GLUE = load_glue("param_glue")
# '20.1 M parameters', 'pauses of 0.5 s'; a Russian "с" is mostly the word 'with'.
_UNIT_SIGN = re.compile(
    r"[ \u00a0\u202f](?:(?:M|B|Md|Mio|k|K|s)(?![\w'’/]|-\w|\.\w)|с(?=[,.;:)]|\s*$))"
)


class Said(NamedTuple):
    """What is known of a number: its unit and where that ends, the metrics it may be of, and
    whether those stand right beside it."""

    unit: str
    end: int
    metrics: list[Mention]
    close: bool


def is_exempt(sentence: Sentence, number: Number, said: Said) -> bool:
    """Whether a number is said to be something else than a result of this project's runs."""
    return (
        _has_other_unit(sentence, number, said)
        or _is_chance(sentence, number)
        or ((not said.close or _is_of_next(sentence, number, said)) and _is_param(sentence, number))
        or _is_assigned(sentence, number)
        or _is_share_of_work(sentence, number, said)
        or _is_diagnostic(sentence, number)
        or is_another_s(sentence, number)
        or _is_of_something(sentence, number, said)
    )


def _is_of_next(sentence: Sentence, number: Number, said: Said) -> bool:
    """Whether the metric behind a number is the next one's: 'threshold 0.25 precision 0.87'."""
    behind = [one for one in said.metrics if one.start >= number.end]
    return bool(behind) and any(
        0 <= other.start - one.end <= 3 for one in behind for other in sentence.numbers
    )


def _is_diagnostic(sentence: Sentence, number: Number) -> bool:
    """'The gradient norm stayed around 1.5': what is watched, and is no result."""
    before = [one for one in sentence.of("diagnostic") if one.end <= number.start]
    return bool(before) and not any(
        before[-1].end <= one.start < number.end + 20 for one in sentence.of("metric", "key")
    )


def _is_of_something(sentence: Sentence, number: Number, said: Said) -> bool:
    """'2.3 sentences': no metric far and wide, and a word behind that nobody expects there."""
    if said.unit or number.sign or number.value <= 1 or sentence.of("metric", "key"):
        return False
    behind = re.match(r"[ \u00a0\u202f]([^\W\d_]{3,})", sentence.text[number.end : number.end + 24])
    if behind is None or re.search(r"[\u3400-\u9fff]", behind[1]):
        return False
    start = number.end + 1
    word = fold(behind[1])
    return not (is_small_word(word) or any(one.start == start for one in sentence.mentions))


def _all_unbounded(metrics: list[Mention]) -> bool:
    """'a loss of 3.5 % of the tokens' is of no metric."""
    return all(one.name in UNBOUNDED for one in metrics)


def _has_other_unit(sentence: Sentence, number: Number, said: Said) -> bool:
    if said.unit or number.percent or _is_of_speed(sentence, number):
        return False
    measured = any(one.name in _MEASURED_UNITS or one.kind == "key" for one in said.metrics)
    amount = any(one.name in AMOUNTS for one in said.metrics)
    if number.tail and fold(number.tail) not in ("x", "х"):
        return not measured
    if _UNIT_SIGN.match(sentence.between(number.end, min(sentence.end, number.end + 6))):
        return not measured
    for one in sentence.of("unit"):
        between = sentence.between(number.end, one.start) if one.start >= number.end else "x" * 9
        if not between.strip(" \n\u00a0\u202f-‑*_"):
            unit = fold(sentence.between(one.start, one.end))
            return not (measured or (amount and unit in _PHYSICAL))
        words = list_words(between)
        if (
            len(between) < 20
            and len(words) == 1
            and (not number.fraction or _THOUSAND.fullmatch(number.text))
            and not re.search(r"[^\w\s]", between)
        ):
            return not measured
    return "°" in sentence.between(number.end, number.end + 2) and not (measured or amount)


def _is_chance(sentence: Sentence, number: Number) -> bool:
    """A level of confidence, an interval's name, or a p-value."""
    before = sentence.between(max(sentence.start, number.start - 14), number.start)
    if _P_VALUE.search(before):
        return _PRECISION.search(sentence.said) is None
    if sentence.of("confidence") and _INTERVAL.search(
        sentence.between(max(sentence.start, number.start - 40), number.start)
    ):
        return True
    for one in sentence.of("confidence"):
        if 0 <= one.start - number.end <= 14 and number.percent:
            return not re.search(r"[.,;()]", sentence.between(number.end, one.start))
        if 0 <= number.start - one.end <= 12 and (number.percent or number.value < 0.2):
            return not re.search(r"[\d.,;()\[]", sentence.between(one.end, number.start))
    return False


def _is_param(sentence: Sentence, number: Number) -> bool:
    """Whether a number is a parameter's: its name before it, or right behind."""
    for one in reversed(sentence.of("param")):
        if _is_whole(sentence, one) and (number.fraction or number.percent):
            continue  # 'seed 4: 0.9404'
        if one.end <= number.start:
            if _is_set(sentence, one, sentence.between(one.end, number.start).removeprefix(".")):
                return True
        elif number.end <= one.start <= number.end + 8:
            between = sentence.between(number.end, one.start)
            if not between.strip(" %-‑*_的") and not re.search(r"[,;.]", between):
                return True
    return _goes_on_about_param(sentence, number)


def _is_set(sentence: Sentence, param: Mention, between: str) -> bool:
    """Whether what stands between a parameter and a number says that it is set to it."""
    if _is_whole(sentence, param) and _LISTED.fullmatch(between.lower()):
        return True
    between = re.sub(r"\d+[.,]?\d*", "", between)
    if len(between) > 70 or re.search(r"[;:.，。；](?=\s|$)", between.replace(": ", " ", 1)):
        return False
    if re.search(r"[\u3400-\u9fff]", between):
        return _SET_IN_CHINESE.fullmatch(between) is not None
    words = list_words(between)
    known = all(word in _PARAM_GLUE or word == "e" for word in words)
    return len(words) <= 6 and known and "," not in between


_SET_IN_CHINESE = re.compile(r"[\s\d.,e\-从为是取设到至的由和、/调提高降低升值定约()%*_]*")
_LISTED = re.compile(r"(?:[\s\d,、]|and|to|or|i|oraz|et|do|и|до|和|与|至)*")


def _is_whole(sentence: Sentence, param: Mention) -> bool:
    """Whether a parameter is a count, so that a number with decimals is not its value."""
    return fold(sentence.between(param.start, param.end)) in _WHOLE


def _goes_on_about_param(sentence: Sentence, number: Number) -> bool:
    """'Dropout was 0.1; lowering it to 0.05 did not help': no metric, and something is set."""
    before = [
        one
        for one in sentence.of("param")
        if one.end <= number.start and not (number.fraction and _is_whole(sentence, one))
    ]
    if not before or number.percent or sentence.of("metric", "key"):
        return False
    start, _ = sentence.clause(number.start)
    return any(
        start <= one.start and one.end <= number.start for one in sentence.of("higher", "lower")
    )


def _is_assigned(sentence: Sentence, number: Number) -> bool:
    """Whether 'name=0.5' stands there, and the name is that of no metric."""
    before = sentence.text[max(sentence.start, number.start - 44) : number.start]
    match = _NAME_IS.search(before)
    if match is None:
        return False
    place = number.start - len(before) + match.start("name")
    if number.sign == "+" or match["name"] in ("Δ", "δ", "delta", "diff", "gain"):
        return False
    if match["name"] in ("P", "R") and _PRECISION.search(sentence.said):
        return False
    return not any(
        one.start < place + len(match["name"]) and one.end > place - 2
        for one in sentence.of("metric", "key", "split", "baseline", "best", "mean", "std")
    )


def _is_share_of_work(sentence: Sentence, number: Number, said: Said) -> bool:
    """Whether '10 %' is of the data, the time or the memory, or '1.5x' a speed."""
    times = fold(number.tail) in ("x", "х") or _is_times_word(sentence, number)
    if times and _is_of_speed(sentence, number):
        return False
    close = said.close and not _all_unbounded(said.metrics)
    if close or not (said.unit == "percent" or times):
        return False
    start, stop = sentence.clause(number.start)
    for one in sentence.of("resource", "speed"):
        if one.start >= said.end and one.end <= stop + 1:
            between = sentence.between(said.end, one.start)
            if (
                len(list_words(between)) <= 4
                and len(between) <= 40
                and not _names_result(sentence, said.end, one.start)
            ):
                return True
        elif (
            start <= one.start
            and one.end <= number.start
            and not _names_result(sentence, start, stop)
        ):
            return True
    return False


_SPEED_KEY = re.compile(r"ms$|sec|latency|time|fps|throughput|speed")


def _is_of_speed(sentence: Sentence, number: Number) -> bool:
    """'At 24 ms it is 2.8 times slower': a factor, behind a speed that was measured."""
    if not _is_times_word(sentence, number) or sentence.of("resource"):
        return False
    return any(
        one.name in _MEASURED_UNITS or (one.kind == "key" and _SPEED_KEY.search(one.name))
        for one in sentence.of("metric", "key")
        if one.end <= number.start
    )


def _is_times_word(sentence: Sentence, number: Number) -> bool:
    return any(0 <= one.start - number.end <= 2 for one in sentence.of("times"))


def _names_result(sentence: Sentence, start: int, end: int) -> bool:
    if any(sentence.has(kind, start, end) for kind in ("metric", "key", "part")):
        return True
    return any(
        start <= one.start and one.end <= end and one.name != "train"
        for one in sentence.of("split")
    )
