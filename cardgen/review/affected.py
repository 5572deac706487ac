"""Cards that did not change and have new problems all the same: they name one that did."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from cardgen.git import run_git
from cardgen.review.cards import list_problems
from cardgen.review.models import MAX_PROBLEMS, NAME, ReviewedCard, clip
from cardgen.review.problems import Checker
from cardgen.review.sides import Side
from cardgen.store import CARD_NAME

MOST = 60
"""Cards that are checked again because they name one that changed."""


def find_affected(
    new: Side, changed: Sequence[str], before: Checker, now: Checker, known: Collection[str]
) -> Iterator[ReviewedCard]:
    """The cards that name a changed, removed or renamed one and so got a problem."""
    for code in find_naming(new, changed)[:MOST]:
        if code in known:
            continue
        problems = list_problems(before.find_problems(code), now.find_problems(code))
        fresh = tuple(one for one in problems if one.new)
        card = new.find_card(code)
        if fresh and card:
            yield ReviewedCard(
                code=clip(code, NAME),
                kind="affected",
                title=clip(card.front.title),
                path=clip(card.path.relative_to(new.config.root).as_posix()),
                problems=fresh[:MAX_PROBLEMS],
                more_problems=max(len(fresh) - MAX_PROBLEMS, 0),
            )


def find_naming(side: Side, codes: Sequence[str]) -> list[str]:
    """The codes of cards in whose text one of these codes stands as a word, in their order."""
    if not codes:
        return []
    patterns = [part for code in codes for part in ("-e", code)]
    folder = side.config.settings.experiments
    where = f":(glob){folder}/*/{CARD_NAME}"
    printed = run_git(
        side.config.root, "grep", "-l", "-z", "-F", "-w", *patterns, side.commit, "--", where
    )
    paths = (entry.partition(":")[2] for entry in (printed or "").split("\0") if entry)
    found = {PurePosixPath(path).parent.name for path in paths}
    return [code for code in side.folders if code in found]
