"""What is not committed, as a patch that real git applies; and what must never be in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cardgen.capture import changes, patch
from cardgen.capture.changes import make_new_file
from cardgen.capture.patch import make_patch
from cardgen.capture.workspace import read_workspace
from tests.projects import Project

TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz01234567"


@pytest.fixture
def repo(tmp_path: Path) -> Project:
    """A repository with some committed files."""
    project = Project(tmp_path / "repo")
    project.root.mkdir()
    project.git("init", "-q", "-b", "main")
    for name in ("a.py", "with space.py", "zażółć.py", "gone.py", "staged.py", "both.py"):
        project.write(name, "one\ntwo\nthree\n")
    (project.root / "model.bin").write_bytes(b"\0\1\2")
    (project.root / "latin.txt").write_bytes(b"caf\xe9\n")
    project.write("tool.sh", "#!/bin/sh\n").chmod(0o644)
    project.git("add", "-A")
    project.git("commit", "-qm", "first")
    return project


def read_patch(repo: Project, *words: str, allow: frozenset[str] = frozenset()) -> str:
    workspace = read_workspace(repo.root, "experiments", words)
    assert workspace
    return make_patch(workspace.changes, "run:x", workspace.source.commit, allow)


def apply(repo: Project, text: str, copy: Path) -> Project:
    """A fresh clone, with the patch applied by git."""
    repo.run("git", "clone", "-q", str(repo.root), str(copy))
    subprocess.run(
        ["git", "apply", "-"], input=text.encode(), cwd=copy, check=True, capture_output=True
    )
    return Project(copy)


def files_of(root: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def test_every_kind_of_change_applies_byte_for_byte(repo: Project, tmp_path: Path) -> None:
    repo.write("a.py", "one\n2\nthree")
    repo.write("with space.py", "one\r\ntwo\r\n")
    repo.write("zażółć.py", "jeden\n")
    (repo.root / "gone.py").unlink()
    repo.write("staged.py", "staged\n")
    repo.git("add", "staged.py")
    repo.write("both.py", "staged\n")
    repo.git("add", "both.py")
    repo.write("both.py", "and more\n")
    (repo.root / "tool.sh").chmod(0o755)
    repo.write("added.py", "added\n")
    repo.git("add", "added.py")
    repo.write("new.py", "new\nno end")
    repo.write("deep/new file.py", "x\n\ny\n")
    repo.write("日本.txt", "こんにちは\n")
    repo.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    repo.write("empty.py", "")
    repo.git("mv", "latin.txt", "renamed.txt")
    repo.git("mv", "renamed.txt", "latin.txt")
    text = read_patch(repo)
    assert "Left out" not in text
    copy = apply(repo, text, tmp_path / "copy")
    assert files_of(copy.root) == files_of(repo.root)


def test_nothing_changed_is_no_patch(repo: Project) -> None:
    workspace = read_workspace(repo.root, "experiments")
    assert workspace
    assert workspace.source.dirty is False
    assert workspace.source.commit == repo.git("rev-parse", "HEAD").strip()
    assert make_patch(workspace.changes, "run:x", "", frozenset()) == ""


def test_the_repository_is_left_as_it_was(repo: Project) -> None:
    repo.write("a.py", "changed\n")
    repo.write("new.py", "new\n")
    before = {path: path.read_bytes() for path in (repo.root / ".git").rglob("*") if path.is_file()}
    assert read_patch(repo)
    after = {path: path.read_bytes() for path in (repo.root / ".git").rglob("*") if path.is_file()}
    assert after == before


def test_binaries_links_odd_names_and_large_files_are_named(repo: Project, tmp_path: Path) -> None:
    (repo.root / "model.bin").write_bytes(b"\0\3")
    (repo.root / "latin.txt").write_bytes(b"th\xe9\n")
    (repo.root / "new.bin").write_bytes(b"x\0y")
    (repo.root / "large.csv").write_text("1,2\n" * 100_000)
    (repo.root / "link").symlink_to("/etc/passwd")
    repo.write("a.py", "kept\n")
    (repo.root / 'q"uote.txt').write_text("x")
    (repo.root / "two\nlines.txt").write_text("x")
    text = read_patch(repo)
    for line in (
        "#   model.bin (binary)", "#   new.bin (binary)", "#   large.csv (391 KB)",
        "#   link (link)", "#   latin.txt (no UTF-8)", '#   q"uote.txt (odd name)',
        "#   two\\nlines.txt (odd name)",
    ):  # fmt: skip
        assert f"{line}\n" in text
    assert "root:" not in text
    assert apply(repo, text, tmp_path / "copy").read("a.py") == "kept\n"


def test_secrets_are_masked_and_hunks_stay_whole(repo: Project, tmp_path: Path) -> None:
    repo.write("a.py", f'one\ntoken = "{TOKEN}"\nthree\n')
    repo.write("new.py", f"HF_TOKEN={TOKEN}\nDB = 'postgres://ann:hunter2secret@h/x'\nfine = 1\n")
    key = (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq2u9Zp\n-----END RSA PRIVATE KEY-----\n"
    )
    repo.write("both.py", key)
    for name in (".env", "id_rsa", "secrets.yaml", "prod.pem", "aws_credentials.json"):
        repo.write(name, "plain words\n")
    text = read_patch(repo)
    assert TOKEN not in text
    assert "hunter2secret" not in text
    assert "plain words" not in text
    assert "#   .env (may hold secrets)\n" in text
    head = text.split("diff --git")[0]
    assert "Secrets are masked" in head
    assert "#   a.py\n" in head
    assert "#   new.py\n" in head
    copy = apply(repo, text, tmp_path / "copy")
    assert copy.read("a.py").startswith('one\ntoken = "«masked:')
    assert copy.read("new.py").endswith("fine = 1\n")


def test_the_size_is_bounded_file_by_file(
    repo: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patch, "MAX_BYTES", 4096)
    monkeypatch.setattr(changes, "MAX_LINES", 1000)
    repo.write("a.py", "small\n")
    repo.write("both.py", "line of some length\n" * 500)
    repo.write("gone.py", "x\n" * 2000)
    repo.write("new.py", "also small\n")
    text = read_patch(repo)
    assert len(text.encode()) < 5000
    assert "#   both.py (" in text
    assert "the patch would exceed 4 KB" in text
    assert "#   gone.py (2003 lines)\n" in text
    copy = apply(repo, text, tmp_path / "copy")
    assert (copy.read("a.py"), copy.read("new.py")) == ("small\n", "also small\n")


def test_cards_evidence_and_stores_are_no_code(repo: Project) -> None:
    for name in ("card.md", "evidence.json", "run-20261121T101500Z-abc.patch"):
        repo.write(f"experiments/qa-1/{name}", "first\n")
    repo.git("add", "-A", "-f")
    repo.git("commit", "-qm", "cards")
    for name in ("card.md", "evidence.json", "run-20261121T101500Z-abc.patch", "out.txt"):
        repo.write(f"experiments/qa-1/{name}", "second\n")
    repo.write("mlruns/0/meta.yaml", "x: 1\n")
    repo.write("mlflow.db", "no code\n")
    repo.write("wandb/latest.txt", "x\n")
    repo.write("src/__pycache__/x.txt", "x\n")
    workspace = read_workspace(repo.root, "experiments")
    assert workspace
    assert workspace.source.dirty is False
    assert workspace.changes == ()


def test_what_the_line_names_among_the_experiments_is_code(repo: Project) -> None:
    repo.write("experiments/qa-1/config.yaml", "lr: 1\n")
    repo.write("experiments/qa-1/out.txt", "x\n")
    text = read_patch(repo, "python", "a.py", "--config=experiments/qa-1/config.yaml")
    assert "+lr: 1\n" in text
    assert "out.txt" not in text


def test_a_project_inside_a_larger_repository(repo: Project, tmp_path: Path) -> None:
    inner = repo.root / "projects/qa"
    repo.write("projects/qa/train.py", "x\n")
    repo.write("projects/qa/experiments/qa-1/card.md", "x\n")
    repo.write("a.py", "changed\n")
    workspace = read_workspace(inner, "experiments")
    assert workspace
    assert [change.path for change in workspace.changes] == ["a.py", "projects/qa/train.py"]
    text = make_patch(workspace.changes, "run:x", workspace.source.commit, frozenset())
    assert apply(repo, text, tmp_path / "copy").read("a.py") == "changed\n"


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    repo = Project(tmp_path / "repo")
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    assert read_patch(repo) == ""
    repo.write("staged.py", "staged\n")
    repo.git("add", "staged.py")
    repo.write("new.py", "new\n")
    workspace = read_workspace(repo.root, "experiments")
    assert workspace
    assert (workspace.source.commit, workspace.source.branch) == ("", "main")
    text = read_patch(repo)
    empty = tmp_path / "empty"
    empty.mkdir()
    subprocess.run(["git", "apply", "-"], input=text.encode(), cwd=empty, check=True)
    assert sorted(path.name for path in empty.iterdir()) == ["new.py", "staged.py"]


def test_no_repository_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert read_workspace(tmp_path, "experiments") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    assert read_workspace(tmp_path, "experiments") is None


def test_a_shallow_clone_and_a_detached_head(repo: Project, tmp_path: Path) -> None:
    repo.write("a.py", "second\n")
    repo.git("commit", "-qam", "second")
    address = f"file://{repo.root}"
    repo.run("git", "clone", "-q", "--depth", "1", address, str(tmp_path / "shallow"))
    shallow = Project(tmp_path / "shallow")
    shallow.git("checkout", "-q", "--detach")
    shallow.write("a.py", "third\n")
    workspace = read_workspace(shallow.root, "experiments")
    assert workspace
    assert workspace.source.branch == ""
    assert workspace.source.repository == address
    assert [change.path for change in workspace.changes] == ["a.py"]


def test_a_password_of_the_remote_is_left_out(repo: Project) -> None:
    repo.git("remote", "add", "origin", "https://ann:hunter2@example.com/qa.git")
    workspace = read_workspace(repo.root, "experiments")
    assert workspace
    assert workspace.source.repository == "https://example.com/qa.git"


def test_files_in_a_merge_conflict(repo: Project) -> None:
    repo.git("checkout", "-qb", "other")
    repo.write("a.py", "theirs\n")
    repo.git("commit", "-qam", "theirs")
    repo.git("checkout", "-q", "main")
    repo.write("a.py", "ours\n")
    repo.git("commit", "-qam", "ours")
    assert repo.run("git", "merge", "other").status == 1
    repo.write("both.py", "changed\n")
    text = read_patch(repo)
    assert "<<<<<<<" in text
    assert "+changed\n" in text


def test_a_repository_s_own_diff_settings_and_programs_are_not_used(repo: Project) -> None:
    for key, value in (
        ("diff.external", "false"), ("diff.noprefix", "true"), ("color.diff", "always"),
        ("diff.mnemonicPrefix", "true"), ("diff.context", "0"), ("status.relativePaths", "true"),
    ):  # fmt: skip
        repo.git("config", key, value)
    repo.write("a.py", "one\n2\nthree\n")
    text = read_patch(repo)
    assert "--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n" in text


@pytest.mark.parametrize("content", [b"", b"x", b"x\n", b"\n", b"\n\n", b"a\nb", b"a\r\nb\r\n"])
def test_a_new_file_as_git_writes_it(content: bytes, tmp_path: Path) -> None:
    subprocess.run(
        ["git", "apply", "-"], input=make_new_file("a b/c", content), cwd=tmp_path, check=True
    )
    assert (tmp_path / "a b/c").read_bytes() == content
