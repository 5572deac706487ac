"""The files that neptune-exporter downloaded: ``files/`` beside ``data/``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cardgen.models import RunFile
from cardgen.trackers.neptune.collect import MAX_FILES
from cardgen.trackers.neptune.files import join_inside, list_files, measure, read_start
from cardgen.trackers.neptune.record import Tracked
from cardgen.trackers.neptune.values import clean_text

MAX_LIST = 16 * 1024 * 1024
"""Bytes of an artifact's list of files that are read."""


@dataclass(frozen=True)
class Upload:
    """A file attribute as the export names it; ``relative`` is its path below ``files/``."""

    path: str
    kind: str
    relative: str


@dataclass(frozen=True)
class Uploads:
    """Where a run's files may lie; what would lead out of there is not seen."""

    roots: tuple[Path, ...]
    project: str

    def find_files(self, uploads: Iterable[Upload]) -> dict[str, tuple[RunFile, ...]]:
        """The files of each attribute that is no artifact, with the sizes of those found."""
        files: dict[str, tuple[RunFile, ...]] = {}
        room = MAX_FILES
        for upload in uploads:
            if upload.kind != "artifact" and room > 0:
                found = tuple(self._list(upload, room))
                files[upload.path] = (*files.get(upload.path, ()), *found)
                room -= len(found)
        return files

    def find_artifacts(self, uploads: Iterable[Upload]) -> dict[str, tuple[Tracked, ...]]:
        """The files that each artifact tracked, with their hashes."""
        return {
            upload.path: tuple(_parse_artifact(self._read(upload, MAX_LIST)))
            for upload in uploads
            if upload.kind == "artifact"
        }

    def read_texts(
        self, uploads: Iterable[Upload], wanted: Callable[[str], bool]
    ) -> dict[str, str]:
        """The content of the wanted files, cut where it is long."""
        return {
            upload.path: self._read(upload).decode("utf-8", "replace")
            for upload in uploads
            if upload.kind == "file" and wanted(upload.path)
        }

    def _list(self, upload: Upload, room: int) -> Iterator[RunFile]:
        place = self._locate(upload.relative)
        if upload.kind == "file_series":
            name = PurePosixPath(upload.relative.replace("\\", "/")).name
            yield _describe(f"{upload.path}/{clean_text(name, 300)}", place)
        elif upload.kind == "file_set" and place is not None:
            for inner in list_files(place, room):
                yield _describe(f"{upload.path}/{inner}", place / inner)
        else:
            yield _describe(upload.path, place)

    def _read(self, upload: Upload, *limit: int) -> bytes:
        place = self._locate(upload.relative)
        return read_start(place, *limit) if place is not None else b""

    def _locate(self, relative: str) -> Path | None:
        for root in self.roots:
            for top in (root / safe_name(self.project), root):
                place = join_inside(top, relative.replace("\\", "/")) if relative else None
                if place is not None and place.exists():
                    return place
        return None


def safe_name(text: str) -> str:
    """A project or run as the exporter names its folder or file: made safe, and a hash."""
    safe = "".join(char if char.isalnum() or char in "_-" else "_" for char in text)
    return f"{safe}-{hashlib.blake2b(text.encode(errors='replace'), digest_size=8).hexdigest()}"


def _describe(name: str, place: Path | None) -> RunFile:
    size, digest = measure(place) if place is not None else (None, "")
    return RunFile(path=name, size=size, digest=digest)


def _parse_artifact(data: bytes) -> Iterator[Tracked]:
    try:
        entries = json.loads(data) if data else []
    except (ValueError, RecursionError):
        return
    for entry in entries[:MAX_FILES] if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("filePath"), str):
            yield Tracked(_text(entry, "filePath"), _text(entry, "fileHash"))


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return clean_text(value, 1024) if isinstance(value, str) else ""
