"""Pages that show many cards at once: what was learnt, what went wrong, which is best, and whence.

Everything is computed from entries in one pass each; no page grows with the number of cards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from cardgen.site.context import RenderContext
from cardgen.site.digests.names import render_names
from cardgen.site.digests.stories import render_stories
from cardgen.site.digests.survey import Survey
from cardgen.site.digests.tabs import render_tabs
from cardgen.site.digests.timeline import render_timeline
from cardgen.site.digests.tree import render_tree
from cardgen.site.index import Entry
from cardgen.site.page import Page
from cardgen.site.speech import speak

__all__ = ["DIGESTS", "render_digest", "render_digests", "render_tabs"]

DIGESTS: Mapping[str, Callable[[Survey], Iterable[Page]]] = {
    "stories": render_stories,
    "names": render_names,
    "tree": render_tree,
    "timeline": render_timeline,
}

_HELD = 512


def render_digests(
    entries: Sequence[Entry],
    excerpts: Mapping[str, Mapping[str, str]],
    context: RenderContext,
) -> Iterator[Page]:
    """All digests; ``excerpts`` are those of the cards' pages by code (``Page.excerpts``)."""
    return chain.from_iterable(render_digest(name, entries, excerpts, context) for name in DIGESTS)


def render_digest(
    name: str,
    entries: Sequence[Entry],
    excerpts: Mapping[str, Mapping[str, str]],
    context: RenderContext,
) -> Iterator[Page]:
    """One of ``DIGESTS``."""
    survey = Survey(context, {entry.code: entry for entry in entries}, _Held(excerpts))
    return speak(context.language, DIGESTS[name](survey))


class _Held(Mapping[str, Mapping[str, str]]):
    """Excerpts of which the last few hundred are held: two digests read the same ones."""

    def __init__(self, excerpts: Mapping[str, Mapping[str, str]]) -> None:
        self._excerpts = excerpts
        self._find = lru_cache(_HELD)(lambda code: excerpts[code])

    def __getitem__(self, code: str) -> Mapping[str, str]:
        return self._find(code)

    def __iter__(self) -> Iterator[str]:
        return iter(self._excerpts)

    def __len__(self) -> int:
        return len(self._excerpts)
