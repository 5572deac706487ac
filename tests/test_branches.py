"""Cards of all branches and tags: listed, shown and told apart, with real repositories."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cardgen.branches import choose_refs, find_doubles, gather, list_refs, split_patterns
from cardgen.branches.table import list_everywhere
from cardgen.config import load_config
from cardgen.revisions import open_repository
from tests.projects import Project

CARD = "---\ncode: {code}\ntitle: {title}\nstatus: {status}\n---\n\n## Goal\n\n{goal}\n"


def write(
    project: Project, code: str, goal: str = "", title: str = "", status: str = "planned"
) -> None:
    text = CARD.format(
        code=code, title=title or f"{code}.", status=status, goal=goal or f"Why {code}?"
    )
    project.write(f"experiments/{code}/card.md", text)


def commit(project: Project, message: str = "more") -> None:
    project.git("add", "-A")
    project.git("commit", "-qm", message)


@pytest.fixture
def forked(project: Project) -> Project:
    """main with qa-1 and two branches off it."""
    write(project, "qa-1")
    commit(project)
    project.git("branch", "exp/a")
    project.git("branch", "exp/b")
    return project


def on(project: Project, branch: str, *cards: tuple[str, str]) -> None:
    """Commit cards, each with its goal, to a branch, and come back to main."""
    project.git("switch", "-q", branch)
    for code, goal in cards:
        write(project, code, goal)
    commit(project)
    project.git("switch", "-q", "main")


def listed(project: Project) -> tuple[list[tuple[str, str, list[str]]], list[dict[str, object]]]:
    """Code, title's card and places of each line, and the doubles."""
    said = json.loads(project.ok("list", "--all-branches", "--json"))
    return [(c["code"], c["status"], c["on"]) for c in said["cards"]], said["doubles"]


# Listing ---------------------------------------------------------------------------------------


def test_the_same_card_on_many_branches_is_one_line(forked: Project) -> None:
    on(forked, "exp/a", ("qa-2", "Larger?"))
    cards, doubles = listed(forked)
    assert cards == [
        ("qa-1", "planned", ["main", "exp/a", "exp/b"]),
        ("qa-2", "planned", ["exp/a"]),
    ]
    assert not doubles
    table = forked.ok("list", "--all-branches")
    assert "main, exp/a, exp/b" in table
    assert table.splitlines()[0].split()[-1] == "on"


def test_further_work_on_a_branch_is_a_version_and_no_conflict(forked: Project) -> None:
    on(forked, "exp/a", ("qa-1", "Why really?"))
    on(forked, "exp/b", ("qa-1", "Why not?"))
    cards, doubles = listed(forked)
    assert [where for _, _, where in cards] == [["main"], ["exp/a"], ["exp/b"]]
    assert not doubles
    assert not forked.cardgen("list", "--all-branches").err


def test_one_code_for_two_experiments_is_said(forked: Project) -> None:
    on(forked, "exp/a", ("qa-2", "Is a larger model better?"))
    on(forked, "exp/b", ("qa-2", "Does smoothing of labels help?"))
    forked.git("branch", "exp/c", "exp/b")
    _, doubles = listed(forked)
    assert doubles == [{"code": "qa-2", "sides": [["exp/a"], ["exp/b", "exp/c"]]}]
    said = forked.cardgen("list", "--all-branches")
    assert said.status == 0
    assert "'qa-2' means 2 things: on exp/a and exp/b, exp/c. Rename one of them" in said.err


@pytest.mark.parametrize("way", ["merge", "squash", "cherry-pick", "rebase"])
def test_what_was_merged_is_the_same_experiment(forked: Project, way: str) -> None:
    on(forked, "exp/a", ("qa-2", "Is a larger model better?"))
    on(forked, "exp/a", ("qa-2", "Is a larger model better, and by how much?"))
    write(forked, "qa-9")
    commit(forked)
    if way == "merge":
        forked.git("merge", "-q", "--no-ff", "exp/a", "-m", "merge")
    elif way == "squash":
        forked.git("merge", "-q", "--squash", "exp/a")
        forked.git("commit", "-qm", "squash")
    elif way == "cherry-pick":
        forked.git("cherry-pick", "exp/a~1", "exp/a")
    else:
        forked.git("branch", "copy", "exp/a")
        forked.git("rebase", "-q", "main", "copy")
        forked.git("switch", "-q", "main")
        forked.git("merge", "-q", "copy")
    write(forked, "qa-2", "Is a larger model better, and at what price?", status="finished")
    commit(forked, "it goes on")
    cards, doubles = listed(forked)
    assert ("qa-2", "finished", ["main"]) in cards
    assert not doubles


def test_the_same_run_is_the_same_experiment(forked: Project) -> None:
    for branch, goal in (("exp/a", "One"), ("exp/b", "Two")):
        forked.git("switch", "-q", branch)
        text = CARD.format(code="qa-2", title="x", status="planned\nruns: [mlflow:8c1f]", goal=goal)
        forked.write("experiments/qa-2/card.md", text)
        commit(forked)
    forked.git("switch", "-q", "main")
    assert not listed(forked)[1]


def test_a_template_that_two_people_began_with_is_no_common_past(forked: Project) -> None:
    for branch, goal in (("exp/a", "Is a larger model better?"), ("exp/b", "Does smoothing help?")):
        forked.git("switch", "-q", branch)
        forked.ok("new", "qa-2", "--reuse")
        commit(forked, f"begin on {branch}")  # else both might be the same commit
        text = forked.read("experiments/qa-2/card.md").replace("## Goal\n", f"## Goal\n\n{goal}\n")
        forked.write("experiments/qa-2/card.md", text)
        commit(forked)
    forked.git("switch", "-q", "main")
    assert [double["code"] for double in listed(forked)[1]] == ["qa-2"]


def test_a_code_that_was_used_again_means_two_things(forked: Project) -> None:
    forked.git("rm", "-rq", "experiments/qa-1")
    forked.git("commit", "-qm", "gone")
    write(forked, "qa-1", "Something else altogether?")
    commit(forked)
    assert listed(forked)[1] == [{"code": "qa-1", "sides": [["main"], ["exp/a", "exp/b"]]}]


def test_a_rename_onto_a_code_of_another_branch_is_a_conflict(forked: Project) -> None:
    on(forked, "exp/a", ("qa-2", "Is a larger model better?"))
    forked.git("mv", "experiments/qa-1", "experiments/qa-2")
    commit(forked)
    assert [double["code"] for double in listed(forked)[1]] == ["qa-2"]


def test_remote_branches_are_there_and_those_at_the_same_commit_once(
    forked: Project, tmp_path: Path
) -> None:
    on(forked, "exp/a", ("qa-2", "Larger?"))
    clone = Project(tmp_path / "clone")
    forked.git("clone", "-q", str(forked.root), str(clone.root))
    cards, _ = listed(clone)
    assert cards == [
        ("qa-1", "planned", ["main", "origin/exp/a", "origin/exp/b"]),
        ("qa-2", "planned", ["origin/exp/a"]),
    ]
    clone.git("branch", "exp/a", "origin/exp/a")
    assert listed(clone)[0][1] == ("qa-2", "planned", ["exp/a"])
    on(clone, "exp/a", ("qa-3", "Smaller?"))
    assert listed(clone)[0][1:] == [
        ("qa-2", "planned", ["exp/a", "origin/exp/a"]),
        ("qa-3", "planned", ["exp/a"]),
    ]


def test_a_detached_checkout_and_what_is_not_committed_are_there(forked: Project) -> None:
    forked.git("switch", "-q", "--detach")
    write(forked, "qa-2")
    commit(forked)
    write(forked, "qa-1", "Edited")
    write(forked, "qa-3")
    cards, _ = listed(forked)
    assert cards == [
        ("qa-1", "planned", ["(not committed)"]),
        ("qa-1", "planned", ["HEAD", "main", "exp/a", "exp/b"]),
        ("qa-2", "planned", ["HEAD"]),
        ("qa-3", "planned", ["(not committed)"]),
    ]


def test_a_shallow_clone_cannot_tell_and_says_so(forked: Project, tmp_path: Path) -> None:
    on(forked, "exp/a", ("qa-1", "Why really?"))
    clone = Project(tmp_path / "clone")
    forked.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{forked.root}", "clone")
    clone = Project(forked.root / "clone")
    done = clone.cardgen("list", "--all-branches", "--json")
    assert json.loads(done.out)["doubles"] == []
    assert "The clone is shallow" in done.err
    assert "git fetch --unshallow" in done.err


def test_filters_and_formats_hold_for_all_branches(forked: Project) -> None:
    on(forked, "exp/a", ("qa-2", "Larger?"))
    forked.ok("set", "qa-1", "status=finished")
    found = forked.ok("list", "--all-branches", "--status", "finished", "--format", "tsv")
    assert [line.split("\t")[0].strip() for line in found.splitlines()] == ["code", "qa-1"]
    order = forked.ok("list", "--all-branches", "--sort", "-code", "--format", "tsv").splitlines()
    assert order[1].startswith("qa-2")


def test_a_hostile_branch_is_shown_escaped(forked: Project) -> None:
    name = "exp/a\u202eb'$(touch${IFS}x)`<img>|.error"
    on(forked, "exp/a", ("qa-2", "Larger?"))
    forked.git("branch", name, "exp/a")
    forked.git("branch", "-D", "exp/a")
    out = forked.ok("list", "--all-branches")
    assert "\u202e" not in out
    assert "exp/a\\u202eb" in out
    assert "\\|.error" in forked.ok("list", "--all-branches", "--format", "github")
    assert "\u202e" not in forked.ok("list", "--all-branches", "--json")
    shown = forked.cardgen("show", f"qa-2@{name}")
    assert shown.status == 0
    assert "\u202e" not in shown.out
    assert not (forked.root / "x").exists()
    hint = forked.cardgen("show", "qa-2").err
    assert "\u202e" not in hint


# Choosing --------------------------------------------------------------------------------------


def test_patterns_choose_by_names_with_and_without_the_remote(
    forked: Project, tmp_path: Path
) -> None:
    forked.git("tag", "v1")
    forked.git("tag", "-a", "exp/t", "-m", "t")
    forked.git("clone", "-q", str(forked.root), str(tmp_path / "clone"))
    refs = list_refs(tmp_path / "clone")
    assert [ref.name for ref in refs] == ["main", "origin/exp/a", "origin/exp/b", "exp/t", "v1"]

    def choose(*patterns: str, tags: bool = False) -> list[str]:
        return [ref.name for ref in choose_refs(refs, patterns, tags=tags).refs]

    assert choose("exp/*") == ["origin/exp/a", "origin/exp/b", "exp/t"]
    assert choose("origin/exp/b", "main") == ["origin/exp/b", "main"]
    assert choose(tags=True) == ["exp/t", "v1"]
    assert choose("main", "ma*", ".") == ["main"]
    assert choose_refs(refs, ("none*", ".", "main")).unmatched == ("none*",)
    assert split_patterns(("main exp/*", "a,b", "main")) == ("main", "exp/*", "a", "b")


def test_a_repository_without_a_commit_has_no_refs(project: Project) -> None:
    assert list_refs(project.root) == ()
    assert json.loads(project.ok("list", "--all-branches", "--json"))["cards"] == []


# Showing ---------------------------------------------------------------------------------------


def test_a_card_is_shown_as_it_stood(forked: Project) -> None:
    forked.git("tag", "v1")
    write(forked, "qa-1", "Why now?")
    commit(forked)
    for revision in ("v1", "HEAD~1", "exp/a", "main~1", forked.git("rev-parse", "v1").strip()):
        out = forked.ok("show", f"qa-1@{revision}")
        assert out.startswith(f"qa-1 as of {revision}, which is commit ")
        assert "Why qa-1?" in out
    assert "Why now?" in forked.ok("show", "qa-1@main")
    assert "Why now?" in forked.ok("show", "qa-1@{0}")
    said = json.loads(forked.ok("show", "qa-1@v1", "--json"))
    assert said["at"]["commit"] == forked.git("rev-parse", "v1").strip()
    assert said["sections"][0]["text"] == "Why qa-1?"


def test_what_cannot_be_shown_says_what_there_is(forked: Project) -> None:
    forked.git("tag", "v1")
    forked.git("mv", "experiments/qa-1", "experiments/polqa-1")
    commit(forked, "rename")
    forked.git("mv", "experiments/polqa-1", "experiments/polqa-2")
    commit(forked, "again")

    def fail(name: str) -> str:
        done = forked.cardgen("show", name)
        assert done.status == 2, done
        return done.err

    assert "There it is called 'qa-1'. Run: cardgen show qa-1@v1" in fail("polqa-2@v1")
    assert "There it is called 'polqa-2'. Run: cardgen show polqa-2@HEAD" in fail("qa-1@HEAD")
    assert "There is no card 'qa-7' at v1" in fail("qa-7@v1")
    assert "Did you mean qa-1?" in fail("qa-11@v1")
    assert "git knows no commit 'v2'" in fail("qa-1@v2")
    for name in ("@", "qa-1@", "@v1"):
        assert "names no card" in fail(name)
    assert "No tag registers 'qa-1#x'" in fail("qa-1#x")
    assert "It is on exp/a: cardgen show qa-1@exp/a" in fail("qa-1")


# Tags ------------------------------------------------------------------------------------------


def register(project: Project, tag: str, commit: str = "HEAD") -> None:
    project.git("tag", "-a", tag, "-m", "registered", commit)


def test_a_registered_version_shows_the_card_whose_output_names_it(forked: Project) -> None:
    text = CARD.format(
        code="qa-2", title="t", status="finished\ndata: polqa\noutput: model@v1.2.0", goal="x"
    )
    forked.write("experiments/qa-2/card.md", text)
    commit(forked)
    forked.git("commit", "-q", "--allow-empty", "-m", "release")
    register(forked, "model@v1.2.0")
    register(forked, "model#prod")
    for name in ("model@v1.2.0", "model#prod", "model@latest"):
        out = forked.ok("show", name)
        assert "the card behind it is qa-2: its output names model@v1.2.0." in out
        assert "polqa" in out


def test_the_commit_of_a_run_leads_to_its_card(forked: Project) -> None:
    trained = forked.git("rev-parse", "HEAD").strip()
    text = CARD.format(
        code="qa-2", title="t", status=f'finished\nsource: {{commit: "{trained}"}}', goal="x"
    )
    forked.write("experiments/qa-2/card.md", text)
    commit(forked)
    register(forked, "model@v1.0.0", trained)
    assert "qa-2: its run was made at the tag's commit" in forked.ok("show", "model@v1.0.0")


def test_the_commit_that_changed_a_card_and_the_path_of_artifacts_lead_to_it(
    forked: Project,
) -> None:
    write(forked, "qa-2")
    commit(forked)
    register(forked, "model@v1.0.0")
    forked.git("commit", "-q", "--allow-empty", "-m", "more")
    assert "qa-2: the tag's commit" in forked.ok("show", "model@v1.0.0")
    text = CARD.format(
        code="qa-3", title="t", status="finished\noutput: {path: models/qa.pt}", goal="x"
    )
    forked.write("experiments/qa-3/card.md", text)
    forked.write("artifacts.yaml", "model: {type: model, path: ./models/qa.pt}\n")
    write(forked, "qa-4")
    commit(forked)
    register(forked, "model@v1.1.0")
    assert "qa-3: its output is ./models/qa.pt, which artifacts.yaml calls" in forked.ok(
        "show", "model@v1.1.0"
    )
    assert "qa-2: the tag's commit" in forked.ok("show", "model@v1.0.0")


def test_a_version_that_no_card_came_out_of_says_what_to_write(forked: Project) -> None:
    forked.git("commit", "-q", "--allow-empty", "-m", "release")
    register(forked, "model@v1.0.0")
    done = forked.cardgen("show", "model@v1.0.0")
    assert done.status == 2
    assert "no card says that it came out of it. Write 'output: model@v1.0.0' into" in done.err
    assert "No tag registers 'other@v1.0.0'" in forked.cardgen("show", "other@v1.0.0").err


def test_a_tag_without_a_message_shows_its_card_where_no_annotated_one_does(
    forked: Project,
) -> None:
    forked.git("tag", "model@v1.0.0")
    text = CARD.format(code="qa-2", title="t", status="finished\noutput: model@v1.0.0", goal="x")
    forked.write("experiments/qa-2/card.md", text)
    commit(forked)
    assert "the card behind it is qa-2" in forked.ok("show", "model@v1.0.0")
    assert "the card behind it is qa-2" in forked.ok("show", "model@latest")
    assert "registered model: cardgen show model@latest" in forked.cardgen("show", "model").err
    done = forked.cardgen("show", "model#prod")
    assert done.err == (
        "cardgen: No tag registers 'model#prod'. See 'git tag' for what is registered.\n"
    )


def test_a_card_of_that_name_at_such_a_tag_is_the_card(forked: Project) -> None:
    register(forked, "v1.0.0")
    register(forked, "qa-1@v1.0.0")
    assert forked.ok("show", "qa-1@v1.0.0").startswith("qa-1 as of v1.0.0, which is")


# Size ------------------------------------------------------------------------------------------


def test_hundreds_of_branches_are_each_looked_at_once(project: Project) -> None:
    """200 branches with 50 cards, 49 of which they share; each has one of its own."""
    many(project.root, branches=200, cards=49)
    config = load_config(project.root)
    with open_repository(config) as repository:
        listing = list_everywhere(config, repository)
        assert len(listing.listed) == 49 + 200
        gathered = gather(repository, list_refs(project.root))
        assert not find_doubles(config, repository, gathered.versions).doubles


def many(root: Path, branches: int, cards: int) -> None:
    """Write branches by git's own bulk loader."""

    def blob(code: str) -> str:
        text = CARD.format(code=code, title=code, status="planned", goal=f"Why {code}?")
        size = len(text.encode())
        return f"M 100644 inline experiments/{code}/card.md\ndata {size}\n{text}\n"

    who = "committer a <a@b> 1700000000 +0000\ndata 1\nx\n"
    lines = [f"commit refs/heads/main\nmark :1\n{who}"]
    lines += [blob(f"qa-{n}") for n in range(cards)]
    for n in range(branches):
        lines += [f"commit refs/heads/exp/{n}\n{who}from :1\n", blob(f"own-{n}")]
    text = "".join(lines).encode()
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, input=text, check=True)
    subprocess.run(["git", "reset", "-q", "--hard", "main"], cwd=root, check=True)
