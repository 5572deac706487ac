"""ClearML: offline sessions, and tasks on a server, both without its client.

A locator is the path of a session, relative to the project's root: the folder
``offline-<32 digits>`` or its zip, as in ``clearml:runs/offline-1f0c….zip``. The 32 digits of a
task's id alone mean the task on the server that ``CLEARML_API_HOST`` names, else ``uri`` under
``trackers: clearml:`` in ``cardgen.yaml``, else ``clearml.conf``. The client is not used: it
starts threads, changes ``argparse``, and lets a server's configuration set variables and write
files.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers.clearml.archive import open_zip
from cardgen.trackers.clearml.find import find_sessions
from cardgen.trackers.clearml.offline import read_session
from cardgen.trackers.clearml.place import find_server, find_task_id
from cardgen.trackers.clearml.session import TASK, FolderSession

_FORM = (
    "Name a session's folder or zip, relative to the project's root, or the id of a task "
    "on the server."
)


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the run that the locator names; raises TrackerError where it cannot be read."""
    root = config.root.resolve()
    path = _find_path(locator, root)
    try:
        if path is not None:
            return _read_local(path, root)
        task_id = find_task_id(locator, config)
        if task_id:
            return _read_remote(task_id, config)
    except (ValidationError, RecursionError, OverflowError):
        raise TrackerError(
            f"The task '{locator}' holds values that no run can have.", "Restore its task.json."
        ) from None
    raise TrackerError(f"There is no ClearML session '{locator}' in {config.root}.", _FORM)


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all sessions in or below a folder, sorted by path.

    Raises TrackerError for a location outside the root.
    """
    root, location = config.root.resolve(), location.resolve()
    if not location.is_relative_to(root):
        raise TrackerError(f"{location} lies outside the project {root}.", "Copy it into it.")
    return tuple(f"clearml:{_name(path, root)}" for path in find_sessions(location, root))


def find_remote_runs(location: str, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of the tasks of a project on the server and of its inner projects, oldest first.

    An empty location means all projects. Archived tasks are left out.
    """
    from cardgen.trackers.clearml.rest import find_ids  # noqa: PLC0415  # requests, for servers

    return tuple(f"clearml:{found}" for found in find_ids(find_server(config), location))


def _read_remote(task_id: str, config: TrackerConfig) -> Run:
    from cardgen.trackers.clearml.rest import read_task  # noqa: PLC0415  # requests, for servers

    return read_task(find_server(config), task_id)


def _find_path(locator: str, root: Path) -> Path | None:
    """The session's path inside the root; none where nothing is there."""
    try:
        path = (root / locator).resolve()
        there = path.exists()
    except (OSError, ValueError, RuntimeError):
        return None
    if not there or not locator.strip():
        return None
    if not path.is_relative_to(root):
        raise TrackerError(
            f"The session '{locator}' lies outside the project {root}.", "Copy it into the project."
        )
    return path


def _read_local(path: Path, root: Path) -> Run:
    name = _name(path, root)
    if path.is_dir():
        if not (path / TASK).is_file():
            raise TrackerError(f"The folder '{name}' is no ClearML session.", _FORM)
        ended = path.with_name(f"{path.name}.zip").is_file()
        return read_session(FolderSession(root, path, name, ended))
    with open_zip(path, root, name) as session:
        return read_session(session)


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
