"""Whole builds: what lies in the output folder afterwards, and what a second build does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cardgen.errors import SiteError
from cardgen.site.build import BuildResult, build_site, open_site
from cardgen.site.page import Page
from cardgen.site.settings import SiteSettings
from cardgen.site.theme import load_assets
from tests.site.samples import CARD, GUIDE, list_cards, make_card, make_source

pytestmark = pytest.mark.slow

HOME = "# Hello\n\nWelcome.\n\n<!-- cardgen:cards -->\n\nGoodbye.\n"


def read(result: BuildResult, path: str) -> str:
    return (result.output / path).read_text(encoding="utf-8")


def times(folder: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def settings(tmp_path: Path) -> SiteSettings:
    return make_source(tmp_path, index=HOME, guide=GUIDE)


def test_cards_docs_and_assets_are_there(built: BuildResult) -> None:
    files = {p.relative_to(built.output).as_posix() for p in built.output.rglob("*")}
    assert {
        "index.html",
        "404.html",
        "guide/index.html",
        "cards/index.html",
        "cards/qa-1/index.html",
        *load_assets(),
        "pagefind/pagefind.js",
        "pagefind/pagefind-entry.json",
    } <= files
    assert not {f for f in files if "lunr" in f or "workers" in f or "search_index.json" in f}
    assert built.pages == 5
    assert built.warnings == ()


def test_a_second_build_writes_and_indexes_nothing(settings: SiteSettings) -> None:
    pages = [CARD, make_card(2)]
    first = build_site(pages, settings, {"cards": list_cards})
    before = times(settings.output)
    again = build_site(iter(pages), settings, {"cards": list_cards})
    assert (first.indexed, again.indexed) == (True, False)
    assert (again.written, again.removed) == (0, 0)
    assert times(settings.output) == before


def test_one_edit_writes_one_page(settings: SiteSettings) -> None:
    build_site([CARD, make_card(2)], settings)
    before = times(settings.output)
    result = build_site([CARD, make_card(2, title="Another title")], settings)
    assert result.written == 1
    assert result.indexed
    changed = {p for p, t in times(settings.output).items() if before.get(p) != t}
    pages = {p.relative_to(settings.output).as_posix() for p in changed if p.suffix == ".html"}
    assert pages == {"cards/qa-2/index.html"}


def test_a_card_that_is_gone_leaves_no_page(settings: SiteSettings) -> None:
    build_site([CARD, make_card(2)], settings)
    result = build_site([CARD], settings)
    assert result.removed == 1
    assert not (settings.output / "cards" / "qa-2").exists()
    assert (settings.output / "cards" / "qa-1" / "index.html").exists()


def test_a_killed_build_can_be_run_again(settings: SiteSettings) -> None:
    def pages() -> object:
        yield CARD
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_site(pages(), settings)  # type: ignore[arg-type]
    (settings.output / "cards/qa-1/index.html").write_text("<p>half a")
    build_site([CARD], settings)
    assert "pangolin" in (settings.output / "cards/qa-1/index.html").read_text()
    assert (settings.output / "index.html").exists()


def test_the_marker_gets_the_list_with_addresses_that_fit(settings: SiteSettings) -> None:
    (settings.source / "docs" / "guide.md").write_text(GUIDE + "\n<!-- cardgen:cards -->\n")
    result = build_site([CARD], settings, {"cards": list_cards})
    assert '<a href="./cards/qa-1/">' in read(result, "index.html")
    assert '<a href="../cards/qa-1/">' in read(result, "guide/index.html")
    assert '<a href="../cards/qa-1/">' in read(result, "cards/index.html")
    assert "cardgen:cards" not in read(result, "index.html")
    assert read(result, "index.html").index("Welcome") < read(result, "index.html").index("qa-1")


def test_an_unknown_marker_is_said(settings: SiteSettings) -> None:
    (settings.source / "docs" / "guide.md").write_text("# G\n\n<!-- cardgen:nothing -->\n")
    result = build_site([CARD], settings, {"cards": list_cards})
    [warning] = result.warnings
    assert "'cardgen:nothing'" in warning
    assert "guide/index.html" in warning


def test_a_marker_in_code_is_text(settings: SiteSettings) -> None:
    (settings.source / "docs" / "guide.md").write_text("# G\n\n    <!-- cardgen:cards -->\n")
    result = build_site([CARD], settings, {"cards": list_cards})
    assert "&lt;!-- cardgen:cards --&gt;" in read(result, "guide/index.html")


def test_a_home_page_of_ones_own_wins_over_a_given_one(settings: SiteSettings) -> None:
    given = Page("", "Given", "", "<h1>Given home</h1>")
    result = build_site([CARD, given], settings, {"cards": list_cards})
    assert "Welcome" in read(result, "index.html")
    assert "Given home" not in read(result, "index.html")
    assert result.warnings == ()


def test_without_one_the_given_home_page_is_stamped(tmp_path: Path) -> None:
    given = Page("", "Given", "", "<h1>Given home</h1>")
    settings = SiteSettings(tmp_path)
    for _ in range(2):
        result = build_site([CARD, given], settings, {"cards": list_cards})
        assert "Given home" in read(result, "index.html")
    assert result.written == 0


def test_without_any_home_page_there_is_the_list(tmp_path: Path) -> None:
    result = build_site([CARD], SiteSettings(tmp_path, title="Runs"), {"cards": list_cards})
    assert '<a href="./cards/qa-1/">' in read(result, "index.html")
    assert '<h1 id="runs">Runs' in read(result, "index.html")


def test_a_page_of_ones_own_at_a_cards_address_stays_and_is_said(settings: SiteSettings) -> None:
    folder = settings.source / "docs" / "cards"
    folder.mkdir()
    (folder / "qa-1.md").write_text("# Mine\n")
    result = build_site([CARD], settings)
    assert "Mine" in read(result, "cards/qa-1/index.html")
    assert any("'cards/qa-1/'" in warning for warning in result.warnings)


def test_files_are_published_as_they_are(settings: SiteSettings) -> None:
    figure = settings.root / "figure.png"
    figure.write_bytes(b"\x89PNG")
    files = {"cards/qa-1/figure.png": figure, "cards/qa-1/evidence.json": b"{}"}
    result = build_site([CARD], settings, files=files)
    assert (result.output / "cards/qa-1/figure.png").read_bytes() == b"\x89PNG"
    assert (result.output / "cards/qa-1/evidence.json").read_bytes() == b"{}"


def test_a_file_that_is_a_link_or_lies_outside_is_refused(
    settings: SiteSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_text("secret")
    link = settings.root / "link.png"
    link.symlink_to(outside)
    inner = settings.root / "inner.png"
    inner.symlink_to(settings.source / "docs" / "guide.md")
    for path in (outside, link, inner, settings.root / "nowhere.png"):
        with pytest.raises(SiteError):
            build_site([CARD], settings, files={"x.png": path})


@pytest.mark.parametrize("path", ["/etc/", "../x/", "cards/../../x/", "cards/qa-1", "/", "a\0b/"])
def test_an_address_that_leads_out_is_refused(settings: SiteSettings, path: str) -> None:
    with pytest.raises(SiteError):
        build_site([replace(CARD, path=path)], settings)


def test_the_site_map_names_cards_and_docs(tmp_path: Path) -> None:
    make_source(tmp_path, index=HOME, guide=GUIDE)
    settings = SiteSettings(tmp_path, site_url="https://team.example/runs/")
    result = build_site([CARD, make_card(2, path="cards/ż/")], settings)
    urls = re.findall(r"<loc>https://team.example/runs/(.*?)</loc>", read(result, "sitemap.xml"))
    assert urls == ["", "cards/", "cards/%C5%BC/", "cards/qa-1/", "guide/"]
    canonical = '<link rel="canonical" href="https://team.example/runs/cards/%C5%BC/">'
    assert canonical in read(result, "cards/ż/index.html")
    assert f'href="/runs/{next(iter(load_assets()))}"' in read(result, "404.html")
    assert 'new URL("/runs/",location)' in read(result, "404.html")


def test_html_that_was_copied_gets_the_policy_and_nothing_else(settings: SiteSettings) -> None:
    (settings.source / "docs" / "report.html").write_text("<p>Report</p><script>x()</script>")
    result = build_site([CARD], settings)
    report = read(result, "report.html")
    assert report.startswith('<meta http-equiv="Content-Security-Policy"')
    assert report.endswith("<p>Report</p><script>x()</script>")


def test_work_is_ignored_by_git_and_output_is_marked(settings: SiteSettings) -> None:
    build_site([CARD], settings)
    assert (settings.work / ".gitignore").read_text() == "*\n"
    (settings.output / ".cardgen-site").unlink()
    with pytest.raises(SiteError, match="did not make"):
        build_site([CARD], settings)


def test_an_open_site_rewrites_single_pages(settings: SiteSettings) -> None:
    site = build_site([CARD, make_card(2)], settings, {"cards": list_cards}).site
    assert site.write_pages([CARD, make_card(2, title="New")]) == ("cards/qa-2/",)
    assert site.write_pages([make_card(2, title="New")]) == ()
    assert site.write_inserts({"cards": lambda root: f"<p>{root}other</p>"}) == ("",)
    assert "./other" in (settings.output / "index.html").read_text()
    assert site.index()
    assert not site.index()
    site.remove_pages(["cards/qa-2/"])
    assert not (settings.output / "cards/qa-2").exists()
    assert site.index()


def test_an_edit_of_a_hand_written_page_leaves_cards_alone(settings: SiteSettings) -> None:
    site = build_site([CARD], settings, {"cards": list_cards}).site
    docs = settings.source / "docs"
    (docs / "guide.md").write_text(GUIDE + "\nAn addition.\n")
    assert not site.reload_shell()
    assert site.write_docs({"cards": list_cards}) == ("guide/",)
    (docs / "guide.md").write_text(GUIDE.replace("# Guide", "# Handbook", 1))
    (docs / "extra.md").write_text("# Extra\n")
    assert site.reload_shell()
    assert site.write_pages([CARD]) == ("cards/qa-1/",)
    assert "Handbook" in (settings.output / "cards/qa-1/index.html").read_text()
    site.write_docs({"cards": list_cards})
    (docs / "extra.md").unlink()
    assert site.reload_shell()
    site.finish()
    assert not (settings.output / "extra").exists()


def test_a_broken_edit_leaves_the_site_as_it_was(settings: SiteSettings) -> None:
    site = build_site([CARD], settings).site
    settings.config_file.write_text("site_name: [")
    with pytest.raises(SiteError):
        site.reload_shell()
    assert site.write_pages([replace(CARD, title="Still works")]) == ("cards/qa-1/",)


def test_an_output_emptied_meanwhile_is_filled_again(settings: SiteSettings) -> None:
    build_site([CARD], settings)
    (settings.output / "cards/qa-1/index.html").unlink()
    (settings.output / "pagefind/pagefind-entry.json").unlink()
    result = build_site([CARD], settings)
    assert result.written == 1
    assert result.indexed


def test_opening_a_site_writes_no_page(settings: SiteSettings) -> None:
    open_site(settings)
    assert [p.name for p in settings.output.iterdir()] == [".cardgen-site"]
