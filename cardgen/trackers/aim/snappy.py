"""Snappy, the compression of Aim's tables, undone in plain Python.

Source: the format description of Snappy, ``format_description.txt``.
"""

from __future__ import annotations

from cardgen.trackers.aim.bytes import Damaged, read_varint


def decompress(data: bytes, limit: int) -> bytes:
    """The bytes that were compressed, at most ``limit``; raises Damaged."""
    length, place = read_varint(data, 0)
    if length > limit:
        raise Damaged("a block is too large")
    out = bytearray()
    while place < len(data):
        place = _read_literal(data, place, out) if not data[place] & 3 else _copy(data, place, out)
        if len(out) > length:
            break
    if len(out) != length:
        raise Damaged("a block is compressed wrongly")
    return bytes(out)


def _read_literal(data: bytes, place: int, out: bytearray) -> int:
    size = data[place] >> 2
    place += 1
    if size >= 60:
        width = size - 59
        size = int.from_bytes(data[place : place + width], "little")
        place += width
    end = place + size + 1
    if end > len(data):
        raise Damaged("a block is cut")
    out += data[place:end]
    return end


def _copy(data: bytes, place: int, out: bytearray) -> int:
    tag = data[place]
    width = (0, 1, 2, 4)[tag & 3]
    offset = int.from_bytes(data[place + 1 : place + 1 + width], "little")
    size = (tag >> 2) + 1
    if tag & 3 == 1:
        offset |= (tag >> 5) << 8
        size = (tag >> 2 & 7) + 4
    if not 0 < offset <= len(out):
        raise Damaged("a block points before its beginning")
    start = len(out) - offset
    if size <= offset:
        out += out[start : start + size]
    else:  # what is copied overlaps with itself: the piece repeats
        out += (bytes(out[start:]) * (size // offset + 1))[:size]
    return place + 1 + width
