"""What the operations of the Neptune client add up to, one after the other."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from cardgen.models import RunFile
from cardgen.trackers._numbers import make_float
from cardgen.trackers.neptune.collect import (
    MAX_FILES,
    FileCollector,
    SeriesCollector,
    set_attribute,
)
from cardgen.trackers.neptune.files import MAX_SMALL, measure, read_start
from cardgen.trackers.neptune.log import LATEST
from cardgen.trackers.neptune.record import Recorded, Tracked
from cardgen.trackers.neptune.values import Value, clean_text, make_time, make_value

MAX_PATH = 1024


class Replay:
    """State of a run while its operations are applied.

    ``wanted`` says of which attributes the uploaded text is kept, ``shown`` which series are;
    ``numbered`` says whether the log begins at the run's first operation, so that points without a
    step can be counted.
    """

    def __init__(
        self,
        wanted: Callable[[str], bool],
        shown: Callable[[str], bool],
        *,
        numbered: bool = True,
    ) -> None:
        self._wanted = wanted
        self._numbered = numbered
        self._attributes: dict[str, Value] = {}
        self._series = SeriesCollector(shown)
        self._files = FileCollector()
        self._artifacts: dict[str, tuple[Tracked, ...]] = {}
        self._digests: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._folder = Path()
        self._seen: tuple[float, float] | None = None

    @property
    def seen(self) -> tuple[float, float] | None:
        """First and last moment, Unix seconds, at which the client's own monitoring logged."""
        return self._seen

    def apply(self, operation: Mapping[str, Any], folder: Path) -> None:
        """Apply one operation that was logged in a folder; unknown kinds change nothing.

        Raises ValueError where a known operation has not the form that it must have.
        """
        kind, parts = operation.get("type"), operation.get("path")
        handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            return
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise ValueError("an operation has no path")
        self._folder = folder
        handler(self, clean_text("/".join(parts), MAX_PATH), operation)

    def finish(self, **found: Any) -> Recorded:
        """All that was recorded; ``found`` are further fields of the record."""
        return Recorded(
            attributes=self._attributes,
            series=self._series.finish(),
            files=self._files.finish(),
            artifacts=self._artifacts,
            digests=self._digests,
            texts=self._texts,
            **found,
        )

    def _set(self, path: str, value: Value | None) -> None:
        if value is None:
            raise ValueError("an operation has no value")
        set_attribute(self._attributes, path, value)

    def _assign(self, path: str, operation: Mapping[str, Any]) -> None:
        self._set(path, make_value(operation.get("value")))

    def _assign_float(self, path: str, operation: Mapping[str, Any]) -> None:
        self._set(path, make_float(operation.get("value")))

    def _assign_time(self, path: str, operation: Mapping[str, Any]) -> None:
        milliseconds = make_float(operation.get("value"))
        self._set(path, None if milliseconds is None else make_time(milliseconds / 1000))

    def _add_strings(self, path: str, operation: Mapping[str, Any]) -> None:
        self._set(path, self._strings(path) | _texts(operation, "values"))

    def _remove_strings(self, path: str, operation: Mapping[str, Any]) -> None:
        self._set(path, self._strings(path) - _texts(operation, "values"))

    def _clear_strings(self, path: str, _: Mapping[str, Any]) -> None:
        self._set(path, frozenset())

    def _strings(self, path: str) -> frozenset[str]:
        value = self._attributes.get(path)
        return value if isinstance(value, frozenset) else frozenset()

    def _log_floats(self, path: str, operation: Mapping[str, Any]) -> None:
        add = self._series.add_next if self._numbered else self._series.add
        for entry in _entries(operation):
            value = make_float(entry.get("value"))
            if value is None:
                raise ValueError("a point has no value")
            add(path, value, make_float(entry.get("step")))
        self._note_times(path, operation)

    def _note_times(self, path: str, operation: Mapping[str, Any]) -> None:
        """Times of the user's points can be set by the user; those of monitoring cannot."""
        if not path.startswith("monitoring/"):
            return
        for entry in _entries(operation):
            time = make_float(entry.get("ts"))
            if time is not None and 0 < time < LATEST:
                first, last = self._seen or (time, time)
                self._seen = min(first, time), max(last, time)

    def _clear_floats(self, path: str, _: Mapping[str, Any]) -> None:
        self._series.clear(path)

    def _log_images(self, path: str, operation: Mapping[str, Any]) -> None:
        for entry in _entries(operation):
            value = entry.get("value")
            data = value.get("data") if isinstance(value, dict) else value
            name = f"{path}/{self._files.count(path)}"
            self._files.add(path, RunFile(path=name, size=_decoded_size(data)))

    def _clear_images(self, path: str, _: Mapping[str, Any]) -> None:
        self._files.clear(path)

    def _upload(self, path: str, operation: Mapping[str, Any]) -> None:
        """A file kept beside the log is measured; a path on the user's machine is never opened."""
        self._files.clear(path)
        name = operation.get("tmp_file_name")
        if not isinstance(name, str) or PurePosixPath(name).name != name or not name.strip("."):
            self._files.add(path, RunFile(path=path))
            return
        kept = self._folder / "upload_path" / name
        size, digest = measure(kept)
        self._files.add(path, RunFile(path=path, size=size, digest=digest))
        if self._wanted(path):
            self._texts[path] = read_start(kept).decode("utf-8", "replace")

    def _upload_content(self, path: str, operation: Mapping[str, Any]) -> None:
        self._files.clear(path)
        content = operation.get("file_content")
        self._files.add(path, RunFile(path=path, size=_decoded_size(content)))
        if self._wanted(path) and isinstance(content, str) and len(content) < 2 * MAX_SMALL:
            try:
                self._texts[path] = base64.b64decode(content).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                raise ValueError("a file's content is no base64") from None

    def _upload_set(self, path: str, operation: Mapping[str, Any]) -> None:
        if operation.get("reset") not in ("False", False):
            self._files.clear(path)
        for pattern in sorted(_texts(operation, "file_globs")):
            name = PureWindowsPath(pattern).name
            known = name and not set("*?[") & set(pattern)
            self._files.add(path, RunFile(path=f"{path}/{name}" if known else path))

    def _delete_files(self, path: str, operation: Mapping[str, Any]) -> None:
        for name in _texts(operation, "file_paths"):
            self._files.remove(path, f"{path}/{name}")

    def _track(self, path: str, operation: Mapping[str, Any]) -> None:
        entries = operation.get("entries")
        if not isinstance(entries, list):
            raise ValueError("an artifact has no entries")
        for entry in entries[:MAX_FILES]:
            source = entry[0] if isinstance(entry, list) and entry else None
            if not isinstance(source, str):
                raise ValueError("an artifact's entry has no path")
            known = self._artifacts.get(path, ())
            self._artifacts[path] = (*known, Tracked(clean_text(source, MAX_PATH)))

    def _assign_artifact(self, path: str, operation: Mapping[str, Any]) -> None:
        self._digests[path] = clean_text(operation.get("hash", ""), 200)

    def _clear_artifact(self, path: str, _: Mapping[str, Any]) -> None:
        self._artifacts.pop(path, None)
        self._digests.pop(path, None)

    def _delete(self, path: str, operation: Mapping[str, Any]) -> None:
        self._attributes.pop(path, None)
        self._texts.pop(path, None)
        self._series.clear(path)
        self._files.clear(path)
        self._clear_artifact(path, operation)


def _texts(operation: Mapping[str, Any], key: str) -> frozenset[str]:
    values = operation.get(key)
    if not isinstance(values, list):
        raise ValueError("an operation has no list of texts")
    return frozenset(clean_text(value) for value in values[:MAX_FILES])


def _entries(operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = operation.get("values")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("an operation has no points")
    return entries


def _decoded_size(data: object) -> int | None:
    """Bytes that base64 text stands for."""
    if not isinstance(data, str):
        return None
    return len(data) * 3 // 4 - data[-2:].count("=")


_HANDLERS: Mapping[str, Callable[[Replay, str, Mapping[str, Any]], None]] = {
    "AssignFloat": Replay._assign_float,
    "AssignInt": Replay._assign,
    "AssignBool": Replay._assign,
    "AssignString": Replay._assign,
    "AssignDatetime": Replay._assign_time,
    "AssignArtifact": Replay._assign_artifact,
    "AddStrings": Replay._add_strings,
    "RemoveStrings": Replay._remove_strings,
    "ClearStringSet": Replay._clear_strings,
    "LogFloats": Replay._log_floats,
    "LogStrings": Replay._note_times,
    "ClearFloatLog": Replay._clear_floats,
    "LogImages": Replay._log_images,
    "ClearImageLog": Replay._clear_images,
    "UploadFile": Replay._upload,
    "UploadFileContent": Replay._upload_content,
    "UploadFileSet": Replay._upload_set,
    "DeleteFiles": Replay._delete_files,
    "TrackFilesToArtifact": Replay._track,
    "ClearArtifact": Replay._clear_artifact,
    "DeleteAttribute": Replay._delete,
}
