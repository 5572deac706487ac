"""Findings that a person accepted, on the card's page: marked in its text, and listed below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from cardgen.models import Card
from cardgen.site import links
from cardgen.site.context import RenderContext
from cardgen.site.htmltext import Within, edit_text

MOST_MARKS = 10
"""Places of a text that one acceptance marks."""

_MOST = 100
_LONGEST = 64


class Row(NamedTuple):
    """An acceptance: ``place`` is the anchor of its first mark in the text, ``url`` its line."""

    number: int
    rule: str
    about: str
    reason: str
    place: str
    line: int
    url: str


class AcceptedMarks:
    """Marks what a card's text says and its front matter accepts."""

    def __init__(self, card: Card, context: RenderContext) -> None:
        self._card, self._context = card, context
        self._placed: dict[int, int] = {}
        self._numbers: dict[str, int] = {}
        for number, one in enumerate(card.front.accepted[:_MOST], 1):
            about = one.about.strip()
            if 0 < len(about) <= _LONGEST and any(sign.isalnum() for sign in about):
                self._numbers.setdefault(escape(about, quote=False), number)
        words = sorted(map(re.escape, self._numbers), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![\w.,-])(?:{'|'.join(words)})(?!\w|[.,]\d)")

    def mark(self, html: str) -> str:
        """A section's clean HTML with a mark behind each thing that is accepted."""
        if not self._numbers or not self._pattern.search(html):
            return html
        return edit_text(html, self._mark_text)

    def _mark_text(self, text: str, within: Within) -> str:
        return text if any(within) else self._pattern.sub(self._add_mark, text)

    def _add_mark(self, match: re.Match[str]) -> str:
        number = self._numbers[match[0]]
        before = self._placed.get(number, 0)
        if before == MOST_MARKS:
            return match[0]
        self._placed[number] = before + 1
        anchor = "" if before else f' id="accepted-at-{number}"'
        reason = self._card.front.accepted[number - 1].reason
        said = escape(self._context.labels["accepted_because"].format(" ".join(reason.split())))
        return (
            f'{match[0]}<a class="cg-accepted"{anchor} href="#accepted-{number}" '
            f'data-origin="" title="{said}" aria-label="{said}">†</a>'
        )

    def list_rows(self) -> Sequence[Row]:
        """All that the card accepts, in its order."""
        card, context = self._card, self._context
        path = f"{context.checkout.folder}{context.label(card)}"
        rows = []
        for number, one in enumerate(card.front.accepted[:_MOST], 1):
            line = card.lines.get(f"accepted.{number - 1}", card.lines.get("accepted", 0))
            repository, branch = context.settings.repository, context.find_branch(card.code)
            url = links.line_url(repository, branch, path, line)
            place = f"accepted-at-{number}" if number in self._placed else ""
            rows.append(Row(number, one.rule, one.about, one.reason, place, line, url))
        return rows
