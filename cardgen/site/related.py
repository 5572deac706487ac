"""What leads from a card to others: earlier versions, and the same model, data or tag."""

from __future__ import annotations

from typing import Any, NamedTuple

from cardgen.facts import Facts
from cardgen.site.anchors import make_folder
from cardgen.site.baseline import value_of
from cardgen.site.context import RenderContext
from cardgen.site.numbers import format_short
from cardgen.site.shared import name_shared
from cardgen.site.speech import format_day
from cardgen.site.theme import way_to_root

MOST_COUNTED = 20
"""Cards that are counted: beyond, a page says "20+", and does not change with each new card."""

_MOST_VERSIONS = 12
_MOST_LINKS = 8
_KINDS = ("models", "data", "tags")


class Link(NamedTuple):
    """A page that lists cards with something in common, and how many they are."""

    name: str
    url: str
    cards: str


def find_links(facts: Facts, context: RenderContext) -> dict[str, list[Link]]:
    """Links to the pages of what further cards have, too, by kind: models, data, tags."""
    found: dict[str, list[Link]] = {kind: [] for kind in _KINDS}
    root = way_to_root(context.page_path(facts.code))
    for kind, name in name_shared(facts):
        count = context.shared.get((kind, name), 0)
        if count > 1 and len(found[kind]) < _MOST_LINKS:
            shown = str(count) if count < MOST_COUNTED else f"{MOST_COUNTED}+"
            found[kind].append(Link(name, f"{root}{kind}/{make_folder(name)}/", shown))
    return {kind: links for kind, links in found.items() if links}


def link_tag(tag: str, facts: Facts, context: RenderContext) -> str:
    """The page of a tag; empty where no cards are at hand."""
    if facts.code not in context.cards:
        return ""
    return f"{way_to_root(context.page_path(facts.code))}tags/{make_folder(tag)}/"


def find_earlier(facts: Facts, context: RenderContext) -> list[Facts]:
    """The cards that this one supersedes, and those that they do: the latest first."""
    found: dict[str, Facts] = {}
    waiting = list(facts.card.front.supersedes)
    while waiting and len(found) < _MOST_VERSIONS:
        code = waiting.pop(0)
        other = context.cards.get(code)
        if other is not None and code != facts.code and code not in found:
            found[code] = other
            waiting += other.card.front.supersedes
    return list(found.values())


def list_versions(facts: Facts, context: RenderContext) -> list[dict[str, Any]]:
    """Earlier versions with their values of this card's metric; empty where there are none."""
    earlier = find_earlier(facts, context)
    return [_describe(one, facts, context) for one in (facts, *earlier)] if earlier else []


def _describe(one: Facts, facts: Facts, context: RenderContext) -> dict[str, Any]:
    value = value_of(one, facts)
    return {
        "code": one.code,
        "title": one.title if one.title != one.code else "",
        "url": context.link(one.code) if one is not facts else "",
        "date": format_day(one.date.value) if one.date else "",
        "status": one.status.value if one.status else "",
        "value": "" if value is None else format_short(value),
    }


def say_shared(facts: Facts, context: RenderContext) -> str:
    """What a card's page depends on here beyond the card itself, for the cache of pages."""
    return repr((find_links(facts, context), list_versions(facts, context)))
