"""What Trackio keeps of one run, whatever file it was read from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, order=True)
class Identity:
    """A run of a project; ``run_id`` is empty where an old version kept none."""

    project: str
    name: str
    run_id: str = ""


@dataclass(frozen=True)
class Entry:
    """What was logged at once; ``step`` is none where an old version kept none."""

    step: int | float | None
    time: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """A warning that the training raised."""

    title: str
    text: str = ""
    level: str = ""
    step: int | None = None
    time: str = ""


@dataclass(frozen=True)
class Artifact:
    """A version of an artifact that a run read (``input``) or made (``output``).

    ``files`` are the entries of its manifest: path, SHA-256 and size.
    """

    name: str
    type: str
    version: str
    direction: str
    digest: str = ""
    aliases: tuple[str, ...] = ()
    files: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Record:
    """A run; ``entries`` in the order in which they were logged, ``times`` of all that was."""

    identity: Identity
    config: Mapping[str, Any] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    times: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    space: str = ""


class Store(Protocol):
    """A file that holds the runs of a project."""

    def __hash__(self) -> int: ...

    @property
    def path(self) -> Path: ...

    def find_identities(self) -> tuple[Identity, ...]:
        """All runs in it, sorted; raises TrackerError where it cannot be read."""
        ...

    def load(self, identity: Identity) -> Record:
        """One of them; raises TrackerError where it cannot be read."""
        ...


def pick_artifacts(
    identity: Identity, known: Iterable[Identity], links: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The links of a run; one without a known id counts by name where only one run has it."""
    others = tuple(known)
    ids = {other.run_id for other in others if other.run_id}
    alone = sum(other.name == identity.name for other in others) <= 1
    here = (None, "", identity.project)
    found = []
    for link in links:
        run_id, name = link.get("run_id") or "", link.get("run_name") or ""
        if run_id and run_id in ids:
            fits = run_id == identity.run_id
        else:
            fits = name == identity.name and alone
        if fits and (not identity.project or link.get("run_project") in here):
            found.append(link)
    return found
