"""Neptune, whose hosted service ended in March 2026: what it left behind, and one's own server.

A run ref is ``neptune:PLACE#PROJECT/RUN`` for an export of neptune-exporter or the files of
neptune-scale, ``neptune:.neptune/offline/run__…`` for a folder of the client, and
``neptune:PROJECT/RUN``, or ``neptune:RUN`` alone, for a run that is looked for: in the export that
``trackers: {neptune: {export: …}}`` names, else in what lies in the project, else on the server
that ``NEPTUNE_API_TOKEN`` belongs to. RUN may be Neptune's id, a custom id, or a name that only one
run has.
"""

from __future__ import annotations

from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers.neptune.export import Exported, read_exported
from cardgen.trackers.neptune.find import Found, drop_trashed, find_stored
from cardgen.trackers.neptune.live import (
    HostedServiceEnded,
    fetch_recorded,
    find_ids,
    find_project,
    has_token,
)
from cardgen.trackers.neptune.mapping import Paths, load_paths
from cardgen.trackers.neptune.offline import RunLogs, read_logs
from cardgen.trackers.neptune.places import Places
from cardgen.trackers.neptune.record import Recorded
from cardgen.trackers.neptune.run import make_run
from cardgen.trackers.neptune.scale import read_databases, read_identity


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the run that ``locator`` names; raises TrackerError where it cannot."""
    paths, places = load_paths(config.options), Places(config)
    found = places.find(locator)
    if found is not None:
        return make_run(_read(found, places, paths), paths)
    if "#" in locator or not has_token(config):
        raise places.explain_missing(locator)
    try:
        return make_run(fetch_recorded(locator, config, paths), paths)
    except HostedServiceEnded as ended:
        missing = places.explain_missing(locator)
        raise TrackerError(f"{missing.message} {ended.message}", ended.hint) from None


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs at or below a folder; those in Neptune's trash are left out."""
    places = Places(config)
    top = location.resolve()
    if not places.allow(top):
        return ()
    return tuple(places.format_ref(found) for found in drop_trashed(find_stored(top)))


def find_remote_runs(location: str, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of a project's runs on the server of ``NEPTUNE_API_TOKEN``, oldest first.

    ``location`` is ``workspace/project``, empty for the project that the settings or the
    environment name. Runs in the trash are left out. Without a token there are none.
    """
    if not location and not has_token(config):
        return ()
    if not has_token(config):
        raise TrackerError(
            f"No server is known that has the project '{location}' of Neptune.",
            "Set NEPTUNE_API_TOKEN; for what lies on disk, name the folder instead.",
        )
    project = find_project(location.strip().strip("/"), config)
    return tuple(f"neptune:{project}/{run_id}" for run_id in find_ids(project, config))


def _read(found: Found, places: Places, paths: Paths) -> Recorded:
    ref, held = places.format_ref(found), found.held
    if isinstance(held, Exported):
        return read_exported(
            held, ref, places.find_uploads(held.data), wanted=paths.reads, shown=paths.shows
        )
    if isinstance(held, RunLogs):
        return read_logs(held, ref, wanted=paths.reads, shown=paths.shows)
    if held:
        return read_databases(held, ref, shown=paths.shows)
    read_identity(found.place)
    raise TrackerError(f"{found.place} could not be read a moment ago.", "Try again.")
