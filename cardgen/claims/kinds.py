"""What kind of claim a number is: a value, a difference, a ratio or a deviation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cardgen.claims.binding import is_before
from cardgen.claims.lexicon import Mention, fold, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Sentence, list_words
from cardgen.claims.units import read_unit

VALUE, DIFFERENCE, RATIO, DEVIATION = "value", "difference", "ratio", "deviation"

_TO = re.compile(r"(?:到|至|为|达|成)[\s约*_]*$")
_DIRECTLY = load_glue("directly")
_OF = load_glue("of")
_NOUNS = tuple(load_glue("nouns"))
_BY = ("by", "o", "на")
_TOWARDS = load_glue("towards")
_OF_METRIC = ("", "of", "de", "d'", "по")
_MOVES = ("better", "worse", "higher", "lower", "change", "gap")


def find_kinds(sentence: Sentence, at: int, unit: str, end: int, close: bool) -> Iterator[str]:
    number = sentence.numbers[at]
    if number.sign == "±" or _is_deviation(sentence, number, at):
        yield DEVIATION
        return
    if _is_times(sentence, number):
        yield RATIO
        return
    if _is_step_of_range(sentence, at):
        yield VALUE
        if unit == "percent" and _goes_to_plain(sentence, at):
            yield DIFFERENCE
        return
    moved = _is_moved(sentence, number) or (unit == "percent" and is_relative(sentence, number))
    if number.sign == "+" or moved:
        yield DIFFERENCE
        if moved and not unit and _is_aside(sentence, number):
            yield VALUE
        return
    follows = _is_followed(sentence, end)
    if number.sign == "-" or unit == "points" or follows:
        yield DIFFERENCE
        if not (follows and unit):
            yield VALUE
        return
    yield VALUE


def _goes_to_plain(sentence: Sentence, at: int) -> bool:
    """'It fell 17 % to 4.67': the second number is no percentage."""
    if at + 1 >= len(sentence.numbers) or not sentence.numbers[at].percent:
        return False
    return not read_unit(sentence, sentence.numbers[at + 1])[0]


def _is_aside(sentence: Sentence, number: Number) -> bool:
    """'It kept falling (4.67 at step 900)': what stands in brackets may be where it came to."""
    return sentence.between(max(sentence.start, number.start - 1), number.start) in ("(", "（")


def _is_deviation(sentence: Sentence, number: Number, at: int) -> bool:
    """Whether a word says so right before, or '0.55 (0.01)' may be meant so."""
    if any(
        one.end <= number.start and is_before(sentence, one.end, number)
        for one in sentence.of("std")
    ):
        return True
    if not at or not (sentence.of("std") or any(n.sign == "±" for n in sentence.numbers)):
        return False
    before = sentence.numbers[at - 1]
    small = number.fraction and number.value < 0.2 * before.value
    between = sentence.between(before.end, number.start).strip()
    return small and between == "(" and sentence.between(number.end, number.end + 1) == ")"


def _is_times(sentence: Sentence, number: Number) -> bool:
    if number.percent or number.chinese:
        return False
    if fold(number.tail) in ("x", "х"):
        return True
    if any(
        one.end <= number.start and not sentence.between(one.end, number.start).strip(" \n*_~约")
        for one in sentence.of("factor")
    ):
        return True
    behind = sentence.between(number.end, number.end + 3).lstrip()
    if behind[:1] == "×":
        return not behind[1:2].isdigit()
    return any(
        0 <= one.start - number.end <= 2
        and not sentence.between(number.end, one.start).strip(" \u00a0-‑\u202f")
        for one in sentence.of("times")
    )


def is_relative(sentence: Sentence, number: Number) -> bool:
    """Whether 'relative' stands near a percentage, in its own clause."""
    start, end = sentence.clause(number.start)
    return any(
        (start - 1 <= one.start and one.end <= end + 1) or 0 <= number.start - one.end <= 6
        for one in sentence.of("relative")
        if list_words(sentence.between(one.end, one.end + 4))[:1] != ["to"]
    )


_UNTIL = re.compile(
    r"[\s%*_]*(?:\(?(?:→|->|⇒)|(?:percent|procent|proc\.|pkt|points?|nats)?\s*(?:up |down )?"
    r"(?:to|do|до|à|au|[\u4e00-\u9fff]{0,4}(?:到|至|为)))[\s*_]*(?:第\d*步?的)?"
)


_AGAINST = re.compile(
    r"[\s%*_]*(?:vs\.?|versus|against|compared (?:to|with)|instead of|wobec|zamiast|przeciw|contre|"
    r"au lieu de|против|вместо|对比|而非|对)[\s*_]*"
)


_UNTIL_LATER = re.compile(
    r"[\s%*_]*(?:à la première|au début|au départ|initialement|dans un premier temps)?"
    r"[^\d,;.:()]{0,40}jusqu['’]à\s*\d|"
    r"[\s%*_]*\([^()]{1,30}\)[\s*_]*(?:→|->|to|do|до|à|au|到|至)[\s*_]*\d"
)


def _is_step_of_range(sentence: Sentence, at: int) -> bool:
    """Whether a number is one of two in 'from A to B' or 'A against B'."""
    numbers = sentence.numbers
    ahead = sentence.text[numbers[at].end : numbers[at].end + 60]
    if _UNTIL_LATER.match(ahead.lower()) and numbers[at].sign != "+":
        return True
    for first in (at - 1, at):
        if 0 <= first < len(numbers) - 1 and numbers[first].sign != "+":
            between = sentence.between(numbers[first].end, numbers[first + 1].start)
            if len(between) >= 40 or _is_amount(sentence, first):
                continue
            if _UNTIL.fullmatch(between.lower()):
                return True
            alike = max(numbers[first].value, numbers[first + 1].value) < 4 * min(
                numbers[first].value, numbers[first + 1].value
            )
            unit, _ = read_unit(sentence, numbers[first])
            if alike and unit != "points" and _AGAINST.fullmatch(between.lower()):
                return True
    return False


def _is_amount(sentence: Sentence, at: int) -> bool:
    """Whether 'by 3.9 points to 55.1' is what stands there, and no range."""
    first, second = sentence.numbers[at], sentence.numbers[at + 1]
    if any(0 <= first.start - one.end <= 2 for one in sentence.of("by")):
        return True
    unit, _ = read_unit(sentence, first)
    return unit == "points" != read_unit(sentence, second)[0]


def _is_moved(sentence: Sentence, number: Number) -> bool:
    """Whether the words before a number say that something changed by it."""
    if _TO.search(sentence.between(max(sentence.start, number.start - 60), number.start)):
        return False
    if any(
        0 <= number.start - one.end <= 2
        and not sentence.between(one.end, number.start).strip(" \n*_~")
        for one in sentence.of("by")
    ):
        return True
    for one in reversed(sentence.of(*_MOVES)):
        near = 0 <= number.start - one.end <= 60
        between = sentence.between(one.end, number.start) if near else ""
        if near and _is_titled(sentence, one, between):
            return True
        if near and not sentence.has("code", one.end, number.start):
            moved = _is_moved_by(sentence, one, number)
            if moved is not None:
                return moved
    return False


_TITLE = re.compile(r"[^\d;,:，；：]{0,50}[:：—–=]\s*[*_~(]{0,3}")


def _is_titled(sentence: Sentence, move: Mention, between: str) -> bool:
    """'Relative gain in mean NDCG: 8.7 %': a noun, and a colon or a dash before the number."""
    word = fold(sentence.between(move.start, move.end))
    noun = move.kind in ("change", "gap") or word.startswith(_NOUNS)
    return noun and _TITLE.fullmatch(between) is not None


def _is_moved_by(sentence: Sentence, move: Mention, number: Number) -> bool | None:
    """Whether a number is what a word such as 'better' or 'drop' is about; None: not this word."""
    between = sentence.between(move.end, number.start)
    noun = move.kind in ("change", "gap") or (
        fold(sentence.between(move.start, move.end)).startswith(_NOUNS)
    )
    if re.search(r"[\d,;:，；。、]|→|->", between.replace(": ", " ", 1) if noun else between):
        return None
    if re.search(r"[\u3400-\u9fff]", between + sentence.between(move.start, move.end)):
        return _is_moved_in_chinese(sentence, move, number, between)
    words = list_words(between)
    last = (words or list_words(sentence.between(move.start, move.end)) or [""])[-1]
    if last in _TOWARDS or (last not in _BY and _is_threshold(sentence, move)):
        return False if last in _TOWARDS else None
    rest = [word for word in words if word not in _OF]
    down = last in ("up", "down") and read_unit(sentence, number)[0]  # 'down 20.8 %'
    if not rest and (words or noun or down or _is_verb(sentence, move)):
        return True
    if last not in ("de", "of", *_BY) or len(rest) > 6:
        return None
    return None if _names_value(sentence, move.end, number.start, last) else True


def _is_moved_in_chinese(
    sentence: Sentence, move: Mention, number: Number, between: str
) -> bool | None:
    """'提升 3.9 个百分点'; but '低于 3.5%' is a bound."""
    if re.fullmatch(r"[\s了约近仅大为是有*_~(]*", between) is None:
        return None
    bound = not between.strip() and _is_threshold(sentence, move)
    return None if bound and read_unit(sentence, number)[0] != "points" else True


def _names_value(sentence: Sentence, start: int, end: int, last: str) -> bool:
    """Whether 'an accuracy of 0.5' is what stands there: then the number is no change."""
    if last in _BY:
        return False
    return any(
        start <= one.start
        and one.end <= end
        and len(list_words(sentence.between(one.end, end))) <= 1
        for one in sentence.of("metric", "key", "mean")
    )


def _is_threshold(sentence: Sentence, mention: Mention) -> bool:
    return any(one.start == mention.start for one in sentence.of("above", "below"))


def _is_verb(sentence: Sentence, mention: Mention) -> bool:
    """Whether 'gained 3.2 points' may be meant, and not 'is higher 0.5'."""
    word = fold(sentence.between(mention.start, mention.end))
    return word not in (
        "higher",
        "lower",
        "better",
        "worse",
        "more",
        "less",
        "up",
        "down",
        "over",
        "above",
        "below",
        "beats",
        "beat",
        "exceeds",
        "surpasses",
        "larger",
        "smaller",
        "short",
        "beaten",
        "superior",
        "pire",
        "pires",
    )


_LISTED_GAIN = re.compile(
    r"\s*[和与及、]\s*\d+(?:\.\d+)?\s?(?:%|个百分点|[A-Za-z][\w@-]{1,11})?\s?的?(?:提升|增益|改进|改善|下降|差距|增长)"
)


def _is_followed(sentence: Sentence, end: int) -> bool:
    """Whether the words behind a number say that it is how much better or worse something is."""
    for one in sentence.of("metric", "key"):  # '1.85 ROUGE-L better'
        if 0 <= one.start - end <= 4 and sentence.between(end, one.start).strip() in _OF_METRIC:
            suffix = re.match(r"-\w{1,3}\b", sentence.text[one.end : one.end + 5])
            end = one.end + (suffix.end() if suffix else 0)
            break
    behind = sentence.between(end, min(sentence.end, end + 30))
    behind = re.sub(r"^[\s\u00a0\u202f]*°\s?[CFK]?(?=\s)", "", behind)
    if behind.lstrip(" *_")[:1] in ",;:.)(—" or re.match(r"\s–\s", behind):
        return False
    if re.match(r"[\s*_]*的?(?:提升|增益|改进|改善|下降|差距|增长|提高|降低|优势)", behind):
        return True
    if _LISTED_GAIN.match(behind):
        return True
    words = list_words(behind)[:2]
    if words and words[0] in ("of", "de", "d"):
        return len(words) > 1 and words[1] in _DIRECTLY
    return bool(words) and words[0] in _DIRECTLY
