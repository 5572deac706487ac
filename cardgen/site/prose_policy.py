"""What HTML of a card's prose is kept: a fixed list of tags, attributes, classes and addresses.

Classes are those of the theme and of highlighted code, ids only those of headings, footnotes and
tabs. nh3 does the cleaning; the rest of each decision is in ``Keeper``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

import nh3
from pygments.token import STANDARD_TYPES  # type: ignore[import-untyped]

from cardgen.site.anchors import make_slug

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

DRAWING = ".svg"
"""A picture that would run scripts if it were opened by its address, so it is given none."""

DRAWING_MARK = "#cardgen-drawing-"
"""What stands in the place of its address, with its number in ``Converted.drawings``."""

_OWN_ID = re.compile(r"(?:fn|fnref\d*):[\w.:-]{1,80}|__tabbed_\d{1,4}(?:_\d{1,4})?")
_WORD = re.compile(r"[A-Za-z0-9-]{1,20}")
_TABS = re.compile(r"\d{1,4}:\d{1,4}")
_CARD = re.compile(r"\.\./([^/]+)(?:/(?:card\.md)?)?")


@dataclass
class Converted:
    """A text as HTML. ``headings`` are (level, anchor, text), ``text`` is the beginning without
    markup; ``files`` and ``drawings`` are relative to the card."""

    html: str = ""
    headings: list[tuple[int, str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)
    text: str = ""


class Keeper:
    """Decides what an attribute keeps; called by nh3 for each that is allowed at all."""

    def __init__(self) -> None:
        self.begin("", Converted())

    def begin(self, prefix: str, done: Converted) -> None:
        """Start with a text: what its own ids begin with, and where its files are noted."""
        self.prefix, self.done = prefix, done

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
        if parts is None:
            return None
        if parts[0].lower().endswith(DRAWING) and not _is_hidden(parts[0]):
            self.done.drawings.append(parts[0])
            return f"{DRAWING_MARK}{len(self.done.drawings) - 1}"
        if not self._publish(parts[0], IMAGES):
            return None
        # The theme reads "#only-light" and "#only-dark" off an image's address.
        return f"{quote(parts[0])}{parts[1]}"

    def _publish(self, path: str, kinds: Iterable[str]) -> bool:
        """Note a file beside the card that the page needs; hidden ones stay where they are."""
        suffix = posixpath.splitext(path)[1].lower()
        if suffix not in kinds or _is_hidden(path):
            return False
        if path not in ("card.md", "evidence.json"):
            self.done.files.append(path)
        return True


_METHODS = {
    "class": Keeper.classes,
    "id": Keeper.id,
    "for": Keeper.own,
    "name": Keeper.own,
    "type": Keeper.type,
    "data-tabs": Keeper.tabs,
    "lang": Keeper.word,
    "dir": Keeper.word,
    "href": Keeper.href,
    "src": Keeper.src,
}


def _is_hidden(path: str) -> bool:
    """Also of paths that lead out of the card's folder."""
    return any(part.startswith(".") for part in path.split("/"))


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


def make_cleaner(attribute_filter: Keeper) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(_DROPPED),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=attribute_filter,
        url_schemes={"http", "https", "mailto"},
        link_rel=_REL,
        strip_comments=True,
    )
