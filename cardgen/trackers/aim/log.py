"""RocksDB's log files: the manifest, and what was written and is in no table yet.

Source: RocksDB's wiki, "Write Ahead Log File Format", and its ``db/log_format.h``,
``db/version_edit.h`` and ``db/write_batch.cc``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cardgen.trackers._crc32c import masked_crc
from cardgen.trackers.aim.bytes import Damaged, read_fixed, read_slice, read_varint

_BLOCK = 32 * 1024
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_RECYCLED = 4  # added to the kind of a record in a file that is used again
_KINDS = 8

PUT, DELETE, MERGE, SINGLE_DELETE, DELETE_RANGE = 1, 0, 2, 7, 15

Entry = tuple[bytes, int, int, bytes]
"""A key, the number of its change, what kind of change, and the value.

Of a range that is deleted, the first key, and the one behind its last.
"""


def read_records(data: bytes) -> Iterator[bytes]:
    """The whole records of a log; of a log that was cut, those before the cut."""
    place, parts = 0, b""
    while place + 7 <= len(data):
        left = _BLOCK - place % _BLOCK
        if left < 7:
            place += left
            continue
        crc, length, kind = data[place : place + 4], read_fixed(data, place + 4, 2), data[place + 6]
        head = 11 if _RECYCLED < kind <= _KINDS else 7
        end = place + head + length
        if kind == 0 or kind > _KINDS or end > len(data):
            return
        if masked_crc(data[place + 6 : end]) != crc:
            return
        kind -= _RECYCLED if kind > _RECYCLED else 0
        body = data[place + head : end]
        parts = body if kind in (_FULL, _FIRST) else parts + body
        if kind in (_FULL, _LAST):
            yield parts
        place = end


@dataclass
class Manifest:
    """The tables and logs that are in use: numbers of files."""

    tables: set[int] = field(default_factory=set)
    oldest_log: int = 0


def parse_manifest(data: bytes) -> Manifest:
    """What the records of a manifest add up to; raises Damaged."""
    manifest = Manifest()
    records = 0
    for record in read_records(data):
        _apply(record, manifest)
        records += 1
    if not records:
        raise Damaged("the manifest is empty or cut")
    return manifest


def _apply(record: bytes, manifest: Manifest) -> None:
    place = 0
    while place < len(record):
        tag, place = read_varint(record, place)
        if tag in (6, 7, 100, 102, 103):
            place = _apply_file(tag, record, place, manifest)
        elif tag == 2:
            log, place = read_varint(record, place)
            manifest.oldest_log = max(manifest.oldest_log, log)
        elif tag in (3, 4, 9, 10, 200, 203, 300):
            _, place = read_varint(record, place)
        elif tag in (1, 201) or tag & (1 << 13):
            _, place = read_slice(record, place)
        elif tag == 5:
            _, place = read_varint(record, place)
            _, place = read_slice(record, place)
        elif tag != 202:
            raise Damaged(f"the manifest says something that is not known ({tag})")


def _apply_file(tag: int, record: bytes, place: int, manifest: Manifest) -> int:
    """A table that went out of use (6) or came into use."""
    _, place = read_varint(record, place)
    number, place = read_varint(record, place)
    if tag == 6:
        manifest.tables.discard(number)
        return place
    manifest.tables.add(number)
    if tag == 102:
        _, place = read_varint(record, place)
    _, place = read_varint(record, place)
    for _ in range(2):
        _, place = read_slice(record, place)
    for _ in range(0 if tag == 7 else 2):
        _, place = read_varint(record, place)
    while tag == 103:
        custom, place = read_varint(record, place)
        if custom == 1:
            break
        _, place = read_slice(record, place)
    return place


def read_batches(data: bytes) -> Iterator[Entry]:
    """The changes in a log of writes; raises Damaged."""
    for record in read_records(data):
        if len(record) < 12:
            raise Damaged("a batch of writes is cut")
        yield from _read_batch(record, read_fixed(record, 0, 8))


def _read_batch(record: bytes, number: int) -> Iterator[Entry]:
    place = 12
    while place < len(record):
        kind = record[place]
        place += 1
        if kind in (3, 0xD):  # a note, nothing
            if kind == 3:
                _, place = read_slice(record, place)
            continue
        if kind not in (PUT, DELETE, MERGE, SINGLE_DELETE, DELETE_RANGE):
            raise Damaged(f"a batch of writes holds something that is not known ({kind})")
        key, place = read_slice(record, place)
        value = b""
        if kind in (PUT, MERGE, DELETE_RANGE):
            value, place = read_slice(record, place)
        yield key, number, kind, value
        number += 1
