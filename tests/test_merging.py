"""Two branches that change the same cards: merges, rebases and cherry-picks with real git."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cardgen.documents import find_conflict
from cardgen.merging.card import merge_card
from cardgen.merging.marks import Sides, merge_lines, split_marks
from tests.projects import Done, Project, make_project

CARD = """---
code: qa-1
title: plT5 on PolQA
# How far it is
status: running
tags: [polqa]
runs:
  - json:logs/a.json
params:
  lr: 1e-4
  batch: 32
---

## Goal

Does plT5 beat the baseline?

## Conclusions

<!-- hint -->

## Problems

Memory ran out at batch 64.

## Notes

First note.
"""


def write_log(project: Project, name: str, score: float) -> None:
    lines = [{"step": n, "eval/f1": round(score + n / 100, 3)} for n in range(3)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    project.write(f"logs/{name}.jsonl", text)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one filled card on main, and a branch called other."""
    project = make_project(tmp_path)
    assert "--merge-driver" in project.git("config", "merge.cardgen.driver"), "init installs it"
    project.git("config", "--remove-section", "merge.cardgen")
    for number, name in enumerate("abc"):
        write_log(project, name, 0.5 + number / 10)
    project.write("experiments/qa-1/card.md", CARD.replace(".json\n", ".jsonl\n"))
    project.ok("fill")
    commit(project, "base")
    project.git("branch", "other")
    return project


def commit(project: Project, message: str) -> None:
    project.git("add", "-A")
    project.git("commit", "-q", "-m", message)


def edit(project: Project, old: str, new: str, name: str = "qa-1/card.md") -> None:
    text = project.read(f"experiments/{name}")
    assert old in text
    project.write(f"experiments/{name}", text.replace(old, new))


def on_both(project: Project, ours: tuple[str, str], theirs: tuple[str, str]) -> Done:
    """Edit the card on both branches and merge; what git said."""
    project.git("checkout", "-q", "other")
    edit(project, *theirs)
    commit(project, "theirs")
    project.git("checkout", "-q", "main")
    edit(project, *ours)
    commit(project, "ours")
    return project.run("git", "merge", "other", "-m", "merged")


def add_run(project: Project, name: str, code: str = "qa-1") -> None:
    project.ok("set", code, f"runs+=json:logs/{name}.jsonl")
    project.ok("fill", code)
    commit(project, f"run {name}")


def add_runs_on_both(project: Project) -> None:
    project.git("checkout", "-q", "other")
    add_run(project, "c")
    project.git("checkout", "-q", "main")
    add_run(project, "b")


def refs(project: Project) -> list[str]:
    return [
        run["ref"] for run in json.loads(project.read("experiments/qa-1/evidence.json"))["runs"]
    ]


def finish(project: Project) -> None:
    assert project.git("ls-files", "-u") == ""
    assert project.cardgen("check").out.count("merge-conflict") == 0
    project.git("commit", "-q", "--no-edit")


# While git merges ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["merge", "rebase", "cherry-pick"])
def test_runs_of_two_branches_are_united(project: Project, how: str) -> None:
    add_runs_on_both(project)
    done = project.run("git", how, "other", *(("-m", "both") if how == "merge" else ()))
    assert done.status == 1, "git alone cannot"
    before = project.cardgen("check")
    assert before.status == 1
    assert before.out.count("merge-conflict") == 2
    assert "Run: cardgen resolve qa-1" in before.out
    out = project.ok("resolve")
    assert "solved  experiments/qa-1/card.md, added" in out
    assert "solved  experiments/qa-1/evidence.json, added" in out
    assert sorted(refs(project)) == [f"json:logs/{name}.jsonl" for name in "abc"]
    assert project.read("experiments/qa-1/card.md").count("- json:logs/") == 3
    assert project.git("ls-files", "-u") == ""
    if how == "merge":
        finish(project)
    else:
        project.git("-c", "core.editor=true", how, "--continue")
    assert project.ok("fill").startswith("same"), "what was merged is what fill writes"
    assert project.git("status", "--porcelain") == ""


def install(project: Project) -> None:
    """Have git call this very cardgen."""
    project.ok("resolve", "--install")
    command = f'"{sys.executable}" -m cardgen resolve --merge-driver %O %A %B %P'
    assert "cardgen resolve --merge-driver" in project.git("config", "merge.cardgen.driver")
    project.git("config", "merge.cardgen.driver", command)


def test_with_the_driver_git_merges_by_itself(project: Project) -> None:
    install(project)
    add_runs_on_both(project)
    assert project.run("git", "merge", "other", "-m", "merged").status == 0
    assert sorted(refs(project)) == [f"json:logs/{name}.jsonl" for name in "abc"]
    assert project.ok("fill").startswith("same")


def test_the_driver_leaves_what_a_person_must_decide(project: Project) -> None:
    install(project)
    done = on_both(
        project,
        ("title: plT5 on PolQA", "title: Ours"),
        ("title: plT5 on PolQA", "title: Theirs"),
    )
    assert done.status == 1
    text = project.read("experiments/qa-1/card.md")
    assert "<<<<<<< ours\ntitle: Ours\n=======\ntitle: Theirs\n>>>>>>> theirs\n" in text
    assert project.ok("resolve", "--take", "theirs")
    assert "title: Theirs\n# How" in project.read("experiments/qa-1/card.md")
    finish(project)


def test_a_driver_that_is_missing_loses_nothing(project: Project) -> None:
    project.git("config", "merge.cardgen.driver", "false")
    on_both(project, ("title: plT5", "title: Ours"), ("First note.", "Second note."))
    assert "title: Ours" in project.ok("resolve") + project.read("experiments/qa-1/card.md")
    assert "Second note." in project.read("experiments/qa-1/card.md")
    finish(project)


# Cards ---------------------------------------------------------------------------------------


def test_neighbouring_values_are_merged(project: Project) -> None:
    """Git takes lines beside each other for one change."""
    done = on_both(
        project,
        ("  lr: 1e-4\n", "  lr: 2e-4\n"),
        ("  batch: 32\n", "  batch: 64\n  warmup: 100\n"),
    )
    assert done.status == 1
    project.ok("resolve", "qa-1")
    assert "  lr: 2e-4\n  batch: 64\n  warmup: 100\n" in project.read("experiments/qa-1/card.md")
    finish(project)


def test_sections_of_one_side_are_taken() -> None:
    """Also beside one that both changed."""
    ours = CARD.replace("<!-- hint -->", "It does.").replace("First", "Our")
    theirs = CARD.replace("Memory", "All memory").replace("First", "Their") + "\n## More\n\nx\n"
    merged = merge_card(Sides(CARD, ours, theirs))
    assert merged.open == ("notes",)
    assert "It does.\n\n## Problems\n\nAll memory ran out" in merged.text
    assert "## Notes\n\n<<<<<<< ours\nOur note.\n=======\nTheir note.\n" in merged.text
    assert merged.text.endswith(">>>>>>> theirs\n\n## More\n\nx\n")


def test_what_both_wrote_stands_between_marks(project: Project) -> None:
    done = on_both(
        project,
        ("status: running\ntags: [polqa]", "status: finished\ntags: [polqa, ours]"),
        ("status: running\ntags: [polqa]", "status: aborted\ntags: [polqa, theirs]"),
    )
    assert done.status == 1
    # Somebody has begun to edit by hand, elsewhere in the file.
    edit(project, "First note.", "Edited while merging.")
    done = project.cardgen("resolve")
    assert done.status == 1
    text = project.read("experiments/qa-1/card.md")
    assert "tags: [polqa, ours, theirs]\n" in text
    assert "Edited while merging." in text
    assert text.count("<<<<<<< ") == text.count(">>>>>>> ") == 1
    line = text.split("\n").index("<<<<<<< HEAD") + 1
    assert f"card.md:{line}: status: '# How far it is status: finished' here," in done.err
    assert "status: aborted' there." in done.err
    assert project.git("ls-files", "-u"), "nothing is added while something is open"
    assert "merge-conflict" in project.cardgen("check").out
    project.write("experiments/qa-1/card.md", "\n".join(keep_ours(text)))
    again = project.cardgen("resolve")
    assert again.status == 1
    assert "It has no marks any more." in again.err
    project.git("add", "-A")
    finish(project)


def keep_ours(text: str) -> list[str]:
    kept, inside = [], ""
    for line in text.split("\n"):
        mark = line[:7]
        if mark in ("<<<<<<<", "=======", ">>>>>>>"):
            inside = mark
        elif inside != "=======":
            kept.append(line)
    return kept


def test_conclusions_that_both_wrote_are_kept_both(project: Project) -> None:
    done = on_both(project, ("<!-- hint -->", "It does."), ("<!-- hint -->", "It does not."))
    assert done.status == 1
    done = project.cardgen("resolve")
    assert done.status == 1
    assert "conclusions: 'It does.' here, 'It does not.' there." in done.err
    text = project.read("experiments/qa-1/card.md")
    assert "It does.\n=======\nIt does not.\n" in text
    project.ok("resolve", "--take", "ours")
    assert "It does.\n\n## Problems" in project.read("experiments/qa-1/card.md")
    finish(project)


def test_a_deleted_card_is_a_person_s_decision(project: Project) -> None:
    project.git("checkout", "-q", "other")
    project.git("rm", "-q", "-r", "experiments/qa-1")
    project.git("commit", "-q", "-m", "gone")
    project.git("checkout", "-q", "main")
    edit(project, "First note.", "Second note.")
    commit(project, "ours")
    assert project.run("git", "merge", "other").status == 1
    done = project.cardgen("resolve")
    assert done.status == 1
    assert "We changed it, they deleted it." in done.err
    assert "git add experiments/qa-1/card.md; or take it out: git rm" in done.err
    assert "Second note." in project.read("experiments/qa-1/card.md")


def test_two_experiments_of_one_code(project: Project) -> None:
    for branch, name in (("other", "b"), ("main", "c")):
        project.git("checkout", "-q", branch)
        project.ok(
            "new", "qa-2", "--run", f"json:logs/{name}.jsonl", "--title", f"On {name}", "--reuse"
        )
        commit(project, name)
    assert project.run("git", "merge", "other").status == 1
    done = project.cardgen("resolve")
    assert done.status == 1
    assert "Two experiments are called qa-2." in done.err
    hint = next(line for line in done.err.splitlines() if "mkdir" in line)
    first = hint.split("mkdir", 1)[1].split(", likewise")[0].replace("NEW", "qa-3")
    assert project.run("sh", "-c", f"mkdir {first}").status == 0
    assert "title: On b" in project.read("experiments/qa-3/card.md")


def test_the_same_card_on_both_is_merged(project: Project) -> None:
    """As after a cherry-pick of a part."""
    for branch, tag in (("other", "left"), ("main", "right")):
        project.git("checkout", "-q", branch)
        project.ok(
            "new", "qa-2", "--run", "json:logs/b.jsonl", "--title", "B", "--tag", tag, "--reuse"
        )
        commit(project, tag)
    assert project.run("git", "merge", "other").status == 1
    project.ok("resolve")
    assert "tags: [right, left]\n" in project.read("experiments/qa-2/card.md")
    finish(project)


# Evidence ------------------------------------------------------------------------------------


def change_run_on_both(project: Project) -> None:
    """The log grows, and both fill from what there is then."""
    project.git("checkout", "-q", "other")
    write_log(project, "a", 0.61)
    project.ok("fill")
    commit(project, "theirs")
    project.git("checkout", "-q", "main")
    write_log(project, "a", 0.62)
    project.ok("fill")
    commit(project, "ours")
    assert project.run("git", "merge", "other").status == 1
    write_log(project, "a", 0.63)


def test_a_run_that_differs_is_read_again(project: Project) -> None:
    change_run_on_both(project)
    project.ok("resolve")
    assert "0.63" in project.read("experiments/qa-1/evidence.json")
    assert "0.62" not in project.read("experiments/qa-1/evidence.json")


def test_a_run_that_differs_and_cannot_be_read(project: Project) -> None:
    change_run_on_both(project)
    (project.root / "logs" / "a.jsonl").unlink()
    before = project.read("experiments/qa-1/evidence.json")
    done = project.cardgen("resolve")
    assert done.status == 1
    assert "its tracker cannot be read: json:logs/a.jsonl" in done.err
    assert project.read("experiments/qa-1/evidence.json") == before
    assert project.git("ls-files", "-u").count("evidence.json") == 3
    project.ok("resolve", "--take", "theirs")
    assert "0.61" in project.read("experiments/qa-1/evidence.json")


def test_captured_runs_of_both_are_kept(project: Project) -> None:
    for branch in ("other", "main"):
        project.git("checkout", "-q", branch)
        project.ok("run", "qa-1", "--", sys.executable, "-c", f"print('{branch}')")
        commit(project, branch)
    assert project.run("git", "merge", "other").status == 1
    project.ok("resolve")
    found = json.loads(project.read("experiments/qa-1/evidence.json"))["runs"]
    assert len(found) == 3
    assert sum(run["tracker"] == "run" for run in found) == 2
    finish(project)


def test_marks_that_were_committed(project: Project) -> None:
    """Outside of a merge both versions are taken from the marks."""
    add_runs_on_both(project)
    assert project.run("git", "merge", "other").status == 1
    commit(project, "with marks")
    project.ok("resolve")
    assert sorted(refs(project)) == [f"json:logs/{name}.jsonl" for name in "abc"]
    assert project.cardgen("check").out.count("merge-conflict") == 0
    assert project.ok("resolve") == "Nothing is in conflict.\n"


def test_other_files_are_left(project: Project) -> None:
    for branch in ("other", "main"):
        project.git("checkout", "-q", branch)
        project.write("experiments/qa-1/loss.svg", f"<svg>{branch}</svg>")
        commit(project, branch)
    assert project.run("git", "merge", "other").status == 1
    done = project.cardgen("resolve")
    assert done.status == 1
    assert "git checkout --ours (or --theirs) -- experiments/qa-1/loss.svg" in done.err


# READMEs -------------------------------------------------------------------------------------


def test_a_readme_is_made_again(project: Project) -> None:
    for branch in ("main", "other"):
        project.git("checkout", "-q", branch)
        project.ok("readme")
        commit(project, "readmes")
    project.git("checkout", "-q", "other")
    project.ok("set", "qa-1", "runs+=json:logs/c.jsonl")
    project.ok("fill")
    project.ok("readme")
    commit(project, "theirs")
    project.git("checkout", "-q", "main")
    project.ok("set", "qa-1", "runs+=json:logs/b.jsonl")
    project.ok("fill")
    project.ok("readme")
    commit(project, "ours")
    assert project.run("git", "merge", "other").status == 1
    assert "experiments/README.md" in project.git("ls-files", "-u")
    project.ok("resolve")
    for path in ("experiments/qa-1/README.md", "experiments/README.md"):
        assert not find_conflict(project.read(path))
    project.ok("readme", "--check")
    finish(project)
    assert project.git("status", "--porcelain") == ""


def test_a_clone_without_a_repository_is_said(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.ok("init")
    done = project.cardgen("resolve", "--install")
    assert done.status == 2
    assert "git init" in done.err
    assert project.ok("resolve") == "Nothing is in conflict.\n"


# The parts -----------------------------------------------------------------------------------


def test_marks_are_taken_apart() -> None:
    text = "a\n<<<<<<< HEAD\nb\n||||||| 1234\nc\n=======\nd\n>>>>>>> other\ne\n"
    sides = split_marks(text)
    assert sides is not None
    assert (sides.base, sides.ours, sides.theirs) == ("a\nc\ne\n", "a\nb\ne\n", "a\nd\ne\n")
    assert (sides.names.ours, sides.names.theirs) == ("HEAD", "other")
    assert split_marks("a\n<<<<<<< HEAD\nb\n") is None
    assert split_marks("Title\n=======\n") is None


def test_a_broken_card_is_merged_by_lines() -> None:
    sides = Sides("---\n{\n---\na\n", "---\n{\n---\nb\n", "---\n{ x\n---\na\n")
    text, _ = merge_lines(sides)
    assert merge_card(sides).text == text == "---\n{ x\n---\nb\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_stay(end: str) -> None:
    base = CARD.replace("\n", end)
    ours = base.replace("title: plT5 on PolQA", "title: Ours")
    theirs = base.replace("First note.", "Their note.")
    merged = merge_card(Sides(base, ours, theirs))
    assert merged.open == ()
    assert merged.text == ours.replace("First note.", "Their note.")


def test_replaced_items_are_no_union() -> None:
    """Both corrected the same ref in their own way."""
    sides = Sides(*(CARD.replace("a.json", name) for name in ("a.json", "b.json", "c.json")))
    merged = merge_card(sides)
    assert merged.open == ("runs",)
    assert "- json:logs/b.json\n=======\nruns:\n  - json:logs/c.json\n" in merged.text


def test_find_conflict_wants_all_three_marks() -> None:
    assert find_conflict("a\n<<<<<<< x\nb\n=======\nc\n>>>>>>> y\n") == 2
    assert find_conflict("<<<<<<< x\nb\n") == 0
    assert find_conflict("text <<<<<<< x\n=======\n>>>>>>> y\n") == 0
