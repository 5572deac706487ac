"""From a card's Markdown to safe HTML; runs in the process that ``prose`` keeps for it.

Python-Markdown makes the HTML and nh3 cleans it by ``prose_policy``. Nothing of a card's text is
used before that cleaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape, unescape
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import nh3
from markdown import Markdown  # type: ignore[import-untyped]
from markdown.treeprocessors import Treeprocessor  # type: ignore[import-untyped]

from cardgen.site.anchors import make_anchor
from cardgen.site.prose_inline import quicken
from cardgen.site.prose_policy import Converted, Keeper, make_cleaner

_EXTENSIONS = """
    abbr admonition attr_list def_list extra fenced_code footnotes md_in_html nl2br sane_lists
    smarty tables pymdownx.arithmatex pymdownx.betterem pymdownx.blocks.admonition
    pymdownx.blocks.definition pymdownx.blocks.details pymdownx.blocks.tab pymdownx.caret
    pymdownx.critic pymdownx.details pymdownx.escapeall pymdownx.highlight pymdownx.inlinehilite
    pymdownx.keys pymdownx.magiclink pymdownx.mark pymdownx.saneheaders pymdownx.smartsymbols
    pymdownx.superfences pymdownx.tabbed pymdownx.tasklist pymdownx.tilde
"""
SAFE_EXTENSIONS = frozenset(_EXTENSIONS.split())
"""What a site may switch on for cards: extensions that read no file and make no script."""

_FORCED: dict[str, dict[str, Any]] = {
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.highlight": {"anchor_linenums": False, "use_pygments": True},
    "pymdownx.tabbed": {"alternate_style": True},
    "pymdownx.tasklist": {"clickable_checkbox": False},
    "tables": {"use_align_attribute": True},
}

_HEADING = re.compile(r"<h([1-6])([^<>]*)>(.*?)</h\1>", re.DOTALL)
_ID = re.compile(r' id="([^"]*)"')
_BARE_INPUT = re.compile(r"<input(?![^<>]*\stype=)[^<>]*>")
TEXT_LENGTH = 600
_SHORT = 200  # characters of texts that are remembered, so many of them:
_HELD = 512


class Converter:
    """Python-Markdown, set up once. ``permalink`` is the title of the links beside headings."""

    def __init__(self, extensions: Mapping[str, Mapping[str, Any]], permalink: str = "") -> None:
        chosen = select_extensions(extensions)
        self._markdown = Markdown(extensions=list(chosen), extension_configs=chosen)
        self._markdown.treeprocessors.register(_Images(self._markdown), "cardgen_images", -100)
        quicken(self._markdown)
        self._permalink = escape(permalink)
        self._again = lru_cache(_HELD)(self._mark_up)  # "None." stands in many cards
        self._keeper = Keeper()
        self._cleaner = make_cleaner(self._keeper)

    def convert(self, text: str, taken: set[str], prefix: str) -> Converted:
        """Convert one text; ``taken`` are the page's anchors and grow by the text's own.

        Raises whatever Python-Markdown or an extension raises.
        """
        done = Converted()
        raw = self._again(text) if len(text) <= _SHORT else self._mark_up(text)
        self._keeper.begin(prefix, done)
        cleaned = _BARE_INPUT.sub("", self._cleaner.clean(raw))
        done.html = _HEADING.sub(lambda found: self._head(found, taken, done), cleaned)
        done.text = " ".join(_plain(cleaned[: 8 * TEXT_LENGTH]).split())[:TEXT_LENGTH]
        done.files = list(dict.fromkeys(done.files))
        return done

    def _mark_up(self, text: str) -> str:
        """HTML as Python-Markdown makes it: nothing of it is used before it is cleaned."""
        self._markdown.reset()
        return str(self._markdown.convert(text))

    def _head(self, found: re.Match[str], taken: set[str], done: Converted) -> str:
        """A heading below the page's own, with an anchor of its own and the theme's link to it."""
        level, inner = max(3, int(found[1])), found[3]
        text = " ".join(_plain(inner).split())
        given = _ID.search(found[2])
        anchor = make_anchor(unescape(given[1]) if given else text, taken)
        done.headings.append((level, anchor, text))
        rest = _ID.sub("", found[2])
        link = (
            f'<a class="headerlink" href="#{escape(anchor)}" title="{self._permalink}">&para;</a>'
        )
        return f'<h{level} id="{escape(anchor)}"{rest}>{inner}{link}</h{level}>'


def select_extensions(extensions: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Those of a site's extensions that cards may use, with the settings that must hold."""
    chosen: dict[str, dict[str, Any]] = {}
    for name, config in extensions.items():
        short = name.removeprefix("markdown.extensions.")
        if short in SAFE_EXTENSIONS:
            chosen[short] = {**config, **_FORCED.get(short, {})}
    if "extra" in chosen:
        chosen["extra"]["tables"] = _FORCED["tables"]
    return chosen


class _Images(Treeprocessor):  # type: ignore[misc]
    """An image of another host, which the site's policy would not show, becomes a link to it."""

    def run(self, root: Element) -> None:
        for image in list(root.iter("img")):
            address = image.get("src", "")
            if urlsplit(address).scheme in ("http", "https"):
                text, tail = image.get("alt") or address, image.tail
                image.clear()
                image.tag, image.text, image.tail = "a", text, tail
                image.set("href", address)


_TEXT = nh3.Cleaner(tags=set(), attributes={}, clean_content_tags={"script", "style"})


def _plain(html: str) -> str:
    """Text without its markup."""
    return unescape(_TEXT.clean(html))


def convert_all(
    converter: Converter, texts: Iterable[str], taken: Iterable[str], first: int = 0
) -> Iterator[Converted]:
    """Convert a page's texts in their order, anchors unique among all of them.

    ``first`` is the number of the first text among the page's.
    """
    anchors = set(taken)
    for number, text in enumerate(texts, first):
        yield converter.convert(text, anchors, f"text-{number}-")
