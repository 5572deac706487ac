"""Serving: what an edit touches is written again, and nothing else."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.config import load_config
from cardgen.errors import ConfigError
from cardgen.site import collection, digests
from cardgen.site import live as live_module
from cardgen.site.assembly import build_project
from cardgen.site.build import Site
from cardgen.site.live import LiveSite
from cardgen.site.page import Page
from cardgen.site.whole import Part, Turn, Whole
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


def make_cards(project: Project, count: int) -> None:
    for number in range(count):
        text = card(f"qa-{number}", number / 64, baseline=f"qa-{number - 1}" if number % 3 else "")
        text = text.replace("---\n\n", f"tags: [group-{number % 5}]\n---\n\n", 1)
        text += f"\n## Conclusions\n\nIt is *{number}*.\n\n## Problems\n\n- Slow: {number}.\n"
        project.write(f"experiments/qa-{number}/card.md", text)


def all_files(root: Path) -> dict[str, bytes]:
    site = root / "_site"
    return {
        name: path.read_bytes()
        for path in site.rglob("*")
        if path.is_file()
        if not (name := path.relative_to(site).as_posix()).startswith("pagefind/")
    }


def build_anew(project: Project, folder: Path) -> dict[str, bytes]:
    """What a build of the same cards makes that knows of none before."""
    ignored = shutil.ignore_patterns("_site", ".cardgen")
    shutil.copytree(project.root, folder, ignore=ignored, dirs_exist_ok=True)
    for name in ("cards.db", "whole.json", "build.json"):
        (folder / ".cardgen" / name).unlink(missing_ok=True)
    build_project(load_config(folder), search=False)
    return all_files(folder)


EDITS = (
    ("## Conclusions", "## Notes\n\nOf no digest.\n\n## Conclusions"),
    ("One thing.", "Another thing."),
    ("It is *2*.", "It is **not**."),
    ("Slow: 2.", "Slower."),
    ("group-2", "group-3, new"),
    ("f1: ", "lr: 3, f1: 0"),
    ("code: qa-2", "code: qa-2\nparams: {lr: 0.5}"),
    ("code: qa-2", "code: qa-2\nsupersedes: qa-1"),
)


def test_after_edits_of_any_kind_the_site_is_what_a_build_makes(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    make_cards(project, 7)
    live = LiveSite(load_config(project.root))
    other = tmp_path_factory.mktemp("anew")
    text = project.read("experiments/qa-2/card.md")
    try:
        for old, new in EDITS:
            assert old in text
            text = text.replace(old, new, 1)
            edit(project, live, "qa-2", text)
            alone, built = all_files(project.root), build_anew(project, other)
            assert alone.keys() == built.keys(), new
            assert [path for path in built if built[path] != alone[path]] == [], new
    finally:
        live.close()


def parts_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    original = Whole._make

    def watch(self: Whole, site: Site, part: Part, sign: str, turn: Turn) -> Iterator[str]:
        made.append(part.name)
        return original(self, site, part, sign, turn)

    monkeypatch.setattr(Whole, "_make", watch)
    return made


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (card("qa-3", 0.9) + "\n## Notes\n\nOf no digest.\n", set()),
        (card("qa-3", 0.9, goal="Another."), {"list", "stories", "feed", "llms", "index"}),
    ],
)
def test_only_what_repeats_something_else_of_an_edited_card_is_made_again(
    project: Project,
    live: LiveSite,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    names: set[str],
) -> None:
    made = parts_made(monkeypatch)
    assert "cards/qa-3/" in edit(project, live, "qa-3", text)
    assert set(made) == names


def test_an_edit_ends_what_follows_the_one_before_and_nothing_is_lost(
    project: Project, live: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, newer = threading.Event(), threading.Event()

    def render(*arguments: object) -> Iterator[Page]:
        if threading.current_thread() is follower:
            started.set()
            assert newer.wait(30)  # an edit comes while a page is being made
        return original_render(*arguments)  # type: ignore[arg-type]

    original_render = digests.render_digest
    monkeypatch.setattr(collection, "render_digest", render)
    monkeypatch.setattr(live_module, "_DELAY", 3600)
    first = project.write("experiments/qa-3/card.md", card("qa-3", 0.1))
    live.update_cards((first,))
    follower = threading.Thread(target=live.catch_up)
    follower.start()
    assert started.wait(30)
    before = project.read("_site/timeline/index.html")
    second = project.write("experiments/qa-1/card.md", card("qa-1", 0.2))
    assert "cards/qa-1/" in live.update_cards((second,))  # at once: the other is not done
    assert follower.is_alive()
    newer.set()
    follower.join(30)
    assert project.read("_site/timeline/index.html") == before
    changed = list(live.catch_up())
    assert {"timeline/", "tree/"} <= set(changed)
    rows = json.loads(project.read("_site/cards/index.json"))["cards"]
    assert [row["value"] for row in rows] == [0.2, 0.75, 0.1]
    assert list(live.catch_up()) == []


def test_pages_that_are_not_needed_any_more_go(project: Project, live: LiveSite) -> None:
    text = card("qa-3", 0.9)
    edit(project, live, "qa-3", text.replace("code: qa-3", "code: qa-3\ntags: [rare]"))
    assert (project.root / "_site/tags/rare/index.html").is_file()
    edit(project, live, "qa-3", text)
    assert not (project.root / "_site/tags/rare").exists()


def test_a_commit_shows_with_the_next_edit(project: Project, live: LiveSite) -> None:
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "Baselines are in")
    changed = edit(project, live, "qa-3", card("qa-3", 0.8))
    assert {"cards/qa-1/", "cards/qa-2/", "cards/qa-3/"} <= set(changed)
    assert "Baselines are in" in project.read("_site/cards/qa-1/index.html")
    assert "cards/qa-1/" not in edit(project, live, "qa-3", card("qa-3", 0.7))
