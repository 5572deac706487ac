"""A built site in a real Chromium: search and its keys, the theme's own machinery, reloading."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from cardgen.site.build import BuildResult, build_site
from cardgen.site.server import Server
from tests.site.samples import CARD, ENGINES, make_card, make_source
from tests.site.test_serve import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

QUERY = ".md-search__input"
RESULTS = ".md-search-result__item"
META = ".md-search-result__meta"
EVERY_PAGE = ("", "guide/", "cards/", "cards/qa-1/", "cards/qa-2/")


class Tab:
    """A tab that remembers what went wrong in it and where it asked."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.sought = ""
        page.on("console", lambda m: self.complaints.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith(("blob:", "data:")):  # made by the page itself
            self.hosts.add(urlsplit(url).netloc)

    def summon(self, key: str = "/") -> None:
        """Open the search box by a key, as soon as the page's scripts listen."""
        for _ in range(50):
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(100)
            if self._holds("document.activeElement.matches('.md-search__input')"):
                return
        raise AssertionError(f"'{key}' does not open the search")

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path, wait_until="load")
        return self.page

    def search(self, text: str) -> Page:
        self.sought = text
        self.page.locator(QUERY).fill("")
        self.until(f"document.querySelector('{META}').textContent.startsWith('Type')")
        self.page.locator(QUERY).fill(text)
        self.until(f"/\\d|No /.test(document.querySelector('{META}').textContent)")
        return self.page

    def until(self, script: str) -> None:
        """Wait for a script to be true; playwright's own way needs ``eval``, which is forbidden."""
        end = time.monotonic() + 15
        while not self._holds(script):
            assert time.monotonic() < end, script
            self.page.wait_for_timeout(20)

    def _holds(self, script: str) -> bool:
        try:
            return bool(self.page.evaluate(script))
        except Exception as error:
            if "navigation" in str(error):  # the page is just being replaced by the next
                return False
            raise


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What follows holds whichever engine built the site."""
    return str(request.param)


@pytest.fixture(scope="module")
def built(samples: Callable[[str], BuildResult], engine: str) -> BuildResult:
    return samples(engine)


@pytest.fixture(scope="module")
def address(built: BuildResult) -> Iterator[str]:
    with Server(built.output, port=0) as server:
        yield server.url


@pytest.fixture
def tab(chromium: Browser, address: str) -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    tab = Tab(context.new_page(), address)
    yield tab
    context.close()
    assert tab.complaints == []
    assert tab.hosts == {urlsplit(address).netloc}


def test_no_page_complains_or_asks_another_host(tab: Tab) -> None:
    for path in EVERY_PAGE:
        page = tab.open(path)
        tab.until("document.documentElement.classList.contains('js')")
        page.wait_for_timeout(150)


def test_search_finds_a_card_by_a_word_of_its_text(tab: Tab) -> None:
    page = tab.open("guide/")
    tab.summon("/")
    tab.search("pangolins")  # the page has the singular
    assert page.locator(META).inner_text() == "1 matching document"
    result = page.locator(RESULTS)
    assert "Digits with dropout" in result.inner_text()
    assert result.locator("mark").first.inner_text().startswith("pangolin")
    assert result.locator(".md-tag").all_inner_texts() == ["finished", "mlp", "dropout"]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/cards/qa-1/"))
    assert page.locator("h1").inner_text().startswith("Digits with dropout")
    assert page.locator("article mark").first.inner_text() == "pangolin"


def test_search_finds_other_pages_from_a_card(tab: Tab) -> None:
    page = tab.open("cards/qa-1/")
    tab.summon("s")
    tab.search("elephants")
    places = page.locator(f"{RESULTS} a")
    assert places.first.inner_text().startswith("Guide")
    assert "First part" in page.locator(RESULTS).inner_text()
    assert "¶" not in page.locator(RESULTS).inner_text()
    places.nth(1).click()
    page.wait_for_url(re.compile(r"/guide/\?h=elephants#first-part"))


def test_search_says_so_when_it_finds_nothing(tab: Tab) -> None:
    page = tab.open("")
    tab.summon("f")
    tab.search("qwertzuiop")
    assert page.locator(META).inner_text() == "No matching documents"
    assert page.locator(RESULTS).count() == 0


@pytest.mark.parametrize("start", ["guide/", "cards/qa-3/"])
def test_every_language_is_searched_from_every_page(tab: Tab, start: str) -> None:
    for text in ("żółw", "zolw", "językowe", "glebokie", "modelami"):
        page = tab.open(start)
        tab.summon()
        tab.search(text)
        page.locator(RESULTS).first.wait_for()
        assert "Żółw" in page.locator(RESULTS).first.inner_text(), text


def test_chinese_is_found_without_spaces(tab: Tab) -> None:
    for text in ("训练", "训练收敛", "dropout帮助", "结论"):
        page = tab.open("guide/")
        tab.summon()
        tab.search(text)
        page.locator(RESULTS).first.wait_for()
        found = page.locator(RESULTS, has_text="暂退法实验")
        assert found.locator("h2").inner_text() == "结论", text
        assert "模型训练收敛很快，dropout有帮助" in found.inner_text().replace(" ", "")
        found.locator("a").nth(1).click()
        page.wait_for_url(re.compile("/cards/qa-4/.*#%E7%BB%93%E8%AE%BA"))


def test_arrows_move_and_escape_closes(tab: Tab) -> None:
    page = tab.open("cards/qa-1/")
    tab.summon()
    tab.search("word2")
    page.locator(RESULTS).first.wait_for()
    focused = "document.activeElement.closest('.md-search-result__item') !== null"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused)
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.matches('.md-search__input')")
    page.keyboard.press("ArrowUp")  # round to the last one
    assert page.evaluate(focused)
    page.keyboard.type("x")  # whoever types on means the box
    assert page.locator(QUERY).input_value() == "word2x"
    page.keyboard.press("Escape")
    assert not page.locator("#__search").is_checked()
    assert page.evaluate("document.activeElement === document.body")


def test_keys_are_left_alone_where_one_writes(tab: Tab) -> None:
    page = tab.open("cards/qa-1/")
    page.evaluate("document.querySelector('article').prepend(document.createElement('input'))")
    page.locator("article input").focus()
    page.keyboard.type("fs/")
    assert page.locator("article input").input_value() == "fs/"
    assert not page.locator("#__search").is_checked()


def test_a_result_can_be_clicked_and_the_box_cleared(tab: Tab) -> None:
    page = tab.open("cards/qa-1/")
    page.locator(QUERY).click()
    tab.search("word2")
    page.locator(RESULTS).first.wait_for()
    page.locator("button[type=reset]").click()
    tab.until(f"document.querySelector('{META}').textContent === 'Type to start searching'")
    assert page.locator(RESULTS).count() == 0
    tab.search("word2")
    page.locator(f"{RESULTS} a").first.click()
    page.wait_for_url(re.compile("/cards/qa-2/"))


def test_a_search_can_be_linked_to(tab: Tab) -> None:
    page = tab.open("cards/qa-1/?q=marmosets")
    page.locator(RESULTS).first.wait_for()
    assert page.locator(QUERY).input_value() == "marmosets"
    assert page.locator("#__search").is_checked()


def test_many_results_come_as_one_scrolls(chromium: Browser, tmp_path: Path, engine: str) -> None:
    settings = make_source(tmp_path, engine=engine, index="# Hi\n")
    body = '<h1 id="top">Card</h1><p>All share an aardvark.</p>'
    cards = [make_card(number, body=body) for number in range(35)]
    output = build_site(cards, settings).output
    with Server(output, port=0) as server:
        page = chromium.new_page()
        tab = Tab(page, server.url)
        tab.open("")
        tab.summon()
        tab.search("aardvark")
        page.locator(RESULTS).first.wait_for()
        assert page.locator(META).inner_text() == "35 matching documents"
        assert page.locator(RESULTS).count() == 10
        scroller = page.locator(".md-search__scrollwrap")
        for wanted in (20, 30, 35):
            scroller.evaluate("box => box.scrollTo(0, box.scrollHeight)")
            tab.until(f"document.querySelectorAll('{RESULTS}').length === {wanted}")
        assert tab.complaints == []
        page.close()


def test_nothing_in_a_title_or_text_runs(chromium: Browser, tmp_path: Path, engine: str) -> None:
    evil = '<img src=x onerror="window.hit=1">'
    card = make_card(
        1,
        title=evil,
        description=evil,
        body="<h1 id='t'>&lt;img src=x onerror=\"window.hit=1\"&gt;</h1>"
        '<p>vicuna &lt;img src=x onerror="window.hit=1"&gt; &lt;script&gt;hit=1&lt;/script&gt;</p>',
        facets={"tag": (evil,)},
    )
    raw = make_card(2, body="<h1>x</h1><script>window.hit=1</script><img src=x onerror='hit=1'>")
    settings = make_source(tmp_path, engine=engine, index="# Hi\n")
    output = build_site([card, raw], settings).output
    with Server(output, port=0) as server:
        page = chromium.new_page()
        tab = Tab(page, server.url)
        tab.open("cards/qa-1/")
        tab.summon()
        tab.search("vicuna")
        page.locator(RESULTS).first.wait_for()
        page.wait_for_timeout(200)
        assert page.locator(f"{RESULTS} img").count() == 0
        assert page.evaluate("window.hit") is None
        assert tab.complaints == []
        tab.open("cards/qa-2/")  # the policy alone holds back what rendering would have to
        page.wait_for_timeout(200)
        assert page.evaluate("window.hit") is None
        page.close()


@pytest.mark.parametrize("path", ["guide/", "cards/qa-1/"])
def test_dark_mode_toggles_and_stays(tab: Tab, path: str) -> None:
    page = tab.open(path)
    scheme = "document.body.getAttribute('data-md-color-scheme')"
    seen = page.evaluate(scheme)
    page.locator("form[data-md-component=palette] label:not([hidden])").click()
    tab.until(f"{scheme} !== '{seen}'")
    other = page.evaluate(scheme)
    tab.open("cards/qa-2/")
    assert page.evaluate(scheme) == other
    tab.open("")
    assert page.evaluate(scheme) == other


def test_the_table_of_contents_follows_the_page(tab: Tab) -> None:
    page = tab.open("cards/qa-1/")
    side = page.locator(".md-sidebar--secondary .md-nav__link")
    assert side.all_inner_texts()[1:] == [
        "Results & figures",
        "Learning <curves>",
        "Table",
        "Commands",
    ]
    page.locator(".md-sidebar--secondary a[href='#curves']").click()
    tab.until("location.hash === '#curves'")
    page.locator(".md-sidebar--secondary .md-nav__link--active[href='#curves']").wait_for()


def test_code_can_be_copied(tab: Tab) -> None:
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = tab.open("cards/qa-1/")
    page.locator("pre").hover()
    page.locator(".md-code__button, .md-clipboard").first.click()
    tab.until("document.querySelector('.md-dialog--active') !== null")
    assert page.evaluate("navigator.clipboard.readText()") == "python train.py --dropout 0.25"


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_a_phone_has_nothing_to_scroll_sideways(tab: Tab, path: str) -> None:
    tab.page.set_viewport_size({"width": 390, "height": 800})
    page = tab.open(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_searches_and_finds_its_way(tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 390, "height": 800})
    page = tab.open("cards/qa-1/")
    page.locator("label.md-header__button[for=__search]").click()
    tab.until("document.activeElement.matches('.md-search__input')")
    tab.search("marmosets")
    page.locator(RESULTS).first.wait_for()
    tab.until("document.documentElement.scrollWidth <= 390")  # once the theme's circle has grown
    page.locator(".md-search__form label[for=__search]").click()
    tab.until("!document.querySelector('#__search').checked")
    page.locator("label.md-header__button[for=__drawer]").click()
    page.locator(".md-sidebar--primary label.md-nav__link[for=__toc]").click()
    page.locator(".md-sidebar--primary a[href='#results']").wait_for(state="visible")


def test_an_edit_reloads_its_page_and_keeps_the_place(chromium: Browser, tmp_path: Path) -> None:
    make_source(tmp_path, index="# Hello\n")
    (tmp_path / "texts").mkdir()
    for name in ("one", "two"):
        (tmp_path / "texts" / f"{name}.txt").write_text("first words\n")
    with serving(tmp_path) as running:
        page, other = chromium.new_page(), chromium.new_page()
        tab = Tab(page, running.url)
        tab.open("cards/one/")
        other.goto(running.url + "cards/two/")
        other.evaluate("window.still = 'the same'")
        (tmp_path / "texts" / "one.txt").write_text("second words\n")
        page.get_by_text("second words").wait_for()
        (tmp_path / "texts" / "one.txt").write_text("third words\n")
        page.get_by_text("third words").wait_for()
        assert other.evaluate("window.still") == "the same"
        (tmp_path / "site/docs/guide.md").write_text("# A new entry\n")
        other.locator(".md-nav__link", has_text="A new entry").first.wait_for()
        assert tab.complaints == []
        page.close()
        other.close()


def test_an_open_page_searches_what_was_edited_since(chromium: Browser, tmp_path: Path) -> None:
    make_source(tmp_path, index="# Hello\n")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "one.txt").write_text("alpaca\n")
    with serving(tmp_path) as running:
        page = chromium.new_page()
        tab = Tab(page, running.url)
        tab.open("")
        tab.summon()
        tab.search("alpaca")
        page.locator(RESULTS).first.wait_for()
        (tmp_path / "texts" / "one.txt").write_text("bonobo\n")
        end = time.monotonic() + 15
        while page.locator(META).inner_text() != "1 matching document" or tab.sought != "bonobo":
            assert time.monotonic() < end, "the new word was never found"
            page.keyboard.press("Escape")
            page.wait_for_timeout(100)
            page.keyboard.press("/")
            tab.search("bonobo")
        tab.search("alpaca")
        tab.until(f"document.querySelector('{RESULTS}') === null")
        assert tab.complaints == []
        page.close()


def test_the_page_for_what_is_missing_has_the_theme(
    chromium: Browser, tmp_path: Path, engine: str
) -> None:
    config = "site_name: x\nsite_url: https://team.example/runs/\n"
    settings = make_source(tmp_path, config, engine=engine, index="# Hi\n")
    output = build_site([CARD], settings).output
    with Server(output, port=0, mount="/runs/") as server:
        page = chromium.new_page()
        tab = Tab(page, server.url)
        tab.open("cards/nowhere/at/all/")
        assert len(tab.complaints) == 1  # the 404 itself
        tab.summon()
        tab.search("pangolin")
        page.locator(f"{RESULTS} a").first.click()
        page.wait_for_url(re.compile("/runs/cards/qa-1/"))
        page.close()
