"""Single values by the field that names them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from cardgen.trackers.neptune.mapping import Paths
from cardgen.trackers.neptune.values import Value


class Picker:
    """Values by the field that names them; remembers which paths were taken."""

    def __init__(self, attributes: Mapping[str, Value], paths: Paths) -> None:
        self._attributes = attributes
        self._paths = paths
        self.taken: set[str] = set()

    def select(self, field: str, paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(path, name) of those paths that a field names."""
        return self._paths.select(field, paths)

    def values(self, field: str) -> Iterator[tuple[str, Value]]:
        """Path and value of all that a field names, in the order of its patterns."""
        for path, _ in self._paths.select(field, self._attributes):
            yield path, self._attributes[path]

    def texts(self, field: str) -> Iterator[tuple[str, str]]:
        """Path and text of all that hold one; ``None`` is what the client makes of no value."""
        for path, value in self.values(field):
            if isinstance(value, str) and value.strip() not in ("", "None"):
                yield path, value

    def text(self, field: str) -> str:
        """The first text, empty where there is none."""
        for path, value in self.texts(field):
            self.taken.add(path)
            return value
        return ""

    def flag(self, field: str) -> bool | None:
        """The first truth value."""
        return next((value for _, value in self.values(field) if isinstance(value, bool)), None)

    def time(self, field: str) -> dt.datetime | None:
        """The first time."""
        return next((v for _, v in self.values(field) if isinstance(v, dt.datetime)), None)
