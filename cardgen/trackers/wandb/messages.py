"""The protocol buffers of a ``.wandb`` file: what each kind of record says of the run.

The numbers are those of ``wandb_internal.proto``, where fields were only ever added. Console
output, system metrics and W&B's own telemetry are passed over unread.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from cardgen.trackers._protobuf import as_bytes, as_double, as_int, as_text, read_fields
from cardgen.trackers.wandb.record import MAX_ITEMS, Artifact, Record, remove_item, set_item
from cardgen.trackers.wandb.values import clean_text, make_time, parse_json

Value = int | bytes
Item = tuple[tuple[str, ...], Any]

# What the environment says in one text, by the names of wandb-metadata.json.
_TEXTS = {
    1: "os",
    2: "python",
    6: "program",
    7: "codePath",
    8: "codePathLocal",
    10: "email",
    11: "root",
    12: "host",
    13: "username",
    14: "executable",
    15: "colab",
    18: "gpu",
}
_APPLE_NAME, _NVIDIA_NAME, _AMD_NAME = 1, 1, 9


def add_record(record: Record, data: bytes) -> None:
    """Take one record; what cannot be read as the record it claims to be is passed over."""
    try:
        for number, value in read_fields(data):
            add = _KINDS.get(number)
            if add is not None:
                add(record, as_bytes(value))
    except (ValueError, OverflowError):
        return


def _add_run(record: Record, data: bytes) -> None:
    tags: list[str] = []
    for number, value in read_fields(data):
        if number in _RUN_TEXTS:
            setattr(record, _RUN_TEXTS[number], clean_text(as_text(value)))
        elif number == 4:
            _add_config(record, as_bytes(value))
        elif number == 5:
            _add_summary(record, as_bytes(value))
        elif number == 10:
            tags.append(as_text(value))
        elif number == 17:
            record.start_at(_parse_timestamp(as_bytes(value)))
        elif number == 20:
            record.earlier = as_int(value)
        elif number == 21:
            git = _parse_git(as_bytes(value))
            record.repository = git["remote"] or record.repository
            record.commit = git["commit"] or record.commit
        elif number == 23:
            record.fork = clean_text(_find_text(as_bytes(value), 1))
    record.tags = tuple(tags[:MAX_ITEMS])


_RUN_TEXTS = {
    1: "run_id",
    2: "entity",
    3: "project",
    6: "group",
    7: "job_type",
    8: "name",
    9: "notes",
    12: "sweep",
    13: "host",
}


def _add_history(record: Record, data: bytes) -> None:
    row: dict[str, Any] = {}
    step = None
    for number, value in read_fields(data):
        if number == 1:
            path, item = _parse_item(as_bytes(value))
            set_item(row, path, item)
        elif number == 2:
            inner = (as_int(v) for n, v in read_fields(as_bytes(value)) if n == 1)
            step = next(inner, 0)
    record.history.add_row(row, step)


def _add_summary(record: Record, data: bytes) -> None:
    _apply(record.summary, data)


def _add_config(record: Record, data: bytes) -> None:
    _apply(record.config, data)


def _apply(values: dict[str, Any], data: bytes) -> None:
    for number, value in read_fields(data):
        if number == 1:
            set_item(values, *_parse_item(as_bytes(value)))
        elif number == 2:
            remove_item(values, _parse_item(as_bytes(value))[0])


def _parse_item(data: bytes) -> Item:
    """A key, or the keys of inner objects, and the value in whichever of its forms."""
    key, nested, result = "", [], None
    for number, value in read_fields(data):
        if number == 1:
            key = _decode(as_bytes(value))
        elif number == 2:
            nested.append(_decode(as_bytes(value)))
        elif number in (8, 16):
            result = parse_json(as_text(value) or "null")
        elif number == 4:
            result = bool(as_int(value))
        elif number == 5:
            result = _unfold(as_int(value))
        elif number == 6:
            result = as_double(value)
        elif number == 7:
            result = as_text(value)
    return (tuple(nested) if nested else (key,)), result


def _unfold(number: int) -> int:
    """A signed integer out of protocol buffers' zigzag."""
    number &= (1 << 64) - 1
    return (number >> 1) ^ -(number & 1)


def _add_metric(record: Record, data: bytes) -> None:
    fields = dict(read_fields(data))
    name, glob, axis = (as_text(fields.get(number, b"")) for number in (1, 2, 4))
    record.history.axes.declare(name, glob, axis)


def _add_files(record: Record, data: bytes) -> None:
    for number, value in read_fields(data):
        if number == 1 and _find_text(as_bytes(value), 1) == "diff.patch":
            record.dirty = True


def _add_exit(record: Record, data: bytes) -> None:
    fields = dict(read_fields(data))
    if as_int(fields.get(3, 0)):  # not_complete: the run goes on elsewhere
        return
    record.ended = True
    record.exit_code = as_int(fields.get(1, 0))
    record.seconds = as_int(fields.get(2, 0))


def _add_environment(record: Record, data: bytes) -> None:
    found: dict[str, Any] = {"args": [], "gpu_nvidia": [], "gpu_amd": []}
    for number, value in read_fields(data):
        if number in _TEXTS:
            found[_TEXTS[number]] = as_text(value)
        elif number == 3:
            record.start_at(_parse_timestamp(as_bytes(value)))
        elif number == 5:
            found["args"].append(as_text(value))
        elif number == 9:
            found["git"] = _parse_git(as_bytes(value))
        elif number == 19:
            found["gpu_count"] = as_int(value)
        elif number == 23:
            found["apple"] = {"name": _find_text(as_bytes(value), _APPLE_NAME)}
        elif number in (24, 26):
            field = _NVIDIA_NAME if number == 24 else _AMD_NAME
            name = "gpu_nvidia" if number == 24 else "gpu_amd"
            found[name].append({"name": _find_text(as_bytes(value), field)})
    record.add_machine(found)


def _add_artifact(record: Record, data: bytes) -> None:
    texts = {4: "", 5: "", 6: ""}
    aliases: list[str] = []
    size = 0
    for number, value in read_fields(data):
        if number in texts:
            texts[number] = clean_text(as_text(value))
        elif number == 11:
            aliases.append(as_text(value))
        elif number == 12:
            size = sum(_find_sizes(as_bytes(value)))
    if len(record.artifacts) < MAX_ITEMS:
        record.artifacts.append(
            Artifact(
                name=texts[5],
                kind=texts[4],
                digest=texts[6],
                aliases=tuple(aliases[:100]),
                size=size or None,
            )
        )


def _find_sizes(manifest: bytes) -> Iterator[int]:
    """The sizes of the files that an artifact holds."""
    for number, value in read_fields(manifest):
        if number == 4:
            yield from (as_int(v) for n, v in read_fields(as_bytes(value)) if n == 4)


def _add_used(record: Record, data: bytes) -> None:
    fields = dict(read_fields(data))
    kind, name = (clean_text(as_text(fields.get(number, b""))) for number in (2, 3))
    name, _, version = name.partition(":")
    if name and len(record.artifacts) < MAX_ITEMS:
        record.artifacts.append(Artifact(name=name, kind=kind, version=version, used=True))


def _parse_git(data: bytes) -> dict[str, str]:
    return {"remote": _find_text(data, 1), "commit": _find_text(data, 2)}


def _parse_timestamp(data: bytes) -> dt.datetime | None:
    fields = dict(read_fields(data))
    return make_time(as_int(fields.get(1, 0)), as_int(fields.get(2, 0)))


def _find_text(data: bytes, field: int) -> str:
    return next((as_text(value) for number, value in read_fields(data) if number == field), "")


@lru_cache(maxsize=8192)
def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")


_KINDS: dict[int, Callable[[Record, bytes], None]] = {
    2: _add_history,
    3: _add_summary,
    5: _add_config,
    6: _add_files,
    8: _add_artifact,
    12: _add_metric,
    17: _add_run,
    18: _add_exit,
    25: _add_used,
    26: _add_environment,
}
