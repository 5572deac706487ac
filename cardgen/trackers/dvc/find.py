"""Which projects and folders of DVCLive lie in a location."""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from cardgen.trackers.dvc.documents import MAX_YAML
from cardgen.trackers.dvc.live import is_live
from cardgen.trackers.dvc.pipeline import LOCK, PIPELINE, is_single
from cardgen.trackers.dvc.trees import (
    MAX_DEPTH,
    MAX_FOLDERS,
    MAX_SEEN,
    SKIPPED,
    Tree,
    UnreadableFile,
    join,
)

MAX_SINGLES = 200
"""Files of added data in one folder that are looked at."""


@dataclass(frozen=True)
class Found:
    """Folders below a location, sorted: DVC's roots, pipelines, and what DVCLive wrote."""

    roots: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    live: tuple[str, ...] = ()


def find_folders(tree: Tree, start: str) -> Found:
    """Look through a location once; nearer folders come first where a limit is met."""
    roots, pipelines, live = [], [], []
    for folder, names in _walk(tree, start):
        if names.get(".dvc"):
            roots.append(folder)
        if is_live(tree, folder):
            live.append(folder)
        elif PIPELINE in names or LOCK in names or _has_stage(tree, folder, names):
            pipelines.append(folder)
    return Found(tuple(sorted(roots)), tuple(sorted(pipelines)), tuple(sorted(live)))


def _walk(tree: Tree, start: str) -> Iterator[tuple[str, dict[str, bool]]]:
    queue = deque([(start, 0)])
    seen = 0
    for _ in range(MAX_FOLDERS):
        if not queue or seen > MAX_SEEN:
            return
        folder, depth = queue.popleft()
        names = dict(tree.find_names(folder))
        seen += len(names)
        yield folder, names
        if depth < MAX_DEPTH:
            queue += [
                (join(folder, name), depth + 1)
                for name, is_folder in names.items()
                if is_folder and not name.startswith(".") and name not in SKIPPED
            ]


def _has_stage(tree: Tree, folder: str, names: dict[str, bool]) -> bool:
    """Whether a ``.dvc`` file is a stage, as those were before DVC 1."""
    singles = [name for name, inner in names.items() if is_single(name) and not inner]
    return any(_starts(tree, join(folder, name)) for name in singles[:MAX_SINGLES])


def _starts(tree: Tree, path: str) -> bool:
    try:
        return re.search(rb"^cmd:", tree.load(path, MAX_YAML) or b"", re.MULTILINE) is not None
    except UnreadableFile:
        return False


def find_top(pipelines: tuple[str, ...], roots: tuple[str, ...]) -> tuple[str, ...]:
    """Those folders of pipelines that lie in no other one's project."""
    top: list[str] = []
    for folder in pipelines:
        above = [t for t in top if not t or folder.startswith(f"{t}/")]
        if not any(_find_root(folder, roots) == _find_root(t, roots) for t in above):
            top.append(folder)
    return tuple(top)


def _find_root(folder: str, roots: tuple[str, ...]) -> str:
    """The project that a folder is in: the nearest folder upward with ``.dvc``."""
    while folder and folder not in roots:
        folder = posixpath.dirname(folder)
    return folder
