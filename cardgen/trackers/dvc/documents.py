"""Files of params and metrics as plain values: YAML, JSON, TOML, and Python by its literals alone.

The suffix decides, and YAML is what any other one means, as in DVC. Nothing is ever run.
"""

from __future__ import annotations

import ast
import csv
import datetime as dt
import io
import json
import posixpath
import re
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from cardgen.safeyaml import UnsafeYaml, parse_yaml
from cardgen.trackers.dvc.trees import UnreadableFile

MAX_YAML = 512 * 1024
"""Bytes of a YAML file that are read; a stage of a lock takes some hundred."""

MAX_TEXT = 16 * 1024 * 1024
"""Bytes of a file of metrics or points that are read."""

MAX_PYTHON = 64 * 1024
MAX_ROWS = 200_000
MAX_FLAT = 20_000
"""Values of one file that are kept."""

# Stages one below the other, and nothing between them.
_LOCK = re.compile(
    r"schema: '2\.0'\nstages:\n(?:  [^\s#'\"&*!|>@`%\[\]{}?:,-][^\n]*:\n(?:    [^\n]+\n)+)+"
)
_STAGE = re.compile(r"^(?=  \S)", re.MULTILINE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_file(data: bytes, path: str) -> Any:
    """Read a file of values by its suffix; raises UnreadableFile, naming the path."""
    suffix = posixpath.splitext(path)[1].lower()
    if suffix == ".json":
        return parse_json(data, path)
    if suffix == ".toml":
        return _parse_toml(data, path)
    if suffix == ".py":
        return _parse_python(data, path)
    return parse_document(data, path)


def parse_document(data: bytes, path: str) -> Any:
    """Read YAML, with aliases and merge keys; raises UnreadableFile. Change nothing in it."""
    try:
        return _parse_yaml(_decode(data, path))
    except UnsafeYaml as error:
        raise UnreadableFile(f"{path}:{error.line}: {error.message}", error.hint) from None


def parse_lock(data: bytes, path: str) -> Any:
    """Read a lock as DVC writes it, stage by stage; any other YAML whole."""
    text = _decode(data, path)
    if not _LOCK.fullmatch(text):
        return parse_document(data, path)
    pieces = _STAGE.split(text.partition("stages:\n")[2])[1:]
    try:
        parsed = [_parse_yaml(piece) for piece in pieces]
    except UnsafeYaml:
        return parse_document(data, path)
    stages = {key: value for piece in parsed for key, value in piece.items()}
    if len(stages) < len(pieces):
        return parse_document(data, path)
    return {"schema": "2.0", "stages": stages}


@lru_cache(256)  # most experiments share all files but the lock and the params
def _parse_yaml(text: str) -> Any:
    return parse_yaml(text, max_bytes=MAX_YAML, aliases=True)


def parse_json(data: bytes, path: str) -> Any:
    """Read JSON, NaN and Infinity included; raises UnreadableFile."""
    try:
        return json.loads(_decode(data, path))
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableFile(
            f"{path} is no valid JSON{where}; it may be cut.", "Restore the file."
        ) from None


def _parse_toml(data: bytes, path: str) -> Any:
    try:
        return tomllib.loads(_decode(data, path))
    except (ValueError, RecursionError):
        raise UnreadableFile(f"{path} is no valid TOML.", "Restore the file.") from None


def parse_table(data: bytes, path: str) -> list[dict[str, str]]:
    """The rows of a CSV or TSV file by column; a last line that was not ended is left out."""
    text = _decode(data, path)
    whole = text[: text.rfind("\n") + 1]
    delimiter = "," if path.lower().endswith(".csv") else "\t"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = csv.DictReader(io.StringIO(whole, newline=""), delimiter=delimiter)
            rows = [row for row, _ in zip(reader, range(MAX_ROWS), strict=False)]
    except csv.Error:
        raise UnreadableFile(f"{path} is no valid table.", "Restore the file.") from None
    return [{k: v for k, v in row.items() if k and isinstance(v, str)} for row in rows]


def flatten(value: Mapping[Any, Any], separator: str = ".") -> dict[str, Any]:
    """Nested mappings as one level of joined names; lists and empty mappings are values."""
    found: dict[str, Any] = {}
    for name, item in _flatten(value, "", separator):
        if len(found) >= MAX_FLAT:
            break
        found[name] = as_value(item)
    return found


def _flatten(value: Mapping[Any, Any], prefix: str, separator: str) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        name = f"{prefix}{separator}{_as_text(key)}" if prefix else _as_text(key)
        if isinstance(item, Mapping) and item:
            yield from _flatten(item, name, separator)
        else:
            yield name, item


def as_value(value: Any) -> Any:
    """A value as a run holds it: dates as text, sets and tuples as lists, whole characters."""
    if isinstance(value, str):
        return _SURROGATE.sub("?", value)
    if isinstance(value, Mapping):
        return {_as_text(key): as_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_value(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((as_value(item) for item in value), key=str)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def as_number(value: Any) -> float | None:
    """A metric's value as a float; None for what is no number. A text may say nan or inf."""
    if isinstance(value, str):
        value = value.strip() if len(value) < 64 else ""
    if isinstance(value, (bool, int, float, str)):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None
    return None


def _as_text(key: Any) -> str:
    text = as_value(key)
    return text if isinstance(text, str) else str(text)


def _decode(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile(f"{path} is no text in UTF-8.", "Save it as UTF-8.") from None


# Python ---------------------------------------------------------------------------------------


def _parse_python(data: bytes, path: str) -> dict[str, Any]:
    """The literals that are assigned in a module, its classes and their ``__init__``."""
    if len(data) > MAX_PYTHON:
        raise UnreadableFile(f"{path} is larger than {MAX_PYTHON // 1024} KB.", "Shorten it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read_assignments(ast.parse(_decode(data, path)).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnreadableFile(f"{path} is no valid Python.", "Restore the file.") from None


def _read_assignments(body: list[ast.stmt], *, of_self: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in body:
        if isinstance(part, ast.ClassDef):
            found[part.name] = _read_assignments(part.body)
        elif isinstance(part, ast.FunctionDef) and part.name == "__init__":
            found |= _read_assignments(part.body, of_self=True)
        elif isinstance(part, (ast.Assign, ast.AnnAssign)):
            name = _find_name(part, of_self=of_self)
            if name and part.value is not None:
                with_value = _read_literal(part.value)
                found |= {name: with_value[0]} if with_value else {}
    return found


def _find_name(part: ast.Assign | ast.AnnAssign, *, of_self: bool) -> str:
    targets = [part.target] if isinstance(part, ast.AnnAssign) else part.targets
    target = targets[0] if len(targets) == 1 else None
    if isinstance(target, ast.Name) and not of_self:
        return target.id
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        return target.attr if target.value.id == "self" else ""
    return ""


def _read_literal(node: ast.expr) -> tuple[Any] | None:
    try:
        return (ast.literal_eval(node),)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
