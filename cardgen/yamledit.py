"""YAML text edited between its marks: one value's bytes change, and no others."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from cardgen.errors import DocumentError
from cardgen.safeyaml import Mark, Marks, UnsafeYaml, parse_yaml
from cardgen.safeyaml import Path as KeyPath

_PLAIN = re.compile(r"[^\W\d_][\w ./:@+~-]*(?<![ :])")
_COMMENT = re.compile(r"(?:^|(?<=\s))#", re.MULTILINE)
_YAML_1_1_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def replace_value(front: str, marks: Marks, path: KeyPath, value: Any) -> str:
    """Put a value in the place of another, or add its key at the end of its parent."""
    if path not in marks:
        return _insert_key(front, marks, path, value)
    start, end = _span(front, marks, path)
    return _with_value(front, start, end, format_value(value))


def add_item(front: str, marks: Marks, path: KeyPath, value: Any) -> str:
    """Append to a list; a single value becomes the first item of one."""
    if path not in marks:
        return _insert_key(front, marks, path, [value])
    return _insert_item(front, marks, path, value)


def _with_value(front: str, start: int, end: int, value: str) -> str:
    before = "" if start and front[start - 1] in " \t" else " "
    return front[:start] + before + value + front[end:]


def _span(front: str, marks: Marks, path: KeyPath) -> tuple[int, int]:
    """Where a value's own text begins and ends, without the space or comments behind it."""
    key, value = marks[path]
    end = _end(front, marks, path)
    if value.start == value.end and key != value:
        # An empty value is marked where the next token stands: it belongs behind its colon.
        colon = front.index(":", key.end)
        return colon + 1, colon + 1
    if value.flow or value.start == value.end or front[value.start] in "|>":
        return value.start, end
    # A block collection gives way to a value on the key's own line.
    colon = front.index(":", key.end) if key != value else value.start - 1
    if _COMMENT.search(front, colon, end):
        raise DocumentError(f"'{'.'.join(path)}' has comments among its lines.", "Edit it by hand.")
    return colon + 1, end


def _end(front: str, marks: Marks, path: KeyPath) -> int:
    value = marks[path][1]
    if value.flow:
        return value.end
    inner = [p for p in marks if len(p) == len(path) + 1 and p[:-1] == path]
    if inner:
        return max(_end(front, marks, p) for p in inner)
    return value.start + len(front[value.start : value.end].rstrip())


def _newline(front: str) -> str:
    return "\r\n" if "\r\n" in front else "\n"


def _insert_key(front: str, marks: Marks, path: KeyPath, value: Any) -> str:
    depth = next((n for n in range(len(path) - 1, 0, -1) if path[:n] in marks), 0)
    parent, rest = path[:depth], path[depth:]
    newline = _newline(front)
    if not parent:
        gap = "" if not front or front.endswith("\n") else newline
        return front + gap + newline.join(_lines(rest, value, "")) + newline
    mark = marks[parent][1]
    for part in reversed(rest[1:]):
        value = {part: value}
    item = f"{format_key(rest[0])}: {format_value(value)}"
    if mark.start == mark.end:
        start, end = _span(front, marks, parent)
        return _with_value(front, start, end, f"{{{item}}}")
    if mark.flow:
        return _insert_flow(front, mark, item)
    indent = " " * (mark.start - front.rfind("\n", 0, mark.start) - 1)
    at = _line_end(front, _end(front, marks, parent))
    return front[:at] + newline + indent + item + front[at:]


def _lines(path: KeyPath, value: Any, indent: str) -> list[str]:
    key = indent + format_key(path[0]) + ":"
    if len(path) == 1:
        return [f"{key} {format_value(value)}"]
    return [key, *_lines(path[1:], value, indent + "  ")]


def _line_end(front: str, at: int) -> int:
    end = front.find("\n", at)
    end = len(front) if end < 0 else end
    return end - 1 if front[end - 1 : end] == "\r" else end


def _insert_flow(front: str, mark: Mark, item: str) -> str:
    close = mark.end - 1
    held = front[mark.start + 1 : close]
    kept = held.rstrip()
    comma = "" if not kept.strip() or kept.endswith(",") else ","
    at = mark.start + 1 + len(kept)
    gap = " " if kept.strip() else ""
    return front[:at] + comma + gap + item + front[at:]


def _insert_item(front: str, marks: Marks, path: KeyPath, value: Any) -> str:
    mark = marks[path][1]
    item = format_value(value)
    first = marks.get((*path, "0"))
    if mark.start == mark.end:
        start, end = _span(front, marks, path)
        return _with_value(front, start, end, f"[{item}]")
    if mark.flow and front[mark.start] == "[":
        return _insert_flow(front, mark, item)
    if mark.flow or first is None:
        old = front[mark.start : mark.end]
        # 'null' and '~' are no first item; any other single value is.
        held = "" if parse_yaml(f"v: {old}")["v"] is None else f"{old}, "
        return front[: mark.start] + f"[{held}{item}]" + front[mark.end :]
    line_start = front.rfind("\n", 0, first[1].start) + 1
    dash = front[line_start : first[1].start]
    at = _line_end(front, _end(front, marks, path))
    return front[:at] + _newline(front) + dash + item + front[at:]


def remove_item(front: str, marks: Marks, path: KeyPath, value: Any) -> str:
    """Take an item out of a list; raises DocumentError where a comment stands beside it."""
    mark = marks[path][1]
    inner = sorted((p for p in marks if p[:-1] == path), key=lambda p: marks[p][1].start)
    spans = [(marks[p][1].start, _end(front, marks, p)) for p in inner]
    index = next(
        (n for n, (a, b) in enumerate(spans) if parse_yaml(f"v: {front[a:b]}")["v"] == value), None
    )
    if index is None or len(spans) == 1:
        start, end = _span(front, marks, path)
        return _with_value(front, start, end, "[]")
    start, end = spans[index]
    if mark.flow:
        if index + 1 < len(spans):
            return front[:start] + front[spans[index + 1][0] :]
        return front[: spans[index - 1][1]] + front[end:]
    line_start, line_end = front.rfind("\n", 0, start) + 1, front.find("\n", end) + 1
    if front[end : line_end or len(front)].strip():
        raise DocumentError(
            f"'{'.'.join(path)}' has a comment beside '{value}'.", "Remove the line by hand."
        )
    return front[:line_start] + front[line_end:]


# Values as YAML ------------------------------------------------------------------------------


def format_key(key: str) -> str:
    """A key, quoted where it must be."""
    return key if _PLAIN.fullmatch(key) and ":" not in key else format_value(key)


def format_value(value: Any) -> str:
    """A value on one line, read the same by YAML 1.1 and 1.2: floats as ``1.0e-05``."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(format_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        items = (f"{format_key(str(k))}: {format_value(v)}" for k, v in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float):
        return _format_float(value)
    text = str(value)
    if isinstance(value, (int, dt.date)) or _is_plain(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _format_float(value: float) -> str:
    if not math.isfinite(value):
        return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}[repr(value)]
    text = repr(value)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or ": " in text or text.casefold() in _YAML_1_1_WORDS:
        return False
    try:
        return bool(parse_yaml(f"v: [{text}]") == {"v": [text]})
    except UnsafeYaml:
        return False
