"""The log that a ``.wandb`` file is: records in blocks of 32 KiB, each with its checksum.

It is LevelDB's log format behind a header of seven bytes, with a plain CRC-32 over kind and data.
Reading stops at the first fault (a torn end, a wrong checksum): what came before it is whole.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

HEADER = b":W&B\xe1\xbe"
"""How every file begins; a byte with the version of the format follows."""

MAX_RECORD = 64 * 1024 * 1024
"""Bytes of one record; what is larger is no record of a run."""

MAX_BYTES = 4 * 1024 * 1024 * 1024
"""Bytes of one file that are read."""

_BLOCK = 32 * 1024
_HEAD = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


class NoLog(ValueError):
    """The bytes are no file of Weights & Biases."""


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """The records of a file in their order, up to its end or its first fault.

    A file that ends within its header holds none. Raises NoLog where it begins otherwise.
    """
    head = stream.read(len(HEADER) + 1)
    if not HEADER.startswith(head[: len(HEADER)]):
        raise NoLog("it does not begin as one")
    parts: list[bytes] = []
    size = 0
    for kind, data in _read_chunks(stream, len(HEADER) + 1):
        if kind in (_FULL, _FIRST):
            parts, size = [], 0
        elif not parts:
            return
        parts.append(data)
        size += len(data)
        if size > MAX_RECORD:
            return
        if kind in (_FULL, _LAST):
            yield data if kind == _FULL else b"".join(parts)
            parts = []


def _read_chunks(stream: BinaryIO, start: int) -> Iterator[tuple[int, bytes]]:
    """The pieces of records: a piece never crosses the border of a block."""
    done = 0
    while done < MAX_BYTES:
        block = stream.read(_BLOCK - start)
        at = 0
        while at + _HEAD.size <= len(block):
            check, length, kind = _HEAD.unpack_from(block, at)
            end = at + _HEAD.size + length
            if not _FULL <= kind <= _LAST or end > len(block):
                return
            data = block[at + _HEAD.size : end]
            if zlib.crc32(data, zlib.crc32(block[at + 6 : at + 7])) != check:
                return
            yield kind, data
            at = end
        if len(block) < _BLOCK - start:
            return
        done += _BLOCK
        start = 0
