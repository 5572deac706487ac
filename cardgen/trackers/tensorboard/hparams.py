"""The records of TensorBoard's hparams plugin: what a session was started with, how it ended.

They stand in the metadata of a summary, as messages of ``hparams/plugin_data.proto`` and
``hparams/api.proto``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from cardgen.models import ParamValue, Status
from cardgen.trackers._events import Value
from cardgen.trackers._protobuf import as_bytes, as_double, as_int, as_text, read_fields

PLUGIN = "hparams"

_STATUS: Mapping[int, Status] = {1: "finished", 2: "failed", 3: "running"}
_DEPTH = 16


@dataclass(frozen=True)
class Start:
    """How a session began: ``params`` by name, ``started`` in seconds since 1970 where set."""

    params: dict[str, ParamValue] = field(default_factory=dict)
    group: str = ""
    model: str = ""
    url: str = ""
    started: float = 0.0


@dataclass(frozen=True)
class End:
    """How a session ended; ``ended`` in seconds since 1970 where the writer set it."""

    status: Status | None = None
    ended: float = 0.0


@dataclass(frozen=True)
class Experiment:
    """What an experiment says of all its sessions."""

    name: str = ""
    description: str = ""
    user: str = ""


def parse_record(value: Value) -> Start | End | Experiment | None:
    """The record that a logged value carries; None where it is none or cannot be read."""
    with suppress(ValueError):
        for number, content in read_fields(value.content):
            if number == 2:
                return _parse_experiment(as_bytes(content))
            if number == 3:
                return _parse_start(as_bytes(content))
            if number == 4:
                return _parse_end(as_bytes(content))
    return None


def _parse_experiment(data: bytes) -> Experiment:
    parts = dict(read_fields(data))
    name, description, user = (as_text(parts.get(number, b"")) for number in (6, 1, 2))
    return Experiment(name, description, user)


def _parse_start(data: bytes) -> Start:
    params: dict[str, ParamValue] = {}
    parts: dict[int, int | bytes] = {}
    for number, content in read_fields(data):
        if number == 1:
            name, value = _parse_entry(as_bytes(content), 0)
            params[name] = value
        else:
            parts[number] = content
    model, url, group = (as_text(parts.get(number, b"")) for number in (2, 3, 4))
    return Start(params, group, model, url, as_double(parts[5]) if 5 in parts else 0.0)


def _parse_end(data: bytes) -> End:
    parts = dict(read_fields(data))
    ended = as_double(parts[2]) if 2 in parts else 0.0
    return End(_STATUS.get(as_int(parts.get(1, 0))), ended)


def _parse_entry(data: bytes, depth: int) -> tuple[str, ParamValue]:
    """A name and its value, as a map lists them."""
    parts = dict(read_fields(data))
    return as_text(parts.get(1, b"")), _parse_value(as_bytes(parts.get(2, b"")), depth)


def _parse_value(data: bytes, depth: int) -> ParamValue:
    """A ``google.protobuf.Value``; all its numbers are doubles, so a whole one reads as such."""
    if depth > _DEPTH:
        raise ValueError("nested too deeply")
    value: ParamValue = None
    for number, content in read_fields(data):
        if number == 2:
            value = _as_number(as_double(content))
        elif number == 3:
            value = as_text(content)
        elif number == 4:
            value = bool(as_int(content))
        elif number == 5:
            inner = read_fields(as_bytes(content))
            value = dict(_parse_entry(as_bytes(item), depth + 1) for _, item in inner)
        elif number == 6:
            inner = read_fields(as_bytes(content))
            value = [_parse_value(as_bytes(item), depth + 1) for _, item in inner]
    return value


def _as_number(number: float) -> int | float:
    if math.isfinite(number) and number.is_integer() and abs(number) < 1 << 53:
        return int(number)
    return number
