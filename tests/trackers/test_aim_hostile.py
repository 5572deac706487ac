"""Aim's repositories as crashes, copies and strangers leave them."""

from __future__ import annotations

import os
import random
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers import aim
from cardgen.trackers._events import masked_crc
from cardgen.trackers.aim import log, store, table
from cardgen.trackers.aim.bytes import Damaged
from cardgen.trackers.aim.snappy import decompress
from cardgen.trackers.aim.store import load_store
from cardgen.trackers.aim.tree import load_value, make_prefix, parse_value, split_path
from tests.trackers.damage import is_part_of, read_cut, read_mutated
from tests.trackers.test_aim import DATA, KILLED, OK, fetch, survives


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(DATA / ".aim", tmp_path / ".aim")
    return tmp_path


def find_file(root: Path, name: str, kind: str, pattern: str) -> Path:
    (found,) = (
        p for p in (root / ".aim" / kind / "chunks" / name).glob(pattern) if p.stat().st_size
    )
    return found


FILES = [
    (OK, "meta", "*.sst"),
    (OK, "seqs", "*.sst"),
    (OK, "meta", "MANIFEST-*"),
    (OK, "seqs", "CURRENT"),
    (KILLED, "meta", "*.log"),
    (KILLED, "seqs", "*.log"),
    (KILLED, "seqs", "MANIFEST-*"),
]


@pytest.mark.parametrize(("name", "kind", "pattern"), FILES)
def test_a_cut_file_says_nothing_new(project: Path, name: str, kind: str, pattern: str) -> None:
    path, whole = find_file(project, name, kind, pattern), fetch(project, name)
    read: list[Run] = []
    for _, run in read_cut(path, lambda: fetch(project, name), at_most=60):
        if pattern != "*.log":  # what a log lacks may be a later word on the same thing
            is_part_of(run, whole)
        assert set(run.metrics) <= set(whole.metrics)
        assert (
            len(run.metrics) == len(whole.metrics)
            or kind == "seqs"
            or "metrics" in (run.unavailable)
        )
        read.append(run)
    if pattern == "*.log":
        assert len(read) > 50  # what is whole of a log that a crash cut is kept
    if pattern == "*.sst":
        assert read == []


@pytest.mark.parametrize(("name", "kind", "pattern"), FILES)
def test_a_mutated_file_ends_in_a_run_or_a_sentence(
    project: Path, name: str, kind: str, pattern: str
) -> None:
    path = find_file(project, name, kind, pattern)
    for _, run in read_mutated(path, lambda: fetch(project, name), count=60):
        survives(run)


def test_a_mutated_table_whose_checksums_are_right_ends_in_a_run_or_a_sentence(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the checksums, which a stranger can set as well."""
    path = find_file(project, OK, "meta", "*.sst")
    for module in (table, log):
        monkeypatch.setattr(module, "masked_crc", _AnyCrc)
    for _, run in read_mutated(path, lambda: fetch(project, OK), count=150):
        survives(run)
    path = find_file(project, KILLED, "seqs", "*.log")
    for _, run in read_mutated(path, lambda: fetch(project, KILLED), count=100):
        survives(run)


class _AnyCrc:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def test_a_mutated_database_ends_in_a_run_or_a_sentence(project: Path) -> None:
    path = project / ".aim" / "run_metadata.sqlite"
    for _, run in read_mutated(path, lambda: fetch(project, OK), count=60):
        survives(run)
    path.write_bytes(b"no database")
    with pytest.raises(TrackerError, match="no SQLite database"):
        fetch(project, OK)
    assert len(aim.find_runs(project, TrackerConfig(project))) == 3


def test_a_table_that_is_gone_is_named(project: Path) -> None:
    path = find_file(project, OK, "seqs", "*.sst")
    path.unlink()
    with pytest.raises(TrackerError, match=f"lacks its file {path.name}"):
        fetch(project, OK)


def test_links_lead_nowhere_outside(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    path = find_file(project, OK, "meta", "*.sst")
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside / path.name)
    with pytest.raises(TrackerError, match="link out of the project"):
        fetch(project, OK)
    shutil.move(project / ".aim", outside / ".aim")
    (project / ".aim").symlink_to(outside / ".aim")
    with pytest.raises(TrackerError, match="no Aim repository"):
        fetch(project, OK)
    assert aim.find_runs(project, TrackerConfig(project)) == ()


def test_a_pipe_is_not_waited_for(project: Path) -> None:
    path = find_file(project, OK, "meta", "*.sst")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(TrackerError, match="no regular file"):
        fetch(project, OK)


def test_what_is_too_large_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 1000)
    with pytest.raises(TrackerError, match="larger than"):
        fetch(project, OK)


def test_a_block_that_swells_is_refused() -> None:
    swollen = b"\xff\xff\xff\xff\x0f" + b"\x00a" + b"\xfe\x01\x00" * 1000
    with pytest.raises(Damaged, match="too large"):
        decompress(swollen, 1000)
    lying = b"\x05" + b"\x00a" + b"\xfe\x01\x00" * 1000
    with pytest.raises(Damaged, match="wrongly"):
        decompress(lying, 1000)


# Snappy, by the rules of its format ----------------------------------------------------------


def compress(data: bytes, chance: random.Random) -> bytes:
    """Snappy of whatever pieces: literals, and copies of all three widths."""
    out = bytearray()
    length = len(data)
    while True:
        out.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            break
    place = 0
    while place < len(data):
        size, offset = chance.randint(1, 64), chance.randint(1, max(1, place))
        piece = data[place : place + size]
        if place and bytes(data[place - offset + n] for n in range(len(piece))) == piece:
            if 4 <= len(piece) <= 11 and offset < 2048:
                out += bytes([1 | (len(piece) - 4) << 2 | (offset >> 8) << 5, offset & 0xFF])
            elif offset < 65536:
                out += bytes([2 | (len(piece) - 1) << 2]) + struct.pack("<H", offset)
            else:
                out += bytes([3 | (len(piece) - 1) << 2]) + struct.pack("<I", offset)
        elif len(piece) > 60:
            out += bytes([60 << 2, len(piece) - 1]) + piece
        else:
            out += bytes([(len(piece) - 1) << 2]) + piece
        place += len(piece)
    return bytes(out)


@settings(max_examples=200)
@given(st.lists(st.sampled_from([b"a", b"ab", b"abcd", b"xyz" * 9]), max_size=60), st.randoms())
def test_what_was_compressed_comes_back(pieces: list[bytes], chance: random.Random) -> None:
    data = b"".join(pieces)
    assert decompress(compress(data, chance), 10_000) == data


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    for read in (
        lambda: decompress(data, 1000),
        lambda: list(table.read_table(data)),
        lambda: log.parse_manifest(data),
        lambda: list(log.read_batches(data)),
    ):
        try:
            read()
        except Damaged as error:
            assert error.args[0]  # noqa: PT017  # one of many that may or may not be raised
    split_path(data)
    parse_value(data)


# Changes, logs and trees ---------------------------------------------------------------------


def frame(*records: bytes) -> bytes:
    """A log of records, each in pieces where it crosses a block."""
    out = bytearray()
    for record in records:
        left, first = record, True
        while True:
            room = 32 * 1024 - len(out) % (32 * 1024)
            if room < 7:
                out += bytes(room)
                continue
            piece, left = left[: room - 7], left[room - 7 :]
            kind = (1 if first else 4) if not left else (2 if first else 3)
            body = bytes([kind]) + piece
            out += masked_crc(body) + struct.pack("<H", len(piece)) + body
            first = False
            if not left:
                break
    return bytes(out)


def batch(number: int, *changes: bytes) -> bytes:
    return struct.pack("<QI", number, len(changes)) + b"".join(changes)


def put(key: bytes, value: bytes) -> bytes:
    return (
        b"\x01"
        + bytes([len(key)])
        + key
        + bytes([len(value) & 0x7F | 0x80, len(value) >> 7])
        + value
    )


def make_store(root: Path, data: bytes) -> Path:
    (root / "CURRENT").write_text("MANIFEST-000001\n")
    (root / "MANIFEST-000001").write_bytes(frame(b"\x02\x05"))
    (root / "000004.log").write_bytes(frame(batch(1, put(b"old", b"log"))))
    (root / "000005.log").write_bytes(data)
    return root


def test_the_newest_change_of_a_key_counts(tmp_path: Path) -> None:
    data = frame(
        batch(1, put(b"a", b"1"), put(b"b", b"1"), put(b"c", b"1"), put(b"d", b"1")),
        batch(10, b"\x00\x01a", put(b"b", b"2")),
        batch(20, b"\x0f\x01b\x01d", put(b"c", b"3")),
        batch(30, b"\x03\x04note", put(b"long", b"x" * 16_000), put(b"more", b"y" * 16_000)),
        batch(40, put(b"wide", b"z" * 16_000), put(b"wider", b"w" * 16_000)),
    )
    found = load_store(make_store(tmp_path, data), tmp_path, "x")
    assert {key: value[:1] for key, value in found.items()} == {
        b"c": b"3",
        b"d": b"1",
        b"long": b"x",
        b"more": b"y",
        b"wide": b"z",
        b"wider": b"w",
    }


def test_a_log_is_read_up_to_where_it_was_cut(tmp_path: Path) -> None:
    whole = frame(batch(1, put(b"a", b"1")), batch(2, put(b"b", b"2")))
    make_store(tmp_path, whole[:-1])
    assert load_store(tmp_path, tmp_path, "x") == {b"a": b"1"}
    make_store(tmp_path, whole + bytes(100_000))  # room that was taken and not written yet
    assert load_store(tmp_path, tmp_path, "x") == {b"a": b"1", b"b": b"2"}


@pytest.mark.parametrize(
    ("record", "said"),
    [(b"\x01", "cut"), (batch(1, b"\x09x"), "not known"), (batch(1, b"\x02\x01a\x01b"), "kind")],
)
def test_what_aim_does_not_write_is_refused(tmp_path: Path, record: bytes, said: str) -> None:
    make_store(tmp_path, frame(record))
    with pytest.raises(TrackerError, match=said):
        load_store(tmp_path, tmp_path, "x")


def test_paths_and_values_are_those_of_aim() -> None:
    parts = ("foo", 19, "α-γ", -2, 254)
    assert split_path(make_prefix(*parts)) == parts
    assert make_prefix("foo", 19, "α-γ") == (
        b"foo\xfe\xfe\x00\x00\x00\x00\x00\x00\x00\x13\xfe\xce\xb1-\xce\xb3\xfe"
    )
    assert [parse_value(data) for data in (b"\x00", b"\x01\x01", b"\x01\x00", b"\x04a")] == [
        None,
        True,
        False,
        "a",
    ]


def test_odd_trees_do_no_harm() -> None:
    deep = make_prefix(*["a"] * 500)
    found = {
        deep: b"\x04x",
        make_prefix("t", 5): b"\x04five",
        make_prefix("t"): b"\x06",
        make_prefix("t", 1): b"\x04one",
        make_prefix("u"): b"\x08image",
        make_prefix("u", "data"): b"\x05\x00\x01",
        make_prefix("v", "w"): b"\x09what",
        b"\xfe\x01": b"\x02",
    }
    assert load_value(found, "t") == ["one", "five"]
    assert load_value(found, "u") is not None
    assert load_value(found) == {"t": ["one", "five"], "v": {}}
    assert load_value({}, "x") is None
