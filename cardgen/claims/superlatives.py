"""What a text calls best: which metric, step and value it means by that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from cardgen.claims.analysis import Analysis, Part
from cardgen.claims.collecting import Value
from cardgen.claims.evidence import Measure
from cardgen.claims.lexicon import Mention
from cardgen.claims.sentences import Position, Sentence, list_words

_MOST = 100  # things that are called best


def find_best_claims(analysis: Analysis) -> Iterator[tuple[Part, Sentence, Mention]]:
    return islice(_find_all_claims(analysis), _MOST)


def _find_all_claims(analysis: Analysis) -> Iterator[tuple[Part, Sentence, Mention]]:
    for part in analysis.parts:
        for sentence in part.sentences:
            taken = [(one.start, one.end) for one in sentence.of("not_best")]
            for one in sentence.of("best"):
                start, end = sentence.clause(one.start)
                if any(a <= one.start < b for a, b in taken) or sentence.has("modal", start, end):
                    continue
                if any(start <= n.start < one.start for n in sentence.of("not")):
                    continue
                yield part, sentence, one


def find_metric(sentence: Sentence, best: Mention) -> list[Mention]:
    """The metric that is called best itself: 'the best F1', '最佳准确率'."""
    found = []
    for one in sentence.of("metric", "key"):
        near = sentence.between(best.end, one.start) if one.start >= best.end else "x" * 99
        behind = (
            _without_places(sentence, one.end, best.start) if one.end <= best.start else "x" * 99
        )
        if re.search(r"[\d,;:()，。]", near) and re.search(r"[\d,;:()，。]", behind):
            continue
        covered = {
            word
            for m in sentence.of("split")
            for word in list_words(sentence.between(m.start, m.end))
        } | {
            "macro",
            "micro",
            "mean",
            "average",
            "score",
            "overall",
            "value",
            "the",
            "of",
            "in",
            "wynik",
            "wartosc",
            "de",
            "valeur",
        }
        if (
            len(near) < 40
            and all(word in covered for word in list_words(near))
            and len(near.strip()) < 30
        ):
            if not re.search(r"[\u3400-\u9fff]", near) or len(near) <= 6:
                found.append(one)
        elif len(behind) < 24 and re.fullmatch(
            r"[\s]*(?:at|in|w|au|à|на|в|在第?|于第?)?[\s]*(?:is|was|are|jest|był|była|est|était|является|был|была)?"
            r"[\s]*(?:the|le|la)?[\s]*",
            behind,
        ):
            found.append(one)
    return found


def _without_places(sentence: Sentence, start: int, end: int) -> str:
    """What stands between, but for the steps and epochs that are named there."""
    text = sentence.between(start, end)
    for one in sentence.positions:
        if start <= one.start and one.end <= end:
            text = text.replace(sentence.between(one.start, one.end), " ", 1)
    return text


def find_place(sentence: Sentence, best: Mention) -> Position | None:
    exact = [one for one in sentence.positions if one.exact]
    exact = [one for one in exact if abs(one.start - best.end) < 70]

    def distance(one: Position) -> tuple[int, int]:
        between = sentence.between(min(best.end, one.end), max(one.start, best.start))
        return len(re.findall(r"[,;，；。]", between)), len(between)

    for one in sorted(exact, key=distance)[:1]:
        between = sentence.between(min(best.end, one.end), max(one.start, best.start))
        if (
            re.search(r"[;.。]\s", between)
            or sentence.has("than", best.end, one.start)
            or sentence.has("contrast", best.end, one.start)
        ):
            return None
        if sentence.has("last", best.end, one.start):
            return None
        return one
    return None


def is_at(value: Value, place: Position) -> bool:
    return bool((value.epoch if place.kind == "epoch" else value.step) == place.value)


def find_tops(measure: Measure, direction: str) -> Iterator[Value]:
    """The best values: of each run's checkpoints, and of each run's curve."""
    choose = max if direction == "max" else min
    for pool in (measure.rows, measure.curves):
        by_run: dict[str, list[Value]] = {}
        for one in pool:
            by_run.setdefault(one.ref, []).append(one)
        for values in by_run.values():
            top = choose(one.value for one in values)
            yield from (one for one in values if one.value == top)


def is_best_by_test(analysis: Analysis, place: Position) -> bool:
    metric = analysis.facts.metric
    for one in analysis.own.measures:
        if one.key == metric and any(is_at(v, place) for v in find_tops(one, one.direction)):
            return False
    return any(
        one.meaning.split == "test" and one.meaning.concepts and len(one.rows) > 1
        and any(is_at(v, place) for v in find_tops(one, one.direction))
        for one in analysis.own.measures
    )  # fmt: skip
