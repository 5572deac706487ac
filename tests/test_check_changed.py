"""What is checked of a branch: the cards that differ, and what that breaks elsewhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.projects import Project


def write(project: Project, code: str, front: str = "", body: str = "## Goal\nx\n") -> None:
    project.write(f"experiments/{code}/card.md", f"---\ncode: {code}\n{front}---\n{body}")


@pytest.fixture
def branch(project: Project) -> Project:
    """Three good cards and a bad one on main, and a branch of it."""
    write(project, "qa-1")
    write(project, "qa-2", "baseline: qa-1\n")
    write(project, "qa-3", "supersedes: qa-1\n", body="")
    write(project, "bad", body="")
    commit(project)
    project.git("checkout", "-qb", "work")
    return project


def commit(project: Project, message: str = "x") -> None:
    project.git("add", "-A")
    project.git("commit", "-qm", message)


def found(project: Project, *options: str, cwd: str = ".") -> set[tuple[str, str]]:
    done = project.cardgen("check", "--format", "json", *options, cwd=cwd)
    assert done.status in (0, 1), done
    problems = json.loads(done.out)["problems"]
    assert done.status == any(problem["severity"] == "error" for problem in problems)
    return {(problem["path"].split("/")[1], problem["rule"]) for problem in problems}


def since(project: Project, rev: str = "main", *options: str) -> set[tuple[str, str]]:
    return found(project, "--changed-since", rev, *options)


def test_nothing_changed(branch: Project) -> None:
    assert since(branch) == set()
    assert found(branch) == {("bad", "goal-missing"), ("qa-3", "goal-missing")}


@pytest.mark.parametrize("state", ["committed", "staged", "unstaged", "untracked"])
def test_cards_that_differ_in_any_way(branch: Project, state: str) -> None:
    code = "new" if state == "untracked" else "qa-1"
    write(branch, code, body="")
    if state == "staged":
        branch.git("add", "-A")
    if state == "committed":
        commit(branch)
    assert since(branch) == {(code, "goal-missing")}
    assert since(branch, "HEAD") == (set() if state == "committed" else {(code, "goal-missing")})


def test_what_others_changed_on_main_meanwhile_is_not_ours(branch: Project) -> None:
    branch.git("checkout", "-q", "main")
    write(branch, "qa-1", body="")
    commit(branch)
    branch.git("checkout", "-q", "work")
    write(branch, "qa-2", "baseline: qa-1\n", body="")
    assert since(branch) == {("qa-2", "goal-missing")}


def test_evidence_and_files_beside_a_card_are_changes_of_it(branch: Project) -> None:
    branch.write("experiments/bad/figures/a.svg", "<svg/>")
    assert since(branch) == {("bad", "goal-missing")}
    commit(branch)
    branch.write("experiments/qa-1/evidence.json", "{")
    assert since(branch, "HEAD") == {("qa-1", "evidence")}


def test_cards_that_a_removed_one_leaves_behind(branch: Project) -> None:
    """What was wrong with them before is not of this change."""
    branch.git("rm", "-rq", "experiments/qa-1")
    expected = {("qa-2", "baseline-unknown"), ("qa-3", "supersedes-unknown")}
    assert since(branch) == expected
    commit(branch)
    assert since(branch) == expected
    assert since(branch, "main", "qa-3") == {("qa-3", "supersedes-unknown")}
    assert since(branch, "main", "experiments/bad/card.md") == set()


def test_a_renamed_card_is_a_new_one_and_an_old_one_gone(branch: Project) -> None:
    branch.git("mv", "experiments/qa-1", "experiments/qa-9")
    assert since(branch) == {
        ("qa-9", "code-folder"),
        ("qa-2", "baseline-unknown"),
        ("qa-3", "supersedes-unknown"),
    }


def test_a_twin_of_an_old_card(branch: Project) -> None:
    write(branch, "QA-1")
    assert since(branch) == {("QA-1", "code-name"), ("qa-1", "code-name")}


def test_changed_settings_report_what_they_make_wrong(branch: Project) -> None:
    text = branch.read("cardgen.yaml") + "\nchecks: {nonsense: error}\nmetric: eval/f1\n"
    write(branch, "qa-5", "results: {eval/loss: 1}\n")
    commit(branch)
    branch.write("cardgen.yaml", text)
    done = branch.cardgen("check", "--changed-since", "HEAD")
    assert "unknown-rule" in done.out
    assert "metric 'eval/f1' of cardgen.yaml is in no result" in done.out
    assert "experiments/bad" not in done.out


def test_a_project_in_a_folder_of_its_repository(project: Project, tmp_path: Path) -> None:
    inner = Project(tmp_path / "ml" / "qa")
    inner.write("cardgen.yaml", "experiments: exp\n")
    inner.write("exp/a/card.md", "---\ncode: a\n---\n")
    commit(project)
    inner.write("exp/b/card.md", "---\ncode: b\n---\n")
    project.write("exp/c/card.md", "---\ncode: c\n---\n")
    done = inner.cardgen("check", "--changed-since", "HEAD", "--format", "gitlab", cwd="exp")
    (only,) = [one for one in json.loads(done.out) if one["check_name"] == "goal-missing"]
    assert only["location"]["path"] == "ml/qa/exp/b/card.md"


def test_commits_that_are_not_there(branch: Project, tmp_path: Path) -> None:
    done = branch.cardgen("check", "--changed-since", "origin/main")
    assert (done.status, done.out) == (2, "")
    assert "git knows no commit 'origin/main'" in done.err
    branch.git("checkout", "-q", "--orphan", "lone")
    commit(branch, "another root")
    done = branch.cardgen("check", "--changed-since", "main")
    assert done.status == 2
    assert "no commit in common" in done.err


def test_a_shallow_clone_says_what_to_do(branch: Project, tmp_path: Path) -> None:
    for number in range(3):
        write(branch, f"n-{number}")
        commit(branch)
    branch.git("clone", "-q", "--depth=1", f"file://{branch.root}", "shallow")
    shallow = Project(tmp_path / "shallow")
    done = shallow.cardgen("check", "--changed-since", "origin/main")
    assert done.status == 2
    assert "git fetch --unshallow" in done.err
    shallow.git("fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    done = shallow.cardgen("check", "--changed-since", "origin/main")
    assert done.status == 2
    assert "no commit in common" in done.err
    assert "fetch-depth 0" in done.err


def test_no_repository_and_no_commit(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("cardgen.yaml", "title: x\n")
    write(project, "qa-1")
    done = project.cardgen("check", "--changed-since", "main")
    assert (done.status, "git init" in done.err) == (2, True)
    project.git("init", "-q", "-b", "main")
    done = project.cardgen("check", "--changed-since", "HEAD")
    assert (done.status, "git knows no commit" in done.err) == (2, True)


def test_in_a_pull_request_the_changed_cards_come_first_and_all_are_in_the_summary(
    branch: Project, tmp_path: Path
) -> None:
    write(branch, "zz", body="")
    commit(branch)
    summary = tmp_path / "summary.md"
    summary.write_text("Earlier.\n", encoding="utf-8")
    done = branch.run(
        "env",
        "GITHUB_BASE_REF=main",
        f"GITHUB_STEP_SUMMARY={summary}",
        sys.executable,
        "-m",
        "cardgen",
        "check",
        "--format",
        "github",
    )
    assert done.status == 1
    lines = [line for line in done.out.splitlines() if line.startswith("::")]
    assert [line.split("/")[1] for line in lines] == ["zz", "bad", "qa-3"]
    assert lines[0] == (
        "::error file=experiments/zz/card.md,line=1,title=goal-missing (error)::"
        "The card has no goal. Write one hypothesis below '## Goal'."
    )
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("Earlier.\n### cardgen check\n\n3 errors in 3 files.")
    assert text.count("`experiments/") == 3
