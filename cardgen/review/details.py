"""One card of a review as Markdown: what a person unfolds in the comment.

All data goes through ``cardgen.markdown``, as in the comment itself.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from cardgen.markdown import make_table, part_references, quote_block, quote_span, quote_text
from cardgen.output import escape
from cardgen.review.models import Change, Found, Measure, ReviewedCard
from cardgen.review.rows import (
    TOPICS,
    count_problems,
    group_changes,
    name_change,
    say_difference,
    split_problems,
)

MAX_CARD_BYTES = 12_000
SHORT = 160
"""Signs of a value, or of a line of particulars, that are shown."""

_MOST_SHOWN = 12
"""Differences of a kind that are shown; the rest is counted."""

_MOST_LINES = 14


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def quote_html(text: str) -> str:
    """Data as text in an element that begins a block, which shows it as it is."""
    return html.escape(part_references(escape(text)))


def describe_card(card: ReviewedCard, *, opened: bool) -> str:
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
        yield f"**{quote_text(card.title)}**"
    if card.before:
        yield f"Renamed {quote_span(card.before)} → {quote_span(card.code)}."
    yield from (f"*{quote_text(note)}*" for note in card.notes)
    yield _list_problems(card)
    if card.missing:
        yield f"Missing: {', '.join(map(quote_text, card.missing))}."
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
    hint = f" {quote_text(one.hint)}" if one.hint else ""
    head = f"**{one.severity}** {quote_span(one.rule)}{line}"
    return f"- {head}: {quote_text(one.message)}{hint}"


def _list_similar(card: ReviewedCard) -> str:
    if not card.similar:
        return ""
    lines = [
        f"- {quote_span(one.code)}: {quote_text('; '.join(one.reasons))}" for one in card.similar
    ]
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
    was = f" (was {quote_text(one.was)})" if one.was else ""
    row = (quote_span(one.metric), f"{quote_text(one.text)}{was}")
    said = say_difference(one.difference, one.better)
    return (*row, quote_text(one.base), said) if against else row


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
    lines = [f"- {_warn(one)}{say_change(one)}{_say_lines(one)}" for one in changes[:_MOST_SHOWN]]
    rest = len(changes) - len(lines)
    return "\n".join(lines + ([f"- … and {rest} more"] if rest > 0 else []))


def _warn(change: Change) -> str:
    return f"⚠️ {quote_text(change.attention)} " if change.attention else ""


def _say_lines(change: Change) -> str:
    """Particulars, as items below."""
    shown = change.lines[:_MOST_LINES]
    rest = len(change.lines) - len(shown)
    lines = [quote_span(cut(line, SHORT)) for line in shown] + ([f"… {rest} more"] if rest else [])
    return "".join(f"\n  - {line}" for line in lines)


def _say_text(change: Change) -> str:
    name = f"**{quote_text(name_change(change))}**"
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
    return f"> {quote_text(joined)}"


def say_change(change: Change) -> str:
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
    notes = [part for part in (quote_text(change.note), said) if part]
    return f"{name}: {moved}" + (f" ({'; '.join(notes)})" if notes else "")


def _value(text: str) -> str:
    return quote_span(cut(text, SHORT))
