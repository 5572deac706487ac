"""Serving: what an edit touches is written again, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.config import load_config
from cardgen.errors import ConfigError
from cardgen.site.live import LiveSite
from tests.projects import Project


def card(code: str, f1: float, baseline: str = "", goal: str = "One thing.") -> str:
    head = f"code: {code}\nmetric: f1\nresults: [{{step: 1, f1: {f1}}}]\n"
    head += f"baseline: {baseline}\n" if baseline else ""
    return f"---\n{head}---\n\n## Goal\n\n{goal}\n"


@pytest.fixture
def live(project: Project) -> Iterator[LiveSite]:
    project.write("experiments/qa-1/card.md", card("qa-1", 0.5))
    project.write("experiments/qa-2/card.md", card("qa-2", 0.75, baseline="qa-1"))
    project.write("experiments/qa-3/card.md", card("qa-3", 0.9))
    live = LiveSite(load_config(project.root))
    yield live
    live.close()


def written(project: Project) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in (project.root / "_site").rglob("*.html")}


def edit(project: Project, live: LiveSite, code: str, text: str) -> list[str]:
    """What an edit changes: at once, and what follows in the background."""
    at_once = list(live.update_cards((project.write(f"experiments/{code}/card.md", text),)))
    return at_once + list(live.catch_up())


def test_an_edited_text_writes_its_page_alone(project: Project, live: LiveSite) -> None:
    before = written(project)
    changed = edit(project, live, "qa-3", card("qa-3", 0.9, goal="Another thing."))
    assert changed == ["cards/qa-3/"]
    assert "Another thing." in project.read("_site/cards/qa-3/index.html")
    touched = [p.parent.name for p, then in before.items() if p.stat().st_mtime_ns != then]
    assert touched == ["qa-3"]


def test_an_edited_baseline_writes_what_compares_with_it_and_the_lists(
    project: Project, live: LiveSite
) -> None:
    changed = edit(project, live, "qa-1", card("qa-1", 0.25))
    lists = {"cards/", "tree/", "timeline/", ""}
    assert set(changed) == {"cards/qa-1/", "cards/qa-2/", *lists}
    assert "+0.5" in project.read("_site/cards/qa-2/index.html")


def test_a_new_card_appears_in_its_place_and_a_removed_one_goes(
    project: Project, live: LiveSite
) -> None:
    edit(project, live, "qa-0", card("qa-0", 0.1))
    listed = project.read("_site/cards/index.html")
    assert listed.index("qa-0/") < listed.index("qa-1/")
    path = project.root / "experiments/qa-0/card.md"
    path.unlink()
    live.update_cards((path,))
    live.catch_up()
    assert not (project.root / "_site/cards/qa-0").exists()
    assert "qa-0/" not in project.read("_site/cards/index.html")


def test_a_broken_card_says_so_and_a_mended_one_is_back(
    project: Project, live: LiveSite, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(project, live, "qa-3", "---\ncode: [\n---\n")
    assert "experiments/qa-3/card.md:" in capsys.readouterr().err
    assert "experiments/qa-3/card.md" in project.read("_site/cards/qa-3/index.html")
    edit(project, live, "qa-3", card("qa-3", 0.9))
    assert "One thing." in project.read("_site/cards/qa-3/index.html")


def test_a_file_that_is_no_card_changes_nothing(project: Project, live: LiveSite) -> None:
    path = project.write("experiments/other/notes.txt", "x")
    before = written(project)
    assert list(live.update_cards((path,))) == []
    assert written(project) == before


def test_an_edited_page_of_the_docs_keeps_its_list(project: Project, live: LiveSite) -> None:
    index = project.root / "site/docs/index.md"
    index.write_text(index.read_text("utf-8") + "\nA word of welcome.\n", encoding="utf-8")
    live.update_docs((index,))
    home = project.read("_site/index.html")
    assert "A word of welcome." in home
    assert "cards/qa-1/" in home


def test_settings_are_taken_over_and_broken_ones_leave_the_site(
    project: Project, live: LiveSite
) -> None:
    path = project.root / "cardgen.yaml"
    good = path.read_text("utf-8")
    path.write_text("lang: xx\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        live.update_settings((path,))
    assert "One thing." in project.read("_site/cards/qa-1/index.html")
    path.write_text(good.replace("lang: en", "lang: pl"), encoding="utf-8")
    live.update_settings((path,))
    assert 'lang="pl"' in project.read("_site/cards/qa-1/index.html")
