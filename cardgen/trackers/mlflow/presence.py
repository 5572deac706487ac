"""Whether MLflow's stores still hold a run or a version of a registered model.

Nothing of a run is read but whether it was deleted, so that thousands can be asked after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cardgen.errors import GoneError, TrackerError
from cardgen.models import Presence, TrackerConfig
from cardgen.references import Reference
from cardgen.trackers._address import Server
from cardgen.trackers.mlflow import layout, registry, sqlite
from cardgen.trackers.mlflow.place import (
    Local,
    Place,
    find_places,
    find_root,
    parse_place,
    split_locator,
)

MIN_PREFIX = 6
"""Characters of a run's id that are needed at least."""

_WHOLE = 32
_REGISTRY = "MLFLOW_REGISTRY_URI"
_Ask = Callable[[Local | Server], Presence | None]


def find_presence(locator: str, config: TrackerConfig) -> Presence:
    """Whether the run is there, deleted, or in none of the stores.

    Raises TrackerError where a store that might hold it cannot be asked.
    """
    name, run_id = split_locator(locator)
    config = replace(config, root=find_root(config.root))
    places, errors = ([parse_place(name, config)], []) if name else find_places(config)
    return _ask_each(places, errors, lambda store: _find_run(store, run_id), f"run '{run_id}'")


def find_registered(reference: Reference, config: TrackerConfig) -> Presence:
    """The same of ``models:/name/version`` or ``models:/name@alias``."""
    config = replace(config, root=find_root(config.root))
    uri = config.environ.get(_REGISTRY, "").strip()
    places, errors = ([parse_place(uri, config, named=True)], []) if uri else find_places(config)
    what = f"registered model '{reference.url or reference.name}'"
    return _ask_each(places, errors, lambda store: _find_version(store, reference), what)


def _ask_each(places: list[Place], errors: list[TrackerError], ask: _Ask, what: str) -> Presence:
    for place in places:
        try:
            found = ask(place.store)
        except TrackerError as error:
            errors.append(error)
            continue
        if found:
            return found
    if errors:
        raise errors[0]
    if not places:
        raise TrackerError(
            "There is no MLflow store at the project's root: no mlflow.db and no mlruns.",
            "Name it: MLFLOW_TRACKING_URI, or uri under 'trackers: mlflow:' in cardgen.yaml.",
        )
    looked = " or ".join(place.label for place in places)
    raise GoneError(f"No {what} is in {looked}.", "Check the name.")


def _find_run(store: Local | Server, run_id: str) -> Presence | None:
    short = MIN_PREFIX <= len(run_id) < _WHOLE
    if isinstance(store, Server):
        from cardgen.trackers.mlflow import rest  # noqa: PLC0415  # requests, for servers alone

        return rest.find_presence(store, run_id, prefix=short)
    return _find_local(store.path, run_id, short=short)


def _find_local(path: Path, run_id: str, *, short: bool) -> Presence | None:
    folder = path.is_dir()
    find = layout.find_presence if folder else sqlite.find_presence
    state = find(path, run_id)
    if state is None and short:
        ids = (layout.find_ids if folder else sqlite.find_ids)(path, run_id)
        state = find(path, ids[0]) if len(ids) == 1 else None
    return state


def _find_version(store: Local | Server, reference: Reference) -> Presence | None:
    alias = next(iter(reference.aliases), "")
    question = (reference.name, reference.version, alias)
    if isinstance(store, Server):
        from cardgen.trackers.mlflow import rest  # noqa: PLC0415  # requests, for servers alone

        found = rest.has_version(store, *question)
    elif store.path.is_dir():
        found = registry.has_version(store.path / "models", *question)
    else:
        found = sqlite.has_version(store.path, *question)
    return "there" if found else None
