"""RocksDB's tables, the block-based ones (``.sst``).

Source: RocksDB's wiki, "Rocksdb BlockBasedTable Format", and its ``table/format.cc``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from cardgen.trackers._crc32c import masked_crc
from cardgen.trackers.aim.bytes import Damaged, read_fixed, read_varint
from cardgen.trackers.aim.log import Entry
from cardgen.trackers.aim.snappy import decompress

MAX_BLOCK = 64 * 1024 * 1024
"""Bytes of a block, without compression."""

_FOOTER = 53
_MAGIC = 0x88E241B785F4CFF7
_TRAILER = 5
_CRC = 1
_PLAIN, _SNAPPY, _ZLIB = 0, 1, 2
_RANGES = b"rocksdb.range_del"
_DELTAS = 4  # from this version on, an index has no lengths of values


def read_table(data: bytes) -> Iterator[Entry]:
    """The changes that a table holds, by key; raises Damaged."""
    if len(data) < _FOOTER or read_fixed(data, len(data) - 8, 8) != _MAGIC:
        raise Damaged("it is cut or no table")
    footer = data[-_FOOTER:]
    checked, version = footer[0] == _CRC, read_fixed(footer, 41, 4)
    offset, place = read_varint(footer, 1)
    size, place = read_varint(footer, place)
    for name, value in _read_entries(_read_block(data, offset, size, checked)):
        if name == _RANGES:
            yield from _read_changes(data, *_read_handle(value), checked)
    offset, place = read_varint(footer, place)
    size, _ = read_varint(footer, place)
    index = _read_block(data, offset, size, checked)
    for handle in _read_index(index, version):
        yield from _read_changes(data, *handle, checked)


def _read_handle(value: bytes) -> tuple[int, int]:
    offset, place = read_varint(value, 0)
    return offset, read_varint(value, place)[0]


def _read_changes(data: bytes, offset: int, size: int, checked: bool) -> Iterator[Entry]:
    for key, value in _read_entries(_read_block(data, offset, size, checked)):
        if len(key) < 8:
            raise Damaged("a key is cut")
        packed = read_fixed(key, len(key) - 8, 8)
        yield key[:-8], packed >> 8, packed & 0xFF, value


def _read_block(data: bytes, offset: int, size: int, checked: bool) -> bytes:
    end = offset + size
    if end + _TRAILER > len(data):
        raise Damaged("a block is cut")
    if checked and masked_crc(data[offset : end + 1]) != data[end + 1 : end + _TRAILER]:
        raise Damaged("a block's checksum is wrong")
    block, kind = data[offset:end], data[end]
    if kind == _PLAIN:
        return block
    if kind == _SNAPPY:
        return decompress(block, MAX_BLOCK)
    if kind == _ZLIB:
        return _inflate(block)
    raise Damaged(f"a block is compressed in a way that is not read ({kind})")


def _inflate(block: bytes) -> bytes:
    size, place = read_varint(block, 0)
    try:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(block[place:], MAX_BLOCK)
    except zlib.error:
        raise Damaged("a block is compressed wrongly") from None
    if len(data) != size:
        raise Damaged("a block is compressed wrongly")
    return data


def _find_end(block: bytes) -> int:
    """Where the entries of a block end, and the list of places to start reading at begins."""
    if len(block) < 4:
        raise Damaged("a block is cut")
    count = read_fixed(block, len(block) - 4, 4)
    hashed = count >> 31
    if hashed:
        raise Damaged("a block has an index of hashes, which is not read")
    end = len(block) - 4 - 4 * count
    if end < 0:
        raise Damaged("a block is cut")
    return end


def _read_entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    end = _find_end(block)
    place, key = 0, b""
    while place < end:
        shared, place = read_varint(block, place)
        own, place = read_varint(block, place)
        length, place = read_varint(block, place)
        if shared > len(key) or place + own + length > end:
            raise Damaged("an entry is cut")
        key = key[:shared] + block[place : place + own]
        place += own
        yield key, block[place : place + length]
        place += length


def _read_index(block: bytes, version: int) -> Iterator[tuple[int, int]]:
    """Where blocks lie: offset and size."""
    if version < _DELTAS:
        for _, value in _read_entries(block):
            yield _read_handle(value)
        return
    end = _find_end(block)
    place = offset = size = 0
    while place < end:
        shared, place = read_varint(block, place)
        own, place = read_varint(block, place)
        place += own
        if shared:  # only the difference in size is written: blocks lie one after the other
            delta, place = read_varint(block, place)
            offset += size + _TRAILER
            size += (delta >> 1) ^ -(delta & 1)
        else:
            offset, place = read_varint(block, place)
            size, place = read_varint(block, place)
        if size < 0:
            raise Damaged("a block has no size")
        yield offset, size
