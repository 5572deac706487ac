"""MLflow: its SQLite store, its file store and its tracking server, without its client.

A locator is a run's id, or at least six of its first characters: ``mlflow:8c1f0d…``. It is looked
for in the store that ``MLFLOW_TRACKING_URI`` names, else in the one that ``uri`` names under
``trackers: mlflow:`` in ``cardgen.yaml``, and in ``mlflow.db`` and ``mlruns`` at the project's
root. ``mlflow:<store>#<run id>`` names the store: a path in the project, a ``sqlite:`` or
``file:`` URI of one, or the address of a server. Local stores are only read, also while MLflow
writes them, and are left exactly as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers._address import Server
from cardgen.trackers.mlflow import files, layout, sqlite
from cardgen.trackers.mlflow.find import find_stores
from cardgen.trackers.mlflow.outline import outline_places
from cardgen.trackers.mlflow.place import (
    Local,
    Place,
    find_listed,
    find_places,
    find_root,
    make_local,
    parse_place,
    split_locator,
)
from cardgen.trackers.mlflow.presence import MIN_PREFIX, find_presence, find_registered
from cardgen.trackers.mlflow.raw import NoSuchRun, RawRun
from cardgen.trackers.mlflow.run import make_run

__all__ = [
    "fetch_run",
    "find_presence",
    "find_registered",
    "find_remote_runs",
    "find_runs",
    "outline_runs",
]


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the run that the locator names; raises TrackerError where it cannot be read."""
    store, run_id = split_locator(locator)
    root = find_root(config.root)
    config = replace(config, root=root)
    places, errors = ([parse_place(store, config)], []) if store else find_places(config)
    for place in places:
        try:
            return _fetch(place, run_id, root)
        except NoSuchRun:
            continue
        except TrackerError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return _fetch_by_prefix(run_id, places, root)


def _fetch_by_prefix(prefix: str, places: list[Place], root: Path) -> Run:
    found: dict[str, Place] = {}
    if len(prefix) >= MIN_PREFIX:
        for place in reversed(places):
            found |= dict.fromkeys(_find_ids(place.store, prefix), place)
    if len(found) != 1:
        raise _refuse(prefix, places, sorted(found))
    ((run_id, place),) = found.items()
    return _fetch(place, run_id, root)


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs that lie in a folder or file, store by store and oldest first.

    Deleted runs and those of deleted experiments are left out. A location within a file store
    gives the runs of that experiment, or that run. Raises TrackerError for one outside the root,
    and where all that was found cannot be read.
    """
    root, location = config.root.resolve(), location.resolve()
    if not location.is_relative_to(root):
        raise TrackerError(f"{location} lies outside the project {root}.", "Copy it into it.")
    within = _find_within(location, root)
    if within is not None:
        return within
    return _find_in(sorted(find_stores(location)), root)


def find_remote_runs(location: str, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs of ``STORE#EXPERIMENT``, oldest first; raises TrackerError.

    STORE is a server's address or a store in the project, by default what the environment or the
    settings name, which may be a local store anywhere; without that there are none. EXPERIMENT is a
    name or an id, by default all. Deleted runs are left out.
    """
    config = replace(config, root=config.root.resolve())
    places, experiment = find_listed(location, config)
    refs: dict[str, None] = {}
    for place in places:
        refs |= dict.fromkeys(map(place.ref_to, _find_active(place.store, experiment)))
    if experiment and not refs:
        where = " or ".join(place.label for place in places) or "the project"
        raise TrackerError(
            f"No run of an experiment '{experiment}' is in {where}.",
            "Check the experiment's name or id; mlflow:<store># lists the runs of all.",
        )
    return tuple(refs)


def _find_active(store: Local | Server, experiment: str) -> tuple[str, ...]:
    if isinstance(store, Server):
        return _find_remote_active(store, experiment)
    find = layout.find_active if store.path.is_dir() else sqlite.find_active
    return find(store.path, experiment)


def _find_remote_active(server: Server, experiment: str) -> tuple[str, ...]:
    from cardgen.trackers.mlflow import rest  # noqa: PLC0415  # requests, for servers alone

    return rest.find_active(server, experiment)


def outline_runs(locators: Sequence[str], config: TrackerConfig) -> Iterator[Run]:
    """Runs of databases and servers with the last values of their metrics alone.

    What cannot be read so is left out; ``fetch_run`` reads it, or says why it cannot be.
    """
    config = replace(config, root=config.root.resolve())
    places: dict[str, list[Place]] = {}
    ids: dict[str, list[str]] = {}
    for locator in locators:
        try:
            store, run_id = split_locator(locator)
            if store not in places:
                places[store] = [parse_place(store, config)] if store else find_places(config)[0]
        except TrackerError:
            continue
        ids.setdefault(store, []).append(run_id)
    return outline_places(places, ids, config.root)


def _find_in(stores: list[Path], root: Path) -> tuple[str, ...]:
    refs: list[str] = []
    errors: list[TrackerError] = []
    for store in stores:
        find = layout.find_active if store.is_dir() else sqlite.find_active
        try:
            refs += map(_find_place(store, root).ref_to, find(store))
        except TrackerError as error:
            errors.append(error)
    if errors and not refs:
        raise errors[0]
    return tuple(refs)


def _find_within(location: Path, root: Path) -> tuple[str, ...] | None:
    """The runs of an experiment's or a run's folder; none where the location is neither."""
    run_id = ""
    if layout.is_experiment(location.parent):
        location, run_id = location.parent, location.name
    store = location.parent
    if not (layout.is_experiment(location) and store.is_relative_to(root)):
        return None
    ids = layout.find_in(str(location))
    place = _find_place(store, root)
    return tuple(place.ref_to(found) for found in ids if run_id in ("", found))


def _find_place(store: Path, root: Path) -> Place:
    return make_local(store, store.relative_to(root).as_posix(), root)


def _find_ids(store: Local | Server, run_id: str) -> tuple[str, ...]:
    if isinstance(store, Server):
        return _find_remote_ids(store, run_id)
    find = layout.find_ids if store.path.is_dir() else sqlite.find_ids
    return find(store.path, run_id)


def _fetch(place: Place, run_id: str, root: Path) -> Run:
    raw = _read_raw(place.store, run_id)
    url = place.url_of(raw.experiment_id, raw.run_id)
    return make_run(raw, place.ref_to, root=root, url=url)


def _read_raw(store: Local | Server, run_id: str) -> RawRun:
    if isinstance(store, Server):
        return _read_remote(store, run_id)
    read = files.read_run if store.path.is_dir() else sqlite.read_run
    return read(store.path, run_id, store.area)


def _find_remote_ids(server: Server, run_id: str) -> tuple[str, ...]:
    from cardgen.trackers.mlflow import rest  # noqa: PLC0415  # requests, for servers alone

    return rest.find_ids(server, run_id)


def _read_remote(server: Server, run_id: str) -> RawRun:
    from cardgen.trackers.mlflow import rest  # noqa: PLC0415  # requests, for servers alone

    return rest.read_run(server, run_id)


def _refuse(run_id: str, places: list[Place], found: list[str]) -> TrackerError:
    if found:
        shown = ", ".join(found[:3])
        return TrackerError(
            f"{len(found)} runs begin with '{run_id}', such as {shown}.", "Give more of the id."
        )
    if not places:
        return TrackerError(
            "There is no MLflow store at the project's root: no mlflow.db and no mlruns.",
            "Name it: mlflow:<store>#<run id>, MLFLOW_TRACKING_URI, or uri in cardgen.yaml.",
        )
    looked = " or ".join(place.label for place in places)
    return TrackerError(
        f"No run '{run_id}' is in {looked}.",
        f"Check the id, or give at least {MIN_PREFIX} characters of it; a run in another store is "
        "mlflow:<store>#<run id>.",
    )
