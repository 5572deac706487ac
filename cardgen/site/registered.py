"""Which registered versions of models came out of a card's experiment, by the project's tags.

A card that names a version as its output shows it there. Of the others the tag's commit tells: a
run was made at it, or it changed this card and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cardgen.models import Card
from cardgen.site.history import Change
from cardgen.versions import Registered, Registry


def list_commits(card: Card) -> tuple[str, ...]:
    """The commits that a card's runs were made at, in full, sorted."""
    runs = card.evidence.runs if card.evidence else ()
    found = {run.source.commit for run in runs if run.source}
    if card.front.source:
        found.add(card.front.source.commit)
    return tuple(sorted(found - {""}))


def find_registered(
    registry: Registry,
    commits: Mapping[str, Iterable[str]],
    history: Mapping[str, Iterable[Change]],
) -> dict[str, tuple[Registered, ...]]:
    """The versions behind which cards are, by code; ``commits`` are those of each card's runs."""
    current = [entry for entry in registry.versions if not entry.withdrawn]
    tagged = {entry.commit for entry in current}
    if not tagged:
        return {}
    ran = _turn(tagged, commits)
    changed = _turn(tagged, {c: [one.commit for one in found] for c, found in history.items()})
    behind: dict[str, tuple[Registered, ...]] = {}
    for entry in current:
        alone = changed.get(entry.commit, [])
        for code in ran.get(entry.commit) or (alone if len(alone) == 1 else []):
            behind[code] = (*behind.get(code, ()), entry)
    return behind


def _turn(wanted: set[str], commits: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The codes of each commit that is wanted."""
    found: dict[str, list[str]] = {}
    for code, known in commits.items():
        for commit in wanted.intersection(known):
            found.setdefault(commit, []).append(code)
    return found
