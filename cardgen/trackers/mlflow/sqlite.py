"""MLflow's SQLite store, read directly: whatever tables and columns its version had.

MLflow's own client would migrate an older file and lock the older client out. Here a table or
column that is not there is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import Presence
from cardgen.trackers._sqlite import is_sqlite
from cardgen.trackers.mlflow import tables
from cardgen.trackers.mlflow.artifacts import find_artifacts, list_artifacts
from cardgen.trackers.mlflow.raw import (
    RUN_ID,
    NoSuchRun,
    RawDataset,
    RawModel,
    RawRun,
    RawVersion,
)
from cardgen.trackers.mlflow.tables import Row, Tables

_AT_ONCE = 500
_DELETED = "Deleted_Internal"


def is_store(path: Path) -> bool:
    """Whether the file is an SQLite database with MLflow's tables; false if it cannot be read."""
    if not is_sqlite(path):
        return False
    try:
        with tables.open_tables(path) as store:
            return store.has("experiments", "artifact_location")
    except TrackerError:
        return False


def find_ids(path: Path, prefix: str) -> tuple[str, ...]:
    """The ids of all runs that begin so, deleted ones too."""
    with tables.open_tables(path) as store:
        found = [row["run_uuid"] for row in store.ask(tables.PREFIXED, prefix)]
    return tuple(sorted(run_id for run_id in found if _is_id(run_id)))


def find_active(path: Path, experiment: str = "") -> tuple[str, ...]:
    """The ids of all runs that are not deleted, nor their experiment, oldest first.

    Of one experiment's where its name or id is given.
    """
    with tables.open_tables(path) as store:
        experiments, runs = store.ask(tables.EXPERIMENTS), store.ask(tables.RUNS)
    gone = {row["experiment_id"] for row in experiments if _is_deleted(row)}
    kept = [r for r in runs if not _is_deleted(r) and r["experiment_id"] not in gone]
    if experiment:
        named = {row["experiment_id"] for row in experiments if _text(row, "name") == experiment}
        kept = [r for r in kept if r["experiment_id"] in named] or [
            r for r in kept if not named and _text(r, "experiment_id") == experiment
        ]
    return tuple(r["run_uuid"] for r in sorted(kept, key=_by_start) if _is_id(r["run_uuid"]))


def find_presence(path: Path, run_id: str) -> Presence | None:
    """Whether a run is there or deleted; None where the store never held it, or no more."""
    with tables.open_tables(path) as store:
        rows = store.ask(tables.RUN, run_id)
    return ("deleted" if _is_deleted(rows[0]) else "there") if rows else None


def has_version(path: Path, name: str, version: str, alias: str) -> bool:
    """Whether a registered model has that version; else that alias or stage, ``latest`` is any."""
    with tables.open_tables(path) as store:
        rows = [r for r in store.ask(tables.OF_MODEL, name) if r["current_stage"] != _DELETED]
        aliases = {_text(row, "alias") for row in store.ask(tables.ALIASES_OF, name)}
    if version:
        return version in {_text(row, "version") for row in rows}
    stages = {_text(row, "current_stage").casefold() for row in rows}
    return bool(rows) and (alias in ("", "latest", *aliases) or alias.casefold() in stages)


def read_run(path: Path, run_id: str, area: Path) -> RawRun:
    """Everything that the store holds of a run; raises NoSuchRun, or TrackerError if unreadable.

    Artifacts are looked for beside the file, and nothing outside ``area`` is read.
    """
    with tables.open_tables(path) as store:
        rows = store.ask(tables.RUN, run_id)
        if not rows:
            raise NoSuchRun(path, run_id)
        row = rows[0]
        made = tuple(_read_models(store, tables.MADE, run_id, path.parent, area))
        points, complete = store.read_points(run_id)
        artifacts = find_artifacts(_text(row, "artifact_uri"), run_id, path.parent, area)
        return replace(
            _read_outline(store, row, path, area),
            points=points,
            made=made,
            versions=tuple(_read_versions(store, run_id, [model.uri for model in made])),
            artifacts=artifacts,
            files=list_artifacts(artifacts, made),
            unreadable=() if complete else ("metrics",),
        )


def outline_runs(path: Path, run_ids: Sequence[str], area: Path) -> Iterator[RawRun]:
    """The named runs with the last point of each metric, and without what they put out.

    Those that the store does not hold are left out.
    """
    for start in range(0, len(run_ids), _AT_ONCE):
        with tables.open_tables(path) as store:
            found = [
                replace(_read_outline(store, row, path, area), points=store.read_last(run_id)[0])
                for run_id in run_ids[start : start + _AT_ONCE]
                for row in store.ask(tables.RUN, run_id)
            ]
        yield from found


def _read_outline(store: Tables, row: Row, path: Path, area: Path) -> RawRun:
    """A run without its metrics and what it put out."""
    run_id = _text(row, "run_uuid")
    about = next(iter(store.ask(tables.EXPERIMENT, row.get("experiment_id"))), {})
    return RawRun(
        run_id=run_id,
        experiment_id=_text(row, "experiment_id"),
        experiment=_text(about, "name"),
        name=_text(row, "name"),
        user=_text(row, "user_id"),
        status=row.get("status"),
        started=tables.as_number(row.get("start_time")),
        finished=tables.as_number(row.get("end_time")),
        source_type=_text(row, "source_type"),
        source_name=_text(row, "source_name"),
        source_version=_text(row, "source_version"),
        entry_point=_text(row, "entry_point_name"),
        params={_text(p, "key"): _text(p, "value") for p in store.ask(tables.PARAMS, run_id)},
        tags={_text(t, "key"): _text(t, "value") for t in store.ask(tables.TAGS, run_id)},
        datasets=tuple(_make_dataset(found) for found in store.ask(tables.DATASETS, run_id)),
        used=tuple(_read_models(store, tables.USED, run_id, path.parent, area)),
        area=area,
    )


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and RUN_ID.fullmatch(value) is not None


def _is_deleted(row: Row) -> bool:
    return _text(row, "lifecycle_stage").lower() == "deleted"


def _by_start(row: Row) -> tuple[int, str]:
    return tables.as_number(row["start_time"]) or 0, str(row["run_uuid"])


def _make_dataset(row: Row) -> RawDataset:
    return RawDataset(
        name=_text(row, "name"),
        digest=_text(row, "digest"),
        source_type=_text(row, "dataset_source_type"),
        source=_text(row, "dataset_source"),
        context=_text(row, "context"),
    )


def _read_models(
    store: Tables, query: str, run_id: str, beside: Path, area: Path
) -> Iterator[RawModel]:
    for link in store.ask(query, run_id):
        model_id = _text(link, "destination_id")
        about = next(iter(store.ask(tables.MODEL, model_id)), {})
        location = _text(about, "artifact_location")
        yield RawModel(
            uri=f"models:/{model_id}",
            model_id=model_id,
            kind=_text(about, "model_type"),
            location=location,
            step=tables.as_number(link.get("step")) or 0,
            folder=find_artifacts(location, model_id, beside, area),
        )


def _read_versions(store: Tables, run_id: str, uris: Sequence[str]) -> Iterator[RawVersion]:
    rows = [row for key in (run_id, *uris) for row in store.ask(tables.VERSIONS, key)]
    found = {(_text(row, "name"), _text(row, "version")): row for row in rows}
    for (name, number), row in found.items():
        if _text(row, "current_stage") == _DELETED:
            continue
        aliases = store.ask(tables.ALIASES, name, row.get("version"))
        source = _text(row, "source")
        yield RawVersion(
            name=name,
            version=number,
            stage=_text(row, "current_stage"),
            aliases=tuple(_text(alias, "alias") for alias in aliases),
            source=source,
            location=_text(row, "storage_location"),
            model_id=source.removeprefix("models:/") if source.startswith("models:/m-") else "",
        )
