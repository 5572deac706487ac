"""What a review says, as parts of text; each format puts its own marks around data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cardgen.review.models import Change, Found, Kind, Measure, Review, ReviewedCard

TOPICS = {
    "evidence": "Evidence",
    "results": "Results",
    "text": "Text",
    "about": "Card",
    "inputs": "Model, data and source",
    "params": "Parameters",
    "files": "Files",
}
"""The parts of a card in the order in which a reviewer reads them, with their headings."""

KINDS: tuple[Kind, ...] = ("new", "changed", "renamed", "removed", "affected")
SECTIONS = {"goal": "Goal", "conclusions": "Conclusions", "problems": "Problems"}
_SEVERITIES = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "advice": ("piece of advice", "pieces of advice"),
}


def count_kinds(review: Review) -> str:
    """How many cards are new, changed and so on, as a phrase."""
    counted = Counter(card.kind for card in review.cards)
    parts = [f"{counted[kind]} {kind}" for kind in KINDS if counted[kind]]
    parts += [f"{review.more_cards} more"] if review.more_cards else []
    return ", ".join(parts) if parts else "no card differs"


def count_problems(card: ReviewedCard) -> str:
    """New problems by severity, and how many were there before; empty for none."""
    fresh = Counter(problem.severity for problem in card.problems if problem.new)
    parts = [_plural(fresh[name], *words) for name, words in _SEVERITIES.items() if fresh[name]]  # type: ignore[index]  # the same words
    old = sum(not problem.new for problem in card.problems)
    parts += [f"{old} as before"] if old else []
    parts += [f"{card.more_problems} more"] if card.more_problems else []
    return ", ".join(parts)


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def say_difference(difference: float | None, better: bool | None) -> str:
    """A difference with its sign and what it means: ``+0.021, better``."""
    if difference is None:
        return ""
    if not difference:
        return "equal"
    judged = "" if better is None else ", better" if better else ", worse"
    return f"{difference:+.3g}{judged}"


def split_problems(card: ReviewedCard) -> tuple[list[Found], list[Found]]:
    """The problems that the card did not have before, and the others."""
    fresh = [one for one in card.problems if one.new]
    return fresh, [one for one in card.problems if not one.new]


def group_changes(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Differences by topic, in the order in which a reviewer reads them: of a new card its text."""
    listed = list(changes)
    moved = any(change.old for change in listed)
    topics = list(TOPICS) if moved else sorted(TOPICS, key=lambda topic: topic != "text")
    found: dict[str, list[Change]] = {topic: [] for topic in topics}
    for change in listed:
        found[change.topic].append(change)
    return {topic: ones for topic, ones in found.items() if ones}


def name_change(change: Change) -> str:
    """What a difference is of."""
    return SECTIONS.get(change.name, change.name) if change.topic == "text" else change.name


def place(problem: Found) -> str:
    """Where a problem is."""
    return f"{problem.path}:{problem.line}" if problem.line else problem.path


def headline(card: ReviewedCard) -> Measure | None:
    """The metric that the card is judged by."""
    return card.measures[0] if card.measures else None
