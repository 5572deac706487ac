"""The small pieces of HTML that a page has by the hundred: values with their origins.

Templates use these as filters, since a macro costs ten times as much for each of them. Every text
is escaped here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from typing import NamedTuple

from markupsafe import Markup

from cardgen.site.numbers import MISSING
from cardgen.site.shown import Shown

_KINDS = {
    (False, False): "",
    (True, False): ' class="cg-declared"',
    (False, True): ' class="cg-written"',
    (True, True): ' class="cg-declared cg-written"',
}
"""Of cells, by whether their metric is the declared one and whether a person wrote them."""

_NO_BREAK = str.maketrans({"/": "/<wbr>", "_": "_<wbr>"})


class Line(NamedTuple):
    """A row of the results table; what its table has no column for is None."""

    origin: str
    step: str | None
    epoch: str | None
    path: str | None
    best: bool


@lru_cache(4096)
def soften(text: str) -> Markup:
    """A long name that may be broken behind its separators."""
    return Markup(escape(text).translate(_NO_BREAK))  # noqa: S704


def format_value(shown: Shown) -> Markup:
    """A value with its origin; what a tracker recorded otherwise stands behind it."""
    return Markup(_format_value(shown))  # noqa: S704


def _format_value(shown: Shown) -> str:
    written = " cg-written" if shown.written else ""
    text = escape(shown.text)
    if shown.url:
        text = f'<a href="{escape(shown.url)}" rel="noopener">{text}</a>'
    return f'<span class="cg-v{written}"{_format_origin(shown)}>{text}</span>{_format_note(shown)}'


def format_values(all_shown: Sequence[Shown]) -> Markup:
    """Values of several runs, each with the run's number."""
    return Markup(_format_values(all_shown))  # noqa: S704


def _format_values(all_shown: Sequence[Shown]) -> str:
    if len(all_shown) == 1:
        return _format_value(all_shown[0])
    pieces = (_format_value(shown) + _format_mark(shown.mark) for shown in all_shown)
    return ' <span class="cg-or">·</span> '.join(pieces)


def format_cell(shown: Shown, star: str, *, declared: bool) -> str:
    """A cell of the results table; ``star`` says "best" where it is."""
    kinds = _KINDS[declared, shown.written]
    raw = f' data-value="{escape(shown.raw)}"' if shown.raw else ""
    mark = (
        f'<span class="cg-star" title="{escape(star)}">★'
        f'<span class="cg-unseen"> {escape(star)} </span></span>'
        if star
        else ""
    )
    text = f"{mark}{escape(shown.text)}{_format_note(shown)}"
    return f"<td{kinds}{raw}{_format_origin(shown)}>{text}</td>"


def format_row(line: Line, cells: Iterable[str]) -> str:
    """A row of the results table; ``cells`` are as ``format_cell`` makes them."""
    kind = ' class="cg-best-row"' if line.best else ""
    step = "" if line.step is None else f'<th scope="row">{escape(line.step)}</th>'
    epoch = "" if line.epoch is None else f"<td>{escape(line.epoch)}</td>"
    path = (
        ""
        if line.path is None
        else f'<td class="cg-text"><code>{escape(line.path or MISSING)}</code></td>'
    )
    opening = f'<tr{kind} data-origin="{escape(line.origin)}">'
    return f"{opening}\n{step}{epoch}{''.join(cells)}\n{path}</tr>\n"


def format_param(name: str, values: Sequence[Shown], other: str | None, *, compared: bool) -> str:
    """A row of the table of parameters; ``other`` is the baseline's value where it differs."""
    changed = ' class="cg-changed"' if other is not None else ""
    beside = f'<td class="cg-quiet">{escape(other or "")}</td>' if compared else ""
    return (
        f'<tr{changed}><th scope="row">{soften(name)}</th>'
        f"<td>{_format_values(values)}</td>{beside}</tr>\n"
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


def _format_mark(number: int) -> str:
    return f' <a class="cg-mark" href="#run-{number}">{number}</a>' if number else ""


def embed_data(name: str, value: object) -> Markup:
    """Data for the page's scripts, as JSON that no text in it can end; ``readData`` reads it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(f'<script type="application/json" id="cg-{name}">{safe}</script>')  # noqa: S704
