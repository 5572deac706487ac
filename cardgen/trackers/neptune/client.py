"""All that an open run of Neptune's client hands out."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cardgen.models import RunFile
from cardgen.trackers.neptune.collect import SeriesCollector, set_attribute
from cardgen.trackers.neptune.files import read_start
from cardgen.trackers.neptune.mapping import Paths
from cardgen.trackers.neptune.record import Recorded, Tracked
from cardgen.trackers.neptune.values import Value, clean_text, make_value

UNAVAILABLE = ("commands", "environment.python")


def read_open_run(run: Any, known: Mapping[str, Value], paths: Paths) -> Recorded:
    """What the run holds; ``known`` are attributes that were found elsewhere.

    Raises whatever the client raises. The record has no ref yet.
    """
    attributes = dict(_flatten(run.get_structure()))
    kinds = {path: type(attribute).__name__ for path, attribute in attributes.items()}
    series = SeriesCollector(paths.shows)
    for path in _of_kind(kinds, "FloatSeries"):
        if paths.shows(path):
            _read_series(path, attributes[path], series)
    artifacts = {path: attributes[path] for path in _of_kind(kinds, "Artifact")}
    files = _of_kind(kinds, "File", "FileSet", "FileSeries")
    return Recorded(
        ref="",
        url=clean_text(run.get_url()),
        attributes={
            **known,
            **_read_values(run.fetch()),
            **{path: _read_set(attributes[path]) for path in _of_kind(kinds, "StringSet")},
        },
        series=series.finish(),
        files={path: (RunFile(path=path),) for path in files},
        artifacts={path: _read_artifact(artifact) for path, artifact in artifacts.items()},
        digests={path: clean_text(artifact.fetch_hash()) for path, artifact in artifacts.items()},
        texts={
            path: _read_text(attributes[path])
            for path in _of_kind(kinds, "File")
            if paths.reads(path)
        },
        unavailable=UNAVAILABLE,
    )


def _read_values(fetched: Mapping[str, Any]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for path, value in _flatten(fetched):
        checked = make_value(_as_utc(value))
        if checked is not None:
            set_attribute(values, path, checked)
    return values


def _read_set(attribute: Any) -> frozenset[str]:
    return frozenset(map(clean_text, attribute.fetch()))


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in sorted(tree):
        if isinstance(tree[name], dict):
            yield from _flatten(tree[name], f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", tree[name]


def _of_kind(kinds: Mapping[str, str], *wanted: str) -> list[str]:
    return [path for path, kind in kinds.items() if kind in wanted]


def _as_utc(value: Any) -> Any:
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value


def _read_series(path: str, attribute: Any, collector: SeriesCollector) -> None:
    points = attribute.fetch_values(include_timestamp=False, progress_bar=False)
    if len(points):
        for step, value in zip(points["step"].tolist(), points["value"].tolist(), strict=True):
            collector.add(path, float(value), None if math.isnan(step) else float(step))


def _read_artifact(attribute: Any) -> tuple[Tracked, ...]:
    return tuple(
        Tracked(clean_text(file.file_path), clean_text(file.file_hash))
        for file in attribute.fetch_files_list()
    )


def _read_text(attribute: Any) -> str:
    with tempfile.TemporaryDirectory(prefix="cardgen-") as folder:
        path = Path(folder) / "file"
        attribute.download(str(path), progress_bar=False)
        return read_start(path).decode("utf-8", "replace")
