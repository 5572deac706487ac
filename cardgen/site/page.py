"""What rendering hands to stamping: a page's parts, knowing no site engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


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

    ``files`` must be published beside the page: a path below ``path`` to the file it is copied
    from (``card.md``, ``figures/loss.png``). A person's text names them, so whoever copies leaves
    out what does not exist, is a link or lies outside the card's folder, and goes on. ``data`` are
    texts that are published beside the page in the same way (``card.json``). ``head`` is finished,
    safe HTML for the page's head. ``pictures`` maps a name, which is that of its content, to what
    ``preview.draw_picture`` makes the picture of. A page that is not ``searched``
    only repeats what cards say. ``excerpts`` are what digests repeat of a card's prose.
    """

    path: str
    title: str
    description: str
    body: str
    contents: tuple[Heading, ...] = ()
    facets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    language: str = "en"
    files: dict[str, Path] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    head: str = ""
    searched: bool = True
    pictures: dict[str, str] = field(default_factory=dict)
    excerpts: dict[str, str] = field(default_factory=dict)
