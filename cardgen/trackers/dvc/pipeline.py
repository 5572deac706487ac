"""What DVC's files say of a project: ``dvc.yaml`` with its ``dvc.lock``, and ``*.dvc`` files.

What a lock recorded comes first: the commands as they were run, and the digests of what went in
and came out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cardgen.trackers.dvc.documents import MAX_YAML, parse_document, parse_lock
from cardgen.trackers.dvc.entries import (
    as_list,
    as_mapping,
    as_text,
    join_texts,
    make_artifacts,
    make_commands,
    make_entries,
    make_params,
    make_plots,
    make_single,
    read_entries,
)
from cardgen.trackers.dvc.files import Files
from cardgen.trackers.dvc.stages import Entry, Pipeline, Stage, sort_stages
from cardgen.trackers.dvc.templates import Context, expand_stages, load_context
from cardgen.trackers.dvc.trees import UnreadableFile, join, walk

MAX_FILES = 2000
"""Files of DVC in one project that are read."""

PIPELINE, LOCK = "dvc.yaml", "dvc.lock"


def load_pipeline(files: Files) -> Pipeline:
    """Read all files of DVC in a project; raises UnreadableFile for one that cannot be."""
    parts = []
    names = [path for path in walk(files.tree) if _is_of_dvc(path)]
    for path in sorted(names, key=lambda path: (path.count("/"), path))[:MAX_FILES]:
        folder, name = posixpath.split(path)
        if name == PIPELINE or (name == LOCK and join(folder, PIPELINE) not in names):
            parts.append(_load_stages(files, folder))
        elif is_single(name):
            parts.append(_load_single(files, path))
    return _gather(parts)


def _is_of_dvc(path: str) -> bool:
    name = posixpath.basename(path)
    return name in (PIPELINE, LOCK) or is_single(name)


def is_single(name: str) -> bool:
    """Whether a file of that name is one of added data, or a stage as before DVC 1."""
    return name == "Dvcfile" or (name.endswith(".dvc") and name != ".dvc")


def _gather(parts: Sequence[Pipeline]) -> Pipeline:
    used: dict[str, Mapping[str, Any]] = {}
    for part in parts:
        for path, values in part.used.items():
            used[path] = {**used.get(path, {}), **values}
    return Pipeline(
        stages=sort_stages([stage for part in parts for stage in part.stages]),
        params=tuple(path for part in parts for path in part.params),
        metrics=tuple(path for part in parts for path in part.metrics),
        plots=tuple(plot for part in parts for plot in part.plots),
        artifacts=tuple(artifact for part in parts for artifact in part.artifacts),
        used=used,
        files=tuple(path for part in parts for path in part.files),
    )


def _load_single(files: Files, path: str) -> Pipeline:
    return Pipeline(stages=(make_single(_load_mapping(files, path), path),), files=(path,))


# dvc.yaml and dvc.lock ------------------------------------------------------------------------


def _load_stages(files: Files, folder: str) -> Pipeline:
    path, lock = join(folder, PIPELINE), join(folder, LOCK)
    written = _load_mapping(files, path)
    locked = _load_mapping(files, lock, parse_lock)
    # Before DVC 2 the lock had no schema, and the stages at its top.
    stages = locked.get("stages") if "schema" in locked else locked
    locks = {str(key): value for key, value in as_mapping(stages).items() if as_mapping(value)}
    context = load_context(files, folder, written.get("vars"))
    found = []
    for name, definition, inner in expand_stages(as_mapping(written.get("stages")), context):
        variables = _extend_context(files, folder, definition, inner)
        stage = _make_stage(folder, name, definition, variables)
        lock_of = locks.get(name)
        if lock_of:
            commands = make_commands(variables.resolve(definition.get("cmd")))
            stage = _lock_stage(stage, lock_of, commands)
        found.append(stage)
    if not written:
        found = [_make_locked(folder, name, lock) for name, lock in locks.items()]
    return Pipeline(
        stages=tuple(found),
        params=tuple(join_texts(folder, context.resolve(as_list(written.get("params"))))),
        metrics=tuple(join_texts(folder, context.resolve(as_list(written.get("metrics"))))),
        plots=tuple(make_plots(folder, context.resolve(written.get("plots")))),
        artifacts=tuple(make_artifacts(folder, context.resolve(written.get("artifacts")))),
        used=context.used,
        files=tuple(p for p, text in ((path, written), (lock, locked)) if text),
    )


def _load_mapping(
    files: Files, path: str, parse: Callable[[bytes, str], Any] = parse_document
) -> Mapping[str, Any]:
    data = files.load(path, MAX_YAML)
    value = parse(data, path) if data else None
    if value is not None and not isinstance(value, Mapping):
        raise UnreadableFile(f"{path} is no file of DVC.", "Restore it from git.")
    return value or {}


def _extend_context(
    files: Files, top: str, definition: Mapping[str, Any], context: Context
) -> Context:
    """The variables of a stage, which may have some of its own."""
    if not definition.get("vars"):
        return context
    folder = join(top, as_text(context.resolve(definition.get("wdir"))))
    return load_context(files, folder, definition["vars"], context)


def _make_stage(top: str, name: str, definition: Mapping[str, Any], context: Context) -> Stage:
    """A stage as written, its templates replaced."""
    values = {key: context.resolve(value) for key, value in definition.items() if key != "vars"}
    folder = join(top, as_text(values.get("wdir")) or ".")
    stage = Stage(
        name=join(top, name),
        folder=folder,
        deps=tuple(make_entries(folder, values.get("deps"))),
        outs=tuple(make_entries(folder, values.get("outs"))),
        metrics=tuple(make_entries(folder, values.get("metrics"))),
        plots=tuple(make_entries(folder, values.get("plots"))),
        params=make_params(folder, values.get("params")),
        desc=as_text(values.get("desc")),
    )
    return _add_live(stage, folder, values.get("live"))


def _make_locked(folder: str, name: str, lock: Mapping[str, Any]) -> Stage:
    """A stage of a lock whose ``dvc.yaml`` is not there."""
    return _lock_stage(Stage(join(folder, name), folder), lock, ())


def _lock_stage(stage: Stage, lock: Mapping[str, Any], written: tuple[str, ...]) -> Stage:
    """The stage with what its last run recorded."""
    commands = make_commands(lock.get("cmd"))
    entries = {e.path: e for e in read_entries(stage.folder, lock.get("outs"))}
    deps = tuple(read_entries(stage.folder, lock.get("deps")))
    declared = {entry.path for entry in stage.results}
    template = any("${" in line for line in written)
    moved = {e.path for e in deps} != {e.path for e in stage.deps} or declared != entries.keys()
    return replace(
        stage,
        commands=commands,
        deps=deps,
        outs=(
            *_overlay(stage.outs, entries),
            *(entry for path, entry in entries.items() if path not in declared),
        ),
        metrics=_overlay(stage.metrics, entries),
        plots=_overlay(stage.plots, entries),
        recorded={
            join(stage.folder, str(path)): as_mapping(values)
            for path, values in as_mapping(lock.get("params")).items()
        },
        locked=bool(commands),
        same=not written or (not moved and (template or commands == written)),
    )


def _overlay(written: Sequence[Entry], locked: Mapping[str, Entry]) -> tuple[Entry, ...]:
    return tuple(
        replace(locked[entry.path], notes=entry.notes) if entry.path in locked else entry
        for entry in written
    )


def _add_live(stage: Stage, folder: str, live: Any) -> Stage:
    """DVC 2 declared DVCLive's folder in a section of its own, its summary beside it."""
    names = [join(folder, str(name)) for name in as_mapping(live)]
    return replace(
        stage,
        metrics=(*stage.metrics, *(Entry(f"{name}.json") for name in names)),
        plots=(*stage.plots, *(Entry(name) for name in names)),
    )
