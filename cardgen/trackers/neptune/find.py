"""Runs of Neptune that lie in folders, in whichever format, and what a ref calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.trackers.neptune.export import Exported, find_parts, list_runs
from cardgen.trackers.neptune.files import Folder, walk
from cardgen.trackers.neptune.offline import RunLogs, find_names, group_logs, has_logs
from cardgen.trackers.neptune.scale import FILE_NAME, Identity, read_experiment, read_identity

Held = Exported | RunLogs | tuple[Identity, ...]

_LISTED = 8


@dataclass(frozen=True)
class Found:
    """A run in a file or folder.

    ``place`` and ``name`` make its ref, ``place#name``; ``ids`` are what it is surely called. What
    cannot be read is found too, so that fetching it can say why: it holds no ``held``.
    """

    place: Path
    name: str
    ids: tuple[str, ...]
    held: Held | None = None

    @property
    def file(self) -> Path:
        """A file or folder of it that is surely there."""
        if isinstance(self.held, Exported):
            return self.held.parts[0]
        if isinstance(self.held, RunLogs):
            return self.held.folders[0]
        return self.held[0].path if self.held else self.place

    @property
    def readable(self) -> bool:
        """Whether it could be told what it is."""
        return bool(self.held) and not (isinstance(self.held, Exported) and not self.held.run_id)


def find_stored(top: Path, depth: int | None = None) -> tuple[Found, ...]:
    """All runs in a file, or at and below a folder, in a stable order."""
    folders = _walk(top, depth)
    parts = [part for folder in folders for part in find_parts(folder)]
    logs = [folder.path for folder in folders if has_logs(folder.files)]
    databases = [folder.path / name for folder in folders for name in _databases(folder, top)]
    return (
        *map(_as_found, list_runs(parts)),
        *(Found(run.base / run.name, "", _log_ids(run), run) for run in group_logs(logs)),
        *_group_databases(databases),
    )


def drop_trashed(found: Iterable[Found]) -> Iterator[Found]:
    """Without the runs that were in Neptune's trash."""
    found = tuple(found)
    gone = {_key(run) for run in _list_named(found) if run.trashed}
    for run in found:
        if not (isinstance(run.held, Exported) and _key(run.held) in gone):
            yield run


def pick(found: Iterable[Found], quoted: str, show: Callable[[Found], str]) -> Found | None:
    """The run that ``quoted`` names by its id or, where none has that, by its name.

    Without ``quoted`` it is the only one there is. Raises TrackerError where several could be
    meant; ``show`` formats the ref of each.
    """
    found = tuple(found)
    fit = tuple(run for run in found if not quoted or quoted in run.ids)
    fit = fit or tuple(run for run, names in _find_names(found) if quoted in names)
    if len(fit) > 1:
        refs = ", ".join(show(run) for run in fit[:_LISTED])
        more = f" and {len(fit) - _LISTED} more" if len(fit) > _LISTED else ""
        what = f"'{quoted}' could be any of {len(fit)} runs" if quoted else f"{len(fit)} runs lie"
        raise TrackerError(f"{what}{'' if quoted else ' there'}.", f"Name one: {refs}{more}.")
    return fit[0] if fit else None


def _find_names(found: tuple[Found, ...]) -> Iterator[tuple[Found, tuple[str, ...]]]:
    """What else runs are called, with and without their project; reads a little of each."""
    exported = {_key(run): run.names for run in _list_named(found)}
    for run in found:
        held = run.held
        if isinstance(held, Exported):
            names = exported.get(_key(held), ())
            yield run, (*names, *(f"{held.project}/{name}" for name in names))
        elif held:
            yield run, _read_names(held)


def _read_names(held: RunLogs | tuple[Identity, ...]) -> tuple[str, ...]:
    """Names that stand at the beginning; none of what cannot be read, which may be another's."""
    try:
        if isinstance(held, RunLogs):
            return find_names(held)
        name = read_experiment(held[0].path)
    except TrackerError:
        return ()
    return (name, f"{held[0].project}/{name}") if name else ()


def _list_named(found: Iterable[Found]) -> tuple[Exported, ...]:
    parts = [part for run in found if isinstance(run.held, Exported) for part in run.held.parts]
    return list_runs(parts, named=True)


def _key(run: Exported) -> tuple[Path, str, str]:
    return run.data, run.project, run.run_id


def _walk(top: Path, depth: int | None) -> tuple[Folder, ...]:
    if top.is_dir():
        return tuple(walk(top) if depth is None else walk(top, depth))
    return (Folder(top.parent, (), (top.name,)),) if top.is_file() else ()


def _as_found(run: Exported) -> Found:
    if not run.run_id:
        return Found(run.parts[0], "", (), run)
    name = f"{run.project}/{run.run_id}"
    return Found(run.data, name, (run.run_id, name), run)


def _log_ids(run: RunLogs) -> tuple[str, ...]:
    return (run.name, run.uuid, *(folder.name for folder in run.folders))


def _databases(folder: Folder, top: Path) -> tuple[str, ...]:
    """The databases in a folder: by their name, or any that was named itself."""
    if top.is_file() and top.suffix in (".sqlite3", ".sqlite", ".db"):
        return (top.name,)
    return tuple(name for name in folder.files if name == FILE_NAME)


def _group_databases(paths: Iterable[Path]) -> Iterator[Found]:
    runs: dict[tuple[Path, str, str], list[Identity]] = {}
    broken = []
    for path in sorted(paths):
        try:
            identity = read_identity(path)
        except TrackerError:
            broken.append(path)
            continue
        base = path.parent.parent if path.name == FILE_NAME else path
        runs.setdefault((base, identity.project, identity.run_id), []).append(identity)
    for (base, project, run_id), held in sorted(runs.items(), key=lambda item: item[0]):
        name, folders = f"{project}/{run_id}", (one.path.parent.name for one in held)
        yield Found(base, name, (run_id, name, *folders), tuple(held))
    for path in broken:
        yield Found(path, "", (path.parent.name,))
