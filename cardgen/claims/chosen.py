"""Choices that were made by the test split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cardgen.claims.analysis import Analysis, Part
from cardgen.claims.concepts import understand
from cardgen.claims.evidence import Measure
from cardgen.claims.sentences import Sentence
from cardgen.claims.superlatives import find_best_claims, find_metric, find_place, is_best_by_test
from cardgen.claims.wrongs import Wrong
from cardgen.measures import format_number


def find_chosen_by_test(analysis: Analysis) -> Iterator[Wrong]:
    """A choice by the test split where another split was measured at the checkpoints as well."""
    splits = {understand(name).split for name in analysis.own.names}
    if "test" not in splits or not splits & {"dev", "eval"}:
        return
    tests = [one for one in analysis.own.measures if one.meaning.split == "test"]
    others = [
        one
        for one in analysis.own.measures
        if one.meaning.split in ("dev", "eval") and one.meaning.concepts
    ]
    if not tests or not others:
        return
    yield from _check_declared(analysis, tests, others)
    for part in analysis.parts:
        for sentence in part.sentences:
            yield from _check_chosen(part, sentence)
    for part, sentence, best in find_best_claims(analysis):
        place = find_place(sentence, best)
        if place and not find_metric(sentence, best) and is_best_by_test(analysis, place):
            at = format_number(place.value)
            said = f"{place.kind.capitalize()} {at} is called best"
            yield Wrong(f"{said}, which it is by the test split only.", part.line(best.start), at)


def _check_declared(
    analysis: Analysis, tests: Sequence[Measure], others: Sequence[Measure]
) -> Iterator[Wrong]:
    for one in tests:
        if one.key != analysis.facts.metric or analysis.facts.metric_assumed:
            continue
        steps = {(value.ref, value.step, value.epoch) for value in one.rows}
        same = [m for m in others if m.meaning.concepts & one.meaning.concepts and len(m.rows) > 1]
        if len(steps) > 1 and same:
            other = f"though '{same[0].key}' was measured, too"
            yield Wrong(f"The best checkpoint is chosen by '{one.key}', {other}.", 0, one.key)


def _check_chosen(part: Part, sentence: Sentence) -> Iterator[Wrong]:
    for one in sentence.of("chosen"):
        start, end = sentence.clause(one.start)
        splits = {m.name for m in sentence.of("split") if start <= m.start and m.end <= end + 1}
        denied = any(start <= n.start < end for n in sentence.of("not"))
        if splits == {"test"} and not denied and not sentence.has("modal", start, end):
            word = sentence.between(one.start, one.end)
            yield Wrong(
                "The text says that the choice was made by the test split.",
                part.line(one.start),
                word,
            )
            return
