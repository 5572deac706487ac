"""What lists, digests and programs show of each card: one frozen entry a card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cardgen.facts import Facts
from cardgen.site.context import RenderContext


@dataclass(frozen=True)
class Entry:
    """One card in brief.

    ``value`` is the primary metric as a number (a mean where several seeds were run; None where
    there is none, NaN and infinities included), ``shown`` the same as readers see it, ``full``
    with all digits, ``origin`` where it comes from and ``place`` at which step. ``difference``
    is to the baseline's value, ``verdict`` is ``better``, ``worse``, ``equal`` or empty. ``spark``
    are up to 24 values of the primary metric over the steps of the run that it comes from, empty
    where there is no curve. ``goal`` and ``conclusions`` are plain text, cut to 300 characters.
    ``commit`` is the source commit in full.
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


def make_entries(cards: Sequence[Facts], context: RenderContext) -> tuple[Entry, ...]:
    """The entries of these cards, in their order; ``context.cards`` holds all cards."""
    raise NotImplementedError
