"""What W&B's own code reads from a ``.wandb`` file: its protocol buffers, and its log inspector."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

WRITER = Path(__file__).with_name("wandb_writer.py")
DATA = Path(__file__).parents[1] / "data" / "wandb"
Json = dict[str, Any]


def find_logs() -> list[Path]:
    """All logs of the committed data that hold records."""
    return sorted(path for path in DATA.rglob("*.wandb") if path.stat().st_size > 7)


def inspect(path: Path) -> list[Json]:
    """The records as the client's own reader prints them (``wandb leet inspect --json``)."""
    return [json.loads(line) for line in _run_inspect(path).splitlines() if line.strip()]


def inspect_summary(path: Path) -> Json:
    """The run's state as the client's own reader prints it."""
    found: Json = json.loads(_run_inspect(path, "--summary"))
    return found


def _run_inspect(path: Path, *options: str) -> str:
    spec = importlib.util.find_spec("wandb")
    assert spec is not None
    assert spec.submodule_search_locations
    core = Path(spec.submodule_search_locations[0]) / "bin" / "wandb-core"
    fixed = (core, "leet", "inspect", "--no-observability", "--json")
    command = [*fixed, *options, "--run-file", path, path.parent]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


def parse(path: Path) -> list[Any]:
    """The records as protobuf's own library reads them, by W&B's own definitions.

    The client has no Python reader of the framing any more; it is taken apart here.
    """
    from wandb.proto import wandb_internal_pb2

    records = []
    for data in _read_frames(path.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        records.append(record)
    return records


def _read_frames(data: bytes) -> list[bytes]:
    assert data[:7] == b":W&B\xe1\xbe\x00"
    at, parts, found = 7, b"", []
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        check, length, kind = struct.unpack("<IHB", data[at : at + 7])
        piece = data[at + 7 : at + 7 + length]
        if len(piece) < length or zlib.crc32(bytes([kind]) + piece) != check:
            break
        at += 7 + length
        parts = piece if kind in (1, 2) else parts + piece
        if kind in (1, 4):
            found.append(parts)
    return found


def write_frames(records: list[Any]) -> bytes:
    """A log of these records, each in one piece: they fit the first block."""
    data = b":W&B\xe1\xbe\x00"
    for record in records:
        body = record.SerializeToString()
        check = zlib.crc32(b"\x01" + body)
        data += struct.pack("<IHB", check, len(body), 1) + body
    assert len(data) < 32768
    return data


def record(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Let the real client record a training offline below a folder, in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {
        **{k: v for k, v in os.environ.items() if not k.startswith("WANDB_")},
        "WANDB_MODE": "offline",
        "WANDB_DIR": str(folder),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
        "WANDB_CACHE_DIR": str(folder / ".cache"),
        "WANDB_DATA_DIR": str(folder / ".cache"),
        "WANDB_CONFIG_DIR": str(folder / ".cache"),
        **environ,
    }
    return subprocess.run(
        [sys.executable, str(WRITER), *arguments],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
