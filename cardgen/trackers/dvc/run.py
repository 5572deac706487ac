"""From what was read of a project to a Run."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cardgen.models import Command, CommandKind, Environment, ParamValue, Run, Source
from cardgen.trackers.dvc.documents import flatten
from cardgen.trackers.dvc.files import Cache, Files, has_digest
from cardgen.trackers.dvc.live import PARAMS
from cardgen.trackers.dvc.materials import (
    find_data,
    find_files,
    find_model,
    find_output,
    find_tags,
)
from cardgen.trackers.dvc.metrics import Numbers, find_live, load_numbers
from cardgen.trackers.dvc.params import differs, load_params, load_values, name_params
from cardgen.trackers.dvc.pipeline import load_pipeline
from cardgen.trackers.dvc.roles import find_roles, find_scripts, find_seed
from cardgen.trackers.dvc.stages import Entry, Pipeline, Stage
from cardgen.trackers.dvc.trees import Tree, UnreadableFile, is_inside, join

MAX_COMPARED = 1024 * 1024
"""Bytes of a file that is compared with the digest in the lock."""


@dataclass(frozen=True)
class Record:
    """A project as read, of one commit or from the disk."""

    files: Files
    pipeline: Pipeline
    roles: Mapping[str, CommandKind]
    params: Mapping[str, ParamValue]
    numbers: Numbers
    changed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        ran = any(stage.locked for stage in self.pipeline.stages if stage.runs)
        return not (ran or self.numbers.series.metrics or self.numbers.words)


def load_record(tree: Tree, cache: Cache | None) -> Record:
    """Read a project; raises UnreadableFile for a file that cannot be read."""
    pipeline = load_pipeline(Files(tree))
    files = Files(tree, cache, _find_tracked(pipeline.stages))
    live = find_live(files, pipeline)
    params = load_params(files, pipeline, [join(folder, PARAMS) for folder in live])
    return Record(
        files=files,
        pipeline=pipeline,
        roles=find_roles(pipeline.stages),
        params=name_params(params),
        numbers=load_numbers(files, pipeline, live),
        changed=tuple(s.name for s in pipeline.stages if s.runs and _is_changed(files, s)),
    )


def load_folder(files: Files, folder: str) -> Record:
    """Read one folder of DVCLive without anything around it."""
    path = join(folder, PARAMS)
    values = load_values(files, path)
    return Record(
        files=files,
        pipeline=Pipeline(),
        roles={},
        params=name_params({path: flatten(values)} if values else {}),
        numbers=load_numbers(files, Pipeline(), [folder]),
    )


def _find_tracked(stages: Iterable[Stage]) -> dict[str, str]:
    return {
        entry.path: entry.digest.removeprefix("md5:")
        for stage in stages
        for entry in stage.results
        if entry.digest.startswith("md5:") and is_inside(entry.path)
    }


# Whether it is one whole run ---------------------------------------------------------------------


def _is_changed(files: Files, stage: Stage) -> bool:
    """Whether a stage was not run, or not as it stands now: as 'dvc status' would say."""
    if not stage.locked or not stage.same or differs(files, stage.recorded):
        return True
    kept = [e for e in stage.results if e.notes.get("cache") is False]
    return any(_is_lost(files, e) for e in kept) or any(
        _has_other_content(files, entry) for entry in (*stage.deps, *stage.results)
    )


def _is_lost(files: Files, entry: Entry) -> bool:
    """DVC removes a stage's outputs before it runs; what git should hold is there after it."""
    folder, name = posixpath.split(entry.path)
    return is_inside(entry.path) and name not in files.tree.find_names(folder)


def _has_other_content(files: Files, entry: Entry) -> bool:
    digest = entry.digest.removeprefix("md5:")
    if digest == entry.digest or digest.endswith(".dir") or not is_inside(entry.path):
        return False
    if entry.size is not None and entry.size > MAX_COMPARED:
        return False
    try:
        data = files.tree.load(entry.path, MAX_COMPARED)
    except UnreadableFile:
        return False
    return data is not None and not has_digest(data, digest)


# The run -----------------------------------------------------------------------------------------


def make_run(record: Record, ref: str, name: str, source: Source | None) -> Run:
    """The run of a project; who made it and when is for the caller to add."""
    pipeline, numbers = record.pipeline, record.numbers
    ran = [stage for stage in pipeline.stages if stage.runs and stage.commands]
    seed = find_seed(_find_training(record)) if ran else find_seed(record.params)
    seed = seed if seed is not None else find_seed(record.params)
    times = [(live.first, live.last) for live in numbers.live if live.first and live.last]
    tags = find_tags(pipeline) | dict(numbers.words)
    if ran and record.changed:
        tags["changed"] = ", ".join(record.changed)
    finished = bool(ran) and not record.changed
    return Run(
        ref=ref,
        tracker="dvc",
        name=name,
        status="finished" if finished else None,
        started=min(first for first, _ in times if first) if times else None,
        finished=max(last for _, last in times if last) if times and finished else None,
        tags=tags,
        commands=tuple(
            Command(line=line, kind=record.roles[stage.name])
            for stage in ran
            for line in stage.commands
        ),
        source=_add_entrypoint(source, ran, record.roles),
        params=dict(record.params),
        metrics=numbers.series.metrics,
        checkpoints=numbers.series.checkpoints,
        curves=numbers.series.curves,
        model=find_model(pipeline, record.roles),
        data=find_data(pipeline, record.roles),
        output=find_output(pipeline, record.roles),
        environment=Environment(seed=seed) if seed is not None else None,
        files=find_files(record.files, pipeline, _find_read(numbers)),
        unavailable=() if times else ("started",),
    )


def _find_training(record: Record) -> dict[str, object]:
    """What the training stages' params were, by dotted name."""
    return {
        name: value
        for stage in record.pipeline.stages
        if record.roles.get(stage.name) == "train"
        for path, values in stage.recorded.items()
        for name, value in record.params.items()
        if any(name.removeprefix(f"{path}:").startswith(str(key)) for key in values)
    }


def _find_read(numbers: Numbers) -> list[str]:
    return [*numbers.files, *(path for live in numbers.live for path in live.files)]


def _add_entrypoint(
    source: Source | None, ran: Iterable[Stage], roles: Mapping[str, CommandKind]
) -> Source | None:
    """The script that the training starts."""
    if source is None:
        return None
    for stage in ran:
        if roles[stage.name] == "train":
            for line in stage.commands:
                for script in find_scripts(line):
                    path = join(stage.folder, script) if "/" in script or "." in script else script
                    return source.model_copy(update={"entrypoint": path})
    return source
