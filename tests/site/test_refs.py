"""A site of the cards of branches and tags, without a checkout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cardgen.config import Config, load_config
from cardgen.site.cardset import CardSet
from cardgen.site.gathered import Collection, gather_cards, with_here
from cardgen.site.links import tree_url
from tests.projects import Project, make_project
from tests.test_branches import commit, many, on, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="4" height="4"/></svg>\n'
EVIDENCE = (
    '{"schema": 1, "code": "qa-2", "runs": [{"ref": "json:x", "tracker": "json", '
    '"params": {"lr": 0.125}, "metrics": {"f1": {"value": 0.75}}}]}\n'
)
REFS = ("--refs", "main", "exp/*")


def make_forked(project: Project) -> Project:
    """qa-1 on main, qa-2 on exp/a with figure and evidence, and another qa-2 on exp/b."""
    write(project, "qa-1")
    commit(project)
    project.git("remote", "add", "origin", "https://github.com/o/r.git")
    project.git("branch", "exp/a")
    project.git("branch", "exp/b")
    project.write("experiments/qa-2/evidence.json", EVIDENCE)
    project.write("experiments/qa-2/figures/loss.svg", SVG)
    project.write("experiments/qa-2/figures/p.png", "PNG")
    project.git("stash", "-qu")
    project.git("switch", "-q", "exp/a")
    project.git("stash", "pop", "-q")
    on(project, "exp/a", ("qa-2", "Larger? ![loss](figures/loss.svg) [p](figures/p.png) [[qa-1]]"))
    on(project, "exp/b", ("qa-2", "Smoother?"))
    on(project, "exp/b", ("qa-1", "Why really?"))
    return project


@pytest.fixture
def forked(project: Project) -> Project:
    return make_forked(project)


def page(project: Project, code: str) -> str:
    return project.read(f"_site/cards/{code}/index.html")


def places(project: Project, code: str) -> list[str]:
    """What the page says of where the card lives, as text."""
    found = re.findall(r'<span class="cg-(?:fact|chip cg-warn)">(.*?)</span>', page(project, code))
    return [" ".join(re.sub(r"<[^>]*>", "", text).split()) for text in found if "/tree/" in text]


def codes(project: Project) -> set[str]:
    return {path.parent.name for path in project.root.glob("_site/cards/*/index.html")}


def test_cards_of_branches_are_gathered_and_say_where_they_live(forked: Project) -> None:
    before = forked.git("status", "--porcelain"), forked.git("rev-parse", "HEAD")
    done = forked.cardgen("build", *REFS, "--no-search")
    assert done.status == 0, done
    assert "'qa-2' means 2 things: on exp/a and exp/b." in done.err
    assert codes(forked) == {"qa-1", "qa-2"}
    assert places(forked, "qa-1") == ["on main, exp/a", "another version on exp/b"]
    assert places(forked, "qa-2") == ["on exp/a", "another experiment of this code on exp/b"]
    own = page(forked, "qa-2")
    assert 'href="https://github.com/o/r/tree/exp/a/experiments/qa-2"' in own
    assert "github.com/o/r/edit/exp/a/experiments/qa-2/card.md" in own
    assert "Larger?" in own
    assert "0.125" in own
    assert "data:image/svg+xml" in own
    assert forked.read("_site/cards/qa-2/figures/p.png") == "PNG"
    assert "more</th>" in own or ">more " in own  # the commit's subject, in the card's history
    assert "Why qa-1?" in page(forked, "qa-1")
    assert (forked.git("status", "--porcelain"), forked.git("rev-parse", "HEAD")) == before


def test_no_path_of_the_cache_gets_into_the_site(forked: Project) -> None:
    forked.git("switch", "-q", "exp/b")
    forked.write("experiments/qa-3/card.md", "---\ncode: qa-3\nno: key\n---\n")
    commit(forked)
    forked.git("switch", "-q", "main")
    done = forked.cardgen("build", *REFS)
    assert done.status == 1
    assert "experiments/qa-3/card.md:" in done.err
    assert ".cardgen" not in done.err
    trees = [path.name for path in (forked.root / ".cardgen/refs").iterdir()]
    assert len(trees) == 3
    for path in (forked.root / "_site").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b".cardgen/refs" not in content, path
            assert not any(tree.encode() in content for tree in trees), path


def test_the_first_pattern_wins_and_a_second_build_does_nothing(forked: Project) -> None:
    forked.ok("build", "--refs", "exp/b,exp/*", "--refs", "main", "--no-search")
    assert "Smoother?" in page(forked, "qa-2")
    assert "Why really?" in page(forked, "qa-1")
    again = forked.ok("build", "--refs", "exp/b exp/* main", "--no-search")
    assert "(0 files written" in again
    forked.ok("build", *REFS, "--no-search")
    assert "Larger?" in page(forked, "qa-2")


def test_a_branch_that_is_gone_is_gone_from_the_site(forked: Project) -> None:
    forked.ok("build", *REFS, "--no-search")
    on(forked, "exp/a", ("qa-2", "Larger, and edited?"))
    forked.ok("build", *REFS, "--no-search")
    assert "Larger, and edited?" in page(forked, "qa-2")
    forked.git("branch", "-qD", "exp/a", "exp/b")
    done = forked.cardgen("build", *REFS, "--no-search")
    assert "No branch or tag matches 'exp/*'." in done.err
    assert codes(forked) == {"qa-1"}
    assert len(list((forked.root / ".cardgen/refs").iterdir())) == 1
    forked.ok("build", "--no-search")
    assert places(forked, "qa-1") == []


def test_tags_and_the_folder_itself(forked: Project) -> None:
    forked.git("tag", "-a", "model@v1.0.0", "-m", "x", "exp/a")
    write(forked, "qa-1", "Edited here?")
    write(forked, "qa-9")
    forked.ok("build", "--tags", "--no-search")
    assert codes(forked) == {"qa-1", "qa-2", "qa-9"}
    assert places(forked, "qa-2") == ["on model@v1.0.0"]
    assert "/tree/model%40v1.0.0/experiments/qa-2" in page(forked, "qa-2")
    assert "/edit/" not in page(forked, "qa-2")  # a tag cannot be edited
    assert "Edited here?" in page(forked, "qa-1")
    assert places(forked, "qa-1") == ["another version on main, model@v1.0.0"]
    assert places(forked, "qa-9") == []


def test_settings_say_the_same_and_serving_shows_the_folder(forked: Project) -> None:
    forked.write("cardgen.yaml", forked.read("cardgen.yaml") + "site:\n  refs: [main, exp/a]\n")
    forked.ok("build", "--no-search")
    assert codes(forked) == {"qa-1", "qa-2"}
    config = load_config(forked.root)
    assert with_here(config).settings.site.refs == (".", "main", "exp/a")
    assert not gather_cards(config).here
    assert gather_cards(with_here(config)).here


def test_what_cannot_be_built_says_why(forked: Project, tmp_path: Path) -> None:
    done = forked.cardgen("build", "--refs", "none*")
    assert done.status == 2
    assert "No branch or tag matches none*." in done.err
    assert "Write: cardgen build --refs main" in forked.cardgen("build", "main").err
    plain = Project(tmp_path / "plain")
    plain.root.mkdir()
    plain.write("cardgen.yaml", "")
    (plain.root / ".git").write_text("gitdir: /nowhere\n")
    assert "is in no git repository" in plain.cardgen("build", "--refs", "main").err


def test_an_edit_while_serving_wins_over_the_branch(forked: Project) -> None:
    config = with_here(load_config(forked.root))
    settings = config.settings.site.model_copy(update={"refs": (".", "exp/a")})
    config = config.model_copy(
        update={"settings": config.settings.model_copy(update={"site": settings})}
    )
    cards = CardSet(config, gather_cards(config))
    assert list(cards) == ["qa-1", "qa-2"]
    assert ".cardgen" in str(cards.path("qa-2"))
    cards.refresh(["qa-2"])
    assert ".cardgen" in str(cards.path("qa-2"))
    write(forked, "qa-2", "Mine?")
    cards.refresh(["qa-2"])
    assert cards["qa-2"].card.section("goal") == "Mine?"


def test_a_site_of_branches_alone_does_not_take_up_the_folder(forked: Project) -> None:
    cards = CardSet(load_config(forked.root), Collection(here=False))
    cards.refresh(["qa-1"])
    assert list(cards) == []


def test_a_hostile_tree_is_written_inside_its_folder(forked: Project) -> None:
    """Links are not followed, not written; names that differ in case only do not matter."""
    forked.git("switch", "-q", "exp/a")
    folder = forked.root / "experiments/qa-2"
    (folder / "leak.png").symlink_to("/etc/passwd")
    (folder / "figures/P.png").write_text("other")
    forked.git("add", "-f", "experiments/qa-2/leak.png")
    on(forked, "exp/a", ("qa-2", "![x](leak.png) ![y](../../cardgen.yaml)"))
    forked.ok("build", *REFS, "--no-search")
    kept = [path for path in (forked.root / ".cardgen/refs").rglob("*") if path.is_symlink()]
    assert not kept
    assert not (forked.root / "_site/cards/qa-2/leak.png").exists()


def test_hostile_branches_are_text(forked: Project) -> None:
    name = "exp/\u202e<img/src=x>'\"&"
    forked.git("branch", name, "exp/a")
    done = forked.cardgen("build", "--refs", "exp/\u202e*", "--no-search")
    assert done.status == 0, done
    assert "<img/src=x>" not in page(forked, "qa-2")
    assert "&lt;img/src=x&gt;" in page(forked, "qa-2")


def test_a_card_says_which_registered_version_came_out_of_it(forked: Project) -> None:
    write(forked, "qa-5", "Registered?")
    commit(forked)
    forked.git("tag", "-a", "model@v1.2.0", "-m", "x")
    forked.git("tag", "-a", "model#prod", "-m", "x")
    forked.ok("build", "--no-search")
    assert re.search(r"registered as <a [^>]*>model@v1.2.0 prod</a>", page(forked, "qa-5"))
    assert "registered as" not in page(forked, "qa-1")
    forked.git("tag", "-a", "model@v1.2.0!", "-m", "withdrawn")
    forked.ok("build", "--no-search")
    assert "registered as" not in page(forked, "qa-5")


def test_a_project_in_a_subfolder_is_gathered_from_there(tmp_path: Path) -> None:
    outer = Project(tmp_path)
    outer.git("init", "-q", "-b", "main")
    outer.git("remote", "add", "origin", "https://gitlab.com/o/r.git")
    inner = Project(tmp_path / "ml")
    inner.root.mkdir()
    inner.ok("init")
    write(inner, "qa-1")
    outer.git("add", "-A")
    outer.git("commit", "-qm", "one")
    on(inner, "main", ("qa-1", "Again?"))
    inner.ok("build", "--refs", "main", "--no-search")
    assert "https://gitlab.com/o/r/-/tree/main/ml/experiments/qa-1" in page(inner, "qa-1")


def test_many_branches_are_one_look_each(project: Project) -> None:
    many(project.root, branches=60, cards=20)
    found = gather_cards(
        with_refs(project, ("main", "exp/*")),
    )
    assert len(found.folders) == 20 + 60
    assert len(found.lives["qa-1"].refs) == 61
    assert found.history["own-7"][0].subject == "x"


def with_refs(project: Project, refs: tuple[str, ...]) -> Config:
    config = load_config(project.root)
    site = config.settings.site.model_copy(update={"refs": refs})
    return config.model_copy(update={"settings": config.settings.model_copy(update={"site": site})})


def test_pages_of_folders_on_hosts() -> None:
    for host, path in (
        ("github.com", "/tree/exp/a%20b/x/y"),
        ("gitlab.com", "/-/tree/exp/a%20b/x/y"),
        ("codeberg.org", "/src/branch/exp/a%20b/x/y"),
    ):
        assert tree_url(f"https://{host}/o/r.git", "exp/a b", "x/y") == f"https://{host}/o/r{path}"
    assert tree_url("https://codeberg.org/o/r", "v1", "x", is_tag=True).endswith("/src/tag/v1/x")
    assert tree_url("/srv/r.git", "main", "x") == ""


# In the browser --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_forked(make_project(tmp_path_factory.mktemp("refs")))
    project.ok("build", *REFS)
    return project


@pytest.mark.browser
def test_the_list_and_the_search_narrow_by_branch(built: Project, chromium: Browser) -> None:
    from tests.site.test_browser_table import open_tab

    with open_tab(chromium, built.root / "_site") as tab:
        tab.open("cards/?branch=exp/a")
        tab.page.wait_for_selector(".cg-t-table [data-row]")
        assert tab.page.locator(".cg-t-table [data-row]").count() == 1
        assert tab.page.locator("button[data-facet=branch]").inner_text().startswith("Branch")
        assert tab.page.locator(".cg-t-table").inner_text().count("qa-2") >= 1
