"""Many runs of MLflow without their histories: enough to choose among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import Run
from cardgen.trackers._address import Server
from cardgen.trackers.mlflow import sqlite
from cardgen.trackers.mlflow.place import Local, Place
from cardgen.trackers.mlflow.raw import RawRun
from cardgen.trackers.mlflow.run import make_run


def outline_places(
    wanted: Mapping[str, Iterable[Place]], ids: Mapping[str, Sequence[str]], root: Path
) -> Iterator[Run]:
    """The runs with these ``ids``, by store, each from the first of the store's ``wanted`` places.

    What cannot be read in bulk is left out: a file store's runs, those of a server that is too
    old, and what is not there.
    """
    for store, run_ids in ids.items():
        left = list(dict.fromkeys(run_ids))
        for place in wanted[store]:
            found = _read(place, left)
            yield from (_make_outline(raw, place, root) for raw in found.values())
            left = [run_id for run_id in left if run_id not in found]


def _read(place: Place, run_ids: Sequence[str]) -> dict[str, RawRun]:
    try:
        raws = _read_raws(place.store, run_ids)
        return {raw.run_id: raw for raw in raws}
    except TrackerError:
        return {}  # whoever reads these runs is told


def _read_raws(store: Local | Server, run_ids: Sequence[str]) -> Iterable[RawRun]:
    if not run_ids:
        return ()
    if isinstance(store, Server):
        from cardgen.trackers.mlflow import rest  # noqa: PLC0415  # requests, for servers alone

        return rest.outline_runs(store, run_ids)
    if store.path.is_file():
        return sqlite.outline_runs(store.path, run_ids, store.area)
    return ()


def _make_outline(raw: RawRun, place: Place, root: Path) -> Run:
    run = make_run(raw, place.ref_to, root=root, url=place.url_of(raw.experiment_id, raw.run_id))
    return run.model_copy(update={"checkpoints": (), "curves": ()})
