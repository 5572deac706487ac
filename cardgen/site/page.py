"""What rendering hands to stamping: a page's parts, knowing no site engine."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heading:
    """An entry of a page's table of contents; ``text`` is plain text, not HTML."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Page:
    """One page of the site.

    ``path`` is its folder below the site's root with a closing slash (``cards/qa-1/``; empty for
    the home page). ``title`` and ``description`` are plain text. ``body`` is finished, safe HTML
    that stands in the theme's article and begins with its ``h1``. ``facets`` maps a name such as
    ``status`` or ``tag`` to the page's values for search. ``language`` is that of the card's text.
    """

    path: str
    title: str
    description: str
    body: str
    contents: tuple[Heading, ...] = ()
    facets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    language: str = "en"
