"""A build of which nothing has to be done says so at once; any change is noticed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.config import load_config
from cardgen.site import assembly as projects
from cardgen.site import manifest as manifests
from cardgen.site.assembly import build_project
from cardgen.site.build import Site
from cardgen.site.whole import Part, Turn, Whole
from tests.projects import Project

SETTLED = 0.1  # seconds after which a file's time tells that it was not changed since


def card(code: str, goal: str = "One thing.", more: str = "") -> str:
    return f"---\ncode: {code}\n{more}---\n\n## Goal\n\n{goal}\n"


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that nobody edits while tests run."""
    folder = tmp_path_factory.mktemp("package")
    monkeypatch.setattr(manifests, "_PACKAGE", folder)
    return folder


@pytest.fixture
def built(project: Project, package: Path) -> Project:
    """A project whose site was built a moment after its last edit."""
    project.write("experiments/qa-1/card.md", card("qa-1"))
    project.write("experiments/qa-2/card.md", card("qa-2", more="baseline: qa-1\n"))
    time.sleep(SETTLED)
    build(project)
    return project


def build(project: Project) -> bool:
    """Build; whether the cards were looked at at all."""
    looked: list[object] = []
    original = projects.assemble

    def watch(*arguments: object, **options: object) -> object:
        looked.append(arguments)
        return original(*arguments, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projects, "assemble", watch)
        build_project(load_config(project.root), search=False)
    return bool(looked)


def page(project: Project, code: str = "qa-1") -> str:
    return project.read(f"_site/cards/{code}/index.html")


def test_nothing_changed_looks_at_no_card(built: Project) -> None:
    assert not build(built)
    assert not build(built)


def test_a_touched_file_is_looked_at_and_nothing_written(built: Project) -> None:
    before = {p: p.stat().st_mtime_ns for p in (built.root / "_site").rglob("*") if p.is_file()}
    os.utime(built.root / "experiments/qa-1/card.md")
    time.sleep(SETTLED)
    assert build(built)
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert not build(built)


def test_an_edit_of_the_same_length_and_time_is_noticed(built: Project) -> None:
    path = built.root / "experiments/qa-1/card.md"
    then = path.stat()
    path.write_text(card("qa-1", "Two thing."), encoding="utf-8")
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert build(built)
    assert "Two thing." in page(built)


def test_edits_in_the_same_moment_as_a_build_are_noticed(built: Project) -> None:
    for number in range(8):
        text = card("qa-1", f"Goal number {number}.")
        built.write("experiments/qa-1/card.md", text)
        assert build(built)
        assert f"Goal number {number}." in page(built)


@pytest.mark.parametrize(
    "path",
    [
        "cards/qa-1/index.html",
        "index.html",
        "cards/qa-2/card.md",
        "404.html",
        "timeline/index.html",
        "cards/table.json",
        "cards/index.json",
    ],
)
def test_an_output_that_is_gone_or_altered_is_made_again(built: Project, path: str) -> None:
    target = built.root / "_site" / path
    whole = target.read_bytes()
    target.unlink()
    assert build(built)
    assert target.read_bytes() == whole
    target.write_bytes(whole[:-1] + b"!")
    assert build(built)
    assert target.read_bytes() == whole
    assert not build(built)


def test_a_file_that_does_not_belong_is_removed(built: Project) -> None:
    stray = built.root / "_site/cards/qa-9/index.html"
    stray.parent.mkdir()
    stray.write_text("x", encoding="utf-8")
    assert build(built)
    assert not stray.parent.exists()


def test_without_the_work_folder_all_is_built_again(built: Project) -> None:
    project = built
    for path in sorted((project.root / ".cardgen").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    before = page(project)
    assert build(project)
    assert page(project) == before


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"inputs": 1}', b"\xff"])
def test_a_broken_manifest_is_none(built: Project, damage: bytes) -> None:
    (built.root / ".cardgen/build.json").write_bytes(damage)
    assert build(built)
    assert not build(built)


def test_settings_pages_tags_and_the_package_count(built: Project, package: Path) -> None:
    project = built
    index = project.root / "site/docs/index.md"
    index.write_text(index.read_text("utf-8") + "\nWelcome back.\n", encoding="utf-8")
    assert build(project)
    assert "Welcome back." in project.read("_site/index.html")
    settings = project.root / "cardgen.yaml"
    settings.write_text(settings.read_text("utf-8") + "metric: f1\n", encoding="utf-8")
    time.sleep(SETTLED)
    assert build(project)
    assert not build(project)
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "first")
    assert build(project)
    project.git("tag", "-a", "qa@v1.0.0", "-m", "registered")
    assert build(project)
    assert not build(project)
    (package / "new.py").write_text("", encoding="utf-8")
    assert build(project)


def test_a_new_figure_is_published(built: Project) -> None:
    built.write("experiments/qa-1/card.md", card("qa-1", "![Loss](loss.png)"))
    figure = built.root / "experiments/qa-1/loss.png"
    figure.write_bytes(b"\x89PNG one")
    time.sleep(SETTLED)
    build(built)
    figure.write_bytes(b"\x89PNG two")
    assert build(built)
    assert (built.root / "_site/cards/qa-1/loss.png").read_bytes() == b"\x89PNG two"


def test_a_killed_build_is_no_build(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    built.write("experiments/qa-1/card.md", card("qa-1", "Another thing."))
    time.sleep(SETTLED)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(projects, "fill_site", die)
        with pytest.raises(KeyboardInterrupt):
            build(built)
    assert build(built)
    assert "Another thing." in page(built)
    assert not build(built)


def test_warnings_and_problems_are_said_again(project: Project) -> None:
    project.write("experiments/qa-1/card.md", "---\ncode: [\n---\n")
    time.sleep(SETTLED)
    first, again = project.cardgen("build"), project.cardgen("build")
    assert (first.status, again.status) == (1, 1)
    assert "experiments/qa-1/card.md:" in again.err
    assert first.err == again.err
    assert "0 files written" in again.out


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and "pagefind" not in p.parts
    }


def test_several_processes_write_what_one_does(project: Project) -> None:
    for number in range(60):
        more = f"baseline: qa-{number - 1}\ntags: [even]\n" if number % 2 else "tags: [odd]\n"
        more += "supersedes: qa-3\n" if number == 7 else ""
        text = card(f"qa-{number}", f"Number *{number}*.", more)
        project.write(f"experiments/qa-{number}/card.md", text)
    project.write("experiments/qa-61/card.md", "---\ncode: [\n---\n")
    config = load_config(project.root)
    one = build_project(config, processes=1)
    alone = snapshot(project.root / "_site")
    for folder in ("_site", ".cardgen"):
        (project.root / folder).rename(project.root / f"{folder}-alone")
    several = build_project(config, processes=3)
    assert snapshot(project.root / "_site") == alone
    assert several.problems == one.problems
    assert len(alone) > 120
    assert build_project(config, processes=3).report.startswith("_site/ holds 61 cards (0 files")


def test_what_no_list_repeats_makes_no_list_again(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    original = Whole._make

    def watch(self: Whole, site: Site, part: Part, sign: str, turn: Turn) -> Iterator[str]:
        made.append(part.name)
        return original(self, site, part, sign, turn)

    monkeypatch.setattr(Whole, "_make", watch)
    built.write("experiments/qa-1/card.md", card("qa-1") + "\n## Notes\n\nOf no digest.\n")
    assert build(built)
    assert "Of no digest." in page(built)
    assert made == []
    (built.root / "_site/tree/index.html").write_text("x", encoding="utf-8")
    assert build(built)
    assert made == ["tree"]
    assert built.read("_site/tree/index.html") != "x"
    for damage in ("", "[]", '{"tree": 1}', '{"tree": {"sign": "", "pages": [{}]}}'):
        (built.root / ".cardgen/whole.json").write_text(damage, encoding="utf-8")
        goal = f"Goal {len(damage)}."
        built.write("experiments/qa-1/card.md", card("qa-1", goal))
        assert build(built)
        assert goal in page(built)
    assert len(made) > 40


def test_a_hand_written_page_in_the_place_of_a_digest_stays(built: Project) -> None:
    docs = built.write("site/docs/timeline/index.md", "# Ours\n\nBy hand.\n")
    assert build(built)
    assert "By hand." in built.read("_site/timeline/index.html")
    built.write("experiments/qa-1/card.md", card("qa-1", "Another thing."))
    assert build(built)
    assert "By hand." in built.read("_site/timeline/index.html")
    docs.unlink()
    assert build(built)
    assert "By hand." not in built.read("_site/timeline/index.html")
    assert "qa-1" in built.read("_site/timeline/index.html")
