"""The values of a project: stages, what goes in and comes out, and their order.

All paths are relative to the project's folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class Entry:
    """A dependency or an output.

    ``digest`` is ``algorithm:value``, of a folder's listing with ``.dir``; ``size`` in bytes;
    ``url`` and ``version`` are where it was imported from; ``notes`` is what ``dvc.yaml`` says of
    it besides (``type``, ``desc``, ``labels``, ``x``, ``cache`` …).
    """

    path: str
    digest: str = ""
    size: int | None = None
    url: str = ""
    version: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_remote(self) -> bool:
        return ADDRESS.match(self.path) is not None


@dataclass(frozen=True)
class Stage:
    """A stage as resolved; without commands it is data that was added.

    ``params`` maps a file to the names that the stage depends on (None for all), ``recorded`` to
    the values that its last run had. ``locked`` says that it was run, ``same`` that its definition
    is still the one that was run.
    """

    name: str
    folder: str
    commands: tuple[str, ...] = ()
    deps: tuple[Entry, ...] = ()
    outs: tuple[Entry, ...] = ()
    metrics: tuple[Entry, ...] = ()
    plots: tuple[Entry, ...] = ()
    params: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    recorded: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    desc: str = ""
    locked: bool = False
    same: bool = True
    runs: bool = True

    @property
    def results(self) -> tuple[Entry, ...]:
        return (*self.outs, *self.metrics, *self.plots)


@dataclass(frozen=True)
class Artifact:
    """An entry of ``artifacts:``; ``kind`` is its type, ``model`` for models."""

    name: str
    path: str
    kind: str = ""
    desc: str = ""
    labels: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """All that DVC's files of a project say; stages in the order in which they depend.

    ``params``, ``metrics`` and ``plots`` are those declared outside of stages, ``used`` the
    variables that templates took from files: file -> name -> value.
    """

    stages: tuple[Stage, ...] = ()
    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: tuple[Entry, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    used: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: tuple[str, ...] = ()


# Order ----------------------------------------------------------------------------------------


def sort_stages(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Each stage after those whose outputs it needs, otherwise as written."""
    makers = _find_makers(stages)
    needs = [
        {i for dep in stage.deps for i in _find_needed(dep.path, makers)} - {index}
        for index, stage in enumerate(stages)
    ]
    users: dict[int, list[int]] = {}
    for index, needed in enumerate(needs):
        for maker in needed:
            users.setdefault(maker, []).append(index)
    open_ = [len(needed) for needed in needs]
    ready = [index for index, count in enumerate(open_) if not count]
    order: list[int] = []
    while ready:
        index = heappop(ready)
        order.append(index)
        for user in users.get(index, ()):
            open_[user] -= 1
            if not open_[user]:
                heappush(ready, user)
    if len(order) < len(stages):  # a circle, which DVC refuses: as written
        return tuple(stages)
    return tuple(stages[index] for index in order)


def _find_makers(stages: Sequence[Stage]) -> dict[str, set[int]]:
    """Which stages make a path, or something below it."""
    makers: dict[str, set[int]] = {}
    for index, stage in enumerate(stages):
        for entry in stage.results:
            makers.setdefault(f"={entry.path}", set()).add(index)
            for place in find_places(entry.path):
                makers.setdefault(place, set()).add(index)
    return makers


def _find_needed(path: str, makers: Mapping[str, set[int]]) -> set[int]:
    inside = (makers.get(f"={place}", set()) for place in find_places(path))
    return makers.get(path, set()).union(*inside)


def find_places(path: str) -> list[str]:
    """A path and the folders above it."""
    parts = path.split("/")[:64]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
