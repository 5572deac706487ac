"""Comparing cards in a real Chromium: this project's own cards, hostile ones, and many."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from cardgen.config import load_config
from cardgen.evidence import format_evidence
from cardgen.facts import Facts
from cardgen.models import Checkpoint, Command, Curve, Environment, Evidence, Run, Source
from cardgen.resolve import resolve
from cardgen.site.assembly import make_settings
from cardgen.site.build import fill_site, open_site
from cardgen.site.comparing import render_compare
from cardgen.site.context import RenderContext
from cardgen.site.page import Page
from cardgen.site.paramtable import format_param_table, make_brief, make_param_table
from cardgen.site.records import format_record
from cardgen.site.render import render_card
from cardgen.site.server import Server
from cardgen.store import load_cards
from tests.site.test_browser_shell import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Screen

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
EVIL = "<img src=x onerror=window.ran=1>"
TICKS = """<h1>Cards</h1>
<p><label><input type="checkbox" data-cg-pick="digits-1"> 1</label>
<label><input type="checkbox" data-cg-pick="digits-2"> 2</label></p>"""
PLOTTED = "document.querySelectorAll('.cg-canvas canvas[role]').length === 2"


def make_run(code: str, number: int, *, evil: bool = False) -> Run:
    """A run whose texts are hostile where asked for."""
    name = EVIL if evil else "plain"
    points = (
        Checkpoint(step=n, metrics={"eval/f1": 0.8 + number / 100 - n / 100, EVIL: number + n})
        for n in (1, 2)
    )
    packages = {"numpy": f"1.{number}", EVIL: str(number)}
    return Run(
        ref=f"mlflow:{code}-{number}",
        tracker="mlflow",
        name=name,
        status="finished",
        commands=(Command(line=f"python train.py --code {code} --lr {number} {name}"),),
        source=Source(
            repository="https://github.com/team/qa", commit=f"{number:040x}", branch=name
        ),
        params={"lr": number, "seed": number, "opt": name, "dir": f"out/{code}", EVIL: number},
        checkpoints=tuple(points),
        curves=(Curve(metric=f"loss {name}", steps=(1, 2), values=(1.0, 0.5)),),
        environment=Environment(python="3.11.7", packages=packages),
    )


def add_card(root: Path, code: str, text: str, *runs: Run) -> None:
    folder = root / "experiments" / code
    folder.mkdir()
    (folder / "card.md").write_text(text, encoding="utf-8")
    evidence = Evidence(code=code, runs=runs)
    (folder / "evidence.json").write_text(format_evidence(evidence), encoding="utf-8")


def make_lab(root: Path) -> None:
    """This project's own cards, two of several seeds, two hostile ones, and dozens of others."""
    shutil.copytree(ROOT / "experiments", root / "experiments")
    shutil.copytree(ROOT / "site", root / "site")
    shutil.copy(ROOT / "cardgen.yaml", root)
    subprocess.run(["git", "init", "-q", root], check=True)
    head = "---\ncode: {}\nmetric: eval/f1\ntitle: {}\n---\n\n## Goal\n\n{}\n"
    for number, code in ((1, "evil-1"), (2, "evil-2")):
        text = head.format(code, json.dumps(EVIL), f"{EVIL} `{EVIL}` **{EVIL}**")
        add_card(root, code, text, make_run(code, number, evil=True))
    for number, code in ((1, "seeds-1"), (2, "seeds-2")):
        runs = (
            make_run(code, number).model_copy(update={"ref": f"mlflow:{code}-{seed}", "params": {
                "lr": number, "seed": seed}, "checkpoints": (Checkpoint(
                    step=1, metrics={"eval/f1": 0.7 + number / 1000 + seed / 100}),)})
            for seed in (1, 2, 3)
        )  # fmt: skip
        add_card(root, code, head.format(code, code, "Seeds."), *runs)
    for number in range(40):
        code = f"many-{number}"
        add_card(root, code, head.format(code, code, "Many."), make_run(code, number + 1))


def render_all(cards: dict[str, Facts], context: RenderContext) -> Iterator[Page]:
    for facts in cards.values():
        page = render_card(facts, context)
        yield replace(page, data={**page.data, "card.json": format_record(facts, context)})
    yield render_compare(cards, context)


def build(root: Path) -> None:
    config = load_config(root)
    cards = {
        card.code: resolve(card, config.settings, config.label(card.path))
        for card in load_cards(config)
    }
    site = open_site(make_settings(config), searched=False)
    context = RenderContext.make(config, cards, site.shell.extensions)
    table = make_param_table(make_brief(facts, context) for facts in cards.values())
    rows = [
        {"code": facts.code, "title": facts.title, "baseline": facts.card.front.baseline}
        for facts in cards.values()
    ]
    files = {
        "cards/params.json": format_param_table(table),
        "cards/index.json": json.dumps({"cards": rows}).encode(),
    }
    fill_site(site, render_all(cards, context), {"cards": lambda _: TICKS}, files)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lab")
    make_lab(root)
    build(root)
    return root / "_site"


@contextmanager
def open_tab(
    chromium: Browser, lab: Path, width: int = 1280, *, errors: bool = False
) -> Iterator[Tab]:
    with Server(lab, port=0) as server:
        context = chromium.new_context(viewport={"width": width, "height": 900})
        tab = Tab(context.new_page(), server.url)
        yield tab
        assert tab.page.evaluate("window.ran") is None
        context.close()
        if not errors:
            assert tab.complaints == []
        assert tab.hosts <= {urlsplit(server.url).netloc, ""}


@pytest.fixture
def tab(chromium: Browser, lab: Path) -> Iterator[Tab]:
    with open_tab(chromium, lab) as tab:
        yield tab


def compare(tab: Tab, query: str) -> Screen:
    page = tab.open(f"compare/{query}")
    tab.until("document.querySelector('.cg-part, .cg-chooser .cg-adder') !== null")
    if "cards=" in query:
        tab.until("document.querySelector('.cg-part, .cg-faults') !== null")
    return page


def read_rows(page: Screen, part: str) -> dict[str, list[str]]:
    """A table's rows by name."""
    rows = page.locator(f".cg-part-{part} tbody tr").all()
    return {
        row.locator("th").inner_text(): [cell.inner_text() for cell in row.locator("td").all()]
        for row in rows
    }


def query(page: Screen) -> str:
    return str(page.evaluate("location.search"))


def test_it_says_at_once_why_one_beat_the_other(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-1,digits-2")
    summary = page.locator(".cg-part-summary").inner_text()
    assert "digits-2 is better than digits-1: val/accuracy is 0.9666 instead of 0.8969" in summary
    assert "+0.0696" in summary
    assert "learning_rate 0.001 → 0.1 ×100" in summary
    assert page.locator(".cg-changes li").count() == 1
    assert page.locator(".cg-outcome-better").count() == 1
    assert page.locator("h2").first.inner_text() == "In short"
    learnt = page.locator(".cg-part-learnt").inner_text()
    assert "a learning rate of 0.001 is too low for 20 epochs" in learnt


def test_the_card_that_most_others_name_is_the_baseline(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-6,digits-8,digits-5,digits-7")
    assert page.locator("thead .cg-code").first.inner_text() == "digits-5"
    assert page.locator(".cg-outcome-worse").count() == 3


def test_only_what_differs_is_shown_until_everything_is_asked_for(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-1,digits-2")
    assert list(read_rows(page, "params")) == ["learning_rate"]
    assert "solver" not in page.locator(".cg-part-same, .cg-part-params").all_inner_texts()
    assert "batch_size" in page.locator(".cg-part-params .cg-below").inner_text()
    page.get_by_label("Show what is equal, too").check()
    tab.until("document.querySelectorAll('.cg-part-params tbody tr').length > 5")
    rows = read_rows(page, "params")
    assert rows["batch_size"] == ["32", "32"]
    assert next(iter(rows)) == "learning_rate"
    assert "view=all" in query(page)
    page.reload()
    tab.until("document.querySelectorAll('.cg-part-params tbody tr').length > 5")


def test_metrics_have_differences_by_sign_arrow_and_origin(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-2,digits-3&baseline=digits-2")
    rows = read_rows(page, "metrics")
    assert next(iter(rows)) == "val/accuracy"
    assert rows["val/accuracy"][0] == "0.9666"
    assert rows["val/accuracy"][1].split() == ["0.7855", "−0.1811", "▼", "worse"]
    assert rows["val/loss"][1].split()[1:] == ["+1.2345", "▼", "worse"]
    cell = page.locator(".cg-part-metrics tbody td").nth(1)
    title = cell.get_attribute("title") or ""
    for part in ("0.78551", "best checkpoint by val/accuracy", "step", "mlflow:5cdaf4b1"):
        assert part in title, part


def test_a_count_is_neither_better_nor_worse(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-5,digits-8")
    cell = read_rows(page, "metrics")["train/examples"][1]
    assert cell.split() == ["269", "−809"]


def test_a_difference_within_the_spread_of_seeds_is_called_that(tab: Tab) -> None:
    page = compare(tab, "?cards=seeds-1,seeds-2")
    summary = page.locator(".cg-part-summary").inner_text()
    assert "seeds-2 is better than seeds-1" in summary
    assert "no more than the standard deviation over seeds (±0.01)" in summary
    assert "±" in read_rows(page, "metrics")["eval/f1"][0]


def test_commands_are_compared_word_by_word_and_without_the_codes(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-1,digits-2")
    part = page.locator(".cg-part-commands")
    assert part.locator("ins").all_text_contents() == ["added: 0.1"]
    assert part.locator("del").all_text_contents() == ["removed: 0.001"]


def test_commits_lead_to_their_range_and_packages_that_differ_are_named(tab: Tab) -> None:
    page = compare(tab, "?cards=many-1,many-2")
    link = page.locator(".cg-part-source ul a")
    assert link.get_attribute("href") == (f"https://github.com/team/qa/compare/{2:040x}...{3:040x}")
    assert "numpy" in read_rows(page, "environment")
    assert "Python" not in read_rows(page, "environment")


def test_what_only_names_the_card_itself_is_no_difference(tab: Tab) -> None:
    page = compare(tab, "?cards=many-1,many-2")
    assert "dir" not in read_rows(page, "params")
    assert "lr" in read_rows(page, "params")


def test_curves_lie_over_each_other(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-1,digits-2,digits-3")
    tab.until("document.querySelectorAll('.cg-overlay canvas').length >= 4")
    first = page.locator(".cg-overlay").first
    assert "val/accuracy" in first.inner_text()
    for code in ("digits-1", "digits-2", "digits-3"):
        assert code in first.inner_text()


def test_a_missing_card_is_said_and_the_rest_shown(chromium: Browser, lab: Path) -> None:
    with open_tab(chromium, lab, errors=True) as tab:
        page = compare(tab, "?cards=digits-1,nowhere-9,digits-2")
        tab.until("document.querySelector('.cg-part-summary') !== null")
        assert "nowhere-9 could not be loaded" in page.locator(".cg-faults").inner_text()
        assert page.locator(".cg-chosen > li").count() == 2


@pytest.mark.parametrize(
    "code", ["../../etc", "a/b", "a%2fb", ".hidden", EVIL, "https://evil.example/x", "x" * 80]
)
def test_what_is_no_code_is_never_asked_for(tab: Tab, code: str) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    page = tab.open("")
    page.evaluate(
        "code => location.assign('compare/?cards=digits-1,' + encodeURIComponent(code))", code
    )
    tab.until("document.querySelector('.cg-faults') !== null")
    assert code in page.locator(".cg-faults").inner_text()
    assert [url for url in asked if url.endswith("card.json")] == [
        f"{tab.url}cards/digits-1/card.json"
    ]


def test_cards_are_added_pinned_moved_and_removed_by_keyboard(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-1,digits-2")
    page.get_by_label("Add a card").fill("digits-4")
    page.keyboard.press("Enter")
    tab.until("document.querySelectorAll('.cg-chosen > li').length === 3")
    assert query(page) == "?cards=digits-1,digits-2,digits-4"
    page.get_by_role("button", name="Make digits-4 the baseline").focus()
    page.keyboard.press("Enter")
    tab.until("document.querySelector('thead .cg-code').textContent === 'digits-4'")
    assert "baseline=digits-4" in query(page)
    assert page.evaluate("document.activeElement.dataset.key") == "pin digits-4"
    page.get_by_role("button", name="Move digits-4 to the left").press("Enter")
    tab.until("location.search.startsWith('?cards=digits-1,digits-4,digits-2')")
    page.get_by_role("button", name="Remove digits-2").press("Enter")
    tab.until("document.querySelectorAll('.cg-chosen > li').length === 2")


def test_cards_are_offered_by_code_and_title(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-1")
    page.get_by_label("Add a card").fill("strong penalty")
    tab.until("document.querySelector('#cg-codes option')?.value === 'digits-3'")


def test_a_single_card_offers_its_baseline(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-2")
    page.get_by_role("button", name="Compare with its baseline, digits-1").click()
    tab.until("document.querySelector('.cg-outcome-better') !== null")
    assert query(page) == "?cards=digits-2,digits-1&baseline=digits-1"


def test_without_cards_it_offers_pairs(tab: Tab) -> None:
    page = compare(tab, "")
    tab.until("document.querySelectorAll('.cg-pairs a').length === 7")
    page.locator(".cg-pairs a").first.click()
    tab.until("document.querySelector('.cg-outcome') !== null")


def test_the_comparison_is_copied_as_markdown(chromium: Browser, lab: Path) -> None:
    with open_tab(chromium, lab) as tab:
        tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = compare(tab, "?cards=digits-1,digits-2")
        page.get_by_role("button", name="Copy as Markdown").click()
        tab.until("document.querySelector('.cg-compare-tools button').textContent === 'Copied'")
        lines = page.evaluate("navigator.clipboard.readText()").splitlines()
        assert lines[0] == "| Name | digits-1 | digits-2 |"
        assert lines[1] == "| --- | --- | --- |"
        assert any(line.startswith("| val/accuracy | 0.8969") for line in lines)
        assert "| learning\\_rate | 0.001 | 0.1 |" in lines


def test_hostile_cards_run_nothing_and_are_shown_as_they_are(tab: Tab) -> None:
    page = compare(tab, "?cards=evil-1,evil-2&view=all")
    tab.until("document.querySelector('.cg-part-params') !== null")
    page.wait_for_timeout(300)
    text = page.locator("article").inner_text()
    assert text.count(EVIL) > 8
    assert page.locator("article img").count() == 0
    for link in page.locator("article a").all():
        assert (link.get_attribute("href") or "").startswith(("http", "?", "../", "#"))
    assert EVIL in read_rows(page, "params")


# Ticking -------------------------------------------------------------------------------------


def test_ticked_cards_stand_in_a_bar_on_every_page_and_are_compared(tab: Tab) -> None:
    page = tab.open("")
    page.locator("[data-cg-pick=digits-1]").check()
    page.locator("[data-cg-pick=digits-2]").check()
    tab.until("document.querySelectorAll('.cg-picked li').length === 2")
    page.get_by_role("button", name="Remove digits-1").click()
    tab.until("!document.querySelector('[data-cg-pick=digits-1]').checked")
    page.locator("[data-cg-pick=digits-1]").check()
    tab.until("document.querySelectorAll('.cg-picked li').length === 2")
    page.locator(".cg-picks a").click()
    tab.until("document.querySelector('.cg-outcome') !== null")
    assert query(page) == "?cards=digits-2,digits-1"
    assert page.locator(".cg-picks").count() == 0
    assert page.evaluate("sessionStorage.getItem('cardgen-picks')") == '["digits-2","digits-1"]'


# Plots ---------------------------------------------------------------------------------------


def ink_of(page: Screen, kind: str) -> int:
    """How many pixels of a plot are drawn."""
    return int(
        page.evaluate(
            f"""(() => {{ const c = document.querySelector('.cg-{kind} canvas[role]');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }})()"""
        )
    )


def test_three_cards_are_plotted_and_read_by_keys(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-1,digits-2,digits-3,digits-5")
    tab.until(PLOTTED)
    page.wait_for_timeout(200)
    assert ink_of(page, "scatter") > 1000
    assert ink_of(page, "parallel") > 1000
    page.locator(".cg-plot-tools select").first.select_option(label="learning_rate")
    canvas = page.locator(".cg-scatter canvas[role]")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    tab.until(
        "document.querySelector('.cg-scatter [aria-live]').textContent.startsWith('digits-1:')"
    )
    assert "learning_rate 0.0010" in page.locator(".cg-scatter [aria-live]").inner_text()
    page.keyboard.press("Enter")
    tab.until("location.pathname.endsWith('/cards/digits-1/')")


def test_a_point_is_read_where_it_is_pointed_at_and_opened_by_a_click(tab: Tab) -> None:
    page = compare(tab, "?cards=digits-1,digits-2,digits-3,digits-5")
    tab.until(PLOTTED)
    canvas = page.locator(".cg-scatter canvas[role]")
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    box = canvas.bounding_box()
    assert box
    found = ""
    for x in range(0, int(box["width"]), 9):
        for y in range(0, int(box["height"]), 9):
            if not found:
                page.mouse.move(box["x"] + x, box["y"] + y)
                if page.locator(".cg-scatter .cg-tip").is_visible():
                    found = page.locator(".cg-scatter .cg-tip b").inner_text()
    assert found.startswith("digits-")
    page.mouse.down()
    page.mouse.up()
    tab.until(f"location.pathname.endsWith('/cards/{found}/')")


def test_all_cards_are_plotted_from_one_file_and_filtered_on_an_axis(tab: Tab) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    page = compare(tab, "?all")
    tab.until(PLOTTED)
    assert not any(url.endswith("card.json") for url in asked)
    said = page.locator(".cg-parallel [aria-live]")
    assert said.inner_text().startswith("52 of 52 cards")
    page.get_by_text("Ranges").click()
    page.get_by_label("lr, from").fill("35")
    page.keyboard.press("Tab")
    tab.until("/^6 of 52/.test(document.querySelector('.cg-parallel [aria-live]').textContent)")
    link = page.get_by_role("link", name="Compare these 6 side by side")
    assert "many-39" in (link.get_attribute("href") or "")
    page.get_by_role("button", name="Reset").click()
    tab.until("/^52 of 52/.test(document.querySelector('.cg-parallel [aria-live]').textContent)")


def test_an_axis_is_brushed_by_dragging(tab: Tab) -> None:
    page = compare(tab, "?all")
    tab.until(PLOTTED)
    canvas = page.locator(".cg-parallel canvas[role]")
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    box = canvas.bounding_box()
    assert box
    x = box["x"] + 60  # the first axis
    page.mouse.move(x, box["y"] + 45)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 150, steps=4)
    page.mouse.up()
    tab.until("!/^52 of 52/.test(document.querySelector('.cg-parallel [aria-live]').textContent)")


def test_a_plot_is_also_a_table_with_the_best_first(tab: Tab) -> None:
    page = compare(tab, "?all")
    tab.until(PLOTTED)
    page.locator(".cg-plot-part").first.get_by_text("The same as a table").click()
    tab.until("document.querySelector('.cg-plot-part tbody tr') !== null")
    rows = page.locator(".cg-plot-part").first.locator("tbody tr")
    values = [float(row.locator("td").nth(1).inner_text()) for row in rows.all()]
    assert len(values) > 5
    assert values == sorted(values, reverse=True)


def test_more_cards_than_fit_side_by_side_are_plotted(tab: Tab) -> None:
    codes = ",".join(f"many-{n}" for n in range(30))
    page = compare(tab, f"?cards={codes}")
    tab.until(PLOTTED)
    assert "the first 12 of 30 cards" in page.locator("article").inner_text()
    assert page.locator(".cg-scatter [aria-live]").inner_text().startswith("30 of 30 cards")


# Everywhere ----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["", "?all", "?cards=digits-1,digits-2,digits-5,evil-1"])
def test_a_phone_shows_it_without_scrolling_sideways(
    chromium: Browser, lab: Path, address: str
) -> None:
    with open_tab(chromium, lab, width=390) as tab:
        page = compare(tab, address)
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_scripts_the_page_leads_to_the_list(chromium: Browser, lab: Path) -> None:
    with Server(lab, port=0) as server:
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{server.url}compare/?cards=digits-1,digits-2")
        link = page.locator(".cg-compare a")
        assert "JavaScript" in page.locator(".cg-compare").inner_text()
        link.click()
        assert page.url == f"{server.url}cards/"
        context.close()
