"""Stamping into the real theme's sentinel."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardgen.errors import SiteError
from cardgen.site.build import BuildResult
from cardgen.site.page import Heading, Page
from cardgen.site.shell import MARKS, Shell, load_shell
from cardgen.site.stamp import Stamper, make_stamper, stamp
from cardgen.site.theme import load_assets
from tests.site.samples import CARD, CONTENTS, ENGINES


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What follows holds whichever engine built the site."""
    return str(request.param)


@pytest.fixture(scope="module")
def built(samples: Callable[[str], BuildResult], engine: str) -> BuildResult:
    return samples(engine)


@pytest.fixture(scope="module")
def shell(built: BuildResult) -> Shell:
    return load_shell(built.site.settings)


@pytest.fixture(scope="module")
def stamper(shell: Shell) -> Stamper:
    return make_stamper(shell)


class Reader(HTMLParser):
    """Addresses, and the nested lists of the tables of contents, of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tables: list[list[tuple[int, str]]] = []
        self._lists = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get("href") or given.get("src")
        if address:
            self.addresses.append(address)
        if given.get("data-md-component") == "toc":
            self.tables.append([])
            self._lists = 0
        self._lists += tag == "ul"
        if self.tables and given.get("class") == "md-nav__link" and self._lists:
            self.tables[-1].append((self._lists, address or ""))

    def handle_endtag(self, tag: str) -> None:
        self._lists -= tag == "ul"


def test_no_mark_and_no_cut_is_left(stamper: Stamper) -> None:
    html = stamp(stamper, CARD)
    assert "\0" not in html
    for mark in MARKS.values():
        assert mark not in html


def test_title_description_and_language(stamper: Stamper) -> None:
    page = replace(CARD, title='A <b> & "c"', description='say "no" <x>', language="pl")
    html = stamp(stamper, page)
    assert '<html lang="pl" class="no-js">' in html
    assert "<title>A &lt;b&gt; &amp; &quot;c&quot; - " in html
    assert '<meta name="description" content="say &quot;no&quot; &lt;x&gt;">' in html
    assert "<b>" not in html.split("<article")[0]


@pytest.mark.parametrize("path", ["", "cards/", "cards/qa-1/", "a/b/c/d/"])
def test_every_address_leads_to_the_same_place_at_any_depth(stamper: Stamper, path: str) -> None:
    reader = Reader(stamp(stamper, replace(CARD, path=path)))
    own = [a for a in reader.addresses if not a.startswith(("#", "http"))]
    reached = {urljoin(f"https://a.example/{path}", a).split("?")[0] for a in own}
    assert "https://a.example/" in reached
    assert "https://a.example/cards/" in reached
    assert "https://a.example/guide/" in reached
    assert f"https://a.example/{next(iter(load_assets()))}" in reached
    assert any(a.startswith("https://a.example/assets/javascripts/bundle.") for a in reached)
    known = tuple(f"https://a.example/{at}" for at in ("assets/", "cards/", "guide/", "feed.xml"))
    assert all(a == "https://a.example/" or a.startswith(known) for a in reached)


@pytest.mark.parametrize(
    ("path", "base"),
    [("", "."), ("cards/", ".."), ("cards/qa-1/", "../.."), ("a/b/c/", "../../..")],
)
def test_the_themes_scripts_know_the_depth(stamper: Stamper, path: str, base: str) -> None:
    html = stamp(stamper, replace(CARD, path=path))
    assert f'new URL("{base}",location)' in html
    assert re.search(f'"base": ?"{re.escape(base)}"', html)


def test_contents_stand_in_both_sidebars_nested_by_level(stamper: Stamper) -> None:
    tables = Reader(stamp(stamper, CARD)).tables
    assert len(tables) == 2
    for table in tables:
        anchors = [anchor for _, anchor in table if anchor.startswith("#")]
        assert anchors == ["#goal", "#results", "#curves", "#table", "#commands"]
        level = {anchor: depth for depth, anchor in table}
        assert level["#goal"] == level["#results"] == level["#commands"]
        assert level["#curves"] == level["#table"] == level["#goal"] + 1


def test_contents_are_text(stamper: Stamper) -> None:
    html = stamp(stamper, CARD)
    assert "Learning &lt;curves&gt;" in html.split("<article")[0]
    assert "<curves>" not in html


def test_a_page_without_headings_has_no_table_and_no_skip_link(stamper: Stamper) -> None:
    html = stamp(stamper, replace(CARD, contents=()))
    assert 'data-md-component="toc"' not in html
    assert 'for="__toc"' not in html
    assert "md-skip" not in html
    assert 'data-md-component="sidebar"' in html


def test_the_skip_link_leads_to_the_first_heading(stamper: Stamper) -> None:
    assert '<a href="#top" class="md-skip">' in stamp(stamper, CARD)


def test_the_cards_entry_is_the_active_one(stamper: Stamper) -> None:
    html = stamp(stamper, CARD)
    active = re.findall(r'<a href="([^"]*)" class="md-nav__link md-nav__link--active">', html)
    assert active == ["../../cards/"]


def test_the_body_stands_in_the_article_that_search_reads(stamper: Stamper) -> None:
    html = stamp(stamper, CARD)
    article = html[html.index("<article") : html.index("</article>")]
    assert article.startswith('<article class="md-content__inner md-typeset" data-pagefind-body')
    assert CARD.body in article


def test_facets_and_title_are_what_search_is_told(stamper: Stamper) -> None:
    html = stamp(stamper, replace(CARD, facets={"tag": ('a"b', "c")}))
    assert '<meta data-pagefind-filter="tag[content]" content="a&quot;b">' in html
    assert '<meta data-pagefind-filter="tag[content]" content="c">' in html
    assert '<meta data-pagefind-meta="title[content]" content="Digits with dropout">' in html


def test_no_canonical_link_without_a_published_address(stamper: Stamper) -> None:
    assert "canonical" not in stamp(stamper, CARD)


def test_a_theme_without_a_place_for_the_body_is_an_error(shell: Shell) -> None:
    broken = replace(shell, sentinel=shell.sentinel.replace(MARKS["body"], ""))
    with pytest.raises(SiteError, match="no place for a card's body"):
        make_stamper(broken)


def test_a_theme_with_another_table_of_contents_is_an_error(shell: Shell) -> None:
    broken = replace(shell, sentinel=shell.sentinel.replace(MARKS["child"], ""))
    with pytest.raises(SiteError, match="table of contents"):
        make_stamper(broken)


headings = st.lists(
    st.builds(
        Heading,
        level=st.integers(1, 6),
        anchor=st.text(max_size=8),
        text=st.text(max_size=12),
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(title=st.text(), description=st.text(), contents=headings, tag=st.text())
def test_text_never_becomes_markup(
    stamper: Stamper, title: str, description: str, contents: list[Heading], tag: str
) -> None:
    page = Page("x/", title, description, "<h1></h1>", tuple(contents), {"tag": (tag,)})
    plain = Page(
        "x/",
        "",
        "",
        "<h1></h1>",
        tuple(Heading(h.level, "a", "") for h in contents),
        {"tag": ("",)},
    )
    count = re.compile(r"<[a-zA-Z/!]")
    assert len(count.findall(stamp(stamper, page))) == len(count.findall(stamp(stamper, plain)))


def test_every_heading_is_listed_once_in_each_table(stamper: Stamper) -> None:
    deep = (Heading(4, "a", "A"), Heading(2, "b", "B"), Heading(6, "c", "C"), Heading(3, "d", "D"))
    for table in Reader(stamp(stamper, replace(CARD, contents=deep))).tables:
        assert [a for _, a in table if a.startswith("#")] == ["#a", "#b", "#c", "#d"]


def test_stamping_leaves_the_page_and_the_shell_alone(stamper: Stamper) -> None:
    assert stamp(stamper, CARD) == stamp(stamper, CARD)
    assert CARD.contents == CONTENTS
