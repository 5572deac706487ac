"""Digests in a real Chromium: reading, filtering, and what a phone and a keyboard make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from cardgen.config import load_config
from cardgen.resolve import resolve
from cardgen.site.build import fill_site, open_site
from cardgen.site.context import RenderContext
from cardgen.site.digests import render_digests
from cardgen.site.index import Entry, make_entries
from cardgen.site.render import render_card
from cardgen.site.server import Server
from cardgen.store import find_cards, load_card
from tests.site.samples import make_source
from tests.site.test_browser_shell import Tab
from tests.site.test_digests import ROOT, make_entry

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGES = (
    "conclusions/", "problems/", "models/", "data/", "tags/", "tree/", "timeline/",
    "data/digits-eval/", "tags/mlp/", "conclusions/2/",
)  # fmt: skip
STORIES = "document.querySelectorAll('.cg-story').length"


def make_many() -> list[Entry]:
    """Old cards by the hundred, so that digests have further pages; one has a rare problem."""
    return [
        make_entry(
            f"old-{n}",
            title=f"Old {n}",
            date=f"2019-{1 + n % 12:02}-01",
            tags=("old", f"part-{n % 3}"),
            conclusions="Nothing new.",
            troubled=True,
        )
        for n in range(240)
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site of this project's own cards and many old ones."""
    config = load_config(ROOT)
    cards = [load_card(config, path) for path in find_cards(config)]
    facts = {c.code: resolve(c, config.settings, config.label(c.path)) for c in cards}
    built = open_site(make_source(tmp_path_factory.mktemp("digests"), index="# Home"))
    context = RenderContext.make(config, facts, built.shell.extensions)
    pages = [render_card(one, context) for one in facts.values()]
    excerpts = {code: page.excerpts for code, page in zip(facts, pages, strict=True)}
    for entry in make_many():
        rare = '<a href="cardgen-root:/cards/digits-1/">okapi</a> ' if entry.code == "old-7" else ""
        excerpts[entry.code] = {
            "conclusions": "<p>Nothing new.</p>",
            "problems": f"<p>{rare}The fan was loud.</p>\f<p>Żółw.</p>",
        }
    entries = [*make_entries(tuple(facts.values()), context), *make_many()]
    entries[0] = replace(entries[0], title="A title <img src=x onerror=window.ran=1>")
    result = fill_site(built, [*pages, *render_digests(entries, excerpts, context)])
    context.prose.close()
    with Server(result.output, port=0) as server:
        yield server.url


@pytest.fixture
def tab(chromium: Browser, site: str) -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    tab = Tab(context.new_page(), site)
    yield tab
    context.close()
    assert tab.complaints == []
    assert tab.hosts == {urlsplit(site).netloc}


def open_filter(tab: Tab, path: str) -> Page:
    page = tab.open(path)
    tab.until("document.querySelector('.cg-filter input') !== null")
    return page


def test_words_filter_and_stand_in_the_address(tab: Tab) -> None:
    page = open_filter(tab, "problems/")
    page.get_by_label("Filter by words").fill("CRASH array")
    tab.until(f"{STORIES} === 1 && !document.body.innerText.includes('Searching')")
    assert page.locator(".cg-learnt:visible").count() == 1  # the other problem of the card is away
    assert "digits-7" in page.locator(".cg-story").inner_text()
    assert page.url.endswith("?words=CRASH+array")
    page.reload()
    tab.until(f"{STORIES} === 1")
    page.get_by_role("button", name="Clear filters").click()
    tab.until(f"{STORIES} === 100")
    assert page.url.endswith("/problems/")
    assert page.locator(".cg-learnt:visible").count() > 100


def test_what_stands_on_further_pages_is_found(tab: Tab) -> None:
    page = open_filter(tab, "problems/?words=okapi")
    tab.until(f"{STORIES} === 1")
    link = page.get_by_role("link", name="okapi")
    assert link.evaluate("link => link.href") == f"{tab.url}cards/digits-1/"
    assert page.locator("[data-cg-pager]").is_hidden()
    page = open_filter(tab, "problems/3/?words=okapi")
    tab.until(f"{STORIES} === 1")
    assert page.locator(".cg-story h2 a").evaluate("a => a.href") == f"{tab.url}cards/old-7/"


def test_signs_of_any_language_are_folded(tab: Tab) -> None:
    page = open_filter(tab, "problems/?words=zolw")
    tab.until("document.querySelector('.cg-filter-said').textContent === '240 of 246'")
    assert page.locator(".cg-story").count() == 100
    page.get_by_role("button", name="Show more").click()
    tab.until(f"{STORIES} === 200")


def test_facets_offer_the_values_of_all_pages(tab: Tab) -> None:
    page = open_filter(tab, "conclusions/")
    page.get_by_label("Tags").focus()
    tab.until("[...document.querySelectorAll('option')].some(o => o.text === 'part-2 (80)')")
    page.get_by_label("Tags").select_option("mlp")
    tab.until(f"{STORIES} === 4 && !document.body.innerText.includes('Searching')")
    assert page.url.endswith("?tag=mlp")
    page.get_by_label("Status").select_option("failed")
    tab.until(f"{STORIES} === 1")
    page = open_filter(tab, "conclusions/?year=2019&tag=part-1")
    tab.until("document.querySelector('.cg-filter-said').textContent === '80 of 248'")


def test_where_pages_cannot_be_read_it_says_so(tab: Tab) -> None:
    tab.page.route("**/problems/2/", lambda route: route.fulfill(status=503, body=""))
    open_filter(tab, "problems/?words=loud")
    tab.until("document.body.innerText.includes('Only this page was searched')")
    tab.complaints = [line for line in tab.complaints if "503" not in line]


def test_names_are_filtered_too(tab: Tab) -> None:
    page = open_filter(tab, "tags/")
    page.get_by_label("Filter by words").fill("mlp")
    tab.until("document.querySelectorAll('tbody tr').length === 1")
    assert page.locator("tbody th a").inner_text() == "mlp"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways_or_runs_anything(
    chromium: Browser, site: str, path: str, width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 844})
    tab = Tab(context.new_page(), site)
    page = tab.open(path)
    page.wait_for_timeout(150)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.ran") is None
    assert page.locator("nav.cg-tabs a").count() == 8
    assert tab.complaints == []
    context.close()


def test_without_scripts_everything_is_there(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}conclusions/")
    assert page.locator(".cg-story").count() == 100
    page.get_by_role("link", name="Next page").click()
    assert page.url == f"{site}conclusions/2/"
    page.get_by_role("link", name="Family tree").click()
    assert "digits-5" in page.locator("article").inner_text()
    context.close()


def test_the_best_card_of_a_data_set_is_two_steps_away_by_keyboard(tab: Tab) -> None:
    page = tab.open("tree/")
    page.get_by_role("link", name="Data sets").focus()
    page.keyboard.press("Enter")
    tab.until("location.pathname.endsWith('/data/')")
    page.get_by_role("link", name="digits-eval").focus()
    page.keyboard.press("Enter")
    tab.until("location.pathname.endsWith('/data/digits-eval/')")
    winner = page.locator(".cg-winner")
    box = winner.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 900
    assert "digits-5" in winner.inner_text()
    assert "0.9805" in winner.inner_text()
