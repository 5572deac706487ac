"""The hooks of .pre-commit-hooks.yaml, installed and run by pre-commit itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cardgen.safeyaml import parse_yaml

ROOT = Path(__file__).parents[1]
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
SHIPPED = (".pre-commit-hooks.yaml", "cardgen", "pyproject.toml", "README.md", "LICENSE")


@dataclass(frozen=True)
class Repository:
    """A repository of somebody who uses the hooks; ``home`` is where pre-commit installs them."""

    root: Path
    home: Path

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        left_out = ("PYTHONPATH", "VIRTUAL_ENV", "GIT_DIR", "GIT_INDEX_FILE")
        environ = {name: text for name, text in os.environ.items() if name not in left_out}
        for who in ("AUTHOR", "COMMITTER"):
            environ |= {f"GIT_{who}_NAME": "Ann", f"GIT_{who}_EMAIL": "ann@example.com"}
        environ |= {"PRE_COMMIT_HOME": str(self.home), "NO_COLOR": "1"}
        return subprocess.run(
            command, cwd=self.root, env=environ, capture_output=True, text=True, check=False
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """What is here now, as a repository that pre-commit can install from."""
    folder = tmp_path_factory.mktemp("shipped")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, folder / name)
    repository = Repository(folder, tmp_path_factory.mktemp("home"))
    repository.git("init", "-q", "-b", "main")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "x")
    return repository


def make_user(folder: Path, shipped: Repository, *hooks: str) -> Repository:
    repository = Repository(folder, shipped.home)
    repository.git("init", "-q", "-b", "main")
    named = ", ".join(f"{{id: {hook}}}" for hook in hooks)
    repository.write(
        ".pre-commit-config.yaml",
        f"repos:\n- repo: {shipped.root}\n  rev: {shipped.git('rev-parse', 'HEAD')}\n"
        f"  hooks: [{named}]\n",
    )
    # A project in a folder of the repository, its experiments called otherwise.
    repository.write("ml/cardgen.yaml", "experiments: versuche\n")
    repository.write("ml/versuche/old/card.md", "---\ncode: old\n---\n")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "before there were hooks")
    return repository


def test_every_hook_is_a_command_and_takes_the_files_of_cards() -> None:
    from cardgen.cli import cli

    hooks = parse_yaml((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        program, command, *options = hook["entry"].split()
        assert program == "cardgen"
        known = {name for option in cli.commands[command].params for name in option.opts}
        assert set(options) <= known
        assert hook["language"] == "python"


@pytest.mark.slow
def test_the_hooks_check_and_mend_what_is_committed(shipped: Repository, tmp_path: Path) -> None:
    """Installing takes half a minute; a machine without a package index skips it."""
    user = make_user(tmp_path, shipped, "cardgen-check", "cardgen-fix")
    assert user.run(PRE_COMMIT, "install").returncode == 0
    installed = user.run(PRE_COMMIT, "install-hooks")
    if installed.returncode and "No matching distribution" in installed.stdout + installed.stderr:
        pytest.skip("no package index can be reached")
    assert installed.returncode == 0, installed

    user.write("ml/versuche/new/card.md", "---\ncode: new\ntitel: a\n---\n## Goal\nIs it?\n")
    user.git("add", "-A")
    refused = user.run("git", "commit", "-m", "x")
    said = refused.stdout + refused.stderr
    assert refused.returncode == 1, said
    assert "versuche/new/card.md:3: error unknown-key: 'titel' is no key of a card." in said
    assert "files were modified by this hook" in said
    assert "versuche/old" not in said
    assert "title: a" in (tmp_path / "ml/versuche/new/card.md").read_text(encoding="utf-8")

    user.git("add", "-A")
    accepted = user.run("git", "commit", "-m", "x")
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    assert "No problems found" not in accepted.stderr

    everything = user.run(PRE_COMMIT, "run", "--all-files")
    assert everything.returncode == 1
    assert "versuche/old/card.md: error goal-missing" in everything.stdout
    assert "versuche/new" not in everything.stdout
