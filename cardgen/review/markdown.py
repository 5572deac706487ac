"""A review as Markdown for one comment: a table first, then what to look at, then the details.

All data goes through ``cardgen.markdown``: it names nobody, links nowhere, loads no picture and
holds no HTML. The tags in here are our own, without data in them but codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cardgen.markdown import make_table, quote_span, quote_text
from cardgen.review.details import SHORT, cut, describe_card, say_change
from cardgen.review.models import Change, Measure, Review, ReviewedCard
from cardgen.review.rows import count_kinds, count_problems, headline, say_difference

MARKER = "<!-- cardgen-review -->"
MAX_BYTES = 60_000
MAX_ROWS = 60
MAX_ATTENTION = 15
_OPEN = 3
"""Cards whose details are open from the start, where there are no more than these."""

_CELL = 60
_ROOM_AT_THE_END = 400


def format_markdown(review: Review) -> str:
    """One comment of at most MAX_BYTES bytes; the last cards lose their details first."""
    parts = [MARKER, _title(review), *map(_note, review.notes)]
    if review.cards:
        parts += [_make_table(review), *_list_attention(review)]
    left = MAX_BYTES - sum(len(part.encode()) + 2 for part in parts) - _ROOM_AT_THE_END
    shown = 0
    for card in review.cards:
        detail = describe_card(card, opened=len(review.cards) <= _OPEN)
        left -= len(detail.encode()) + 2
        if left < 0:
            break
        parts.append(detail)
        shown += 1
    rest = len(review.cards) - shown + review.more_cards
    if rest:
        parts.append(f"… and {rest} more: run `cardgen review`.")
    parts.append(_sign(review))
    # A comment's marker in data would be one only to a program that does not look where it stands.
    body = "\n\n".join(part for part in parts[1:] if part).replace("<!--", "<!\u200b--")
    return f"{MARKER}\n\n{body}"


def _title(review: Review) -> str:
    said = count_kinds(review)
    return f"### Experiments: {said}"


def _note(text: str) -> str:
    return f"*{quote_text(text)}*"


def _sign(review: Review) -> str:
    old, new = quote_span(review.old[:9]), quote_span(review.new[:9])
    compared = f", {old} to {new}" if old and new else ""
    return f"<sub>{quote_text(review.base)} to {quote_text(review.head)}</sub>{compared}"


# The table -----------------------------------------------------------------------------------


def _make_table(review: Review) -> str:
    rows = [_make_row(card) for card in review.cards[:MAX_ROWS]]
    rest = len(review.cards) - len(rows) + review.more_cards
    table = make_table(("card", "", "metric", "vs. baseline", "problems"), rows)
    return f"{table}\n\n… and {rest} more cards." if rest else table


def _make_row(card: ReviewedCard) -> Sequence[str]:
    measure = headline(card)
    odd = " ⚠️" if card.attention else ""
    return (
        f"{quote_span(cut(card.code, 64))}{odd}",
        card.kind,
        _say_value(measure) if measure else "",
        _say_against(card, measure) if measure else "",
        count_problems(card),
    )


def _say_value(measure: Measure) -> str:
    was = f" (was {quote_text(cut(measure.was, _CELL))})" if measure.was else ""
    metric, text = cut(measure.metric, _CELL), cut(measure.text, _CELL)
    return f"{quote_span(metric)} **{quote_text(text)}**{was}"


def _say_against(card: ReviewedCard, measure: Measure) -> str:
    said = say_difference(measure.difference, measure.better)
    return f"{said} ({quote_span(cut(card.baseline, 64))})" if said else ""


# What to look at first -----------------------------------------------------------------------


def _list_attention(review: Review) -> Iterator[str]:
    lines = [
        f"- {quote_span(card.code)}: {quote_text(change.attention)} {_say_short(change)}".rstrip()
        for card in review.cards
        for change in card.attention
    ]
    lines += [
        f"- {quote_span(card.code)}: {quote_text(cut(one.message, SHORT))}"
        for card in review.cards
        for one in card.problems
        if one.new and one.severity == "error"
    ]
    if lines:
        rest = len(lines) - MAX_ATTENTION
        lines = lines[:MAX_ATTENTION] + ([f"- … and {rest} more"] if rest > 0 else [])
        yield "**⚠️ Look at this first**"
        yield "\n".join(lines)


def _say_short(change: Change) -> str:
    if change.topic == "evidence" and change.lines:
        return quote_span(cut(change.lines[0], SHORT))
    return say_change(change)
