"""Values quoted in a card's prose, filled in: ``[[qa-1:eval/f1]]`` as a number with its origin.

Markdown is given a word in the place of each, which nobody can write before the text is there: it
is made of a digest of all of it. What becomes of that word says what may stand in its place: a
number with its origin in text, the number alone in an attribute, and in code what was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from html import escape
from urllib.parse import quote

from babel.numbers import format_percent

from cardgen.facts import Fact, Facts
from cardgen.livevalues import (
    LiveValue,
    Missing,
    Term,
    find_live_values,
    format_form,
    look_up,
    look_up_terms,
)
from cardgen.measures import as_number
from cardgen.site.context import RenderContext
from cardgen.site.htmltext import Within, edit_text
from cardgen.site.numbers import format_difference, format_full, format_short
from cardgen.site.page import Heading
from cardgen.site.plain import cut
from cardgen.site.prose import Prose
from cardgen.site.shown import Shower
from cardgen.site.speech import say_number

MOST = 500
"""Values of a card that are filled in."""

_LONGEST = 200  # characters of a parameter in a text
_ATTRIBUTE = re.compile(r'(?P<before> (?P<name>[a-z-]+)=")(?P<value>[^"]*)')
_NAMES = frozenset(("id", "for", "name"))
_ADDRESSES = frozenset(("href", "src"))


@dataclass(frozen=True)
class _Value:
    """A live value as a page shows it: ``text`` alone, or ``html`` with its origin.

    ``linked`` leads to the card that it is of, which may not stand in another link.
    """

    raw: str
    text: str
    html: str
    linked: str


class LiveTexts:
    """A card's texts, marked for Markdown, and what is made of them filled in."""

    def __init__(self, texts: Sequence[str], facts: Facts, context: RenderContext) -> None:
        self._facts, self._context = facts, context
        self._found: list[LiveValue] = []
        self._word = "lv"
        self.marked = tuple(texts)
        if any("[[" in text for text in texts):
            total = blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=6)
            self._word = f"lv{total.hexdigest()}x"
            self.marked = tuple(self._mark(text) for text in texts)

    def _mark(self, text: str) -> str:
        pieces, done = [], 0
        for value in find_live_values(text):
            if len(self._found) == MOST:
                break
            pieces += [text[done : value.start], f"{self._word}{len(self._found)}x"]
            self._found.append(value)
            done = value.end
        return "".join([*pieces, text[done:]])

    @cached_property
    def _values(self) -> tuple[_Value, ...]:
        writer = _Writer(self._facts, self._context)
        return tuple(writer.write(value) for value in self._found)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"{self._word}(\d{{1,3}})x")

    def _put(self, text: str, make: Callable[[int], str]) -> str:
        def put(match: re.Match[str]) -> str:
            number = int(match[1])
            return make(number) if number < len(self._found) else ""

        return self._pattern.sub(put, text) if self._word in text else text

    def fill_text(self, text: str) -> str:
        """A text without markup, with the values in their places."""
        if not self._found:
            return text
        done = self._put(text, lambda number: self._values[number].text)
        at = done.find(self._word)  # a text may have been cut there
        return done if at < 0 else f"{done[:at].rstrip()}{'…' if done.endswith('…') else ''}"

    def fill_prose(self, prose: Prose) -> Prose:
        """Converted prose with its values."""
        if not self._found:
            return prose
        return replace(
            prose,
            html=self.fill_html(prose.html),
            text=self.fill_text(prose.text),
            headings=tuple(self._fill_heading(heading) for heading in prose.headings),
        )

    def _fill_heading(self, heading: Heading) -> Heading:
        anchor = self._put(heading.anchor, "value-{}".format)
        return Heading(heading.level, anchor, self.fill_text(heading.text))

    def fill_html(self, html: str) -> str:
        """Clean HTML with the values in their places; what is no text gets no markup."""
        if not self._found or self._word not in html:
            return html
        return edit_text(html, self._fill_between, self._fill_tag)

    def _fill_between(self, text: str, within: Within) -> str:
        def make(number: int) -> str:
            value = self._values[number]
            if within.code:
                return escape(value.raw)
            if within.maths:
                return escape(value.text)
            return value.html if within.link else value.linked

        return self._put(text, make)

    def _fill_tag(self, tag: str) -> str:
        if self._word not in tag:
            return tag

        def put(attribute: re.Match[str]) -> str:
            name, value = attribute["name"], attribute["value"]
            if name in _NAMES or (name in _ADDRESSES and value.startswith("#")):
                value = self._put(value, "value-{}".format)
            elif name in _ADDRESSES:
                value = self._put(value, lambda number: quote(self._values[number].raw))
            else:
                value = self._put(value, lambda number: escape(self._values[number].text))
            return f"{attribute['before']}{value}"

        return _ATTRIBUTE.sub(put, tag)


class _Writer:
    """Writes the live values of one card's texts."""

    def __init__(self, facts: Facts, context: RenderContext) -> None:
        self.facts, self.context = facts, context
        self.shower = Shower(facts, context.labels)

    def write(self, value: LiveValue) -> _Value:
        cards = self.context.cards
        fact = look_up(value, self.facts, cards.get)
        terms = look_up_terms(value, self.facts, cards.get)
        if isinstance(fact, Missing) or isinstance(terms, Missing):
            return self._write_missing(value)
        text = self._say(value, fact, terms)
        html = self._wrap(escape(text), value, terms)
        other = self._find_other(value)
        url = self.context.link(other) if other else ""
        if not url:
            return _Value(value.text, text, html, html)
        link = f'<a href="{escape(url)}">{escape(text)}</a>'
        return _Value(value.text, text, html, self._wrap(link, value, terms))

    def _write_missing(self, value: LiveValue) -> _Value:
        said = escape(self.context.labels["live_missing"])
        html = (
            f'<span class="cg-live-missing" data-origin="" title="{said}">'
            f'{escape(value.text)}<span class="cg-unseen"> ({said})</span></span>'
        )
        return _Value(value.text, value.text, html, html)

    def _wrap(self, inner: str, value: LiveValue, terms: Sequence[Fact[object]]) -> str:
        origins = ", ".join(dict.fromkeys(str(fact.origin) for fact in terms))
        full = " − ".join(
            f"{self._name(term)}: {cut(format_full(fact.value), _LONGEST)}"
            for term, fact in zip(value.terms, terms, strict=True)
        )
        pairs = zip(value.terms, terms, strict=True)
        place = " − ".join(self._place(term, fact) for term, fact in pairs)
        written = " cg-written" if all(fact.origin.written for fact in terms) else ""
        other = self._find_other(value)
        card = f' data-card="{escape(other)}"' if other else ""
        return (
            f'<span class="cg-v cg-live{written}"{card} data-origin="{escape(origins)}" '
            f'title="{escape(full)} · {escape(place)}">{inner}</span>'
        )

    def _find_other(self, value: LiveValue) -> str:
        return next((term.code for term in value.terms if self._is_other(term)), "")

    def _is_other(self, term: Term) -> bool:
        return term.code != self.facts.code and term.code in self.context.cards

    def _name(self, term: Term) -> str:
        return f"{term.code} {term.whole}" if self._is_other(term) else term.whole

    def _place(self, term: Term, fact: Fact[object]) -> str:
        place = self.shower.origin(fact.origin)
        return f"{term.code}/{place}" if self._is_other(term) and fact.origin.written else place

    def _say(self, value: LiveValue, fact: Fact[object], terms: Sequence[Fact[object]]) -> str:
        number = as_number(fact.value)
        plain = isinstance(fact.value, str) or value.key.startswith("params/")
        if number is None or (plain and not value.form and not value.minus):  # as in their table
            return cut(" ".join(format_full(fact.value).split()), _LONGEST)
        if value.form:
            return self._say_form(format_form(number, value.form, signed=value.minus is not None))
        if value.minus:
            return format_difference(float(number), float(as_number(terms[1].value) or 0))
        return format_short(number)

    def _say_form(self, text: str) -> str:
        """With the language's decimal sign, and its space before a ``%``."""
        text = say_number(text)
        if text[0] in "+-":  # as differences are written
            text = text.replace("-", "−", 1)
        if not text.endswith("%"):
            return text
        return f"{text[:-1]}{format_percent(0, locale=self.context.language)[1:]}"
