"""Numbers that are a target, or that somebody else reports."""

from __future__ import annotations

import re

from cardgen.claims.lexicon import Mention, fold, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Sentence, list_words

_SOURCE = re.compile(
    r"[\s%)*_]*(?:(?:[\w-]{1,12} ?)?\u25a1|\[@|\("
    r"(?:[A-ZÀ-Ż][\w-]{1,40}(?: et al\.?| i in\.| и др\.| and [A-Z]\w{1,40})?,? "
    r"(?:19|20)\d\d))"
)
_AUTHOR = re.compile(
    r"[A-ZÀ-ŻА-Я][\w'’-]{1,40}(?:,? (?:et al|et coll|i in|и др|and|et|i|и|&)\.?| ?等人?)?"
    r"(?: [A-ZÀ-ŻА-Я][\w'’-]{1,40})?(?:[,，] ?|,? ?[(（])(?:19|20)\d\d\b"
)
_TARGET_GLUE = load_glue("target_glue")
_COMPARING = ("than", "above", "below", "better", "worse", "higher", "lower")
_THAT_IS = load_glue("that_is")
_GIVEN = load_glue("given")
_INDICATIVE = tuple(load_glue("indicative"))


def is_another_s(sentence: Sentence, number: Number) -> bool:
    """Whether a number is a target, or what somebody else reports."""
    return _is_wished(sentence, number) or _is_cited(sentence, number)


def _is_wished(sentence: Sentence, number: Number) -> bool:
    """Whether a number is a target, or its clause says what should or might be."""
    start, end = sentence.clause(number.start)
    modals = [one for one in sentence.of("modal") if start <= one.start and one.end <= end]
    if modals and not _is_given(sentence, number, start, modals):
        return True
    for one in sentence.of("target"):
        if one.end <= number.start:
            if _is_target_before(sentence, one.end, number.start):
                return True
        elif 0 <= one.start - number.end <= 9:
            between = sentence.between(number.end, one.start)
            if not re.search(r"[\d,;.(，。；]", between) and len(list_words(between)) <= 1:
                return True
    return False


def _is_given(sentence: Sentence, number: Number, start: int, modals: list[Mention]) -> bool:
    """'With an MAE of 198.2 it may replace the old one': what is, and then what may follow."""
    words = list_words(sentence.between(start, number.start).lstrip(",; "))
    if not words or words[0] not in _GIVEN:
        return False
    named = any(start <= one.start < number.end + 20 for one in sentence.of("metric", "key"))
    return named and all(
        one.start >= number.end
        and fold(sentence.between(one.start, one.end)).startswith(_INDICATIVE)
        for one in modals
    )


def _is_target_before(sentence: Sentence, start: int, end: int) -> bool:
    """'The target had been a WER below 12 %': nothing but glue, a metric and a bound between."""
    between = sentence.between(start, end)
    known = {
        word
        for one in sentence.of("metric", "key", "split", "above", "below", "about", "part", "this")
        if start <= one.start and one.end <= end
        for word in list_words(sentence.between(one.start, one.end))
    }
    words = list_words(between)
    bare = re.sub(r",(?=\s)", "", between) if _THAT_IS & set(words) else between
    if re.search(r"[\d,;，。；]", bare) or len(between) > 60 or _is_met(between):
        return False
    if re.search(r"[\u3400-\u9fff]", between):
        return _is_target_in_chinese(sentence, start, end)
    return all(word in _TARGET_GLUE or word in known or word in _THAT_IS for word in words)


def _is_target_in_chinese(sentence: Sentence, start: int, end: int) -> bool:
    rest = list(sentence.between(start, end))
    for one in sentence.of("metric", "key", "split", "above", "below", "about"):
        if start <= one.start and one.end <= end:
            rest[one.start - start : one.end - start] = " " * (one.end - one.start)
    return re.fullmatch(r"[\s为是的值设定在将要达到:(A-Za-z]*", "".join(rest)) is not None


def _is_met(between: str) -> bool:
    """Whether 'the goal is reached: 0.61' is what stands there."""
    return re.search(r"[^\W\d_][^:]*:", between) is not None


def _is_cited(sentence: Sentence, number: Number) -> bool:
    """Whether a number is somebody else's: its clause names a paper or an author."""
    start, end = sentence.clause(number.start)
    cited = [one for one in sentence.of("cite") if start <= one.start and one.end <= end]
    if cited:
        ours = any(start <= one.start and one.end <= number.start for one in sentence.of("this"))
        return not (ours and cited[0].start > number.end + 20)
    behind = sentence.text[number.end : min(sentence.end, number.end + 60)]
    if _SOURCE.match(behind):
        return True
    return _is_from_author(sentence, number) or _is_led_by_source(sentence, number, start)


def _is_from_author(sentence: Sentence, number: Number) -> bool:
    """'Edunov et al. (2018) gained 2.0': an author with a year before, in the same thought."""
    start, end = _find_thought(sentence, number)
    own = [*sentence.of("this"), *sentence.of("code"), *sentence.of("baseline")]
    years = [start + m.start() for m in _AUTHOR.finditer(sentence.text[start:end])]
    cites = [one.start for one in sentence.of("cite") if start <= one.start < number.start]
    before = [at for at in (*years, *cites) if at < number.start]
    if before:
        last = max(before)
        return not any(last < one.start < number.start for one in own)
    mine = any(
        start <= one.start < number.start
        and not sentence.has_any(_COMPARING, one.end, number.start)
        for one in own
    )
    return bool(years) and not mine and "(" in sentence.between(number.end, years[0] + 1)


def _find_thought(sentence: Sentence, number: Number) -> tuple[int, int]:
    """What stands between two semicolons, or words such as 'but', around a number."""
    marks = [sentence.start + m.start() for m in re.finditer(r"[;；。]", sentence.said)]
    marks += [one.start for one in sentence.of("contrast")]
    before = [at for at in marks if at < number.start]
    after = [at for at in marks if at >= number.end]
    return max(before, default=sentence.start), min(after, default=sentence.end)


def _is_led_by_source(sentence: Sentence, number: Number, start: int) -> bool:
    """'According to the paper, EM is 0.6': the source stands before its clause."""
    before = [one for one in sentence.of("cite") if one.end <= start]
    if not before or before[-1].start - sentence.start >= 40:
        return False
    own = any(before[-1].end <= one.start < number.start for one in sentence.of("this"))
    own = own or any(one.exact and one.start < before[-1].start for one in sentence.positions)
    lead = sentence.between(before[-1].end, start + 1)
    return not own and (len(lead) <= 3 or (lead.endswith(":") and len(list_words(lead)) <= 2))
