"""References that hold, in real repositories: commits, circles, figures and files."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.check import check_cards
from cardgen.config import Config, load_config
from cardgen.models import Evidence, Problem, Run, Section, Source
from cardgen.store import load_cards, update_evidence
from cardgen.surroundings import Questions, Surroundings, normalise_address
from cardgen.surroundings.addresses import PICTURES, find_named
from cardgen.surroundings.circles import find_circles
from cardgen.surroundings.commits import ask_commits
from cardgen.surroundings.look import answer_questions, find_questions, look_around
from cardgen.surroundings.paths import find_states
from tests.projects import Project

MISSING = "0123456789abcdef0123456789abcdef01234567"
CARD = "---\ncode: {code}\n{front}---\n\n## Goal\n\nIs it?\n{body}"
OWN = frozenset(
    (
        *("commit-missing", "commit-loose", "commit-elsewhere", "commit-ambiguous", "history-cut"),
        *("baseline-circle", "supersedes-circle", "figure-missing", "figure-unshown"),
        *("link-broken", "file-outside", "file-ignored", "patch-missing", "path-missing"),
        *("dirty-unpatched", "data-unversioned", "seed-missing"),
    )
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    found = Project(root)
    found.git("init", "-q", "-b", "main")
    found.write("cardgen.yaml", "title: Tests\n")
    commit(found, "first")
    return found


def commit(project: Project, name: str) -> str:
    """A commit that changes one file; its id."""
    project.write(f"{name}.txt", name)
    project.git("add", "-A")
    project.git("commit", "-q", "-m", name)
    return project.git("rev-parse", "HEAD").strip()


def write_card(project: Project, code: str = "qa-1", front: str = "", body: str = "") -> None:
    project.write(f"experiments/{code}/card.md", CARD.format(code=code, front=front, body=body))


def name_commit(project: Project, text: str, code: str = "qa-1", more: str = "") -> None:
    write_card(project, code, f"source: {{commit: '{text}'{more}}}\n")


def check(project: Project) -> list[Problem]:
    """What is found about references, severities and all."""
    config = load_config(project.root)
    cards = load_cards(config)
    around = look_around(config, cards)
    found = check_cards(cards, config, surroundings=around)
    return [problem for problem in found if problem.rule in OWN]


def rules(project: Project) -> list[str]:
    return sorted({problem.rule for problem in check(project)})


# Commits ---------------------------------------------------------------------------------------


def test_a_commit_that_head_contains(project: Project) -> None:
    first = project.git("rev-parse", "HEAD").strip()
    commit(project, "second")
    for text in (first, first[:7], first.upper(), f" {first[:12]} "):
        name_commit(project, text)
        assert check(project) == []


def test_a_commit_of_a_branch_that_is_not_merged(project: Project) -> None:
    project.git("checkout", "-q", "-b", "exp/qa-1")
    commit(project, "one")
    inner = commit(project, "two")
    commit(project, "three")
    project.git("checkout", "-q", "main")
    name_commit(project, inner)
    (problem,) = check(project)
    assert (problem.rule, problem.severity, problem.line) == ("commit-elsewhere", "advice", 3)
    said = "is on no branch that HEAD contains; branch exp/qa-1 holds it."
    assert problem.message == f"The commit {inner[:10]} {said}"
    assert f"git tag exp/qa-1 {inner[:10]}" in problem.hint
    project.git("merge", "-q", "--no-ff", "-m", "merge", "exp/qa-1")
    assert check(project) == []


def test_a_squashed_branch_that_was_deleted_and_its_tag(project: Project) -> None:
    project.git("checkout", "-q", "-b", "exp/qa-1")
    done = commit(project, "one")
    project.git("checkout", "-q", "main")
    project.git("merge", "-q", "--squash", "exp/qa-1")
    project.git("commit", "-q", "-m", "squashed")
    name_commit(project, done[:8])
    assert rules(project) == ["commit-elsewhere"]
    project.git("branch", "-q", "-D", "exp/qa-1")
    (problem,) = check(project)
    assert (problem.rule, problem.severity) == ("commit-loose", "warning")
    assert problem.message.endswith("is on no branch and has no tag: git will remove it.")
    command = problem.hint.removeprefix("Run: ").partition(" && ")[0]
    project.git(*command.split()[1:])
    (problem,) = check(project)
    assert problem.message.endswith("tag exp/qa-1 holds it.")
    assert problem.hint == "Keep the tag exp/qa-1: without it git would remove the commit."
    project.git("tag", "-d", "exp/qa-1")
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "-q", "--prune=now")
    (problem,) = check(project)
    assert (problem.rule, problem.severity) == ("commit-missing", "warning")
    assert problem.message == f"The commit {done[:8]} is not in the repository."


def test_annotated_tags_remote_branches_and_many_of_them(project: Project, tmp_path: Path) -> None:
    project.git("checkout", "-q", "-b", "exp/a")
    done = commit(project, "one")
    for name in "bcdef":
        project.git("branch", f"exp/{name}")
    project.git("tag", "-a", "-m", "x", "v1")
    name_commit(project, done)
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "card")
    clone = Project(tmp_path / "clone")
    project.git("checkout", "-q", "main")
    project.git("clone", "-q", f"file://{project.root}", str(clone.root))
    name_commit(clone, done)
    (state,) = look_around(
        load_config(clone.root), load_cards(load_config(clone.root))
    ).commits.values()
    assert state.holders == ("tag v1", "branch origin/exp/a", "branch origin/exp/b")
    clone.git("branch", "-q", "--track", "exp/a", "origin/exp/a")
    clone.git("checkout", "-q", "--detach", "origin/main")
    name_commit(clone, done)
    (problem,) = check(clone)
    assert "branch exp/a, tag v1 and branch origin/exp/b hold it." in problem.message


def test_a_commit_of_another_repository_is_not_looked_for(project: Project) -> None:
    name_commit(project, MISSING, more=", repository: 'https://github.com/other/qa'")
    assert check(project) == []
    project.git("remote", "add", "origin", "git@github.com:Team/qa.git")
    assert check(project) == []
    for address in ("https://github.com/team/qa", "ssh://git@github.com:22/Team/qa.git/", ""):
        name_commit(project, MISSING, more=f", repository: '{address}'")
        assert rules(project) == ["commit-missing"], address


def test_the_settings_name_the_repository_too(project: Project) -> None:
    project.write("cardgen.yaml", "repository: https://gitlab.com/team/qa\n")
    name_commit(project, MISSING, more=", repository: 'git@gitlab.com:team/qa.git'")
    assert rules(project) == ["commit-missing"]


def record(project: Project, *runs: Run, code: str = "qa-1") -> None:
    config = load_config(project.root)
    card = next(card for card in load_cards(config) if card.code == code)
    update_evidence(config, card, lambda _: Evidence(code=code, runs=runs))


def test_commits_of_runs_are_told_at_the_run_and_once(project: Project) -> None:
    write_card(project, front="runs: ['mlflow:1', 'mlflow:2']\n")
    source = Source(commit=MISSING)
    record(
        project,
        Run(ref="mlflow:1", tracker="mlflow"),
        Run(ref="mlflow:2", tracker="mlflow", source=source),
        Run(ref="mlflow:3", tracker="mlflow", source=source),
    )
    (problem,) = check(project)
    assert problem.message == "The commit 0123456789 of mlflow:2 is not in the repository."
    assert problem.line == 3
    assert problem.about == MISSING


def test_a_short_hash_that_several_commits_have(project: Project) -> None:
    stream = "".join(
        f"commit refs/heads/n{n}\nauthor A <a@b> {n} +0000\ncommitter A <a@b> {n} +0000\n"
        "data 1\nx\n\n"
        for n in range(1500)
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=project.root, input=stream.encode(), check=True
    )
    ids = project.git("for-each-ref", "--format=%(objectname)", "refs/heads/n*").split()
    starts = [one[:4] for one in ids]
    twice = next(start for start in starts if starts.count(start) > 1)
    name_commit(project, twice)
    (problem,) = check(project)
    assert (problem.rule, problem.line) == ("commit-ambiguous", 3)
    assert problem.message == f"Several commits begin with '{twice}'."


@pytest.mark.parametrize("text", ["HEAD", "main", "HEAD~1", ":/first", "main@{0}", "--all", "a b"])
def test_what_is_no_commit_is_no_question_to_git(project: Project, text: str) -> None:
    name_commit(project, text)
    assert rules(project) == ["commit-missing"]


def test_a_tag_names_a_commit(project: Project) -> None:
    project.git("tag", "v1.0")
    name_commit(project, "v1.0")
    assert check(project) == []


def test_a_shallow_clone_says_once_that_its_history_is_cut(
    project: Project, tmp_path: Path
) -> None:
    first = project.git("rev-parse", "HEAD").strip()
    project.git("checkout", "-q", "-b", "exp")
    other = commit(project, "other")
    project.git("checkout", "-q", "main")
    last = commit(project, "second")
    for number, text in enumerate((first, other, last, MISSING)):
        name_commit(project, text, f"qa-{number}")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "cards")
    clone = Project(tmp_path / "clone")
    project.git(
        "clone", "-q", "--depth", "2", "--no-single-branch", f"file://{project.root}", "../clone"
    )
    (problem,) = check(clone)
    assert (problem.rule, problem.severity, problem.path) == (
        "history-cut",
        "advice",
        "cardgen.yaml",
    )
    assert "(a shallow clone), and 3 commits that cards name" in problem.message
    clone.git("fetch", "-q", "--unshallow", "--tags")
    assert rules(clone) == ["commit-elsewhere", "commit-missing"]


def test_no_git_no_repository_no_commit(project: Project, tmp_path: Path) -> None:
    bare = Project(tmp_path / "bare")
    bare.write("cardgen.yaml", "")
    name_commit(bare, MISSING)
    assert check(bare) == []
    bare.git("init", "-q")
    assert rules(bare) == ["commit-missing"]  # HEAD is not born yet


def test_no_git_at_all(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    name_commit(project, MISSING)
    monkeypatch.setenv("PATH", str(project.root))
    assert check(project) == []


def test_worktrees_submodules_and_subfolders(project: Project, tmp_path: Path) -> None:
    first = project.git("rev-parse", "HEAD").strip()
    project.git("worktree", "add", "-q", "-b", "wt", "../tree")
    tree = Project(tmp_path / "tree")
    name_commit(tree, first)
    assert check(tree) == []
    done = commit(tree, "there")
    name_commit(project, done)
    (problem,) = check(project)
    assert "branch wt holds it" in problem.message

    outer = Project(tmp_path / "outer")
    outer.write("ml/cardgen.yaml", "")
    outer.git("init", "-q", "-b", "main")
    own = commit(outer, "outer")
    inner = Project(outer.root / "ml")
    name_commit(inner, own)
    assert check(inner) == []
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "-q")
    outer.git(*add, f"file://{project.root}", "sub")
    sub = Project(outer.root / "sub")
    name_commit(sub, first)
    assert check(sub) == []
    name_commit(sub, own)
    assert rules(sub) == ["commit-missing"]


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("cardgen.yaml", "")
    if project.run("git", "init", "-q", "-b", "main", "--object-format=sha256").status:
        pytest.skip("this git knows no sha256")
    own = commit(project, "one")
    assert len(own) == 64
    name_commit(project, own)
    assert check(project) == []
    name_commit(project, own[:9])
    assert check(project) == []
    name_commit(project, MISSING)
    assert rules(project) == ["commit-missing"]


def test_ten_thousand_commits_take_few_processes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.git("checkout", "-q", "-b", "exp")
    own = [commit(project, f"n{n}") for n in range(5)]
    project.git("checkout", "-q", "main")
    texts = [f"{n:040x}" for n in range(10_000)] + own
    started: list[Sequence[str]] = []
    real = subprocess.run

    def count(command: Sequence[str], *args: object, **kwargs: object) -> object:
        started.append(command)
        return real(command, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", count)
    found = ask_commits(project.root, texts)
    assert [found.commits[text].reach for text in own] == ["held"] * 5
    assert found.commits[texts[0]].reach == "missing"
    assert len(started) <= 6


@pytest.mark.parametrize(
    "same",
    [
        (
            "git@github.com:team/qa.git",
            "https://github.com/team/qa",
            "ssh://git@github.com/Team/QA",
        ),
        ("https://user:secret@host.org:8443/a/b.git/", "git://host.org/a/b"),
        ("/srv/git/qa.git", "/srv/git/qa", "/srv/git/qa/"),
        (r"C:\work\qa", "c:/work/qa"),
    ],
)
def test_addresses_of_one_repository(same: tuple[str, ...]) -> None:
    assert len({normalise_address(address) for address in same}) == 1


def test_addresses_of_several_repositories() -> None:
    addresses = ("github.com:a/b", "github.com:a/c", "gitlab.com:a/b", "/a/b", "a/b")
    assert len({normalise_address(address) for address in addresses}) == 5


# Circles ---------------------------------------------------------------------------------------


def test_circles_are_told_on_every_card_of_them(project: Project) -> None:
    for code, baseline in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "e"), ("f", "x")):
        write_card(project, code, f"baseline: {baseline}\n")
    found = {(p.path.split("/")[1], p.rule): p.message for p in check(project)}
    assert found == {
        ("a", "baseline-circle"): "The card is, at length, its own baseline: a → b → c → a.",
        ("b", "baseline-circle"): "The card is, at length, its own baseline: b → c → a → b.",
        ("c", "baseline-circle"): "The card is, at length, its own baseline: c → a → b → c.",
    }


def test_circles_of_successors(project: Project) -> None:
    for code, named in (("a", "[x, b, c]"), ("b", "[]"), ("c", "[b, a]"), ("d", "[a, d]")):
        write_card(project, code, f"supersedes: {named}\n")
    found = [(p.path.split("/")[1], p.line, p.message) for p in check(project)]
    assert found == [
        ("a", 3, "The card replaces, at length, itself: a → c → a."),
        ("c", 3, "The card replaces, at length, itself: c → a → c."),
    ]


def test_long_chains_and_long_circles() -> None:
    chain = {str(n): [str(n + 1)] for n in range(20_000)}
    assert find_circles(chain) == {}
    chain["20000"] = ["0"]
    found = find_circles(chain)
    assert len(found) == 20_001
    shown = ("7", "8", "9", "10", "11", "12", "… (20001 cards)", "6", "7")
    assert found["7"] == shown


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefghxy"), max_size=4)
    )
)
def test_a_card_is_in_a_circle_where_it_leads_back_to_itself(names: dict[str, list[str]]) -> None:
    def reach(code: str) -> set[str]:
        seen: set[str] = set()
        ways = [n for n in names[code] if n != code]
        while ways:
            other = ways.pop()
            if other in names and other not in seen:
                seen.add(other)
                ways += [n for n in names[other] if n != other]
        return seen

    found = find_circles(names)
    assert set(found) == {code for code in names if code in reach(code)}
    for code, circle in found.items():
        assert circle[0] == circle[-1] == code
        assert all(b in names[a] for a, b in pairwise(circle))
        assert len(set(circle)) == len(circle) - 1 > 1


# Files -----------------------------------------------------------------------------------------


def find_in(text: str) -> list[tuple[str, int, bool]]:
    section = Section("goal", "Goal", 1, text, start=10)
    return [(named.path, named.line, named.picture) for named in find_named(section)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("![a](fig.png)", [("fig.png", True)]),
        ("a [b](train.log) c", [("train.log", False)]),
        ("[b](../qa-2/card.md#goal)", [("../qa-2/card.md", False)]),
        ("[![a](in.png)](out.log)", [("in.png", True), ("out.log", False)]),
        ('![a](fig.png "A (b) title")', [("fig.png", True)]),
        ("![a](<my fig.png>)", [("my fig.png", True)]),
        ("![a](my%20fig.png)", [("my fig.png", True)]),
        ("![a](fig_(1).png)", [("fig_(1).png", True)]),
        ("![a][1]\n\n[1]: x/fig.png 'T'", [("x/fig.png", True)]),
        ("[1]: <log.txt>", [("log.txt", False)]),
        ("<img width=3 src=\"fig.png\"> <a href='x.md'>", [("fig.png", True), ("x.md", False)]),
        ("[a]: b", [("b", False)]),
        ("[^1]: note.txt", []),
        ("`![a](fig.png)` and ``[a](b`c.md)``", []),
        ("```\n![a](fig.png)\n```\n~~~ py\n[a](b)\n~~~", []),
        ("````\n```\n![a](fig.png)\n```\n````", []),
        ("a\n\n    ![a](fig.png)\n\n    [b](c)\n\n[d](e)", [("e", False)]),
        ("a\n    ![a](fig.png)", [("fig.png", True)]),
        ("- a\n\n    ![a](fig.png)\n\n    [b](c)", [("fig.png", True), ("c", False)]),
        ("!!! note\n\n    ![a](fig.png)", [("fig.png", True)]),
        ("<!-- ![a](fig.png)\n[b](c) -->", []),
        (r"\[a](b) and a\]", []),
        ("[a](https://x.org/b.png) [b](mailto:a@b.c) [c](#goal) [d](/abs) [e](//x/y)", []),
        ("[a](x.png?raw=1) [b](c:\\d) [e](javascript:alert)", []),
        ("[[qa-1:eval/f1]] and [x] (y) and [a]()", []),
        ("[a](b.md", []),
        ("[a](" * 3, []),
        ("[ok](./a/../b.md)", [("b.md", False)]),
    ],
)
def test_what_a_text_names(text: str, found: list[tuple[str, bool]]) -> None:
    assert [(path, picture) for path, _, picture in find_in(text)] == found


def test_lines_of_what_is_named() -> None:
    text = "a\n```\nx\n```\n<!-- one\ntwo -->\n![a](b.png)\n\n[c](d.md)"
    assert find_in(text) == [("b.png", 16, True), ("d.md", 18, False)]


@given(st.text(alphabet="[]()!<>`\\\"' \nabc.#:/-", max_size=300))
def test_any_text_is_scanned(text: str) -> None:
    for path, line, _ in find_in(text):
        assert path
        assert 10 <= line <= 10 + text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 65_536,
        "![](" * 16_384,
        "[a](" + "(" * 65_000,
        "`" * 65_536,
        "<img " * 13_000,
        "<img src='" * 6_000,
        "<!--" * 16_384,
        "](" * 32_768,
        "[a]: " * 13_000,
        "[a](x '" * 9_000,
    ],
    ids=lambda text: text[:6],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    import signal

    def stop(*_: object) -> None:
        raise AssertionError("it takes too long")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(10)
    try:
        find_in(text)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_figures_and_links(project: Project) -> None:
    body = (
        "\n![a](there.png) ![b](none.png) ![c](There.PNG)\n"
        "[d](log.txt) [e](lgo.txt) [f](../qa-2/) [g](../qa-3/card.md) [h](../../../etc/passwd)\n"
        "![i](../../fig.png) ![j](plot.tiff) ![k](big.png) ![l](kept.png) [m](out.log)\n"
    )
    write_card(project, body=body)
    write_card(project, "qa-2")
    for name in ("there.png", "log.txt", "plot.tiff", "kept.png", "big.png.dvc"):
        project.write(f"experiments/qa-1/{name}", "x")
    project.write("fig.png", "x")
    project.write(".gitignore", "kept.png\n")
    (project.root / "experiments/qa-1/out.log").symlink_to("/etc/hostname")
    found = [(p.line, p.rule, p.about, p.hint) for p in check(project)]
    there = "Write it so: other systems tell upper from lower case."
    copy = "Copy the file into the card's folder."
    pictures = "Put a PNG, JPEG, GIF, WebP or SVG file beside the card."
    assert sorted(found) == sorted(
        [
            (9, "figure-missing", "none.png", "Put it at experiments/qa-1/none.png."),
            (9, "figure-missing", "There.PNG", there),
            (10, "link-broken", "lgo.txt", "Did you mean 'log.txt'?"),
            (10, "link-broken", "../qa-3/card.md", "Did you mean '../qa-2'?"),
            (10, "file-outside", "../../../etc/passwd", copy),
            (11, "file-outside", "out.log", copy),
            (11, "figure-unshown", "../../fig.png", pictures),
            (11, "figure-unshown", "plot.tiff", pictures),
            (11, "file-ignored", "kept.png", "Run: git add -f experiments/qa-1/kept.png"),
        ]
    )


def test_paths_by_their_exact_names(tmp_path: Path) -> None:
    (tmp_path / "A" / "b").mkdir(parents=True)
    (tmp_path / "A/b/c.txt").touch()
    (tmp_path / "in").symlink_to("A")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nothing")
    paths = ("A/b/c.txt", "a/b/c.txt", "A/b", "in/b/c.txt", "loop", "dangling", "A/b/c.txt/d", "x")
    states = find_states(tmp_path, paths)
    found = {path: (state.presence, state.near) for path, state in states.items()}
    assert found == {
        "A/b/c.txt": ("file", ""),
        "a/b/c.txt": ("case", "A/b/c.txt"),
        "A/b": ("folder", ""),
        "in/b/c.txt": ("file", ""),
        "loop": ("missing", ""),
        "dangling": ("missing", ""),
        "A/b/c.txt/d": ("missing", ""),
        "x": ("missing", ""),
    }


def test_links_and_submodules_do_not_hide_what_is_ignored(project: Project) -> None:
    project.write(".gitignore", "raw.png\n")
    project.write("real/raw.png", "x")
    project.write("raw.png", "x")
    (project.root / "linked").symlink_to("real")
    inner = Project(project.root / "inner")
    inner.write("raw.png", "x")
    inner.git("init", "-q", "-b", "main")
    commit(inner, "inner")
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "-q", "./inner", "inner")
    project.git(*add)
    paths = ("linked/raw.png", "inner/raw.png", "raw.png", "real/raw.png", "linked")
    states = find_states(project.root, paths)
    assert [path for path in paths if states[path].ignored] == ["raw.png", "real/raw.png"]
    assert {state.presence for state in states.values()} == {"file", "folder"}


def test_the_site_shows_the_pictures_that_are_no_problem() -> None:
    from cardgen.site.prose_policy import DRAWING, IMAGES

    assert IMAGES | {DRAWING} == PICTURES


def test_paths_of_data(project: Project) -> None:
    project.write("data/train.csv", "x")
    project.write("data/big.csv.dvc", "outs: []\n")
    project.write(".gitignore", "/raw/\n")
    done = commit(project, "data")
    (project.root / "data/train.csv").unlink()
    names = ("data/train.csv", "data/big.csv", "raw/all.csv", "s3://b/k", "/mnt/x", "data/none.csv")
    front = f"source: {{commit: {done}}}\nmodel: {{path: ./models/none}}\ndata:\n"
    write_card(project, front=front + "".join(f"  - {{path: '{name}'}}\n" for name in names))
    found = [(p.line, p.severity, p.about) for p in check(project)]
    assert found == [(4, "advice", "models/none"), (11, "advice", "data/none.csv")]


def test_patches_of_runs(project: Project) -> None:
    write_card(project, front="runs: 'run:1'\n")
    source = Source(dirty=True, patch="run-1.patch")
    record(project, Run(ref="run:1", tracker="run", source=source))
    (problem,) = check(project)
    assert (problem.rule, problem.line, problem.about) == ("patch-missing", 3, "run-1.patch")
    project.write("experiments/qa-1/run-1.patch", "x")
    assert check(project) == []


# What is needed to repeat ----------------------------------------------------------------------

FINISHED = "status: finished\nmetric: f1\nresults: {f1: 1}\n"


@pytest.mark.parametrize(
    ("front", "found"),
    [
        ("params: {lr: 1}\n", ["seed-missing"]),
        ("params: {lr: 1, seed: 42}\n", []),
        ("params: {lr: 1, trainer: {random_state: 0}}\n", []),
        ("params: {lr: 1, data_seed: 3}\n", []),
        ("params: {lr: 1, seed: null}\n", ["seed-missing"]),
        ("params: {lr: 1, num_seeds: 3}\n", ["seed-missing"]),
        ("params: {lr: 1}\ntrain: python train.py --seed 3 --lr 1\n", []),
        ("data: org/qa\n", ["data-unversioned"]),
        ("data: [a, b]\n", ["data-unversioned"]),
        ("data: org/qa@v1\n", []),
        ("data: {name: a, digest: abc}\n", []),
        ("data: 'doi:10.5281/zenodo.123'\n", []),
        ("source: {dirty: true}\n", ["dirty-unpatched"]),
        ("source: {dirty: false}\n", []),
        ("", []),
    ],
)
def test_what_a_finished_card_lacks(project: Project, front: str, found: list[str]) -> None:
    write_card(project, front=FINISHED + front)
    problems = check(project)
    assert [problem.rule for problem in problems] == found
    assert all(problem.severity == "advice" and problem.hint for problem in problems)
    write_card(project, front="status: running\n" + front)
    assert check(project) == []


def test_a_version_of_data_that_the_commit_holds(project: Project) -> None:
    project.write("data/train.csv", "x")
    done = commit(project, "data")
    front = f"{FINISHED}data: {{path: data/train.csv}}\n"
    write_card(project, front=front)
    (problem,) = check(project)
    assert problem.hint == "Run: dvc add data/train.csv, then cardgen fill qa-1"
    write_card(project, front=f"{front}source: {{commit: {done}}}\n")
    assert check(project) == []


def test_runs_with_uncommitted_changes(project: Project) -> None:
    write_card(project, front=f"{FINISHED}runs: ['mlflow:1', 'run:2']\n")
    kept = Run(ref="run:2", tracker="run", source=Source(dirty=True, patch="run-2.patch"))
    project.write("experiments/qa-1/run-2.patch", "x")
    record(project, kept)
    assert check(project) == []
    record(project, Run(ref="mlflow:1", tracker="mlflow", source=Source(dirty=True)), kept)
    (problem,) = check(project)
    assert problem.message == "The code of mlflow:1 had uncommitted changes, which nothing keeps."
    assert "cardgen run qa-1 -- COMMAND" in problem.hint


# Looking around --------------------------------------------------------------------------------


def test_what_is_told_changes_with_what_lies_around(project: Project) -> None:
    write_card(project, body="\n![a](fig.png)\n", front="baseline: qa-2\n")
    config = load_config(project.root)
    (card,) = load_cards(config)
    questions = find_questions(config, card)
    assert questions == Questions("qa-1", paths=("experiments/qa-1/fig.png",), baseline="qa-2")
    before = answer_questions(config, [questions]).tell(questions)
    assert before == answer_questions(config, [questions]).tell(questions)
    project.write("experiments/qa-1/fig.png", "x")
    after = answer_questions(config, [questions]).tell(questions)
    assert after != before
    circle = [questions, Questions("qa-2", baseline="qa-1")]
    assert answer_questions(config, circle).tell(questions) != after


def test_nothing_is_known_where_nobody_looked() -> None:
    around = Surroundings()
    assert around.commit(MISSING) is None
    assert around.file("x") is None
    assert not around.has_file("x")
    config = Config(root=Path("/nowhere"))
    assert look_around(config, []) == around
