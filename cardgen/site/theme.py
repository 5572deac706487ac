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

ASSETS = "assets/cardgen/"
"""Where cardgen's own style sheets and scripts stand below the site's root."""

_HEADER = re.compile(r'<header class="md-header.*?</header>', re.DOTALL)
_ARTICLE = re.compile(r'<article class="md-content__inner md-typeset[^"]*"')
_FORM = '<form class="md-search__form">'  # without the name by which the theme looks for it
_BLANK = re.compile(r"\n\s+")


def find_assets() -> tuple[Path, ...]:
    """The files of cardgen's own that every site holds; each style sheet and script is loaded."""
    folder = Path(__file__).parent / "assets"
    return tuple(sorted(path for path in folder.iterdir() if path.is_file()))


@cache
def _find_references() -> tuple[tuple[str, str], ...]:
    """Name and digest of each asset, so that a browser never keeps an old one."""
    return tuple(
        (path.name, blake2b(path.read_bytes(), digest_size=4).hexdigest()) for path in find_assets()
    )


def format_assets(base: str) -> str:
    """The elements that load cardgen's style sheets and scripts on a page; ``base`` is its root."""
    links = []
    for name, digest in _find_references():
        address = escape(f"{base}{ASSETS}{name}?{digest}")
        if name.endswith(".css"):
            links.append(f'<link rel="stylesheet" href="{address}">')
        elif name.endswith(".js"):
            links.append(f'<script type="module" src="{address}"></script>')
    return "".join(links)


def adapt_header(html: str) -> str:
    """A page whose search box is cardgen's and whose link to the repository asks nobody."""
    html = html.replace(' data-md-component="source"', "")
    return _HEADER.sub(lambda found: _adapt_search(found[0]), html, count=1)


def _adapt_search(header: str) -> str:
    header = header.replace('data-md-component="search', 'data-cardgen="search')
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
