"""``evidence.json`` as text: the same evidence gives the same bytes, and a diff reads."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from typing import Any

from pydantic import ValidationError

from cardgen.errors import StoreError
from cardgen.models import Evidence

PULL = "Fetch the file itself: git lfs pull"
"""What to do where git-lfs left a pointer."""

LFS = "version https://git-lfs.github.com/spec/"
"""What a pointer of git-lfs begins with."""

_EXACT_INTEGER = 2**53
_SURROGATE = re.compile("[\ud800-\udfff]")
_ONE_A_LINE = frozenset(
    ("checkpoints", "curves", "data", "files", "commands", "output", "metrics", "params")
)


def format_evidence(evidence: Evidence) -> str:
    """Sorted keys, empty fields left out, one checkpoint, curve or file a line, LF at the end.

    NaN and infinities are the strings ``NaN``, ``Infinity`` and ``-Infinity``; integers that a
    double cannot hold are strings; surrogates, which no file can hold, are U+FFFD.
    """
    values = evidence.model_dump(by_alias=True, exclude_defaults=True)
    values["schema"] = evidence.version
    values.setdefault("runs", [])
    return _format_value(make_exact(values), 0, "") + "\n"


def parse_evidence(text: str | bytes) -> Evidence:
    """Read the text of ``evidence.json``; raises StoreError with what is wrong."""
    try:
        return Evidence.model_validate_json(text)
    except ValidationError as error:
        if _decode(text).startswith(LFS):
            raise StoreError("it is a pointer of git-lfs.", PULL) from None
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"][:1].lower() + first["msg"][1:]
        raise StoreError(
            f"it is no evidence: {where + ': ' if where else ''}{what}.",
            "Restore it from git, or delete it and run 'cardgen fill'.",
        ) from None


def _decode(text: str | bytes) -> str:
    return text if isinstance(text, str) else text[: len(LFS)].decode("utf-8", "replace")


def make_exact(value: Any) -> Any:
    """A value as JSON can hold it without loss."""
    if isinstance(value, dict):
        return {make_exact(str(key)): make_exact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [make_exact(item) for item in value]
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT_INTEGER:
        return str(value)
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def _format_value(value: Any, depth: int, key: str) -> str:
    if not isinstance(value, (dict, list)) or not value:
        return _dump(value)
    pad, end = "  " * (depth + 1), "\n" + "  " * depth
    if isinstance(value, dict):
        items = [f"{_dump(k)}: {_format_item(value[k], depth, key, k)}" for k in sorted(value)]
        return "{\n" + ",\n".join(pad + item for item in items) + end + "}"
    items = [_format_item(item, depth, key, "") for item in value]
    return "[\n" + ",\n".join(pad + item for item in items) + end + "]"


def _format_item(item: Any, depth: int, parent: str, key: str) -> str:
    return _dump(item) if parent in _ONE_A_LINE else _format_value(item, depth + 1, key)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
