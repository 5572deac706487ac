"""DVC and DVCLive: pipelines, experiments and logged metrics, read from files and git's objects.

A locator is an experiment's name (``dvc:exp-333c9``), any revision of git (``dvc:main``), or a
folder as it is on disk (``dvc:.``, ``dvc:experiments/qa-1/dvclive``); ``dvc:models/qa#main`` is a
revision of the project in a folder. Neither DVC nor a network is needed; git is, for revisions.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers.dvc.listing import list_runs
from cardgen.trackers.dvc.places import find_place
from cardgen.trackers.dvc.read import read_folder, read_revision


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the run that a locator names; raises TrackerError where it cannot."""
    place = find_place(locator, config.root)
    try:
        return read_revision(place) if place.revision else read_folder(place)
    except (ValidationError, RecursionError, OverflowError):
        raise TrackerError(
            f"The DVC project '{locator}' holds values that no run can have.",
            "Restore its dvc.lock, params and metrics from where they were written.",
        ) from None


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs in a folder: experiments, what is on disk, folders of DVCLive.

    Experiments are those of projects whose own folder lies in the location. Raises TrackerError
    for a location outside the root.
    """
    root, location = config.root.resolve(), location.resolve()
    if not location.is_relative_to(root):
        raise TrackerError(f"{location} lies outside the project {root}.", "Copy it into it.")
    return tuple(f"dvc:{name}" for name in list_runs(root, location))
