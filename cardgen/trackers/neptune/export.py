"""Parquet trees of neptune-exporter, which is how most of Neptune's data outlived it.

``data/<project>/<run>_part_N.parquet`` holds a value or a point of a series a row, whichever
Neptune it came from; early versions wrote ``part_N.parquet`` with many runs in it. What was
uploaded lies in ``files/`` beside ``data/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.trackers.neptune.files import Folder, is_pointer
from cardgen.trackers.neptune.parquet import NoDuckDB, open_parquet
from cardgen.trackers.neptune.record import Recorded
from cardgen.trackers.neptune.rows import RunRows
from cardgen.trackers.neptune.uploads import Uploads
from cardgen.trackers.neptune.values import Value, clean_text

UNAVAILABLE_2 = (
    "commands", "environment.python", "source.branch", "source.commit", "source.repository",
)  # fmt: skip
UNAVAILABLE_3 = ("environment.packages", "environment.python")

_PART = re.compile(r"(?:(.+)_)?part_\d{1,9}\.parquet", re.DOTALL)
_HASHED = re.compile(r".+-[0-9a-f]{16}", re.DOTALL)
_REGISTRY = ("models", "model_versions")
_NEEDED = frozenset(("project_id", "run_id", "attribute_path", "attribute_type"))
_ONLY_3 = ("sys/family", "sys/experiment/name", "sys/experiment/is_head")
_NAMES = ["sys/id", "sys/custom_run_id", "sys/name", "sys/trashed"]
_TRASHED = "\0trashed"

Stamp = tuple[str, int, int]


@dataclass(frozen=True)
class Exported:
    """A run of an export; ``data`` is the folder that holds the projects' folders.

    ``names`` are its ids and its name. A part that cannot be read has no ``run_id``: fetching it
    says why.
    """

    data: Path
    project: str
    run_id: str
    parts: tuple[Path, ...]
    names: tuple[str, ...] = ()
    trashed: bool = False


def find_parts(folder: Folder) -> tuple[Path, ...]:
    """The exporter's files in a folder, told by their names; models of a registry are no runs."""
    hashed = bool(_HASHED.fullmatch(folder.path.name))
    if folder.path.name in _REGISTRY and _HASHED.fullmatch(folder.path.parent.name):
        return ()
    return tuple(
        folder.path / name
        for name in folder.files
        if (part := _PART.fullmatch(name)) and (hashed or _HASHED.fullmatch(part[1] or ""))
    )


def list_runs(parts: Iterable[Path], *, named: bool = False) -> tuple[Exported, ...]:
    """The runs that these files hold, sorted; raises TrackerError without DuckDB.

    Only the files' footers are read, unless ``named`` asks for names and for what was trashed.
    """
    stamps = tuple(_stamp(path) for path in sorted(parts))
    if not stamps:
        return ()
    return _list_named(stamps) if named else _list_ids(stamps)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), found.st_mtime_ns, found.st_size


@lru_cache(maxsize=16)
def _list_ids(stamps: tuple[Stamp, ...]) -> tuple[Exported, ...]:
    held, broken = _read_each([Path(stamp[0]) for stamp in stamps], _read_ids)
    runs: dict[tuple[Path, str, str], list[Path]] = {}
    for project, run_id, name in sorted(held):
        path = Path(name)
        runs.setdefault((path.parent.parent, project, run_id), []).append(path)
    found = [Exported(*key, parts=tuple(paths)) for key, paths in sorted(runs.items())]
    return (*found, *(Exported(path.parent.parent, "", "", (path,)) for path in broken))


@lru_cache(maxsize=16)
def _list_named(stamps: tuple[Stamp, ...]) -> tuple[Exported, ...]:
    rows, _ = _read_each([Path(stamp[0]) for stamp in stamps], _read_names)
    names: dict[tuple[str, str], set[str]] = {}
    for project, run_id, text in rows:
        names.setdefault((project, run_id), set()).add(text)
    known = [(run, names.get((run.project, run.run_id), set())) for run in _list_ids(stamps)]
    return tuple(
        replace(run, names=tuple(sorted(texts - {"", _TRASHED})), trashed=_TRASHED in texts)
        for run, texts in known
    )


def _read_each(
    paths: list[Path], read: Callable[[list[Path]], list[tuple[str, str, str]]]
) -> tuple[list[tuple[str, str, str]], list[Path]]:
    """What ``read`` finds in all files, and the files that cannot be read.

    They are read at once; only where that fails one by one, to tell which of them is broken.
    """
    try:
        return read(paths), []
    except NoDuckDB:
        raise
    except TrackerError:
        if len(paths) == 1:
            return [], paths
    each = [_read_each([path], read) for path in paths]
    return [row for rows, _ in each for row in rows], [path for _, bad in each for path in bad]


def _read_ids(paths: list[Path]) -> list[tuple[str, str, str]]:
    """Project, run and file; the footers tell where each file holds but one run."""
    with open_parquet(paths) as table:
        if not table.columns >= _NEEDED:
            return []
        single: dict[str, dict[str, str]] = {}
        for name, column, low, high in table.rows(_ENDS):
            if low == high and isinstance(low, str):
                single.setdefault(name, {})[column] = low
        sure = {name: ids for name, ids in single.items() if len(ids) == 2}
        mixed = [str(path) for path in paths if str(path) not in sure]
        found = [(ids["project_id"], ids["run_id"], name) for name, ids in sure.items()]
        found += table.rows(_DISTINCT, mixed) if mixed else ()
    return [(clean_text(project), clean_text(run), name) for project, run, name in found]


_ENDS = """
    SELECT file_name, path_in_schema, min(stats_min_value), max(stats_max_value) FROM {footers}
    WHERE path_in_schema IN ('project_id', 'run_id') GROUP BY ALL
    HAVING count(*) = count(stats_min_value)
"""
_DISTINCT = """
    SELECT DISTINCT project_id, run_id, filename FROM {files}
    WHERE filename IN (SELECT unnest(?)) AND project_id IS NOT NULL AND run_id IS NOT NULL
    LIMIT 1000000
"""
_NAMED = """
    SELECT DISTINCT project_id, run_id, attribute_path, left(string_value, 300), bool_value
    FROM {files} WHERE attribute_path IN (SELECT unnest(?))
    AND project_id IS NOT NULL AND run_id IS NOT NULL LIMIT 1000000
"""


def _read_names(paths: list[Path]) -> list[tuple[str, str, str]]:
    """Project, run and each of its names; a mark among them says that it is in the trash."""
    with open_parquet(paths) as table:
        if not table.columns >= {*_NEEDED, "string_value", "bool_value"}:
            return []
        return [
            (clean_text(project), clean_text(run), _TRASHED if gone else clean_text(text or ""))
            for project, run, path, text, gone in table.rows(_NAMED, _NAMES)
            if path != "sys/trashed" or gone
        ]


def read_exported(
    run: Exported,
    ref: str,
    roots: tuple[Path, ...],
    *,
    wanted: Callable[[str], bool],
    shown: Callable[[str], bool],
) -> Recorded:
    """All that an export holds of a run; raises TrackerError where it cannot be read.

    ``roots`` are the folders where its files may lie. ``wanted`` says of which attributes the text
    is kept that was uploaded, ``shown`` which series are read.
    """
    for path in run.parts:
        if is_pointer(path):
            raise TrackerError(f"{path} is a git-lfs pointer.", "Run 'git lfs pull' first.")
    with open_parquet(run.parts) as table:
        missing = sorted(_NEEDED - table.columns)
        if missing or not run.run_id:
            raise TrackerError(
                f"{run.parts[0]} is no export of Neptune: it has no {', '.join(missing) or 'run'}.",
                "Name a file or folder that neptune-exporter wrote.",
            )
        rows = RunRows(table, run.project, run.run_id)
        attributes = {**rows.scalars(), **rows.sets()}
        series, found = rows.series(shown), rows.uploads()
    uploads = Uploads(roots, run.project)
    return Recorded(
        ref=ref,
        project=run.project,
        run_id=run.run_id,
        attributes=attributes,
        series=series,
        files=uploads.find_files(found),
        artifacts=uploads.find_artifacts(found),
        texts=uploads.read_texts(found, wanted),
        unavailable=UNAVAILABLE_3 if _is_3(attributes, run) else UNAVAILABLE_2,
    )


def _is_3(attributes: dict[str, Value], run: Exported) -> bool:
    """Whether it was logged with Neptune 3.x, where a run goes by the id that a person chose."""
    own, number = attributes.get("sys/custom_run_id"), attributes.get("sys/id")
    return any(path in attributes for path in _ONLY_3) or (own == run.run_id != number)
