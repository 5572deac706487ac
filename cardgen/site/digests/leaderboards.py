"""Leaderboards: cards in the order of a metric, among those measured on the same data."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cardgen.config import Settings
from cardgen.measures import guess_direction, is_quality
from cardgen.site.digests.survey import Survey
from cardgen.site.index import Entry
from cardgen.site.numbers import MISSING, format_column, format_difference, format_full
from cardgen.site.scores import Score, metric_key

_LONG, _SHORT = 50, 10
_METRICS = 12
"""Metrics that get a leaderboard among cards measured on the same data; others are named."""


class Metric(NamedTuple):
    """A metric, however cards write its name: the commonest way, and which values are better."""

    key: str
    name: str
    direction: str


class Scored(NamedTuple):
    """A card's score."""

    code: str
    score: Score


@dataclass(frozen=True)
class Standing:
    """A line of a leaderboard. ``rank`` is empty for what is no number, and the same for equals."""

    rank: str
    code: str
    value: str
    full: str
    origin: str
    place: str
    behind: str


@dataclass(frozen=True)
class Board:
    """A metric's first cards; ``total`` have it."""

    metric: Metric
    standings: tuple[Standing, ...]
    total: int

    @property
    def first(self) -> Standing | None:
        """The best card, None where no value is a number."""
        return next((one for one in self.standings if one.rank), None)

    @property
    def equals(self) -> tuple[str, ...]:
        """Other cards with the best value."""
        return tuple(one.code for one in self.standings[1:] if one.rank == "1")


@dataclass(frozen=True)
class Field:
    """Cards measured on the same data can be compared; ``others`` are metrics without room."""

    data: tuple[str, ...]
    codes: tuple[str, ...]
    boards: tuple[Board, ...]
    others: tuple[str, ...]


class Ranker:
    """Ranks cards; what it finds of each is kept, since a card stands on many pages."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.labels = survey.labels
        self.metrics = find_metrics(survey.entries.values(), survey.context.settings)
        self.scores = {
            code: {metric_key(score[0]): Score._make(score) for score in entry.scores}
            for code, entry in survey.entries.items()
        }

    def rank(self, codes: Iterable[str], first: str = "") -> list[Field]:
        """Leaderboards of some cards, the data named ``first`` in front, then the largest field."""
        fields: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for code in codes:
            if self.scores[code]:
                fields[self.survey.entries[code].measured].append(code)
        order = sorted(fields, key=lambda data: (first not in data, -len(fields[data]), data))
        return [self._rank_field(data, fields[data]) for data in order]

    def _rank_field(self, data: tuple[str, ...], codes: Sequence[str]) -> Field:
        by_metric: dict[str, list[Scored]] = defaultdict(list)
        declared: Counter[str] = Counter()
        for code in codes:
            scores = self.scores[code]
            declared[next(iter(scores))] += 1
            for key, score in scores.items():
                by_metric[key].append(Scored(code, score))
        order = sorted(by_metric, key=lambda key: self._weigh(key, declared[key], by_metric[key]))
        boards = [
            self.make_board(self.metrics[key], by_metric[key], _SHORT if number else _LONG)
            for number, key in enumerate(order[:_METRICS])
        ]
        others = tuple(self.metrics[key].name for key in order[_METRICS:])
        return Field(data, tuple(codes), tuple(boards), others)

    def _weigh(self, key: str, declared: int, scores: Sequence[Scored]) -> tuple[object, ...]:
        """What most cards are judged by comes first, what training minimises last."""
        name = self.metrics[key].name
        training = name.casefold().startswith("train")
        return -declared, training, not is_quality(name), -len(scores), name

    def make_board(self, metric: Metric, scores: Sequence[Scored], most: int = _LONG) -> Board:
        """The first ``most`` cards by a metric."""
        shown = select(scores, metric.direction, most)
        values = [one.score.value for one in shown]
        column = format_column(values)
        ranks = number_ranks(values)
        standings = (
            self._stand(one, rank, text, values[0])
            for one, rank, text in zip(shown, ranks, column, strict=True)
        )
        return Board(metric, tuple(standings), len(scores))

    def _stand(self, one: Scored, rank: str, text: str, best: float | None) -> Standing:
        score, value = one.score, one.score.value
        behind = ""
        if value is not None and best is not None and value != best:
            behind = format_difference(value - best, best)
        return Standing(
            rank=rank,
            code=one.code,
            value=score.text or text,
            full=score.text or MISSING if value is None else format_full(value),
            origin=score.origin,
            place=self._place(score),
            behind=behind,
        )

    def _place(self, score: Score) -> str:
        labels = self.labels
        if score.of:
            n = str(score.n) if score.n == score.of else labels["n_of"].format(score.n, score.of)
            return labels["seeds"].format(n)
        if score.step:
            return f"{labels['axis_step']} {score.step}"
        return f"{labels['axis_epoch']} {score.epoch}" if score.epoch else ""

    def list_best_of_models(self, field: Field) -> list[tuple[str, Standing]]:
        """Each model with its best card by the field's first metric, the best model first."""
        metric, entries = field.boards[0].metric, self.survey.entries
        held: dict[str, list[Scored]] = defaultdict(list)
        for code in field.codes:
            score = self.scores[code].get(metric.key)
            if score is not None and entries[code].model:
                held[entries[code].model].append(Scored(code, score))
        best = [select(scores, metric.direction, 1)[0] for scores in held.values()]
        standings = self.make_board(metric, best).standings if best else ()
        return [(entries[one.code].model, one) for one in standings]


def find_metrics(entries: Iterable[Entry], settings: Settings) -> dict[str, Metric]:
    """All metrics of these cards by key; which way is better is as most of those declare it."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    declared: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        for score in entry.scores:
            names[metric_key(score[0])][score[0]] += 1
        if entry.metric:
            declared[metric_key(entry.metric)][entry.direction] += 1
    found: dict[str, Metric] = {}
    for key, written in names.items():
        name = written.most_common(1)[0][0]
        guess = guess_direction(name, settings)
        # Cards that differ from the guess have said so; the others may have said nothing.
        said = declared[key]
        direction = max(said, key=lambda one: (said[one], one != guess)) if said else guess
        found[key] = Metric(key, name, direction)
    return found


def select(scores: Iterable[Scored], direction: str, most: int) -> list[Scored]:
    """The best ``most`` scores in their order; what is no number comes last."""
    sign = 1.0 if direction == "min" else -1.0

    def key(one: Scored) -> tuple[bool, float]:
        value = one.score.value
        return (True, 0.0) if value is None else (False, value * sign)

    return heapq.nsmallest(most, scores, key=key)


def number_ranks(values: Sequence[float | None]) -> list[str]:
    """1, 2, 2, 4: equal values have one rank, and what is no number has none."""
    ranks: list[str] = []
    for number, value in enumerate(values, 1):
        if value is None:
            ranks.append("")
        elif ranks and value == values[number - 2]:
            ranks.append(ranks[-1])
        else:
            ranks.append(str(number))
    return ranks
