"""TensorBoard: folders of event files, read without TensorBoard.

A locator is the run's folder, relative to the project's root: ``tensorboard:runs/qa-1``. One event
file can be named as well, where a folder holds those of several trainings. Folders that a writer
made inside the run's folder belong to it. Many trackers write event files too, so that a folder of
theirs is no run of its own.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers.tensorboard.files import Folder, is_event_file
from cardgen.trackers.tensorboard.layout import Layout, find_folders, find_layout
from cardgen.trackers.tensorboard.run import Record, load_record, make_run

GENERIC = 1


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the run in the folder or event file that the locator names; raises TrackerError."""
    folder, only = _locate(locator, config.root)
    layout = Layout(folder, find_layout(folder).names) if only else find_layout(folder)
    if not layout.is_run:
        raise _explain_missing(folder)
    record = load_record(layout, (only,) if only else layout.names.events)
    _refuse_pointers(record)
    try:
        return make_run(record, folder.inner(only).name if only else folder.name)
    except (ValidationError, RecursionError, OverflowError):
        raise TrackerError(
            f"The event files in '{folder.name}' hold values that no run can have.",
            "Restore them from where they were written.",
        ) from None


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs in or below a folder, sorted by path.

    Raises TrackerError for a location outside the root.
    """
    root, location = config.root.resolve(), location.resolve()
    if not location.is_relative_to(root):
        raise TrackerError(f"{location} lies outside the project {root}.", "Copy it into it.")
    start = Folder(root, location, location.relative_to(root).as_posix())
    return tuple(f"tensorboard:{name}" for name in find_folders(start))


def _locate(locator: str, root: Path) -> tuple[Folder, str]:
    """The folder that a locator names, and the one event file where it names that."""
    try:
        real_root = root.resolve()
        named = real_root / locator
        only = named.name if named.is_file() and is_event_file(named.name) else ""
        path = (named.parent if only else named).resolve()
        there = path.is_dir()
    except (OSError, ValueError, RuntimeError):
        there = False
    if not there:
        raise TrackerError(
            f"There is no folder '{locator}' in {root}.",
            "Name the run's folder relative to the project's root, as in tensorboard:runs/qa-1.",
        )
    if not path.is_relative_to(real_root):
        raise TrackerError(
            f"The folder '{locator}' lies outside the project {root}.",
            "Copy the event files into the project.",
        )
    return Folder(real_root, path, path.relative_to(real_root).as_posix()), only


def _explain_missing(folder: Folder) -> TrackerError:
    below = find_folders(folder)
    named = ", ".join(f"tensorboard:{name}" for name in below[:5])
    more = f" and {len(below) - 5} more" if len(below) > 5 else ""
    return TrackerError(
        f"The folder '{folder.name}' holds no event files of TensorBoard.",
        f"Runs lie below it: {named}{more}." if below else "Name the folder that holds them.",
    )


def _refuse_pointers(record: Record) -> None:
    files = sum(log.files for log in record.logs)
    if files and files == sum(log.pointers for log in record.logs):
        raise TrackerError(
            f"The event files in '{record.layout.folder.name}' are git-lfs pointers.",
            "Run 'git lfs pull' first.",
        )
