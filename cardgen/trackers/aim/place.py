"""Which Aim repository a locator means, and where a project's repositories lie."""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import TrackerError

STORE = ".aim"
CHUNKS = ("meta", "chunks")
DATABASE = "run_metadata.sqlite"

MAX_DEPTH = 12
MAX_FOLDERS = 20_000
MAX_RUNS = 200_000

HASH = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_FORM = "Write aim:<run hash>, or aim:<folder>#<run hash> with the folder that holds .aim."
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "venv", "env", "_site"})


@dataclass(frozen=True)
class Repo:
    """An Aim repository: its real ``path``, and ``name`` as a ref has it before the ``#``.

    The name is empty for the one at the project's root.
    """

    root: Path
    path: Path
    name: str

    def ref_to(self, run_hash: str) -> str:
        return f"aim:{self.name}#{run_hash}" if self.name else f"aim:{run_hash}"

    @property
    def label(self) -> str:
        """The repository as a message names it."""
        return self.path.relative_to(self.root).as_posix()


def split_locator(locator: str) -> tuple[str, str]:
    """The folder (empty for the root) and the run's hash; raises TrackerError without one."""
    folder, _, run_hash = locator.strip().rpartition("#")
    if not HASH.fullmatch(run_hash.strip()):
        raise TrackerError(f"'{locator}' names no run of Aim.", _FORM)
    return folder.strip(), run_hash.strip()


def find_repo(folder: str, root: Path) -> Repo:
    """The repository in a folder, or that the folder is; raises TrackerError."""
    if folder.startswith("aim://"):
        raise TrackerError(
            "Aim's tracking server is not read.", "Copy its .aim folder into the project."
        )
    try:
        path = (root / folder).resolve()
        inside = path.is_relative_to(root)
        for there in (path / STORE, path):
            if inside and is_repo(there) and there.resolve().is_relative_to(root):
                return make_repo(there.resolve(), root)
    except (OSError, ValueError, RuntimeError):
        inside = True
    if not inside:
        raise TrackerError(f"'{folder}' lies outside the project {root}.", "Copy it into it.")
    raise TrackerError(f"There is no Aim repository in '{folder or root}'.", _FORM)


def make_repo(path: Path, root: Path) -> Repo:
    """The repository at a path inside the root."""
    place = path.parent if path.name == STORE else path
    name = place.relative_to(root).as_posix()
    return Repo(root, path, "" if name == "." else name)


def is_repo(path: Path) -> bool:
    """Whether a folder is what Aim keeps its runs in."""
    return path.joinpath(*CHUNKS).is_dir()


def find_hashes(repo: Repo) -> tuple[str, ...]:
    """The hashes of the runs whose parameters are there, sorted."""
    names = _list_folders(repo.path.joinpath(*CHUNKS), MAX_RUNS)
    return tuple(name for name in names if HASH.fullmatch(name))


def find_repos(location: Path, root: Path) -> list[Repo]:
    """The repositories in or below a folder, or the one it lies in; sorted by path."""
    for folder in (location, *location.parents):
        if not folder.is_relative_to(root):
            break
        if is_repo(folder):
            return [make_repo(folder, root)]
    return sorted(_walk(location, root), key=lambda repo: repo.name)


def _walk(location: Path, root: Path) -> list[Repo]:
    found = []
    queue = deque([(location, 0)])
    for _ in range(MAX_FOLDERS):
        if not queue:
            break
        folder, depth = queue.popleft()
        for name in _list_folders(folder, MAX_FOLDERS):
            inner = folder / name
            if (name == STORE or not name.startswith(".")) and is_repo(inner):
                found.append(make_repo(inner, root))
            elif depth < MAX_DEPTH and name not in _SKIPPED and not name.startswith("."):
                queue.append((inner, depth + 1))
    return found


def _list_folders(folder: Path, limit: int) -> list[str]:
    """The names of a folder's folders, sorted; links are left out, for they may lead anywhere."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry, _ in zip(entries, range(limit), strict=False)]
    except OSError:
        return []
    names = [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
    return sorted(name for name in names if name.isprintable())
