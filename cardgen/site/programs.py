"""Files of a site for programs: the index of all cards, ``llms.txt`` and a feed of conclusions.

All are made from cards alone and hold no time of building: the same cards give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from cardgen.site.context import RenderContext
from cardgen.site.index import Entry

INDEX = "cards/index.json"
FEED = "feed.xml"
LLMS = "llms.txt"
SCHEMA = 1

_IN_FEED = 50
_IN_LLMS = 500
_HIDDEN = ("spark", "shown", "difference_shown", "scores", "measured", "troubled")
"""What an entry has for readers only."""

Excerpts = Mapping[str, Mapping[str, str]]
"""Safe HTML by card and section."""


def make_index(entries: Sequence[Entry], context: RenderContext) -> bytes:
    """``cards/index.json``: all cards in brief, one a line; ``url`` is below the site's root."""
    lines = ",\n".join(_dump(_as_record(entry, context)) for entry in entries)
    head = _dump({"schema": SCHEMA, "title": context.settings.title})[:-1]
    return f'{head},"cards":[\n{lines}\n]}}\n'.encode()


def _as_record(entry: Entry, context: RenderContext) -> dict[str, object]:
    path = context.page_path(entry.code)
    values = {name: value for name, value in vars(entry).items() if name not in _HIDDEN}
    return values | {"url": path, "record": f"{path}card.json"}


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def make_llms(entries: Sequence[Entry], context: RenderContext) -> bytes:
    """``llms.txt``: what the site is and where its cards lie as Markdown and JSON."""
    labels = context.labels
    lines = [
        f"# {_line(context.settings.title)}",
        "",
        f"> {labels['llms_about']}",
        "",
        f"- [{INDEX}]({INDEX}): {labels['llms_index']}",
        f"- [card.json](cards/CODE/card.json): {labels['llms_record']}",
        f"- [{FEED}]({FEED}): {labels['feed_title']}",
        "",
        f"## {labels['cards']}",
        "",
        *(_make_line(entry, context) for entry in sort_newest(entries)[:_IN_LLMS]),
    ]
    return ("\n".join(lines).rstrip() + "\n").encode()


def _make_line(entry: Entry, context: RenderContext) -> str:
    said = entry.conclusions or entry.goal
    name = " · ".join(filter(None, (entry.code, entry.title)))
    value = f"{entry.metric} {entry.shown}" if entry.shown else ""
    rest = ". ".join(filter(None, (value, said)))
    link = f"- [{_bracket(name)}]({quote(context.page_path(entry.code))}card.md)"
    return f"{link}: {_line(rest)}" if rest else link


def _line(text: str) -> str:
    return " ".join(text.split())


def _bracket(text: str) -> str:
    """A text that neither ends its link nor begins another one."""
    return _line(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def sort_newest(entries: Iterable[Entry]) -> list[Entry]:
    """The youngest first; those without a date last, each day's in the order they came in."""
    return sorted(entries, key=lambda entry: entry.date, reverse=True)


def make_feed(entries: Sequence[Entry], context: RenderContext, excerpts: Excerpts) -> bytes:
    """``feed.xml``: an Atom feed of the newest conclusions.

    Without the site's address its links are relative to the feed; ids are the same either way.
    """
    site = context.settings.site.url.rstrip("/")
    chosen = [entry for entry in sort_newest(entries) if entry.conclusions][:_IN_FEED]
    title = f"{context.settings.title}: {context.labels['feed_title']}"
    updated = max((entry.date for entry in chosen), default="") or "1970-01-01"
    base = f"{site}/" if site else ""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{context.language}">',
        f"<title>{_xml(title)}</title>",
        f"<id>{_make_id(context, '')}</id>",
        f"<updated>{updated}T00:00:00Z</updated>",
        f'<link rel="self" href="{_xml(base + FEED)}"/>',
        f'<link rel="alternate" type="text/html" href="{_xml(base or "./")}"/>',
        *(_make_entry(entry, context, base, excerpts) for entry in chosen),
        "</feed>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _make_entry(entry: Entry, context: RenderContext, base: str, excerpts: Excerpts) -> str:
    html = excerpts.get(entry.code, {}).get("conclusions", "")
    content = (
        f'<content type="html">{_xml(html)}</content>'
        if html
        else f"<summary>{_xml(entry.conclusions)}</summary>"
    )
    address = f"{base}{quote(context.page_path(entry.code))}"
    authors = entry.authors or (context.settings.title,)
    return "".join(
        [
            f"<entry><title>{_xml(' · '.join(filter(None, (entry.code, entry.title))))}</title>",
            f"<id>{_make_id(context, entry.code)}</id>",
            f"<updated>{entry.date or '1970-01-01'}T00:00:00Z</updated>",
            f'<link rel="alternate" type="text/html" href="{_xml(address)}"/>',
            *(f"<author><name>{_xml(name)}</name></author>" for name in authors),
            *(f'<category term="{_xml(tag)}"/>' for tag in entry.tags),
            f"{content}</entry>",
        ]
    )


def _make_id(context: RenderContext, code: str) -> str:
    """An address that never changes, also where the site moves."""
    name = f"cardgen:{context.settings.repository or context.settings.title}:{code}"
    return f"urn:uuid:{uuid5(NAMESPACE_URL, name)}"


def _xml(text: str) -> str:
    """Escaped, and without the characters that no XML may hold."""
    return escape("".join(c for c in text if c in "\t\n" or _is_allowed(ord(c))))


def _is_allowed(code: int) -> bool:
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
