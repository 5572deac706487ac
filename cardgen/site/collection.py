"""The pages and files that are about all cards: the list, comparing, digests, data for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cardgen.facts import Facts
from cardgen.site.context import RenderContext
from cardgen.site.page import Page


def render_collection(cards: Sequence[Facts], context: RenderContext) -> Iterator[Page]:
    """All pages that show more than one card, except the list itself."""
    yield from ()


def make_collection_files(cards: Sequence[Facts], context: RenderContext) -> dict[str, bytes]:
    """Files for programs and scripts, by their address below the site's root."""
    return {}
