"""From the event files of a run and of the folders in it to a Run."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cardgen.models import Command, Environment, Model, ParamValue, Run, Status
from cardgen.trackers._series import Point, split_series
from cardgen.trackers.tensorboard.beside import find_files, find_output, load_params
from cardgen.trackers.tensorboard.files import Folder
from cardgen.trackers.tensorboard.hparams import End, Experiment, Start
from cardgen.trackers.tensorboard.layout import Layout, Part, find_parent, is_time
from cardgen.trackers.tensorboard.log import Log, as_points, load_log
from cardgen.trackers.tensorboard.texts import Said, parse_texts

# Folders that say nothing of the run in them: the one above is named with them.
_GENERIC = re.compile(
    r"^(?:version_\d+|exp\d*|vis_data|tf_logs|tensorboard|tb|tb_logs|logs?|events|summar(?:y|ies)"
    r"|train|eval|validation|test|run|runs|output|\d+)$",
    re.IGNORECASE,
)
_SAME = 1.0
"""Seconds by which an end that belongs to the last scalars may come before them."""


@dataclass(frozen=True)
class Record:
    """A run's folder, its own log, and the logs of the folders that belong to it."""

    layout: Layout
    log: Log
    parts: tuple[tuple[Part, Log], ...] = ()

    @property
    def logs(self) -> tuple[Log, ...]:
        return (self.log, *(log for _, log in self.parts))


def load_record(layout: Layout, names: tuple[str, ...]) -> Record:
    """Read the event files of a run: those named of its own folder, and all of its parts."""
    folder = layout.folder
    parts = tuple((p, load_log(folder.inner(p.below), p.names.events)) for p in layout.parts)
    return Record(layout, load_log(folder, names), parts)


def make_run(record: Record, locator: str) -> Run:
    """The run that the files record."""
    said = parse_texts(_find_texts(record))
    start = _find_start(record)
    params = load_params(record.layout.folder, record.layout.names) | start.params
    params = said.params | params
    series = split_series(_find_points(record))
    commands = tuple(Command(line=line) for line in said.commands)
    experiment = _find_experiment(record)
    parent = find_parent(record.layout.folder) if locator == record.layout.folder.name else ""
    return Run(
        ref=f"tensorboard:{locator}",
        tracker="tensorboard",
        name=_find_name(record.layout.folder),
        experiment=experiment.name,
        author=experiment.user,
        url=start.url if start.url.startswith(("http://", "https://")) else "",
        parent=f"tensorboard:{parent}" if parent else "",
        group=start.group,
        status=_find_status(record),
        started=as_time(start.started or min(log.first for log in record.logs)),
        finished=as_time(_find_end(record)),
        description=said.description or experiment.description,
        commands=commands,
        params=params,
        metrics=series.metrics,
        checkpoints=series.checkpoints,
        curves=series.curves,
        model=_find_model(said),
        output=_find_output(record, start),
        environment=_find_environment(record, params),
        files=find_files(record.layout.folder, record.layout.names, _find_paths(record)),
        unavailable=("source",) if commands else ("commands", "source"),
    )


def _find_name(folder: Folder) -> str:
    """The folder's name, with the one above where it says nothing by itself."""
    name = folder.path.name
    if folder.path == folder.root or not (_GENERIC.match(name) or is_time(name)):
        return name
    return "/".join(folder.name.split("/")[-2:])


def _find_paths(record: Record) -> tuple[str, ...]:
    return tuple(f"{p.below}/{name}" for p, _ in record.parts for name in p.names.events)


def _find_texts(record: Record) -> dict[str, str]:
    texts: dict[str, str] = {}
    for log in reversed(record.logs):
        texts |= log.texts
    return texts


# Metrics -------------------------------------------------------------------------------------


def _find_points(record: Record) -> dict[str, list[Point]]:
    """All points by metric; those of a part under the name that tells whose they are."""
    points = {tag: as_points(steps) for tag, steps in record.log.points.items()}
    for part, log in record.parts:
        for tag, steps in log.points.items():
            name, series = _name_metric(part, tag), as_points(steps)
            if part.kind == "session" and name in points:
                name = _name_last(name, points[name], series)
            if name:
                points.setdefault(name, []).extend(series)
    return {name: series for name, series in points.items() if series}


def _name_metric(part: Part, tag: str) -> str:
    if part.kind == "role":
        return f"{part.below}/{tag}"
    if part.kind == "scalars":
        return f"{tag}/{part.below[len(tag) + 1 :]}"
    return tag


def _name_last(name: str, known: list[Point], series: list[Point]) -> str:
    """A session's last value of a metric that was logged as well: empty where it is the same."""
    return "" if known and repr(known[-1].value) == repr(series[-1].value) else f"hparams/{name}"


# The session ---------------------------------------------------------------------------------


def _find_start(record: Record) -> Start:
    """The last start, with the params of all."""
    starts = [start for log in record.logs for start in log.starts]
    params: dict[str, ParamValue] = {}
    for start in starts:
        params |= start.params
    last = starts[-1] if starts else Start()
    began = min((start.started for start in starts if start.started > 0), default=0.0)
    return Start(params, last.group, last.model, last.url, began)


def _find_experiment(record: Record) -> Experiment:
    found = [experiment for log in record.logs for experiment in log.experiments]
    return found[-1] if found else Experiment()


def _find_status(record: Record) -> Status | None:
    """The status that was written at the end.

    Writers that set no time of the end write "success" beside the params, often before the
    training begins: it counts only where scalars came before it and none after it.
    """
    ends = [(time, end) for log in record.logs for time, end in log.ends]
    if not ends:
        return None
    time, end = max(ends, key=lambda pair: (pair[0], pair[1].ended))
    if end.ended > 0 or end.status != "finished":
        return end.status
    logs = [record.log, *(log for part, log in record.parts if part.kind != "session")]
    first = min(log.scalars_first for log in logs)
    last = max(log.scalars_last for log in logs)
    return "finished" if first < time and last <= time + _SAME else None


def _find_end(record: Record) -> float:
    """When the session ended as it says itself, else when the last event was logged."""
    ends: list[End] = [end for log in record.logs for _, end in log.ends]
    last = max(log.last for log in record.logs)
    return max((end.ended for end in ends if end.ended > 0), default=last)


def as_time(seconds: float) -> dt.datetime | None:
    """A wall time; none where it cannot be one."""
    try:
        time = dt.datetime.fromtimestamp(seconds, dt.UTC) if math.isfinite(seconds) else None
    except (OverflowError, ValueError, OSError):
        return None
    return time if time is not None and 2000 < time.year < 2200 else None


# Model, environment --------------------------------------------------------------------------


def _find_model(said: Said) -> Model | None:
    """The model as the Hugging Face Trainer logs its configuration."""
    name, version = _text(said.model.get("_name_or_path")), _text(said.model.get("_commit_hash"))
    named = said.model.get("architectures")
    first = named[0] if isinstance(named, list) and named else said.model.get("model_type")
    kind = _text(first)
    return Model(name=name, version=version if name else "", kind=kind) if name or kind else None


def _find_output(record: Record, start: Start) -> tuple[Model, ...]:
    if start.model:
        is_url = "://" in start.model
        return (Model(url=start.model) if is_url else Model(path=start.model),)
    return find_output(record.layout.folder, record.layout.names)


def _find_environment(record: Record, params: Mapping[str, ParamValue]) -> Environment | None:
    hosts = (log.host for log in record.logs if log.host)
    host, seed = next(hosts, ""), params.get("seed")
    number = seed if isinstance(seed, int) and not isinstance(seed, bool) else None
    return Environment(host=host, seed=number) if host or number is not None else None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
