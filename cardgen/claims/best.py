"""Claims that something is the best, held against what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cardgen.claims.analysis import Analysis, Part, Ruling
from cardgen.claims.collecting import Value
from cardgen.claims.digits import find_range, find_scales
from cardgen.claims.evidence import Measure
from cardgen.claims.kinds import VALUE
from cardgen.claims.lexicon import Mention, fold
from cardgen.claims.sentences import Position, Sentence
from cardgen.claims.signs import as_claim
from cardgen.claims.superlatives import (
    find_best_claims,
    find_metric,
    find_place,
    find_tops,
    is_at,
    is_best_by_test,
)
from cardgen.claims.wrongs import Wrong
from cardgen.measures import format_number

_HIGHEST = (
    "highest",
    "peak",
    "peaks",
    "peaked",
    "maximum",
    "najwyz",
    "maksym",
    "maximal",
    "максим",
    "наивысш",
    "最高",
    "au plus haut",
    "le plus haut",
    "la plus haut",
    "le plus eleve",
    "la plus eleve",
)


_LOWEST = (
    "lowest",
    "minimum",
    "najniz",
    "minimal",
    "минимал",
    "最低",
    "au plus bas",
    "le plus bas",
    "la plus bas",
)


def find_best_elsewhere(analysis: Analysis) -> Iterator[Wrong]:
    """What is called best, and is not by the metric that is meant."""
    for part, sentence, best in find_best_claims(analysis):
        yield from _check_place(analysis, part, sentence, best)
        yield from _check_value(analysis, part, sentence, best)


def _find_measures(
    analysis: Analysis, sentence: Sentence, best: Mention
) -> tuple[list[Measure], bool]:
    """By which measures something is called best, and whether the text names them."""
    named = find_metric(sentence, best)
    court = analysis.court
    if named:
        claim = as_claim(sentence, named, frozenset(one.name for one in sentence.of("split")))
        if court.knows_metric(claim):
            return [
                m for ledger in court.ledgers for m in court.narrow(claim, list(ledger.measures))
            ], True
        return [], True
    metric = analysis.facts.metric
    return [one for one in court.own.measures if one.key == metric], False


def _turn(sentence: Sentence, best: Mention, measure: Measure) -> str:
    word = fold(sentence.between(best.start, best.end))
    if word.startswith(_HIGHEST):
        return "max"
    return "min" if word.startswith(_LOWEST) else measure.direction


def _check_place(
    analysis: Analysis, part: Part, sentence: Sentence, best: Mention
) -> Iterator[Wrong]:
    """'the best checkpoint is step 500'."""
    place = find_place(sentence, best)
    measures, named = _find_measures(analysis, sentence, best)
    measures = [one for one in measures if len(one.rows) > 1 or len(one.curves) > 1]
    if place is None or not measures:
        return
    if not any(is_at(one, place) for m in measures for one in (*m.rows, *m.curves)):
        known = any(
            one[3 if place.kind == "epoch" else 2] is not None for m in measures for one in m.rows
        )
        if not known:
            return
    for measure in measures:
        if any(is_at(one, place) for one in find_tops(measure, _turn(sentence, best, measure))):
            return
    if not named and is_best_by_test(analysis, place):
        return  # another rule says so
    measure = measures[0]
    top = next(find_tops(measure, _turn(sentence, best, measure)))
    other = "" if named else _find_other(analysis, place)
    at = format_number(place.value)
    yield Wrong(
        f"{place.kind.capitalize()} {at} is called best{other}, but by {measure.key} that is "
        f"{_place_of(top, place)} ({format_number(float(f'{top.value:.6g}'))}).",
        part.line(best.start),
        at,
    )


def _place_of(value: Value, place: Position) -> str:
    at = value.epoch if place.kind == "epoch" and value.epoch is not None else value.step
    kind = "epoch" if place.kind == "epoch" and value.epoch is not None else "step"
    return f"{kind} {format_number(at)}" if at is not None else "another"


def _find_other(analysis: Analysis, place: Position) -> str:
    """By which other metric that place is the best."""
    for one in analysis.own.measures:
        if (
            one.meaning.concepts
            and len(one.rows) > 1
            and any(is_at(v, place) for v in find_tops(one, one.direction))
        ):
            return f" (as it is by {one.key})"
    return ""


def _check_value(
    analysis: Analysis, part: Part, sentence: Sentence, best: Mention
) -> Iterator[Wrong]:
    """'the best F1 is 0.53', where another checkpoint has more."""
    ruling = _find_number(analysis, sentence, best)
    if ruling is None:
        return
    claim = ruling.claim
    measures, named = _find_measures(analysis, sentence, best)
    if not named or claim.named:
        measures = [one for one in analysis.court.find_measures(claim) if one.rows or one.means]
    if not claim.named and not named:
        measures = [one for one in measures if one.key == analysis.facts.metric]
    if not measures or (claim.position is not None and not named):
        return
    for one in measures:
        tops = [*find_tops(one, _turn(sentence, best, one)), *one.means]
        if not named:  # the best checkpoint's, or the final model's
            tops += [*one.chosen, *one.lasts]
        if any(_is_in(value.value, ruling, one) for value in tops):
            return
    top = next(find_tops(measures[0], _turn(sentence, best, measures[0])), None)
    if top is not None:
        yield Wrong(
            f"'{claim.text}' is called best, but {measures[0].key} is "
            f"{format_number(float(f'{top.value:.6g}'))} ({top}).",
            ruling.line,
            claim.text,
        )


def _is_in(value: float, ruling: Ruling, measure: Measure) -> bool:
    return any(
        low <= value <= high
        for scale in find_scales(measure, ruling.claim)
        for low, high in find_range(ruling.claim, scale)
    )


def _find_number(analysis: Analysis, sentence: Sentence, best: Mention) -> Ruling | None:
    """The number that is called best: the first behind the word, if it holds at all."""
    for ruling in analysis.rulings:
        claim = ruling.claim
        if claim.sentence is not sentence or claim.number.start < best.end:
            continue
        between = sentence.between(best.end, claim.number.start)
        if claim.kinds[0] != VALUE or not ruling.verdict.supported or claim.bound or claim.code:
            return None
        far = (
            len(between) > 60
            or sentence.has("than", best.end, claim.number.start)
            or re.search(r"[;,，](?!\s*$)", between)
        )
        return None if far or sentence.has("contrast", best.end, claim.number.start) else ruling
    return None
