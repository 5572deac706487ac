"""Cards for tests of rendering: from text and evidence to facts, and HTML taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

from cardgen.config import Config, Settings, parse_settings
from cardgen.documents import parse_card
from cardgen.evidence import parse_evidence
from cardgen.facts import Facts
from cardgen.models import Evidence, Run
from cardgen.resolve import resolve
from cardgen.site.context import RenderContext
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path("/project")


def make_facts(
    text: str,
    runs: Iterable[Run] = (),
    *,
    code: str = "qa-1",
    root: Path = ROOT,
    settings: Settings | None = None,
) -> Facts:
    """The facts of a card's text and its runs."""
    path = root / "experiments" / code / "card.md"
    label = f"experiments/{code}/card.md"
    card = parse_card(text, path, code, label)
    runs = tuple(runs)
    if runs:
        card = replace(card, evidence=Evidence(code=code, runs=runs))
    return resolve(card, settings or Settings(), label)


def load_case(folder: Path) -> tuple[Facts, Settings]:
    """A case of ``golden/``: a card, perhaps its evidence, perhaps a project's settings."""
    own = folder / "cardgen.yaml"
    settings = parse_settings(own.read_text(encoding="utf-8")) if own.exists() else Settings()
    path = folder / "card.md"
    card = parse_card(path.read_text(encoding="utf-8"), path, folder.name, f"{folder.name}/card.md")
    evidence = folder / "evidence.json"
    if evidence.exists():
        card = replace(card, evidence=parse_evidence(evidence.read_text(encoding="utf-8")))
    return resolve(card, settings, f"{folder.name}/card.md"), settings


def make_context(
    prose: ProseRenderer,
    *facts: Facts,
    settings: Settings | None = None,
    root: Path = ROOT,
) -> RenderContext:
    """A context that knows these cards."""
    config = Config(root=root, settings=settings or Settings())
    return RenderContext(config, prose, {one.code: one for one in facts})


def render(prose: ProseRenderer, text: str, runs: Iterable[Run] = (), *others: Facts) -> Element:
    """A card's page, taken apart."""
    facts = make_facts(text, runs)
    return parse(render_card(facts, make_context(prose, facts, *others)).body)


@dataclass
class Element:
    """An element of parsed HTML; ``text`` is all text within it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    pieces: list[str | Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(self._read().split())

    def _read(self) -> str:
        if self.tag == "wbr":
            return ""
        return "".join(p if isinstance(p, str) else _apart(p) for p in self.pieces)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", kind: str = "") -> list[Element]:
        """Elements below, in order, of a tag and a class."""
        found = []
        for child in self.children:
            if tag in ("", child.tag) and (not kind or kind in child.classes):
                found.append(child)
            found += child.all(tag, kind)
        return found

    def one(self, tag: str = "", kind: str = "") -> Element:
        found = self.all(tag, kind)
        assert len(found) == 1, (tag, kind, [element.text for element in found])
        return found[0]

    def part(self, anchor: str) -> Element:
        """What stands under the heading of level 2 with that anchor, as one element."""
        inside, part = False, Element("part", {})
        for piece in self.pieces:
            if isinstance(piece, Element) and piece.tag == "h2":
                inside = piece.attributes.get("id") == anchor
            elif inside:
                part.pieces.append(piece)
                part.children += [piece] if isinstance(piece, Element) else []
        return part


def _apart(element: Element) -> str:
    """An element's text; what the style sheet sets apart is apart."""
    text = element._read()
    return text if element.tag in ("wbr", "em", "strong", "a", "code") else f" {text} "


VOID = frozenset("br col hr img input wbr".split())  # noqa: SIM905


class Parser(HTMLParser):
    """Builds Elements and insists on well-nested tags; SVG's empty elements may close at once."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        self.open[-1].pieces.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, (tag, self.open[-1])
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].pieces.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")


def parse(html: str) -> Element:
    """HTML taken apart; fails where tags do not nest."""
    parser = Parser()
    parser.feed(html)
    parser.close()
    assert parser.open == [parser.root], [element.tag for element in parser.open]
    return parser.root


# Everything that the pages are made of; all else would be a leak.
_TAGS = """
a abbr b blockquote br caption circle cite code col colgroup dd del desc details dfn div dl dt em
figcaption figure g h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark nav ol p path pre q s
samp small span strong sub summary sup svg table tbody td text tfoot th thead time title tr u ul var
wbr
"""
TAGS = frozenset(_TAGS.split())
_ATTRIBUTES = """
align alt aria-current aria-hidden aria-label checked class colspan cx cy d data-cg-card
data-cg-curves data-cg-pick data-cg-table data-cg-words data-code data-metric data-origin
data-pagefind-ignore data-status data-tabs data-value datetime dir disabled download fill font-size
for height href id lang name open r rel role rowspan scope src start stroke tabindex text-anchor
title type value viewbox width x xmlns y
"""
ATTRIBUTES = frozenset(_ATTRIBUTES.split())


def assert_inert(html: str) -> None:
    """Nothing in the HTML can run, load from elsewhere, or take the place of the theme's own."""
    for element in parse(html).all():
        assert element.tag in TAGS, element.tag
        assert set(element.attributes) <= ATTRIBUTES, (element.tag, element.attributes)
        for name, value in element.attributes.items():
            _check_attribute(element.tag, name, value)


def _check_attribute(tag: str, name: str, value: str) -> None:
    start = value.strip().lower()
    if name == "href":
        first = start.partition("/")[0].partition("#")[0]
        scheme = first.partition(":")[0] if ":" in first else ""
        assert scheme in ("", "http", "https", "mailto"), value
    elif name == "src":
        assert tag == "img"
        assert not start.startswith(("http:", "https:", "//")), value
        assert ":" not in start or start.startswith("data:image/svg+xml;base64,"), value
    elif name in ("id", "name", "for"):
        assert not start.startswith("__"), value
    elif name == "type":
        assert tag in ("input", "ol")
        assert tag == "ol" or value in ("radio", "checkbox")
