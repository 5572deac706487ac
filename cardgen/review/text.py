"""A review as text for the terminal, and for the log of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cardgen.output import colour, disarm, escape
from cardgen.review.models import Change, Measure, Review, ReviewedCard
from cardgen.review.rows import (
    TOPICS,
    count_kinds,
    group_changes,
    name_change,
    place,
    say_difference,
    split_problems,
)

_PAINTS = (
    (re.compile(r"^(    |  )(\+ .*)$", re.M), "green"),
    (re.compile(r"^(    |  )(- .*)$", re.M), "red"),
    (re.compile(r"^(  )(! .*)$", re.M), "yellow"),
    (re.compile(r"^(  )(error)(?= )", re.M), "red"),
    (re.compile(r"^(  )(warning)(?= )", re.M), "yellow"),
    (re.compile(r"^()(\S.*  (?:new|changed|renamed|removed|affected)\b.*)$", re.M), "bold"),
)


def format_text(review: Review) -> str:
    """A paragraph a card, what needs a look first in each."""
    new = review.new[:9] if review.new else ""
    head = review.head if not new else f"{review.head} ({new})"
    lines = [f"{count_kinds(review).capitalize()}: {_calm(review.base)}...{_calm(head)}"]
    lines += [f"({_calm(note)})" for note in review.notes]
    for card in review.cards:
        lines += ["", *_describe(card)]
    if review.more_cards:
        lines += ["", f"… and {review.more_cards} more cards."]
    return "\n".join(lines)


def _calm(text: str) -> str:
    """Data that cannot control a terminal, and in which the runner of a CI job reads no command."""
    return disarm(escape(text))


def _describe(card: ReviewedCard) -> Iterator[str]:
    kind = f"renamed: {_calm(card.before)} → {_calm(card.code)}" if card.before else card.kind
    yield "  ".join(part for part in (_calm(card.code), kind, _calm(card.title)) if part)
    yield from (f"  ({_calm(note)})" for note in card.notes)
    for change in card.attention:
        yield f"  ! {_calm(change.attention)} {_say(change)}".rstrip()
        yield from (f"    {_calm(line)}" for line in change.lines if change.topic == "evidence")
    yield from _list_problems(card)
    if card.missing:
        yield f"  missing: {', '.join(map(_calm, card.missing))}"
    for similar in card.similar:
        yield f"  similar: {_calm(similar.code)} ({_calm('; '.join(similar.reasons))})"
    yield from _list_measures(card)
    yield from _list_changes("", card.changes, card.more_changes)
    yield from _list_changes(f"against {_calm(card.baseline)}", card.versus, card.more_versus)


def _list_problems(card: ReviewedCard) -> Iterator[str]:
    fresh, known = split_problems(card)
    for problem in fresh:
        yield f"  {problem.severity} {_calm(problem.rule)}: {_calm(problem.message)}"
        yield f"    at {_calm(place(problem))}. {_calm(problem.hint)}".rstrip()
    if known:
        yield f"  as before: {', '.join(dict.fromkeys(_calm(one.rule) for one in known))}"
    if card.more_problems:
        yield f"  … and {card.more_problems} more problems"


def _list_measures(card: ReviewedCard) -> Iterator[str]:
    if card.measures:
        against = f", against {_calm(card.baseline)}" if any(m.base for m in card.measures) else ""
        yield f"  Metrics{against}"
    for measure in card.measures:
        yield f"    {_calm(measure.metric)}  {_say_measure(measure)}"


def _say_measure(measure: Measure) -> str:
    was = f" (was {_calm(measure.was)})" if measure.was else ""
    said = say_difference(measure.difference, measure.better)
    base = f"  {said} ({_calm(measure.base)})" if said else ""
    return f"{_calm(measure.text)}{was}{base}"


def _list_changes(where: str, changes: tuple[Change, ...], more: int) -> Iterator[str]:
    for topic, ones in group_changes(changes).items():
        shown = [one for one in ones if not (one.attention and topic == "evidence")]
        if shown:
            yield f"  {TOPICS[topic]}{f', {where}' if where else ''}"
        for change in shown:
            yield f"    {_say(change)}"
            yield from (f"    {_calm(line)}" for line in change.lines)
    if more:
        yield f"  … and {more} more differences"


def _say(change: Change) -> str:
    """One difference on one line."""
    name, old, new = _calm(name_change(change)), _calm(change.old), _calm(change.new)
    moved = f"{old} → {new}" if old and new and old != new else f"+ {new}" if new else f"- {old}"
    if change.topic == "text":
        moved = "" if old and new else "(new)" if new else "(removed)"
    elif old == new:  # a run, a file
        moved = new
    said = say_difference(change.difference, change.better)
    notes = [part for part in (_calm(change.note), said) if part]
    text = f"{name}  {moved}".rstrip()
    return f"{text}  ({'; '.join(notes)})" if notes else text


def paint(text: str) -> str:
    """The text with colours, for a terminal."""
    for pattern, name in _PAINTS:
        text = pattern.sub(lambda m, name=name: m[1] + colour(m[2], name), text)  # type: ignore[misc]  # bound now
    return text
