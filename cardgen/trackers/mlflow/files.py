"""Reading a run of MLflow's file store, usually called ``mlruns``.

As every version since 0.8 wrote it, and as it comes out of git: without the folders that were
empty, with files missing, with other line ends. What is missing is empty; what is there and cannot
be read is named.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from cardgen.trackers._series import Point, make_points
from cardgen.trackers.mlflow.artifacts import (
    find_artifacts,
    find_below,
    find_inside,
    list_artifacts,
    scan,
)
from cardgen.trackers.mlflow.layout import find_folders, find_run, read_leniently, read_shared
from cardgen.trackers.mlflow.meta import Meta, UnreadableFile, as_text, read_bytes, read_meta
from cardgen.trackers.mlflow.raw import RUN_ID, NoSuchRun, RawDataset, RawModel, RawRun
from cardgen.trackers.mlflow.registry import find_versions

MAX_METRIC = 32 * 1024 * 1024
"""Bytes of a metric's file, about a million points."""

MAX_VALUE = 1024 * 1024
"""Bytes of a param or tag."""

MAX_TOTAL = 64 * 1024 * 1024
"""Bytes of all metrics of a run, of all its params and of all its tags."""

_PLAIN_LINES = re.compile(rb"(?:\d+ [^\s]+ -?\d+\n)+")
"""What nearly every metric's file is; its lines need not be looked at one by one."""

_MAX_NAMES = 20_000
_MAX_DEPTH = 16


def read_run(store: Path, run_id: str, area: Path) -> RawRun:
    """Everything that the store holds of a run; raises NoSuchRun, or TrackerError if unreadable.

    Nothing outside ``area`` is read, wherever links and recorded addresses lead.
    """
    found = find_run(store, run_id)
    if found is None:
        raise NoSuchRun(store, run_id)
    path, held = Path(found[0]), found[1]
    meta = read_meta(found[0]) or {}
    experiment = path.parent
    about = read_shared(str(experiment))
    unreadable: list[str] = []
    address = as_text(meta.get("artifact_uri"))
    artifacts = find_below(path, "artifacts", area) if "artifacts" in held else None
    artifacts = artifacts or find_artifacts(address, run_id, store.parent, area)
    models = _Models(store, experiment, area)
    made = models.read_made(path) if "outputs" in held else ()
    return RawRun(
        run_id=run_id,
        experiment_id=experiment.name,
        experiment=as_text(about.get("name")),
        name=as_text(meta.get("run_name")) or as_text(meta.get("name")),
        user=as_text(meta.get("user_id")),
        status=as_text(meta.get("status")),
        started=as_text(meta.get("start_time")),
        finished=as_text(meta.get("end_time")),
        source_type=as_text(meta.get("source_type")),
        source_name=as_text(meta.get("source_name")),
        source_version=as_text(meta.get("source_version")),
        entry_point=as_text(meta.get("entry_point_name")),
        params=_read_values(path, "params", unreadable),
        tags=_read_values(path, "tags", unreadable),
        points=_read_metrics(path, unreadable),
        datasets=_read_datasets(experiment, path, area) if "inputs" in held else (),
        used=models.read_used(path) if "inputs" in held else (),
        made=made,
        versions=find_versions(store / "models", run_id, [model.uri for model in made]),
        artifacts=artifacts,
        files=list_artifacts(artifacts, made),
        area=area,
        unreadable=tuple(unreadable),
    )


def parse_metric(content: bytes) -> tuple[Point, ...]:
    """The points of a metric's file, line by line ``timestamp value [step [name digest]]``.

    A line that is none of these is passed over, and so is a last one without an end: what is left
    of a number that was being written is another number.
    """
    content = content[: content.rfind(b"\n") + 1]
    if _PLAIN_LINES.fullmatch(content):
        fields = content.split()
        with contextlib.suppress(ValueError):
            numbers = map(float, fields[1::3]), map(int, fields[2::3]), map(int, fields[0::3])
            return tuple(make_points(zip(*numbers, strict=True)))
    return tuple(_parse_lines(content))


def _parse_lines(content: bytes) -> Iterator[Point]:
    for line in content.split(b"\n"):
        parts = line.split()
        if len(parts) < 2:
            continue
        try:
            step = int(parts[2]) if len(parts) > 2 else None
            yield Point(float(parts[1]), step, int(parts[0]))
        except ValueError:
            continue


def _read_files(
    run: Path, field: str, limit: int, unreadable: list[str]
) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in a folder of the run; what cannot be read is named."""
    left = MAX_TOTAL
    for name, file in islice(_walk(f"{run}/{field}"), _MAX_NAMES):
        try:
            content = read_bytes(file, min(limit, left))
        except UnreadableFile:
            unreadable.append(f"{field}.{name}")
        else:
            left -= len(content)
            yield name, content


def _walk(path: str, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Name and path of each file below: the slashes of a name are folders."""
    for entry in scan(path):
        if entry.is_file(follow_symlinks=False):
            yield prefix + entry.name, entry.path
        elif depth < _MAX_DEPTH and entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{prefix}{entry.name}/", depth + 1)


def _read_values(run: Path, field: str, unreadable: list[str]) -> dict[str, str]:
    return {
        name: content.decode("utf-8", "replace").rstrip("\r\n")
        for name, content in _read_files(run, field, MAX_VALUE, unreadable)
    }


def _read_metrics(run: Path, unreadable: list[str]) -> dict[str, tuple[Point, ...]]:
    metrics = {}
    for name, content in _read_files(run, "metrics", MAX_METRIC, unreadable):
        points = parse_metric(content)
        if points:
            metrics[name] = points
        elif content.strip():
            unreadable.append(f"metrics.{name}")
    return metrics


def _read_datasets(experiment: Path, run: Path, area: Path) -> tuple[RawDataset, ...]:
    found = []
    for link in _find_links(run / "inputs", "DATASET"):
        dataset_id = as_text(link.get("source_id"))
        about = _read_described(experiment / "datasets", dataset_id, area)
        tags = link.get("tags")
        context = tags.get("mlflow.data.context") if isinstance(tags, dict) else ""
        if about:
            found.append(_make_dataset(about, as_text(context)))
    return tuple(sorted(found, key=lambda dataset: (dataset.name, dataset.context)))


def _read_described(datasets: Path, dataset_id: str, area: Path) -> Meta:
    """A data set's ``meta.yaml`` without the entries that may be megabytes."""
    valid = RUN_ID.fullmatch(dataset_id) is not None
    folder = find_inside(datasets / dataset_id, area) if valid else None
    try:
        return (read_meta(folder, drop=("schema", "profile")) if folder else None) or {}
    except UnreadableFile:
        return {}


def _make_dataset(about: Meta, context: str) -> RawDataset:
    return RawDataset(
        name=as_text(about.get("name")),
        digest=as_text(about.get("digest")),
        source_type=as_text(about.get("source_type")),
        source=as_text(about.get("source")),
        context=context,
    )


def _find_links(path: Path, kind: str) -> Iterator[Meta]:
    for entry in find_folders(path):
        link = read_leniently(entry.path)
        if kind in (as_text(link.get("source_type")), as_text(link.get("destination_type"))):
            yield {"name": entry.name, **link}


class _Models:
    """The logged models of an experiment, which MLflow 3 keeps beside its runs."""

    def __init__(self, store: Path, experiment: Path, area: Path) -> None:
        self._store = store
        self._experiment = experiment
        self._area = area

    def read_used(self, run: Path) -> tuple[RawModel, ...]:
        ids = [as_text(link.get("source_id")) for link in _find_links(run / "inputs", "MODEL")]
        return tuple(self._read(model_id, 0) for model_id in sorted(ids))

    def read_made(self, run: Path) -> tuple[RawModel, ...]:
        models = []
        for link in _find_links(run / "outputs", "MODEL_OUTPUT"):
            model_id = as_text(link.get("destination_id")) or link["name"]
            step = as_text(link.get("step"))
            number = int(step) if step.isdecimal() and len(step) < 20 else 0
            models.append(self._read(model_id, number))
        return tuple(models)

    def _read(self, model_id: str, step: int) -> RawModel:
        uri = f"models:/{model_id}"
        if not RUN_ID.fullmatch(model_id):
            return RawModel(uri, model_id)
        folder = find_inside(self._experiment / "models" / model_id, self._area)
        meta = read_leniently(str(folder)) if folder is not None else {}
        address = as_text(meta.get("artifact_location"))
        here = find_below(folder, "artifacts", self._area) if folder is not None else None
        return RawModel(
            uri=uri,
            model_id=model_id,
            kind=as_text(meta.get("model_type")),
            location=address,
            step=step,
            folder=here or find_artifacts(address, model_id, self._store.parent, self._area),
        )
