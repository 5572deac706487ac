"""The list of all cards as plain Markdown: what GitHub and GitLab show of their folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cardgen.config import Settings
from cardgen.differences.against import compare_with
from cardgen.facts import Facts
from cardgen.markdown import make_row, make_table, quote_span, quote_text
from cardgen.readme.results import is_plain, link_card
from cardgen.readme.words import Words, load_words

MAX_BYTES = 480_000
"""GitHub shows no more than 512 KB of a file."""

_TITLE = 80
_TAGS = 60


@dataclass(frozen=True)
class Line:
    """One card of the list, its cells made."""

    code: str
    cells: tuple[str, ...]


def make_line(facts: Facts, base: Facts | None, settings: Settings) -> Line:
    """A card's line; ``base`` is its baseline, None where there is none."""
    words = load_words(settings.lang)
    own = next(iter(compare_with(facts, base, settings)), None)
    shown = own if own and own.metric == facts.metric and facts.primary else None
    code = facts.code
    return Line(
        code,
        (
            f"[{quote_text(code)}]({code}/)" if is_plain(code) else quote_span(code),
            quote_text(_cut(facts.card.front.title, _TITLE)),
            words[f"status_{facts.status.value}"] if facts.status else "",
            facts.date.value.isoformat() if facts.date else "",
            quote_text(_cut(shown.metric, _TITLE)) if shown else "",
            quote_text(words.number(shown.text)) if shown else "",
            _say_against(facts, words, shown.difference, shown.better) if shown else "",
            _say_tags([fact.value for fact in facts.tags]),
        ),
    )


def _say_against(facts: Facts, words: Words, difference: float | None, better: bool | None) -> str:
    if difference is None:
        return ""
    kind = {True: "better", False: "worse", None: "equal"}[better]
    sign = "±" if better is None else "+" if difference > 0 else "−"
    number = "0" if better is None else words.number(f"{abs(difference):.4g}")
    said = f"{sign}{number} ({words[f'baseline_{kind}']})"
    return f"{said} {link_card(facts.card.front.baseline).replace('](../', '](')}"


def _say_tags(tags: Sequence[str]) -> str:
    said: list[str] = []
    for tag in tags:
        if sum(map(len, said)) + len(tag) > _TAGS:
            return " ".join([*said, "…"])
        said.append(quote_span(tag))
    return " ".join(said)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def render_list(lines: Iterable[Line], settings: Settings) -> str:
    """The list's README without its mark, in the order given; it says where it was cut."""
    words = load_words(settings.lang)
    rows = list(lines)
    title = f"# {quote_text(settings.title)}"
    if not rows:
        return f"{title}\n\n{words['no_cards']}\n"
    headers = [words[key] for key in ("experiment", "table_title", "status", "date",
               "table_metric", "result", "versus_baseline", "table_tags")]  # fmt: skip
    cells = [line.cells for line in rows]
    shown = cells if _is_small(cells) else _bound(cells)
    parts = [title, words["count_cards"].format(len(rows))]
    if len(shown) < len(rows):
        parts.append(words["table_shown"].format(len(shown), len(rows)))
    if _is_small(cells):
        parts.append(make_table(headers, shown, (5,)))
    else:
        parts.append("\n".join([*make_table(headers, []).split("\n"), *map(make_row, shown)]))
    return "\n\n".join(parts) + "\n"


def _is_small(rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether all rows fit, where each cell is as wide as the widest of its column."""
    widths = [max(len(cell.encode()) + 3 for cell in column) for column in zip(*rows, strict=True)]
    return len(rows) * sum(widths) < MAX_BYTES


def _bound(rows: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """As many rows as fit, no cell wider than what is in it."""
    size = 0
    for count, row in enumerate(rows):
        size += len(make_row(row).encode()) + 1
        if size > MAX_BYTES:
            return rows[:count]
    return rows
