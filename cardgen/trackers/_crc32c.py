"""CRC-32C (Castagnoli), masked as TensorFlow and LevelDB keep it beside their records.

The standard library has none.
"""

from __future__ import annotations

import struct
from functools import cache, lru_cache

_CHUNK = struct.Struct("<Q")


@lru_cache(maxsize=4096)
def mask_length(head: bytes) -> bytes:
    """The checksum of a record's length; a file has few different ones."""
    return masked_crc(head)


def masked_crc(data: bytes) -> bytes:
    """The masked checksum of some bytes, of which eight are taken in a step."""
    bytewise, first, second, third, fourth = _make_tables()
    crc = 0xFFFFFFFF
    whole = len(data) & ~7
    for (eight,) in _CHUNK.iter_unpack(data[:whole]):
        chunk = eight ^ crc
        crc = (
            first[chunk & 0xFFFF]
            ^ second[chunk >> 16 & 0xFFFF]
            ^ third[chunk >> 32 & 0xFFFF]
            ^ fourth[chunk >> 48]
        )
    for byte in data[whole:]:
        crc = bytewise[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    return struct.pack("<I", masked)


@cache
def _make_tables() -> tuple[list[int], ...]:
    """For one byte, and for each two of eight bytes: what they do to the sum."""
    bytewise = list(range(256))
    for _ in range(8):
        bytewise = [(entry >> 1) ^ (0x82F63B78 if entry & 1 else 0) for entry in bytewise]
    pairs = [
        bytewise[(bytewise[i & 0xFF] ^ (i >> 8)) & 0xFF] ^ (bytewise[i & 0xFF] >> 8)
        for i in range(1 << 16)
    ]
    tables = [pairs]
    for _ in range(3):
        tables.append([pairs[entry & 0xFFFF] ^ (entry >> 16) for entry in tables[-1]])
    return (bytewise, *reversed(tables))
