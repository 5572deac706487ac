"""What lists, digests and programs show of each card: one frozen entry a card."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

from cardgen.facts import Fact, Facts, Spread
from cardgen.livevalues import list_quoted
from cardgen.measures import format_number
from cardgen.site.baseline import compare_with_baseline
from cardgen.site.context import RenderContext
from cardgen.site.excerpts import says_nothing
from cardgen.site.lives import find_place
from cardgen.site.livevalues import LiveTexts
from cardgen.site.numbers import format_full, format_short
from cardgen.site.plain import make_plain
from cardgen.site.results import verdict_of
from cardgen.site.scores import Score, find_measured, list_scores
from cardgen.site.sparks import make_spark
from cardgen.site.speech import format_day, speaking
from cardgen.site.spreads import say_spread

_LENGTH = 300
"""Characters of a card's goal, and of its conclusions."""


@dataclass(frozen=True)
class Entry:
    """One card in brief.

    ``value`` is the primary metric as a number (a mean where several seeds were run; None where
    there is none, NaN and infinities included), ``shown`` the same as readers see it, ``full``
    with all digits, ``origin`` where it comes from and ``place`` at which step. ``single`` names
    the best single run where the value is a mean. ``difference`` is to the baseline's value,
    ``verdict`` is ``better``, ``worse``, ``equal`` or empty. ``spark`` are up to 24 values of the
    primary metric over the steps of the run that it comes from, empty where there is no curve.
    ``goal`` and ``conclusions`` are plain text, cut to 300 characters. ``commit`` is the source
    commit in full. ``troubled`` says that problems are written down, ``measured`` on which data
    the card was evaluated, and ``scores`` are its best values of all metrics. ``branch`` is the
    branch or tag that it lives on, where the site is of several.
    """

    code: str
    title: str
    status: str
    broken: bool
    date: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    model: str
    data: tuple[str, ...]
    metric: str
    direction: str
    value: float | None
    shown: str
    full: str
    origin: str
    place: str
    baseline: str
    supersedes: tuple[str, ...]
    difference: float | None
    difference_shown: str
    verdict: str
    spark: tuple[float, ...]
    goal: str
    conclusions: str
    commit: str
    single: str = ""
    troubled: bool = False
    measured: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    branch: str = ""


def make_entries(cards: Sequence[Facts], context: RenderContext) -> tuple[Entry, ...]:
    """The entries of these cards, in their order; ``context.cards`` holds all cards."""
    context = know_cards(cards, context)
    return tuple(make_entry(facts, context) for facts in cards)


def know_cards(cards: Sequence[Facts], context: RenderContext) -> RenderContext:
    """A context that knows these cards at least."""
    if all(facts.code in context.cards for facts in cards):
        return context
    return replace(context, cards={**context.cards, **{facts.code: facts for facts in cards}})


@dataclass(frozen=True)
class EntryCache:
    """Entries that stay as long as no facts are read anew that they are made of.

    These are the card's own, its baseline's, and those of cards that its text quotes.
    """

    kept: dict[str, tuple[tuple[Facts | None, ...], Entry]] = field(default_factory=dict)

    def make_entries(self, cards: Sequence[Facts], context: RenderContext) -> tuple[Entry, ...]:
        """The same as the function of this name, which makes all of them."""
        context = know_cards(cards, context)
        return tuple(self._find(facts, context) for facts in cards)

    def _find(self, facts: Facts, context: RenderContext) -> Entry:
        codes = (facts.card.front.baseline, *list_quoted(facts.card))
        read = (facts, *map(context.cards.get, codes))
        before, entry = self.kept.get(facts.code, ((), None))
        if entry is None or not _are_same(read, before):
            entry = make_entry(facts, context)
            self.kept[facts.code] = read, entry
        return entry


def _are_same(read: Sequence[Facts | None], before: Sequence[Facts | None]) -> bool:
    return len(read) == len(before) and all(a is b for a, b in zip(read, before, strict=True))


def make_entry(facts: Facts, context: RenderContext) -> Entry:
    """One card in brief; depends on its facts, those of its baseline and of cards it quotes."""
    with speaking(context.language):
        return _make_entry(facts, context)


def _make_entry(facts: Facts, context: RenderContext) -> Entry:
    card, found = facts.card, compare_with_baseline(facts, context)
    said = [card.section(key) for key in ("goal", "conclusions", "problems")]
    live = LiveTexts(said, facts, context)
    goal, conclusions, problems = (
        live.fill_text(make_plain(text, _LENGTH)) for text in live.marked
    )
    return Entry(
        code=facts.code,
        title=card.front.title,
        status=facts.status.value if facts.status else "",
        broken=card.broken,
        date=facts.date.value.isoformat() if facts.date else "",
        authors=_list_values(facts.authors),
        tags=_list_values(facts.tags),
        model=facts.model.value.name if facts.model else "",
        data=tuple(dict.fromkeys(one.value.name for one in facts.data if one.value.name)),
        **_describe_value(facts, context),
        baseline=card.front.baseline,
        supersedes=card.front.supersedes,
        difference=_keep_finite(found.difference) if found else None,
        difference_shown=found.text if found else "",
        verdict=verdict_of(found) if found else "",
        spark=make_spark(facts),
        goal=goal,
        conclusions=conclusions,
        commit=facts.source.value.commit if facts.source else "",
        troubled=not says_nothing(problems),
        measured=find_measured(facts),
        scores=list_scores(facts, context.settings),
        branch=find_place(facts, context),
    )


def _list_values(facts: Sequence[Fact[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact.value for fact in facts))


class _Value(TypedDict):
    metric: str
    direction: str
    value: float | None
    shown: str
    full: str
    origin: str
    place: str
    single: str


def _describe_value(facts: Facts, context: RenderContext) -> _Value:
    """The mean over seeds with the best single run, else the best checkpoint."""
    primary, spread = facts.primary, facts.headline
    value: _Value = {
        "metric": facts.metric if primary else "",
        "direction": facts.direction if primary else "",
        "value": None, "shown": "", "full": "", "origin": "", "place": "", "single": "",
    }  # fmt: skip
    if primary is None:
        return value
    if spread is None or spread.mean is None:
        return {
            **value,
            "value": _keep_finite(primary.value),
            "shown": format_short(primary.value),
            "full": format_full(primary.value),
            "origin": str(primary.origin),
            "place": _place(facts, context),
        }
    return {**value, **_describe_mean(spread, spread.mean, primary, context)}


class _Mean(TypedDict):
    value: float | None
    shown: str
    full: str
    origin: str
    place: str
    single: str


def _describe_mean(
    spread: Spread, mean: float, primary: Fact[float], context: RenderContext
) -> _Mean:
    labels = context.labels
    said = str(spread.n) if spread.n == spread.of else labels["n_of"].format(spread.n, spread.of)
    return {
        "value": _keep_finite(mean),
        "shown": say_spread(spread),
        "full": format_full(mean),
        "origin": "",
        "place": labels["seeds"].format(said),
        "single": labels["best_run_is"].format(format_short(primary.value), primary.origin),
    }


def _keep_finite(value: float) -> float | None:
    """A value as a double, None for what is none."""
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _place(facts: Facts, context: RenderContext) -> str:
    best = facts.best
    if best is None:
        return ""
    if best.step is not None:
        return f"{context.labels['axis_step']} {format_number(best.step)}"
    if best.epoch is not None:
        return f"{context.labels['axis_epoch']} {format_short(best.epoch)}"
    return ""


def say_day(date: str) -> str:
    """An entry's date as the page's language writes it."""
    try:
        return format_day(dt.date.fromisoformat(date))
    except ValueError:
        return date
