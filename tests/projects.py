"""Real projects for tests: folders with real git, worked on with the real command line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Done:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A folder that commands run in, as a person would run them."""

    root: Path

    def cardgen(self, *arguments: str, cwd: str = ".") -> Done:
        """Run the command line in a process of its own."""
        return self.run(sys.executable, "-m", "cardgen", *arguments, cwd=cwd)

    def ok(self, *arguments: str, cwd: str = ".") -> str:
        """Run a command that must succeed; what it printed."""
        done = self.cardgen(*arguments, cwd=cwd)
        assert done.status == 0, done
        return done.out

    def git(self, *arguments: str) -> str:
        """Run git, which must succeed; what it printed."""
        done = self.run("git", *arguments)
        assert done.status == 0, done
        return done.out

    def run(self, *command: str, cwd: str = ".") -> Done:
        """Run any command with an environment that says nothing of the person's own settings."""
        names = ("PATH", "LANG", "SYSTEMROOT", "VIRTUAL_ENV", "TMPDIR")
        environ = {key: os.environ[key] for key in names if key in os.environ}
        environ |= {
            "HOME": str(self.root),
            "GIT_AUTHOR_NAME": "Ann",
            "GIT_AUTHOR_EMAIL": "ann@example.com",
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "ann@example.com",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_MKDOCS_2_WARNING": "1",
        }
        done = subprocess.run(
            command, cwd=self.root / cwd, env=environ, capture_output=True, text=True, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target


def make_project(root: Path) -> Project:
    """A git repository that ``cardgen init`` was run in."""
    project = Project(root)
    project.git("init", "-q", "-b", "main")
    project.ok("init")
    return project
