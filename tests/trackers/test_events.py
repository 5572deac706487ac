from __future__ import annotations

import io
import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.trackers import _events
from cardgen.trackers._events import Event, parse_event, read_events, shortest

DATA = Path(__file__).parents[1] / "data"
TENSORS = DATA / "events" / "events.out.tfevents.1795251756.vm.5335.0"
TRAINER = next((DATA / "hf" / "qa-1" / "runs").glob("*/*.0"))


def read(data: bytes) -> list[Event]:
    return list(read_events(io.BytesIO(data)))


def frame(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _events._mask(length) + data + _events._mask(data)


def test_scalars_and_texts_of_the_trainer_are_read() -> None:
    events = read(TRAINER.read_bytes())
    assert len(events) == 41
    texts = {v.tag: v.texts for e in events for v in e.values if v.texts}
    assert texts["args/text_summary"][0].startswith('{\n  "output_dir": "qa-1"')
    scalars = [(e.step, v.scalar) for e in events for v in e.values if v.tag == "eval/accuracy"]
    assert scalars == [(25, 0.095), (50, 0.095)]
    assert events[0].wall_time == pytest.approx(1795241715.510002)


def test_every_kind_of_tensor_with_one_number_is_read() -> None:
    found = {v.tag: (e.step, v) for e in read(TENSORS.read_bytes()) for v in e.values}
    numbers = {tag: value.scalar for tag, (_, value) in found.items()}
    assert math.isnan(numbers.pop("nan") or 0)
    assert numbers == {
        "v2/loss": 0.095,
        "float_val": 0.25,
        "double_content": 1 / 3,
        "int64_val": -7.0,
        "int32_val": 300.0,
        "vector": None,
        "floats": None,
        "strings": None,
        "bool": None,
        "inf": math.inf,
    }
    assert found["v2/loss"][0] == -1
    assert found["v2/loss"][1].plugin == "scalars"
    assert found["strings"][1].texts == ("zażółć", "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("cut", [0, 5, 12, 40, 500, 4000, 6766])
def test_a_file_that_is_still_written_is_read_as_far_as_it_goes(cut: int) -> None:
    data = TRAINER.read_bytes()
    events = read(data[:cut])
    assert len(events) < 41
    assert read(data)[: len(events)] == events


def test_reading_stops_at_damage() -> None:
    data = bytearray(TRAINER.read_bytes())
    data[4000] ^= 0xFF
    whole, damaged = read(TRAINER.read_bytes()), read(bytes(data))
    assert 0 < len(damaged) < len(whole)
    assert damaged == whole[: len(damaged)]


def test_a_large_record_and_one_that_is_no_event_are_passed_over() -> None:
    data = TRAINER.read_bytes()
    large = frame(b"\x00" * (_events.MAX_RECORD + 1))
    assert read(large + frame(b"\xff\xff") + data) == read(data)


def test_a_length_beyond_all_bounds_ends_the_file() -> None:
    length = struct.pack("<Q", 2**64 - 1)
    assert read(length + _events._mask(length) + b"rest") == []


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    assert read(data) == []
    events = read(frame(data))
    assert len(events) <= 1
    try:
        parse_event(data)
    except ValueError:
        assert events == []


@given(st.integers(0, 6766), st.integers(1, 255))
def test_any_flipped_byte_gives_a_part_of_the_truth(at: int, flip: int) -> None:
    data = bytearray(TRAINER.read_bytes())
    data[at] ^= flip
    events = read(bytes(data))
    assert events == read(TRAINER.read_bytes())[: len(events)]


@given(st.floats(width=32))
def test_the_shortest_form_is_the_same_number(number: float) -> None:
    assert struct.pack("<f", shortest(number)) == struct.pack("<f", number)
    assert len(repr(shortest(number))) <= len(repr(number))
