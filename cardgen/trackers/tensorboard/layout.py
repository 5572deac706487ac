"""Which folders are runs, and which of their folders belong to them.

A folder with event files is a run. Writers also make folders inside it that are none of their own:

- Keras, Estimators and fairseq write ``train/`` and ``validation/`` (``eval/``, ``valid/``);
- ``add_scalars("loss", {"train": …})`` writes ``loss_train/`` (tensorboardX: ``loss/train/``),
  with the tag ``loss``;
- ``add_hparams`` writes ``<unix time>/``, or a name that was given, with hparams and last metrics.

Several of the last kind with different params are runs of their own: a sweep by one writer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cardgen.trackers.tensorboard.files import Folder, Names, list_names
from cardgen.trackers.tensorboard.hparams import Start
from cardgen.trackers.tensorboard.log import load_head

MAX_DEPTH = 12
MAX_SEEN = 200_000
"""Entries of all folders together that one search looks at; the nearest come first."""

MAX_PARTS = 2000
"""Folders inside a run that are looked at."""

_TRAINING = re.compile(r"^(?:train|training)$", re.IGNORECASE)
_ROLE = re.compile(
    r"^(?:train|training|train_inner|validation|valid|val|eval|eval_\w+|evaluation|test|dev"
    r"|predict)$",
    re.IGNORECASE,
)
_SKIPPED = frozenset(
    {"node_modules", "__pycache__", "site-packages", "venv", "env", "mlruns", "mlartifacts"}
    | {"wandb", "_site", "clearml"}
)
_TIME = re.compile(r"^\d{9,11}(?:\.\d+)?$")

Kind = Literal["role", "scalars", "session"]


@dataclass(frozen=True)
class Part:
    """A folder that belongs to a run: ``below`` is its path relative to it.

    ``tag`` is the main tag of ``add_scalars``, whose folder holds one line of several.
    """

    below: str
    kind: Kind
    names: Names
    tag: str = ""


@dataclass(frozen=True)
class Layout:
    """A run's own event files and the folders that belong to it."""

    folder: Folder
    names: Names
    parts: tuple[Part, ...] = ()
    parent: str = ""

    @property
    def is_run(self) -> bool:
        return bool(self.names.events or self.parts)


def find_layout(folder: Folder) -> Layout:
    """What belongs to the run in a folder; a folder that is no run has neither files nor parts."""
    names = list_names(folder)
    below = {name: list_names(folder.inner(name)) for name in names.folders[:MAX_PARTS]}
    parts = [
        Part(name, "role", below[name])
        for name in _find_roles(folder, names, below)
        if below[name].events
    ]
    if names.events:
        parts += _find_written(folder, names, below, {part.below for part in parts})
    return Layout(folder, names, tuple(sorted(parts, key=lambda part: part.below)))


def _find_roles(folder: Folder, names: Names, below: dict[str, Names]) -> list[str]:
    """The folders of one run that are called by what they hold.

    Beside event files each is one. Where there are none, the folders with event files must all be
    called so and one of them train, or they are runs that somebody called ``test``.
    """
    roles = [name for name in below if _ROLE.match(name)]
    if names.events:
        return roles
    written = [name for name, inner in below.items() if inner.events]
    whole = all(map(_ROLE.match, written)) and any(map(_TRAINING.match, written))
    return roles if whole and folder.path != folder.root else []


def _find_written(
    folder: Folder, names: Names, below: dict[str, Names], taken: set[str]
) -> Iterator[Part]:
    """The folders that ``add_scalars`` and ``add_hparams`` made."""
    sessions: list[tuple[Part, Start]] = []
    for path, inner in _find_below(folder, below):
        if path in taken:
            continue
        head = load_head(folder.inner(path), inner.events)
        tag = next(iter(head.points), "")
        if len(head.points) == 1 and path.startswith((tag.replace("/", "_") + "_", tag + "/")):
            yield Part(path, "scalars", inner, tag)
        elif head.starts and "/" not in path:
            sessions.append((Part(path, "session", inner), head.starts[0]))
    yield from _find_sessions(folder, names, sessions)


def _find_sessions(
    folder: Folder, names: Names, sessions: list[tuple[Part, Start]]
) -> Iterator[Part]:
    """The sessions of a run that has none itself: one, or one that was written repeatedly."""
    if not sessions or load_head(folder, names.events).starts:
        return
    if is_frame(folder, names):
        sessions = [(part, start) for part, start in sessions if is_time(part.below)]
    if all(start.params == sessions[0][1].params for _, start in sessions):
        yield from (part for part, _ in sessions)


def _find_below(folder: Folder, below: dict[str, Names]) -> Iterator[tuple[str, Names]]:
    """Folders with event files, up to three below: a tag's name may hold a slash."""
    waiting = deque((name, inner, 1) for name, inner in below.items())
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        path, inner, depth = waiting.popleft()
        if inner.events:
            yield path, inner
        if depth < 3 and not _is_passed_over(path.rpartition("/")[2]):
            waiting += (
                (f"{path}/{name}", list_names(folder.inner(f"{path}/{name}")), depth + 1)
                for name in inner.folders
            )


def find_parent(folder: Folder) -> str:
    """The run whose ``add_hparams`` made a folder that is a run of its own; else empty."""
    if folder.path in (folder.root, folder.root.parent):
        return ""
    above = Folder(folder.root, folder.path.parent, folder.name.rpartition("/")[0] or ".")
    names = list_names(above)
    written = is_time(folder.path.name) and names.events
    return above.name if written and not is_frame(above, names) else ""


def is_time(name: str) -> bool:
    """Whether a folder is called by the time it was made, as ``add_hparams`` does."""
    return _TIME.match(name) is not None


def is_frame(folder: Folder, names: Names) -> bool:
    """Whether event files only say what an experiment's hparams are, or hold nothing at all."""
    head = load_head(folder, names.events)
    says = head.points or head.texts or head.starts or head.ends
    return head.whole and not (says or head.pointers)


def find_folders(start: Folder) -> tuple[str, ...]:
    """The folders of all runs in or below a folder, as paths relative to the root, sorted."""
    found: list[str] = []
    waiting = deque([(start, 0)])
    inside: set[str] = set()
    seen = 0
    while waiting and seen < MAX_SEEN:
        folder, depth = waiting.popleft()
        layout = find_layout(folder)
        parts = layout.parts
        seen += layout.names.count + 1
        own = layout.names.events or any(folder.inner(p.below).name not in inside for p in parts)
        if folder.name not in inside and own and not _is_mere_frame(layout):
            found.append(folder.name)
        inside |= {folder.inner(part.below).name for part in parts}
        if depth < MAX_DEPTH:
            names = (name for name in layout.names.folders if not _is_passed_over(name))
            waiting += ((folder.inner(name), depth + 1) for name in names)
    return tuple(sorted(found))


def _is_mere_frame(layout: Layout) -> bool:
    """Whether a folder only holds the runs below it, and says something of all of them."""
    return (
        not layout.parts
        and bool(layout.names.folders)
        and is_frame(layout.folder, layout.names)
        and any(list_names(layout.folder.inner(name)).events for name in layout.names.folders)
    )


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name in _SKIPPED
