"""Stamping: a page's parts put into the sentinel's HTML. Pure; a page costs well below 1 ms.

``make_stamper(shell) -> Stamper`` cuts the sentinel once, at its marks and at every relative
address; ``stamp(stamper, page) -> str`` joins the pieces again around one page's parts. Addresses
are right for a page at any depth, the table of contents has the theme's own markup in both
sidebars, and nothing but the page's parts reaches the result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote, urljoin

from cardgen.errors import SiteError
from cardgen.site.page import Heading, Page
from cardgen.site.policy import choose_scripts, fill_script, find_scripts, format_policy
from cardgen.site.shell import MARKS, Shell
from cardgen.site.theme import (
    adapt_header,
    format_assets,
    mark_article,
    root_address,
    shrink,
    way_to_root,
)

_CUT = "\0"  # HTML cannot hold it, so it parts literal text from slots
_ORIGIN = "https://site.invalid/"


@dataclass(frozen=True)
class Entry:
    """The theme's markup of one entry of a table of contents, cut at anchor, text and entries."""

    before: str
    between: str
    after: str
    nest: tuple[str, str, str]
    close: str

    def render(self, heading: Heading, children: str) -> str:
        text = escape(heading.text)
        line = f"{self.before}{escape(heading.anchor)}{self.between}{text}{self.after}"
        if children:
            line += f"{self.nest[0]}{text}{self.nest[1]}{children}{self.nest[2]}"
        return line + self.close


@dataclass(frozen=True)
class Stamper:
    """The sentinel, cut: literal text and slots' names take turns.

    ``full`` has a table of contents, ``bare`` has none. ``scripts`` are the theme's inline
    scripts that may run (see ``policy``). ``compiled`` keeps what is the same at one depth.
    """

    full: tuple[str, ...]
    bare: tuple[str, ...]
    entry: Entry | None
    scripts: tuple[str, ...]
    scope: str | None
    site_url: str
    compiled: dict[tuple[int, bool], list[str]] = field(default_factory=dict, compare=False)


def make_stamper(shell: Shell) -> Stamper:
    """Cut a shell's sentinel; raises SiteError where the theme's page lacks a place for a part."""
    root = root_address(shell.cards_path)
    scripts = choose_scripts(find_scripts(shell.templates), shell.sentinel, root, shell.scope)
    html = mark_article(adapt_header(shrink(shell.sentinel)), " data-cardgen")
    for script in scripts:
        html = html.replace(
            fill_script(script, root, shell.scope), fill_script(script, _slot("root"), shell.scope)
        )
    html = _cut_head(html)
    html, entry = _cut_contents(html)
    html = _cut_addresses(html, shell.cards_path)
    return Stamper(
        full=tuple(html.split(_CUT)),
        bare=tuple(_drop_contents(html).split(_CUT)),
        entry=entry,
        scripts=scripts,
        scope=shell.scope,
        site_url=shell.site_url,
    )


def stamp(stamper: Stamper, page: Page) -> str:
    """The finished HTML of a page."""
    pieces = _compile(stamper, page)
    title = escape(page.title)
    slots = {
        "lang": escape(page.language),
        "title": title,
        "description": escape(page.description),
        "canonical": escape(_join_url(stamper.site_url, page.path)),
        "head": _format_facts(page, title) + page.head,
        "skip": escape(page.contents[0].anchor) if page.contents else "",
        "contents": _render_contents(stamper.entry, page.contents),
        "body": page.body,
    }
    texts = list(pieces)
    texts[1::2] = [slots[name] for name in pieces[1::2]]
    return "".join(texts)


def _slot(name: str) -> str:
    return f"{_CUT}{name}{_CUT}"


def _join_url(site: str, path: str) -> str:
    return site.rstrip("/") + "/" + quote(path)


def _compile(stamper: Stamper, page: Page) -> list[str]:
    """The pieces for one depth, with all slots filled that are the same there."""
    key = (page.path.count("/"), bool(page.contents))
    if key not in stamper.compiled:
        root, base = root_address(page.path), way_to_root(page.path)
        known = {
            "root": root,
            "base": base,
            "policy": format_policy(stamper.scripts, root, stamper.scope),
            "assets": format_assets(base),
        }
        pieces = stamper.full if page.contents else stamper.bare
        joined = [""]
        for literal, name in zip(pieces[::2], (*pieces[1::2], ""), strict=True):
            joined[-1] += literal + known.get(name, "")
            if name and name not in known:
                joined += [name, ""]
        stamper.compiled[key] = joined
    return stamper.compiled[key]


def _format_facts(page: Page, title: str) -> str:
    """What search shows and filters by; stands in the head, where it is not read as text."""
    facts = [f'<meta data-pagefind-meta="title[content]" content="{title}">']
    for name, values in page.facets.items():
        facts += [
            f'<meta data-pagefind-filter="{escape(name)}[content]" content="{escape(value)}">'
            for value in values
        ]
    return "".join(facts)


def _render_contents(entry: Entry | None, contents: Sequence[Heading]) -> str:
    """The entries below the page's own heading, nested by level."""
    if entry is None:
        return ""
    open_entries: list[tuple[Heading, list[str]]] = [(Heading(1, "", ""), [])]
    for heading in (*(h for h in contents if h.level > 1), Heading(1, "", "")):
        while len(open_entries) > 1 and open_entries[-1][0].level >= heading.level:
            done, children = open_entries.pop()
            open_entries[-1][1].append(entry.render(done, "".join(children)))
        open_entries.append((heading, []))
    return "".join(open_entries[0][1])


def _cut_head(html: str) -> str:
    """Put slots where language, title, description, address and body stand."""
    html = re.sub(r'<html lang="[^"]*"', f'<html lang="{_slot("lang")}"', html, count=1)
    html = html.replace("<head>", f"<head>{_slot('policy')}", 1)
    html = html.replace("</head>", f"{_slot('assets')}{_slot('head')}</head>", 1)
    for name in ("title", "description", "canonical", "body"):
        if name != "canonical" and MARKS[name] not in html:
            raise _lacks(name)
        html = html.replace(MARKS[name], _slot(name))
    for anchor in (MARKS["parent_anchor"], "__skip"):  # mkdocs-material's, Zensical's
        html = html.replace(
            f'<a href="#{anchor}" class="md-skip">', f'<a href="#{_slot("skip")}" class="md-skip">'
        )
    return re.sub(r'"base": ?"\.\."', f'"base": "{_slot("root")}"', html, count=1)


def _lacks(name: str) -> SiteError:
    return SiteError(
        f"The theme's page has no place for a card's {name}.",
        "Remove overrides of the theme, and plugins that rewrite finished pages, from mkdocs.yml.",
    )


def _cut_contents(html: str) -> tuple[str, Entry | None]:
    """Put a slot where tables of contents stand, and learn what an entry looks like."""
    entry = None
    while (at := html.find(MARKS["parent_anchor"])) >= 0:
        start = html.rfind("<li", 0, at)
        end = html.find("</li>", html.find(MARKS["leaf_anchor"], at)) + len("</li>")
        if start < 0 or end < at:
            raise _lacks("table of contents")
        entry = _learn_entry(html[start:end])
        html = html[:start] + _slot("contents") + html[end:]
    return html, entry


def _learn_entry(items: str) -> Entry:
    """Cut the theme's markup of three entries: one, one nested in it, and one after it."""
    marks = ["parent_anchor", "parent", "parent", "child_anchor", "child", "leaf_anchor", "leaf"]
    pattern = "(.*?)".join(re.escape(MARKS[name]) for name in marks)
    found = re.fullmatch(f"(.*?){pattern}(.*)", items, re.DOTALL)
    if found is None:
        raise _lacks("table of contents")
    before, between, after_parent, to_child, _, after_child, _, after_leaf = found.groups()
    close = after_leaf[after_leaf.rindex("</li>") :]
    after = after_leaf.removesuffix(close)
    child_close = after_child.removeprefix(after)
    nest_end = child_close[child_close.index("</li>") + 5 :]
    return Entry(
        before=before,
        between=between,
        after=after,
        nest=(
            after_parent.removeprefix(after),
            to_child[: to_child.rindex("<li")],
            nest_end[: nest_end.index("</li>")],
        ),
        close=close,
    )


_BARE = (
    re.compile(r'<label class="md-nav__link md-nav__link--active" for="__toc">.*?</label>', re.S),
    re.compile(
        r'<label class="md-nav__title" for="__toc">(?:(?!<label).)*?\0contents\0\s*</ul>', re.S
    ),
    re.compile(r'<a href="#\0skip\0" class="md-skip">.*?</a>', re.S),
)


def _drop_contents(html: str) -> str:
    """As the theme has it on a page without headings."""
    for pattern in _BARE:
        html = pattern.sub("", html)
    return html


_ADDRESS = re.compile(r'(\s(?:href|src)=")(?![a-zA-Z][a-zA-Z0-9+.-]*:|[/#\0])([^"\0]*)(?=")')


def _cut_addresses(html: str, path: str) -> str:
    """Put the way to the root before each address that is relative to the sentinel."""

    def replace(found: re.Match[str]) -> str:
        absolute = urljoin(_ORIGIN + path, found[2])
        return f"{found[1]}{_slot('base')}{absolute.removeprefix(_ORIGIN)}"

    return _ADDRESS.sub(replace, html)
