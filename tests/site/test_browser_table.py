"""The list of all cards in a real Chromium: generated entries in a site that is really built."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cardgen.config import Config, Settings
from cardgen.site.build import build_site
from cardgen.site.context import RenderContext
from cardgen.site.index import Entry
from cardgen.site.listing import render_list, render_table
from cardgen.site.prose import ProseRenderer
from cardgen.site.server import Server
from tests.site.entries import make_entries
from tests.site.samples import make_source
from tests.site.test_browser_shell import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.browser

COUNT = 1200
EVIL = "<img src=x onerror=window.ran=1>"
ROWS = ".cg-t-table [data-row]"
TOTAL = ".cg-t-total"


def make_own() -> tuple[Entry, ...]:
    """Generated entries, a few of them with something to look for."""
    entries = list(make_entries(COUNT))
    entries[700] = replace(entries[700], title="Żółw językowy", goal="", conclusions="")
    entries[701] = replace(entries[701], conclusions="The wombat is pleased.")
    entries[702] = replace(entries[702], title=EVIL, tags=(EVIL,), model=EVIL, baseline=EVIL)
    entries[703] = replace(entries[703], title='=HYPERLINK("x"), "y" | 50% & $_{}^', tags=("-2",))
    return tuple(entries)


ENTRIES = make_own()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("table")
    context = RenderContext(Config(root=root, settings=Settings()), ProseRenderer())
    home = "# Ours\n\nWelcome.\n\n<!-- cardgen:cards -->\n"
    inserts = {"cards": lambda way: render_table(ENTRIES, context, way)}
    settings = make_source(root, index=home)
    return build_site(render_list(ENTRIES, context), settings, inserts).output


@contextmanager
def open_tab(chromium: Browser, site: Path, width: int = 1280, **more: Any) -> Iterator[Tab]:
    with Server(site, port=0) as server:
        context = chromium.new_context(viewport={"width": width, "height": 800}, **more)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        tab = Tab(context.new_page(), server.url)
        yield tab
        context.close()
        assert tab.complaints == []
        assert tab.hosts <= {urlsplit(server.url).netloc, ""}


@pytest.fixture
def tab(chromium: Browser, site: Path) -> Iterator[Tab]:
    with open_tab(chromium, site) as tab:
        yield tab


def open_table(tab: Tab, path: str = "cards/") -> None:
    tab.open(path)
    tab.until(f"document.querySelector('{ROWS}') !== null")


def read_codes(tab: Tab, count: int = 5) -> list[str]:
    rows = tab.page.locator(ROWS)
    return [rows.nth(n).get_attribute("data-code") or "" for n in range(count)]


def wait_for(tab: Tab, text: str) -> None:
    tab.until(f"document.querySelector('{TOTAL}')?.textContent === {json.dumps(text)}")


def menu(tab: Tab, name: str) -> Locator:
    tab.page.locator(".cg-t-menu > button", has_text=name).click()
    return tab.page.locator(".cg-t-panel:visible")


def fitting(**wanted: str) -> list[Entry]:
    found = []
    for entry in ENTRIES:
        values = {"status": (entry.status,), "tag": entry.tags, "model": (entry.model,)}
        if all(value in values[name] for name, value in wanted.items()):
            found.append(entry)
    return found


# Without and with scripts --------------------------------------------------------------------


def test_without_scripts_the_list_is_plain_and_has_pages(chromium: Browser, site: Path) -> None:
    with open_tab(chromium, site, java_script_enabled=False) as tab:
        page = tab.open("cards/")
        assert page.locator("table.cg-list tbody tr").count() == 200
        page.locator("a[rel=next]").click()
        assert page.url.endswith("/list/2/")
        first = page.locator("table.cg-list tbody tr").first
        assert first.get_attribute("data-code") == "qa-200"
        assert (first.locator("a").get_attribute("href") or "") == "../../cards/qa-200/"


def test_where_the_data_cannot_be_had_the_plain_list_stays(chromium: Browser, site: Path) -> None:
    with Server(site, port=0) as server:
        context = chromium.new_context()
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.route("**/table.json", lambda route: route.abort())
        page.goto(f"{server.url}cards/")
        page.wait_for_timeout(500)
        assert page.locator("table.cg-list tbody tr").count() == 200
        context.close()
    assert errors == []


@pytest.mark.parametrize("path", ["cards/", "", "list/3/"])
def test_few_rows_of_many_are_on_the_page(tab: Tab, path: str) -> None:
    open_table(tab, path)
    assert read_codes(tab, 2) == ["qa-0", "qa-1"]
    assert 8 < tab.page.locator(ROWS).count() < 60
    assert tab.page.locator(".cg-t-table").get_attribute("aria-rowcount") == str(COUNT + 1)
    link = tab.page.locator(f"{ROWS} a").first.get_attribute("href")
    assert link == f"{tab.url}cards/qa-0/"


def test_scrolling_shows_every_row_in_its_place(tab: Tab) -> None:
    open_table(tab)
    tab.page.evaluate("document.querySelector('.cg-t-box').scrollTop = 1e9")
    tab.until(f"document.querySelector('[data-code=qa-{COUNT - 1}]') !== null")
    assert tab.page.locator(ROWS).count() < 60
    tab.page.evaluate("document.querySelector('.cg-t-box').scrollTop = 20000")
    tab.until("document.querySelector('[data-code=qa-450]') !== null")
    numbers = tab.page.locator(ROWS).evaluate_all("rows => rows.map(row => +row.dataset.row)")
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    inside = """() => { const box = document.querySelector('.cg-t-box').getBoundingClientRect();
      const at = document.elementFromPoint(box.left + 200, box.top + 200);
      return at.closest('[data-row]') !== null; }"""
    assert tab.page.evaluate(inside)


# Sorting ---------------------------------------------------------------------------------------


def test_the_first_click_on_the_result_brings_the_best_to_the_top(tab: Tab) -> None:
    open_table(tab)
    head = tab.page.locator("th[role=columnheader]", has_text="Best result")
    rated = [entry for entry in ENTRIES if entry.value is not None]
    best = sorted(rated, key=lambda entry: -(entry.value or 0))
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert read_codes(tab) == [entry.code for entry in best[:5]]
    tab.page.keyboard.press("Enter")  # the head still has the focus
    tab.until("document.querySelector('[aria-sort=ascending]') !== null")
    assert read_codes(tab) == [entry.code for entry in best[::-1][:5]]
    tab.page.keyboard.press("Enter")
    tab.until("document.querySelector('[aria-sort=ascending]') === null")
    assert read_codes(tab, 2) == ["qa-0", "qa-1"]


def test_cards_without_a_value_stand_last_both_ways(tab: Tab) -> None:
    for sort in ("value", "-value"):
        open_table(tab, f"cards/?sort={sort}")
        tab.page.evaluate("document.querySelector('.cg-t-box').scrollTop = 1e9")
        tab.until(f"document.querySelector('[data-row=\"{COUNT - 1}\"]') !== null")
        last = tab.page.locator(f"[data-row='{COUNT - 1}'] .cg-at-value")
        assert last.inner_text() == "–"


def test_dates_sort_by_time_the_newest_first(tab: Tab) -> None:
    open_table(tab)
    tab.page.locator("th button", has_text="Date").click()
    newest = sorted(ENTRIES, key=lambda entry: entry.date, reverse=True)
    assert read_codes(tab, 3) == [entry.code for entry in newest[:3]]


# Filters ---------------------------------------------------------------------------------------


def test_facets_count_what_the_other_filters_leave(tab: Tab) -> None:
    open_table(tab)
    panel = menu(tab, "Tags")
    panel.get_by_label("polqa").check()
    wait_for(tab, f"Experiments: {len(fitting(tag='polqa'))} of 1,200")
    panel = menu(tab, "Status")
    failed = len(fitting(tag="polqa", status="failed"))
    assert panel.locator("label", has_text="failed").inner_text().split() == ["failed", str(failed)]
    panel.get_by_label("failed").check()
    wait_for(tab, f"Experiments: {failed} of 1,200")
    panel.get_by_label("aborted").check()
    both = failed + len(fitting(tag="polqa", status="aborted"))
    wait_for(tab, f"Experiments: {both} of 1,200")
    tab.page.keyboard.press("Escape")
    assert tab.page.evaluate("document.activeElement.textContent") == "Status"
    tab.page.locator(".cg-t-chip", has_text="polqa").click()
    all_both = len(fitting(status="failed")) + len(fitting(status="aborted"))
    wait_for(tab, f"Experiments: {all_both} of 1,200")
    tab.page.locator(".cg-t-clear").click()
    wait_for(tab, "Experiments: 1,200")


@pytest.mark.parametrize(
    ("words", "code"),
    [("zolw jezyk", "qa-700"), ("JĘZYKOWY żółw", "qa-700"), ("WOMBAT pleased", "qa-701")],
)
def test_words_are_found_without_case_and_accents(tab: Tab, words: str, code: str) -> None:
    open_table(tab)
    tab.page.locator(".cg-t-words").fill(words)
    tab.until(f"document.querySelector('{ROWS}')?.dataset.code === '{code}'")


def test_what_fits_nothing_is_said(tab: Tab) -> None:
    tab.open("cards/?words=qwertzuiop")
    tab.page.get_by_text("No experiment fits these filters.").wait_for()


def test_a_click_on_a_tag_filters_by_it(tab: Tab) -> None:
    open_table(tab, "cards/?columns=tag")
    tag = tab.page.locator(f"{ROWS} [data-facet=tag]").first
    name = tag.inner_text()
    tag.click()
    wait_for(tab, f"Experiments: {len(fitting(tag=name))} of 1,200")


# The address -----------------------------------------------------------------------------------


def test_a_view_can_be_sent(tab: Tab, chromium: Browser, site: Path) -> None:
    open_table(tab)
    menu(tab, "Tags").get_by_label("żółw").check()
    tab.page.keyboard.press("Escape")
    tab.page.locator(".cg-t-words").fill("dropout")
    menu(tab, "Columns").get_by_label("Author").check()
    tab.page.keyboard.press("Escape")
    tab.page.locator("th button", has_text="Best result").click()
    tab.until("location.search.includes('sort=-value')")
    query = parse_qs(urlsplit(tab.page.url).query)
    assert (query["tag"], query["words"], query["sort"]) == (["żółw"], ["dropout"], ["-value"])
    assert "author" in query["columns"][0].split(",")
    total = tab.page.locator(TOTAL).inner_text()
    codes, way = read_codes(tab, 3), urlsplit(tab.page.url)
    with open_tab(chromium, site) as other:
        other.open(f"{way.path.lstrip('/')}?{way.query}")
        wait_for(other, total)
        assert read_codes(other, 3) == codes
        heads = other.page.locator("th[role=columnheader]").all_inner_texts()
        assert "Author" in heads
        assert other.page.locator(".cg-t-words").input_value() == "dropout"


@pytest.mark.parametrize(
    "query", ["sort=nothing", "columns=", "columns=no,status", "status=no", "tag=%00&sort=-"]
)
def test_an_address_of_something_else_breaks_nothing(tab: Tab, query: str) -> None:
    tab.open(f"cards/?{query}&utm=kept")
    tab.until(f"document.querySelector('{TOTAL}') !== null")
    tab.page.locator(".cg-t-words").fill("x")
    tab.until("location.search.includes('words=x')")
    assert "utm=kept" in tab.page.url


def test_goals_and_conclusions_come_when_they_are_wanted(tab: Tab) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    open_table(tab)
    assert not [url for url in asked if url.endswith("texts.json")]
    panel = menu(tab, "Columns")
    panel.get_by_label("Conclusions").check()
    tab.until("document.querySelector('.cg-at-conclusions .cg-t-prose')?.textContent")
    shown = tab.page.locator(f"{ROWS} .cg-at-conclusions").first.inner_text()
    assert shown == ENTRIES[0].conclusions


# Copying ---------------------------------------------------------------------------------------


def copy(tab: Tab, name: str) -> str:
    menu(tab, "Copy").get_by_role("button", name=name).click()
    tab.until(f"document.querySelector('.cg-t-said').textContent.includes('{name}')")
    return str(tab.page.evaluate("navigator.clipboard.readText()"))


def test_the_view_is_copied_as_csv(tab: Tab) -> None:
    open_table(tab, "cards/?words=hyperlink&columns=value,tag")
    rows = list(csv.reader(io.StringIO(copy(tab, "CSV"))))
    assert rows[0] == ["Experiment", "Title", "Metric", "Best result", "Tags"]
    entry = ENTRIES[703]
    assert rows[1][0] == "qa-703"
    assert rows[1][1] == "'" + entry.title
    assert rows[1][4] == "-2"  # a number may begin with a sign
    assert len(rows) == 2


def test_numbers_are_copied_in_full_and_all_rows_of_the_view(tab: Tab) -> None:
    open_table(tab, "cards/?status=finished&columns=value,difference")
    rows = list(csv.reader(io.StringIO(copy(tab, "CSV"))))[1:]
    wanted = fitting(status="finished")
    assert [row[0] for row in rows] == [entry.code for entry in wanted]
    assert [float(row[3]) for row in rows] == [entry.value for entry in wanted]
    differences = [float(row[4]) if row[4] else None for row in rows]
    assert differences == [entry.difference for entry in wanted]


def test_markdown_and_latex_are_escaped(tab: Tab) -> None:
    open_table(tab, "cards/?words=hyperlink&columns=value,tag")
    lines = copy(tab, "Markdown").splitlines()
    assert lines[1] == "| --- | --- | --- | ---: | --- |"
    assert r'=HYPERLINK("x"), "y" \| 50% &amp; $\_\{\}^' in lines[2]
    latex = copy(tab, "LaTeX")
    assert r"\begin{tabular}{lllrl}" in latex
    assert r"50\% \& \$\_\{\}\textasciicircum{}" in latex


# Strangers' cards, ticks, phones ----------------------------------------------------------------


def test_nothing_of_a_hostile_card_runs(tab: Tab) -> None:
    open_table(tab, "cards/?words=onerror&columns=status,tag,model,baseline,goal")
    assert read_codes(tab, 1) == ["qa-702"]
    menu(tab, "Tags").get_by_label(EVIL).check()
    tab.page.wait_for_timeout(200)
    assert tab.page.locator("article img").count() == 0
    assert tab.page.evaluate("window.ran") is None


def test_a_phone_has_two_lines_a_card_and_its_filters_behind_a_button(
    chromium: Browser, site: Path
) -> None:
    with open_tab(chromium, site, width=390) as tab:
        open_table(tab)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert not tab.page.locator(".cg-t-facets").is_visible()
        tab.page.locator(".cg-t-fold").click()
        menu(tab, "Tags").get_by_label("polqa").check()
        wait_for(tab, f"Experiments: {len(fitting(tag='polqa'))} of 1,200")
        tab.page.keyboard.press("Escape")
        menu(tab, "Sort").get_by_text("Best result").click()
        best = max(fitting(tag="polqa"), key=lambda entry: entry.value or 0)
        assert read_codes(tab, 1) == [best.code]
        tab.page.evaluate("scrollTo(0, 5000)")
        tab.until("document.querySelector('[data-row=\"70\"]') !== null")
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_everything_is_reached_by_keyboard(tab: Tab) -> None:
    open_table(tab)
    tab.page.locator(".cg-t-words").focus()
    seen = []
    for _ in range(25):
        tab.page.keyboard.press("Tab")
        seen.append(
            tab.page.evaluate("document.activeElement.dataset.sort || "
                              "document.activeElement.textContent.trim().split(' ')[0]")
        )  # fmt: skip
    for wanted in ("Status", "Tags", "Columns", "Copy", "code", "value", "difference", "date"):
        assert wanted in seen, (wanted, seen)
    assert any(text.startswith("qa-0") for text in seen)
