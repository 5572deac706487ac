"""The engine's own pages on their way into the site: policy, search box, assets, markers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote, urlsplit

from cardgen.site.policy import format_policy, insert_policy, is_theme_page
from cardgen.site.shell import Shell
from cardgen.site.theme import (
    adapt_header,
    format_assets,
    mark_article,
    root_address,
    way_to_root,
)

Fill = Callable[[str, str], str]
"""From a marker's name and the way to the site's root to the HTML that goes there."""

MISSING = "404.html"
SITEMAP = "sitemap.xml"
_MARKER = re.compile(r"<!--\s*cardgen:([\w-]+)\s*-->")
# The themes' search engines, half a megabyte each.
_UNUSED = (
    "assets/javascripts/lunr/",
    "assets/javascripts/workers/",
    "sitemap.xml.gz",
    "search.json",
)


def find_docs(shell: Shell) -> Iterator[tuple[str, Path]]:
    """The engine's files that are published, by their path below the root."""
    for source in sorted(shell.folder.rglob("*")):
        path = source.relative_to(shell.folder).as_posix()
        own = path == f"{shell.cards_path}index.html"  # the sentinel itself
        own = own or (path == SITEMAP and bool(shell.site_url))  # made anew
        if source.is_file() and not own and not _is_unused(path):
            yield path, source


def _is_unused(path: str) -> bool:
    return any(path.startswith(name) if name.endswith("/") else path == name for name in _UNUSED)


def finish_page(html: str, path: str, shell: Shell, scripts: Iterable[str], fill: Fill) -> str:
    """A page of the engine as it is published; one that was copied as it is gets the policy."""
    root, base = root_address(path), way_to_root(path)
    if path == MISSING:  # it is shown at any address, so its own are absolute
        root = urlsplit(shell.site_url or "/").path or "/"
        base = root.rstrip("/") + "/"
    if is_theme_page(html):
        html = adapt_header(html).replace("</head>", f"{format_assets(base)}</head>", 1)
        if path != MISSING and path not in shell.unsearched:
            html = mark_article(html)
        html = _MARKER.sub(lambda found: fill(found[1], base), html)
    return insert_policy(html, format_policy(scripts, root, shell.scope))


def format_sitemap(shell: Shell, pages: Iterable[str]) -> str:
    """The engine's site map with the stamped pages' addresses, and without a date of building."""
    source = shell.folder / SITEMAP
    text = source.read_text(encoding="utf-8") if source.is_file() else ""
    site = shell.site_url.rstrip("/") + "/"
    urls = {unescape(url) for url in re.findall(r"<loc>(.*?)</loc>", text)}
    urls |= {site + quote(path) for path in pages}
    lines = "".join(f"<url><loc>{escape(url)}</loc></url>\n" for url in sorted(urls))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}</urlset>\n'
    )
