"""Objects of a real repository, read through one process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cardgen.git import find_remote, open_objects, parse_tree, run_git


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(("git", *who, *arguments), cwd=root, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.txt").write_bytes(b"first\n\0\xff")
    (tmp_path / "zażółć gęślą.txt").write_text("ł", "utf-8")
    (tmp_path / "big.bin").write_bytes(bytes(3 * 1024 * 1024 + 5))
    (tmp_path / "empty").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    git(tmp_path, "tag", "-a", "v1", "-m", "the first")
    return tmp_path


def test_objects_are_read_by_revision_and_path(repository: Path) -> None:
    with open_objects(repository) as objects:
        assert objects
        assert objects.read("HEAD:a.txt") == b"first\n\0\xff"
        assert objects.read("main:zażółć gęślą.txt") == "ł".encode()
        assert objects.read("v1:empty") == b""
        assert b"the first" in (objects.read("v1") or b"")
        assert b"\n\none\n" in (objects.read("HEAD") or b"")


def test_what_is_not_there_or_too_large_is_none_and_the_next_is_read(repository: Path) -> None:
    with open_objects(repository) as objects:
        assert objects
        for name in ("HEAD:none", "nowhere:a.txt", "HEAD:", "", "two words", "HEAD:a.txt\nHEAD"):
            assert objects.read(name) is None
        assert objects.read("HEAD:big.bin", max_bytes=1024) is None
        assert objects.read("HEAD:a.txt") == b"first\n\0\xff"
        assert len(objects.read("HEAD:big.bin") or b"") == 3 * 1024 * 1024 + 5


def test_without_a_repository_there_is_nothing(tmp_path: Path) -> None:
    with open_objects(tmp_path) as objects:
        assert objects is None
    assert run_git(tmp_path, "status") is None
    assert find_remote(tmp_path) == ""


def test_objects_are_found_with_their_kind_and_id(repository: Path) -> None:
    commit = (run_git(repository, "rev-parse", "HEAD") or "").strip()
    with open_objects(repository, known=True) as objects:
        assert objects
        for name in ("HEAD^{commit}", "v1^{commit}", commit[:12]):
            found = objects.find(name)
            assert found
            assert (found.id, found.kind) == (commit, "commit")
        tree = objects.find("HEAD^{tree}")
        assert tree
        assert tree.kind == "tree"
        entries = parse_tree(tree.content or b"")
        assert list(entries) == ["a.txt", "big.bin", "empty", "zażółć gęślą.txt"]
        assert {entry.mode for entry in entries.values()} == {"100644"}
        assert objects.read(entries["a.txt"].id) == b"first\n\0\xff"
        assert objects.find("HEAD:none") is None
        large = objects.find("HEAD:big.bin", max_bytes=10)
        assert large
        assert large.content is None
        assert parse_tree((tree.content or b"")[:-25]).keys() < entries.keys()
        assert objects.read("HEAD:a.txt") == b"first\n\0\xff"
