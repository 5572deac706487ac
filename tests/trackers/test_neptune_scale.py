"""SQLite files of neptune-scale: real ones, and messages made by hand."""

from __future__ import annotations

import datetime as dt
import math
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Run, RunFile
from cardgen.trackers import neptune
from tests.trackers.neptune_tree import DATA, configure


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value & ((1 << 64) - 1))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(field: int, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def text(field: int, value: str) -> bytes:
    return message(field, value.encode())


def double(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d", value)


def entry(field: int, path: str, value: bytes) -> bytes:
    return message(field, text(1, path), message(2, value))


def write(
    folder: Path, *operations: tuple[int, bytes], run: str = "r", version: str = "v5"
) -> Path:
    folder.mkdir(parents=True)
    path = folder / "run_operations.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE run_operations (sequence_id INTEGER PRIMARY KEY, timestamp INTEGER,"
            " operation_type INTEGER, operation BLOB, operation_size_bytes INTEGER)"
        )
        connection.execute(
            "CREATE TABLE metadata"
            " (id INTEGER PRIMARY KEY, version TEXT, project TEXT, run_id TEXT)"
        )
        connection.execute("INSERT INTO metadata VALUES (1, ?, 'team/qa', ?)", (version, run))
        for index, (kind, operation) in enumerate(operations, 1):
            connection.execute(
                "INSERT INTO run_operations VALUES (?, ?, ?, ?, ?)",
                (index, 1_700_000_000_000 + index, kind, operation, len(operation)),
            )
    return path


def fetch(root: Path) -> Run:
    """The only run below a folder."""
    (ref,) = neptune.find_runs(root, configure(root))
    run = neptune.fetch_run(ref.removeprefix("neptune:"), configure(root))
    assert run.ref == ref
    return run


def test_a_real_run() -> None:
    run = fetch(DATA / "neptune3_offline")
    assert run.ref == "neptune:.#team/qa/qa-run-3"
    assert (run.name, run.experiment) == ("qa-3", "team/qa")
    assert run.params == {
        "lr": 1e-4,
        "epochs": 2,
        "fp16": True,
        "name": "adamw",
        "cfg/a/b": 1,
        "started": "2026-11-21T12:00:00Z",
    }
    assert [command.line for command in run.commands] == ["../../v3/bin/python train3.py --lr 1e-4"]
    assert run.source is not None
    assert run.source.repository == "https://example.org/team/qa.git"
    assert (run.source.branch, run.source.dirty) == ("main", True)
    assert run.source.commit == "a12adfb4de34d9626baf3dcf0c27ef9b7c22444d"
    assert run.tags == {"qa": "", "grp": ""}
    assert [row.step for row in run.checkpoints] == [0, 10, 20, 30, 40]
    assert run.metrics["eval/f1"].value == 90, "a preview is no value"
    assert run.files == (
        RunFile(path="cfg_file", size=9),
        RunFile(path="mem", size=3),
        RunFile(path="preds/10", size=2),
    )
    assert run.started == dt.datetime(2026, 11, 21, 5, 51, 33, 262000, dt.UTC)
    assert run.status is None
    assert "source.commit" not in run.unavailable


def test_a_run_that_was_never_synced() -> None:
    run = fetch(DATA / "neptune3_async_unsynced")
    assert (run.name, run.params) == ("qa-4", {"lr": 1e-4})
    assert run.metrics["eval/f1"].value == 1


@pytest.mark.parametrize(
    "locator",
    [
        ".neptune#team/qa/qa-run-3",
        ".neptune#qa-run-3",
        ".neptune#qa-3",
        ".neptune",
        "team/qa/qa-run-3",
        "qa-run-3",
        "qa-3",
        "team/qa/qa-3",
        ".neptune/team_qa_qa-run-3_1795240293207121408",
        ".neptune/team_qa_qa-run-3_1795240293207121408/run_operations.sqlite3",
        "team_qa_qa-run-3_1795240293207121408",
    ],
)
def test_locators(tmp_path: Path, locator: str) -> None:
    shutil.copytree(DATA / "neptune3_offline", tmp_path / ".neptune")
    run = neptune.fetch_run(locator, configure(tmp_path))
    assert run.ref == "neptune:.neptune#team/qa/qa-run-3"


def test_a_file_by_another_name(tmp_path: Path) -> None:
    path = write(tmp_path / "x", (0, entry(4, "a", number(3, 5))))
    path.rename(tmp_path / "kept.sqlite3")
    run = neptune.fetch_run("kept.sqlite3", configure(tmp_path))
    assert (run.ref, run.params) == ("neptune:kept.sqlite3#team/qa/r", {"a": 5})
    assert neptune.fetch_run(run.ref.removeprefix("neptune:"), configure(tmp_path)) == run


def test_while_it_is_written(tmp_path: Path) -> None:
    """What lies in the WAL alone is read, and nothing is left beside it."""
    path = write(tmp_path / ".neptune" / "a", (0, entry(4, "a", number(3, 1))))
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute(
            "INSERT INTO run_operations VALUES (2, 1700000000009, 0, ?, 9)",
            (entry(4, "b", number(3, 2)),),
        )
        writer.commit()
        before = sorted(file.name for file in path.parent.iterdir())
        assert fetch(tmp_path).params == {"a": 1, "b": 2}
        assert sorted(file.name for file in path.parent.iterdir()) == before


def test_every_value(tmp_path: Path) -> None:
    stamp = message(8, number(1, 1_700_000_000), number(2, 500_000_000))
    values = {
        "double": double(1, -0.5),
        "nan": double(1, math.nan),
        "int": number(3, -7),
        "bool": number(5, 1),
        "text": text(6, "zażółć"),
        "time": stamp,
        "set": message(12, text(1, "b"), text(1, "a")),
        "histogram": message(14, b""),
        "new": number(31, 1),
    }
    operations = [(0, entry(4, path, value)) for path, value in values.items()]
    file = entry(4, "f", message(13, text(1, "somewhere"), number(2, 12), text(3, "text/plain")))
    run = fetch(write(tmp_path / "a", *operations, (0, file), (9, b"what")).parent)
    assert math.isnan(run.params.pop("nan"))  # type: ignore[arg-type]
    assert run.params == {
        "double": -0.5,
        "int": -7,
        "bool": True,
        "text": "zażółć",
        "time": "2023-11-14T22:13:20.500000Z",
        "set": ["a", "b"],
    }
    assert run.files == (RunFile(path="f", size=12),)


def test_steps_tags_and_previews(tmp_path: Path) -> None:
    def append(value: float, *parts: bytes) -> tuple[int, bytes]:
        return 0, b"".join(parts) + entry(8, "eval/f1", double(1, value))

    def tag(name: str, change: int) -> tuple[int, bytes]:
        one = message(1, text(1, name), number(2, change))
        return 0, entry(5, "sys/tags", message(1, one))

    run = fetch(
        write(
            tmp_path / "a",
            append(0.1, message(1, number(1, 3), number(2, 500_000))),
            append(0.2, message(1, number(1, 4))),
            append(0.9, message(1, number(1, 5)), message(10, number(1, 1))),
            append(0.3),
            tag("kept", 1),
            tag("gone", 1),
            tag("gone", 2),
        ).parent
    )
    assert [(row.step, row.metrics["eval/f1"]) for row in run.checkpoints] == [
        (3.5, 0.1),
        (4, 0.2),
        (5, 0.3),
    ]
    assert run.tags == {"kept": ""}


def test_forks_and_processes(tmp_path: Path) -> None:
    fork = message(2, text(1, "team/qa"), text(2, "parent"), message(4, number(1, 3)))
    created = message(3, number(1, 1_600_000_000))
    base = tmp_path / ".neptune"
    write(
        base / "team_qa_r_1", (1, text(5, "exp") + created + fork), (0, entry(4, "a", number(3, 1)))
    )
    write(base / "team_qa_r_2", (0, entry(4, "b", number(3, 2))), version="v2")
    run = fetch(tmp_path)
    assert (run.name, run.params) == ("exp", {"a": 1, "b": 2})
    assert run.parent == "neptune:.neptune#team/qa/parent"
    assert run.started == dt.datetime(2020, 9, 13, 12, 26, 40, tzinfo=dt.UTC)
    assert run.finished == dt.datetime(2023, 11, 14, 22, 13, 20, 2000, dt.UTC)


def test_damage_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a", (0, entry(4, "a", number(3, 1))), (0, b"\x22\xff\xff"))
    with pytest.raises(TrackerError, match="damaged at operation 2"):
        fetch(tmp_path)
    path.write_bytes(path.read_bytes()[:5000])
    (ref,) = neptune.find_runs(tmp_path, configure(tmp_path))
    assert ref == "neptune:a/run_operations.sqlite3"
    with pytest.raises(TrackerError):
        neptune.fetch_run(ref.removeprefix("neptune:"), configure(tmp_path))


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"hello"])
def test_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run_operations.sqlite3").write_bytes(content)
    (ref,) = neptune.find_runs(tmp_path, configure(tmp_path))
    with pytest.raises(TrackerError):
        neptune.fetch_run(ref.removeprefix("neptune:"), configure(tmp_path))


def test_another_programs_database(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with closing(sqlite3.connect(tmp_path / "a" / "run_operations.sqlite3")) as connection:
        connection.execute("CREATE TABLE metadata (id, project, run_id)")
        connection.execute("INSERT INTO metadata VALUES (1, x'00', 7)")
        connection.commit()
    (ref,) = neptune.find_runs(tmp_path, configure(tmp_path))
    with pytest.raises(TrackerError, match="holds no run of neptune-scale"):
        neptune.fetch_run(ref.removeprefix("neptune:"), configure(tmp_path))


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("neptune_scale") is None, reason="needs its client: pip install neptune-scale"
)
@pytest.mark.parametrize("end", ["close", "kill"])
def test_fresh_from_the_real_client(tmp_path: Path, end: str) -> None:
    shutil.copy(Path(__file__).with_name("neptune_scale_writer.py"), tmp_path / "train.py")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q", "-b", "main"], cwd=tmp_path, check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], cwd=tmp_path, check=True)
    done = subprocess.run(
        [sys.executable, "train.py", end],
        cwd=tmp_path,
        check=False,
        timeout=120,
        capture_output=True,
    )
    assert done.returncode == (0 if end == "close" else -signal.SIGKILL), done
    run = fetch(tmp_path)
    assert run.ref == "neptune:.neptune#team/qa/r-1"
    assert (run.name, run.tags) == ("qa-1", {"qa": ""})
    assert run.params == {
        "lr": 1e-4,
        "epochs": 2,
        "fp16": True,
        "when": "2026-01-02T00:00:00Z",
    }
    assert [(row.step, row.metrics) for row in run.checkpoints] == [
        (0.5, {"eval/f1": 0.05}),
        (1, {"eval/f1": 0.1}),
        (2, {"eval/f1": 0.2}),
    ]
    assert run.files == (RunFile(path="cfg", size=5),)
    assert run.source is not None
    assert (len(run.source.commit), run.source.branch) == (40, "main")
    assert [command.line.endswith(f"train.py {end}") for command in run.commands] == [True]
