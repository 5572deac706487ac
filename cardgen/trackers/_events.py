"""TensorBoard event files, read without TensorBoard.

A file is a chain of records (length, its checksum, data, its checksum), each one ``Event`` of
protocol buffers. Reading stops at the first record that is cut or damaged, as it is at the end of
a file that is still being written; what came before it is whole. Everything is bounded: a large
record (a picture, a graph) is passed over, not loaded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from cardgen.trackers._protobuf import as_bytes, as_double, as_int, as_text, read_fields

MAX_RECORD = 4 * 1024 * 1024
"""Bytes of a record that is read; larger ones hold pictures, graphs or embeddings."""

MAX_RECORDS = 1_000_000
"""Records of one file that are read."""

# The kinds of a tensor: how a number is packed, and the field that lists such numbers.
_NUMBERS = {1: ("<f", 5), 2: ("<d", 6), 3: ("<i", 7), 9: ("<q", 10)}
_STRING = 7
_MEMORY = 4


@dataclass(frozen=True)
class Value:
    """One logged value: a ``scalar``, or ``texts``; ``plugin`` says what it was logged as."""

    tag: str
    plugin: str = ""
    scalar: float | None = None
    texts: tuple[str, ...] = ()
    content: bytes = b""


@dataclass(frozen=True)
class Event:
    """What was logged at one moment: ``wall_time`` in seconds since 1970, UTC."""

    wall_time: float
    step: int
    values: tuple[Value, ...] = ()


def read_events(stream: BinaryIO) -> Iterator[Event]:
    """The events of a file in their order, up to its end or its first damaged record.

    A record that is whole and yet no event is passed over.
    """
    for record in read_records(stream):
        with suppress(ValueError):
            yield parse_event(record)


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """The records' data; checked, and without those larger than MAX_RECORD."""
    for _ in range(MAX_RECORDS):
        head = stream.read(12)
        if len(head) < 12 or _mask(head[:8]) != head[8:]:
            return
        (length,) = struct.unpack("<Q", head[:8])
        if length > MAX_RECORD:
            try:
                stream.seek(length + 4, 1)
            except (OSError, OverflowError, ValueError):
                return
            continue
        data, check = stream.read(length), stream.read(4)
        if len(data) < length or _mask(data) != check:
            return
        yield data


def parse_event(data: bytes) -> Event:
    """Read one ``Event``; raises ValueError where the bytes are none."""
    wall_time, step, values = 0.0, 0, []
    for number, value in read_fields(data):
        if number == 1:
            wall_time = as_double(value)
        elif number == 2:
            step = as_int(value)
        elif number == 5:
            inner = read_fields(as_bytes(value))
            values += [_parse_value(as_bytes(item)) for field, item in inner if field == 1]
    return Event(wall_time, step, tuple(values))


def _parse_value(data: bytes) -> Value:
    tag, plugin, content = "", "", b""
    scalar: float | None = None
    texts: tuple[str, ...] = ()
    for number, value in read_fields(data):
        if number == 1:
            tag = as_text(value)
        elif number == 2:
            scalar = _unpack("<f", as_bytes(value))
        elif number == 8:
            scalar, texts = _parse_tensor(as_bytes(value))
        elif number == 9:
            plugin, content = _parse_metadata(as_bytes(value))
    return Value(tag, plugin, scalar, texts, content)


def _parse_tensor(data: bytes) -> tuple[float | None, tuple[str, ...]]:
    """A tensor of one number, or its strings; other tensors give nothing."""
    fields = list(read_fields(data))
    dtype = next((value for number, value in fields if number == 1), 0)
    if dtype == _STRING:
        return None, tuple(as_text(value) for number, value in fields if number == 8)
    if not isinstance(dtype, int) or dtype not in _NUMBERS:
        return None, ()
    code, holder = _NUMBERS[dtype]
    for number, value in fields:
        if number in (_MEMORY, holder):
            return _parse_number(code, value, packed=number != _MEMORY), ()
    return None, ()


def _parse_number(code: str, value: int | bytes, *, packed: bool) -> float | None:
    """The number where a tensor has just one, from its list or from a piece of memory."""
    if isinstance(value, int):
        return float(as_int(value))
    if packed and code in ("<i", "<q"):
        last = len(value) - 1
        if not 0 <= last < 10 or any((byte < 0x80) != (i == last) for i, byte in enumerate(value)):
            return None
        return float(as_int(sum((byte & 0x7F) << 7 * i for i, byte in enumerate(value))))
    return _unpack(code, value) if len(value) == struct.calcsize(code) else None


def _parse_metadata(data: bytes) -> tuple[str, bytes]:
    for number, value in read_fields(data):
        if number == 1:
            parts = dict(read_fields(as_bytes(value)))
            return as_text(parts.get(1, b"")), as_bytes(parts.get(2, b""))
    return "", b""


def _unpack(code: str, data: bytes) -> float:
    if len(data) != struct.calcsize(code):
        raise ValueError("a number has another size")
    (number,) = struct.unpack(code, data)
    return shortest(number) if code == "<f" else float(number)


def shortest(number: float) -> float:
    """The number as it was meant: 0.095, kept in 32 bits, would read 0.0949999988079071."""
    for digits in range(6, 9):
        short = float(f"{number:.{digits}g}")
        try:
            if struct.pack("<f", short) == struct.pack("<f", number):
                return short
        except OverflowError:
            break
    return number


def _make_table() -> tuple[int, ...]:
    """The table of CRC-32C (Castagnoli), which the standard library does not have."""
    table = list(range(256))
    for _ in range(8):
        table = [(entry >> 1) ^ (0x82F63B78 if entry & 1 else 0) for entry in table]
    return tuple(table)


_TABLE = _make_table()


def _mask(data: bytes) -> bytes:
    """The masked checksum that stands beside the data in a record."""
    crc = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    return struct.pack("<I", masked)
