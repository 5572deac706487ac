"""All cards by date, with the results that were the best so far."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from babel.dates import format_skeleton
from markupsafe import Markup

from cardgen.site.digests.progress import Progress, draw
from cardgen.site.digests.survey import Outline, Survey, make_page, split
from cardgen.site.index import Entry
from cardgen.site.numbers import format_short
from cardgen.site.page import Heading, Page
from cardgen.site.scores import metric_key
from cardgen.site.theme import way_to_root

_SIZE = 250
_CHARTS = 3
_FEWEST = 3
"""Cards from which a chart says more than a list."""


@dataclass(frozen=True)
class Month:
    """Cards of one month; without a heading those that have no date."""

    anchor: str
    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Record:
    """What a metric's best value was over time: cards by date, and which were the best so far."""

    metric: str
    data: tuple[str, ...]
    entries: tuple[Entry, ...]
    best: frozenset[str]


def find_records(entries: Sequence[Entry]) -> list[Record]:
    """For each metric and the data it was measured on; the one of most cards first.

    ``entries`` are in the order of time.
    """
    groups: dict[tuple[str, str, tuple[str, ...]], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.value is not None and math.isfinite(entry.value):
            key = metric_key(entry.metric), entry.direction, entry.measured
            groups[key].append(entry)
    records = [
        Record(held[-1].metric, key[2], tuple(held), _find_best(held, key[1]))
        for key, held in groups.items()
    ]
    return sorted(records, key=lambda record: -len(record.entries))


def _find_best(entries: Sequence[Entry], direction: str) -> frozenset[str]:
    """The first one, and each that is better than all before."""
    sign = -1.0 if direction == "min" else 1.0
    best, found = -math.inf, []
    for entry in entries:
        value = sign * (entry.value or 0.0)
        if value > best:
            best = value
            found.append(entry.code)
    return frozenset(found)


def render_timeline(survey: Survey) -> Iterator[Page]:
    """``timeline/`` and its further pages."""
    labels = survey.labels
    records = find_records(survey.oldest)
    # The first of its kind has beaten nothing.
    stars = {e.code for r in records for e in r.entries[1:] if e.code in r.best}
    for pager, entries in split(survey.newest, _SIZE):
        title = labels["digest_timeline"]
        if pager.number > 1:
            title = labels["list_page"].format(title, pager.number)
        months = list(_list_months(entries, labels, survey.context.language))
        root = way_to_root(f"timeline/{pager.path}") + survey.context.cards_path
        charts = _draw_all(records, survey, root) if pager.number == 1 else []
        outline = Outline(
            kind="timeline",
            template="timeline",
            title=title,
            path=pager.path,
            description=labels["digest_about_timeline"],
            contents=tuple(Heading(2, month.anchor, month.heading) for month in months),
        )
        yield make_page(
            survey,
            outline,
            {
                "about": labels["digest_about_timeline"],
                "months": months,
                "stars": stars,
                "charts": charts,
                "pager": pager,
            },
        )


def _list_months(
    entries: Sequence[Entry], labels: Mapping[str, str], language: str
) -> Iterator[Month]:
    for month, held in groupby(entries, key=lambda entry: entry.date[:7]):
        if not month:
            yield Month("undated", labels["digest_undated"], tuple(held))
        else:
            day = dt.date.fromisoformat(f"{month}-01")
            heading = format_skeleton("yMMMM", day, locale=language)
            yield Month(month, heading[:1].upper() + heading[1:], tuple(held))


def _draw_all(records: Sequence[Record], survey: Survey, cards: str) -> list[tuple[str, Markup]]:
    """The charts with their titles."""
    charts = []
    for record in [r for r in records if len(r.entries) >= _FEWEST][:_CHARTS]:
        where = f" · {', '.join(record.data)}" if record.data else ""
        title = survey.labels["digest_progress"].format(record.metric) + where
        svg = draw(_make_progress(record, survey, title), cards)
        charts.append((title, Markup(svg)))  # noqa: S704  # made by us, its texts escaped
    return charts


def _make_progress(record: Record, survey: Survey, title: str) -> Progress:
    entries = record.entries
    first = next(e for e in entries if e.code in record.best)
    last = next(e for e in reversed(entries) if e.code in record.best)
    said = survey.labels["digest_progress_about"].format(
        len(entries), format_short(first.value or 0.0), first.code,
        format_short(last.value or 0.0), last.code,
    )  # fmt: skip
    return Progress(
        title=title,
        description=said,
        values=tuple(e.value or 0.0 for e in entries),
        codes=tuple(e.code for e in entries),
        dates=tuple(e.date for e in entries),
        shown=tuple(e.shown for e in entries),
        best=tuple(e.code in record.best for e in entries),
    )
