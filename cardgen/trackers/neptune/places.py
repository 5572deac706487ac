"""From a locator to a run: where Neptune's data may lie in a project, and what may be read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers.neptune.files import list_folder
from cardgen.trackers.neptune.find import Found, find_stored, pick

SEARCH_DEPTH = 6
"""Folders below the root in which a run is looked for that was named without a place."""

_USUAL = ("export", "exports", "data", ".neptune")


class Places:
    """The places of one project: inside its root, and the export that its settings name."""

    def __init__(self, config: TrackerConfig) -> None:
        self._root = config.root.resolve()
        self._options = config.options
        self._project = str(
            config.options.get("project") or config.environ.get("NEPTUNE_PROJECT") or ""
        )

    @cached_property
    def exports(self) -> tuple[Path, ...]:
        """The exports that the settings name; they may be missing."""
        return tuple((self._root / text).resolve() for text in self._texts("export"))

    def allow(self, place: Path) -> bool:
        """Whether a place may be read: links and ``..`` do not lead out of the project."""
        return any(place.is_relative_to(top) for top in (self._root, *self.exports))

    def find(self, locator: str) -> Found | None:
        """The run that a locator names; none where nothing that lies here does.

        Raises TrackerError where it could be several.
        """
        place, quoted = self._split(locator)
        if place is not None:
            found = pick(find_stored(place), quoted, self.format_ref)
            if found is not None or "#" in locator:
                return found
        for stored in self._search():
            own = tuple(run for run in stored if run.name.startswith(f"{self._project}/"))
            found = pick(own, locator, self.format_ref) if self._project else None
            found = found or pick(stored, locator, self.format_ref)
            if found is not None:
                return found
        return None

    def find_uploads(self, data: Path) -> tuple[Path, ...]:
        """The folders in which the files of an export may lie."""
        named = tuple(self._root / text for text in self._texts("files"))
        return named or (data.parent / "files", data / "files")

    def format_ref(self, found: Found) -> str:
        """A run's full ref, relative to the root."""
        # The folder above a root that is itself a run's folder may not be named.
        place, name = (found.place, found.name) if self.allow(found.place) else (found.file, "")
        text = place.as_posix()
        if place.is_relative_to(self._root):
            text = place.relative_to(self._root).as_posix()
        return f"neptune:{text}{'#' if name else ''}{name}"

    def explain_missing(self, locator: str) -> TrackerError:
        """Why nothing was found, and what to do."""
        place, quoted = self._split(locator)
        if place is None and "#" in locator:
            head = locator.partition("#")[0]
            return TrackerError(
                f"There is no file or folder '{head}' in {self._root}.", "Correct the run ref."
            )
        where = f"in {place}" if place is not None else f"in {self._root}"
        return TrackerError(
            f"No run '{quoted or locator}' of Neptune lies {where}.{self._count_broken(place)}",
            "Name its place, as in neptune:exports/data#team/qa/QA-1, or set"
            " 'trackers.neptune.export' in cardgen.yaml, or, for a server of your own,"
            " NEPTUNE_API_TOKEN.",
        )

    def _count_broken(self, place: Path | None) -> str:
        stored = find_stored(place) if place is not None else tuple(*self._search_first())
        broken = [run for run in stored if not run.readable]
        return f" {len(broken)} files there cannot be read." if broken else ""

    def _search_first(self) -> Iterator[tuple[Found, ...]]:
        for stored in self._search():
            yield stored
            return

    def _search(self) -> Iterator[tuple[Found, ...]]:
        """What lies in the export of the settings, in the usual folders, and anywhere near."""
        for place in self.exports:
            if not place.exists():
                raise TrackerError(
                    f"There is no export of Neptune at {place}.",
                    "Correct 'trackers.neptune.export' in cardgen.yaml.",
                )
        if self.exports:
            yield tuple(run for place in self.exports for run in find_stored(place))
            return
        usual = [
            self._root / name
            for name in list_folder(self._root).folders
            if name in _USUAL or "neptune" in name.lower()
        ]
        if usual:
            yield tuple(run for place in usual for run in find_stored(place))
        yield find_stored(self._root, SEARCH_DEPTH)

    def _split(self, locator: str) -> tuple[Path | None, str]:
        """The place that a locator begins with, and what follows ``#``.

        Folder names may hold ``#`` themselves, so each is tried. ``run__<uuid>`` stands for all
        folders that processes of one run wrote.
        """
        head = Path(locator)
        if head.name.startswith("run__") and (place := self._locate(str(head.parent))) is not None:
            return place, head.name
        if (place := self._locate(locator)) is not None:
            return place, ""
        for at in (index for index, char in enumerate(locator) if char == "#"):
            if at and (place := self._locate(locator[:at])) is not None:
                return place, locator[at + 1 :]
        return None, locator

    def _locate(self, text: str) -> Path | None:
        """A path that is there, resolved; raises TrackerError where it may not be read."""
        try:
            place = (self._root / text).resolve()
            there = place.exists()
        except (OSError, ValueError, RuntimeError):
            return None
        if there and not self.allow(place):
            raise TrackerError(
                f"'{text}' lies outside the project {self._root}.",
                "Copy it into the project, or name it as 'trackers.neptune.export' in"
                " cardgen.yaml.",
            )
        return place if there else None

    def _texts(self, option: str) -> tuple[str, ...]:
        value = self._options.get(option)
        texts = [value] if isinstance(value, str) else value or []
        if not isinstance(texts, (list, tuple)) or not all(isinstance(t, str) for t in texts):
            raise TrackerError(
                f"'trackers.neptune.{option}' is no path.", "Write a path, or a list of paths."
            )
        return tuple(texts)
