"""Aim's own encoding: paths as keys, one value a leaf, put together to nested values.

A path's parts are texts or numbers of eight bytes, each closed by 0xFE; a number also begins with
it. A value's first byte is its kind. Source: Aim's ``storage/encoding/encoding.pyx``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

Part = str | int
Tree = dict[Part, Any]

MAX_DEPTH = 40

_END = 0xFE
_NONE, _BOOL, _INT, _FLOAT, _TEXT, _BYTES, _ARRAY, _OBJECT = range(8)
_WHOLE, _REAL, _BIG = struct.Struct("<q"), struct.Struct("<d"), struct.Struct(">q")


class Container:
    """Stands where a value is a list or an object, whose parts have keys of their own."""

    def __init__(self, kind: int) -> None:
        self.kind = kind


class Opaque:
    """Stands for bytes and for objects of Aim's own, which no param holds."""


def split_path(key: bytes) -> tuple[Part, ...]:
    """The parts of a path; what is no whole path ends where it is cut."""
    parts: list[Part] = []
    place = 0
    while place < len(key):
        if key[place] == _END:
            if place + 10 > len(key):
                break
            parts.append(_BIG.unpack_from(key, place + 1)[0])
            place += 10
            continue
        end = key.find(b"\xfe", place)
        end = len(key) if end < 0 else end
        parts.append(key[place:end].decode("utf-8", "replace"))
        place = end + 1
    return tuple(parts)


def make_prefix(*parts: Part) -> bytes:
    """The bytes that the keys of all paths below these parts begin with."""
    encoded = [
        part.encode() + b"\xfe" if isinstance(part, str) else b"\xfe" + _BIG.pack(part) + b"\xfe"
        for part in parts
    ]
    return b"".join(encoded)


def parse_value(data: bytes) -> Any:
    """A leaf's value: none, truth, number or text; a Container or Opaque for what is more."""
    kind, body = (data[0], data[1:]) if data else (_NONE, b"")
    if kind == _NONE:
        return None
    if kind == _BOOL:
        return body[:1] not in (b"", b"\0")
    if kind in (_INT, _FLOAT):
        if len(body) != 8:
            return None
        return (_WHOLE if kind == _INT else _REAL).unpack(body)[0]
    if kind == _TEXT:
        return body.decode("utf-8", "replace")
    return Container(kind) if kind in (_ARRAY, _OBJECT) else Opaque()


def find_below(
    store: Mapping[bytes, bytes], *parts: Part
) -> Iterator[tuple[tuple[Part, ...], Any]]:
    """All leaves below a path: the rest of their paths, and their values."""
    prefix = make_prefix(*parts)
    for key, data in store.items():
        if key.startswith(prefix):
            yield split_path(key[len(prefix) :]), parse_value(data)


def load_value(store: Mapping[bytes, bytes], *parts: Part) -> Any:
    """The nested value at a path: dicts, lists and leaves; none where there is none.

    What Aim keeps as an object of its own is left out.
    """
    root: Tree = {}
    for path, value in find_below(store, *parts):
        if not path:
            root[""] = value
        elif len(path) <= MAX_DEPTH:
            _put(root, path, value)
    return _finish(root)


def _put(tree: Tree, path: tuple[Part, ...], value: Any) -> None:
    for part in path:
        inner = tree.setdefault(part, {})
        tree = inner
    tree[""] = value


def _finish(tree: Tree) -> Any:
    """A tree's value: each node's own is at the empty name, which no path has."""
    own = tree.pop("", None)
    if not tree:
        if isinstance(own, Container):
            return [] if own.kind == _ARRAY else {}
        return own
    if isinstance(own, Opaque):
        return own
    values = {part: _finish(inner) for part, inner in tree.items()}
    values = {part: value for part, value in values.items() if not isinstance(value, Opaque)}
    numbered = all(isinstance(part, int) for part in values)
    if isinstance(own, Container) and own.kind == _ARRAY and numbered:
        return [values[part] for part in sorted(values)]
    return {str(part): value for part, value in values.items()}
