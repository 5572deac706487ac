"""A project's cards as a site, built by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cardgen.site import cache
from cardgen.site.cache import CardCache
from tests.projects import Project

CARD = """---
code: qa-1
source: {commit: "3bde138342e460b378148dd4377bc4803be0f023"}
---

## Goal

One thing.
"""


@pytest.fixture
def card(project: Project) -> Project:
    project.write("experiments/qa-1/card.md", CARD)
    return project


def page(project: Project, code: str = "qa-1") -> str:
    return project.read(f"_site/cards/{code}/index.html")


def made(project: Project, code: str) -> object:
    """What is remembered of a card's page."""
    cache = CardCache(project.root / ".cardgen")
    found = cache.find(code)
    cache.close()
    assert found is not None
    return found


@pytest.mark.parametrize(
    "origin", ["git@github.com:team/qa.git", "https://ann:token123@github.com/team/qa.git"]
)
def test_a_commit_links_to_the_origin_and_shows_no_password(card: Project, origin: str) -> None:
    card.git("remote", "add", "origin", origin)
    card.ok("build")
    assert 'href="https://github.com/team/qa/commit/3bde138342e4' in page(card)
    assert "token123" not in page(card)


def test_a_broken_card_has_a_page_that_says_why_and_the_rest_is_built(card: Project) -> None:
    card.write("experiments/qa-2/card.md", "---\ncode: qa-2\nstatus: [\n---\n")
    done = card.cardgen("build")
    assert done.status == 1
    assert "experiments/qa-2/card.md:4" in done.err
    assert "experiments/qa-2/card.md" in page(card, "qa-2")
    assert "One thing." in page(card)


def test_strict_fails_where_check_does_and_builds_nothing(card: Project) -> None:
    card.write("experiments/qa-1/card.md", CARD.replace("One thing.", ""))
    done = card.cardgen("build", "--strict")
    assert done.status == 1
    assert "goal-missing" in done.err
    assert not (card.root / "_site").exists()


def test_strict_says_that_cards_of_branches_are_not_checked(card: Project) -> None:
    card.git("add", "-A")
    card.git("commit", "-qm", "card")
    said = "--strict checks the cards of the folder; those of --refs are not."
    assert said in card.cardgen("build", "--strict", "--refs", "main").err
    assert said not in card.cardgen("build", "--refs", "main").err
    assert said not in card.cardgen("build", "--strict").err


def test_a_second_build_writes_nothing_and_an_edit_only_its_page(card: Project) -> None:
    card.ok("build")
    assert "(0 files written" in card.ok("build")
    before = {p: p.stat().st_mtime_ns for p in (card.root / "_site").rglob("*.html")}
    card.write("experiments/qa-1/card.md", CARD.replace("One thing.", "Another thing."))
    card.ok("build")
    assert "Another thing." in page(card)
    changed = [p.parent.name for p, then in before.items() if p.stat().st_mtime_ns != then]
    assert changed == ["qa-1"]


def test_a_card_that_is_gone_has_no_page(card: Project) -> None:
    card.ok("build")
    (card.root / "experiments/qa-1/card.md").unlink()
    card.ok("build")
    assert not (card.root / "_site/cards/qa-1").exists()


def test_a_cache_that_is_broken_is_done_without(card: Project) -> None:
    card.ok("build")
    for damage in (b"no database", b"SQLite format 3\0" + bytes(4096), b""):
        (card.root / ".cardgen/cards.db").write_bytes(damage)
        (card.root / "_site/cards/qa-1/index.html").unlink()
        card.ok("build")
        assert "One thing." in page(card)


def test_a_baseline_that_changes_changes_the_page_that_compares_with_it(card: Project) -> None:
    results = "metric: f1\nresults: [{step: 1, f1: %s}]\n---"
    card.write("experiments/qa-0/card.md", f"---\ncode: qa-0\n{results % 0.5}\n\n## Goal\n\nA.\n")
    text = f"---\ncode: qa-1\nbaseline: qa-0\n{results % 0.75}\n\n## Goal\n\nB.\n"
    card.write("experiments/qa-1/card.md", text)
    card.ok("build")
    assert "+0.25" in page(card)
    card.write("experiments/qa-0/card.md", f"---\ncode: qa-0\n{results % 0.25}\n\n## Goal\n\nA.\n")
    card.ok("build")
    assert "+0.5" in page(card)


def test_a_stage_that_moves_changes_the_pages_that_show_it_and_no_other(card: Project) -> None:
    card.git("remote", "add", "origin", "git@github.com:team/qa.git")
    card.write("experiments/qa-2/card.md", CARD.replace("qa-1", "qa-2\noutput: qa-digits@v1.0.0"))
    card.git("add", "-A")
    card.git("commit", "-q", "-m", "first")
    card.git("tag", "-a", "qa-digits@v1.0.0", "-m", "registered")
    card.ok("build")
    assert 'href="https://github.com/team/qa/releases/tag/qa-digits%40v1.0.0"' in page(card, "qa-2")
    before = page(card)
    kept = made(card, "qa-1")
    assert ">prod<" not in page(card, "qa-2")
    card.git("tag", "-a", "qa-digits#prod#1", "-m", "assigned")
    card.ok("build")
    assert ">prod<" in page(card, "qa-2")
    assert page(card) == before
    assert made(card, "qa-1") == kept


def test_pages_are_made_anew_where_any_file_that_they_are_made_of_is_another() -> None:
    package = Path(cache.__file__).parents[1]
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.suffix for path in files} - set(cache.SOURCES) <= {"", ".typed"}
