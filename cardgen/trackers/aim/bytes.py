"""Numbers and slices as RocksDB writes them, in bytes of which none may be missing."""

from __future__ import annotations


class Damaged(Exception):
    """The bytes are not what RocksDB writes; the message says what is wrong, without a stop."""


def read_varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of up to 64 bits, and where it ends; raises Damaged."""
    value = shift = 0
    while shift < 70:
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise Damaged("a number is cut")


def read_slice(data: bytes, place: int) -> tuple[bytes, int]:
    """Bytes after their length, and where they end; raises Damaged."""
    length, place = read_varint(data, place)
    end = place + length
    if end > len(data):
        raise Damaged("a text is cut")
    return data[place:end], end


def read_fixed(data: bytes, place: int, width: int) -> int:
    """A number of ``width`` bytes, little end first; raises Damaged."""
    if place + width > len(data):
        raise Damaged("a number is cut")
    return int.from_bytes(data[place : place + width], "little")
