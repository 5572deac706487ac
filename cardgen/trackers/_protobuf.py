"""The wire format of protocol buffers: fields of a message without its schema.

Whoever reads a message knows the numbers and kinds of its fields; nothing else is needed, and no
library of generated classes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Field = tuple[int, int | bytes]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def read_fields(data: bytes) -> Iterator[Field]:
    """Number and value of each field of a message, in order; raises ValueError where it is none.

    A value is an integer where it was written as a varint, bytes otherwise (little-endian where it
    is of fixed size).
    """
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield key >> 3, value
            continue
        if kind not in (_FIXED64, _FIXED32, _BYTES):
            raise ValueError("no field starts so")
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind)
        if size is None:
            size, at = _read_varint(data, at)
        if at + size > len(data):
            raise ValueError("a field is cut")
        yield key >> 3, data[at : at + size]
        at += size


def as_bytes(value: int | bytes) -> bytes:
    """A field's bytes; raises ValueError where it was written as a number."""
    if isinstance(value, int):
        raise ValueError("a field has another type")
    return value


def as_int(value: int | bytes) -> int:
    """A field's number, signed in 64 bits; raises ValueError where it was written as bytes."""
    if not isinstance(value, int):
        raise ValueError("a field has another type")
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def as_double(value: int | bytes) -> float:
    """A field's double; raises ValueError where it is none."""
    data = as_bytes(value)
    if len(data) != 8:
        raise ValueError("a field has another type")
    (number,) = struct.unpack("<d", data)
    return float(number)


def as_text(value: int | bytes) -> str:
    """A field's text, with replacement characters where it is no UTF-8."""
    return as_bytes(value).decode("utf-8", "replace")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("a number is cut")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("a number is too long")
