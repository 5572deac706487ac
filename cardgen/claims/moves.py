"""Words that say which way something went, and against which card."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cardgen.claims.evidence import Measure
from cardgen.claims.lexicon import Mention, fold, load_glue
from cardgen.claims.sentences import Sentence, list_words
from cardgen.claims.support import Court

_KINDS = ("better", "worse", "higher", "lower")


_VAGUE = load_glue("vague")


class Move(NamedTuple):
    """A word that says which way something went; ``sign`` is +1 for better or higher."""

    mention: Mention
    sign: int
    quality: bool


def find_moves(sentence: Sentence) -> Iterator[Move]:
    for one in sentence.of(*_KINDS):
        word = fold(sentence.between(one.start, one.end))
        start, end = sentence.clause(one.start)
        if word in _VAGUE or _is_denied(sentence, one, start, end):
            continue
        if any(0 <= param.start - one.end <= 2 for param in sentence.of("param")):
            continue  # 'the lower learning rate'
        if (
            sentence.has("modal", start, end)
            or sentence.has("resource", start, end)
            or sentence.has("speed", start, end)
        ):
            continue
        yield Move(
            one, 1 if one.kind in ("better", "higher") else -1, one.kind in ("better", "worse")
        )


def _is_denied(sentence: Sentence, mention: Mention, start: int, end: int) -> bool:
    return any(
        start - 1 <= one.start < mention.start
        or mention.end <= one.start < min(end, mention.end + 14)
        for one in sentence.of("not")
    )


def want(move: Move, measure: Measure) -> int:
    """Whether a value must have grown (1) or shrunk (-1) for a word to be true."""
    return move.sign * (-1 if move.quality and measure.direction == "min" else 1)


def say_direction(measure: Measure) -> str:
    return f": of {measure.key}, {'more' if measure.direction == 'max' else 'less'} is better"


def find_target(court: Court, sentence: Sentence, move: Move) -> tuple[str, bool] | None:
    """The card that is compared with, and whether it is the one that is called better."""
    for one in sentence.of("code", "baseline"):
        code = one.name or court.baseline
        if code not in court.by_code or code == court.own.code:
            continue
        gap = sentence.between(min(one.end, move.mention.end), max(one.start, move.mention.start))
        if len(gap) > 90 or ";" in gap or "。" in gap:
            continue
        if one.start > move.mention.start:
            if _opens_another(sentence, move.mention.end, one.start):
                continue
            return code, False
        if _follows_compare(sentence, one):
            return code, False
        # 'The baseline is better' — unless this card is named in between.
        if (sentence.has("this", one.end, move.mention.start) and "比" not in gap) or _has_comma(
            gap
        ):
            continue
        if _is_subject(sentence, one, move):
            return code, True
    return None


def _opens_another(sentence: Sentence, start: int, end: int) -> bool:
    return sentence.has("contrast", start, end)


def _has_comma(gap: str) -> bool:
    return re.search(r"[,，]", gap) is not None


def _follows_compare(sentence: Sentence, mention: Mention) -> bool:
    return any(
        0 <= mention.start - one.end <= 14
        and len(list_words(sentence.between(one.end, mention.start))) <= 2
        for one in sentence.of("than")
    )


def _is_subject(sentence: Sentence, target: Mention, move: Move) -> bool:
    """Whether a card's name begins its clause, so that what follows is said of it."""
    start, _ = sentence.clause(target.start)
    before = list_words(sentence.between(start, target.start))
    return set(before) <= {
        "the",
        "le",
        "la",
        "only",
        "but",
        "however",
        "card",
        "model",
        "karta",
        "модель",
        "и",
        "i",
        "and",
        "et",
    } and (len(list_words(sentence.between(target.end, move.mention.start))) <= 4)
