"""Numbers whose order contradicts the words around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cardgen.claims.analysis import Analysis, Part
from cardgen.claims.evidence import Measure
from cardgen.claims.moves import Move, find_target, say_direction, want
from cardgen.claims.numbers import Number
from cardgen.claims.reading import read_claims
from cardgen.claims.sentences import Sentence
from cardgen.claims.wrongs import Wrong

_TO = re.compile(
    r"[\s%*_]*(?:percent|procent|proc\.|pkt|points?|nats|п\.п\.)?[\s%]*"
    r"(?:\(?(?:→|->|⇒)|up to|down to|to|do|до|à|au|[\u4e00-\u9fff]{0,4}(?:到|至|为))[\s*_]*"
)


def check_written(
    analysis: Analysis, part: Part, sentence: Sentence, moves: Sequence[Move]
) -> Iterator[Wrong]:
    """'improved from 0.55 to 0.51': what the two numbers say themselves."""
    if len(sentence.numbers) < 2 or not moves:
        return
    claims = {one.number.start: one for one in read_claims(sentence)}
    for a, b in zip(sentence.numbers, sentence.numbers[1:], strict=False):
        first, second = claims.get(a.start), claims.get(b.start)
        between = sentence.between(a.end, b.start)
        if (
            first is None
            or second is None
            or len(between) > 30
            or first.unit != second.unit
            or not _TO.fullmatch(between.lower())
        ):
            continue
        move = _find_nearest(moves, a.start, sentence) or _find_inside(moves, a.end, b.start)
        sign = (b.value > a.value) - (b.value < a.value)
        measures = analysis.court.find_measures(second)
        if move is None or not measures or a.value == b.value:
            continue
        wanted = {want(move, one) for one in measures}
        if sign not in wanted and (
            not move.quality or analysis.court.knows_metric(second) or _is_clear(measures)
        ):
            word = sentence.between(move.mention.start, move.mention.end)
            yield Wrong(
                f"'{word}' is said of {a.text} and {b.text}, which is the other way round"
                f"{say_direction(measures[0]) if move.quality else ''}.",
                part.line(b.start),
                b.text,
            )


def _is_clear(measures: Sequence[Measure]) -> bool:
    return len({one.direction for one in measures}) == 1


def _find_nearest(moves: Sequence[Move], at: int, sentence: Sentence) -> Move | None:
    before = [one for one in moves if one.mention.end <= at and at - one.mention.end < 80]
    before = [
        one for one in before if not re.search(r"[;]|\d", sentence.between(one.mention.end, at))
    ]
    return before[-1] if before else None


def _find_inside(moves: Sequence[Move], start: int, end: int) -> Move | None:
    return next((m for m in moves if start <= m.mention.start and m.mention.end <= end), None)


def check_signed(
    analysis: Analysis, part: Part, sentence: Sentence, moves: Sequence[Move]
) -> Iterator[Wrong]:
    """'+2.1 points' and 'improves by 2.1 points' where the difference is the other way round."""
    for ruling in analysis.rulings:
        claim, signed = ruling.claim, ruling.verdict.signed
        if claim.sentence is not sentence or not signed or claim.kinds[0] != "difference":
            continue
        if claim.position is not None or claim.sentence.of("gap", "first") or not analysis.names:
            continue
        if "error" in claim.metrics or any(one.name == "error" for one in sentence.of("metric")):
            continue  # what is left to the whole, perhaps
        move = _find_around(sentence, moves, claim.number)
        measures = analysis.court.find_measures(claim)
        target = move and find_target(analysis.court, sentence, move)
        if not measures or (target and target[1]):
            continue
        grown = {1 if one > 0 else -1 for one in signed}
        if move is not None:
            wanted = {want(move, one) for one in measures}
        elif claim.number.sign in ("+", "-"):
            sign = 1 if claim.number.sign == "+" else -1
            wanted = (
                {sign, *(want(Move(sentence.mentions[0], sign, True), one) for one in measures)}
                if sentence.mentions
                else {sign}
            )
        else:
            continue
        if len(wanted) == 1 and not grown & wanted:
            word = (
                sentence.between(move.mention.start, move.mention.end)
                if move
                else claim.number.sign
            )
            yield Wrong(
                f"'{claim.text}' is called '{word}', but the difference is the other way round.",
                ruling.line,
                claim.text,
            )


def _between(sentence: Sentence, move: Move, number: Number) -> str:
    start = min(move.mention.end, number.end)
    return sentence.between(start, max(move.mention.start, number.start))


def _find_around(sentence: Sentence, moves: Sequence[Move], number: Number) -> Move | None:
    start, end = sentence.clause(number.start)
    near = [
        one
        for one in moves
        if start - 60 <= one.mention.start < end + 1 and abs(one.mention.start - number.start) < 60
    ]
    near = [one for one in near if not re.search(r"[;\d]", _between(sentence, one, number))]
    return min(near, key=lambda one: abs(one.mention.start - number.start), default=None)
