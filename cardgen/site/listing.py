"""The list of all cards: pages of a plain table, which scripts replace by one of all cards.

``cards/`` is the first page, ``list/2/`` the second; no page grows with the number of cards. Beside
the first lies ``table.json``, what the scripts read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from typing import get_args
from urllib.parse import quote

from markupsafe import Markup

from cardgen.facts import Facts
from cardgen.models import Status
from cardgen.site.columns import TABLE, TEXTS, format_table, format_texts
from cardgen.site.context import RenderContext
from cardgen.site.digests.tabs import render_tabs
from cardgen.site.index import Entry, make_entries, say_day
from cardgen.site.markup import soften
from cardgen.site.page import Page
from cardgen.site.speech import speaking
from cardgen.site.templating import template
from cardgen.site.theme import load_assets, way_to_root

PAGE = 200
"""Cards on a page of the list."""

_NONE = "–"
_MODULE = re.compile(r"/(?:table(?:_\w+)?|common|picks)\.js$")


def render_list(entries: Sequence[Entry], context: RenderContext) -> Iterator[Page]:
    """All pages of the list; the first has the table's data beside it."""
    yield render_first(entries, context)
    yield from render_further(entries, context)


def render_first(entries: Sequence[Entry], context: RenderContext) -> Page:
    """The first page alone, with the table's data."""
    return _render_page(entries, context, 1)


def render_further(entries: Sequence[Entry], context: RenderContext) -> Iterator[Page]:
    """All pages but the first: they show no card's prose."""
    for number in range(2, _count_pages(entries) + 1):
        yield _render_page(entries, context, number)


def render_cards(cards: Sequence[Facts], context: RenderContext) -> Page:
    """The first page of the list of these cards."""
    return next(render_list(make_entries(cards, context), context))


def render_card_table(cards: Sequence[Facts], context: RenderContext, root: str = "./") -> str:
    """The first cards as HTML for any page; ``root`` is the way to the site's root."""
    return render_table(make_entries(cards, context), context, root)


def _render_page(entries: Sequence[Entry], context: RenderContext, number: int) -> Page:
    labels = context.labels
    path = list_path(number, context)
    table = Markup(render_table(entries, context, way_to_root(path), number))  # noqa: S704
    title = labels["cards"] if number == 1 else labels["list_page"].format(labels["cards"], number)
    return Page(
        path=path,
        title=title,
        description=labels["count_cards"].format(len(entries)),
        body=template("cards").render(
            title=title, table=table, tabs=render_tabs("cards", context, way_to_root(path))
        ),
        language=context.language,
        data=_make_data(entries, context) if number == 1 else {},
        head=_preload(way_to_root(path), context),
        searched=False,
    )


def _preload(root: str, context: RenderContext) -> str:
    """Lets a browser fetch at once what the list's script would ask for one by one."""
    modules = "".join(
        f'<link rel="modulepreload" href="{escape(root + address)}">'
        for address in load_assets()
        if _MODULE.search(address)
    )
    data = f'<link rel="preload" as="fetch" crossorigin href="{root}{context.cards_path}{TABLE}">'
    return data + modules


def _make_data(entries: Sequence[Entry], context: RenderContext) -> dict[str, str]:
    return {TABLE: format_table(entries, context), TEXTS: format_texts(entries)}


def list_path(number: int, context: RenderContext) -> str:
    """The address of a page of the list; those of cards are all below another folder."""
    return context.cards_path if number == 1 else f"list/{number}/"


def _count_pages(entries: Sequence[Entry]) -> int:
    return max(1, -(-len(entries) // PAGE))


def render_table(
    entries: Sequence[Entry], context: RenderContext, root: str = "./", number: int = 1
) -> str:
    """One page of the list as HTML; ``root`` is the way to the site's root."""
    pages = _count_pages(entries)
    return template("table").render(
        rows=_format_rows(entries[(number - 1) * PAGE : number * PAGE], root, context),
        total=len(entries),
        counts=count_statuses(entries),
        number=number,
        pages=pages,
        previous=f"{root}{list_path(number - 1, context)}" if number > 1 else "",
        next=f"{root}{list_path(number + 1, context)}" if number < pages else "",
        labels=context.labels,
    )


def _format_rows(entries: Sequence[Entry], root: str, context: RenderContext) -> Markup:
    base = f"{root}{context.cards_path}"
    with speaking(context.language):
        return Markup("").join([format_row(entry, base, context) for entry in entries])


def count_statuses(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    """How many cards there are of each status, in the order of a card's life."""
    counts = Counter(entry.status for entry in entries)
    return [(status, counts[status]) for status in get_args(Status) if counts[status]]


def format_row(entry: Entry, base: str, context: RenderContext) -> Markup:
    """A card's row of the plain table; ``base`` is the way to the cards' pages.

    Put together here, since a template costs five times as much for each row.
    """
    status = "broken" if entry.broken else entry.status
    return Markup(  # noqa: S704  # every text in it is escaped
        f'<tr data-code="{escape(entry.code)}" data-status="{escape(status)}">\n'
        f"{_format_name(entry, base)}{_format_status(status, context)}{_format_result(entry)}"
        f"{_format_versus(entry)}{_format_model(entry)}{_format_date(entry)}</tr>\n"
    )


def _format_name(entry: Entry, base: str) -> str:
    title = f" {escape(entry.title)}" if entry.title else ""
    chips = "".join(f'<span class="cg-chip cg-tag">{escape(tag)}</span>' for tag in entry.tags)
    tags = f'<span class="cg-tags">{chips}</span>' if chips else ""
    return (
        f'<th scope="row"><a href="{escape(base)}{quote(entry.code)}/">'
        f'<span class="cg-code">{escape(entry.code)}</span>{title}</a>{tags}</th>\n'
    )


def _format_status(status: str, context: RenderContext) -> str:
    label = escape(context.labels[f"status_{status}"]) if status else ""
    chip = (
        f'<span class="cg-chip cg-status cg-is-{escape(status)}">{label}</span>' if label else _NONE
    )
    return f'<td class="cg-at-status">{chip}</td>\n'


def _format_result(entry: Entry) -> str:
    if not entry.shown:
        return f'<td class="cg-number cg-none">{_NONE}</td>\n'
    origin = f' data-origin="{escape(entry.origin)}"' if entry.origin else ""
    place = f'<span class="cg-below">{escape(entry.place)}</span>' if entry.place else ""
    return (
        f'<td class="cg-number cg-at-value" data-metric="{escape(entry.metric)}"'
        f' data-value="{escape(entry.full)}"{origin}'
        f' title="{escape(entry.full)} · {escape(entry.single or entry.origin)}">'
        f'<b>{escape(entry.shown)}</b><span class="cg-below">{soften(entry.metric)}</span>'
        f"{place}</td>\n"
    )


def _format_versus(entry: Entry) -> str:
    if not entry.difference_shown:
        return f'<td class="cg-number cg-none">{_NONE}</td>\n'
    return (
        f'<td class="cg-number cg-at-versus"><span class="cg-{escape(entry.verdict)}">'
        f"{escape(entry.difference_shown)}</span>"
        f'<span class="cg-below">{escape(entry.baseline)}</span></td>\n'
    )


def _format_model(entry: Entry) -> str:
    if not entry.model:
        return f'<td class="cg-at-model cg-none">{_NONE}</td>\n'
    return f'<td class="cg-at-model">{soften(entry.model)}</td>\n'


def _format_date(entry: Entry) -> str:
    if not entry.date:
        return f'<td class="cg-at-date cg-none">{_NONE}</td>\n'
    date = escape(entry.date)
    day = escape(say_day(entry.date))
    return f'<td class="cg-at-date"><time datetime="{date}">{day}</time></td>\n'
