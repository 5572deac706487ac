"""What digests repeat of a card's prose: its conclusions, and each of its problems.

The card's page has converted and cleaned the text already. An excerpt is that HTML without what
would clash on a page of many cards: ids, links beside headings, pictures, tabs. Its relative links
begin with ``ROOT``, in whose place the page that shows it puts its own way to the site's root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from posixpath import normpath
from urllib.parse import urlsplit

import nh3

from cardgen.site.prose_policy import ATTRIBUTES, TAGS

ROOT = "cardgen-root:/"
"""Stands for the way to the site's root in the links of excerpts."""

BREAK = "\f"
"""Stands between the problems of a section."""

SHOWN = ("conclusions", "problems")

_LONGEST = 12_000
_BARE_INPUT = re.compile(r"<input(?![^<>]*\stype=)[^<>]*>")
_PERMALINK = re.compile(r'<a class="headerlink"[^<>]*>&para;</a>')
_DELICATE = re.compile(r'<(?:img|input|label)\b|\s(?:id|href|data-tabs)="|"tabbed-')
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>')
_VOID = frozenset("br col hr img input wbr".split())  # noqa: SIM905
_LISTS = frozenset(("ul", "ol"))
_NOTHING = frozenset(
    (
        "", "none", "no", "no problems", "nothing", "n/a", "na", "brak", "brak problemów", "żadne",
        "żadnych", "nie było", "aucun", "aucune", "aucun problème", "rien", "néant", "нет",
        "не было", "проблем нет", "проблем не было", "无", "無", "没有", "没有问题", "暂无",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Passage:
    """A section as the card's page shows it; ``text`` is its beginning without markup."""

    key: str
    html: str
    text: str
    note: str = ""


def make_excerpts(page: str, passages: Iterable[Passage]) -> dict[str, str]:
    """HTML by section; ``page`` is the address of the card's page below the site's root.

    ``problems`` are one HTML each with ``BREAK`` between them. A section that only says that
    there were none is left out.
    """
    found: dict[str, str] = {}
    for passage in passages:
        if passage.key in SHOWN and not says_nothing(passage.text):
            html = _make_excerpt(page, passage)
            held = found.get(passage.key)
            glue = BREAK if passage.key == "problems" else ""
            found[passage.key] = html if held is None else f"{held}{glue}{html}"
    return found


def root_links(html: str, root: str) -> str:
    """An excerpt on a page from which ``root`` leads to the site's root."""
    return html.replace(ROOT, root) if ROOT in html else html


def says_nothing(text: str) -> bool:
    """Whether a section is empty or only says that there is nothing to say."""
    return text.casefold().strip(" .!。-–—*") in _NOTHING


def split_problems(html: str) -> list[str]:
    """A section's problems: its parts below sub-headings, else its list's items, else the whole.

    A list that a line ending with a colon introduces belongs to that line and is not taken apart.
    """
    nodes = list(_list_nodes(html))
    levels = [tag for tag, _ in nodes if re.fullmatch(r"h[1-6]", tag)]
    if levels:
        return _split_at(nodes, min(levels))
    if any(tag in _LISTS for tag, _ in nodes):
        return _split_lists(nodes)
    return [html]


def _make_excerpt(page: str, passage: Passage) -> str:
    note = f'<p class="cg-suggested">{escape(passage.note)}</p>' if passage.note else ""
    html = passage.html.replace(BREAK, " ")
    if len(html) > _LONGEST:
        return f"{note}<p>{escape(passage.text)}…</p>"
    html = _PERMALINK.sub("", html)
    if _DELICATE.search(html):
        html = _BARE_INPUT.sub("", _make_cleaner(page).clean(html))
    if passage.key == "problems":
        html = BREAK.join(split_problems(html))
    return note + html


def _make_cleaner(page: str) -> nh3.Cleaner:
    keep: dict[str, set[str]] = {
        **{
            tag: set(names) - {"id", "for", "name", "data-tabs"}
            for tag, names in ATTRIBUTES.items()
        },
    }
    keep["span"] = keep["span"] | {"data-origin"}  # of quoted values: no text of a card has any

    def decide(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            kept = [word for word in value.split() if not word.startswith("tabbed-")]
            return " ".join(kept) or None
        if name == "href":
            return _lead(page, value)
        return None if name == "type" and value == "radio" else value

    return nh3.Cleaner(
        tags=set(TAGS) - {"img"},
        attributes=keep,
        attribute_filter=decide,
        url_schemes={"http", "https", "mailto", "cardgen-root"},
        link_rel="noopener noreferrer nofollow ugc",
    )


def _lead(page: str, address: str) -> str:
    """An address of the card's page as one below the site's root; others as they are."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme == "cardgen-root":
        return ""
    if parts.scheme or parts.netloc or address.startswith(("/", "\\")):
        return address
    if not parts.path:
        return f"{ROOT}{page}{address}"
    path = normpath(f"{page}{parts.path}")
    if path.startswith(".."):
        return ""
    end = "/" if parts.path.endswith("/") and path != "." else ""
    rest = address[len(parts.path) :]
    return f"{ROOT}{'' if path == '.' else path}{end}{rest}"


def _list_nodes(html: str) -> Iterable[tuple[str, str]]:
    """The outermost elements with their tags; text between them has none. Tags must nest."""
    depth, start, name, last = 0, 0, "", 0
    for found in _TAG.finditer(html):
        tag = found[2]
        if found[1]:
            depth -= 1
        else:
            if depth == 0:
                if html[last : found.start()].strip():
                    yield "", html[last : found.start()]
                start, name = found.start(), tag
            depth += tag not in _VOID
        if depth == 0:
            last = found.end()
            yield name, html[start:last]
    if html[last:].strip():
        yield "", html[last:]


def _split_at(nodes: Iterable[tuple[str, str]], heading: str) -> list[str]:
    parts: list[list[str]] = [[]]
    for tag, html in nodes:
        if tag == heading:
            parts.append([])
        parts[-1].append(html)
    return ["".join(part) for part in parts if part]


def _split_lists(nodes: Iterable[tuple[str, str]]) -> list[str]:
    parts: list[str] = []
    open_ = False
    for tag, html in nodes:
        if tag in _LISTS and not (open_ and _ends_with_colon(parts[-1])):
            parts += [item for kind, item in _list_items(html) if kind == "li"]
            open_ = False
        elif open_:
            parts[-1] += html
        else:
            parts.append(html)
            open_ = True
    return parts


def _list_items(html: str) -> Iterable[tuple[str, str]]:
    """The items of a list as elements that may stand alone."""
    inner = html[html.index(">") + 1 : html.rindex("<")]
    for tag, item in _list_nodes(inner):
        if tag == "li":
            body = item[item.index(">") + 1 : item.rindex("<")].strip()
            yield tag, body if body.startswith("<p") else f"<div>{body}</div>"


def _ends_with_colon(html: str) -> bool:
    text = re.sub(r"<[^<>]*>", "", html).rstrip()
    return text.endswith((":", "：")) and not html.rstrip().endswith(("</ul>", "</ol>"))
