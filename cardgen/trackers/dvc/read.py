"""A place to a Run: which tree is read, and what git says of it."""

from __future__ import annotations

import datetime as dt
import posixpath
from typing import Any

from cardgen.errors import TrackerError
from cardgen.git import run_git
from cardgen.models import Run, Source
from cardgen.trackers.dvc.files import Cache, Files
from cardgen.trackers.dvc.history import (
    Refs,
    Repository,
    find_changed,
    find_repository,
    list_refs,
    open_history,
    open_tree,
)
from cardgen.trackers.dvc.live import LIVE, is_live
from cardgen.trackers.dvc.pipeline import LOCK
from cardgen.trackers.dvc.places import (
    Chosen,
    Place,
    choose,
    format_experiment,
    format_revision,
    has_project,
)
from cardgen.trackers.dvc.run import Record, load_folder, load_record, make_run
from cardgen.trackers.dvc.trees import WorkTree, join

# On disk -----------------------------------------------------------------------------------------


def read_folder(place: Place) -> Run:
    """The run of a project as it is on disk, or of a folder that DVCLive wrote."""
    tree = place.tree
    top, name = posixpath.split(place.folder)
    parent = WorkTree(place.root, place.root / top)
    if is_live(parent, name):
        return _read_live(place, parent, name)
    if has_project(tree, ""):
        record = load_record(tree, find_cache(place))
        _refuse_empty(record, f"'{place.label}'")
        name = name or place.root.name
        return make_run(record, f"dvc:{place.label}", name, _find_source(place, record))
    if is_live(tree, LIVE):
        return _read_live(Place(place.root, join(place.folder, LIVE)), tree, LIVE)
    raise TrackerError(
        f"The folder '{place.label}' holds nothing of DVC or DVCLive.",
        "Name the folder with dvc.yaml, or the one that DVCLive wrote.",
    )


def _read_live(place: Place, parent: WorkTree, name: str) -> Run:
    record = load_folder(Files(parent), name)
    _refuse_empty(record, f"'{place.label}'")
    parts = place.folder.split("/")
    shown = parts[-2] if parts[-1] == LIVE and len(parts) > 1 else parts[-1]
    run = make_run(record, f"dvc:{place.label}", shown or place.root.name, None)
    return run.model_copy(update={"unavailable": ("commands", "source", *run.unavailable)})


def _find_source(place: Place, record: Record) -> Source | None:
    """HEAD, and whether what was run differs from it; results that were written do not count."""
    repository = find_repository(place.root / place.folder)
    if repository is None:
        return None
    head = (run_git(repository.folder, "rev-parse", "--verify", "-q", "HEAD") or "").strip()
    branch = run_git(repository.folder, "symbolic-ref", "--short", "-q", "HEAD")
    return Source(
        repository=repository.remote,
        branch=(branch or "").strip(),
        commit=head,
        dirty=_is_dirty(repository, record) if head else None,
    )


def _is_dirty(repository: Repository, record: Record) -> bool | None:
    changed = find_changed(repository)
    if changed is None:
        return None
    stages = record.pipeline.stages
    results = [entry.path for stage in stages if stage.runs for entry in stage.results]
    results += [*record.pipeline.metrics, *(plot.path for plot in record.pipeline.plots)]
    results += [live.folder for live in record.numbers.live]
    needed = [entry.path for stage in stages for entry in stage.deps]
    needed += [path for stage in stages for path in stage.recorded] + [*record.pipeline.files]
    return any(
        _is_needed(path, needed) if untracked else not _is_result(path, results)
        for untracked, path in changed
    )


def _is_result(path: str, results: list[str]) -> bool:
    name = posixpath.basename(path)
    if name in (LOCK, ".gitignore", ".dvcignore") or path.startswith(".dvc/"):
        return True
    return any(path == result or path.startswith(f"{result}/") for result in results)


def _is_needed(path: str, needed: list[str]) -> bool:
    """Whether an untracked file, or something in an untracked folder, was an input."""
    folder = path if path.endswith("/") else f"{path}/"
    return posixpath.basename(path) != LOCK and any(
        f"{item}/".startswith(folder) or path.startswith(f"{item}/")
        for item in needed
        if posixpath.basename(item) != LOCK
    )


# In git ------------------------------------------------------------------------------------------


def read_revision(place: Place) -> Run:
    """The run of an experiment or of any other commit, read from git's objects."""
    there = (place.root / place.folder).is_dir()
    repository = find_repository(place.root / place.folder if there else place.root)
    if repository is None:
        raise TrackerError(
            f"There is no run '{place.revision}': '{place.label}' is neither a folder of DVC nor "
            "in a git repository, or git is missing.",
            "Correct the run ref, or install git.",
        )
    refs = list_refs(repository)
    with open_history(repository) as objects:
        chosen = choose(place, refs, objects)
        inner = "" if there else place.folder
        tree = open_tree(repository, objects, chosen.commit.id, inner)
        record = load_record(tree, find_cache(place))
    _refuse_empty(record, f"commit {chosen.commit.id[:12]} below '{place.label}'")
    return _make_revision(place, chosen, refs, repository, record)


def _make_revision(
    place: Place, chosen: Chosen, refs: Refs, repository: Repository, record: Record
) -> Run:
    commit, experiment = chosen.commit, chosen.experiment
    if experiment:
        locator, name = format_experiment(place, experiment, refs), experiment.name
        branch = refs.find_branch(experiment.base)
    else:
        locator, name = format_revision(place, commit), place.revision
        branch = place.revision if place.revision in refs.branches else ""
    source = Source(repository=repository.remote, branch=branch, commit=commit.id, dirty=False)
    run = make_run(record, f"dvc:{locator}", name, source)
    update: dict[str, Any] = {"author": commit.author, "description": commit.message}
    if experiment:
        update["tags"] = run.tags | {"base_commit": experiment.base}
        # DVC commits an experiment when it has run; any other commit says nothing of that time.
        if run.status == "finished" and run.finished is None:
            update["finished"] = commit.time
    elif commit.time:
        update["tags"] = run.tags | {"committed": _format_time(commit.time)}
    return run.model_copy(update=update)


def _format_time(time: dt.datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def find_cache(place: Place) -> Cache | None:
    """DVC's cache in the nearest folder upward that is a project's own."""
    folder = place.folder
    while True:
        path = place.root / folder / ".dvc" / "cache"
        if path.is_dir():
            return Cache(WorkTree(place.root, path))
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def _refuse_empty(record: Record, where: str) -> None:
    if record.is_empty:
        raise TrackerError(
            f"Nothing was run in {where}: there is no locked stage and no metric.",
            "Name another revision, or run 'dvc repro' first.",
        )
