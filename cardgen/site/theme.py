"""What cardgen knows of mkdocs-material's markup, and what it changes in every page of it.

The theme's search box keeps its looks and loses the attributes by which the theme's own script
would take hold of it: ours does (``assets/search.js``). The link to the repository loses the
attribute by which the theme would ask the code host for numbers of stars.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import blake2b
from html import escape
from pathlib import Path

from cardgen.site import searchwords

ASSETS = "assets/cardgen/"
"""Where cardgen's own style sheets and scripts stand below the site's root."""

_HEADER = re.compile(r'<header class="md-header.*?</header>', re.DOTALL)
_ARTICLE = re.compile(r'<article class="md-content__inner md-typeset[^"]*"')
_FORM = '<form class="md-search__form">'  # without the name by which the theme looks for it
_SEARCH_LABEL = re.compile(r'<input[^>]*class="md-search__input"[^>]*aria-label="([^"]*)"')
_BLANK = re.compile(r"\n\s+")


STYLES = "cardgen.css"
"""All style sheets of ours, one behind the other in the order of their names."""

SCRIPT = "start.js"
"""What every page loads; it loads the modules, where the browser allows."""


@cache
def load_assets() -> dict[str, bytes]:
    """cardgen's style sheet and scripts, by their address below the site's root.

    Their folder is named by their content: a browser never keeps an old one, and modules import
    each other by plain names.
    """
    folder = Path(__file__).parent / "assets"
    sheets = sorted(folder.glob("css/*.css"))
    files = {STYLES: b"\n".join(path.read_bytes() for path in sheets)}
    files |= {path.name: path.read_bytes() for path in sorted(folder.glob("js/*.js"))}
    files |= {searchwords.NAME: searchwords.format_words()}
    total = blake2b(digest_size=4)
    for name, data in files.items():
        total.update(f"{name}\0{len(data)}\0".encode() + data)
    return {f"{ASSETS}{total.hexdigest()}/{name}": data for name, data in files.items()}


def format_assets(base: str) -> str:
    """The elements that load cardgen's style sheet and scripts on a page, and name the feed.

    ``base`` is the way to the site's root. The theme takes what is only an alternate for the site
    in another language, and would ask for its site map.
    """
    folder = next(iter(load_assets())).removesuffix(STYLES)
    return (
        f'<link rel="feed alternate" type="application/atom+xml" href="{escape(base)}feed.xml">'
        f'<link rel="stylesheet" href="{escape(f"{base}{folder}{STYLES}")}">'
        f'<script defer src="{escape(f"{base}{folder}{SCRIPT}")}"></script>'
    )


def adapt_header(html: str) -> str:
    """A page whose search box is cardgen's and whose link to the repository asks nobody."""
    html = html.replace(' data-md-component="source"', "")
    return _HEADER.sub(lambda found: _adapt_search(found[0]), html, count=1)


def _adapt_search(header: str) -> str:
    header = header.replace('data-md-component="search', 'data-cardgen="search')
    label = _SEARCH_LABEL.search(header)
    if label:  # the theme's dialog has no name of its own
        header = header.replace(' role="dialog"', f' role="dialog" aria-label="{label[1]}"', 1)
    return header.replace('<form class="md-search__form" name="search">', _FORM)


def mark_article(html: str, attributes: str = "") -> str:
    """A page whose article is what search reads; ``attributes`` begin with a space."""
    return _ARTICLE.sub(lambda found: f"{found[0]} data-pagefind-body{attributes}", html, count=1)


def shrink(html: str) -> str:
    """Without the blank lines and indents that templates leave behind."""
    return _BLANK.sub("\n", html).strip()


def way_to_root(path: str) -> str:
    """The address of the site's root, seen from a page: empty segments of ``../``, or ``./``."""
    return "../" * path.count("/") or "./"


def root_address(path: str) -> str:
    """The same as the theme writes it: ``.``, ``..``, ``../..``."""
    return way_to_root(path).rstrip("/")
