"""All numbers of a project: files of metrics, plots over time, and DVCLive's folders."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cardgen.models import Metric
from cardgen.trackers._series import Point, Series, split_series
from cardgen.trackers.dvc.documents import (
    MAX_TEXT,
    as_number,
    flatten,
    parse_file,
    parse_json,
    parse_table,
)
from cardgen.trackers.dvc.files import Files
from cardgen.trackers.dvc.live import LIVE, SUMMARY, Live, is_live, load_live, parse_step
from cardgen.trackers.dvc.stages import Entry, Pipeline
from cardgen.trackers.dvc.trees import is_inside, join

MAX_FILES = 1000
"""Files of metrics or plots that are read."""

_AXES = ("step", "global_step", "iteration", "iter", "epoch")
_TABLES = (".csv", ".tsv", ".json", ".yaml", ".yml")


@dataclass(frozen=True)
class Numbers:
    """What a project measured; ``words`` are texts that were kept as metrics."""

    series: Series
    words: Mapping[str, str] = field(default_factory=dict)
    live: tuple[Live, ...] = ()
    files: tuple[str, ...] = ()


def load_numbers(files: Files, pipeline: Pipeline, live: Sequence[str]) -> Numbers:
    """Read all files of metrics and plots that are there; raises UnreadableFile."""
    folders = tuple(load_live(files, folder) for folder in live)
    declared = _find_metrics(files, pipeline, live)
    last: dict[str, dict[str, Any]] = {path: _load_metrics(files, path) for path in declared}
    plots = tuple(_find_plots(files, pipeline, live))
    points: dict[str, list[Point]] = {}
    for prefix, folder in zip(_find_prefixes(live), folders, strict=True):
        points |= {f"{prefix}{name}": logged for name, logged in folder.points.items()}
    for name, column in _name_series([(p.path, _load_points(files, p)) for p in plots]):
        points.setdefault(name, column)
    words: dict[str, str] = {}
    series = split_series(points)
    values = {
        name: Metric(value=value)
        for name, value in _name_values(last, words).items()
        if name not in series.metrics or repr(series.metrics[name].value) != repr(value)
    }
    metrics = {**series.metrics, **values, **_find_last(series, folders, words)}
    return Numbers(
        series=Series(series.checkpoints, series.curves, dict(sorted(metrics.items()))),
        words=words,
        live=folders,
        files=(*declared, *(plot.path for plot in plots)),
    )


def find_live(files: Files, pipeline: Pipeline) -> tuple[str, ...]:
    """DVCLive's folders that a project's metrics, plots or outputs lie in, sorted."""
    entries = [e for stage in pipeline.stages for e in (*stage.results, *stage.deps)]
    paths = [*pipeline.metrics, *pipeline.params]
    paths += [entry.path for entry in (*pipeline.plots, *entries)]
    folders = {posixpath.dirname(posixpath.dirname(file)) for file in pipeline.files}
    places = {join(posixpath.dirname(file), LIVE) for file in pipeline.files} | folders
    for path in paths:
        places.add(path)
        places.add(path.removesuffix("/plots/metrics").removesuffix("/plots"))
        places.add(posixpath.dirname(path))
        places.add(path.removesuffix(".json"))
    places.discard("")
    return tuple(p for p in sorted(places) if is_inside(p) and _is_live(files, p))


def _is_live(files: Files, folder: str) -> bool:
    if is_live(files.tree, folder):
        return True
    return not files.tree.find_names(folder) and any(
        path.endswith(".tsv") for path in files.find_files(join(folder, "plots/metrics"), 10)
    )


# Last values ----------------------------------------------------------------------------------


def _find_metrics(files: Files, pipeline: Pipeline, live: Sequence[str]) -> list[str]:
    """Files of metrics; a folder stands for all in it. Those of DVCLive are read elsewhere."""
    paths = [*pipeline.metrics]
    paths += [entry.path for stage in pipeline.stages for entry in stage.metrics]
    summaries = {join(folder, SUMMARY) for folder in live} | {f"{folder}.json" for folder in live}
    found: dict[str, None] = {}
    for path in paths:
        for inner in files.find_files(path, 100) or [path]:
            if inner not in summaries and not any(inner.startswith(f"{f}/") for f in live):
                found[inner] = None
    return [path for path in found if is_inside(path)][:MAX_FILES]


def _load_metrics(files: Files, path: str) -> dict[str, Any]:
    data = files.load(path, MAX_TEXT)
    value = parse_file(data, path) if data else None
    if isinstance(value, (int, float, str)):  # a file may be one number
        return {posixpath.basename(posixpath.splitext(path)[0]): value}
    return flatten(value) if isinstance(value, Mapping) else {}


def _name_values(found: Mapping[str, Mapping[str, Any]], words: dict[str, str]) -> dict[str, float]:
    """Numbers by name; where files disagree, each name begins with its file."""
    by_name: dict[str, dict[str, Any]] = {}
    for path, values in found.items():
        for name, value in values.items():
            by_name.setdefault(name, {})[path] = value
    named: dict[str, float] = {}
    for name, values in by_name.items():
        same = len({repr(value) for value in values.values()}) == 1
        for path, value in values.items():
            label = name if same else f"{path}:{name}"
            number = as_number(value)
            if number is not None:
                named[label] = number
            elif isinstance(value, str):
                words[label] = value
    return named


def _find_last(series: Series, folders: Sequence[Live], words: dict[str, str]) -> dict[str, Metric]:
    """DVCLive's last values, each with its step where the points say the same or less."""
    last: dict[str, Metric] = {}
    prefixes = _find_prefixes([live.folder for live in folders])
    for prefix, live in zip(prefixes, folders, strict=True):
        words |= {f"{prefix}{name}": word for name, word in live.words.items()}
        for name, value in live.values.items():
            logged = series.metrics.get(f"{prefix}{name}")
            if logged is None:
                last[f"{prefix}{name}"] = Metric(value=value)
            elif repr(logged.value) != repr(value) and not _is_newer(logged, live):
                last[f"{prefix}{name}"] = Metric(value=value, step=live.step)
    return last


def _is_newer(logged: Metric, live: Live) -> bool:
    """Whether a point was logged after the last values were written: the training was killed."""
    return logged.step is not None and live.step is not None and logged.step > live.step


def _find_prefixes(folders: Sequence[str]) -> list[str]:
    """What the names of several folders' metrics begin with: the path that tells them apart."""
    if len(folders) < 2:
        return [""] * len(folders)
    shown = [folder.removesuffix(f"/{LIVE}") for folder in folders]
    common = posixpath.commonpath(shown)
    return [f"{posixpath.relpath(place, common) if common else place}/" for place in shown]


# Points ---------------------------------------------------------------------------------------


def _find_plots(files: Files, pipeline: Pipeline, live: Sequence[str]) -> Iterator[Entry]:
    entries = [*(plot for stage in pipeline.stages for plot in stage.plots), *pipeline.plots]
    seen: set[str] = set()
    for entry in entries:
        for path in files.find_files(entry.path, 100) or [entry.path]:
            of_live = any(path == f or path.startswith(f"{f}/") for f in live)
            if of_live or not is_inside(path) or not path.lower().endswith(_TABLES):
                continue
            if len(seen) < MAX_FILES and f"{path} {entry.notes}" not in seen:
                seen.add(f"{path} {entry.notes}")
                yield Entry(path, entry.digest, entry.size, notes=entry.notes)


def _load_points(files: Files, plot: Entry) -> dict[str, list[Point]]:
    """The columns of a plot over steps or epochs; a plot over anything else is no curve."""
    rows = _load_rows(files, plot.path)
    columns = {str(name) for row in rows[:100] for name in row}
    x = plot.notes.get("x")
    axis = x if isinstance(x, str) else next((name for name in _AXES if name in columns), None)
    y = plot.notes.get("y")
    chosen = [y] if isinstance(y, str) else y if isinstance(y, list) else []
    if axis is not None and axis not in _AXES:
        return {}
    if axis is None and not chosen:
        return {}
    names = [name for name in sorted(columns) if name != axis and (not chosen or name in chosen)]
    found = {
        name: [
            Point(value, parse_step(str(row.get(axis))) if axis else None)
            for row in rows
            if (value := as_number(row.get(name))) is not None
        ]
        for name in names
        if name not in _AXES and name != "timestamp"
    }
    return {name: points for name, points in found.items() if points}


def _load_rows(files: Files, path: str) -> list[Mapping[str, Any]]:
    data = files.load(path, MAX_TEXT)
    if not data:
        return []
    if path.lower().endswith((".csv", ".tsv")):
        return list(parse_table(data, path))
    value = parse_json(data, path) if path.endswith(".json") else parse_file(data, path)
    if isinstance(value, Mapping):  # DVC takes the first list in it
        value = next((item for item in value.values() if isinstance(item, list)), [])
    rows = value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, Mapping)]


def _name_series(
    found: Iterable[tuple[str, Mapping[str, list[Point]]]],
) -> Iterator[tuple[str, list[Point]]]:
    """Series by column; where files share a column, its name begins with the file's."""
    listed = list(found)
    owners: dict[str, set[str]] = {}
    for path, columns in listed:
        for name in columns:
            owners.setdefault(name, set()).add(path)
    for path, columns in listed:
        for name, points in columns.items():
            yield (name if len(owners[name]) == 1 else f"{path}:{name}"), points
