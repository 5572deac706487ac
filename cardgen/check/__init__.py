"""From cards to problems: every rule looks at every card.

``check_cards`` is pure and takes all cards; ``project.check_project`` reads those that changed
since it was called last, and remembers the rest.
"""

from __future__ import annotations

from cardgen.check.cards import (
    check_card,
    check_cards,
    check_settings,
    find_unread,
    has_failed,
    judge,
    sort_problems,
)

__all__ = [
    "check_card",
    "check_cards",
    "check_settings",
    "find_unread",
    "has_failed",
    "judge",
    "sort_problems",
]
