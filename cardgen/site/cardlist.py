"""All cards as lines of a table, and how many there are of each status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from cardgen.facts import Facts
from cardgen.measures import format_number
from cardgen.models import Status
from cardgen.site.baseline import Comparison, compare_with_baseline
from cardgen.site.context import RenderContext
from cardgen.site.numbers import format_full, format_short
from cardgen.site.results import verdict_of
from cardgen.site.spreads import say_spread


@dataclass(frozen=True)
class Entry:
    """One card of the list; ``place`` is where its value was measured, ``versus`` the baseline.

    ``single`` is the best single run's value where ``value`` is a mean of several.
    """

    code: str
    url: str
    title: str
    status: str
    broken: bool
    tags: tuple[str, ...]
    date: str
    model: str
    metric: str
    value: str = ""
    full: str = ""
    origin: str = ""
    place: str = ""
    single: str = ""
    difference: str = ""
    verdict: str = ""
    versus: str = ""


def list_cards(cards: Sequence[Facts], context: RenderContext, base: str) -> list[Entry]:
    """The lines of the list, in the order of the cards; ``base`` is the way to their pages."""
    known = {facts.code: facts for facts in cards}
    if len(known) > len(context.cards):
        context = replace(context, cards=known)
    return [_make_entry(facts, context, base) for facts in cards]


def _make_entry(facts: Facts, context: RenderContext, base: str) -> Entry:
    primary = facts.primary
    found = compare_with_baseline(facts, context)
    return Entry(
        code=facts.code,
        url=context.link(facts.code, base),
        title=facts.card.front.title,
        status=facts.status.value if facts.status else "",
        broken=facts.card.broken,
        tags=tuple(fact.value for fact in facts.tags),
        date=facts.date.value.isoformat() if facts.date else "",
        model=facts.model.value.name if facts.model else "",
        metric=facts.metric if primary else "",
        **_describe_value(facts, context),
        **_compare(found),
    )


def _describe_value(facts: Facts, context: RenderContext) -> dict[str, str]:
    """The mean over seeds with the best single run, else the best checkpoint."""
    primary, spread, labels = facts.primary, facts.headline, context.labels
    if primary is None:
        return {}
    if spread is None or spread.mean is None:
        return {
            "value": format_short(primary.value),
            "full": format_full(primary.value),
            "origin": str(primary.origin),
            "place": _place(facts, context),
        }
    said = str(spread.n) if spread.n == spread.of else labels["n_of"].format(spread.n, spread.of)
    return {
        "value": say_spread(spread),
        "full": format_full(spread.mean),
        "place": labels["seeds"].format(said),
        "single": labels["best_run_is"].format(format_short(primary.value), primary.origin),
    }


def _place(facts: Facts, context: RenderContext) -> str:
    best = facts.best
    if best is None:
        return ""
    if best.step is not None:
        return f"{context.labels['axis_step']} {format_number(best.step)}"
    if best.epoch is not None:
        return f"{context.labels['axis_epoch']} {format_short(best.epoch)}"
    return ""


def _compare(found: Comparison | None) -> dict[str, str]:
    if found is None:
        return {}
    return {"difference": found.text, "verdict": verdict_of(found), "versus": found.code}


def count_statuses(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    """How many cards there are of each status, in the order of a card's life."""
    counts = Counter(entry.status for entry in entries)
    return [(status, counts[status]) for status in get_args(Status) if counts[status]]
