"""From a task, offline or on a server, to a Run."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cardgen.models import (
    Checkpoint,
    Dataset,
    Environment,
    Model,
    ParamValue,
    Run,
    RunFile,
    Source,
    Status,
)
from cardgen.trackers._series import Point, split_series
from cardgen.trackers.clearml.params import (
    DATASETS,
    PROPERTIES,
    find_sections,
    find_seed,
    make_params,
)
from cardgen.trackers.clearml.values import Json, find_dict, find_list, find_text, find_texts

TASK_ID = re.compile(r"[0-9a-f]{32}")

_AUTO = re.compile(
    r"^Auto-generated (?:at|on) \S+ \S+(?: UTC)? by (?P<user>[^@\s]*)@(?P<host>\S*)$"
)
_PYTHON = re.compile(r"^# Python (\d+(?:\.\w+)+)", re.MULTILINE)
_PACKAGE = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s;#]+)", re.MULTILINE)
_MAX_PACKAGES = 5000
_ALWAYS = ("commands",)
_DEVELOPMENT = "development"  # what every task has that no agent started
_BASES = ("_name_or_path", "model_name_or_path")


@dataclass(frozen=True)
class Found:
    """What is known of a task besides its own record.

    ``made`` are models that resulted, each with the step it was saved at, if any; ``lacking``
    are the fields that this kind of record cannot hold.
    """

    ref: str
    points: Mapping[str, list[Point]]
    status: Status | None = None
    started: dt.datetime | None = None
    finished: dt.datetime | None = None
    experiment: str = ""
    author: str = ""
    host: str = ""
    url: str = ""
    used: tuple[Model, ...] = ()
    made: tuple[tuple[Model, int | None], ...] = ()
    files: tuple[RunFile, ...] = ()
    lacking: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def make_run(task: Json, found: Found) -> Run:
    """The run of a task's record."""
    series = split_series(found.points)
    params, lost = make_params(task)
    comment = find_text(task, "comment")
    auto = _AUTO.match(comment)
    parent = find_text(task, "parent")
    run = Run(
        ref=found.ref,
        tracker="clearml",
        name=find_text(task, "name"),
        experiment=found.experiment,
        author=found.author or (auto["user"] if auto else ""),
        url=found.url,
        parent=f"clearml:{parent}" if TASK_ID.fullmatch(parent) else "",
        status=found.status,
        started=found.started,
        finished=found.finished,
        description="" if auto else comment,
        tags=_make_tags(task),
        source=_make_source(find_dict(task, "script")),
        params=params,
        metrics=series.metrics,
        checkpoints=_add_paths(series.checkpoints, found),
        curves=series.curves,
        model=_find_model(found, params),
        data=_make_data(task),
        output=tuple(model for model, _ in found.made),
        environment=_make_environment(task, params, found.host or (auto["host"] if auto else "")),
        files=found.files,
    )
    return run.model_copy(update={"unavailable": _find_unavailable(run, found, lost)})


def _find_unavailable(run: Run, found: Found, lost: tuple[str, ...]) -> tuple[str, ...]:
    """What the record cannot hold and so is not there, and what is there and was not read."""
    empty = [name for name in (*_ALWAYS, *found.lacking) if not _find_field(run, name)]
    return tuple(sorted({*empty, *found.unreadable, *lost}))


def _find_field(run: Run, name: str) -> object:
    value: object = run
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def _make_tags(task: Json) -> dict[str, str]:
    """Labels, the task's type, its container, and the properties that a person set."""
    system = [tag for tag in find_texts(task, "system_tags") if tag != _DEVELOPMENT]
    tags = dict.fromkeys([*find_texts(task, "tags"), *system], "")
    container = find_text(find_dict(task, "container"), "image") or find_text(
        find_dict(task, "execution"), "docker_cmd"
    )
    named = {"type": find_text(task, "type"), "container": container}
    for name, item in find_sections(task).get(PROPERTIES, {}).items():
        named[name] = str(item.get("value") or "")
    return dict(sorted((tags | {name: value for name, value in named.items() if value}).items()))


def _make_source(script: Json) -> Source | None:
    """Where the code was; without a repository ``diff`` is the script itself and no change."""
    commit, repository = find_text(script, "version_num"), find_text(script, "repository")
    diff = script.get("diff")
    known = isinstance(diff, str) and bool(repository and commit)
    source = Source(
        repository=repository,
        branch=find_text(script, "branch"),
        commit=commit,
        dirty=bool(str(diff).strip()) if known else None,
        entrypoint=_find_entrypoint(script),
    )
    return source if source != Source() else None


def _find_entrypoint(script: Json) -> str:
    """The script as seen from the repository's root; ClearML names it from its working folder."""
    entry, folder = find_text(script, "entry_point"), find_text(script, "working_dir").strip("/")
    if not entry or folder in ("", ".") or entry.startswith(("/", "-")):
        return entry
    return f"{folder}/{entry}"


def _make_data(task: Json) -> tuple[Dataset, ...]:
    """ClearML's data sets that the task asked for by an alias."""
    items = find_sections(task).get(DATASETS, {})
    return tuple(
        Dataset(name=alias, version=str(item.get("value") or ""))
        for alias, item in sorted(items.items())
    )


def _find_model(found: Found, params: Mapping[str, ParamValue]) -> Model | None:
    """The first model that went in, or what a Hugging Face configuration says it came from."""
    if found.used:
        return found.used[0]
    for base in _BASES:
        for name, value in params.items():
            if name.rpartition("/")[2] == base and isinstance(value, str) and value:
                kind = params.get(f"{name.removesuffix(base)}model_type")
                return Model(name=value, kind=kind if isinstance(kind, str) else "")
    return None


def _add_paths(rows: tuple[Checkpoint, ...], found: Found) -> tuple[Checkpoint, ...]:
    """Rows with the path of the model that was saved at their step."""
    paths = {step: model.path or model.url for model, step in found.made if step is not None}
    return tuple(
        row.model_copy(update={"path": paths[row.step]}) if paths.get(row.step) else row  # type: ignore[arg-type,index]
        for row in rows
    )


def _make_environment(
    task: Json, params: Mapping[str, ParamValue], host: str
) -> Environment | None:
    runtime = find_dict(task, "runtime")
    listed = find_dict(task, "script", "requirements").get("pip")
    text = "\n".join(map(str, listed)) if isinstance(listed, list) else str(listed or "")
    python = _PYTHON.search(text)
    packages = dict(_PACKAGE.findall(text)[:_MAX_PACKAGES])
    environment = Environment(
        python=find_text(runtime, "python_version") or (python[1] if python else ""),
        os=find_text(runtime, "OS"),
        host=find_text(runtime, "hostname") or host,
        accelerator=find_text(runtime, "gpu_type"),
        seed=find_seed(params),
        packages={name.replace("_", "-"): packages[name] for name in sorted(packages)},
    )
    return environment if environment != Environment() else None


def make_files(task: Json, files: tuple[RunFile, ...], folder: str) -> tuple[RunFile, ...]:
    """The files, those that are artifacts with their digests; artifacts that lie elsewhere too.

    ``folder`` is where the session lay when it was recorded.
    """
    found = {file.path: file for file in files}
    for artifact in find_list(find_dict(task, "execution"), "artifacts"):
        address = find_text(artifact, "uri")
        path = address.removeprefix(f"{folder.rstrip('/')}/") if folder else ""
        path = path if path in found else find_text(artifact, "key")
        size = artifact.get("content_size")
        whole = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**63
        digest = find_text(artifact, "hash")
        known = found.get(path)
        if path:
            found[path] = RunFile(
                path=path,
                size=known.size if known else size if whole else None,
                digest=f"sha256:{digest}" if re.fullmatch(r"[0-9a-f]{64}", digest) else digest,
            )
    return tuple(found[path] for path in sorted(found))
