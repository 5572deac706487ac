from __future__ import annotations

import io
import math
import struct
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event as Event_
from tensorboard.compat.proto.event_pb2 import SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.util.tensor_util import make_ndarray

from cardgen.trackers import _events
from cardgen.trackers._crc32c import masked_crc
from cardgen.trackers._events import Event, parse_event, read_events, shortest

DATA = Path(__file__).parents[1] / "data"
TENSORS = DATA / "events" / "events.out.tfevents.1795251756.vm.5335.0"
TRAINER = next((DATA / "hf" / "qa-1" / "runs").glob("*/*.0"))


def read(data: bytes) -> list[Event]:
    return list(read_events(io.BytesIO(data)))


def frame(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + masked_crc(length) + data + masked_crc(data)


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


@pytest.mark.parametrize("name", ["DT_HALF", "DT_BFLOAT16", "DT_INT8", "DT_UINT16", "DT_UINT64"])
@pytest.mark.parametrize("in_memory", [True, False])
def test_small_and_unsigned_numbers_are_read_as_tensorboard_reads_them(
    name: str, in_memory: bool
) -> None:
    kind, packed, listed, value = NUMBERS[name]
    tensor = TensorProto(dtype=kind)
    if in_memory:
        tensor.tensor_content = packed
    else:
        getattr(tensor, listed[0]).append(listed[1])
    made = Event_(step=3, summary=Summary(value=[Summary.Value(tag="x", tensor=tensor)]))
    (event,) = read(frame(made.SerializeToString()))
    assert event.values[0].scalar == value
    if name not in ("DT_BFLOAT16", "DT_UINT64"):  # of which TensorBoard itself reads not all forms
        assert float(make_ndarray(tensor).item()) == value


NUMBERS = {
    "DT_HALF": (19, struct.pack("<e", 0.75), ("half_val", 0x3A00), 0.75),
    "DT_BFLOAT16": (14, b"\x40\xbf", ("half_val", 0xBF40), -0.75),
    "DT_INT8": (6, b"\xfd", ("int_val", -3), -3.0),
    "DT_UINT16": (17, b"\xff\xff", ("int_val", 65535), 65535.0),
    "DT_UINT64": (23, b"\0" * 7 + b"\x80", ("uint64_val", 1 << 63), float(1 << 63)),
}


def test_a_new_start_is_told_from_other_session_logs() -> None:
    log = SessionLog(status=SessionLog.START)
    other = SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path="model.ckpt")
    data = b"".join(
        frame(Event_(wall_time=2.0, step=7, session_log=item).SerializeToString())
        for item in (log, other)
    )
    assert [event.restart for event in read(data)] == [True, False]


@given(
    st.floats(allow_nan=False),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=130),
    st.floats(width=32),
)
def test_the_short_way_and_the_long_way_read_the_same(
    time: float, step: int, tag: str, number: float
) -> None:
    value = Summary.Value(tag=tag, simple_value=number)
    data = Event_(wall_time=time, step=step, summary=Summary(value=[value])).SerializeToString()
    event = parse_event(data)
    assert repr(event) == repr(_events._parse_any(data))
    assert (event.wall_time, event.step, event.values[0].tag) == (time, step, tag)


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_tensorboard(data: bytes) -> None:
    (mine,) = struct.unpack("<I", masked_crc(data))
    assert mine == masked_crc32c(data)


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
    assert read(length + masked_crc(length) + b"rest") == []


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
@example(999999986991104.0)
def test_the_shortest_form_is_the_same_number(number: float) -> None:
    assert struct.pack("<f", shortest(number)) == struct.pack("<f", number)
    if math.isfinite(number):
        assert count_digits(shortest(number)) <= count_digits(number)


def count_digits(number: float) -> int:
    """Significant digits: 1e15 has one, however it is printed."""
    return len(Decimal(repr(number)).normalize().as_tuple().digits)
