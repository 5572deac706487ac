"""The small pieces of HTML that a page has by the hundred: values with their origins.

Templates use these as filters, since a macro costs ten times as much for each of them. Every text
is escaped here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from html import escape

from markupsafe import Markup

from cardgen.site.shown import Shown

_NO_BREAK = str.maketrans({"/": "/<wbr>", "_": "_<wbr>"})


@lru_cache(4096)
def soften(text: str) -> Markup:
    """A long name that may be broken behind its separators."""
    return Markup(escape(text).translate(_NO_BREAK))  # noqa: S704


def format_value(shown: Shown) -> Markup:
    """A value with its origin; what a tracker recorded otherwise stands behind it."""
    written = " cg-written" if shown.written else ""
    text = escape(shown.text)
    if shown.url:
        text = f'<a href="{escape(shown.url)}" rel="noopener">{text}</a>'
    return Markup(  # noqa: S704
        f'<span class="cg-v{written}"{_format_origin(shown)}>{text}</span>{_format_note(shown)}'
    )


def format_values(all_shown: Sequence[Shown]) -> Markup:
    """Values of several runs, each with the run's number."""
    if len(all_shown) == 1:
        return format_value(all_shown[0])
    pieces = (format_value(shown) + _format_mark(shown.mark) for shown in all_shown)
    return Markup(' <span class="cg-or">·</span> ').join(pieces)


def format_cell(shown: Shown, star: str, *, declared: bool) -> Markup:
    """A cell of the results table; ``star`` says "best" where it is."""
    kinds = " ".join(
        kind for kind, there in (("cg-declared", declared), ("cg-written", shown.written)) if there
    )
    kinds = f' class="{kinds}"' if kinds else ""
    raw = f' data-value="{escape(shown.raw)}"' if shown.raw else ""
    mark = (
        f'<span class="cg-star" title="{escape(star)}">★'
        f'<span class="cg-unseen"> {escape(star)} </span></span>'
        if star
        else ""
    )
    return Markup(  # noqa: S704
        f"<td{kinds}{raw}{_format_origin(shown)}>{mark}{escape(shown.text)}{_format_note(shown)}</td>"
    )


def format_param(name: str, values: Sequence[Shown], other: str | None, *, compared: bool) -> str:
    """A row of the table of parameters; ``other`` is the baseline's value where it differs."""
    changed = ' class="cg-changed"' if other is not None else ""
    beside = f'<td class="cg-quiet">{escape(other or "")}</td>' if compared else ""
    return (
        f'<tr{changed}><th scope="row">{soften(name)}</th>'
        f"<td>{format_values(values)}</td>{beside}</tr>\n"
    )


def _format_origin(shown: Shown) -> str:
    if not shown.origin:
        return ""
    return f' data-origin="{escape(shown.origin)}" title="{escape(shown.title)}"'


def _format_note(shown: Shown) -> str:
    if not shown.note:
        return ""
    note = escape(shown.note)
    return f'<a class="cg-differs" href="#differences" title="{note}" aria-label="{note}">≠</a>'


def _format_mark(number: int) -> Markup:
    if not number:
        return Markup()
    return Markup(f' <a class="cg-mark" href="#run-{number}">{number}</a>')  # noqa: S704


def embed_data(name: str, value: object) -> Markup:
    """Data for the page's scripts, as JSON that no text in it can end; ``readData`` reads it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(f'<script type="application/json" id="cg-{name}">{safe}</script>')  # noqa: S704
