"""From what Trackio keeps of a run to a Run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cardgen.models import Dataset, Environment, Model, ParamValue, Run, RunFile
from cardgen.trackers._numbers import make_float
from cardgen.trackers._series import Point, split_series
from cardgen.trackers.trackio.record import Artifact, Record
from cardgen.trackers.trackio.values import clean_text, parse_time

UNAVAILABLE = ("commands", "source", "status")
"""What Trackio records nowhere."""

MAX_FILES = 500
MAX_ALERTS = 20

_OWN = ("_Username", "_Created", "_Group")
_SPACE = re.compile(r"[\w.-]+/[\w.-]+")
_SEPARATOR = "."
_DEPTH = 4


def make_run(record: Record, ref: str, folder: Path) -> Run:
    """The run; ``folder`` is that of the store, in which media lie."""
    series = split_series(_find_points(record))
    params = {name: value for name, value in record.config.items() if name not in _OWN}
    times = [time for time in map(parse_time, record.times) if time is not None]
    created = parse_time(_text(record.config.get("_Created")))
    is_space = _SPACE.fullmatch(record.space)
    return Run(
        ref=ref,
        tracker="trackio",
        name=record.identity.name,
        experiment=record.identity.project,
        author=_text(record.config.get("_Username")),
        url=f"https://huggingface.co/spaces/{record.space}" if is_space else "",
        group=_text(record.config.get("_Group")),
        started=created or min(times, default=None),
        finished=max(times, default=None),
        description=_find_description(record),
        tags=_find_tags(record),
        params=params,
        metrics=series.metrics,
        checkpoints=series.checkpoints,
        curves=series.curves,
        model=_find_model(record, params),
        data=_find_data(record),
        output=tuple(_as_model(a) for a in _find_artifacts(record, "output", is_model=True)),
        environment=_find_environment(params),
        files=_find_files(record, folder),
        unavailable=UNAVAILABLE,
    )


def _find_points(record: Record) -> dict[str, list[Point]]:
    points: dict[str, list[Point]] = {}
    for order, entry in enumerate(record.entries):
        for name, value in _find_numbers(entry.values):
            points.setdefault(name, []).append(Point(value, entry.step, order))
    return points


def _find_numbers(
    values: Mapping[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, float]]:
    """The numbers among logged values; those of an inner object as ``a.b``."""
    for name, value in values.items():
        if isinstance(value, dict):
            if "_type" not in value and depth < _DEPTH:
                yield from _find_numbers(value, f"{prefix}{name}{_SEPARATOR}", depth + 1)
        elif (number := make_float(value)) is not None:
            yield f"{prefix}{name}", number


def _find_description(record: Record) -> str:
    """The last report in Markdown that was logged."""
    reports = [
        value.get("_value")
        for entry in record.entries
        for value in entry.values.values()
        if isinstance(value, dict) and value.get("_type") == "trackio.markdown"
    ]
    return _text(reports[-1]) if reports else ""


def _find_tags(record: Record) -> dict[str, str]:
    """The alerts: a title with level, step and text."""
    tags = {}
    for alert in record.alerts[:MAX_ALERTS]:
        step = "" if alert.step is None else f", step {alert.step}"
        said = f": {alert.text}" if alert.text else ""
        tags[f"alert: {alert.title}"] = f"{alert.level}{step}{said}"
    return tags


# Artifacts -----------------------------------------------------------------------------------


def _find_artifacts(record: Record, direction: str, *, is_model: bool) -> Iterator[Artifact]:
    for artifact in record.artifacts:
        if artifact.direction == direction and (artifact.type == "model") == is_model:
            yield artifact


def _as_model(artifact: Artifact) -> Model:
    return Model(
        name=artifact.name,
        version=artifact.version,
        digest=_as_digest(artifact.digest),
        aliases=artifact.aliases,
    )


def _find_model(record: Record, params: Mapping[str, ParamValue]) -> Model | None:
    """The model that the run used, else the one that the Trainer's arguments name."""
    for artifact in _find_artifacts(record, "input", is_model=True):
        return _as_model(artifact)
    name = _text(params.get("_name_or_path"))
    named = params.get("architectures")
    kind = _text(named[0] if isinstance(named, list) and named else params.get("model_type"))
    return Model(name=name, kind=kind) if name else None


def _find_data(record: Record) -> tuple[Dataset, ...]:
    """What the run used, and data sets that it made."""
    used = list(_find_artifacts(record, "input", is_model=False))
    names = {(artifact.name, artifact.version) for artifact in used}
    made = [
        artifact
        for artifact in _find_artifacts(record, "output", is_model=False)
        if artifact.type == "dataset" and (artifact.name, artifact.version) not in names
    ]
    return tuple(
        Dataset(
            name=artifact.name,
            version=artifact.version,
            digest=_as_digest(artifact.digest),
            context="" if artifact.direction == "input" else "output",
        )
        for artifact in (*used, *made)
    )


def _as_digest(digest: str) -> str:
    return f"sha256:{digest}" if digest else ""


# Files ---------------------------------------------------------------------------------------


def _find_files(record: Record, folder: Path) -> tuple[RunFile, ...]:
    """Media with their sizes, and the files of artifacts that the run made."""
    files = {path: RunFile(path=path, size=_measure(folder, path)) for path in _find_media(record)}
    for artifact in record.artifacts:
        if artifact.direction == "output":
            files |= {file.path: file for file in _find_members(artifact)}
    return tuple(files[path] for path in sorted(files)[:MAX_FILES])


def _find_members(artifact: Artifact) -> Iterator[RunFile]:
    for entry in artifact.files:
        name, size = _text(entry.get("path")), entry.get("size")
        if name:
            known = isinstance(size, int) and not isinstance(size, bool)
            yield RunFile(
                path=f"{artifact.name}:{artifact.version}/{name}",
                size=size if known else None,
                digest=_as_digest(_text(entry.get("digest"))),
            )


def _find_media(record: Record) -> Iterator[str]:
    for entry in record.entries:
        yield from _find_paths(entry.values)


def _find_paths(value: object, depth: int = 0) -> Iterator[str]:
    """The media that a logged value names, also those in the cells of a table."""
    if depth > _DEPTH + 2:
        return
    if isinstance(value, Mapping):
        path = value.get("file_path")
        if isinstance(path, str) and path and str(value.get("_type", "")).startswith("trackio."):
            yield f"media/{path}"
        elif not isinstance(path, str):
            for item in value.values():
                yield from _find_paths(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _find_paths(item, depth + 1)


def _measure(folder: Path, path: str) -> int | None:
    """A file's size where it lies below the folder; it is never opened."""
    try:
        file = (folder / path).resolve()
        inside = file.is_relative_to((folder / "media").resolve())
        return file.stat().st_size if inside and file.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None


def _find_environment(params: Mapping[str, ParamValue]) -> Environment | None:
    value, version = params.get("seed"), _text(params.get("transformers_version"))
    seed = value if isinstance(value, int) and not isinstance(value, bool) else None
    packages = {"transformers": version} if version else {}
    return Environment(seed=seed, packages=packages) if packages or seed is not None else None


def _text(value: object) -> str:
    return clean_text(value).strip() if isinstance(value, str) else ""
