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


def read_units(sentence: Sentence) -> list[tuple[str, int]]:
    """The unit of each number and where it ends; numbers that are linked share the last one's."""
    units = [read_unit(sentence, number) for number in sentence.numbers]
    for at in range(len(units) - 2, -1, -1):
        first, second = sentence.numbers[at], sentence.numbers[at + 1]
        if units[at][0] or not units[at + 1][0] or first.tail:
            continue
        if _LINK.fullmatch(fold(sentence.between(first.end, second.start))):
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
    if not number.percent:
        return "", number.end
    for mention in sentence.of("points"):  # '3.2 % points'
        if 0 <= mention.start - number.end <= 1:
            return "points", mention.end
    return "percent", number.end
