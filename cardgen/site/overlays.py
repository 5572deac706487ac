"""The baseline's learning curve beneath a card's own."""

from __future__ import annotations

from collections.abc import Iterable

from cardgen.facts import Facts
from cardgen.site.bands import make_band
from cardgen.site.charts import Series
from cardgen.site.context import RenderContext
from cardgen.site.lines import Line, find_lines

_LONGER = 2
"""Times a card's own curve that a baseline's is drawn to: a longer one would squeeze it."""


def find_baseline(facts: Facts, context: RenderContext) -> Facts | None:
    """The card that a card is compared with, where that is at hand."""
    code = facts.card.front.baseline
    return None if code == facts.code else context.cards.get(code)


def find_overlay(facts: Facts, axis: str, context: RenderContext) -> Line | None:
    """The baseline's curve of a card's metric over that axis: the mean of its best group,

    else that of the run which has its best checkpoint. None where there is none.
    """
    base = find_baseline(facts, context)
    lines = find_lines(base, facts.metric) if base and facts.metric else []
    known = {line.ref: line for line in reversed(lines) if line.axis == axis and len(line.xs) > 1}
    if base is None or not known:
        return None
    if base.leading and base.leading.averaged:
        members = [known[one.ref] for one in base.leading.members if one.ref in known]
        band = make_band(base.leading, members)
        if band:
            return band.mean
    best = known.get(base.best.origin.ref) if base.best else None
    return best or next(iter(reversed(known.values())))


def make_overlay(
    facts: Facts, axis: str, own: Iterable[Line], context: RenderContext
) -> Series | None:
    """The baseline's curve as it lies beneath a card's own; None where there is none."""
    line = find_overlay(facts, axis, context)
    if line is None:
        return None
    limit = _LONGER * max((max(one.xs) for one in own if one.xs), default=0.0)
    kept = [at for at, x in enumerate(line.xs) if x <= limit]
    if len(kept) < 2:
        return None
    return Series(
        name=f"{facts.card.front.baseline} · {context.labels['baseline']}",
        xs=[line.xs[at] for at in kept],
        ys=[line.ys[at] for at in kept],
        dashed=True,
        quiet=True,
    )
