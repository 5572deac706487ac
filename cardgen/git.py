"""What is asked of git, with git itself; a project without it gets empty answers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_SECONDS = 60


def run_git(root: Path, *arguments: str) -> str | None:
    """What a git command prints; None where it fails, is missing or this is no repository."""
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ("git", "-c", "core.quotePath=false", *arguments),
            cwd=root,
            env=environ,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def find_codes_in_history(root: Path, experiments: str, prefix: str) -> frozenset[str]:
    """Codes beginning with ``prefix``, whatever its case, that any commit ever held a card of."""
    pattern = f":(icase){experiments}/{prefix}*/card.md"
    text = run_git(
        root,
        "log",
        "--all",
        "--format=",
        "--name-only",
        "--no-renames",
        "--relative",
        "--",
        pattern,
    )
    paths = {line for line in (text or "").splitlines() if line}
    return frozenset(path.rsplit("/", 2)[-2] for path in paths if path.count("/") >= 1)


def find_remote(root: Path) -> str:
    """The address of ``origin``, empty where there is none."""
    return (run_git(root, "remote", "get-url", "origin") or "").strip()
