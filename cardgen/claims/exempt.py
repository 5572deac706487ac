"""Which numbers are no results: sizes, durations, parameters, targets, what others reported."""

from __future__ import annotations

import re
from typing import NamedTuple

from cardgen.claims.concepts import UNBOUNDED
from cardgen.claims.lexicon import Mention, fold, is_small_word, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Sentence, list_words

_MEASURED_UNITS = frozenset(("latency", "throughput", "runtime", "perplexity"))
_NAME_IS = re.compile(r"(?P<name>[A-Za-zα-ωΑ-Ω][\w.-]{0,40})\s?(?:=|<|>|≈|==)\s?[(\[{]?\s?$")
_P_VALUE = re.compile(r"(?:^|[\s(])p\s?(?:=|<|>|≤|-?value)?\s?(?:of |is |was )?$", re.IGNORECASE)
_SOURCE = re.compile(
    r"[\s%)*_]*(?:(?:[\w-]{1,12} ?)?\u25a1|\[@|\("
    r"(?:[A-ZÀ-Ż][\w-]{1,40}(?: et al\.?| i in\.| и др\.| and [A-Z]\w{1,40})?,? "
    r"(?:19|20)\d\d))"
)
_TARGET_GLUE = load_glue("target_glue")
_PARAM_GLUE = load_glue("param_glue")


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
        or (not said.close and _is_param(sentence, number))
        or _is_assigned(sentence, number)
        or _is_share_of_work(sentence, number, said)
        or _is_diagnostic(sentence, number)
        or is_another_s(sentence, number)
        or _is_of_something(sentence, number, said)
    )


def is_another_s(sentence: Sentence, number: Number) -> bool:
    """Whether a number is a target, or what somebody else reports."""
    return _is_wished(sentence, number) or _is_cited(sentence, number)


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
    if said.unit or number.percent:
        return False
    measured = any(one.name in _MEASURED_UNITS or one.kind == "key" for one in said.metrics)
    if number.tail and fold(number.tail) not in ("x", "х"):
        return not measured
    for one in sentence.of("unit"):
        between = sentence.between(number.end, one.start) if one.start >= number.end else "x" * 9
        if not between.strip(" \n\u00a0\u202f-‑*_"):
            return not measured
        words = list_words(between)
        if (
            len(between) < 20
            and len(words) == 1
            and not number.fraction
            and not re.search(r"[^\w\s]", between)
        ):
            return not measured
    return sentence.between(number.end, number.end + 1) == "°"


def _is_chance(sentence: Sentence, number: Number) -> bool:
    """A level of confidence, an interval's name, or a p-value."""
    before = sentence.between(max(sentence.start, number.start - 14), number.start)
    if _P_VALUE.search(before):
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
        if one.end <= number.start:
            between = sentence.between(one.end, number.start).removeprefix(".")
            between = re.sub(r"\d+[.,]?\d*", "", between)
            if len(between) > 70 or re.search(
                r"[;:.，。；](?=\s|$)", between.replace(": ", " ", 1)
            ):
                continue
            if re.search(r"[\u3400-\u9fff]", between):
                if re.fullmatch(
                    r"[\s\d.,e\-从为是取设到至的由和、/调提高降低升值定约()%*_]*", between
                ):
                    return True
                continue
            words = [w for w in list_words(between) if not w.isdigit()]
            if (
                len(words) <= 6
                and all(word in _PARAM_GLUE or word == "e" for word in words)
                and "," not in between
            ):
                return True
        elif number.end <= one.start <= number.end + 8:
            between = sentence.between(number.end, one.start)
            if not between.strip(" %-‑*_的") and not re.search(r"[,;.]", between):
                return True
    return _goes_on_about_param(sentence, number)


def _goes_on_about_param(sentence: Sentence, number: Number) -> bool:
    """'Dropout was 0.1; lowering it to 0.05 did not help': no metric, and something is set."""
    before = [one for one in sentence.of("param") if one.end <= number.start]
    if not before or number.percent or sentence.of("metric", "key"):
        return False
    start, _ = sentence.clause(number.start)
    return any(
        start <= one.start and one.end <= number.start for one in sentence.of("higher", "lower")
    )


def _is_assigned(sentence: Sentence, number: Number) -> bool:
    """Whether 'name=0.5' stands there, and the name is that of no metric."""
    before = sentence.between(max(sentence.start, number.start - 44), number.start)
    match = _NAME_IS.search(before)
    if match is None:
        return False
    place = number.start - len(before) + match.start("name")
    if number.sign == "+" or match["name"] in ("Δ", "δ", "delta", "diff", "gain"):
        return False
    return not any(
        one.start < place + len(match["name"]) and one.end > place - 2
        for one in sentence.of("metric", "key", "split", "baseline", "best", "mean", "std")
    )


def _is_share_of_work(sentence: Sentence, number: Number, said: Said) -> bool:
    """Whether '10 %' is of the data, the time or the memory, or '1.5x' a speed."""
    times = fold(number.tail) in ("x", "х") or _is_times_word(sentence, number)
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


def _is_times_word(sentence: Sentence, number: Number) -> bool:
    return any(0 <= one.start - number.end <= 2 for one in sentence.of("times"))


def _names_result(sentence: Sentence, start: int, end: int) -> bool:
    if any(sentence.has(kind, start, end) for kind in ("metric", "key")):
        return True
    return any(
        start <= one.start and one.end <= end and one.name != "train"
        for one in sentence.of("split")
    )


def _is_wished(sentence: Sentence, number: Number) -> bool:
    """Whether a number is a target, or its clause says what should or might be."""
    start, end = sentence.clause(number.start)
    if any(start <= one.start and one.end <= end for one in sentence.of("modal")):
        return True
    for one in sentence.of("target"):
        if one.end <= number.start:
            between = sentence.between(one.end, number.start)
            cjk = re.search(r"[\u3400-\u9fff]", between)
            plain = not re.search(r"[\d,;，。；]", between) and len(between) < 30
            if plain and (
                re.fullmatch(r"[\s为是的值设定在:(]*", between)
                if cjk
                else all(w in _TARGET_GLUE for w in list_words(between)) and not _is_met(between)
            ):
                return True
        elif 0 <= one.start - number.end <= 9:
            between = sentence.between(number.end, one.start)
            if not re.search(r"[\d,;.(，。；]", between) and len(list_words(between)) <= 1:
                return True
    return False


def _is_met(between: str) -> bool:
    """Whether 'the goal is reached: 0.61' is what stands there."""
    return ":" in between and bool(list_words(between))


def _is_cited(sentence: Sentence, number: Number) -> bool:
    """Whether a number is somebody else's: its clause names a paper or an author."""
    start, end = sentence.clause(number.start)
    if any(start <= one.start and one.end <= end for one in sentence.of("cite")):
        ours = any(start <= one.start and one.end <= number.start for one in sentence.of("this"))
        cited = [one for one in sentence.of("cite") if start <= one.start and one.end <= end]
        return not (ours and cited[0].start > number.end + 20)
    behind = sentence.between(number.end, min(sentence.end, number.end + 60))
    if _SOURCE.match(behind):
        return True
    # 'according to the paper, EM is 0.6': the source stands before its clause.
    before = [one for one in sentence.of("cite") if one.end <= start]
    if not before or before[-1].start - sentence.start >= 40:
        return False
    own = any(before[-1].end <= one.start < number.start for one in sentence.of("this"))
    lead = sentence.between(before[-1].end, start + 1)
    return not own and (len(lead) <= 3 or (lead.endswith(":") and len(list_words(lead)) <= 2))
