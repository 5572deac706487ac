"""A project of real runs, built by the command line and browsed in a real Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from cardgen.site.server import Server
from tests.projects import Project, make_project
from tests.site.samples import ENGINES
from tests.site.test_browser_shell import RESULTS, Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

DATA = Path(__file__).parents[1] / "data"
RUN = "58f7d2f8562b4d21a205bb45b5e9cb48"

EVIL_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="window.ran=1">
<script>window.ran = 1; parent.ran = 1</script><rect width="9" height="9"/></svg>
"""

EVIL = """---
code: evil-1
title: "<script>window.ran=1</script><img src=x onerror=window.ran=1>"
tags: ["<svg onload=window.ran=1>", "'\\"><img src=x onerror=window.ran=1>"]
model: "javascript:window.ran=1"
data: ["https://example.com/\\"onmouseover=\\"window.ran=1"]
params: {"<img src=x onerror=window.ran=1>": "</script><script>window.ran=1</script>"}
train: "</code></pre><script>window.ran=1</script>"
source: {repository: "javascript:window.ran=1//github.com/a/b", commit: "abcdef1"}
results: [{step: 1, "<b onclick=window.ran=1>f1": 0.5}]
---

## Goal

### A heading <img src=x onerror=window.ran=1>

<script>window.ran=1</script> <img src=x onerror="window.ran=1"> <svg onload="window.ran=1">

[click](javascript:window.ran=1) [data](data:text/html,<script>window.ran=1</script>)
<a href="javascript:window.ran=1">raw</a> ![figure](figure.svg)

## Conclusions

<iframe srcdoc="<script>parent.ran=1</script>"></iframe> <style>body{display:none}</style>
<form action="javascript:window.ran=1"><button>go</button></form>
"""


@pytest.fixture(scope="module", params=ENGINES)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a filled card, a hand-written one and a hostile one, built by each engine."""
    project = make_project(tmp_path_factory.mktemp("lab"))
    shutil.copytree(DATA / "mlflow" / "filestore" / "mlruns", project.root / "mlruns")
    project.ok("new", "qa-1", "--run", f"mlflow:{RUN}", "--title", "Digits with SGD")
    text = project.read("experiments/qa-1/card.md")
    text = re.sub(r"<!-- One hypothesis.*?-->", "SGD reaches 0.95 on digits.", text)
    text = re.sub(r"<!-- Two or three.*?-->", "It does, and the wombat is pleased.", text)
    project.write("experiments/qa-1/card.md", text)
    project.ok("new", "qa-2", "--baseline", "qa-1")
    project.ok("set", "qa-2", "train=python train.py --lr 1e-4")
    project.write("experiments/evil-1/card.md", EVIL)
    project.write("experiments/evil-1/figure.svg", EVIL_SVG)
    settings = project.read("cardgen.yaml")
    project.write("cardgen.yaml", f"{settings}\nsite:\n  engine: {request.param}\n")
    project.ok("build")
    return project


@contextmanager
def open_tab(chromium: Browser, url: str, width: int = 1280) -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": width, "height": 900})
    tab = Tab(context.new_page(), url)
    yield tab
    context.close()
    assert tab.complaints == []
    assert tab.hosts <= {urlsplit(url).netloc, ""}


@pytest.fixture
def tab(chromium: Browser, lab: Project) -> Iterator[Tab]:
    with (
        Server(lab.root / "_site", port=0) as server,
        open_tab(chromium, server.url) as tab,
    ):
        yield tab


def test_search_finds_a_card_by_a_word_of_its_conclusions(tab: Tab) -> None:
    tab.open("")
    tab.page.keyboard.press("/")
    tab.search("wombat")
    tab.until(f"document.querySelectorAll('{RESULTS}').length === 1")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Enter")
    tab.until("location.pathname.endsWith('/cards/qa-1/')")


def test_the_card_shows_what_was_recorded_and_where_it_comes_from(tab: Tab) -> None:
    page = tab.open("cards/qa-1/")
    text = page.locator("article").inner_text()
    for part in ("wombat", "0.9511", "eval/accuracy", "digits-train", "3bde138", f"mlflow:{RUN}"):
        assert part in text, part
    assert page.locator("article svg").count() >= 2
    headings = page.locator("article h2").all_inner_texts()
    assert headings[0].startswith("Goal")
    assert headings[1].startswith("Conclusions")


def test_the_table_of_contents_leads_to_each_part(tab: Tab) -> None:
    page = tab.open("cards/qa-1/")
    links = page.locator(".md-sidebar--secondary .md-nav__link").all()
    assert len(links) > 5
    for link in links:
        target = (link.get_attribute("href") or "").partition("#")[2]
        assert page.locator(f"[id='{target}']").count() == 1


def test_commands_have_a_copy_button(tab: Tab) -> None:
    page = tab.open("cards/qa-2/")
    tab.until("document.querySelector('.md-clipboard, .md-code__button') !== null")
    assert "--lr 1e-4" in page.locator("pre").first.inner_text()


def test_the_card_and_its_evidence_can_be_fetched(tab: Tab) -> None:
    tab.open("cards/qa-1/")
    for name in ("card.md", "evidence.json"):
        assert tab.page.request.get(f"{tab.url}cards/qa-1/{name}").status == 200


def test_dark_mode_is_a_click_and_stays(tab: Tab) -> None:
    page = tab.open("cards/qa-1/")
    scheme = "document.body.getAttribute('data-md-color-scheme')"
    before = page.evaluate(scheme)
    page.locator("label[for^=__palette]:visible").first.click()
    tab.until(f"{scheme} !== '{before}'")
    tab.open("cards/qa-2/")
    assert page.evaluate(scheme) != before


@pytest.mark.parametrize("path", ["", "cards/", "cards/qa-1/", "cards/qa-2/", "cards/evil-1/"])
def test_a_phone_shows_every_page_without_scrolling_sideways(
    chromium: Browser, lab: Project, path: str
) -> None:
    with (
        Server(lab.root / "_site", port=0) as server,
        open_tab(chromium, server.url, width=390) as tab,
    ):
        page = tab.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", ["", "cards/", "cards/evil-1/"])
def test_nothing_in_a_hostile_card_runs(tab: Tab, path: str) -> None:
    page = tab.open(path)
    for link in page.locator("article a").all():
        assert not (link.get_attribute("href") or "").lower().startswith(("javascript", "data"))
    for element in page.locator("article button:visible, article [onclick]").all():
        element.click(timeout=1000)
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert page.locator("article iframe, article form, article script").count() == 0


def test_a_drawing_with_a_script_runs_nothing_even_on_its_own(tab: Tab) -> None:
    tab.open("cards/evil-1/")
    answer = tab.page.request.get(f"{tab.url}cards/evil-1/figure.svg")
    assert answer.status == 404 or "<script" not in answer.text()


def test_a_hostile_title_runs_nothing_in_search(tab: Tab) -> None:
    tab.open("")
    tab.search("onerror")
    tab.page.wait_for_timeout(200)
    assert tab.page.evaluate("window.ran") is None


def test_an_edit_is_on_the_screen_without_a_reload_by_hand(chromium: Browser, lab: Project) -> None:
    command = [sys.executable, "-m", "cardgen", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=lab.root, stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL
    )
    try:
        assert process.stderr is not None
        url = next(m[0] for line in process.stderr if (m := re.search(r"http://\S+/", line)))
        with open_tab(chromium, url) as tab:
            page = tab.open("cards/qa-2/")
            card = lab.root / "experiments/qa-2/card.md"
            text = card.read_text("utf-8")
            card.write_text(text.replace("## Goal", "## Goal\n\nThe ibex was here."), "utf-8")
            tab.until("document.body?.innerText.includes('ibex')")
            card.write_text("---\ncode: [\n---\n", "utf-8")
            tab.until("document.body?.innerText.includes('experiments/qa-2/card.md')")
            card.write_text(text, "utf-8")
            tab.until("document.body?.innerText.includes('--lr 1e-4')")
            assert page.title().startswith("qa-2")
    finally:
        process.terminate()
        process.communicate(timeout=15)
    assert process.returncode in (0, 130)
