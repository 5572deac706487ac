"""The conclusions of all cards, and their problems with what solved them: prose, newest first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from typing import Any

from markupsafe import Markup

from cardgen.site.digests.survey import Outline, Survey, make_page, mention, split
from cardgen.site.excerpts import BREAK, root_links, says_nothing
from cardgen.site.index import Entry
from cardgen.site.markup import embed_data
from cardgen.site.page import Page
from cardgen.site.theme import way_to_root

_SIZE = 100
_MOST_VALUES = 500
FACETS = ("status", "tag", "model", "data", "author", "year")
_FILTER_LABELS = (
    "table_words", "table_clear", "table_none", "digest_any", "digest_found", "digest_loading",
    "digest_this_page", "digest_show_more",
)  # fmt: skip


@dataclass(frozen=True)
class Story:
    """A card with the texts that a digest shows of it."""

    entry: Entry
    texts: tuple[Markup, ...]


def render_stories(survey: Survey) -> Iterator[Page]:
    """Both digests in turns, so that each card's text is read once."""
    for pages in zip_longest(render_conclusions(survey), render_problems(survey)):
        yield from (page for page in pages if page)


def render_conclusions(survey: Survey) -> Iterator[Page]:
    """``conclusions/`` and its further pages; cards without any are named on the last."""
    labels = survey.labels
    missing = [e for e in survey.newest if not has_story(e, "conclusions")]
    notes = [
        mention(labels["digest_unwritten"], [e.code for e in missing if not e.broken]),
        mention(labels["digest_unshown"], [e.code for e in missing if e.broken]),
    ]
    yield from _render(
        survey,
        "conclusions",
        {
            "heading": labels["part_conclusions"],
            "about": labels["digest_about_conclusions"],
            "nothing": labels["digest_no_conclusions"],
            "notes": [note for note in notes if note],
            "asked": True,
        },
    )


def render_problems(survey: Survey) -> Iterator[Page]:
    """``problems/`` and its further pages."""
    labels = survey.labels
    yield from _render(
        survey,
        "problems",
        {
            "heading": labels["digest_problems"],
            "about": labels["digest_about_problems"],
            "nothing": labels["digest_no_problems"],
            "notes": [],
            "asked": False,
        },
    )


def _render(survey: Survey, kind: str, values: Mapping[str, Any]) -> Iterator[Page]:
    found = [e for e in survey.newest if has_story(e, kind)]
    facets = list_facets(found)
    names = [name for name in FACETS if len(facets[name]) > 1]
    for pager, entries in split(found, _SIZE):
        last = pager.number == pager.count
        title = values["heading"]
        if pager.number > 1:
            title = survey.labels["list_page"].format(title, pager.number)
        root = way_to_root(f"{kind}/{pager.path}")
        outline = Outline(
            kind=kind,
            template="stories",
            title=title,
            path=pager.path,
            description=values["about"],
            data={"facets.json": _format_facets(facets)} if pager.number == 1 < pager.count else {},
        )
        yield make_page(
            survey,
            outline,
            {
                **values,
                "notes": values["notes"] if last else (),
                "stories": [_make_story(survey, kind, entry, root) for entry in entries],
                "pager": pager,
                "total": len(found),
                "facets": " ".join(names),
                "words": embed_filter(survey),
            },
        )


def has_story(entry: Entry, kind: str) -> bool:
    """Whether a digest shows a card."""
    if entry.broken:
        return False
    return entry.troubled if kind == "problems" else not says_nothing(entry.conclusions)


def _make_story(survey: Survey, kind: str, entry: Entry, root: str) -> Story:
    html = root_links(survey.excerpts.get(entry.code, {}).get(kind, ""), root)
    if not html and kind == "conclusions":  # the card's page says why there is no more
        html = f"<p>{escape(entry.conclusions)}</p>"
    texts = html.split(BREAK)
    return Story(entry, tuple(Markup(text) for text in texts))  # noqa: S704  # cleaned by nh3


def embed_filter(survey: Survey) -> Markup:
    """The words of the filter above a digest."""
    labels = survey.labels
    words = {key: labels[key] for key in _FILTER_LABELS}
    names = {
        "status": labels["status"], "tag": labels["table_tags"], "model": labels["model"],
        "data": labels["data"], "author": labels["table_author"], "year": labels["table_year"],
    }  # fmt: skip
    statuses = {k.removeprefix("status_"): v for k, v in labels.items() if k.startswith("status_")}
    return embed_data("filter", {**words, "facets": names, "statuses": statuses})


def list_facets(entries: Iterable[Entry]) -> dict[str, Counter[str]]:
    """How many cards have each value of what cards are filtered by."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for entry in entries:
        for name, values in (
            ("status", (entry.status,)), ("tag", entry.tags), ("model", (entry.model,)),
            ("data", entry.data), ("author", entry.authors), ("year", (entry.date[:4],)),
        ):  # fmt: skip
            counts[name].update(value for value in values if value)
    return counts


def _format_facets(facets: Mapping[str, Counter[str]]) -> str:
    most = {name: list(_rank(counts)) for name, counts in facets.items()}
    return json.dumps(most, ensure_ascii=False)


def _rank(counts: Counter[str]) -> Sequence[tuple[str, int]]:
    return counts.most_common(_MOST_VALUES)
