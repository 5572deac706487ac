"""A page for every model, data set and tag with its leaderboards, and an index of each kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from cardgen.site.anchors import make_anchor, make_folder
from cardgen.site.digests.leaderboards import Field, Ranker, Standing
from cardgen.site.digests.stories import embed_filter
from cardgen.site.digests.survey import Mention, Outline, Survey, make_page, mention, split
from cardgen.site.index import Entry
from cardgen.site.page import Heading, Page

_SIZE = 250
_MOST_FIELDS = 8


@dataclass(frozen=True)
class Kind:
    """A kind of names: its folder, its facet in the list, and its label."""

    folder: str
    facet: str
    label: str


KINDS = (
    Kind("models", "model", "digest_models"),
    Kind("data", "data", "digest_data"),
    Kind("tags", "tag", "table_tags"),
)


@dataclass(frozen=True)
class Winner:
    """The best card of a page: where it stands, its entry, and those that are as good."""

    standing: Standing
    entry: Entry
    metric: str
    where: str
    equals: Mention | None
    versus: bool


@dataclass(frozen=True)
class Named:
    """A name with its cards, where they can be compared, and which is best."""

    kind: Kind
    name: str
    codes: Sequence[str]
    fields: Sequence[Field]
    winner: Winner | None


@dataclass(frozen=True)
class Shown:
    """A field with its heading, which is empty where the page's title says it."""

    field: Field
    anchor: str
    heading: str


def render_names(survey: Survey) -> Iterator[Page]:
    """``models/``, ``data/``, ``tags/`` and everything below."""
    ranker = Ranker(survey)
    for kind in KINDS:
        winners: dict[str, Winner | None] = {}
        names = _collect(survey, kind)
        for name, codes in names.items():
            fields = ranker.rank(codes, name if kind.facet == "data" else "")
            winners[name] = _find_winner(survey, fields)
            named = Named(kind, name, codes, fields, winners[name])
            yield _render_name(ranker, named)
        yield from _render_index(survey, kind, names, winners)


def _collect(survey: Survey, kind: Kind) -> dict[str, list[str]]:
    """The cards of each name; the commonest names first."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in survey.entries.values():
        for name in _names_of(entry, kind):
            found[name].append(entry.code)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0].casefold())))


def _names_of(entry: Entry, kind: Kind) -> Sequence[str]:
    if kind.facet == "model":
        return (entry.model,) if entry.model else ()
    return entry.data if kind.facet == "data" else entry.tags


def _find_winner(survey: Survey, fields: Sequence[Field]) -> Winner | None:
    """The first of the first leaderboard that has one."""
    boards = ((field, board) for field in fields for board in field.boards[:1] if board.first)
    field, board = next(boards, (None, None))
    if field is None or board is None or board.first is None:
        return None
    entry = survey.entries[board.first.code]
    said = survey.labels["digest_equals"].partition("{0}")[0]
    return Winner(
        standing=board.first,
        entry=entry,
        metric=board.metric.name,
        where=", ".join(field.data),
        equals=mention(said, board.equals[:20]),
        versus=bool(entry.difference_shown) and entry.metric == board.metric.name,
    )


def _render_name(ranker: Ranker, named: Named) -> Page:
    survey, labels = ranker.survey, ranker.labels
    kind, name, codes, fields = named.kind, named.name, named.codes, named.fields
    of_data = kind.facet == "data"
    shown = _give_headings(fields[:_MOST_FIELDS], labels, name if of_data else "")
    by_model = ranker.list_best_of_models(fields[0]) if of_data and fields else []
    ranked = {code for field in fields for code in field.codes}
    without = [code for code in codes if code not in ranked]
    outline = Outline(
        kind=kind.folder,
        template="name",
        title=name,
        path=f"{make_folder(name)}/",
        description=f"{labels[kind.label]}: {name}",
        contents=tuple(Heading(2, one.anchor, one.heading) for one in shown if one.heading),
    )
    return make_page(
        survey,
        outline,
        {
            "kind": labels[kind.label if kind.facet == "tag" else kind.facet],
            "count": labels["count_cards"].format(len(codes)),
            "query": urlencode({kind.facet: name}),
            "winner": named.winner,
            "fields": shown,
            "entries": survey.entries,
            "with_model": kind.facet != "model",
            "by_model": by_model if len(by_model) > 1 else (),
            "elsewhere": [(", ".join(f.data), len(f.codes)) for f in fields[_MOST_FIELDS:][:50]],
            "without": mention(labels["digest_without_results"], without),
        },
    )


def _give_headings(fields: Sequence[Field], labels: Mapping[str, str], name: str) -> list[Shown]:
    taken: set[str] = set()
    shown = []
    for field in fields:
        where = ", ".join(field.data)
        heading = labels["digest_measured_on"].format(where)
        if not where:
            heading = labels["digest_measured_unknown"]
        shown.append(Shown(field, make_anchor(heading, taken), "" if where == name else heading))
    return shown


def _render_index(
    survey: Survey,
    kind: Kind,
    names: Mapping[str, Sequence[str]],
    winners: Mapping[str, Winner | None],
) -> Iterator[Page]:
    labels = survey.labels
    for pager, part in split(list(names), _SIZE, "page/"):
        title = labels[kind.label]
        if pager.number > 1:
            title = labels["list_page"].format(title, pager.number)
        lines = [(name, f"{pager.home}{make_folder(name)}/", len(names[name]), winners[name])
                 for name in part]  # fmt: skip
        yield make_page(
            survey,
            Outline(kind=kind.folder, template="names", title=title, path=pager.path),
            {
                "lines": lines,
                "pager": pager,
                "total": len(names),
                "words": embed_filter(survey),
                "nothing": labels["digest_no_names"],
            },
        )
