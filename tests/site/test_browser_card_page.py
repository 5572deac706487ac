"""A card's page in a real Chromium: where values come from, folds, filter, paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cardgen.evidence import format_evidence
from cardgen.models import Checkpoint, Command, Evidence, Run, Source
from cardgen.site.server import Server
from tests.projects import Project, make_project
from tests.site.test_browser_shell import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

BOX = "#cg-origin"
SERVER = "https://mlflow.example.org/#/experiments/1/runs/8c1f"


def write_card(project: Project, code: str, head: str, best: float, count: int) -> None:
    steps = range(1, 6)
    rows = tuple(
        Checkpoint(step=s * 100, metrics={"eval/f1": best - 0.1 * abs(s - 3)}) for s in steps
    )
    run = Run(
        ref=f"mlflow:{code}",
        tracker="mlflow",
        name=f"run of {code}",
        url=SERVER,
        checkpoints=rows,
        commands=(Command(line="python train.py --lr 1e-4"),),
        source=Source(commit="68d1eacfdc471001c1bb862b287e4bfaaad8e09a"),
        params={f"option_{n}": n for n in range(count)} | {"lr": best},
    )
    text = f"---\ncode: {code}\nmetric: eval/f1\n{head}---\n\n## Goal\n\ng\n\n## Conclusions\n\nc\n"
    project.write(f"experiments/{code}/card.md", text)
    evidence = Evidence(code=code, runs=(run,))
    project.write(f"experiments/{code}/evidence.json", format_evidence(evidence))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("lab"))
    write_card(project, "qa-0", "runs: [mlflow:qa-0]\n", 0.5, 30)
    head = "runs: [mlflow:qa-1]\nbaseline: qa-0\nauthors: [Ann]\n"
    write_card(project, "qa-1", head, 0.75, 30)
    project.git("add", ".")
    project.git("commit", "-qm", "Two cards")
    project.ok("build")
    return project


@contextmanager
def open_card(chromium: Browser, lab: Project, **options: object) -> Iterator[Page]:
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    with Server(lab.root / "_site", port=0) as server:
        tab = Tab(context.new_page(), server.url)
        page = tab.open("cards/qa-1/")
        page.wait_for_selector(BOX, state="attached")
        yield page
        context.close()
        assert tab.complaints == []


def test_pointing_at_a_number_tells_its_run_step_and_tracker(
    chromium: Browser, lab: Project
) -> None:
    with open_card(chromium, lab) as page:
        page.locator(".cg-tile-primary .cg-v").hover()
        page.wait_for_selector(BOX)
        told = page.locator(BOX).inner_text()
        for part in ("0.75", "run of qa-1", "step 300", "mlflow"):
            assert part in told, told
        there = page.locator(f"{BOX} a[href^=http]:not([href*='#run'])")
        assert there.get_attribute("href") == SERVER
        page.locator(f"{BOX} a[href='#run-1']").click()
        assert page.evaluate("location.hash") == "#run-1"
        page.mouse.move(5, 5)
        page.wait_for_selector(BOX, state="hidden")


def test_each_cell_of_the_results_tells_its_own_step(chromium: Browser, lab: Project) -> None:
    with open_card(chromium, lab) as page:
        for row, step in ((0, "step 100"), (4, "step 500")):
            page.locator("table.cg-results tbody tr").nth(row).locator("td").first.hover()
            page.wait_for_function(
                "([box, step]) => document.querySelector(box).textContent.includes(step)",
                arg=[BOX, step],
            )


def test_a_tap_does_the_same_and_a_tap_elsewhere_closes(chromium: Browser, lab: Project) -> None:
    options = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    with open_card(chromium, lab, **options) as page:
        page.locator(".cg-against tbody td .cg-v").first.tap()
        page.wait_for_selector(BOX)
        assert "run of qa-1" in page.locator(BOX).inner_text()
        box = page.locator(BOX).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        page.locator("h1").tap()
        page.wait_for_selector(BOX, state="hidden")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keyboard_goes_from_value_to_value(chromium: Browser, lab: Project) -> None:
    with open_card(chromium, lab) as page:
        page.locator(".cg-against [data-origin][tabindex='0']").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(BOX)
        assert "mlflow:qa-0" in page.locator(BOX).inner_text()
        described = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        assert f"#{described}" == BOX
        page.keyboard.press("Escape")
        page.wait_for_selector(BOX, state="hidden")
        stops = page.locator("[data-origin][tabindex='0']").count()
        assert stops < 20 < page.locator("[data-origin]").count()


def test_folded_parameters_are_found_by_the_filter(chromium: Browser, lab: Project) -> None:
    with open_card(chromium, lab) as page:
        rest = page.locator("details.cg-fold:has(table.cg-params)")
        assert rest.get_attribute("open") is None
        page.locator("#cg-filter-params").fill("option_27")
        page.wait_for_function("document.querySelector('details.cg-fold:has(.cg-params)').open")
        assert page.locator("table.cg-params tbody tr:visible").count() == 1
        assert "1 of 31" in page.locator(".cg-filter-params").inner_text()
        page.locator("#cg-filter-params").fill("")
        page.wait_for_function("!document.querySelector('details.cg-fold:has(.cg-params)').open")
        assert page.locator("table.cg-params tbody tr").first.locator("th").inner_text() == "lr"


def test_paper_has_no_navigation_and_nothing_folded(chromium: Browser, lab: Project) -> None:
    with open_card(chromium, lab) as page:
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        for part in (".md-header", ".md-sidebar--secondary", ".cg-actions", ".md-footer"):
            assert not page.locator(part).first.is_visible(), part
        assert page.locator("table.cg-params tbody tr:visible").count() == 31
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() == 0
        assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_history_of_the_card_is_there(chromium: Browser, lab: Project) -> None:
    with open_card(chromium, lab) as page:
        assert "Two cards" in page.locator("table.cg-history").inner_text()


def test_without_scripts_the_same_is_said(chromium: Browser, lab: Project) -> None:
    context = chromium.new_context(java_script_enabled=False)
    with Server(lab.root / "_site", port=0) as server:
        page = context.new_page()
        page.goto(f"{server.url}cards/qa-1/")
        value = page.locator(".cg-tile-primary .cg-v")
        assert value.get_attribute("title") == "0.75 · mlflow:qa-1, step 300"
        assert not page.locator("[data-cg-pick]").is_visible()
    context.close()


def test_a_stranger_finds_command_and_cause_on_the_first_screens(
    chromium: Browser, lab: Project
) -> None:
    with open_card(chromium, lab) as page:
        why = page.locator(".cg-why")
        assert "lr" in why.inner_text()
        assert (why.bounding_box() or {"y": 9999})["y"] < 900
        page.locator(".md-sidebar--secondary a[href='#commands']").click()
        page.wait_for_function("scrollY > 100")
        command = page.locator(".cg-command").first
        assert "python train.py --lr 1e-4" in command.inner_text()
        assert Path(lab.root / "_site/cards/qa-1/index.html").stat().st_size < 80_000
