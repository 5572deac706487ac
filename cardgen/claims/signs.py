"""Claims that something is better, worse, higher or lower, whose sign is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cardgen.claims.analysis import Analysis, Part
from cardgen.claims.evidence import Measure
from cardgen.claims.kinds import VALUE
from cardgen.claims.lexicon import Mention
from cardgen.claims.meant import is_same
from cardgen.claims.moves import Move, find_moves, find_target, say_direction, want
from cardgen.claims.numbers import Number
from cardgen.claims.orders import check_signed, check_written
from cardgen.claims.reading import Claim
from cardgen.claims.sentences import Sentence
from cardgen.claims.support import Court
from cardgen.claims.wrongs import Wrong
from cardgen.measures import format_number


def find_wrong_signs(analysis: Analysis) -> Iterator[Wrong]:
    """Sentences that call better what is worse, or the like."""
    for part in analysis.parts:
        for sentence in part.sentences:
            if sentence.said.rstrip().endswith(("?", "？")):
                continue
            moves = list(find_moves(sentence))
            if not moves and not any(n.sign == "+" for n in sentence.numbers):
                continue
            seen: set[str] = set()
            for wrong in (
                *check_written(analysis, part, sentence, moves),
                *_check_against(analysis, part, sentence, moves),
                *check_signed(analysis, part, sentence, moves),
            ):
                if wrong.about not in seen:
                    seen.add(wrong.about)
                    yield wrong


def _check_against(
    analysis: Analysis, part: Part, sentence: Sentence, moves: Sequence[Move]
) -> Iterator[Wrong]:
    """'better than the baseline': what both cards' values say."""
    if sentence.of("first") or _names_place(sentence):
        return
    for move in moves:
        target = find_target(analysis.court, sentence, move)
        if target is None:
            continue
        code, reverse = target
        measures = _find_measures(analysis.court, sentence, move)
        pairs = [
            (one, other)
            for one in measures
            for other in analysis.court.by_code[code].measures
            if is_same(one, other)
        ]
        signs = {sign for one, other in pairs for sign in _compare(one, other)}
        wanted = {want(move, one) * (-1 if reverse else 1) for one in measures}
        if signs and not signs & wanted and len(wanted) == 1:
            word = sentence.between(move.mention.start, move.mention.end)
            message = _explain(word, move, *pairs[0])
            yield Wrong(message, part.line(move.mention.start), word)


def _names_place(sentence: Sentence) -> bool:
    return bool(sentence.of("step", "epoch")) and bool(sentence.of("last", "first"))


def _find_measures(court: Court, sentence: Sentence, move: Move) -> list[Measure]:
    """The measures that a word such as 'better' is said of."""
    start, end = sentence.clause(move.mention.start)
    metrics = sentence.of("metric", "key")
    near = [one for one in metrics if start <= one.start and one.end <= end]
    if not near and len({one.name for one in metrics}) > 1:
        return []
    meant = near or metrics
    splits = frozenset(one.name for one in sentence.of("split"))
    if len({one.name for one in near}) > 1 and not move.quality:
        near_move = min(near, key=lambda one: abs(one.start - move.mention.start))
        meant = [one for one in near if one.name == near_move.name]
    if not meant:
        return _find_declared(court, sentence, splits) if move.quality else []
    claim = as_claim(sentence, meant, splits)
    if not court.knows_metric(claim):
        return []
    return list(court.narrow(claim, court.own.measures))


def _find_declared(court: Court, sentence: Sentence, splits: frozenset[str]) -> list[Measure]:
    """The declared metric, on the split that is named."""
    metric = next((one for one in court.own.measures if one.key == court.own.facts.metric), None)
    if metric is None or not splits:
        return [metric] if metric else []
    same = [one for one in court.own.measures if one.meaning.concepts == metric.meaning.concepts]
    return [one for one in same if one.meaning.split in splits]


def as_claim(sentence: Sentence, meant: Iterable[Mention], splits: frozenset[str]) -> Claim:
    return Claim(
        Number(0, 0, "", ((0.0, 0),)), sentence, (VALUE,), "",
        frozenset(one.name for one in meant if one.kind == "metric"),
        frozenset(one.name for one in meant if one.kind == "key"), frozenset(), splits,
    )  # fmt: skip


def _compare(mine: Measure, other: Measure) -> Iterator[int]:
    """The signs of mine minus other, by each of what people compare."""
    for a, b in zip(mine.anchors, other.anchors, strict=True):
        if a is mine.anchors.first:
            continue
        for one in a:
            for two in b:
                yield (one.value > two.value) - (one.value < two.value)


def _explain(word: str, move: Move, one: Measure, other: Measure) -> str:
    return (
        f"'{word}' is said of {one.key}, which is {_number(one)} here and {_number(other)} in "
        f"{other.code}{say_direction(one) if move.quality else ''}."
    )


def _number(measure: Measure) -> str:
    value = (measure.chosen or (measure.top,))[0].value
    return format_number(float(f"{value:.6g}"))
