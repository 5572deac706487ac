"""Cards at a commit, from git's objects: what a checkout would show, without one."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from cardgen.config import load_config
from cardgen.errors import UsageError
from cardgen.revisions import open_repository
from cardgen.store import load_cards
from tests.projects import Project, make_project

EVIDENCE = '{"schema": 1, "code": "qa-1", "runs": [{"ref": "mlflow:1", "tracker": "mlflow"}]}\n'


@pytest.fixture
def committed(project: Project) -> Project:
    project.ok("new", "qa-1", "--title", "First", "--goal", "Why?")
    project.write("experiments/qa-1/evidence.json", EVIDENCE)
    project.write("experiments/qa-1/figures/a.svg", "<svg/>")
    project.ok("new", "qa-10")
    project.ok("new", "qa-2")
    commit(project, "one")
    return project


def commit(project: Project, message: str) -> None:
    project.git("add", "-A")
    project.git("commit", "-qm", message)


def test_cards_are_what_they_are_in_a_checkout(committed: Project) -> None:
    config = load_config(committed.root)
    with open_repository(config) as repository:
        snapshot = repository.find_snapshot("main")
        cards = tuple(repository.load_card(snapshot, code) for code in snapshot.folders)
    assert list(snapshot.folders) == ["qa-1", "qa-2", "qa-10"]
    assert cards == load_cards(config)
    assert snapshot.short == committed.git("rev-parse", "--short=7", "main").strip()


def test_an_earlier_commit_keeps_its_cards_and_its_settings(committed: Project) -> None:
    settings = committed.read("cardgen.yaml")
    committed.write(
        "cardgen.yaml", settings.replace("lang: en", "lang: pl") + "experiments: cards\n"
    )
    committed.git("mv", "experiments", "cards")
    commit(committed, "two")
    committed.write("cardgen.yaml", "title: [\n")
    commit(committed, "broken")
    committed.write("cardgen.yaml", settings)
    with open_repository(load_config(committed.root)) as repository:
        first = repository.find_snapshot("HEAD~2")
        second = repository.find_snapshot("HEAD~1")
        broken = repository.find_snapshot("HEAD")
    assert list(first.folders) == list(second.folders) == ["qa-1", "qa-2", "qa-10"]
    assert first.folders == second.folders
    assert (first.config.settings.lang, second.config.settings.lang) == ("en", "pl")
    assert broken.config.settings.lang == "en"  # today's
    assert not broken.folders


def test_files_are_read_and_links_and_large_ones_are_not(committed: Project) -> None:
    link = committed.root / "experiments/qa-1/link.md"
    link.symlink_to("/etc/passwd")
    (committed.root / "experiments/qa-1/big.bin").write_bytes(bytes(3000))
    committed.git("add", "-f", "experiments/qa-1")
    commit(committed, "two")
    with open_repository(load_config(committed.root)) as repository:
        snapshot = repository.find_snapshot("main")
        assert repository.read_file(snapshot, "qa-1", "evidence.json") == EVIDENCE.encode()
        for name in ("link.md", "figures", "none"):
            assert repository.read_file(snapshot, "qa-1", name) is None
        assert repository.read_file(snapshot, "qa-1", "big.bin", 2000) is None
        files = dict(repository.walk_files(snapshot.folders["qa-1"], 2000))
        assert set(files) == {"card.md", "evidence.json", "figures/a.svg"}
        assert repository.load_card(snapshot, "none") is None


def test_broken_cards_say_why(committed: Project) -> None:
    (committed.root / "experiments/qa-1/card.md").write_bytes(b"---\ncode: qa-1\n---\n\xff")
    committed.write("experiments/qa-2/evidence.json", "{")
    card = committed.root / "experiments/qa-10/card.md"
    card.unlink()
    card.symlink_to("../qa-2/card.md")
    commit(committed, "two")
    with open_repository(load_config(committed.root)) as repository:
        snapshot = repository.find_snapshot("main")
        found = {code: repository.load_card(snapshot, code) for code in snapshot.folders}
    said = {c: [(p.path, p.rule) for p in card.problems] for c, card in found.items() if card}
    assert said == {
        "qa-1": [("experiments/qa-1/card.md", "unreadable")],
        "qa-2": [("experiments/qa-2/evidence.json", "evidence")],
        "qa-10": [("experiments/qa-10/card.md", "unreadable")],
    }


def test_a_revision_that_is_not_there_is_said(committed: Project) -> None:
    with open_repository(load_config(committed.root)) as repository:
        for name in ("nope", "main^{tree}", "HEAD:experiments", "a\nb", "", "-x", "HEAD~9", "a b"):
            with pytest.raises(UsageError, match="git knows no commit"):
                repository.find_snapshot(name)
        assert repository.find_snapshot("@{0}").folders


def test_a_shallow_clone_says_how_to_get_the_rest(committed: Project, tmp_path: Path) -> None:
    committed.git("commit", "-q", "--allow-empty", "-m", "two")
    committed.git("branch", "other")
    committed.git("clone", "-q", "--depth=1", f"file://{committed.root}", "shallow")
    with open_repository(load_config(committed.root / "shallow")) as repository:
        assert repository.find_snapshot("main").folders
        with pytest.raises(UsageError) as caught:
            repository.find_snapshot("HEAD~1")
    # A shallow clone knows one branch: without the others named, they stay unknown.
    command = shlex.split(caught.value.hint.split("fetch the rest with ")[1].split(" (in CI")[0])
    assert command[:3] == ["git", "fetch", "--unshallow"]
    Project(committed.root / "shallow").git(*command[1:])
    with open_repository(load_config(committed.root / "shallow")) as repository:
        assert repository.find_snapshot("HEAD~1").folders
        assert repository.find_snapshot("origin/other").folders


def test_a_project_in_a_subfolder_and_a_worktree(tmp_path: Path) -> None:
    outer = Project(tmp_path)
    outer.git("init", "-q", "-b", "main")
    inner = Project(tmp_path / "ml" / "qa")
    inner.root.mkdir(parents=True)
    inner.ok("init")
    inner.ok("new", "qa-1")
    outer.write("experiments/other/card.md", "---\ncode: other\n---\n")
    outer.git("add", "-A")
    outer.git("commit", "-qm", "one")
    outer.git("worktree", "add", "-q", "-b", "side", "../side-of-it")
    for root in (inner.root, tmp_path.parent / "side-of-it" / "ml" / "qa"):
        with open_repository(load_config(root)) as repository:
            assert list(repository.find_snapshot("side").folders) == ["qa-1"]


def test_no_repository_is_said(tmp_path: Path) -> None:
    (tmp_path / "cardgen.yaml").write_text("")
    with (
        pytest.raises(UsageError, match="is in no git repository"),
        open_repository(load_config(tmp_path)),
    ):
        pass


def test_names_that_only_a_stranger_puts_into_a_tree_are_left_out(project: Project) -> None:
    """Trees that git itself would not check out: written by hand, as an attacker's push is."""
    blob = hash_object(project.root, "blob", b"---\ncode: evil\n---\n")
    card = tree(project.root, [("100644", "card.md", blob), ("100644", "..", blob),
                               ("100644", "a/b", blob), ("100644", "c:d", blob)])  # fmt: skip
    names = ("..", ".git", "a\\b", "x", ".hidden")
    experiments = tree(project.root, [("40000", name, card) for name in names])
    top = tree(project.root, [("40000", "experiments", experiments)])
    commit_id = project.git("commit-tree", top, "-m", "evil").strip()
    with open_repository(load_config(project.root)) as repository:
        snapshot = repository.find_snapshot(commit_id)
        assert list(snapshot.folders) == ["x"]
        assert [name for name, _ in repository.walk_files(card, 1000)] == ["card.md"]


def hash_object(root: Path, kind: str, content: bytes) -> str:
    done = subprocess.run(
        ["git", "hash-object", "-t", kind, "--literally", "-w", "--stdin"],
        cwd=root, input=content, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode().strip()


def tree(root: Path, entries: list[tuple[str, str, str]]) -> str:
    content = b"".join(
        f"{mode} {name}\0".encode() + bytes.fromhex(entry) for mode, name, entry in entries
    )
    return hash_object(root, "tree", content)


def test_a_fresh_project_has_no_commit(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    with (
        open_repository(load_config(project.root)) as repository,
        pytest.raises(UsageError, match="git knows no commit 'HEAD'") as caught,
    ):
        repository.find_snapshot("HEAD")
    assert caught.value.hint == "There is no commit yet: git add and git commit first."
