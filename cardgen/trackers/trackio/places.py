"""From a locator to a run: where Trackio's files may lie, and what may be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from cardgen.errors import GoneError, TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers.trackio.find import Found, as_stores, find_stores, label
from cardgen.trackers.trackio.parquet import Backup
from cardgen.trackers.trackio.record import Store
from cardgen.trackers.trackio.sqlite import Database

_USUAL = (".trackio", "trackio", "")
_OLDEST = "trackio"


class Places:
    """The places of one project: inside its root, and those that settings or variables name."""

    def __init__(self, config: TrackerConfig) -> None:
        self._root = config.root.resolve()
        self._options = config.options
        self._environ = config.environ

    @cached_property
    def named(self) -> tuple[Path, ...]:
        """The folders that ``dir`` or TRACKIO_DIR names; only they may lie outside the project."""
        given = self._options.get("dir") or self._environ.get("TRACKIO_DIR") or ()
        texts = given if isinstance(given, (list, tuple)) else [given]
        return tuple((self._root / Path(str(text)).expanduser()).resolve() for text in texts)

    def find(self, locator: str) -> Found:
        """The run that a locator names; raises TrackerError where none or several fit."""
        for path, quoted in _split(locator):
            place = self._locate(path)
            if place is not None:
                return self._pick(self._open(place), quoted, locator)
        head = locator.partition("#")[0]
        if head != locator and head.endswith((".db", ".parquet")):
            raise TrackerError(
                f"There is no file '{head}' in {self._root}.",
                "Name the database relative to the project's root, as in"
                " trackio:trackio/qa.db#run.",
            )
        return self._find_by_project(locator)

    def find_refs(self, location: Path) -> tuple[str, ...]:
        """The refs of all runs in or below a folder, or in a file; sorted."""
        location = location.resolve()
        if not self._allows(location):
            raise TrackerError(
                f"{location} lies outside the project {self._root}.",
                "Copy it into it, or name it with 'trackers.trackio.dir' in cardgen.yaml.",
            )
        refs = []
        for store in find_stores(location):
            try:
                refs += [self.format_ref(found) for found in label(store)]
            except TrackerError:
                continue  # damaged, or locked by its writer: fetching it says so
        return tuple(sorted(refs))

    def format_ref(self, found: Found) -> str:
        """A run's full ref, relative to the root."""
        path = found.store.path
        if path.is_relative_to(self._root):
            return f"trackio:{path.relative_to(self._root).as_posix()}#{found.label}"
        name = found.identity.project
        if path.parent in self.named and name:
            return f"trackio:{name}/{found.label.removeprefix(f'{name}/')}"
        return f"trackio:{path.as_posix()}#{found.label}"

    def _find_by_project(self, locator: str) -> Found:
        looked = []
        for folder in self.named or tuple(self._root / name for name in _USUAL):
            if not folder.is_dir() or not self._allows(folder.resolve()):
                continue
            looked.append(folder)
            for found in self._match_project(folder, locator):
                return found
        where = ", ".join(str(folder) for folder in looked) or str(self._root)
        raise TrackerError(
            f"No run '{locator}' of Trackio lies in {where}.",
            "Name its file, as in trackio:trackio/qa.db#run, or set TRACKIO_DIR or"
            " 'trackers.trackio.dir' in cardgen.yaml.",
        )

    def _match_project(self, folder: Path, locator: str) -> Iterator[Found]:
        """The run where a prefix of the locator names a project of the folder."""
        parts = locator.split("/")
        for count in range(1, len(parts)):
            project, quoted = "/".join(parts[:count]), "/".join(parts[count:])
            names = {safe_name(project): quoted, _OLDEST: locator}
            for name, wanted in names.items():
                store = _find_store(folder, name)
                if store is not None and (name != _OLDEST or _has(store, project)):
                    yield self._pick([store], wanted, locator)

    def _locate(self, text: str) -> Path | None:
        """A path that is there, resolved; raises TrackerError where it may not be read."""
        try:
            place = (self._root / text).resolve()
            there = place.exists()
        except (OSError, ValueError, RuntimeError):
            return None
        if there and not self._allows(place):
            raise TrackerError(
                f"'{text}' lies outside the project {self._root}.",
                "Copy it into the project, or name its folder with 'trackers.trackio.dir' in"
                " cardgen.yaml.",
            )
        # A folder is a place only where it holds stores: a project may have one of its own name.
        holds = there and (place.is_file() or next(find_stores(place), None) is not None)
        return place if holds else None

    def _allows(self, place: Path) -> bool:
        return any(place.is_relative_to(top) for top in (self._root, *self.named))

    def _open(self, place: Path) -> list[Store]:
        if place.is_file():  # what it is shows when it is read
            return [Backup(place) if place.suffix == ".parquet" else Database(place)]
        return list(find_stores(place))

    def _pick(self, stores: Iterable[Store], quoted: str, locator: str) -> Found:
        """The run of that id, else of that name; all of one name or several files are listed."""
        found = [run for store in stores for run in label(store)]
        fit = _match(found, quoted)
        if len(fit) == 1:
            return fit[0]
        refs = [self.format_ref(run) for run in (fit or found)]
        listed = ", ".join(refs[:8]) + (f" and {len(refs) - 8} more" if len(refs) > 8 else "")
        if fit:
            raise TrackerError(f"Several runs of Trackio fit '{locator}'.", f"Name one: {listed}.")
        raise GoneError(
            f"No run of Trackio fits '{locator}'.",
            f"There are: {listed}." if refs else "The file holds no runs.",
        )


def _match(found: list[Found], quoted: str) -> list[Found]:
    """The runs of that id, else of that label, else of that name; all where none is quoted."""
    if not quoted:
        return found
    by_id = [run for run in found if run.identity.run_id == quoted]
    by_label = [run for run in found if run.label == quoted]
    return by_id or by_label or [run for run in found if run.identity.name == quoted]


def _find_store(folder: Path, name: str) -> Store | None:
    return next(as_stores(folder, _existing(folder, name)), None)


def _existing(folder: Path, name: str) -> list[str]:
    names = (f"{name}.db", f"{name}.parquet")
    return [n for n in names if (folder / n).is_file() and not (folder / n).is_symlink()][:1]


def _has(store: Store, project: str) -> bool:
    return any(run.project == project for run in store.find_identities())


def safe_name(project: str) -> str:
    """What a project's file is called: letters, digits, ``-`` and ``_`` of its name."""
    kept = "".join(char for char in project if char.isalnum() or char in "-_")
    return kept or "default"


def _split(locator: str) -> Iterator[tuple[str, str]]:
    """Each way to read a locator as a path and a run: both may hold ``#``."""
    yield locator, ""
    for at in (index for index, char in enumerate(locator) if char == "#"):
        if at:
            yield locator[:at], locator[at + 1 :]
