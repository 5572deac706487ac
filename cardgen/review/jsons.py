"""A review as JSON, of bounded size, and back: what is read is checked in every field."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from cardgen.errors import StoreError
from cardgen.output import format_json as format_values
from cardgen.review.models import MAX_BYTES, Review, ReviewedCard

_DETAILS: dict[str, Any] = {
    "changes": (), "versus": (), "problems": (), "measures": (), "similar": (), "notes": (),
}  # fmt: skip


def format_json(review: Review) -> str:
    """JSON of at most MAX_BYTES bytes: the last cards lose their details first, then go."""
    fitted = _fit(review)
    values = fitted.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    values = {"schema": fitted.version, **values}
    return format_values(values)


def _fit(review: Review) -> Review:
    left = MAX_BYTES - 16_000  # the frame, with its notes
    kept: list[ReviewedCard] = []
    for card in review.cards:
        size = _measure(card, left)
        fitted = card if size <= left else _cut(card)
        left -= size if size <= left else _measure(fitted, left)
        if left < 0:
            break
        kept.append(fitted)
    gone = len(review.cards) - len(kept)
    return review.model_copy(update={"cards": tuple(kept), "more_cards": review.more_cards + gone})


def _measure(card: ReviewedCard, enough: int) -> int:
    """Bytes of a card in the JSON, its indent included; roughly where they are more than enough."""
    values = card.model_dump(mode="json", exclude_defaults=True)
    least = len(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace"))
    if least > enough:
        return least
    text = format_values(values)
    return len(text.encode()) + 8 * (text.count("\n") + 1) + 5 * text.count("##")


def _cut(card: ReviewedCard) -> ReviewedCard:
    counts = {
        "more_changes": card.more_changes + len(card.changes),
        "more_versus": card.more_versus + len(card.versus),
        "more_problems": card.more_problems + len(card.problems),
    }
    return card.model_copy(update=_DETAILS | counts)


def parse_review(text: bytes | str) -> Review:
    """Read a review; raises StoreError where it is too large or not as the schema says."""
    if len(text) > MAX_BYTES:
        raise StoreError(
            f"The review has more than {MAX_BYTES} bytes.",
            "Make it with: cardgen review BASE --format json",
        )
    try:
        return Review.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"][:6])
        raise StoreError(
            f"It is no review: {where + ': ' if where else ''}{first['msg']}.",
            "Make it with: cardgen review BASE --format json",
        ) from None
