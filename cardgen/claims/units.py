"""The unit of a number: percent, points, or none."""

from __future__ import annotations

import re

from cardgen.claims.lexicon import fold
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Sentence

# What stands between two numbers of one unit: 'from 34 to 56 %', '0.51 / 0.55'.
_LINK = re.compile(
    r"[\s*_]*(?:[–/\-→]|->|to|and|vs\.?|do|i|oraz|a|et|contre|до|и|против|到|至|和|~|±|"
    r"\(?\+/-|升至|提高到|降至|against|instead of|zamiast|au lieu de|вместо|wobec)?[\s*_]*"
)


def is_linked(between: str) -> bool:
    """Whether only a dash, 'to', 'against' or the like parts two numbers."""
    return _LINK.fullmatch(fold(between)) is not None


def read_units(sentence: Sentence) -> list[tuple[str, int]]:
    """The unit of each number and where it ends; numbers that are linked share the last one's."""
    units = [read_unit(sentence, number) for number in sentence.numbers]
    for at in range(len(units) - 2, -1, -1):
        first, second = sentence.numbers[at], sentence.numbers[at + 1]
        if units[at][0] or not units[at + 1][0] or first.tail:
            continue
        if len(first.text) < 2 <= len(second.text) and second.fraction:
            continue  # Polish 'ziarna 1 i 2 to 91,3 %'
        if is_linked(sentence.between(first.end, second.start)):
            units[at] = (units[at + 1][0], first.end)
    return units


def read_unit(sentence: Sentence, number: Number) -> tuple[str, int]:
    """The unit of one number: ``percent``, ``points`` or empty, and where it ends."""
    tail = fold(number.tail)
    if tail in ("pp", "pts", "pt", "pkt", "пп", "ppt"):
        return "points", number.end + len(tail)
    for kind in ("points", "percent"):
        for mention in sentence.of(kind):
            if 0 <= mention.start - number.end <= 2 and not sentence.between(
                number.end, mention.start
            ).strip(" \u00a0\u202f\u2009-‑*_"):
                return kind, mention.end
        if kind == "points" and _is_in_bracket_of(sentence, number):
            return kind, number.end
    if not number.percent:
        return "", number.end
    for mention in sentence.of("points"):  # '3.2 % points'
        if 0 <= mention.start - number.end <= 1:
            return "points", mention.end
    return "percent", number.end


def _is_in_bracket_of(sentence: Sentence, number: Number) -> bool:
    """'two points (2.1)': where no digits stand before the points, those in brackets are they."""
    for mention in sentence.of("points"):
        between = sentence.between(mention.end, number.start)
        if mention.end <= number.start and re.fullmatch(r"\s*\(\s*", between):
            return not any(0 <= mention.start - one.end <= 2 for one in sentence.numbers)
    return False
