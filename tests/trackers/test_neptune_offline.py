"""Folders of Neptune's client: real ones of many versions, and every operation they may hold."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Dataset, Run, RunFile
from cardgen.trackers import neptune
from cardgen.trackers.neptune import log as reading
from cardgen.trackers.neptune import offline
from cardgen.trackers.neptune.collect import SeriesCollector
from tests.trackers.neptune_tree import DATA, configure, log, operation, write_log

UUID = "0b3d59f9-cc56-4b51-9e9a-3ca861913478"


def fetch(root: Path) -> Run:
    """The only run below a folder."""
    (ref,) = neptune.find_runs(root, configure(root))
    run = neptune.fetch_run(ref.removeprefix("neptune:"), configure(root))
    assert run.ref == ref
    return run


def replay(root: Path, *operations: dict[str, Any]) -> Run:
    write_log(root / ".neptune" / "offline" / f"run__{UUID}", *operations)
    return fetch(root)


def test_a_real_run() -> None:
    run = fetch(DATA / "neptune2_offline")
    assert run.ref == f"neptune:offline/run__{UUID}"
    assert (run.name, run.description) == ("qa-1", "Does a longer context help?")
    assert run.tags == {"qa": "", "late-tag": "", "grp": ""}
    assert run.status is None
    assert run.started == dt.datetime(2026, 11, 21, 5, 47, 16, 811000, dt.UTC)
    assert run.params == {
        "lr": 0.0001,
        "epochs": 2,
        "fp16": True,
        "optim/name": "adamw",
        "optim/betas": "(0.9, 0.999)",
        "seed": "None",
        "started": "2026-11-21T12:00:00Z",
    }
    assert {row.step: row.metrics.get("eval/f1") for row in run.checkpoints} == {
        0: 50,
        1: None,
        2: None,
        3: None,
        10: 60,
        20: 70,
        30: 80,
        40: 90,
    }
    assert run.metrics["eval/final/f1"].value == 88.2
    assert run.metrics["noauto"].step == 1
    assert {curve.metric for curve in run.curves} >= {"train/loss", "noauto"}
    assert run.model is not None
    assert run.model.name == "bert-base-uncased"
    assert run.source is not None
    assert (run.source.entrypoint, run.source.dirty, run.source.commit) == ("train.py", True, "")
    assert run.data == (Dataset(name="data/train", path="data/train.jsonl", context="training"),)
    assert run.environment is not None
    assert (run.environment.python, run.environment.host) == ("3.11.7", "vm")
    assert run.environment.packages["pandas"] == "3.1.1"
    assert run.commands == ()
    assert {"commands", "source.commit", "status"} <= set(run.unavailable)
    sizes = {file.path: file.size for file in run.files}
    assert sizes["preds"] == 11
    assert sizes["cfg"] is None
    assert sizes["img/0"] == 68
    assert "monitoring" not in run.model_dump_json(exclude={"unavailable"})


def test_real_runs_that_failed() -> None:
    crashed = fetch(DATA / "neptune2_offline_crashed")
    assert crashed.status == "failed"
    assert crashed.finished is not None
    assert crashed.started is not None
    assert crashed.finished > crashed.started
    assert crashed.metrics["eval/f1"].value == 90
    hugging_face = fetch(DATA / "neptune2_hf_offline_failed")
    assert (hugging_face.status, hugging_face.name) == ("failed", "qa-hf")
    assert hugging_face.params == {}


@pytest.mark.parametrize("version", ["0.9.1", "0.16.18", "1.8.6"])
def test_clients_of_every_age(version: str) -> None:
    run = fetch(DATA / "clients" / version)
    assert run.name == "qa-1"
    assert run.tags == {"late": "", "qa": ""}
    assert run.params == {"lr": 3e-05, "epochs": 2, "optim/name": "adamw"}
    assert run.metrics["final/f1"].value == 88.2
    rows = {row.step: row.metrics for row in run.checkpoints}
    assert rows[0] == {"eval/em": 1.5, "eval/f1": 50}
    assert rows[20] == {"eval/f1": 70}
    assert (run.started is None) == (version != "1.8.6")


def test_async_folders() -> None:
    run = fetch(DATA / "clients" / "1.4.1-async")
    assert run.ref.endswith("/async/run__105f994b-2a69-4e1e-8eb4-759eed199430")
    assert run.name == "qa-1"
    assert run.started == dt.datetime(2026, 11, 21, 8, 42, 22, 968000, dt.UTC)


def test_two_processes_are_one_run() -> None:
    root = DATA / "clients" / "1.14-two-processes"
    run = fetch(root)
    assert {curve.metric for curve in run.curves} == {"rank0/train/loss", "rank1/train/loss"}
    assert run.params == {"status_of": 1}
    folder = next((root / ".neptune" / "async").iterdir()).name
    for locator in (f".neptune/async/{folder}", folder, run.ref.rsplit("__", 1)[1], "qa-ddp"):
        assert neptune.fetch_run(locator, configure(root)) == run


def test_xgboost() -> None:
    run = fetch(DATA / "clients" / "xgboost")
    assert run.params["eta"] == 0.3
    assert [(row.step, row.epoch) for row in run.checkpoints] == [(i, float(i)) for i in range(5)]
    assert run.checkpoints[4].metrics == {
        "training/valid/auc": 0.9399395969747728,
        "training/valid/logloss": 0.4004711740338232,
    }
    assert [model.path for model in run.output] == ["training/pickled_model"]


@pytest.mark.parametrize(
    "folder",
    [
        f"offline/{UUID}",
        f"offline/run__{UUID}",
        f"offline/run__{UUID}__123__abcdefgh",
        f"async/{UUID}/exec-0-2021-03-01_12.00.00.000000",
        f"async/{UUID}/exec-0-offline",
        f"async/run__{UUID}/exec-1690000000.5-2023-07-22_04.26.40.500000",
        f"async/run__{UUID}/exec-1690000000.5-2023-07-22_04.26.40.500000-123",
        f"async/run__{UUID}__123__abcdefgh",
        f"async/run__{UUID}__123__abcdefgh/partition-0",
    ],
)
def test_every_layout(tmp_path: Path, folder: str) -> None:
    write_log(tmp_path / ".neptune" / folder, operation("AssignString", "sys/name", value="a"))
    run = fetch(tmp_path)
    assert run.name == "a"
    parts = folder.split("/")
    name = f"run__{UUID}" if parts[1].startswith("run__") else UUID
    assert run.ref == f"neptune:.neptune/{parts[0]}/{name}"
    assert neptune.find_runs(tmp_path / ".neptune" / parts[0], configure(tmp_path)) == (run.ref,)


@pytest.mark.parametrize(
    "folder", ["project__x__1__a", "model__x__1__a", "model_version__x", "sync"]
)
def test_what_is_no_run(tmp_path: Path, folder: str) -> None:
    write_log(tmp_path / ".neptune" / "offline" / folder / "x", operation("AssignString", "a"))
    write_log(tmp_path / ".neptune" / "offline" / folder, operation("AssignString", "a"))
    (tmp_path / ".neptune" / "offline" / folder / "x" / "metadata.json").write_text(
        '{"containerType": "model"}'
    )
    found = neptune.find_runs(tmp_path, configure(tmp_path))
    assert found == (("neptune:.neptune/offline/sync",) if folder == "sync" else ())


def test_other_programs_logs_are_no_runs(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "data-1.log").write_text("2026-01-01 INFO started\n")
    assert neptune.find_runs(tmp_path, configure(tmp_path)) == ()


def test_renamed_folder(tmp_path: Path) -> None:
    folder = write_log(tmp_path / "kept", operation("AssignString", "sys/name", value="a"))
    assert fetch(tmp_path).ref == "neptune:kept"
    (folder / "metadata.json").write_text(json.dumps({"containerType": "run", "containerId": UUID}))
    assert neptune.fetch_run(UUID, configure(tmp_path)).ref == "neptune:kept"


def test_assignments(tmp_path: Path) -> None:
    run = replay(
        tmp_path,
        operation("AssignFloat", "a", value=1),
        operation("AssignFloat", "nan", value=math.nan),
        operation("AssignFloat", "inf", value=-math.inf),
        operation("AssignInt", "b", value=2),
        operation("AssignInt", "b", value=3),
        operation("AssignInt", "huge", value=10**400),
        operation("AssignBool", "c", value=False),
        operation("AssignDatetime", "d", value=1795262400000),
        operation("AssignString", "e", value="half \ud83d character"),
        operation("AssignString", "gone", value="x"),
        operation("DeleteAttribute", "gone"),
        operation("AssignSomethingNew", "f", value="x"),
    )
    assert math.isnan(run.params.pop("nan"))  # type: ignore[arg-type]
    assert run.params == {
        "a": 1.0,
        "inf": -math.inf,
        "b": 3,
        "huge": math.inf,
        "c": False,
        "d": "2026-11-21T12:00:00Z",
        "e": "half \ufffd character",
    }
    assert type(run.params["a"]) is float
    run.model_dump_json().encode()


def test_string_sets(tmp_path: Path) -> None:
    run = replay(
        tmp_path,
        operation("AddStrings", "sys/tags", values=["a", "b"]),
        operation("RemoveStrings", "sys/tags", values=["a", "z"]),
        operation("AddStrings", "sys/group_tags", values=["old"]),
        operation("ClearStringSet", "sys/group_tags"),
        operation("AddStrings", "sys/group_tags", values=["g"]),
        operation("AddStrings", "languages", values=["pl", "en"]),
    )
    assert run.tags == {"b": "", "g": ""}
    assert run.params == {"languages": ["en", "pl"]}


def test_series(tmp_path: Path) -> None:
    run = replay(
        tmp_path,
        operation("ConfigFloatSeries", "eval/x", min=0, max=1, unit="%"),
        log("eval/x", 9, 9, 9),
        operation("ClearFloatLog", "eval/x"),
        log("eval/x", 1, 2, steps=[5, None]),
        log("eval/x", 3),
        log("eval/y", 0.5, math.nan, steps=[0.5, 7]),
        log("train/gone", 1, 2),
        operation("DeleteAttribute", "train/gone"),
    )
    assert [row.step for row in run.checkpoints] == [0.5, 5, 6, 7]
    assert [row.metrics.get("eval/x") for row in run.checkpoints] == [None, 1, 2, 3]
    assert math.isnan(run.checkpoints[3].metrics["eval/y"])
    assert "train/gone" not in run.metrics


def test_points_without_a_step_are_not_counted_where_the_beginning_is_gone(tmp_path: Path) -> None:
    """A server that took the first operations had them deleted: no one knows the step."""
    folder = tmp_path / ".neptune" / "async" / f"run__{UUID}__1__a"
    write_log(folder, log("train/loss", 3, 2, 1), name="data-412.log")
    curve = fetch(tmp_path).curves[0]
    assert (curve.axis, curve.values) == ("order", (3, 2, 1))
    assert fetch(tmp_path).metrics["train/loss"].step is None


def test_files(tmp_path: Path) -> None:
    content = base64.b64encode(b"torch==2.4.0\n").decode()
    run = replay(
        tmp_path,
        operation("UploadFile", "cfg", ext="yaml", file_path="/etc/passwd", tmp_file_name=None),
        operation("UploadFile", "out", ext="txt", file_path=None, tmp_file_name="../../../secret"),
        operation("UploadFile", "gone", ext="txt", file_path="/x"),
        operation("DeleteAttribute", "gone"),
        operation("UploadFileContent", "source_code/requirements", ext="t", file_content=content),
        operation("UploadFileSet", "code", file_globs=["/a/train.py", "b\\c.py"], reset="False"),
        operation("UploadFileSet", "code", file_globs=["/a/*.json"], reset="False"),
        operation("DeleteFiles", "code", file_paths=["c.py"]),
        operation("UploadFileSet", "once", file_globs=["x.py"], reset="True"),
        operation("UploadFileSet", "once", file_globs=["y.py"], reset="True"),
        operation("LogImages", "img", values=[{"value": {"data": "AAAA"}, "step": 1, "ts": 1}]),
        operation("LogImages", "img", values=[{"value": "AAA=", "step": 2, "ts": 1}]),
        operation("LogImages", "old", values=[{"value": "AAA=", "step": 2, "ts": 1}]),
        operation("ClearImageLog", "old"),
    )
    assert run.files == (
        RunFile(path="cfg"),
        RunFile(path="code"),
        RunFile(path="code/train.py"),
        RunFile(path="img/0", size=3),
        RunFile(path="img/1", size=2),
        RunFile(path="once/y.py"),
        RunFile(path="out"),
        RunFile(path="source_code/requirements", size=13),
    )
    assert run.environment is not None
    assert run.environment.packages == {"torch": "2.4.0"}


def test_artifacts(tmp_path: Path) -> None:
    run = replay(
        tmp_path,
        operation(
            "TrackFilesToArtifact", "data/test", project_id="x", entries=[["s3://b/t", None]]
        ),
        operation("TrackFilesToArtifact", "data/test", project_id="x", entries=[["more", "to"]]),
        operation("AssignArtifact", "data/eval", hash="a1b2"),
        operation("TrackFilesToArtifact", "gone", project_id="x", entries=[["x", None]]),
        operation("ClearArtifact", "gone"),
    )
    assert run.data == (
        Dataset(name="data/eval", digest="a1b2", context="eval"),
        Dataset(name="data/test", path="s3://b/t", context="test"),
        Dataset(name="data/test", path="more", context="test"),
    )


def test_times_of_old_clients_come_from_monitoring(tmp_path: Path) -> None:
    entry = {"value": 1.0, "step": None, "ts": 1_600_000_000.5}
    run = replay(
        tmp_path,
        operation("LogFloats", "monitoring/cpu", values=[entry], at=None),
        operation("LogFloats", "eval/x", values=[entry | {"ts": 5.0}], at=None),
        operation(
            "LogStrings", "monitoring/stdout", values=[entry | {"ts": 1_600_000_100}], at=None
        ),
    )
    assert run.started == dt.datetime(2020, 9, 13, 12, 26, 40, 500000, dt.UTC)
    assert run.finished == dt.datetime(2020, 9, 13, 12, 28, 20, tzinfo=dt.UTC)


def test_several_logs_are_read_by_number(tmp_path: Path) -> None:
    folder = tmp_path / ".neptune" / "offline" / f"run__{UUID}"
    for number, value in ((10, 3), (9, 2), (1, 1)):
        write_log(folder, operation("AssignInt", "a", value=value), name=f"data-{number}.log")
    assert fetch(tmp_path).params == {"a": 3}


def test_later_processes_win(tmp_path: Path) -> None:
    base = tmp_path / ".neptune" / "async"
    write_log(
        base / f"run__{UUID}__9__a",
        operation("AssignInt", "a", value=1, at=1_700_000_000.0),
        operation("AssignBool", "sys/failed", value=True, at=1_700_000_090.0),
    )
    write_log(
        base / f"run__{UUID}__1__b",
        operation("AssignInt", "a", value=2, at=1_700_000_050.0),
        operation("AssignBool", "sys/failed", value=False, at=1_700_000_051.0),
    )
    run = fetch(tmp_path)
    assert (run.params, run.status) == ({"a": 2}, "failed")


def test_a_cut_tail_is_left_out(tmp_path: Path) -> None:
    folder = write_log(tmp_path / f"run__{UUID}", operation("AssignInt", "a", value=1))
    log_file = folder / "data-1.log"
    whole = log_file.read_bytes()
    for tail in (b'{"obj": {"type": "Ass', b"\0" * 500, b'{"obj": 1}', b"\xff\xfe", b"\n\n"):
        log_file.write_bytes(whole + tail)
        assert fetch(tmp_path).params == {"a": 1}


@pytest.mark.parametrize(
    "line",
    [
        b'{"obj": {"type": "AssignInt"',
        b"\xff",
        b"[" * 100_000,
        b'{"obj": {"type": "AssignInt", "path": ["a"], "value": null}, "version": 2}',
        b'{"obj": {"type": "AssignInt", "path": "a", "value": 1}, "version": 2}',
        b'{"obj": {"type": "LogFloats", "path": ["a"], "values": [1]}, "version": 2}',
        b'{"obj": {"type": "LogFloats", "path": ["a"], "values": [{"value": "x"}]}, "version": 2}',
        b'{"obj": {"type": "AddStrings", "path": ["a"], "values": "x"}, "version": 2}',
    ],
)
def test_damage_in_the_middle_is_said(tmp_path: Path, line: bytes) -> None:
    folder = write_log(tmp_path / f"run__{UUID}", operation("AssignInt", "a", value=1))
    log_file = folder / "data-1.log"
    log_file.write_bytes(log_file.read_bytes() + line + b"\n" + log_file.read_bytes())
    with pytest.raises(TrackerError, match=r"damaged at line or version 2") as caught:
        fetch(tmp_path)
    assert "delete that line" in caught.value.hint


def test_long_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are passed over; what else is too long is said, not loaded."""
    monkeypatch.setattr(reading, "MAX_LINE", 1000)
    picture = operation("LogImages", "img", values=[{"value": "A" * 5000, "step": 1, "ts": 1}])
    assert replay(tmp_path, picture, operation("AssignInt", "a", value=1)).params == {"a": 1}
    with pytest.raises(TrackerError, match="a line of over"):
        replay(tmp_path, operation("AssignString", "a", value="A" * 5000))


def test_large_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "MAX_BYTES", 10)
    with pytest.raises(TrackerError, match="holds over"):
        replay(tmp_path, operation("AssignInt", "a", value=1))


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    write_log(secret, operation("AssignString", "sys/name", value="secret"))
    root = tmp_path / "project"
    folder = root / f"run__{UUID}"
    folder.mkdir(parents=True)
    (folder / "data-1.log").symlink_to(secret / "data-1.log")
    os.mkfifo(folder / "data-2.log")
    (root / "linked").symlink_to(secret)
    assert neptune.find_runs(root, configure(root)) == ()
    with pytest.raises(TrackerError, match="outside the project"):
        neptune.fetch_run("linked", configure(root))


def test_nothing_is_written(tmp_path: Path) -> None:
    shutil.copytree(DATA / "neptune2_offline", tmp_path, dirs_exist_ok=True)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    fetch(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_long_series_keeps_its_extremes() -> None:
    collector = SeriesCollector(lambda _: True, limit=200, total=1500)
    for i in range(10_000):
        for path in ("a", "b", "c"):
            collector.add(path, 100.0 if i == 7_777 else math.sin(i), i)
    for series in collector.finish().values():
        assert len(series) <= 400
        assert max(point.value for point in series) == 100
        assert (series[0].step, series[-1].step) == (0, 9999)
        assert [point.step for point in series] == sorted(point.step or 0 for point in series)
