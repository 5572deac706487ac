"""The locators of all runs in a location, without reading them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from cardgen.git import Objects
from cardgen.trackers.dvc.files import Files
from cardgen.trackers.dvc.find import Found, find_folders, find_top
from cardgen.trackers.dvc.history import (
    Experiment,
    Refs,
    Repository,
    find_repository,
    list_refs,
    open_history,
)
from cardgen.trackers.dvc.metrics import find_live
from cardgen.trackers.dvc.pipeline import load_pipeline
from cardgen.trackers.dvc.places import Place, format_experiment
from cardgen.trackers.dvc.stages import Pipeline
from cardgen.trackers.dvc.trees import UnreadableFile, WorkTree, is_inside


def list_runs(root: Path, location: Path) -> tuple[str, ...]:
    """Experiments by project and name, then projects as they are on disk, then DVCLive's."""
    start = location.relative_to(root).as_posix()
    start = "" if start == "." else start
    found = find_folders(WorkTree(root, root), start)
    experiments = tuple(_list_experiments(root, found))
    folders = []
    taken: set[str] = set()
    for folder in find_top(found.pipelines, found.roots):
        files = Files(WorkTree(root, root / folder))
        try:
            pipeline = load_pipeline(files)
        except UnreadableFile:
            folders.append(folder)  # to be told what is wrong with it
            continue
        inner = find_live(files, pipeline)
        if _has_run(files, pipeline, inner):
            folders.append(folder)
            taken |= {f"{folder}/{name}" if folder else name for name in inner}
    live = [folder for folder in found.live if folder not in taken]
    return (*experiments, *(folder or "." for folder in sorted({*folders, *live})))


def _has_run(files: Files, pipeline: Pipeline, live: Sequence[str]) -> bool:
    """Whether a pipeline was run; without stages, whether all it has is one run of DVCLive."""
    stages = [stage for stage in pipeline.stages if stage.runs]
    if not stages:
        return bool(pipeline.metrics) and len(live) < 2
    if any(stage.locked for stage in stages):
        return True
    metrics = (posixpath.split(entry.path) for stage in stages for entry in stage.metrics)
    return any(is_inside(top) and name in files.tree.find_names(top) for top, name in metrics)


# Experiments ----------------------------------------------------------------------------------


def _list_experiments(root: Path, found: Found) -> Iterator[str]:
    """Each experiment once, of the innermost project that it changed."""
    taken: set[tuple[Path, str]] = set()
    names: dict[str, list[str]] = {}
    for folder in sorted(found.roots, key=lambda folder: -folder.count("/") - bool(folder)):
        repository = find_repository(root / folder)
        if repository:
            refs = list_refs(repository)
            own = _choose_own(repository, refs)
            fresh = [e for e in own if (repository.top, e.commit) not in taken]
            taken |= {(repository.top, e.commit) for e in fresh}
            place = Place(root, folder)
            names[folder] = [format_experiment(place, e, refs) for e in fresh]
    for folder in sorted(names):
        yield from names[folder]


def _choose_own(repository: Repository, refs: Refs) -> tuple[Experiment, ...]:
    """The experiments of a project: where it is not the whole repository, those that changed it."""
    if not repository.prefix or not refs.experiments:
        return refs.experiments
    with open_history(repository) as objects:
        return tuple(e for e in refs.experiments if _is_own(objects, e, repository.prefix))


def _is_own(objects: Objects, experiment: Experiment, prefix: str) -> bool:
    inner, whole = (
        [objects.find(f"{commit}:{path}", 0) for commit in (experiment.commit, experiment.base)]
        for path in (prefix.rstrip("/"), "")
    )
    if None in inner or whole[0] == whole[1]:  # not in this clone, or nothing was changed at all
        return inner[0] is not None
    return inner[0] != inner[1]
