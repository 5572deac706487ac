"""``init`` and ``new`` in real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cardgen.documents import parse_card
from tests.projects import Project


def commit(project: Project, message: str) -> None:
    project.git("add", "-A")
    project.git("commit", "-qm", message)


def test_init_lays_out_a_project(project: Project) -> None:
    for path in (
        "cardgen.yaml",
        "experiments/.gitignore",
        ".gitattributes",
        "schema/card.schema.json",
        "schema/evidence.schema.json",
        "site/mkdocs.yml",
        "site/docs/index.md",
    ):
        assert (project.root / path).is_file(), path
    attribute = project.git("check-attr", "linguist-generated", "experiments/qa-1/evidence.json")
    assert attribute.strip().endswith(": true")


def test_init_touches_nothing_that_is_there(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.git("init", "-q")
    own = {
        ".gitattributes": "*.bin binary\n",
        ".gitignore": "*.log\n",
        "site/docs/index.md": "# Mine\n",
        "experiments/.gitignore": "*.pt\n",
    }
    for path, text in own.items():
        project.write(path, text)
    done = project.cardgen("init")
    assert done.status == 0
    assert "_site/" in done.err
    for path, text in own.items():
        assert project.read(path) == text
    attribute = project.git("check-attr", "linguist-generated", "experiments/qa-1/evidence.json")
    assert attribute.strip().endswith(": true")


def test_init_twice_makes_nothing_new(project: Project) -> None:
    before = sorted(project.root.rglob("*"))
    assert "made" not in project.ok("init")
    assert sorted(project.root.rglob("*")) == before


def test_init_below_a_project_is_refused(project: Project) -> None:
    done = project.cardgen("init", cwd="experiments")
    assert done.status == 2
    assert "lies in the project" in done.err


def test_the_ignore_file_keeps_cards_and_figures_and_leaves_models_out(project: Project) -> None:
    kept = ["card.md", "evidence.json", "loss.png", "figures/curve.svg"]
    left = ["model.safetensors", "checkpoint-50/optimizer.pt", "checkpoint-50/x.png", "out.log"]
    for name in kept + left:
        project.write(f"experiments/qa-1/{name}", "x")
    shown = project.git("ls-files", "-o", "--exclude-standard", "experiments").splitlines()
    inside = {path.removeprefix("experiments/qa-1/") for path in shown if "/qa-1/" in path}
    assert inside == set(kept)


@pytest.mark.parametrize(
    ("language", "goal"), [("pl", "Cel"), ("fr", "But"), ("ru", "Цель"), ("zh", "目标")]
)
def test_the_language_is_that_of_headings_and_site(
    tmp_path: Path, language: str, goal: str
) -> None:
    project = Project(tmp_path)
    project.ok("init", "--lang", language)
    project.ok("new", "qa-1")
    text = project.read("experiments/qa-1/card.md")
    assert f"## {goal}\n" in text
    assert f"language: {language}" in project.read("site/mkdocs.yml")
    card = parse_card(text, tmp_path / "qa-1" / "card.md", "qa-1", "card.md")
    assert [section.key for section in card.sections] == ["goal", "conclusions", "problems"]
    assert card.problems == ()


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    done = Project(tmp_path).cardgen("init", "--lang", "xx")
    assert done.status == 2
    assert "Choose one of en, fr, pl, ru, zh" in done.err
    assert list(tmp_path.iterdir()) == []


def test_new_writes_what_it_was_told(project: Project) -> None:
    project.ok("new", "qa-0")
    project.ok("new", "qa-1", "--title", 'A "b": c', "--baseline", "qa-0", "--tag", "x y", "--tag",
               "no")  # fmt: skip
    text = project.read("experiments/qa-1/card.md")
    card = parse_card(text, project.root / "experiments/qa-1/card.md", "qa-1", "card.md")
    assert card.problems == ()
    assert card.front.title == 'A "b": c'
    assert card.front.baseline == "qa-0"
    assert card.front.tags == ("x y", "no")
    schema = text.split("$schema=")[1].split("\n")[0]
    assert (project.root / "experiments/qa-1" / schema).resolve().is_file()


@pytest.mark.parametrize(
    ("code", "reason"),
    [("QA-1", "only in case"), ("qa-1", "exists already"), ("nul", "Windows"), ("a/b", "letters"),
     ("../x", "begin with")],
)  # fmt: skip
def test_a_code_that_cannot_be_is_refused(project: Project, code: str, reason: str) -> None:
    project.ok("new", "qa-1")
    done = project.cardgen("new", code)
    assert done.status == 2
    assert reason in done.err
    assert [p.parent.name for p in project.root.glob("experiments/*/card.md")] == ["qa-1"]


def test_a_code_of_the_history_is_not_taken_again(project: Project) -> None:
    project.ok("new", "qa-1")
    project.ok("new", "qa-2")
    commit(project, "two cards")
    project.git("rm", "-rq", "experiments/qa-2")
    commit(project, "one card")
    assert "qa-3" in project.ok("new", "qa-")
    done = project.cardgen("new", "QA-2")
    assert done.status == 2
    assert "was a card once" in done.err
    project.ok("new", "qa-2", "--reuse")


def test_the_history_counts_in_a_project_below_the_repository(tmp_path: Path) -> None:
    outer = Project(tmp_path)
    outer.git("init", "-q")
    (tmp_path / "sub").mkdir()
    outer.ok("init", cwd="sub")
    outer.ok("new", "qa-1", cwd="sub")
    commit(outer, "a card")
    outer.git("rm", "-rq", "sub/experiments/qa-1")
    commit(outer, "none")
    assert "was a card once" in outer.cardgen("new", "qa-1", cwd="sub").err


def test_commands_work_from_any_folder_below_the_root(project: Project) -> None:
    project.ok("new", "qa-1")
    assert "qa-2" in project.ok("new", "qa-", cwd="experiments/qa-1")
    assert "qa-2" in project.ok("list", cwd="experiments/qa-1")


def test_without_a_project_the_way_in_is_named(tmp_path: Path) -> None:
    done = Project(tmp_path).cardgen("list")
    assert done.status == 2
    assert "Run 'cardgen init' first." in done.err
    assert "Traceback" not in done.err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_sentence(project: Project) -> None:
    (project.root / "experiments").chmod(0o500)
    done = project.cardgen("new", "qa-1")
    assert done.status == 2
    assert len(done.err.strip().splitlines()) == 1


def test_set_edits_in_place_and_says_so(project: Project) -> None:
    project.ok("new", "qa-1")
    before = project.read("experiments/qa-1/card.md")
    project.ok("set", "qa-1", "status=running", "tags+=plt5")
    after = project.read("experiments/qa-1/card.md")
    assert after == before.replace("status: planned", "status: running").replace(
        "tags: []", "tags: [plt5]"
    )
    done = project.cardgen("set", "qa-1", "status=done")
    assert done.status == 2
    assert project.read("experiments/qa-1/card.md") == after
