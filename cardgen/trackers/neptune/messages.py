"""Messages of Neptune's ingest API v1 that neptune-scale keeps; all raise ValueError if damaged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from cardgen.models import RunFile
from cardgen.trackers._protobuf import as_bytes, as_double, as_int, as_text, read_fields
from cardgen.trackers.neptune.values import Value, clean_text, make_time


def parse_values(data: bytes) -> Iterator[Value | RunFile]:
    """The value of a message that holds one of several kinds; histograms are passed over."""
    for number, value in read_fields(data):
        if number == 1:
            yield as_double(value)
        elif number == 3:
            yield as_int(value)
        elif number == 5:
            yield bool(as_int(value))
        elif number == 6:
            yield clean_text(as_text(value))
        elif number == 8 and (time := parse_timestamp(as_bytes(value))) is not None:
            yield time
        elif number == 12:
            texts = (as_text(text) for key, text in read_fields(as_bytes(value)) if key == 1)
            yield frozenset(map(clean_text, texts))
        elif number == 13:
            yield _parse_file(as_bytes(value))


def _parse_file(data: bytes) -> RunFile:
    fields = dict(read_fields(data))
    size = as_int(fields[2]) if 2 in fields else None
    return RunFile(path="", size=size if size is not None and size >= 0 else None)


def parse_timestamp(data: bytes) -> dt.datetime | None:
    """A moment in UTC; none where no calendar has it."""
    fields = dict(read_fields(data))
    return make_time(as_int(fields.get(1, 0)) + as_int(fields.get(2, 0)) / 1e9)


def parse_step(data: bytes) -> float:
    """A step, which has whole and millionth parts."""
    fields = dict(read_fields(data))
    micro = as_int(fields.get(2, 0))
    return (
        as_int(fields.get(1, 0)) + micro / 1_000_000 if micro else float(as_int(fields.get(1, 0)))
    )


def is_preview(data: bytes) -> bool:
    """Whether values are announced and not final."""
    return bool(dict(read_fields(data)).get(1))
