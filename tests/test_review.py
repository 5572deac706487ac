"""A review of two revisions, in real repositories."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.config import load_config
from cardgen.errors import UsageError
from cardgen.evidence import format_evidence
from cardgen.models import Checkpoint, Evidence, Run
from cardgen.review import Review, ReviewedCard, review_cards
from tests.projects import Project

CARD = """---
code: {code}
title: {title}
status: finished
{front}---

## Goal

{goal}

## Conclusions

{conclusions}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Project:
    """A repository with two cards on main and the branch ``topic`` checked out."""
    project = make_repository(tmp_path / "repo")
    project.git("checkout", "-q", "-b", "topic")
    return project


def make_repository(root: Path) -> Project:
    root.mkdir()
    project = Project(root)
    project.git("init", "-q", "-b", "main")
    project.write("cardgen.yaml", "metric: eval/f1\n")
    write_card(project, "qa-1", f1=0.5)
    write_card(project, "qa-2", f1=0.6, front="baseline: qa-1\n")
    commit(project, "main")
    return project


def write_card(
    project: Project,
    code: str,
    *,
    f1: float | None = None,
    front: str = "",
    goal: str = "",
    conclusions: str = "It is so.",
    run: str = "",
    folder: str = "experiments",
) -> None:
    goal = goal or f"Does {code} find more answers than all others before it did?"
    text = CARD.format(
        code=code, title=f"Card {code}", front=front, goal=goal, conclusions=conclusions
    )
    project.write(f"{folder}/{code}/card.md", text)
    if f1 is not None:
        points = (Checkpoint(step=1, metrics={"eval/f1": f1}),)
        one = Run(
            ref=run or f"mlflow:{code}", tracker="mlflow", status="finished", checkpoints=points
        )
        project.write(
            f"{folder}/{code}/evidence.json", format_evidence(Evidence(code=code, runs=(one,)))
        )


def commit(project: Project, message: str = "work") -> None:
    project.git("add", "-A")
    project.git("commit", "-q", "--allow-empty", "-m", message)


def review(project: Project, base: str = "main", head: str = "HEAD", **options: bool) -> Review:
    return review_cards(load_config(project.root), base, head, **options)


def kinds(found: Review) -> dict[str, str]:
    return {card.code: card.kind for card in found.cards}


def card(found: Review, code: str) -> ReviewedCard:
    return next(card for card in found.cards if card.code == code)


def attention(found: ReviewedCard) -> list[str]:
    return [change.attention for change in found.attention]


# Which cards -----------------------------------------------------------------------------------


def test_new_changed_and_removed_cards(repo: Project) -> None:
    write_card(repo, "qa-3", f1=0.7, front="baseline: qa-2\n")
    write_card(repo, "qa-2", f1=0.6, front="baseline: qa-1\n", conclusions="It is other.")
    shutil.rmtree(repo.root / "experiments/qa-1")
    repo.write("experiments/notes/readme.txt", "no card")
    repo.write("experiments/file.txt", "no folder")
    commit(repo)
    found = review(repo)
    assert kinds(found) == {"qa-2": "changed", "qa-3": "new", "qa-1": "removed"}
    assert found.notes == ()
    new = card(found, "qa-3")
    assert (new.title, new.status, new.baseline) == ("Card qa-3", "finished", "qa-2")
    (measure,) = new.measures
    assert (measure.metric, measure.text, measure.base) == ("eval/f1", "0.7", "0.6")
    assert (round(measure.difference or 0, 6), measure.better) == (0.1, True)
    assert set(new.missing) == {"data", "commit", "training command"}
    (text,) = [change for change in card(found, "qa-2").changes if change.topic == "text"]
    assert text.lines == ("- It is so.", "+ It is other.")
    assert [p.rule for p in card(found, "qa-2").problems if p.severity == "error"] == [
        "baseline-unknown"
    ]
    assert card(found, "qa-1").measures[0].text == "0.5"


def test_nothing_differs(repo: Project) -> None:
    repo.write("train.py", "pass\n")
    commit(repo)
    found = review(repo)
    assert found.cards == ()
    assert not found.failed
    assert repo.ok("review", "main").startswith("No card differs: main...HEAD")


def test_what_main_did_since_is_no_difference(repo: Project) -> None:
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    repo.git("checkout", "-q", "main")
    write_card(repo, "qa-4", f1=0.7)
    write_card(repo, "qa-1", f1=0.1)
    commit(repo)
    assert kinds(review(repo, "main", "topic")) == {"qa-3": "new"}
    assert set(kinds(review(repo, "topic", "main"))) == {"qa-1", "qa-4"}


def test_problems_that_were_there_before_are_marked(repo: Project) -> None:
    repo.git("checkout", "-q", "main")
    write_card(repo, "qa-2", f1=0.6, front="baseline: qa-9\n")
    commit(repo)
    repo.git("checkout", "-q", "-B", "topic")
    write_card(repo, "qa-2", f1=0.6, front="baseline: qa-9\ntags: []\n", conclusions="")
    commit(repo)
    found = {one.rule: one.new for one in card(review(repo), "qa-2").problems}
    assert found["baseline-unknown"] is False
    assert found["conclusions-missing"] is True


def test_cards_that_name_a_removed_one_are_shown(repo: Project) -> None:
    shutil.rmtree(repo.root / "experiments/qa-1")
    commit(repo)
    found = review(repo)
    assert kinds(found) == {"qa-2": "affected", "qa-1": "removed"}
    assert [one.rule for one in card(found, "qa-2").problems] == ["baseline-unknown"]
    assert found.failed


def test_a_card_like_one_that_is_there_is_named(repo: Project) -> None:
    goal = "A larger batch should let the question encoder learn rare entities sooner."
    write_card(repo, "qa-5", f1=0.6, goal=goal)
    commit(repo)
    repo.git("checkout", "-q", "-b", "next")
    write_card(repo, "qa-6", f1=0.6, goal=goal.replace("sooner", "earlier"))
    commit(repo)
    (new,) = review(repo, "topic").cards
    assert [alike.code for alike in new.similar] == ["qa-5"]
    assert "words" in new.similar[0].reasons[0]


def test_similar_cards_are_found_among_many(repo: Project) -> None:
    for number in range(100, 240):
        write_card(repo, f"qa-{number}", goal=f"Do {spell(number)} and {spell(number * 7)} help?")
    commit(repo)
    repo.git("checkout", "-q", "-b", "next")
    write_card(repo, "zz-1", goal=f"Will {spell(117)} help, or {spell(819)}?")
    commit(repo)
    (new,) = review(repo, "topic").cards
    assert new.similar[0].code == "qa-117"


def spell(number: int) -> str:
    """A word of letters for a number."""
    return "".join(chr(ord("a") + int(digit) * 2) for digit in f"{number:05}")


# What is odd -----------------------------------------------------------------------------------


def test_evidence_that_changed_without_a_run(repo: Project) -> None:
    write_card(repo, "qa-2", f1=0.9, front="baseline: qa-1\n")
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    found = review(repo)
    assert [one.code for one in found.cards] == ["qa-2", "qa-3"]  # what is odd comes first
    odd = card(found, "qa-2")
    assert "Evidence changed although no run was added." in attention(odd)
    assert "The result moved, and the conclusions stayed." in attention(odd)
    assert odd.measures[0].was == "0.6"
    run = next(change for change in odd.changes if change.name == "run changed")
    assert run.lines == ("eval/f1 at step 1: 0.6 → 0.9",)


def test_evidence_that_was_deleted_or_broken(repo: Project) -> None:
    (repo.root / "experiments/qa-1/evidence.json").unlink()
    repo.write("experiments/qa-2/evidence.json", "{")
    commit(repo)
    found = review(repo)
    assert "The evidence was deleted." in attention(card(found, "qa-1"))
    assert "The evidence cannot be read." in attention(card(found, "qa-2"))


def test_evidence_that_holds_both_versions_of_a_merge_was_not_deleted(repo: Project) -> None:
    text = repo.read("experiments/qa-1/evidence.json")
    both = f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n"
    repo.write("experiments/qa-1/evidence.json", both)
    commit(repo)
    assert "The evidence cannot be read." in attention(card(review(repo), "qa-1"))


def test_files_in_the_folder_are_compared(repo: Project) -> None:
    repo.write("experiments/qa-1/changes.patch", "a")
    repo.write("experiments/qa-1/README.md", "made")
    commit(repo)
    repo.git("checkout", "-q", "-b", "next")
    repo.write("experiments/qa-1/figure.png", "a")
    repo.write("experiments/qa-1/changes.patch", "b")
    repo.write("experiments/qa-1/README.md", "made again")
    commit(repo)
    (found,) = review(repo, "topic").cards
    assert {one.name: one.new for one in found.changes} == {
        "changes.patch": "changed",
        "figure.png": "added",
    }
    assert attention(found) == ["The patch of a run was changed."]


# Files that strangers commit -------------------------------------------------------------------


def test_broken_cards_on_either_side(repo: Project) -> None:
    repo.write("experiments/qa-1/card.md", "---\ncode: [\n---\n")
    (repo.root / "experiments/qa-2/card.md").write_bytes(b"---\ncode: qa-2\ntitle: caf\xe9\n---\n")
    (repo.root / "experiments/qa-3").mkdir()
    (repo.root / "experiments/qa-3/card.md").symlink_to("/etc/hostname")
    (repo.root / "experiments/linked").symlink_to("qa-1")
    commit(repo)
    found = review(repo)
    assert kinds(found) == {"qa-1": "changed", "qa-2": "changed", "qa-3": "new"}
    rules = {one.code: one.problems[0].rule for one in found.cards}
    assert rules == {"qa-1": "front-matter", "qa-2": "unreadable", "qa-3": "unreadable"}
    back = review(repo, "topic", "main")
    assert back.cards == ()  # main is behind: nothing of it is not in topic
    repo.git("checkout", "-q", "-b", "mended")
    shutil.copytree(repo.root / "experiments", repo.root / "x")
    repo.git("checkout", "-q", "main", "--", "experiments/qa-1", "experiments/qa-2")
    shutil.rmtree(repo.root / "x")
    commit(repo)
    assert kinds(review(repo, "topic")) == {"qa-1": "changed", "qa-2": "changed"}


def test_folders_with_any_name(repo: Project) -> None:
    for name in ("<img src=x>", "@team", "-rf", "ä ö", "a\tb", "x'y"):
        repo.write(f"experiments/{name}/card.md", "---\ncode: x\n---\n## Goal\nx\n")
    commit(repo)
    assert len(review(repo).cards) == 6


# Revisions -------------------------------------------------------------------------------------


def test_a_card_that_was_renamed(repo: Project) -> None:
    repo.git("mv", "experiments/qa-1", "experiments/qa-1b")
    text = repo.read("experiments/qa-1b/card.md").replace("code: qa-1", "code: qa-1b")
    repo.write("experiments/qa-1b/card.md", text.replace("It is so.", "It is not so."))
    write_card(repo, "qa-7", f1=0.1)
    commit(repo)
    found = review(repo)
    assert kinds(found) == {"qa-1b": "renamed", "qa-2": "affected", "qa-7": "new"}
    renamed = card(found, "qa-1b")
    assert renamed.before == "qa-1"
    assert [c.lines for c in renamed.changes if c.topic == "text"] == [
        ("- It is so.", "+ It is not so.")
    ]


@pytest.mark.parametrize(("kept", "joined"), [(8, True), (3, False)])
def test_renames_without_evidence_are_found_by_their_lines(
    repo: Project, kept: int, joined: bool
) -> None:
    lines = [f"Sentence number {n} says this and that." for n in range(10)]
    write_card(repo, "old-1", goal="\n".join(lines))
    commit(repo)
    repo.git("checkout", "-q", "-b", "next")
    shutil.rmtree(repo.root / "experiments/old-1")
    others = [f"Something quite different, line {n}." for n in range(10 - kept)]
    write_card(repo, "new-1", goal="\n".join(lines[:kept] + others), conclusions="No.")
    commit(repo)
    expected = {"new-1": "renamed"} if joined else {"new-1": "new", "old-1": "removed"}
    assert kinds(review(repo, "topic")) == expected


def test_a_squash_merge_leaves_no_difference(repo: Project) -> None:
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    write_card(repo, "qa-4", f1=0.8)
    commit(repo)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--squash", "topic")
    commit(repo, "squashed")
    found = review(repo, "main", "topic")
    assert found.cards == ()
    assert found.notes == ("2 cards are in main already just as here, and left out.",)


def test_a_branch_that_went_on_after_its_squash_merge(repo: Project) -> None:
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--squash", "topic")
    commit(repo, "squashed")
    repo.git("checkout", "-q", "topic")
    write_card(repo, "qa-3", f1=0.7, conclusions="It is so. Or not.")
    commit(repo)
    (found,) = review(repo).cards
    assert found.kind == "changed"
    assert found.notes == ("main has an earlier state of this branch already.",)
    assert [change.name for change in found.changes] == ["conclusions"]


def test_both_sides_changed_a_card(repo: Project) -> None:
    write_card(repo, "qa-1", f1=0.5, conclusions="Ours.")
    write_card(repo, "qa-9", f1=0.5, conclusions="Ours.")
    commit(repo)
    repo.git("checkout", "-q", "main")
    write_card(repo, "qa-1", f1=0.5, conclusions="Theirs.")
    write_card(repo, "qa-9", f1=0.5, conclusions="Theirs.")
    commit(repo)
    found = review(repo, "main", "topic")
    assert card(found, "qa-1").notes == ("main has changed this card since, too.",)
    assert card(found, "qa-9").notes == ("main has another card of this code since.",)
    assert card(found, "qa-9").kind == "new"


def test_the_merge_commit_that_github_checks_out(repo: Project) -> None:
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    repo.git("checkout", "-q", "main")
    write_card(repo, "qa-4", f1=0.7)
    commit(repo)
    repo.git("checkout", "-q", "--detach", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    repo.git("update-ref", "refs/pull/1/merge", "HEAD")
    assert kinds(review(repo, "main")) == {"qa-3": "new"}
    assert kinds(review(repo, "HEAD^1", "refs/pull/1/merge")) == {"qa-3": "new"}


def test_a_fork_with_two_remotes(repo: Project, tmp_path: Path) -> None:
    repo.git("checkout", "-q", "main")
    fork = clone(repo, tmp_path / "fork", "-o", "upstream")
    fork.git("remote", "add", "origin", str(repo.root))
    fork.git("fetch", "-q", "origin")
    fork.git("checkout", "-q", "-b", "mine")
    fork.git("branch", "-q", "-D", "main")
    write_card(fork, "qa-3", f1=0.7)
    commit(fork)
    write_card(repo, "qa-8", f1=0.7)
    commit(repo)
    fork.git("fetch", "-q", "upstream")
    assert kinds(review(fork, "upstream/main")) == {"qa-3": "new"}
    assert kinds(review(fork, "origin/main")) == {"qa-3": "new"}
    with pytest.raises(UsageError, match=r"git knows no commit 'main'.*cardgen review origin/main"):
        review(fork, "main")


def clone(repo: Project, root: Path, *options: str) -> Project:
    repo.git("clone", "-q", *options, f"file://{repo.root}", str(root))
    return Project(root)


def test_shallow_clones_say_what_to_do(repo: Project, tmp_path: Path) -> None:
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    repo.git("checkout", "-q", "main")
    write_card(repo, "qa-4", f1=0.7)
    commit(repo)
    shallow = clone(repo, tmp_path / "s", "--depth", "1", "--no-single-branch")
    shallow.git("checkout", "-q", "topic")
    done = shallow.cardgen("review", "origin/main")
    assert done.status == 2
    assert "shallow" in done.err
    assert "fetch-depth: 0" in done.err
    single = clone(repo, tmp_path / "t", "--depth", "1")
    done = single.cardgen("review", "origin/topic")
    assert done.status == 2
    assert "fetch-depth" in done.err
    shallow.git("fetch", "-q", "--unshallow")
    assert kinds(review(shallow, "origin/main")) == {"qa-3": "new"}


def test_histories_that_have_nothing_in_common(repo: Project) -> None:
    repo.git("checkout", "-q", "--orphan", "other")
    write_card(repo, "qa-1", f1=0.5, conclusions="Other.")
    commit(repo)
    found = review(repo)
    assert kinds(found) == {"qa-1": "changed"}
    assert found.notes == ("main and HEAD have no commit in common; they are compared as such.",)


def test_a_project_in_a_folder_of_the_repository(repo: Project) -> None:
    repo.git("checkout", "-q", "main")
    (repo.root / "sub").mkdir()
    repo.git("mv", "experiments", "cardgen.yaml", "sub")
    commit(repo)
    repo.git("checkout", "-q", "-B", "topic")
    write_card(repo, "qa-3", f1=0.7, folder="sub/experiments")
    repo.write("experiments/qa-4/card.md", "of nobody")
    commit(repo)
    inner = Project(repo.root / "sub")
    found = review(inner)
    assert kinds(found) == {"qa-3": "new"}
    assert found.cards[0].path == "experiments/qa-3/card.md"


def test_a_folder_of_experiments_that_moved(repo: Project) -> None:
    repo.git("mv", "experiments", "cards")
    repo.write("cardgen.yaml", "metric: eval/f1\nexperiments: cards\n")
    write_card(repo, "qa-1", f1=0.5, conclusions="Other.", folder="cards")
    commit(repo)
    (found,) = review(repo).cards
    assert (found.code, found.kind) == ("qa-1", "changed")
    assert [change.name for change in found.changes] == ["conclusions"]


def test_settings_that_are_broken_on_one_side(repo: Project) -> None:
    repo.git("checkout", "-q", "main")
    repo.write("cardgen.yaml", "metric: [\n")
    commit(repo)
    repo.git("checkout", "-q", "-B", "topic")
    repo.write("cardgen.yaml", "metric: eval/f1\n")
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    assert kinds(review(repo)) == {"qa-3": "new"}


def test_the_working_tree(repo: Project) -> None:
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    write_card(repo, "qa-4", f1=0.8)
    write_card(repo, "qa-1", f1=0.5, conclusions="Other.")
    shutil.rmtree(repo.root / "experiments/qa-2")
    repo.write("experiments/qa-3/figure.png", "x")
    assert kinds(review(repo)) == {"qa-3": "new"}
    found = review(repo, worktree=True)
    assert kinds(found) == {"qa-1": "changed", "qa-2": "removed", "qa-3": "new", "qa-4": "new"}
    assert found.head == "the working tree"
    assert [one.name for one in card(found, "qa-1").changes] == ["conclusions"]
    assert "figure.png" in [one.name for one in card(found, "qa-3").changes]
    nested = json.loads(
        repo.cardgen("review", "main", "--worktree", "--format", "json", cwd="experiments").out
    )
    assert len(nested["cards"]) == 4


def test_objects_of_sha256(tmp_path: Path) -> None:
    project = Project(tmp_path)
    done = project.run("git", "init", "-q", "-b", "main", "--object-format=sha256")
    if done.status:
        pytest.skip("this git knows no sha256")
    project.write("cardgen.yaml", "metric: eval/f1\n")
    write_card(project, "qa-1", f1=0.5)
    commit(project)
    project.git("checkout", "-q", "-b", "topic")
    write_card(project, "qa-1", f1=0.5, conclusions="Other.")
    commit(project)
    assert [one.name for one in card(review(project), "qa-1").changes] == ["conclusions"]


def test_a_readme_that_was_made_again_is_no_difference(repo: Project) -> None:
    """It is made of the card, and of the baseline's numbers."""
    before = len(review(repo).cards)
    repo.ok("readme")
    commit(repo)
    assert len(review(repo).cards) == before


def test_what_needs_a_reviewer_comes_first(repo: Project) -> None:
    write_card(repo, "qa-7", f1=0.6)
    text = "---\ncode: qa-9\nmetric: f1\nresults: {eval/f1: 0.5}\n---\n## Goal\n\nIs it?\n"
    repo.write("experiments/qa-9/card.md", text)
    commit(repo)
    fresh = [one for one in review(repo).cards if one.kind == "new"]
    assert [one.code for one in fresh] == ["qa-9", "qa-7"]


def test_a_card_that_was_not_run_does_nothing_otherwise_than_its_baseline(repo: Project) -> None:
    text = "---\ncode: qa-9\nbaseline: qa-1\nstatus: planned\n---\n## Goal\n\nIs it?\n"
    repo.write("experiments/qa-9/card.md", text)
    commit(repo)
    assert card(review(repo), "qa-9").versus == ()


# The command -----------------------------------------------------------------------------------


def test_statuses_and_wrong_use(repo: Project) -> None:
    write_card(repo, "qa-3", conclusions="")
    commit(repo)
    assert repo.cardgen("review", "main").status == 0
    assert repo.cardgen("review", "main", "--fail").status == 1
    for arguments in ((), ("nothing",), ("main", "HEAD", "--worktree"), ("--from", "none.json")):
        done = repo.cardgen("review", *arguments)
        assert done.status == 2, arguments
        assert re.search(r"\. [A-Z].*\S$", done.err.strip()), done.err
    assert repo.cardgen("review", "--fail", "--", "-x").status == 2
    outside = Project(repo.root.parent)
    outside.write("plain/cardgen.yaml", "")
    done = outside.cardgen("review", "main", cwd="plain")
    assert done.status == 2
    assert "in no git repository" in done.err


def test_nothing_is_checked_out_or_written(repo: Project) -> None:
    write_card(repo, "qa-3", f1=0.7)
    commit(repo)
    repo.git("checkout", "-q", "main")
    before = sorted(list_files(repo.root))
    repo.ok("review", "main", "topic")
    assert sorted(list_files(repo.root)) == before


def list_files(root: Path) -> Iterator[tuple[str, int]]:
    for path in root.rglob("*"):
        if path.is_file():
            yield str(path), path.stat().st_mtime_ns
