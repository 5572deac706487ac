"""Search in a real Chromium over real indexes: five languages at once, facets, previews, keys.

The project is built twice: with Pagefind that tells Chinese words apart, where it is installed,
and with the one that does not.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from cardgen.config import load_config
from cardgen.site import search
from cardgen.site.assembly import build_project
from cardgen.site.search import Indexer
from cardgen.site.server import Server
from tests.site.test_browser_shell import META, QUERY, RESULTS, Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHIP = ".cg-facet-chip"
EVIL = (
    "<img src=x onerror=window.hit=1>",
    "<svg/onload=window.hit=1>",
    '"><script>window.hit=1</script>',
    "'-window.hit=1-'",
    "javascript:window.hit=1",
    "&lt;img src=x onerror=window.hit=1&gt;",
    "</title><script>window.hit=1</script>",
    "{{constructor.constructor('window.hit=1')()}}",
)

ENGLISH = """## Goal

Does dropout help plT5 on PolQA? The naïve baseline overfitted badly.

## Conclusions

Dropout of a quarter helps by two points; the aardvark agrees.
"""
POLISH = """## Cel eksperymentu

Czy modele językowe uczą się szybciej na danych, które są oczyszczone? Źródłem jest korpus żółwi,
a położenie akapitu nie jest ważne.

## Wnioski

Trenowanie się udało, dropout nie jest potrzebny. Błędy oznaczania łatwo poprawić.
"""
FRENCH = """## Objectif

Le taux d’apprentissage est-il trop élevé pour les modèles qui sont entraînés à l’école ?

## Conclusions

L’optimisation est stable et les données sont propres. Aujourd’hui, dropout ne sert pas.
"""
RUSSIAN = """## Цель

Помогает ли предобучение языковых моделей на новых корпусах?

## Выводы

Точность моделей растёт, переобучения нет. Dropout не помог.
"""
CHINESE = """## 目标

提高学习率是否能加快模型训练？

## 结论

模型训练收敛很快，dropout 有帮助，但学习率太高。
"""
CARDS = {
    "en-1": (ENGLISH, "status: finished\ndate: 2024-03-01\ntags: [polqa, plt5]\nmodel: plt5-base\n"
             "authors: [Ada]\ndata: [polqa]\nresults: [{step: 10, eval/f1: 0.75}]\n"
             "params: {optimizer: adafactor_custom, lr: 0.0001}\n"),
    "en-2": (ENGLISH.replace("aardvark", "wombat"), "status: failed\ndate: 2025-03-01\n"
             "tags: [polqa]\nmodel: mt5-small\nauthors: [Ada, Ben]\ndata: [polqa]\n"),
    "pl-1": (POLISH, "status: finished\ndate: 2025-05-01\ntags: [plt5]\nauthors: [Łucja]\n"),
    "fr-1": (FRENCH, "status: finished\ndate: 2025-06-01\ntags: [camembert]\n"),
    "ru-1": (RUSSIAN, "status: running\ndate: 2026-01-01\ntags: [rubert]\n"),
    "zh-1": (CHINESE, "status: finished\ndate: 2026-02-01\ntags: [bert-chinese]\n"),
}  # fmt: skip
TITLES = {"en-1": "Dropout on PolQA", "en-2": "Dropout again", "pl-1": "Żółw i modele",
          "fr-1": "Taux d’apprentissage", "ru-1": "Предобучение", "zh-1": "学习率实验"}  # fmt: skip


def write_card(root: Path, code: str, head: str, body: str) -> None:
    folder = root / "experiments" / code
    folder.mkdir(parents=True)
    text = f"---\ncode: {code}\n{head}---\n\n{body}"
    (folder / "card.md").write_text(text, encoding="utf-8")


def make_source(root: Path) -> None:
    """Cards in five languages, one that is hostile, and many with the same word."""
    (root / "cardgen.yaml").write_text("title: Lab\nmetric: eval/f1\n", encoding="utf-8")
    docs = root / "site" / "docs"
    docs.mkdir(parents=True)
    (docs / "index.md").write_text("# Lab\n\nWelcome.\n", encoding="utf-8")
    for code, (body, head) in CARDS.items():
        write_card(root, code, f"title: {TITLES[code]}\n{head}", body)
    tags = "".join(f"  - {quote(evil)}\n" for evil in EVIL)
    evil = "".join(f"{text}\n\n" for text in EVIL)
    write_card(
        root, "evil-1",
        f"title: {quote(EVIL[0] + EVIL[2])}\nstatus: finished\ntags:\n{tags}"
        f"model: {quote(EVIL[1])}\nauthors: [{quote(EVIL[2])}]\ndata: [{quote(EVIL[3])}]\n",
        f"## Goal\n\nvicuna\n\n{evil}\n## Conclusions\n\nvicuna {EVIL[0]} {EVIL[5]}\n",
    )  # fmt: skip
    write_card(root, "evil-2", "title: Quiet\nstatus: failed\n", "## Goal\n\nvicuna again\n")
    for number in range(14):
        head = f"title: Many {number}\nstatus: planned\ntags: [many, tag-{number:02d}]\n"
        write_card(root, f"many-{number}", head, "## Goal\n\nThe capybara is in all of these.\n")


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@cache
def find_plain() -> Indexer:
    return search._describe_package("pagefind_bin", segments=False)


ONCE = pytest.mark.parametrize("lab", ["segmented"], indirect=True)
"""For what is the same with either Pagefind."""


@pytest.fixture(scope="module", params=["segmented", "split"])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built project; with ``segmented`` where that Pagefind is installed."""
    if request.param == "segmented":
        pytest.importorskip("pagefind_bin_extended", reason="pagefind[extended] is not installed")
    root = tmp_path_factory.mktemp(request.param)
    make_source(root)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "split":
            patch.setattr(search, "find_indexer", find_plain)
        built = build_project(load_config(root))
    assert not built.problems
    return root


@pytest.fixture
def tab(chromium: Browser, lab: Path) -> Iterator[Tab]:
    with Server(lab / "_site", port=0) as server:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        tab = Tab(context.new_page(), server.url)
        yield tab
        context.close()
    assert tab.complaints == []
    assert tab.hosts <= {urlsplit(server.url).netloc, ""}


def seek(tab: Tab, text: str, start: str = "cards/en-1/") -> Page:
    """Search from a page, by keys; returns once results stand there."""
    page = tab.open(start)
    page.keyboard.press("/")
    tab.search(text)
    return page


def titles(page: Page) -> list[str]:
    page.locator(RESULTS).first.wait_for()
    return page.locator(f"{RESULTS} h1").all_inner_texts()


def codes(page: Page) -> list[str]:
    return [title.partition(" ")[0] for title in titles(page)]


WORDS = {
    "en-1": ["naive", "overfitting", "aardvarks", "adafactor_custom", "plt5-base"],
    "pl-1": [
        "zolw", "żółw", "językowymi", "zrodlo", "model jezykowy", "polozenie", "latwo", "bledy",
    ],
    "fr-1": [
        "apprentissage", "d’apprentissage", "d'apprentissage", "ecole", "modele entraîné",
        "aujourd’hui", "optimisations",
    ],
    "ru-1": ["модель", "корпус", "переобучение"],
    "zh-1": ["模型", "训练", "学习率", "收敛", "模型训练", "学习率太高", "加快模型训练"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("lab", "code"),
    [*(("split", code) for code in WORDS), ("segmented", "pl-1"), ("segmented", "zh-1")],
    indirect=["lab"],
)
def test_words_are_found_in_the_language_of_the_card(tab: Tab, code: str) -> None:
    for text in WORDS[code]:
        assert code in codes(seek(tab, text)), text


def test_all_languages_are_searched_at_once_and_none_drowns(tab: Tab) -> None:
    found = codes(seek(tab, "dropout"))
    assert set(found) == {"en-1", "en-2", "pl-1", "fr-1", "ru-1", "zh-1"}
    assert set(found[:2]) == {"en-1", "en-2"}  # they have it in their titles


@pytest.mark.parametrize(
    ("text", "code"), [("aardvark", "en-1"), ("apprentissage", "fr-1"), ("ucza", "pl-1")]
)
def test_a_language_that_lacks_a_word_adds_nothing(tab: Tab, text: str, code: str) -> None:
    assert codes(seek(tab, text)) == [code]


@ONCE
def test_the_page_stays_in_the_language_of_the_site(tab: Tab) -> None:
    page = tab.open("cards/pl-1/")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_words_found_are_marked_on_the_page(tab: Tab) -> None:
    page = seek(tab, "apprentissage")
    page.locator(RESULTS).first.wait_for()
    page.keyboard.press("Enter")
    tab.until("location.pathname.endsWith('/cards/fr-1/')")
    tab.until("document.querySelector('article mark') !== null")
    assert "apprentissage" in page.locator("article mark").first.inner_text()


@ONCE
def test_a_result_shows_status_value_and_date(tab: Tab) -> None:
    page = seek(tab, "aardvark")
    page.locator(RESULTS).first.wait_for()
    text = page.locator(RESULTS).inner_text()
    for part in ("Finished", "eval/f1 0.75", "Mar 1, 2024", "plt5-base", "polqa"):
        assert part.lower() in text.lower(), part
    assert page.locator(f"{RESULTS} mark", has_text="aardvark").count() == 1


@ONCE
def test_the_preview_shows_what_was_asked_and_learnt(tab: Tab) -> None:
    page = seek(tab, "dropout")
    preview = page.locator(".cg-preview")
    preview.wait_for()
    assert "Does dropout help plT5 on PolQA?" in preview.inner_text()
    assert "Dropout of a quarter helps by two points" in preview.inner_text()
    assert "Results" not in preview.inner_text()
    page.keyboard.press("ArrowDown")
    first = preview.locator(".cg-preview-title").inner_text()
    last = page.locator(f"{RESULTS} a").last
    last.focus()
    assert preview.locator(".cg-preview-title").inner_text() != first


def test_the_preview_reads_chinese_without_gaps(tab: Tab) -> None:
    page = seek(tab, "学习率")
    preview = page.locator(".cg-preview")
    preview.wait_for()
    assert "模型训练收敛很快，dropout有帮助，但学习率太高。" in preview.inner_text().replace(
        " ", ""
    )


def chips(page: Page) -> dict[str, str]:
    """The chips that stand there: value to count."""
    names = page.locator(".cg-facet-value").all_inner_texts()
    counts = page.locator(".cg-facet-count").all_inner_texts()
    return dict(zip(names, counts, strict=True))


def test_facets_count_over_all_languages_and_narrow(tab: Tab) -> None:
    page = seek(tab, "dropout")
    page.locator(CHIP).first.wait_for()
    found = chips(page)
    assert found["finished"] == "4"
    assert (found["failed"], found["running"]) == ("1", "1")
    assert (found["2025"], found["plt5"], found["polqa"]) == ("3", "2", "2")
    assert (found["Ada"], found["Ben"], found["Łucja"]) == ("2", "1", "1")
    page.locator(CHIP, has_text="plt5").first.click()
    tab.until(f"document.querySelector('{META}').textContent.startsWith('2 ')")
    assert set(codes(page)) == {"en-1", "pl-1"}
    page.locator(CHIP, has_text="2024").click()
    tab.until(f"document.querySelector('{META}').textContent.startsWith('1 ')")
    assert codes(page) == ["en-1"]
    page.locator(f"{CHIP}[aria-pressed=true]", has_text="2024").click()
    tab.until(f"document.querySelector('{META}').textContent.startsWith('2 ')")


@ONCE
def test_a_narrowed_search_can_be_sent(tab: Tab) -> None:
    page = seek(tab, "dropout")
    page.locator(CHIP, has_text="plt5").first.click()
    tab.until("location.search.includes('in=')")
    sent = page.url
    assert parse_qs(urlsplit(sent).query) == {"q": ["dropout"], "in": ["tag:plt5"]}
    other = Tab(page.context.new_page(), tab.url)
    other.page.goto(sent)
    other.until(f"document.querySelectorAll('{RESULTS}').length === 2")
    assert other.page.locator(QUERY).input_value() == "dropout"
    assert set(codes(other.page)) == {"en-1", "pl-1"}
    assert other.complaints == []
    other.page.keyboard.press("Escape")
    other.until("location.search === ''")


@ONCE
def test_choices_alone_are_a_search(tab: Tab) -> None:
    page = tab.open("?in=status:failed")
    tab.until(f"document.querySelectorAll('{RESULTS}').length === 2")
    assert set(codes(page)) == {"en-2", "evil-2"}


@ONCE
def test_nobody_needs_a_mouse(tab: Tab) -> None:
    page = seek(tab, "dropout", "")
    page.locator(CHIP).first.wait_for()
    focused = "document.activeElement.textContent"
    for _ in range(6):  # past the buttons of the field and the fold
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.cg-facet-chip')"):
            break
    first = page.evaluate(focused)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) != first
    page.keyboard.press("Home")
    assert page.evaluate(focused) == first
    page.keyboard.press("Enter")  # narrows, and the focus stays on the chip
    tab.until(f"document.querySelector('{CHIP}[aria-pressed=true]') !== null")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.md-search-result__link')")
    page.keyboard.press("Enter")
    tab.until("document.querySelector('article mark') !== null")
    page.go_back()
    tab.until(f"document.querySelectorAll('{RESULTS}').length > 0")  # as it was left
    assert page.locator(f"{CHIP}[aria-pressed=true]").count() == 1


@ONCE
def test_tab_behind_the_last_result_leaves_the_box(tab: Tab) -> None:
    page = seek(tab, "wombat")
    page.locator(RESULTS).first.wait_for()
    for _ in range(30):
        page.keyboard.press("Tab")
        if not page.locator("#__search").is_checked():
            break
    assert not page.locator("#__search").is_checked()


@ONCE
def test_a_reader_of_screens_is_told(tab: Tab) -> None:
    page = seek(tab, "dropout")
    page.locator(CHIP).first.wait_for()
    meta = page.locator(META)
    assert (meta.get_attribute("aria-live"), meta.get_attribute("role")) == ("polite", "status")
    assert page.locator(".cg-facets").get_attribute("role") == "toolbar"
    assert page.get_by_role("group", name="Status").count() == 1
    page.get_by_role("button", name="failed").click()
    page.get_by_role("button", name="Remove Status: failed").wait_for()


@ONCE
def test_long_facets_are_folded(tab: Tab) -> None:
    page = seek(tab, "capybara")
    page.locator(CHIP).first.wait_for()
    tags = page.get_by_role("group", name="Tag")
    assert tags.locator(CHIP).count() == 5
    tags.locator(".cg-facet-more").click()
    assert tags.locator(CHIP).count() == 14
    assert tags.locator(".cg-facet-more").get_attribute("aria-expanded") == "true"


@ONCE
def test_nothing_hostile_runs_in_search(tab: Tab) -> None:
    for text in ("vicuna", "onerror", "img", "script", *EVIL):
        page = seek(tab, text, "")
        if text == "vicuna":
            page.locator(CHIP).first.wait_for()
            page.locator(".cg-preview-title").wait_for()
            assert "vicuna" in page.locator(".cg-preview").inner_text()
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(100)
        search_box = page.locator("[data-cardgen=search]")
        assert search_box.locator("img, script, iframe, svg[onload]").count() == 0, text
        assert page.evaluate("window.hit") is None, text
        for link in page.locator(f"{RESULTS} a").all():
            assert (link.get_attribute("href") or "").startswith(tab.url)


@ONCE
def test_a_hostile_choice_in_an_address_runs_nothing(tab: Tab) -> None:
    page = tab.open("?q=vicuna&in=tag:%3Cimg%20src=x%20onerror=window.hit=1%3E&in=__proto__:x&in=x")
    tab.until(f"document.querySelectorAll('{RESULTS}').length === 1")
    assert codes(page) == ["evil-1"]
    assert page.evaluate("window.hit") is None
    assert page.locator("[data-cardgen=search] img").count() == 0


def test_an_index_without_columns_has_no_facets_and_still_finds(
    chromium: Browser, lab: Path, tmp_path: Path
) -> None:
    """As after an update of Pagefind that writes its metadata in another way."""
    site = tmp_path / "site"
    shutil.copytree(lab / "_site", site, ignore=shutil.ignore_patterns("pagefind"))
    texts, columns = lab / ".cardgen" / "texts", search.write_columns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "write_columns", lambda index: columns(index / "nowhere"))
        search.index_site(texts, site / "pagefind", tmp_path / "work")
    with Server(site, port=0) as server:
        page = chromium.new_page()
        tab = Tab(page, server.url)
        tab.open("")
        page.keyboard.press("/")
        tab.search("dropout")
        page.locator(RESULTS).first.wait_for()
        assert page.locator(CHIP).count() == 0
        page.close()


@ONCE
def test_a_phone_shows_results_before_facets_are_asked_for(chromium: Browser, lab: Path) -> None:
    with Server(lab / "_site", port=0) as server:
        context = chromium.new_context(viewport={"width": 390, "height": 800})
        tab = Tab(context.new_page(), server.url)
        page = tab.open("cards/en-1/")
        page.locator("label.md-header__button[for=__search]").click()
        tab.until("document.activeElement.matches('.md-search__input')")
        tab.search("dropout")
        page.locator(".cg-search-narrow summary").wait_for()
        assert not page.locator(CHIP).first.is_visible()
        page.locator(".cg-search-narrow summary").click()
        page.locator(CHIP, has_text="plt5").first.click()
        tab.until(f"document.querySelectorAll('{RESULTS}').length === 2")
        assert not page.locator(".cg-preview").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        context.close()
        assert tab.complaints == []


def test_the_indexer_with_words_is_taken_where_it_is_installed() -> None:
    pytest.importorskip("pagefind_bin_extended", reason="pagefind[extended] is not installed")
    assert search.find_indexer().segments
    assert replace(search.find_indexer(), segments=False) != find_plain()
