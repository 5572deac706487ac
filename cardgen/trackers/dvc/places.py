"""What a locator names: a folder as it is now, a revision of it, or an experiment.

================================  ==================================================
locator                           names
================================  ==================================================
``.``, ``models/qa``              a project, or a folder of DVCLive, as it is on disk
``exp-333c9``, ``main``, ``v1``   an experiment or a revision of the project at the root
``models/qa#main``                the same of the project in a folder
``d52c909:exp-333c9``             an experiment of a name that several have, by its base
================================  ==================================================
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.git import Objects
from cardgen.trackers.dvc.history import Commit, Experiment, Refs, load_commit
from cardgen.trackers.dvc.live import LIVE, is_live
from cardgen.trackers.dvc.trees import WorkTree

_PARTS = frozenset({".dvc", "dvc.yaml", "dvc.lock", "Dvcfile"})
_ABBREVIATED = 10


@dataclass(frozen=True)
class Place:
    """A folder (``""`` is the root itself), and the name of a revision or experiment, if any."""

    root: Path
    folder: str
    revision: str = ""

    @property
    def tree(self) -> WorkTree:
        return WorkTree(self.root, self.root / self.folder)

    @property
    def label(self) -> str:
        return self.folder or "."


def find_place(locator: str, root: Path) -> Place:
    """The place that a locator names; raises TrackerError for a folder outside the root."""
    real = root.resolve()
    folder, mark, revision = locator.partition("#")
    if mark:
        return _find_folder(folder or ".", real, revision)
    if locator in (".", "./") or _is_run(locator, real):
        return _find_folder(locator, real, "")
    return Place(real, "", locator)


def _is_run(locator: str, root: Path) -> bool:
    """Whether a locator is the path of a folder that DVC or DVCLive left something in."""
    try:
        path = (root / locator).resolve()
        there = path.is_dir()
    except (OSError, ValueError, RuntimeError):
        return False
    if not there:
        return False
    if not path.is_relative_to(root) or path == root:
        return True
    inner = path.relative_to(root).as_posix()
    return has_project(WorkTree(root, path), "") or any(
        is_live(WorkTree(root, root), folder) for folder in (inner, f"{inner}/{LIVE}")
    )


def has_project(tree: WorkTree, folder: str) -> bool:
    """Whether a folder holds files of DVC."""
    names = tree.find_names(folder)
    return not _PARTS.isdisjoint(names) or any(name.endswith(".dvc") for name in names)


def _find_folder(folder: str, root: Path, revision: str) -> Place:
    try:
        path = (root / folder).resolve()
        inside = path.is_relative_to(root)
        there = path.is_dir()
    except (OSError, ValueError, RuntimeError):
        inside, there = True, False
    if not inside:
        raise TrackerError(
            f"The folder '{folder}' lies outside the project {root}.",
            "Name a folder relative to the project's root, as in dvc:models/qa.",
        )
    if not there and not revision:
        raise TrackerError(f"There is no folder '{folder}' in {root}.", "Correct the run ref.")
    name = path.relative_to(root).as_posix() if there else posixpath.normpath(folder)
    return Place(root, "" if name == "." else name, revision)


@dataclass(frozen=True)
class Chosen:
    """What a name stands for: a commit, and the experiment that it is of, if any."""

    commit: Commit
    experiment: Experiment | None = None


def choose(place: Place, refs: Refs, objects: Objects) -> Chosen:
    """The experiment or revision that a place names; raises TrackerError with what there is."""
    experiment = _find_experiment(place.revision, refs)
    commit = load_commit(objects, experiment.commit if experiment else place.revision)
    if commit is None and experiment:
        raise TrackerError(
            f"The commit {experiment.commit[:12]} of experiment '{experiment.name}' is not in "
            "this clone.",
            "Fetch it: dvc exp pull <remote> " + experiment.name,
        )
    if commit is None:
        raise TrackerError(
            f"'{place.revision}' is no experiment, revision or folder of the DVC project in "
            f"'{place.label}'.",
            "Correct the run ref; a clone gets experiments by 'dvc exp pull', and old commits by "
            "'git fetch --unshallow'.",
        )
    if experiment is None:
        same = [e for e in refs.experiments if e.commit == commit.id]
        exact = commit.id.startswith(place.revision)
        experiment = same[0] if len(same) == 1 and exact else None
    return Chosen(commit, experiment)


def _find_experiment(name: str, refs: Refs) -> Experiment | None:
    """By name, or by ``base:name`` where several have it."""
    base, mark, inner = name.partition(":")
    if not mark:
        base, inner = "", name
    found = [e for e in refs.by_name.get(inner, ()) if e.base.startswith(base)]
    if len(found) > 1:
        raise TrackerError(
            f"Several experiments are called '{inner}'.",
            "Name its base too: " + ", ".join(_name(e, refs) for e in found[:5]) + ".",
        )
    return found[0] if found else None


def _name(experiment: Experiment, refs: Refs) -> str:
    """The shortest name that is the experiment's own."""
    same = refs.by_name[experiment.name]
    if len(same) == 1:
        return experiment.name
    digits = _ABBREVIATED
    while sum(e.base.startswith(experiment.base[:digits]) for e in same) > 1:
        digits += 1
    return f"{experiment.base[:digits]}:{experiment.name}"


def format_experiment(place: Place, experiment: Experiment, refs: Refs) -> str:
    """The locator of an experiment, which means nothing else even where a folder has its name."""
    name = _name(experiment, refs)
    if place.folder or "#" in name or (place.root / name).exists():
        return f"{place.label}#{name}"
    return name


def format_revision(place: Place, commit: Commit) -> str:
    """The locator of a revision: as named, an abbreviated commit in full."""
    name = commit.id if commit.id.startswith(place.revision) else place.revision
    if place.folder or "#" in name or (place.root / name).exists():
        return f"{place.label}#{name}"
    return name
