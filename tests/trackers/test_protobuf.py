"""The wire format of protocol buffers, written by the real library where it is installed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.trackers._protobuf import as_bytes, as_double, as_int, as_text, read_fields


@given(st.integers(-(2**63), 2**63 - 1), st.text(), st.floats())
def test_what_the_real_library_writes(number: int, text: str, value: float) -> None:
    struct = pytest.importorskip("google.protobuf.wrappers_pb2")
    ((field, found),) = read_fields(struct.Int64Value(value=number or 1).SerializeToString())
    assert (field, as_int(found)) == (1, number or 1)
    for _, found in read_fields(struct.StringValue(value=text).SerializeToString()):
        assert as_text(found) == text
    for _, found in read_fields(struct.DoubleValue(value=value).SerializeToString()):
        assert as_double(found) == value or math.isnan(value)


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x0a\x05ab", b"\x09abc", b"\x0b", b"\x08" + b"\xff" * 11, b"\x0d\x00"]
)
def test_what_is_damaged(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        list(read_fields(data))


def test_other_types() -> None:
    for read, value in ((as_int, b"x"), (as_bytes, 1), (as_double, b"short"), (as_text, 7)):
        with pytest.raises(ValueError):  # noqa: PT011
            read(value)


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    try:
        fields = list(read_fields(data))
    except ValueError:
        return
    assert len(fields) <= len(data)
