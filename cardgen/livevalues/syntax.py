"""How a live value is written: ``[[card:value@step|format]]``, or two of them with a minus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cardgen.livevalues.quoted import blank_quoted
from cardgen.measures import as_number
from cardgen.models import Card

PATTERN = re.compile(
    r"(?<!!)(?<!\\)\[\[(?P<inner>[^\[\]\n|]{1,200})(?:\|(?P<form>[^\[\]\n|]{0,20}))?\]\](?!\()"
)
"""Not an embedded page, an escaped bracket, or a link whose text stands in brackets."""

WORDS = ("best", "last", "mean", "std")
"""What may stand behind the ``@`` instead of a step."""

_CODE = re.compile(r"(?P<code>[A-Za-z0-9][A-Za-z0-9._-]{0,63}):(?P<key>.+)")
_NEVER = frozenset(",;=<>{}\\$`")
_MINUS = re.compile(r"\s[-−–]\s")


@dataclass(frozen=True)
class Term:
    """One value that is named: ``code`` is empty for the card's own.

    ``key`` is a metric or ``params/NAME``; ``step`` is a number or one of WORDS, empty for what
    the card stands for.
    """

    code: str
    key: str
    step: str = ""

    @property
    def whole(self) -> str:
        """Key and step as they were written: metrics such as ``recall@5`` hold an ``@``."""
        return f"{self.key}@{self.step}" if self.step else self.key


@dataclass(frozen=True)
class LiveValue:
    """A value that a text names: ``code`` is empty for the card's own.

    ``key`` is a metric or ``params/NAME``, ``step`` asks for a checkpoint, ``form`` for a way of
    writing (``.1%``); ``minus`` is what is taken away from it. ``start`` and ``end`` are its place
    in the text, ``text`` what stands there.
    """

    text: str
    start: int
    end: int
    code: str
    key: str
    step: str = ""
    form: str = ""
    minus: Term | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """The values that it is made of: one, or two of which the second is taken away."""
        first = Term(self.code, self.key, self.step)
        return (first, self.minus) if self.minus else (first,)


def find_live_values(text: str) -> Iterator[LiveValue]:
    """The live values in a text, in their order; code and comments are left alone."""
    if "[[" not in text:
        return
    for match in PATTERN.finditer(blank_quoted(text)):
        inner = match["inner"].removesuffix("\\")  # '\|' is how tables hold a '|'
        if _is_meant(inner):
            terms = [_parse_term(part) for part in _MINUS.split(inner, maxsplit=1)]
            yield LiveValue(
                text[match.start() : match.end()],
                match.start(),
                match.end(),
                terms[0].code,
                terms[0].key,
                terms[0].step,
                (match["form"] or "").strip(),
                terms[1] if len(terms) > 1 else None,
            )


def list_quoted(card: Card) -> tuple[str, ...]:
    """The codes of the other cards that a card's text quotes values of, each once."""
    texts = (section.body for section in card.sections)
    found = (term.code for text in texts for one in find_live_values(text) for term in one.terms)
    return tuple(dict.fromkeys(code for code in found if code and code != card.code))


def _is_meant(inner: str) -> bool:
    """Not a matrix or set, and not a footnote in brackets."""
    if not _NEVER.isdisjoint(inner) or inner.startswith("^"):
        return False
    return any(sign.isalpha() for sign in inner)


def _parse_term(text: str) -> Term:
    text = text.strip()
    match = _CODE.fullmatch(text)
    code, key = (match["code"], match["key"].strip()) if match else ("", text)
    name, at, step = key.rpartition("@")
    if at and name.strip() and (step.strip() in WORDS or as_number(step) is not None):
        return Term(code, name.strip(), step.strip())
    return Term(code, key)
