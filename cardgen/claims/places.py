"""The steps and epochs that a sentence names, and the numbers that are said to be there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cardgen.claims.lexicon import Mention, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Position, Sentence, list_words

_AND = load_glue("and")
_IS = load_glue("is")
_PAUSED = re.compile(r"[,;，。；、]")


def find_positions(sentence: Sentence) -> Iterator[Position]:
    """The steps and epochs that a sentence names."""
    for mention in sentence.of("step", "epoch"):
        for number in sentence.numbers:
            if number.percent or number.sign or number.value != int(number.value):
                continue
            value = _read_place(number)
            if 0 <= number.start - mention.end <= 9:
                between = sentence.between(mention.end, number.start)
                words = set(list_words(between))
                if words <= _IS and not re.search(r"[,;.(]", between):
                    yield Position(mention.start, number.end, mention.kind, value, True)
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


def _read_place(number: Number) -> float:
    value = number.readings[-1][0]
    return value * 1000 if number.tail in ("k", "K", "тыс") else value


_AFTER = load_glue("after")


def _is_ordinal(sentence: Sentence, number: Number, mention: Mention) -> bool:
    between = sentence.between(number.end, mention.start)
    before = sentence.between(max(sentence.start, number.start - 12), number.start)
    if re.match(r"\.\s|-?(?:st|nd|rd|th|e|er|re|ème|я|й|м|ой|го|ую)\b", between) or before.endswith(
        "第"
    ):
        return True
    words = list_words(before)
    return bool(words and words[-1] in _AFTER) or before.rstrip().endswith("经过")


def bind_position(
    sentence: Sentence, number: Number, positions: Sequence[Position]
) -> Position | None:
    """The step or epoch at which a number is said to be."""
    exact = [one for one in positions if one.exact]
    for one in exact:
        if 0 <= number.start - one.end <= 2 and not _PAUSED.search(
            sentence.between(one.end, number.start)
        ):
            return one
    for one in exact:
        if one.start >= number.end and _near(sentence, number.end, one.start, 32):
            return one
    for one in reversed(exact):
        if one.end <= number.start and _near(sentence, one.end, number.start, 40):
            # It may be the place of the number before it.
            taken = any(
                n.end <= one.start and _near(sentence, n.end, one.start, 32)
                for n in sentence.numbers
                if not any(p.start <= n.start < p.end for p in positions)
            )
            return None if taken else one
    return None


def _near(sentence: Sentence, start: int, end: int, most: int) -> bool:
    between = sentence.between(start, end)
    if start > end or len(between) > most or re.search(r"\d", between):
        return False
    if most == 32:  # behind the number: no other thought may come between
        words = list_words(between)
        far = len(words) > 3 or (
            re.search(r"[\u3400-\u9fff]", between) and len(between.strip(" (第在")) > 1
        )
        return not re.search(r"[,;:，；。]", between) and not far and not set(words) & _AND
    return ";" not in between
