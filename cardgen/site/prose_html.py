"""From a card's Markdown to safe HTML; runs in the process that ``prose`` keeps for it.

Python-Markdown makes the HTML, nh3 cleans it: a fixed list of tags and attributes, classes only
of the theme and of highlighted code, ids only of headings, footnotes and tabs. Nothing of a card's
text is used before that cleaning.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element

import nh3
from markdown import Markdown  # type: ignore[import-untyped]
from markdown.treeprocessors import Treeprocessor  # type: ignore[import-untyped]
from pygments.token import STANDARD_TYPES  # type: ignore[import-untyped]

from cardgen.site.anchors import make_anchor, make_slug

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

_TAGS = """
    a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em
    figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark ol p pre q s samp
    small span strong sub summary sup table tbody td tfoot th thead tr u ul var wbr
"""
TAGS = frozenset(_TAGS.split())
ATTRIBUTES = {
    "*": {"class", "id", "lang", "dir"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "details": {"open"},
    "div": {"data-tabs"},
    "img": {"src", "alt", "title", "width", "height"},
    "input": {"type", "name", "checked", "disabled"},
    "label": {"for"},
    "li": {"value"},
    "ol": {"start", "type"},
    "span": {"title"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
}
# Tags that go with all that stands in them.
_DROPPED = frozenset(("script", "style", "template", "noscript", "iframe", "svg", "math"))
_REL = "noopener noreferrer nofollow ugc"

_THEME_CLASSES = """
    abstract admonition annotate arithmatex bug code copy critic danger end example failure filename
    footnote footnote-backref footnote-ref grid cards headerlink highlight highlighttable hll info
    inline keys linenodiv linenos md-button md-button--primary no-copy normal note question quote
    special success tabbed-alternate tabbed-block tabbed-content tabbed-control tabbed-labels
    tabbed-set task-list task-list-control task-list-indicator task-list-item tip warning
    admonition-title
"""
_CLASSES = frozenset(STANDARD_TYPES.values()) | frozenset(_THEME_CLASSES.split())
_CLASS = re.compile(r"(?:key|language)-[\w+#-]{1,40}")

IMAGES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".webp"))
FILES = IMAGES | frozenset((".csv", ".json", ".log", ".md", ".pdf", ".tsv", ".txt"))
"""Files beside a card that its text may show or lead to; a browser runs nothing in them."""

_OWN_ID = re.compile(r"(?:fn|fnref\d*):[\w.:-]{1,80}|__tabbed_\d{1,4}(?:_\d{1,4})?")
_WORD = re.compile(r"[A-Za-z0-9-]{1,20}")
_TABS = re.compile(r"\d{1,4}:\d{1,4}")
_CARD = re.compile(r"\.\./([^/]+)(?:/(?:card\.md)?)?")
_HEADING = re.compile(r"<h([1-6])([^<>]*)>(.*?)</h\1>", re.DOTALL)
_ID = re.compile(r' id="([^"]*)"')
_BARE_INPUT = re.compile(r"<input(?![^<>]*\stype=)[^<>]*>")
TEXT_LENGTH = 600


@dataclass
class Converted:
    """A text as HTML. ``headings`` are (level, anchor, text), ``files`` relative to the card,
    ``text`` is the beginning without markup."""

    html: str = ""
    headings: list[tuple[int, str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    text: str = ""


class Converter:
    """Python-Markdown, set up once. ``permalink`` is the title of the links beside headings."""

    def __init__(self, extensions: Mapping[str, Mapping[str, Any]], permalink: str = "") -> None:
        chosen = select_extensions(extensions)
        self._markdown = Markdown(extensions=list(chosen), extension_configs=chosen)
        self._markdown.treeprocessors.register(_Images(self._markdown), "cardgen_images", -100)
        self._permalink = escape(permalink)
        self._filter = _Filter("", [])
        self._cleaner = _make_cleaner(self._filter)

    def convert(self, text: str, taken: set[str], prefix: str) -> Converted:
        """Convert one text; ``taken`` are the page's anchors and grow by the text's own.

        Raises whatever Python-Markdown or an extension raises.
        """
        done = Converted()
        self._markdown.reset()
        raw = self._markdown.convert(text)
        self._filter.prefix, self._filter.files = prefix, done.files
        cleaned = _BARE_INPUT.sub("", self._cleaner.clean(raw))
        done.html = _HEADING.sub(lambda found: self._head(found, taken, done), cleaned)
        done.text = " ".join(_plain(cleaned[: 8 * TEXT_LENGTH]).split())[:TEXT_LENGTH]
        done.files = list(dict.fromkeys(done.files))
        return done

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


class _Filter:
    """Decides what an attribute keeps; called by nh3 for each that is allowed at all."""

    def __init__(self, prefix: str, files: list[str]) -> None:
        self.prefix = prefix
        self.files = files

    def __call__(self, tag: str, name: str, value: str) -> str | None:
        method = _METHODS.get(name)
        return method(self, tag, value) if method else value

    def classes(self, _: str, value: str) -> str | None:
        kept = [c for c in value.split() if c in _CLASSES or _CLASS.fullmatch(c)]
        return " ".join(kept) or None

    def id(self, tag: str, value: str) -> str | None:
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdecimal():
            return make_slug(value)  # made an anchor of the page afterwards
        return self.own(tag, value)

    def own(self, _: str, value: str) -> str | None:
        return f"{self.prefix}{value}" if _OWN_ID.fullmatch(value) else None

    def type(self, tag: str, value: str) -> str | None:
        return value if tag == "ol" or value in ("radio", "checkbox") else None

    def tabs(self, _: str, value: str) -> str | None:
        return value if _TABS.fullmatch(value) else None

    def word(self, _: str, value: str) -> str | None:
        return value if _WORD.fullmatch(value) else None

    def href(self, _: str, value: str) -> str | None:
        if value.startswith("#"):
            own = _OWN_ID.fullmatch(unquote(value[1:]))
            return f"#{self.prefix}{value[1:]}" if own else value
        parts = _relative(value)
        if parts is None:
            return value
        path, fragment = parts
        card = _CARD.fullmatch(path)
        if card:
            return f"../{quote(card[1])}/{fragment}"
        if path.startswith("../"):
            return value
        return f"{quote(path)}{fragment}" if self._publish(path, FILES) else None

    def src(self, _: str, value: str) -> str | None:
        parts = _relative(value)
        if parts is None or not self._publish(parts[0], IMAGES):
            return None
        # The theme reads "#only-light" and "#only-dark" off an image's address.
        return f"{quote(parts[0])}{parts[1]}"

    def _publish(self, path: str, kinds: Iterable[str]) -> bool:
        """Note a file beside the card that the page needs; hidden ones stay where they are."""
        suffix = posixpath.splitext(path)[1].lower()
        if suffix not in kinds or any(part.startswith(".") for part in path.split("/")):
            return False
        if path not in ("card.md", "evidence.json"):
            self.files.append(path)
        return True


_METHODS = {
    "class": _Filter.classes,
    "id": _Filter.id,
    "for": _Filter.own,
    "name": _Filter.own,
    "type": _Filter.type,
    "data-tabs": _Filter.tabs,
    "lang": _Filter.word,
    "dir": _Filter.word,
    "href": _Filter.href,
    "src": _Filter.src,
}


def _relative(address: str) -> tuple[str, str] | None:
    """An address as a path relative to the card and its ``#fragment``; None for any other."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    if parts.scheme or parts.netloc or parts.query or parts.path.startswith(("/", "\\")):
        return None
    if not parts.path or "\\" in parts.path or "\0" in unquote(parts.path):
        return None
    path = posixpath.normpath(unquote(parts.path))
    return path, f"#{parts.fragment}" if parts.fragment else ""


def _make_cleaner(attribute_filter: _Filter) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(_DROPPED),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=attribute_filter,
        url_schemes={"http", "https", "mailto"},
        link_rel=_REL,
        strip_comments=True,
    )


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
