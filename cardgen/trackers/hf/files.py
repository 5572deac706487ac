"""The files of a Trainer's output folder, read safely.

Only what lies inside the project is opened (a link may not lead out), only regular files, and
never a weight or a pickle: ``training_args.bin``, ``optimizer.pt`` and the like are seen by name
alone.
"""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any, BinaryIO

from cardgen.errors import TrackerError
from cardgen.trackers._folder import Folder

MAX_JSON = 64 * 1024 * 1024
"""Bytes of a JSON file that is read; a hundred thousand log entries take a third of it."""

MAX_TEXT = 1024 * 1024
"""Bytes of a model card or YAML file that are read."""

_OPENED = re.compile(r"\.(?:json|md|txt|yaml)$|(?:^|\.)tfevents\.", re.IGNORECASE)
_WEIGHTS = re.compile(
    r"^(?:(?:pytorch_model|model|adapter_model)(?:[-.]\d+-of-\d+)?\.(?:safetensors|bin)"
    r"|(?:model\.safetensors|pytorch_model\.bin)\.index\.json"
    r"|tf_model\.h5|flax_model\.msgpack|model_head\.pkl)$"
)
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\s.*?^oid (sha256:[0-9a-f]{64})$.*?"
    rb"^size (\d{1,18})$",
    re.DOTALL | re.MULTILINE,
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class UnreadableFile(TrackerError):
    """A file is there and cannot be read as what its name says."""


def find_folder(locator: str, root: Path) -> Folder:
    """The folder that a locator names; raises TrackerError unless it lies inside the root."""
    try:
        real_root = root.resolve()
        path = (real_root / locator).resolve()
        there = path.is_dir()
    except (OSError, ValueError, RuntimeError):
        there = False
    if not there:
        raise TrackerError(
            f"There is no folder '{locator}' in {root}.",
            "Name the output folder relative to the project's root, as in hf:experiments/qa-1.",
        )
    if not path.is_relative_to(real_root):
        raise TrackerError(
            f"The folder '{locator}' lies outside the project {root}.",
            "Copy the output folder into the project.",
        )
    return Folder(real_root, path, path.relative_to(real_root).as_posix())


def is_weights(name: str) -> bool:
    """Whether a file of that name holds a model, or says in which files it is."""
    return _WEIGHTS.match(name) is not None


def open_file(folder: Folder, name: str) -> BinaryIO:
    """Open a file to read; raises UnreadableFile where it is no regular file of the project."""
    path, label = folder.path / name, folder.inner(name).name
    if not _OPENED.search(name):
        raise UnreadableFile(f"{label} is not opened: it may hold a pickle.", "Leave it out.")
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder.root):
            raise UnreadableFile(f"{label} is a link out of the project.", "Copy the file.")
        descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "it cannot be reached"
        raise UnreadableFile(f"{label} cannot be opened: {why}.", "Check the file.") from None
    stream = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise UnreadableFile(f"{label} is no regular file.", "Check the file.")
    return stream


def load_text(folder: Folder, name: str, limit: int = MAX_TEXT) -> str:
    """A UTF-8 file's text, up to ``limit`` bytes; raises UnreadableFile."""
    with open_file(folder, name) as stream:
        data = stream.read(limit)
    _refuse_pointer(data, folder.inner(name).name)
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def load_json(folder: Folder, name: str) -> dict[str, Any]:
    """A JSON file's object; raises UnreadableFile where it is cut, too large or something else."""
    label = folder.inner(name).name
    with open_file(folder, name) as stream:
        data = stream.read(MAX_JSON + 1)
    if len(data) > MAX_JSON:
        raise UnreadableFile(
            f"{label} is larger than {MAX_JSON // 1024 // 1024} MB.", "Shorten its log_history."
        )
    _refuse_pointer(data, label)
    value = parse_json(data.decode("utf-8-sig", "replace"), label)
    if not isinstance(value, dict):
        raise UnreadableFile(f"{label} holds no JSON object.", "Restore the file.")
    return value


def parse_json(text: str, label: str) -> Any:
    """Read JSON as the Trainer writes it, NaN and Infinity included; raises UnreadableFile."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableFile(
            f"{label} is no valid JSON{where}; it may be cut.", "Restore the file."
        ) from None
    return _clean(value) if "\\ud" in text.lower() else value


def _clean(value: Any) -> Any:
    """Half a character, which JSON can write and UTF-8 cannot, becomes a question mark."""
    if isinstance(value, str):
        return _SURROGATE.sub("?", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def _refuse_pointer(data: bytes, label: str) -> None:
    if _POINTER.match(data[:1024]):
        raise UnreadableFile(f"{label} is a git-lfs pointer.", "Run 'git lfs pull' first.")


def find_size(folder: Folder, name: str) -> tuple[int | None, str]:
    """A file's size in bytes and its digest, the latter only where git-lfs wrote it down.

    Weights are read only where the file is as short as a git-lfs pointer.
    """
    path = folder.path / name
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None, ""
        size = path.stat().st_size
        if size > 1024 or not is_weights(name) or not path.resolve().is_relative_to(folder.root):
            return size, ""
        with path.open("rb") as stream:
            found = _POINTER.match(stream.read(1024))
    except (OSError, RuntimeError):
        return None, ""
    return (int(found[2]), found[1].decode()) if found else (size, "")
