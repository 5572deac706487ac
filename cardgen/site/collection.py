"""The pages and files that are about all cards: comparing, digests, data for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cardgen.site.comparing import render_compare
from cardgen.site.context import RenderContext
from cardgen.site.digests import render_digests
from cardgen.site.index import Entry
from cardgen.site.page import Page
from cardgen.site.paramtable import PARAMS, Brief, format_param_table, make_param_table
from cardgen.site.programs import FEED, INDEX, LLMS, make_feed, make_index, make_llms

Excerpts = Mapping[str, Mapping[str, str]]
"""What digests repeat of cards' prose (``Page.excerpts``), by code; each is read when asked for."""


def render_collection(
    entries: Sequence[Entry], excerpts: Excerpts, context: RenderContext
) -> Iterator[Page]:
    """All pages that show more than one card, except the list itself."""
    yield render_compare(entries, context)
    yield from render_digests(entries, excerpts, context)


def make_collection_files(
    entries: Sequence[Entry], excerpts: Excerpts, plotted: Iterable[Brief], context: RenderContext
) -> dict[str, bytes]:
    """Files for programs and scripts, by their address below the site's root."""
    return {
        PARAMS: format_param_table(make_param_table(plotted)),
        INDEX: make_index(entries, context),
        LLMS: make_llms(entries, context),
        FEED: make_feed(entries, context, excerpts),
    }
