"""Weights & Biases: run folders without its client, and runs of a server with it.

A locator is the path of a run's folder or of its ``.wandb`` file, relative to the project's root:
``wandb:wandb/offline-run-20261121_054922-rknwch1q``. A run's id alone is looked for in ``wandb/``
at the root, and in the folder that ``dir`` under ``trackers: wandb:`` in ``cardgen.yaml`` or the
variable ``WANDB_DIR`` names; where a resumed run has several folders there, all are read as one
run. ``wandb:entity/project/run_id`` is a run of the server that ``uri`` or ``WANDB_BASE_URL``
names, asked with W&B's own client.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers.wandb.find import find_stored
from cardgen.trackers.wandb.folder import read_folder, read_parts
from cardgen.trackers.wandb.places import Places, Stored, is_remote
from cardgen.trackers.wandb.presence import find_presence, find_registered
from cardgen.trackers.wandb.record import Record
from cardgen.trackers.wandb.run import make_run
from cardgen.trackers.wandb.server import find_name, make_url

__all__ = ["fetch_run", "find_presence", "find_registered", "find_remote_runs", "find_runs"]


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the run that the locator names; raises TrackerError where it cannot be read."""
    places = Places(config)
    stored = places.find(locator)
    try:
        if stored is not None:
            return make_run(_read(stored, config))
        if not _is_asked(locator, config):
            raise places.explain_missing(locator)
        return make_run(_fetch_remote(locator, config))
    except (ValidationError, RecursionError, OverflowError):
        raise TrackerError(
            f"The run '{locator}' holds values that no run can have.",
            "Restore its files from where they were written.",
        ) from None


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs in or below a folder, sorted by path; each folder is one.

    Raises TrackerError for a location outside the root.
    """
    places, location = Places(config), location.resolve()
    if not places.allow(location):
        raise TrackerError(f"{location} lies outside the project {places.root}.", "Copy it.")
    return tuple(map(places.format_ref, find_stored(location)))


def find_remote_runs(location: str, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs of ``entity/project`` on the server, the oldest first.

    What the location does not name, the settings may; raises TrackerError.
    """
    from cardgen.trackers.wandb import remote  # noqa: PLC0415  # for servers alone

    return remote.find_runs(location, config)


def _read(stored: Stored, config: TrackerConfig) -> Record:
    record = Record(ref=stored.ref)
    for path in stored.paths:
        if path.is_file():
            read_parts(record, path, None)
        else:
            read_folder(record, path)
    if record.synced:
        record.url = make_url(config, record.entity, record.project, record.run_id)
    return record


def _is_asked(locator: str, config: TrackerConfig) -> bool:
    """Whether a server can be asked: the locator names entity and project, or the settings do."""
    if not is_remote(locator):
        return False
    missing = ("entity", "project")[: 2 - locator.count("/")]
    return all(find_name(config, option) for option in missing)


def _fetch_remote(locator: str, config: TrackerConfig) -> Record:
    from cardgen.trackers.wandb import remote  # noqa: PLC0415  # for servers alone

    return remote.fetch_record(locator, config)
