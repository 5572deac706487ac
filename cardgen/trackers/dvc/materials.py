"""What went into a run and what came out: data, models and files, with their digests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cardgen.models import CommandKind, Dataset, Model, RunFile
from cardgen.trackers.dvc.files import Files
from cardgen.trackers.dvc.roles import is_data, is_model
from cardgen.trackers.dvc.stages import Artifact, Entry, Pipeline, Stage, find_places

MAX_FILES = 500

Roles = Mapping[str, CommandKind]


def find_data(pipeline: Pipeline, roles: Roles) -> tuple[Dataset, ...]:
    """Data that a stage read and none made, and what the training read of other stages' outputs.

    Where there are no stages: all that was added to DVC and is no model.
    """
    added = _find_made(stage for stage in pipeline.stages if not stage.runs)
    made = _find_made(stage for stage in pipeline.stages if stage.runs)
    models = {artifact.path for artifact in pipeline.artifacts if artifact.kind == "model"}
    if not any(stage.runs for stage in pipeline.stages):
        entries = [e for path, e in added.items() if path not in models and not is_model(e)]
        return tuple(_make_dataset(entry, "") for entry in entries)
    found: dict[str, Dataset] = {}
    for stage in sorted((s for s in pipeline.stages if s.runs), key=lambda s: roles[s.name]):
        training = roles[stage.name] == "train"
        for entry in stage.deps:
            source, output = _look_up(entry, added), _look_up(entry, made)
            if output and not training:
                continue
            if is_data(entry, bool(source or output)):
                context = "training" if training else ""
                found[entry.path] = _make_dataset(entry, context, source)
    order = {entry.path: None for stage in pipeline.stages for entry in stage.deps}
    return tuple(found[path] for path in order if path in found)


def _find_made(stages: Iterator[Stage] | Sequence[Stage]) -> dict[str, Entry]:
    return {entry.path: entry for stage in stages for entry in stage.results}


def _look_up(entry: Entry, known: Mapping[str, Entry]) -> Entry | None:
    """The entry of a path, or of a folder above it."""
    return next((known[place] for place in find_places(entry.path) if place in known), None)


def _make_dataset(entry: Entry, context: str, source: Entry | None = None) -> Dataset:
    source = source or entry
    digest = entry.digest or (source.digest if source.path == entry.path else "")
    url = entry.path if entry.is_remote else source.url
    return Dataset(
        name=entry.path,
        version=source.version,
        digest=digest,
        context=context,
        url=url,
        path="" if entry.is_remote else entry.path,
    )


def find_model(pipeline: Pipeline, roles: Roles) -> Model | None:
    """The model that the training started from: the one that it depends on."""
    made = _find_made([stage for stage in pipeline.stages if stage.runs])
    found = {
        entry.path: Model(name=entry.path, path=entry.path, digest=entry.digest)
        for stage in pipeline.stages
        if roles.get(stage.name) == "train"
        for entry in stage.deps
        if is_model(entry) and not _look_up(entry, made)
    }
    return next(iter(found.values())) if len(found) == 1 else None


def find_output(pipeline: Pipeline, roles: Roles) -> tuple[Model, ...]:
    """Models: registered ones, then those of the training; without any, all that it put out."""
    made = _find_made(pipeline.stages)
    found = {
        a.path: _make_model(a, made.get(a.path)) for a in pipeline.artifacts if a.kind == "model"
    }
    ran = [stage for stage in pipeline.stages if stage.runs]
    training = [stage for stage in ran if roles[stage.name] == "train"]
    outs = [entry for stage in training or ran for entry in stage.outs if is_model(entry)]
    if not found and not outs:
        outs = [e for stage in training for e in stage.outs if e.notes.get("cache") is not False]
    for entry in outs:
        found.setdefault(entry.path, Model(name=entry.path, path=entry.path, digest=entry.digest))
    return tuple(found.values())


def _make_model(artifact: Artifact, entry: Entry | None) -> Model:
    kind = artifact.meta.get("framework")
    return Model(
        name=artifact.name,
        kind=kind if isinstance(kind, str) else "",
        path=artifact.path,
        digest=entry.digest if entry else "",
    )


def find_tags(pipeline: Pipeline) -> dict[str, str]:
    """Labels, and what was said of models and stages."""
    tags = {label: "" for artifact in pipeline.artifacts for label in artifact.labels}
    for stage in pipeline.stages:
        for entry in stage.results:
            labels = entry.notes.get("labels")
            tags |= {str(x): "" for x in labels} if isinstance(labels, list) else {}
        if stage.runs and stage.desc:
            tags[f"stage.{stage.name}"] = stage.desc
    tags |= {f"artifact.{a.name}": a.desc for a in pipeline.artifacts if a.desc}
    return tags


def find_files(files: Files, pipeline: Pipeline, read: Sequence[str]) -> tuple[RunFile, ...]:
    """Outputs as the lock has them, then what was read of metrics and plots, sorted by path."""
    found = {
        entry.path: RunFile(path=entry.path, size=entry.size, digest=entry.digest)
        for stage in pipeline.stages
        if stage.runs
        for entry in stage.results
        if entry.digest
    }
    for path in read:
        if path in files.sizes:
            found.setdefault(path, RunFile(path=path, size=files.sizes[path]))
    return tuple(found[path] for path in sorted(found)[:MAX_FILES])
