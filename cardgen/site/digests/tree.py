"""The family tree of all cards as nested lists: the largest families first, in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cardgen.site.digests.forest import NODES, Forest, Piece, Spot, cut_family, grow
from cardgen.site.digests.survey import Outline, Pager, Survey, make_page, mention
from cardgen.site.index import Entry
from cardgen.site.page import Heading, Page


@dataclass(frozen=True)
class Node:
    """A card in the tree; ``rest`` cards below it go on at ``url``."""

    entry: Entry
    looped: bool
    children: tuple[Node, ...] = ()
    rest: int = 0
    url: str = ""


@dataclass(frozen=True)
class Family:
    """A piece of the tree as a page shows it."""

    anchor: str
    heading: str
    count: int
    node: Node


def render_tree(survey: Survey) -> Iterator[Page]:
    """``tree/`` and its further pages; cards without relatives are named on the last."""
    forest = grow(survey.oldest)
    roots = sorted(
        (code for code in forest.roots if forest.sizes[code] > 1 or code in forest.looped),
        key=lambda code: -forest.sizes[code],
    )
    pieces = [piece for root in roots for piece in cut_family(root, forest)]
    pages = list(_fill_pages(pieces)) or [[]]
    places = {piece.spot: number for number, held in enumerate(pages, 1) for piece in held}
    single = {code for code in forest.roots if forest.sizes[code] == 1} - forest.looped
    alone = [entry.code for entry in survey.newest if entry.code in single]
    for number, held in enumerate(pages, 1):
        pager = Pager(number, len(pages), "")
        maker = _Maker(survey, forest, pager, places)
        families = [maker.family(piece) for piece in held]
        note = mention(survey.labels["digest_alone"], alone) if number == len(pages) else None
        yield _render_page(survey, families, pager, note)


def _render_page(survey: Survey, families: Sequence[Family], pager: Pager, note: object) -> Page:
    labels = survey.labels
    title = labels["digest_tree"]
    if pager.number > 1:
        title = labels["list_page"].format(title, pager.number)
    outline = Outline(
        kind="tree",
        template="tree",
        title=title,
        path=pager.path,
        description=labels["digest_about_tree"],
        contents=tuple(Heading(2, family.anchor, family.heading) for family in families),
    )
    return make_page(
        survey,
        outline,
        {
            "about": labels["digest_about_tree"],
            "families": families,
            "pager": pager,
            "alone": note,
            "nothing": labels["digest_no_tree"],
        },
    )


def _fill_pages(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Pieces in pages of at most as many cards as a piece may have."""
    held: list[Piece] = []
    count = 0
    for piece in pieces:
        if held and count + piece.count > NODES:
            yield held
            held, count = [], 0
        held.append(piece)
        count += piece.count
    if held:
        yield held


class _Maker:
    """Makes one page's families."""

    def __init__(
        self, survey: Survey, forest: Forest, pager: Pager, places: dict[Spot, int]
    ) -> None:
        self.survey = survey
        self.forest = forest
        self.pager = pager
        self.places = places

    def family(self, piece: Piece) -> Family:
        code, start = piece.spot
        first = not start and code in self.forest.tops
        label = self.survey.labels["digest_family" if first else "digest_family_on"]
        return Family(_anchor(piece.spot), label.format(code), piece.count, self._node(code, piece))

    def _node(self, code: str, piece: Piece) -> Node:
        """At most as deep as a piece is."""
        rest, spot = piece.rest.get(code, (0, piece.spot))
        return Node(
            entry=self.survey.entries[code],
            looped=code in self.forest.looped,
            children=tuple(self._node(child, piece) for child in piece.shown.get(code, ())),
            rest=rest,
            url=f"{self._link(spot)}#{_anchor(spot)}" if rest else "",
        )

    def _link(self, spot: Spot) -> str:
        number = self.places[spot]
        return "" if number == self.pager.number else self.pager.link(number)


def _anchor(spot: Spot) -> str:
    code, start = spot
    return f"family-{code}-{start}" if start else f"family-{code}"
