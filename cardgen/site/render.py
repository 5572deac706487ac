"""From cards to pages: pure, and knowing no site engine.

``render_card`` makes a card's page, ``render_broken`` the page of one that cannot be shown; the
list of all is in ``listing``. What comes from data goes through templates that escape it; prose
comes clean from ``prose``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from markupsafe import Markup

from cardgen.documents import has_text
from cardgen.errors import SiteError
from cardgen.facts import Facts
from cardgen.models import Card, Problem, Section
from cardgen.site.accepted import AcceptedMarks, Row
from cardgen.site.anchors import make_anchor
from cardgen.site.context import RenderContext
from cardgen.site.excerpts import Passage, make_excerpts
from cardgen.site.facets import find_facets, format_search
from cardgen.site.index import Entry, make_entry
from cardgen.site.listing import render_card_table, render_cards
from cardgen.site.livevalues import LiveTexts
from cardgen.site.page import Heading, Page
from cardgen.site.parts import ANCHORS, Part, PartMaker
from cardgen.site.preview import format_head, make_picture
from cardgen.site.prose import Prose
from cardgen.site.reproduce import list_patches
from cardgen.site.speech import speaking
from cardgen.site.templating import template

__all__ = [
    "CannotRender",
    "Written",
    "render_broken",
    "render_card",
    "render_card_table",
    "render_cards",
    "template",
]

_DESCRIPTION = 200
_ALTERNATES = (
    '<link rel="alternate describedby" type="text/markdown" href="card.md">'
    '<link rel="alternate describedby" type="application/json" href="card.json">'
)


class CannotRender(SiteError):
    """A card's text cannot be shown; ``problems`` say where and why, for ``render_broken``."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems[0].message, problems[0].hint)
        self.problems = problems


@dataclass(frozen=True)
class Written:
    """A section of a card that says something, converted; ``note`` is what readers must know."""

    section: Section
    anchor: str
    prose: Prose
    note: str = ""

    @property
    def part(self) -> Part:
        html = Markup(self.prose.html)  # noqa: S704  # cleaned by nh3
        data = {"html": html, "note": self.note}
        return Part(self.anchor, self.section.title, "prose", data, self.prose.headings)


def render_card(facts: Facts, context: RenderContext, entry: Entry | None = None) -> Page:
    """A card's page; ``Page.files`` names what must be published beside it.

    ``entry`` is the card in brief where it is made already. Raises CannotRender where its prose
    cannot be converted.
    """
    with speaking(context.language):
        return _render_card(facts, context, entry or make_entry(facts, context))


def _render_card(facts: Facts, context: RenderContext, entry: Entry) -> Page:
    marks = AcceptedMarks(facts.card, context)
    written = _convert(facts, context, marks)
    maker = PartMaker(facts, context)
    parts = tuple(_arrange(maker, written, marks.list_rows()))
    body = template("card").render(
        head=maker.head(),
        actions=maker.actions(),
        summary=maker.summary(),
        why=maker.why(),
        lead=[one.part for one in written if not one.section.title],
        parts=[(part, _render_part(part, context)) for part in parts],
        labels=context.labels,
    )
    title = f"{facts.code} · {facts.title}" if facts.title != facts.code else facts.code
    description = _describe(written)
    picture = make_picture(facts, context)
    return Page(
        path=context.page_path(facts.code),
        title=title,
        description=description,
        body=body,
        contents=tuple(_list_headings(parts)),
        facets=find_facets(facts, context),
        language=context.language,
        files=_find_files(facts, written),
        pictures={picture.name: picture.sketch} if picture else {},
        head=_ALTERNATES
        + format_search(facts, entry, context)
        + (format_head(title, description, picture, context) if picture else ""),
        excerpts=make_excerpts(
            context.page_path(facts.code),
            [Passage(w.section.key, w.prose.html, w.prose.text, w.note) for w in written],
        ),
    )


def _render_part(part: Part, context: RenderContext) -> Markup:
    """A part's content, by a call of its own: what is included passes through all that includes."""
    shown = template(f"part_{part.template}")
    html = shown.render(part=part, data=part.data, labels=context.labels)
    return Markup(html)  # noqa: S704  # templates escape


def render_broken(card: Card, problems: Sequence[Problem], context: RenderContext) -> Page:
    """The page of a card that cannot be shown: each problem with its place and what to do."""
    body = template("broken").render(code=card.code, problems=problems, labels=context.labels)
    labels = context.labels
    return Page(
        path=context.page_path(card.code),
        title=f"{card.code} · {labels['broken_title']}",
        description=problems[0].message if problems else labels["broken_title"],
        body=body,
        facets={"status": (labels["status_broken"],)},
        language=context.language,
    )


def _convert(facts: Facts, context: RenderContext, marks: AcceptedMarks) -> list[Written]:
    """The sections that say anything, their anchors apart from those of the page's own parts."""
    card = facts.card
    sections = [section for section in card.sections if has_text(section.body)]
    taken = {*ANCHORS, *(f"run-{number}" for number in range(1, len(facts.runs) + 1))}
    for number in range(1, len(card.front.accepted) + 1):
        taken |= {f"accepted-{number}", f"accepted-at-{number}"}
    anchors = _choose_anchors(sections, taken)
    live = LiveTexts([section.body for section in sections], facts, context)
    found = (replace(p, html=marks.mark(p.html)) for p in context.prose.render(live.marked, taken))
    converted = map(live.fill_prose, found)
    pairs = tuple((s, _embed(p, card, context)) for s, p in zip(sections, converted, strict=True))
    problems = tuple(_as_problem(card, s, p, context) for s, p in pairs if p.error)
    if problems:
        raise CannotRender(problems)
    return [
        Written(s, a, p, context.labels["suggested"].format(s.suggested) if s.suggested else "")
        for (s, p), a in zip(pairs, anchors, strict=True)
    ]


def _embed(prose: Prose, card: Card, context: RenderContext) -> Prose:
    """Put SVG files into the page: in an image nothing of them runs, at an address it would."""
    html = prose.html
    for number, name in enumerate(prose.drawings):
        data = context.read_drawing(card.folder, name)
        code = b64encode(data).decode() if data else ""
        source = f' src="data:image/svg+xml;base64,{code}"' if code else ""
        html = html.replace(f' src="#cardgen-drawing-{number}"', source)
    return replace(prose, html=html)


def _choose_anchors(sections: Sequence[Section], taken: set[str]) -> list[str]:
    """A goal's anchor is ``goal`` in any language; a further section's comes of its title."""
    free = set(ANCHORS)
    anchors = []
    for section in sections:
        if section.key in free:
            free.remove(section.key)
            anchors.append(section.key)
        else:
            anchors.append(make_anchor(section.key or section.title, taken))
    return anchors


def _as_problem(card: Card, section: Section, prose: Prose, context: RenderContext) -> Problem:
    name = f" '{section.title}'" if section.title else ""
    message = f"The text of the section{name} {prose.error}."
    return Problem(context.label(card), section.line, "prose", "error", message, prose.hint)


def _arrange(
    maker: PartMaker, written: Sequence[Written], accepted: Sequence[Row]
) -> Iterator[Part]:
    """The parts in their order: what was asked, what was learnt, how good it was, how to run it
    again, what it ran on; then the records."""
    for key in ("goal", "conclusions"):
        found = [one.part for one in written if one.section.key == key]
        yield from found or [maker.missing(key)]
    yield from (one.part for one in written if one.section.key == "problems")
    yield from _there(maker.results(), maker.curves())
    yield from (one.part for one in written if one.section.title and not one.section.key)
    yield from _there(maker.commands(), maker.params(), maker.model(), maker.source(),
                      maker.environment(), maker.runs(), maker.differences(),
                      maker.accepted(accepted), maker.related(), maker.history(),
                      maker.sources())  # fmt: skip


def _there(*parts: Part | None) -> Iterator[Part]:
    return (part for part in parts if part is not None)


def _list_headings(parts: Sequence[Part]) -> Iterator[Heading]:
    for part in parts:
        yield Heading(2, part.anchor, part.title)
        yield from part.headings


def _describe(written: Sequence[Written]) -> str:
    """What the card learnt, else what it asked, as plain text for search engines."""
    for key in ("conclusions", "goal", ""):
        for one in written:
            if one.section.key == key and one.prose.text:
                return _cut(one.prose.text)
    return ""


def _cut(text: str) -> str:
    if len(text) <= _DESCRIPTION:
        return text
    return text[:_DESCRIPTION].rpartition(" ")[0].rstrip(" ,;:–-") + "…"


def _find_files(facts: Facts, written: Sequence[Written]) -> dict[str, Path]:
    card = facts.card
    names = ["card.md", *(["evidence.json"] if card.evidence else []), *list_patches(facts)]
    names += [name for one in written for name in one.prose.files]
    return {name: card.folder / name for name in names}
