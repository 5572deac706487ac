"""A review: what a reviewer needs to know of the cards that differ between two git revisions.

Everything is read from git's objects; nothing is checked out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from cardgen.config import Config
from cardgen.errors import StoreError, UsageError
from cardgen.models import Severity
from cardgen.review.affected import find_affected
from cardgen.review.alike import Finder
from cardgen.review.cards import Reviewer
from cardgen.review.jsons import format_json, parse_review
from cardgen.review.markdown import format_markdown
from cardgen.review.models import MAX_BYTES, MAX_CARDS, MAX_FEW, NAME, Review, ReviewedCard, clip
from cardgen.review.problems import Checker
from cardgen.review.ranges import Range, open_range
from cardgen.review.select import Selection, select_cards
from cardgen.review.text import format_text

__all__ = ["FORMATS", "Review", "ReviewedCard", "format_review", "load_review", "review_cards"]

FORMATS: dict[str, Callable[[Review], str]] = {
    "text": format_text,
    "md": format_markdown,
    "json": format_json,
}

_WORST: tuple[Severity, ...] = ("error", "warning")
_KINDS = ("new", "changed", "renamed", "affected", "removed")


def review_cards(
    config: Config,
    base: str,
    head: str = "HEAD",
    *,
    worktree: bool = False,
    trackers: Collection[str] = (),
) -> Review:
    """Compare HEAD with the commit at which it left BASE, card by card.

    ``worktree`` takes the files on the disk for HEAD; ``trackers`` are the names of the adapters.
    Raises UsageError where git knows no such revision or has too little of its history.
    """
    with open_range(config, base, head, worktree=worktree) as found:
        selection = select_cards(found, config)
        cards = sorted(_review_all(found, selection, trackers), key=_rank)
        return Review(
            base=clip(base, NAME),
            head=clip(found.new.name if worktree else head, NAME),
            old=found.old.commit,
            new=found.new.commit,
            notes=tuple(map(clip, _list_notes(found, selection)))[:MAX_FEW],
            cards=tuple(cards[:MAX_CARDS]),
            more_cards=max(len(selection.pairs) - MAX_CARDS, 0),
        )


def _review_all(
    found: Range, selection: Selection, trackers: Collection[str]
) -> Iterator[ReviewedCard]:
    pairs = selection.pairs[:MAX_CARDS]
    codes = [pair.new for pair in pairs if pair.new]
    gone = [pair.old for pair in pairs if pair.old]
    now = Checker(found.new, trackers, codes)
    before = Checker(found.old, trackers, gone)
    alike = Finder(found.new, [code for code in gone if code not in codes])
    reviewer = Reviewer(found.new, now, before, alike)
    yield from (reviewer.review(pair) for pair in pairs)
    yield from find_affected(found.new, [*dict.fromkeys((*gone, *codes))], before, now, codes)


def _list_notes(found: Range, selection: Selection) -> Iterator[str]:
    yield from found.notes
    if selection.landed:
        count = selection.landed
        what = "1 card is" if count == 1 else f"{count} cards are"
        yield f"{what} in {found.target.name} already just as here, and left out."


def _rank(card: ReviewedCard) -> tuple[object, ...]:
    """What needs a reviewer most comes first: what looks odd, then new problems, then new cards."""
    fresh = {one.severity for one in card.problems if one.new}
    worst = next((rank for rank, one in enumerate(_WORST) if one in fresh), len(_WORST))
    return not card.attention, worst, _KINDS.index(card.kind)


def format_review(review: Review, kind: str) -> str:
    """A review in one of FORMATS; raises UsageError for another."""
    if kind not in FORMATS:
        raise UsageError(f"'{kind}' is no format.", f"Choose one of {', '.join(FORMATS)}.")
    return FORMATS[kind](review)


def load_review(path: Path) -> Review:
    """Read what 'review --format json' wrote; raises StoreError where it is anything else."""
    try:
        with path.open("rb") as file:
            return parse_review(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", "See its path.") from None
