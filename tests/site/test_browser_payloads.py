"""Hundreds of hostile texts in every field of cards: none runs on any page, in search or compare.

The cards are built by the command line and browsed in a real Chromium with the site's own policy;
one test shows that the same texts do run on a page that lets them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from cardgen.evidence import format_evidence
from cardgen.models import Checkpoint, Command, Evidence, Model, Run, RunFile
from cardgen.site.server import Server
from tests.projects import Project, make_project
from tests.site.cards import Element, parse
from tests.site.payloads import PAYLOADS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

EACH = 24
"""Payloads a card: as many stand on one page, each in every field."""

CATCH = "window.caught = []; window.ran = (n) => { window.caught.push(n); }"
GROUPS = tuple(PAYLOADS[at : at + EACH] for at in range(0, len(PAYLOADS), EACH))
CODES = tuple(f"evil-{number}" for number in range(len(GROUPS)))


def write_card(project: Project, code: str, payloads: Sequence[str]) -> None:
    """A card with the payloads in its title, tags, params, results, headings, body and files."""
    title = payloads[sum(map(ord, code)) % len(payloads)]
    front = {
        "code": code,
        "title": title,
        "date": "2026-01-01",
        "status": "finished",
        "baseline": CODES[0] if code != CODES[0] else CODES[1],
        "metric": "f1",
        "tags": list(payloads),
        "model": payloads[0],
        "data": [{"name": text, "url": text} for text in payloads],
        "train": list(payloads),
        "params": {text: text[::-1] for text in payloads} | {"a": payloads[-1]},
        "results": [{"step": 1, "f1": 0.5, **dict.fromkeys(payloads, 0.1)}],
        "output": payloads[1],
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in front.items()]
    figures = [_write_figure(project, code, text) for text in payloads]
    parts = ["## Goal", *payloads, "## Conclusions", *payloads, "## Problems", *payloads]
    for text in payloads:
        parts += [f"## {_line(text)}", "x", f"### {_line(text)}", text]
    parts += [f"![x](<{name}>)" for name in figures if name]
    project.write(
        f"experiments/{code}/card.md", "\n".join(["---", *lines, "---", ""]) + "\n\n".join(parts)
    )
    evidence = Evidence(code=code, runs=tuple(make_run(text, n) for n, text in enumerate(payloads)))
    project.write(f"experiments/{code}/evidence.json", format_evidence(evidence))


def make_run(text: str, number: int) -> Run:
    """A run as a hostile tracker's server might describe it."""
    return Run(
        ref=f"mlflow:{number:032x}",
        tracker="mlflow",
        name=text,
        experiment=text,
        author=text,
        description=text,
        url=text,
        parent=text,
        tags={text: text},
        params={text: text, "shared": number},
        commands=(Command(line=text, kind="train"),),
        checkpoints=tuple(
            Checkpoint(step=step, metrics={"f1": step / 9, text: step / 7}) for step in (1, 2, 3)
        ),
        model=Model(name=text),
        files=(RunFile(path=text.replace("\n", " ").strip("/ ") or "x"),),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _write_figure(project: Project, code: str, text: str) -> str:
    """A file whose name is the payload, as far as a file system allows it."""
    name = re.sub(r"[/\\\x00-\x1f]", "", text)[:60].strip(". ") + ".svg"
    project.write(f"experiments/{code}/{name}", f"<svg><script>{escape(text)}</script></svg>")
    return name


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("evil"))
    for code, payloads in zip(CODES, GROUPS, strict=True):
        write_card(project, code, payloads)
    done = project.cardgen("build")
    assert done.status in (0, 1), done
    return project


@pytest.fixture(scope="module")
def address(project: Project) -> Iterator[str]:
    with Server(project.root / "_site", port=0) as server:
        yield server.url


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A tab in which nothing of a card may have run when one has looked at all pages."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(CATCH)
    yield context.new_page()
    context.close()


def caught(page: Page) -> list[int]:
    """What ran on the page, also what had to be touched first."""
    page.evaluate(TOUCH)
    page.wait_for_timeout(30)
    found: list[int] = page.evaluate("window.caught")
    return found


TOUCH = """() => {
  for (const element of document.querySelectorAll("article *")) {
    for (const name of ["mouseover", "focus", "toggle", "error", "load"]) {
      element.dispatchEvent(new Event(name));
    }
  }
  for (const link of document.querySelectorAll("article a[href]")) {
    if (link.protocol === "javascript:") window.caught.push(link.href);
  }
}"""


def test_the_payloads_run_where_nothing_guards_a_page(page: Page) -> None:
    ran: set[int] = set()
    for group in GROUPS:
        body = "\n".join(f"<div>{text}</div>" for text in group)
        page.set_content(f"<!doctype html><script>{CATCH}</script>{body}", wait_until="load")
        page.wait_for_timeout(20)
        ran |= set(page.evaluate("window.caught ?? []"))
    assert len(ran) > 150


def test_all_cards_have_pages(project: Project) -> None:
    for code in CODES:
        assert (project.root / f"_site/cards/{code}/index.html").is_file()


def find_faults(root: Element) -> list[str]:
    """Elements and attributes that could run anything, of what a card may bring in."""
    faults = []
    for element in root.all():
        if element.tag in ("script", "iframe", "object", "embed", "base", "style", "link"):
            faults.append(f"{element.tag} {element.attributes}")
        for name, value in element.attributes.items():
            scheme = re.sub(r"[\x00-\x20]", "", value).lower()
            if name.startswith("on") or scheme.startswith(("javascript:", "vbscript:")):
                faults.append(f"{element.tag} {name}={value}")
    return faults


DATA = re.compile(r'<script type="application/json" id="cg-[a-z-]+">[^<]*</script>')


def test_no_page_s_article_holds_anything_that_could_run(project: Project) -> None:
    site = project.root / "_site"
    for path in sorted(site.rglob("*.html")):
        html = path.read_text(encoding="utf-8")
        start, end = html.find("<article"), html.rfind("</article>")
        if 0 <= start < end:
            article = DATA.sub("", html[html.find(">", start) + 1 : end])
            assert find_faults(parse(article)) == [], path.relative_to(site)


@pytest.mark.parametrize("part", range(4))
def test_nothing_runs_on_a_card_s_page(page: Page, address: str, part: int) -> None:
    for code in CODES[part::4]:
        page.goto(f"{address}cards/{code}/", wait_until="load")
        assert caught(page) == [], code


@pytest.mark.parametrize(
    "path", ["", "cards/", "conclusions/", "problems/", "models/", "data/", "tags/", "tree/",
             "timeline/"],
)  # fmt: skip
def test_nothing_runs_on_a_page_of_all_cards(page: Page, address: str, path: str) -> None:
    page.goto(address + path, wait_until="networkidle")
    for _ in range(12):
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(30)
    assert caught(page) == []


def test_nothing_runs_on_any_leaderboard(page: Page, project: Project, address: str) -> None:
    site = project.root / "_site"
    folders = [
        p.parent for kind in ("models", "data", "tags") for p in site.glob(f"{kind}/*/*.html")
    ]
    assert len(folders) > 500
    for folder in folders[::120]:
        page.goto(f"{address}{folder.relative_to(site).as_posix()}/", wait_until="load")
        assert caught(page) == [], folder.name


def test_nothing_runs_in_search(page: Page, address: str) -> None:
    page.goto(f"{address}cards/", wait_until="load")
    shown = 0
    for word in ("evil", "onerror", "script", "javascript", "img", "svg", "x"):
        page.locator("[data-cardgen=search-query]").fill(word)
        page.wait_for_timeout(1500)
        shown += page.locator(".md-search-result__item").count()
        assert caught(page) == [], word
    assert shown > 20


@pytest.mark.parametrize("part", range(3))
def test_nothing_runs_in_compare(page: Page, address: str, part: int) -> None:
    for at in range(part * 4, len(CODES), 12):
        chosen = ",".join(CODES[at : at + 4])
        page.goto(f"{address}compare/?cards={chosen}&view=all", wait_until="networkidle")
        assert page.locator("text=evil-").count() > 0
        assert caught(page) == [], chosen


def test_nothing_runs_of_the_address(page: Page, address: str) -> None:
    for text in PAYLOADS[::60]:
        for path in (
            "cards/?q={}&tag={}",
            "compare/?cards={},evil-1&baseline={}",
            "problems/?q={}",
        ):
            query = path.replace("{}", quote(text, safe=""))
            page.goto(address + query, wait_until="load")
            assert caught(page) == [], query


def test_a_feed_of_them_is_well_formed(project: Project) -> None:
    feed = project.root / "_site/feed.xml"
    ElementTree.fromstring(feed.read_bytes())  # noqa: S314  # our own bytes
    index = json.loads(Path(project.root / "_site/cards/index.json").read_bytes())
    assert len(index["cards"]) == len(CODES)
