"""The steps and epochs that a sentence names, and the numbers that are said to be there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from cardgen.claims.lexicon import Mention, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Position, Sentence, list_words

_AND = load_glue("and")
_IS = load_glue("is")
_PAUSED = re.compile(r"[,;，。；、]")


def find_positions(sentence: Sentence) -> list[Position]:
    """The steps and epochs that a sentence names; 'from step 500 to step 900' is at neither."""
    found = list(_find_all(sentence))
    for at, (one, other) in enumerate(pairwise(found)):
        between = sentence.between(one.end, other.start) if one.end <= other.start else "."
        if one.kind == other.kind and _RANGE.fullmatch(between.lower()):
            found[at], found[at + 1] = one._replace(exact=False), other._replace(exact=False)
    return found


def _find_all(sentence: Sentence) -> Iterator[Position]:
    yield from _find_ordinals(sentence)
    for mention in sentence.of("step", "epoch"):
        for number in sentence.numbers:
            if number.percent or number.sign or number.value != int(number.value):
                continue
            value = _read_place(sentence, number)
            if 0 <= number.start - mention.end <= 9:
                between = sentence.between(mention.end, number.start)
                words = set(list_words(between))
                if words <= _IS and not re.search(r"[,;.(]", between):
                    last = _find_range_end(sentence, number)
                    exact = last is number
                    yield Position(mention.start, last.end, mention.kind, value, exact)
                    break
            if 0 <= mention.start - number.end <= 5 and not list_words(
                sentence.between(number.end, mention.start).replace(number.tail, "", 1)
            ):
                yield Position(
                    number.start,
                    mention.end,
                    mention.kind,
                    value,
                    _is_ordinal(sentence, number, mention),
                )
                break


def _find_ordinals(sentence: Sentence) -> Iterator[Position]:
    """'The third epoch'."""
    places = sentence.of("step", "epoch")
    for one in sentence.of("ordinal"):
        place = next((m for m in places if 0 <= m.start - one.end <= 2), None)
        if place and not sentence.between(one.end, place.start).strip(" 个\u00a0"):
            yield Position(one.start, place.end, place.kind, float(one.name), True)


_RANGE = re.compile(
    r"\s*(?:and|to|-|–|—|i|a|do|oraz|et|à|au|и|до|和|与|至|到|vs\.?)\s*(?:le|la|the|第)?\s*"
)


def _find_range_end(sentence: Sentence, number: Number) -> Number:
    """The last number of 'steps 2500 and 3000', which are two places; else the number itself."""
    behind = next((one for one in sentence.numbers if one.start >= number.end), None)
    if behind is None or behind.fraction or behind.percent or behind.sign:
        return number
    between = sentence.between(number.end, behind.start)
    return behind if _RANGE.fullmatch(between.lower()) else number


_THOUSANDS = re.compile(r"\s?(?:[kK]|tys|тыс|mille|thousand)(?!\w)")


def _read_place(sentence: Sentence, number: Number) -> float:
    value = number.readings[-1][0]
    behind = sentence.between(number.end, min(sentence.end, number.end + 10))
    return value * 1000 if _THOUSANDS.match(behind) else value


_AFTER = load_glue("after") - {"at", "by"}


def _is_ordinal(sentence: Sentence, number: Number, mention: Mention) -> bool:
    between = sentence.between(number.end, mention.start)
    before = sentence.between(max(sentence.start, number.start - 12), number.start)
    if re.match(
        r"\.\s|-?(?:st|nd|rd|th|e|er|re|ème|я|й|м|ой|го|ую)\b", between
    ) or before.rstrip().endswith("第"):
        return True
    words = list_words(before)
    return bool(words and words[-1] in _AFTER) or before.rstrip().endswith("经过")


def bind_position(
    sentence: Sentence, number: Number, positions: Sequence[Position]
) -> Position | None:
    """The step or epoch at which a number is said to be."""
    exact = [one for one in positions if one.exact]
    for one in exact:
        between = sentence.between(one.end, number.start) if one.end <= number.start else "x" * 9
        if len(between) <= 2 and not _PAUSED.search(between):
            return one
        if re.fullmatch(r"[ \u00a0\u202f]?[:=(][ \u00a0\u202f]?", between.replace("*", "")):
            return one
    led = _find_lead(sentence, number, positions)
    if led:
        return led
    for one in exact:
        if one.start >= number.end and _near(sentence, number.end, one.start, 32):
            return one
    for one in reversed(exact):
        if one.end <= number.start and _near(sentence, one.end, number.start, 60):
            # It may be the place of the number before it.
            taken = any(
                n.end <= one.start and _near(sentence, n.end, one.start, 32)
                for n in sentence.numbers
                if not any(p.start <= n.start < p.end for p in positions)
            )
            return None if taken else one
    return None


_LATER = ("best", "last", "first", "contrast", "baseline", "code", "ordinal", "than")


def _find_lead(
    sentence: Sentence, number: Number, positions: Sequence[Position]
) -> Position | None:
    """The only step of a sentence that begins with it, or has a colon behind: it is of all."""
    if len(positions) != 1 or not positions[0].exact or positions[0].end > number.start:
        return None
    one = positions[0]
    between = sentence.between(one.end, number.start)
    before = list_words(sentence.between(sentence.start, one.start))
    begins = len(before) <= 2
    if _AFTER & set(before[-2:]) or re.match(r"之后|以后|后", between):
        return None  # what happens from then on is not at that step
    colon = re.match(r"[^\d;.]{0,30}[:：]", between)
    if not (begins or colon) or re.search(r"[;；。]", between):
        return None
    return None if sentence.has_any(_LATER, one.end, number.start) else one


def _near(sentence: Sentence, start: int, end: int, most: int) -> bool:
    between = sentence.between(start, end)
    if start > end or len(between) > most or re.search(r"\d", between):
        return False
    if most == 32:  # behind the number: no other thought may come between
        words = list_words(between)
        far = len(words) > 3 or (
            re.search(r"[\u3400-\u9fff]", between) and len(between.strip(" (第在")) > 1
        )
        return not re.search(r"[,;:/|，；。]", between) and not far and not set(words) & _AND
    return ";" not in between
