"""What is different between two versions of a card, field by field.

Pure over ``Facts``: reviews, release notes and whoever else compares versions read the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cardgen.config import Settings
from cardgen.differences.evidence import compare_evidence
from cardgen.differences.fields import compare_about, compare_inputs, compare_params
from cardgen.differences.prose import compare_sections
from cardgen.differences.results import compare_results
from cardgen.differences.values import Change, Differences
from cardgen.facts import Facts

__all__ = ["Change", "Differences", "compare_cards", "compare_inputs", "compare_params"]


def compare_cards(
    old: Facts | None, new: Facts | None, settings: Settings | None = None
) -> Differences:
    """All that differs, what a reader should look at first; a side that is None has nothing.

    ``settings`` say of which metrics less is better, where their names do not.
    """
    found = tuple(_compare(old, new, settings or Settings()))
    changes = tuple(_with_stale_conclusions(found))
    ordered = sorted(changes, key=lambda change: not change.attention)
    return Differences(old.code if old else "", new.code if new else "", tuple(ordered))


def _compare(old: Facts | None, new: Facts | None, settings: Settings) -> Iterator[Change]:
    yield from compare_evidence(old, new)
    yield from compare_results(old, new, settings)
    yield from compare_sections(old, new)
    yield from compare_about(old, new)
    yield from compare_inputs(old, new)
    yield from compare_params(old, new)


def _with_stale_conclusions(changes: tuple[Change, ...]) -> Iterator[Change]:
    """Marks results that moved while what was concluded of them stayed."""
    judged = any(change.topic == "text" and change.name == "conclusions" for change in changes)
    for change in changes:
        if change.headline and change.moved and not judged and not change.attention:
            yield replace(change, attention="The result moved, and the conclusions stayed.")
        else:
            yield change
