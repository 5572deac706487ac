"""Reading the small files of a file store: ``meta.yaml`` and one value a file.

MLflow writes ``meta.yaml`` with YAML 1.1, one short line a key. Such lines are read as the text
they are: a thousand runs are read quickly, and a run whose name is ``1e-4`` keeps it. Anything
else in the file goes to the YAML reader.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

from cardgen.errors import TrackerError
from cardgen.safeyaml import UnsafeYaml, parse_yaml

META = "meta.yaml"
MAX_META = 1024 * 1024

_LFS = b"version https://git-lfs.github.com/spec/"
# Python 2 and foreign clients name the type of a plain value; that changes nothing here.
_TAG = r"(?:!!(?:str|int|float|null|bool|python/(?:unicode|str|int|long)) )?"
_KEY = r"([A-Za-z_][\w.\-]*|'[^']*')"
_QUOTED = r"'([^']*)'|\"([^\"\\]*)\""
_PLAIN = r"([A-Za-z0-9_./\\<(\-](?:[^:#]|:(?=\S)|(?<=\S)#)*)"
_LINE = re.compile(rf"{_KEY}:(?: +{_TAG}(?:{_QUOTED}|{_PLAIN}|(\[\]|\{{\}})))?[ \t]*")
_TAGGED = re.compile(rf"^(\s*{_KEY}: +){_TAG}")
_INDENT = re.compile(r" {2,8}(?=\S)")
_NULLS = ("null", "~", "Null", "NULL")
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_CHUNK = 8 * 1024

Meta = dict[str, Any]


class UnreadableFile(TrackerError):
    """A file is there and holds nothing that can be used."""


def read_bytes(path: str | Path, limit: int) -> bytes:
    """The content of a regular file, no link followed.

    Raises UnreadableFile for what is larger than ``limit``, no file, or a git-lfs pointer.
    """
    try:
        handle = os.open(path, _FLAGS | _BINARY)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadableFile(f"{path} cannot be read: {reason}.", "Check the file.") from None
    try:
        content = _read_all(handle, limit)
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error}.", "Check the file.") from None
    finally:
        os.close(handle)
    if content is None:
        raise UnreadableFile(f"{path} is too large or no plain file.", "Check the file.")
    if content.startswith(_LFS):
        raise UnreadableFile(f"{path} is a git-lfs pointer.", "Run 'git lfs pull'.")
    return content


def _read_all(handle: int, limit: int) -> bytes | None:
    first = os.read(handle, _CHUNK)
    if len(first) < _CHUNK:
        return first if len(first) <= limit else None
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
        return None
    parts = [first]
    while sum(map(len, parts)) <= limit and (part := os.read(handle, 2**20)):
        parts.append(part)
    content = b"".join(parts)
    return content if len(content) <= limit else None


def read_meta(folder: str | Path, drop: tuple[str, ...] = ()) -> Meta | None:
    """The keys of a folder's ``meta.yaml``; none where it is missing or empty.

    Plain values are text, also numbers; ``drop`` names long entries that nobody wants. Raises
    UnreadableFile where there is something and it is no ``key: value``.
    """
    path = f"{folder}/{META}"
    try:
        content = read_bytes(path, MAX_META)
    except UnreadableFile:
        if os.path.lexists(path):
            raise
        return None
    text = content.decode("utf-8-sig", "replace")
    if not text.strip():
        return None
    try:
        return parse_meta(text, drop)
    except UnsafeYaml as error:
        raise UnreadableFile(
            f"{path}:{error.line}: {error.message}", "Restore it from git or repair it."
        ) from None


def parse_meta(text: str, drop: tuple[str, ...] = ()) -> Meta:
    """Read the text of a ``meta.yaml``; raises UnsafeYaml where it is no mapping."""
    lines = _drop_entries(text.splitlines(), drop)
    meta: Meta = {}
    if _read_simple(lines, meta):
        return meta
    untagged = [_TAGGED.sub(r"\1", line, count=1) for line in lines]
    parsed = parse_yaml("\n".join(untagged) + "\n", max_bytes=MAX_META)
    if not isinstance(parsed, dict):
        raise UnsafeYaml("This is no list of 'key: value' lines.", 1)
    _read_simple([line for line in lines if line[:1] not in " \t-"], meta, skip=True)
    recovered = {key: meta[key] for key, value in parsed.items() if _is_number(value, key, meta)}
    return {str(key): value for key, value in parsed.items()} | recovered


def _is_number(value: object, key: object, meta: Meta) -> bool:
    """Whether YAML 1.2 made a number of what the line has as text, such as a name ``1e-4``."""
    return isinstance(value, (bool, int, float)) and isinstance(meta.get(str(key)), str)


def _drop_entries(lines: list[str], drop: tuple[str, ...]) -> list[str]:
    if not drop:
        return lines
    heads = tuple(f"{key}:" for key in drop)
    kept, dropping = [], False
    for line in lines:
        if line[:1].strip():
            dropping = line.startswith(heads)
        if not dropping:
            kept.append(line)
    return kept


def _read_simple(lines: list[str], meta: Meta, *, skip: bool = False) -> bool:
    """Read simple lines into ``meta``; false at the first other one, unless these are skipped."""
    open_key = ""
    for line in lines:
        indent = _INDENT.match(line) if line[:1] == " " else None
        match = _LINE.fullmatch(line, indent.end() if indent else 0)
        if match is None or (indent and (not open_key or match.lastindex == 1)):
            if skip or not line.strip():
                continue
            return False
        key = match[1].strip("'")
        if indent:
            meta[open_key] = {**(meta[open_key] or {}), key: _read_value(match)}
        else:
            meta[key] = _read_value(match)
            open_key = key if match.lastindex == 1 else ""
    return True


def _read_value(match: re.Match[str]) -> object:
    _, single, double, plain, empty = match.groups()
    if empty is not None:
        return [] if empty == "[]" else {}
    if plain is not None:
        plain = plain.rstrip()
        return None if plain in _NULLS else plain
    return single if single is not None else double


def as_text(value: object) -> str:
    """A value of ``meta.yaml`` as text; empty for null and for what is no scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else ""
