"""From one raw MLflow record, whichever store it came from, to a Run."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from cardgen.models import Checkpoint, Environment, ParamValue, Run, Source, Status
from cardgen.trackers._series import split_series
from cardgen.trackers.mlflow.artifacts import MAX_FILES, ModelFolder, read_model_folder
from cardgen.trackers.mlflow.data import make_dataset
from cardgen.trackers.mlflow.models import (
    find_history,
    find_logged,
    find_path,
    find_started_from,
    make_outputs,
)
from cardgen.trackers.mlflow.raw import RawModel, RawRun, Scalar, clean

_STATUSES: Mapping[str, Status] = {
    "RUNNING": "running",
    "SCHEDULED": "planned",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "aborted",
    **{"1": "running", "2": "planned", "3": "finished", "4": "failed", "5": "aborted"},
}
_SEEDS = ("seed", "random_seed", "random_state")
_SYSTEM = "mlflow."
_PROJECT = ("PROJECT", "3")
# What MLflow writes where nobody was told: no name of a person or of a program.
_NOBODY = ("unknown", "Python Application")
_ALWAYS = ("commands", "environment.accelerator", "environment.host", "environment.os")
_REMOTE = ("environment.packages", "files")
_NO_SOURCE, _NO_ENVIRONMENT = Source(), Environment()
_EXACT = 2**53
_MAX_MS = 253_402_300_799_000  # the last second of the year 9999


def make_run(raw: RawRun, ref_to: Callable[[str], str], *, root: Path, url: str = "") -> Run:
    """The Run of a raw record; ``ref_to`` makes the ref of a run id, ``url`` is its page.

    Paths of models below ``root`` are given relative to it.
    """
    tags = {clean(key): clean(value) for key, value in raw.tags.items()}
    series = split_series({clean(name): points for name, points in raw.points.items()})
    models = find_logged(raw, find_history(tags))
    folders = {m.uri: read_model_folder(m.folder) for m in models if m.folder is not None}
    source = _make_source(raw, tags)
    parent = tags.get("mlflow.parentRunId", "").strip()
    return Run(
        ref=ref_to(raw.run_id),
        tracker="mlflow",
        name=clean(raw.name) or tags.get("mlflow.runName", ""),
        experiment=clean(raw.experiment),
        author=_find_author(raw, tags),
        url=url,
        parent=ref_to(clean(parent)) if parent and not re.search(r"\s", parent) else "",
        status=_STATUSES.get(str(raw.status).strip().upper()),
        started=_as_time(raw.started),
        finished=_as_time(raw.finished),
        description=tags.get("mlflow.note.content", ""),
        tags={key: value for key, value in tags.items() if not key.startswith(_SYSTEM)},
        source=source,
        params={clean(key): _as_param(clean(value)) for key, value in raw.params.items()},
        metrics=series.metrics,
        checkpoints=_place_checkpoints(series.checkpoints, models, root),
        curves=series.curves,
        model=find_started_from(raw, root),
        data=tuple(make_dataset(dataset) for dataset in raw.datasets),
        output=make_outputs(raw, models, folders, root),
        environment=_make_environment(raw, tags, folders),
        files=tuple(sorted(raw.files, key=lambda file: file.path))[:MAX_FILES],
        unavailable=_find_unavailable(raw, source),
    )


def _find_author(raw: RawRun, tags: Mapping[str, str]) -> str:
    author = tags.get("mlflow.user", "").strip() or clean(raw.user)
    return "" if author in _NOBODY else author


def _as_time(value: Scalar) -> dt.datetime | None:
    """UTC from milliseconds; none for 0, which only says that nobody set it."""
    try:
        ms = int(value or 0)
    except (ValueError, OverflowError):
        return None
    if not 0 < ms < _MAX_MS:
        return None
    return dt.datetime.fromtimestamp(ms // 1000, dt.UTC) + dt.timedelta(milliseconds=ms % 1000)


def _as_param(text: str) -> ParamValue:
    """A number or truth value where its own text is exactly this; else the text."""
    if text in ("True", "False"):
        return text == "True"
    if not text or len(text) > 32 or text[-1] not in "0123456789":
        return text
    try:
        number = int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return text
    return number if repr(number) == text and abs(number) < _EXACT else text


def _make_source(raw: RawRun, tags: Mapping[str, str]) -> Source | None:
    def first(*names: str) -> str:
        return next((tags[name].strip() for name in names if tags.get(name, "").strip()), "")

    name = first("mlflow.source.name") or clean(raw.source_name).strip()
    project = (first("mlflow.source.type") or str(raw.source_type)) in _PROJECT
    entry = first("mlflow.project.entryPoint") or clean(raw.entry_point).strip()
    repository = first(
        "mlflow.source.git.repoURL", "mlflow.gitRepoURL", "mlflow.databricks.gitRepoUrl"
    )
    if project and not repository and re.match(r"https?://|ssh://|git@", name):
        repository = name.partition("#")[0]
    dirty = {"true": True, "false": False}.get(first("mlflow.source.git.dirty").lower())
    source = Source(
        repository=repository,
        branch=first("mlflow.source.git.branch", "mlflow.gitBranch", "mlflow.gitBranchName"),
        commit=first("mlflow.source.git.commit", "mlflow.databricks.gitRepoCommit")
        or clean(raw.source_version).strip(),
        dirty=dirty,
        entrypoint=entry if project and entry else "" if name in _NOBODY else name,
    )
    return source if source != _NO_SOURCE else None


def _place_checkpoints(
    rows: tuple[Checkpoint, ...], models: tuple[RawModel, ...], root: Path
) -> tuple[Checkpoint, ...]:
    """Rows with the path of the model that was logged at their step."""
    paths: dict[Scalar, str] = {m.step: find_path(m, root) for m in models if m.step}
    return tuple(
        row.model_copy(update={"path": paths[row.step]}) if paths.get(row.step) else row
        for row in rows
    )


def _make_environment(
    raw: RawRun, tags: Mapping[str, str], folders: Mapping[str, ModelFolder]
) -> Environment | None:
    """Python and packages as the first logged model wants them; the seed from the params."""
    told = [folder for folder in folders.values() if folder.python or folder.packages]
    python = told[0].python if told else ""
    history = [str(entry.python) for entry in find_history(tags) if entry.python]
    environment = Environment(
        python=python or (history or [""])[0],
        packages=told[0].packages if told else {},
        seed=_find_seed(raw.params),
    )
    return environment if environment != _NO_ENVIRONMENT else None


def _find_seed(params: Mapping[str, str]) -> int | None:
    for name in _SEEDS:
        text = params.get(name, "").strip()
        if re.fullmatch(r"-?[0-9]{1,18}", text):
            return int(text)
    return None


def _find_unavailable(raw: RawRun, source: Source | None) -> tuple[str, ...]:
    dirty = () if source and source.dirty is not None else ("source.dirty",)
    remote = _REMOTE if raw.remote else ()
    unreadable = tuple(clean(name) for name in raw.unreadable)
    return tuple(sorted({*_ALWAYS, *dirty, *remote, *unreadable}))
