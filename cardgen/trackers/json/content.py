"""What one file holds, whatever its format: a mapping, or rows."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from cardgen.errors import TrackerError
from cardgen.safeyaml import UnsafeYaml, parse_yaml
from cardgen.trackers._folder import Folder
from cardgen.trackers.json.files import CUT, load_text

MAX_YAML = 1024 * 1024
MAX_ROWS = 500_000
MAX_COLUMNS = 5_000

Row = Mapping[str, Any]
Content = Mapping[str, Any] | list[Any]

_RESTORE = "Restore the file, or name others in cardgen.yaml under 'trackers: json:'."


def load_content(folder: Folder, name: str) -> Content:
    """A file's mapping or list; cells of tables are texts. Raises TrackerError."""
    label, text = folder.label(name), load_text(folder, name)
    end = name.lower().rpartition(".")[2]
    if end in ("jsonl", "ndjson"):
        return list(_parse_lines(text, label))
    if end in ("csv", "tsv", "log", "txt"):
        return _parse_log(text, label) if end in ("log", "txt") else _parse_table(text, label)
    text = text.removesuffix(CUT)
    if end in ("yaml", "yml"):
        return _parse_yaml(text, label)
    return _parse_toml(text, label) if end == "toml" else _parse_json(text, label)


def _parse_json(text: str, label: str) -> Content:
    """One value; or, as some loggers write below the same name, one a line."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            return list(_parse_lines(text, label))
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise TrackerError(f"{label} is no valid JSON{where}; it may be cut.", _RESTORE) from None
    if not isinstance(value, (dict, list)):
        raise TrackerError(f"{label} holds no JSON object.", _RESTORE)
    return value


def _parse_lines(text: str, label: str) -> Iterator[Any]:
    """JSON lines; a last line that is cut is left out, and so are lines of plain text."""
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip(" \t\r\0")]
    _refuse_many(len(lines), label)
    for number, line in lines:
        if not line.lstrip().startswith(("{", "[")):
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            if number != lines[-1][0]:
                message = f"{label} is no valid JSON in line {number}."
                raise TrackerError(message, _RESTORE) from None


def _parse_log(text: str, label: str) -> Content:
    """A log: JSON lines where it has any, else a table."""
    found = list(_parse_lines(text, label)) if text.lstrip().startswith("{") else []
    return found or _parse_table(text, label)


def _parse_table(text: str, label: str) -> list[Row]:
    """A table with a header, separated by tabs, semicolons or commas; empty cells are left out.

    A last row without a line end loses its last cell, or goes where cells are missing.
    """
    cut = text.endswith(CUT)
    text = text.removesuffix(CUT).replace("\0", "").lstrip("\n\r")
    first = text.partition("\n")[0]
    delimiter = max("\t;,", key=first.count) if any(map(first.count, "\t;,")) else ","
    try:
        cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise TrackerError(f"{label} is no table: {error}.", _RESTORE) from None
    _refuse_many(len(cells), label)
    header = [name.strip().removeprefix("# ") for name in cells[0]] if cells else []
    if len(header) > MAX_COLUMNS:
        raise TrackerError(f"{label} has more than {MAX_COLUMNS} columns.", "Log fewer metrics.")
    rows = [row for row in cells[1:] if row and [c.strip() for c in row] != header]
    if rows and not text.endswith("\n"):
        # What is left of a number that was being written is another number.
        last = rows.pop()[: len(header)]
        rows += [] if cut or len(last) < len(header) else [last[:-1]]
    return [_make_row(header, row) for row in rows]


def _make_row(header: list[str], row: list[str]) -> Row:
    pairs = zip(header, row, strict=False)
    return {name: cell.strip() for name, cell in pairs if name and cell.strip()}


def _parse_yaml(text: str, label: str) -> Content:
    try:
        value = parse_yaml(text, max_bytes=MAX_YAML)
    except UnsafeYaml as error:
        message = f"{label}:{error.line}: {error.message}"
        raise TrackerError(message, error.hint or _RESTORE) from None
    if not isinstance(value, (dict, list)):
        raise TrackerError(f"{label} holds no mapping.", _RESTORE)
    return value


def _parse_toml(text: str, label: str) -> Content:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TrackerError(f"{label} is no valid TOML: {error}.", _RESTORE) from None


def _refuse_many(count: int, label: str) -> None:
    if count > MAX_ROWS:
        raise TrackerError(f"{label} has more than {MAX_ROWS} rows.", "Log less often.")
