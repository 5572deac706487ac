"""The pages and files that are about all cards: the list, comparing, digests, data for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from cardgen.site.comparing import render_compare
from cardgen.site.context import RenderContext
from cardgen.site.digests import render_digest
from cardgen.site.index import Entry
from cardgen.site.listing import render_first, render_further
from cardgen.site.paramtable import PARAMS, Brief, format_param_table, make_param_table
from cardgen.site.programs import FEED, INDEX, LLMS, make_feed, make_index, make_llms
from cardgen.site.whole import CONCLUSIONS, CORE, EXCERPTS, GOAL, PLOTTED, Part

Excerpts = Mapping[str, Mapping[str, str]]
"""What digests repeat of cards' prose (``Page.excerpts``), by code; each is read when asked for."""


def list_parts(
    entries: Sequence[Entry],
    excerpts: Excerpts,
    plotted: Callable[[], Iterable[Brief]],
    context: RenderContext,
) -> tuple[Part, ...]:
    """All of it, and what each part repeats of cards; what readers see first comes first."""
    digest = partial(_digest, entries, excerpts, context)
    said = (CORE, GOAL, CONCLUSIONS)
    return (
        Part("list", said, lambda: [render_first(entries, context)]),
        Part("further", (CORE,), lambda: render_further(entries, context)),
        Part("compare", (CORE,), lambda: [render_compare(entries, context)]),
        digest("timeline", (CORE,)),
        digest("tree", (CORE,)),
        digest("names", (CORE, CONCLUSIONS)),
        digest("stories", (*said, EXCERPTS)),
        Part(
            "feed", (*said, EXCERPTS), files=lambda: {FEED: make_feed(entries, context, excerpts)}
        ),
        Part("llms", said, files=lambda: {LLMS: make_llms(entries, context)}),
        Part("index", said, files=lambda: {INDEX: make_index(entries, context)}),
        Part("params", (PLOTTED,), files=lambda: _plot(plotted())),
    )


def _digest(
    entries: Sequence[Entry],
    excerpts: Excerpts,
    context: RenderContext,
    name: str,
    reads: tuple[int, ...],
) -> Part:
    return Part(name, reads, lambda: render_digest(name, entries, excerpts, context))


def _plot(plotted: Iterable[Brief]) -> dict[str, bytes]:
    return {PARAMS: format_param_table(make_param_table(plotted))}
