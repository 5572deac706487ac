"""What search knows of a card beside its text: by what results are narrowed, and what they show.

``find_facets`` gives the values that ``Page.facets`` takes, ``format_search`` what goes into
``Page.head``. Both are in the site's language; the names of facets are fixed, since addresses of
searches hold them (``?q=lora&in=tag:plt5``).
"""

from __future__ import annotations

from html import escape

from cardgen.facts import Facts
from cardgen.site.context import RenderContext
from cardgen.site.index import Entry
from cardgen.site.lives import find_place
from cardgen.site.shared import name_shared
from cardgen.site.speech import format_day
from cardgen.site.tongue import find_tongue

FACETS = ("status", "tag", "model", "data", "author", "year", "branch")
"""The names of the facets, in the order in which the search box shows them."""

_SHARED = {"tags": "tag", "models": "model", "data": "data"}


def find_facets(facts: Facts, context: RenderContext) -> dict[str, tuple[str, ...]]:
    """By what a card can be narrowed down to; facets without a value are left out."""
    found: dict[str, list[str]] = {name: [] for name in FACETS}
    if facts.status:
        found["status"].append(context.labels[f"status_{facts.status.value}"])
    for kind, name in name_shared(facts):
        found[_SHARED[kind]].append(name)
    found["author"] += dict.fromkeys(fact.value for fact in facts.authors if fact.value)
    if facts.date:
        found["year"].append(str(facts.date.value.year))
    place = find_place(facts, context)
    if place:
        found["branch"].append(place)
    return {name: tuple(values) for name, values in found.items() if values}


def format_search(facts: Facts, entry: Entry, context: RenderContext) -> str:
    """Elements for the head of a card's page: what a result shows, and the text's language."""
    result = f"{entry.metric} {entry.shown}".strip() if entry.shown else ""
    if result and entry.difference_shown:
        result += f" ({entry.difference_shown})"
    day = format_day(facts.date.value) if facts.date else ""
    shown = (("date", day), ("result", result), ("state", entry.status))
    return "".join(
        f'<meta data-pagefind-meta="{name}[content]" content="{escape(value)}">'
        for name, value in shown
        if value
    ) + _format_tongue(facts, context)


def _format_tongue(facts: Facts, context: RenderContext) -> str:
    sections = facts.card.sections
    text = "\n".join(section.body for section in sections)
    tongue = find_tongue((section.title for section in sections), text, context.language)
    return (
        f'<meta name="cardgen-language" content="{tongue}">' if tongue != context.language else ""
    )
