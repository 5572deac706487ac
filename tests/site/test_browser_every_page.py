"""Every kind of page in a real Chromium: accessible, quiet, asking nobody, reached by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from cardgen.site.server import Server
from tests.projects import Project, make_project
from tests.site.test_browser_shell import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]

PAGES = (
    "",
    "cards/",
    "cards/digits-1/",
    "cards/digits-5/",
    "compare/",
    "compare/?cards=digits-1,digits-3",
    "compare/?cards=digits-1,digits-2,digits-3,digits-4,digits-5",
    "conclusions/",
    "problems/",
    "models/",
    "data/",
    "tags/",
    "tags/linear/",
    "tree/",
    "timeline/",
    "guide/site/",
    "404.html",
)
"""One of each kind, and the same card with and without what a card may have."""


@dataclass(frozen=True)
class Look:
    """How somebody looks at a page."""

    name: str
    width: int
    height: int
    scheme: str


LOOKS = (Look("desktop-light", 1280, 900, "light"), Look("phone-dark", 390, 844, "dark"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project's own cards and guide, built by the command line."""
    project = make_project(tmp_path_factory.mktemp("own"))
    for name in ("experiments", "site"):
        shutil.copytree(ROOT / name, project.root / name, dirs_exist_ok=True)
    shutil.copy(ROOT / "cardgen.yaml", project.root)
    _commit(project)
    project.ok("build")
    return project.root / "_site"


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    with Server(built, port=0) as server:
        yield server.url


def _commit(project: Project) -> None:
    project.git("add", "-A")
    project.git("commit", "-qm", "All cards")


@contextmanager
def look_at(chromium: Browser, address: str, path: str, look: Look) -> Iterator[Page]:
    """A page, loaded and settled; nothing may have gone wrong on it when one has looked."""
    context = chromium.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme,  # type: ignore[arg-type]
        has_touch=look.width < 600,
    )
    tab = Tab(context.new_page(), address)
    page = tab.open(path)
    tab.until("document.documentElement.classList.contains('js')")
    page.wait_for_load_state("networkidle")
    yield page
    context.close()
    assert tab.complaints == []
    assert tab.hosts == {urlsplit(address).netloc}


UNREACHED = """() => {
  const seen = (element) => element.checkVisibility({visibilityProperty: true});
  const inside = document.querySelector("main, .md-main");
  const all = inside.querySelectorAll("a[href], button, input, select, textarea, summary");
  const free = [...all].filter((e) => seen(e) && !e.disabled && e.type !== "hidden");
  return free.filter((e) => e.tabIndex < 0 && !e.closest("[data-cg-roving], .md-toggle")).map(
    (e) => e.outerHTML.slice(0, 200));
}"""


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_read_and_reach_everything(
    chromium: Browser, address: str, path: str, look: Look
) -> None:
    """No serious fault by axe, nothing wider than the window, all of it by keyboard."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with look_at(chromium, address, path, look) as page:
        found = axe.run(page).response["violations"]
        grave = [one for one in found if one["impact"] in ("serious", "critical")]
        said = [f"{v['id']}: {node['html']}" for v in grave for node in v["nodes"]]
        assert not said, "\n".join(said)
        assert page.evaluate("document.documentElement.scrollWidth") <= look.width
        assert page.evaluate(UNREACHED) == []


def test_the_site_reads_from_the_file_system(chromium: Browser, built: Path) -> None:
    page = chromium.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto((built / "index.html").as_uri())
    page.get_by_role("link", name="digits-3").first.click()
    page.wait_for_url("**/cards/digits-3/index.html")
    assert page.locator("svg.cg-plot").first.is_visible()
    page.locator(".md-tabs").get_by_role("link", name="Guide").click()
    page.wait_for_url("**/guide/index.html")
    assert said == []
    page.close()


def test_every_page_reads_without_scripts(chromium: Browser, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in PAGES:
        page.goto(address + path)
        assert page.locator("h1").first.inner_text().strip(), path
    page.goto(f"{address}cards/")
    assert page.get_by_role("link", name="digits-8").first.is_visible()
    context.close()
