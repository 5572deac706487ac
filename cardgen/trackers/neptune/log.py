"""One log of Neptune's client: a JSON object a line, read while it may still be written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from cardgen.errors import TrackerError
from cardgen.trackers._numbers import make_float
from cardgen.trackers.neptune.files import open_regular

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one operation; pictures and file contents beyond it are passed over."""

LATEST = 1e11
"""Unix seconds that no clock has shown yet."""

_LARGE = re.compile(rb'"type": ?"(?:LogImages|UploadFileContent|LogStrings)"')


def read_log(path: Path) -> Iterator[tuple[Mapping[str, Any], int, float | None]]:
    """A file's operations. The last line may be cut, as a killed process leaves it."""
    cut = 0
    with open_regular(path) as stream:
        for number, line in enumerate(_read_lines(path, stream), 1):
            if not line.strip():
                continue
            if cut:
                raise damaged(path, cut, "it is no JSON, and lines follow")
            operation = _parse_line(line)
            if operation is None:
                cut = number
                continue
            yield operation


def _read_lines(path: Path, stream: BinaryIO) -> Iterator[bytes]:
    """Lines in bounds; pictures and the like that are too long are passed over."""
    try:
        while line := stream.readline(MAX_LINE):
            whole = line.endswith(b"\n") or len(line) < MAX_LINE
            if whole:
                yield line
                continue
            while (rest := stream.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
            if not _LARGE.search(line[:200]):
                size = MAX_LINE >> 20
                raise TrackerError(f"{path} has a line of over {size} MB.", "It is not read.")
    except OSError as error:
        raise TrackerError(f"{path} cannot be read: {error}.", "Check the file.") from None


def _parse_line(line: bytes) -> tuple[Mapping[str, Any], int, float | None] | None:
    """Operation, version and time of a line; none where it holds no whole operation."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or not isinstance(values.get("obj"), dict):
        return None
    version, time = values.get("version"), make_float(values.get("at"))
    known = time is not None and 0 < time < LATEST
    return values["obj"], version if isinstance(version, int) else 0, time if known else None


def damaged(path: Path, where: int, why: str) -> TrackerError:
    return TrackerError(
        f"{path} is damaged at line or version {where}: {why}.",
        "Restore the file, or delete that line to read the rest.",
    )
