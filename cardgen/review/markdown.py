"""A review as Markdown for one comment: a table first, then what to look at, then the details.

All data goes through ``cardgen.markdown``: it names nobody, links nowhere, loads no picture and
holds no HTML. The tags in here are our own, without data in them but codes.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from cardgen.markdown import make_table, part_references, quote_block, quote_span, quote_text
from cardgen.output import escape
from cardgen.review.models import Change, Found, Measure, Review, ReviewedCard
from cardgen.review.rows import (
    TOPICS,
    count_kinds,
    count_problems,
    group_changes,
    headline,
    name_change,
    say_difference,
    split_problems,
)

MARKER = "<!-- cardgen-review -->"
MAX_BYTES = 60_000
MAX_CARD_BYTES = 12_000
MAX_ROWS = 60
MAX_ATTENTION = 15
_OPEN = 3
"""Cards whose details are open from the start, where there are no more than these."""

_MOST_SHOWN = 12
"""Differences of a kind that are shown; the rest is counted."""

_MOST_LINES = 14
_CELL = 60
_SHORT = 160
_ROOM_AT_THE_END = 400


def format_markdown(review: Review) -> str:
    """One comment of at most MAX_BYTES bytes; the last cards lose their details first."""
    parts = [MARKER, _title(review), *map(_note, review.notes)]
    if review.cards:
        parts += [_make_table(review), *_list_attention(review)]
    left = MAX_BYTES - sum(len(part.encode()) + 2 for part in parts) - _ROOM_AT_THE_END
    shown = 0
    for card in review.cards:
        detail = _describe(card, opened=len(review.cards) <= _OPEN)
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


def _text(text: str) -> str:
    """Data on a line of ours, whatever follows: a ``$`` at its end begins no formula."""
    quoted = quote_text(text)
    return f"{quoted}\u200b" if quoted.endswith("$") else quoted


def quote_html(text: str) -> str:
    """Data as text in an element that begins a block, which shows it as it is."""
    return html.escape(part_references(escape(text)))


def _title(review: Review) -> str:
    said = count_kinds(review)
    return f"### Experiments: {said}"


def _note(text: str) -> str:
    return f"*{_text(text)}*"


def _sign(review: Review) -> str:
    old, new = quote_span(review.old[:9]), quote_span(review.new[:9])
    compared = f", {old} to {new}" if old and new else ""
    return f"<sub>{_text(review.base)} to {_text(review.head)}</sub>{compared}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


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
        f"{quote_span(_cut(card.code, 64))}{odd}",
        card.kind,
        _say_value(measure) if measure else "",
        _say_against(card, measure) if measure else "",
        count_problems(card),
    )


def _say_value(measure: Measure) -> str:
    was = f" (was {_text(_cut(measure.was, _CELL))})" if measure.was else ""
    metric, text = _cut(measure.metric, _CELL), _cut(measure.text, _CELL)
    return f"{quote_span(metric)} **{_text(text)}**{was}"


def _say_against(card: ReviewedCard, measure: Measure) -> str:
    said = say_difference(measure.difference, measure.better)
    return f"{said} ({quote_span(_cut(card.baseline, 64))})" if said else ""


# What to look at first -----------------------------------------------------------------------


def _list_attention(review: Review) -> Iterator[str]:
    lines = [
        f"- {quote_span(card.code)}: {_text(change.attention)} {_say_short(change)}".rstrip()
        for card in review.cards
        for change in card.attention
    ]
    lines += [
        f"- {quote_span(card.code)}: {_text(_cut(one.message, _SHORT))}"
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
        return quote_span(_cut(change.lines[0], _SHORT))
    return _say(change)


# One card ------------------------------------------------------------------------------------


def _describe(card: ReviewedCard, *, opened: bool) -> str:
    kind = card.kind
    summary = f"<code>{quote_html(card.code)}</code> {kind}"
    problems = count_problems(card)
    tail = f" · {problems}" if problems else ""
    head = f"<details{' open' if opened else ''}>\n<summary>{summary}{tail}</summary>"
    return "\n\n".join([head, *_fit(filter(None, _list_parts(card))), "</details>"])


def _fit(parts: Iterable[str]) -> Iterator[str]:
    """The parts of a card that have room, so that one card leaves some for the others."""
    left = MAX_CARD_BYTES
    for part in parts:
        left -= len(part.encode()) + 2
        if left < 0:
            yield "… and more: run `cardgen review`."
            return
        yield part


def _list_parts(card: ReviewedCard) -> Iterator[str]:
    if card.title:
        yield f"**{_text(card.title)}**"
    if card.before:
        yield f"Renamed {quote_span(card.before)} → {quote_span(card.code)}."
    yield from (f"*{_text(note)}*" for note in card.notes)
    yield _list_problems(card)
    if card.missing:
        yield f"Missing: {', '.join(map(_text, card.missing))}."
    yield _list_similar(card)
    yield _list_measures(card)
    yield from _list_changes(card)
    yield from _list_versus(card)
    if card.more_changes:
        yield f"… and {card.more_changes} more differences."


def _list_problems(card: ReviewedCard) -> str:
    fresh, known = split_problems(card)
    lines = [_say_problem(one) for one in fresh[:_MOST_SHOWN]]
    if known:
        rules = ", ".join(dict.fromkeys(quote_span(one.rule) for one in known))
        lines.append(f"- as before: {rules}")
    rest = len(fresh[_MOST_SHOWN:]) + card.more_problems
    return "\n".join(lines + ([f"- … and {rest} more problems"] if rest else []))


def _say_problem(one: Found) -> str:
    line = f", line {one.line}" if one.line else ""
    hint = f" {_text(one.hint)}" if one.hint else ""
    head = f"**{one.severity}** {quote_span(one.rule)}{line}"
    return f"- {head}: {_text(one.message)}{hint}"


def _list_similar(card: ReviewedCard) -> str:
    if not card.similar:
        return ""
    lines = [f"- {quote_span(one.code)}: {_text('; '.join(one.reasons))}" for one in card.similar]
    return "\n".join(["Similar cards that are there already:", "", *lines])


def _list_measures(card: ReviewedCard) -> str:
    """A table of metrics, where there is more to say than the table on top says."""
    if len(card.measures) < 2 and not any(one.base for one in card.measures):
        return ""
    against = any(one.base for one in card.measures)
    headers = ("metric", "value", *((quote_span(card.baseline), "difference") if against else ()))
    rows = [_measure_row(one, against=against) for one in card.measures]
    return make_table(headers, rows)


def _measure_row(one: Measure, *, against: bool) -> Sequence[str]:
    was = f" (was {_text(one.was)})" if one.was else ""
    row = (quote_span(one.metric), f"{_text(one.text)}{was}")
    said = say_difference(one.difference, one.better)
    return (*row, _text(one.base), said) if against else row


def _list_changes(card: ReviewedCard) -> Iterator[str]:
    told = {measure.metric for measure in card.measures if measure.was}
    for topic, changes in group_changes(card.changes).items():
        fit = [one for one in changes if topic != "results" or not _is_told(one, told)]
        if topic == "text":
            yield from (_say_text(one) for one in fit)
        elif fit:
            yield f"**{TOPICS[topic]}**\n\n{_list(fit)}"


def _is_told(change: Change, told: Iterable[str]) -> bool:
    """Whether the table of metrics says it: what became of a best value."""
    return change.name in told and change.note != "last value"


def _list_versus(card: ReviewedCard) -> Iterator[str]:
    if card.versus:
        yield f"**Other than in {quote_span(card.baseline)}**\n\n{_list(card.versus)}"
    elif card.kind == "new" and card.baseline and card.measures and card.measures[0].base:
        yield f"Model, data and parameters are those of {quote_span(card.baseline)}."


def _list(changes: Sequence[Change]) -> str:
    lines = [f"- {_warn(one)}{_say(one)}{_say_lines(one)}" for one in changes[:_MOST_SHOWN]]
    rest = len(changes) - len(lines)
    return "\n".join(lines + ([f"- … and {rest} more"] if rest > 0 else []))


def _warn(change: Change) -> str:
    return f"⚠️ {_text(change.attention)} " if change.attention else ""


def _say_lines(change: Change) -> str:
    """Particulars, as items below."""
    shown = change.lines[:_MOST_LINES]
    rest = len(change.lines) - len(shown)
    lines = [quote_span(_cut(line, _SHORT)) for line in shown] + (
        [f"… {rest} more"] if rest else []
    )
    return "".join(f"\n  - {line}" for line in lines)


def _say_text(change: Change) -> str:
    name = f"**{_text(name_change(change))}**"
    what = "" if change.old else " (new)"
    shown = [escape(line) for line in change.lines[:_MOST_LINES]]
    rest = len(change.lines) - len(shown)
    shown += [f"… {rest} more lines"] if rest else []
    if not change.old:  # nothing to compare it with: read as it is
        return f"{name}\n\n{_quote_prose(shown)}"
    gone = "" if change.new else " (removed)"
    return f"{name}{what}{gone}\n\n{quote_block(chr(10).join(shown), 'diff')}"


def _quote_prose(lines: Sequence[str]) -> str:
    joined = " ".join(line.removeprefix("+ ") for line in lines)
    return f"> {_text(joined)}"


def _say(change: Change) -> str:
    """One difference on one line."""
    name, old, new = quote_span(change.name), _value(change.old), _value(change.new)
    if old and new and change.old != change.new:
        moved = f"{old} → {new}"
    elif change.topic == "files" or (change.topic == "evidence" and change.old == change.new):
        moved = new
    elif change.topic == "evidence" or not new:
        moved = new or f"{old} removed"
    else:
        moved = f"{new} added"
    said = say_difference(change.difference, change.better)
    notes = [part for part in (_text(change.note), said) if part]
    return f"{name}: {moved}" + (f" ({'; '.join(notes)})" if notes else "")


def _value(text: str) -> str:
    return quote_span(_cut(text, _SHORT))
