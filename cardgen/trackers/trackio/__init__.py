"""Trackio: a project's database or its backup, read without Trackio.

A locator is a file relative to the project's root and a run in it, by name or id:
``trackio:.trackio/qa.db#brave-sunset-0``. Or it is project and run, ``trackio:qa/brave-sunset-0``,
and looked for in the folder that ``TRACKIO_DIR`` or cardgen.yaml names, else in ``.trackio`` or
``trackio`` in the project.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers.trackio.places import Places
from cardgen.trackers.trackio.run import make_run


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the run that the locator names; raises TrackerError where there is none."""
    places = Places(config)
    found = places.find(locator)
    record = found.store.load(found.identity)
    try:
        return make_run(record, places.format_ref(found), found.store.path.parent)
    except (ValidationError, RecursionError, OverflowError):
        raise TrackerError(
            f"{found.store.path} holds values that no run can have.",
            "Restore the file from where it was written.",
        ) from None


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs in or below a folder, sorted.

    Raises TrackerError for a location that is neither in the project nor named by its settings.
    """
    return Places(config).find_refs(location)
