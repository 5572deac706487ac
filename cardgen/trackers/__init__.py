"""Tracker adapters: one module a tracker, registered by its file name.

An adapter has two functions and imports nothing of cardgen but ``errors``, ``git``, ``models``,
``references``, ``safeyaml``, the private helpers of this folder and, where it is a folder itself,
what lies in it::

    def fetch_run(locator: str, config: TrackerConfig) -> Run
    def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]

``fetch_run`` reads the run that ``locator`` (the part of a run ref after the colon) names, and
raises TrackerError where it cannot. ``find_runs`` lists the refs of all runs that lie in a folder,
in a stable order and without reading them whole; a folder that holds none gives none.

An adapter of a server may have a third, which lists its runs for 'cardgen import TRACKER:LOCATION'
(an experiment, a project; empty for all that the configured server holds)::

    def find_remote_runs(location: str, config: TrackerConfig) -> tuple[str, ...]

One that can read many runs at once, without their checkpoints and curves, may have a fourth, by
which 'cardgen import' lists and selects quickly. What it leaves out is read by ``fetch_run``::

    def outline_runs(locators: Sequence[str], config: TrackerConfig) -> Iterable[Run]

An adapter that can tell more cheaply than by reading it whether a run is still there, for
'cardgen check --online', has a fifth, and one of a registry a sixth. Both raise GoneError where the
place could be asked and does not hold it, and TrackerError where it could not be asked::

    def find_presence(locator: str, config: TrackerConfig) -> Presence
    def find_registered(reference: Reference, config: TrackerConfig) -> Presence

An adapter of a format that other trackers write as well (event files, metrics in JSON) sets
``GENERIC`` to 1 or more: what lies in the run of an adapter with a lower number is no run of it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol, cast

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig


class Tracker(Protocol):
    """What a module of this package supplies."""

    def fetch_run(self, locator: str, config: TrackerConfig) -> Run: ...

    def find_runs(self, location: Path, config: TrackerConfig) -> tuple[str, ...]: ...


@cache
def find_trackers() -> tuple[str, ...]:
    """The names of all adapters, sorted."""
    return tuple(sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_")))


def load_tracker(name: str) -> Tracker:
    """The adapter of that name; raises TrackerError where there is none."""
    known = find_trackers()
    if name not in known:
        raise TrackerError(f"No tracker is called '{name}'.", f"Known are: {', '.join(known)}.")
    return cast("Tracker", import_module(f"{__name__}.{name}"))
