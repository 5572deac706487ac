"""Exports of neptune-exporter: a real one, its schema in full, and what strangers may hand over."""

from __future__ import annotations

import datetime as dt
import json
import math
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Dataset, Run, RunFile
from cardgen.trackers import neptune
from cardgen.trackers.neptune import parquet
from cardgen.trackers.neptune.uploads import safe_name
from tests.trackers.neptune_tree import COLUMNS, DATA, Row, configure, write_part, write_run

pytest.importorskip("duckdb", reason="reading Parquet needs: pip install 'cardgen[parquet]'")

TIME = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)


def fetch(root: Path, run: str = "QA-1") -> Run:
    return neptune.fetch_run(run, configure(root))


def test_a_real_export() -> None:
    root = DATA / "exporter_real_neptune2"
    assert neptune.find_runs(root, configure(root)) == (
        "neptune:data#team/qa/QA-1",
        "neptune:data#team/qa/QA-2",
        "neptune:data#team/qa/QA-3",
    )
    run = fetch(root)
    assert run.ref == "neptune:data#team/qa/QA-1"
    assert (run.name, run.experiment, run.author) == ("qa-1", "team/qa", "me")
    assert run.status is None
    assert run.started == dt.datetime(2026, 11, 21, 6, 4, 26, 992000, dt.UTC)
    assert run.tags == {"qa": "", "late-tag": "", "grp": "", "custom_run_id": "my-custom-id-7"}
    assert run.params["optim/name"] == "adamw"
    assert run.params["fp16"] is True
    assert {row.step: row.metrics.get("eval/f1") for row in run.checkpoints}[40] == 90
    assert run.metrics["eval/final/exact_match"].value == 80.1
    assert run.model is not None
    assert run.model.name == "bert-base-uncased"
    assert run.source is not None
    assert (run.source.entrypoint, run.source.dirty) == ("train.py", True)
    assert run.environment is not None
    assert run.environment.packages["neptune"] == "1.14.0.post2"
    assert {"commands", "source.commit", "status"} <= set(run.unavailable)
    sizes = {file.path: file.size for file in run.files}
    assert sizes == {
        "cfg": 9,
        "img/0.png": 68,
        "preds": 11,
        "source_code/diff": 1196,
        "source_code/files": None,
        "source_code/requirements": 1002,
    }


def test_the_hugging_face_callback() -> None:
    run = fetch(DATA / "exporter_real_neptune2", "QA-3")
    assert run.params["learning_rate"] == 3e-05
    assert run.params["finetuning/model_parameters/hidden_size"] == 16
    assert run.model is not None
    assert (run.model.name, run.model.kind) == ("bert-base-uncased", "bert")
    assert [(row.step, row.metrics) for row in run.checkpoints] == [
        (10, {"finetuning/eval/f1": 90, "finetuning/eval/loss": 0.09}),
        (
            20,
            {"finetuning/eval/f1": 100, "finetuning/eval/loss": 0.045, "finetuning/test/f1": 77.7},
        ),
    ]
    assert "finetuning/train/loss" in {curve.metric for curve in run.curves}
    assert run.environment is not None
    assert (run.environment.seed, run.environment.packages) == (42, {"transformers": "5.23.0"})


def test_neptune_3() -> None:
    root = DATA / "exporter_handmade_neptune3"
    run = fetch(root, "team/qa/qa-run-3")
    assert run.ref == "neptune:.#team/qa/qa-run-3"
    assert neptune.fetch_run(run.ref.removeprefix("neptune:"), configure(root)) == run
    assert [command.line for command in run.commands] == ["python train3.py --lr 1e-4"]
    assert run.source is not None
    assert run.source.commit == "a12adfb4de34d9626baf3dcf0c27ef9b7c22444d"
    assert run.source.dirty is True
    assert run.started == TIME
    assert "source.commit" not in run.unavailable
    assert "custom_run_id" not in run.tags


def test_every_type(tmp_path: Path) -> None:
    rows = [
        Row("sys/creation_time", "datetime", TIME),
        Row("sys/ping_time", "datetime", TIME + dt.timedelta(hours=3)),
        Row("sys/failed", "bool", True),
        Row("a", "int", 2**60),
        Row("b", "float", math.inf),
        Row("c", "string", "line\none ' \" 句"),
        Row("d", "bool", False),
        Row("e", "datetime", TIME),
        Row("f", "string_set", ["x", "y"]),
        Row("absent", "float", None),
        Row("eval/f1", "float_series", 0.5, step=2, time=TIME),
        Row("eval/f1", "float_series", math.nan, step=3, time=TIME),
        Row("eval/f1", "float_series", None, step=4, time=TIME),
        Row("eval/f1", "float_series", None, step=5),
        Row("eval/f1", "float_series", -math.inf, step=Decimal("0.250001"), time=TIME),  # type: ignore[arg-type]
        Row("monitoring/1a/cpu", "float_series", 1.0, step=1, time=TIME),
        Row("logs", "string_series", "text", step=1, time=TIME),
        Row("h", "histogram_series", {"type": "COUNTING", "edges": [0.0], "values": []}, step=1),
        Row("new", "some_new_type", "x"),
    ]
    rows = [row for row in rows if row.kind != "some_new_type"]
    write_run(tmp_path / "exports" / "data", rows)
    run = fetch(tmp_path)
    assert run.params == {
        "a": 2**60,
        "b": math.inf,
        "c": "line\none ' \" 句",
        "d": False,
        "e": "2026-02-01T00:00:00Z",
        "f": ["x", "y"],
    }
    assert [row.step for row in run.checkpoints] == [0.250001, 2, 3, 4]
    values = [row.metrics["eval/f1"] for row in run.checkpoints]
    assert values[:2] == [-math.inf, 0.5]
    assert all(math.isnan(value) for value in values[2:])
    assert run.status == "failed"
    assert run.started == TIME
    assert run.finished == TIME + dt.timedelta(hours=3)
    assert run.curves == ()


def test_parts_and_projects(tmp_path: Path) -> None:
    data = tmp_path / "neptune_export"
    steps = [Row("eval/f1", "float_series", float(i), step=i, time=TIME) for i in range(6)]
    for part in (10, 0, 2):
        write_run(data, [Row("lr", "float", 0.1), *steps[part % 6 :: 6]], part=part)
    write_run(data, [Row("lr", "float", 0.2, project="other/x")])
    write_run(data, [Row("lr", "float", 0.3, run="QA-2")])
    write_run(tmp_path / "exports" / "data", [Row("lr", "float", 0.4, run="QA-9")])
    (data / safe_name("team/qa") / "QA-3-0123456789abcdef_part_0.parquet.tmp").write_bytes(b"PAR1")
    assert neptune.find_runs(tmp_path, configure(tmp_path)) == (
        "neptune:exports/data#team/qa/QA-9",
        "neptune:neptune_export#other/x/QA-1",
        "neptune:neptune_export#team/qa/QA-1",
        "neptune:neptune_export#team/qa/QA-2",
    )
    run = fetch(tmp_path, "team/qa/QA-1")
    assert [row.step for row in run.checkpoints] == [0, 2, 4]
    assert run.params == {"lr": 0.1}
    with pytest.raises(TrackerError, match="any of 2 runs") as caught:
        fetch(tmp_path, "QA-1")
    assert "neptune:neptune_export#other/x/QA-1" in caught.value.hint
    own = neptune.fetch_run("QA-1", configure(tmp_path, project="other/x"))
    assert own.params == {"lr": 0.2}
    environ = {"NEPTUNE_PROJECT": "other/x"}
    assert neptune.fetch_run("QA-1", configure(tmp_path, environ)) == own


def test_many_runs_in_one_file(tmp_path: Path) -> None:
    """Early versions of the exporter wrote one file a project."""
    rows = [Row("lr", "float", number / 10, run=f"QA-{number}") for number in range(3)]
    write_part(tmp_path / "data" / safe_name("team/qa") / "part_0.parquet", rows)
    assert len(neptune.find_runs(tmp_path, configure(tmp_path))) == 3
    assert fetch(tmp_path, "QA-2").params == {"lr": 0.2}


def test_what_is_no_run(tmp_path: Path) -> None:
    project = tmp_path / "data" / safe_name("team/qa")
    rows = [Row("lr", "float", 0.1, run="QA-MOD")]
    write_part(project / "models" / f"{safe_name('QA-MOD')}_part_0.parquet", rows)
    write_part(project / "model_versions" / f"{safe_name('QA-MOD-1')}_part_0.parquet", rows)
    write_part(tmp_path / "spark" / "part_0.parquet", rows)
    write_part(tmp_path / "spark" / "table.parquet", rows)
    gone = [Row("sys/trashed", "bool", True, run="QA-7"), Row("lr", "float", 0.7, run="QA-7")]
    write_run(tmp_path / "data", gone)
    assert neptune.find_runs(tmp_path, configure(tmp_path)) == ()
    assert fetch(tmp_path, "QA-7").params == {"lr": 0.7}


def test_names(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number, name in ((1, "first"), (2, "same"), (3, "same")):
        run = f"QA-{number}"
        rows = [Row("sys/id", "string", run, run=run), Row("sys/name", "string", name, run=run)]
        write_run(data, [*rows, Row("sys/custom_run_id", "string", f"my/{number}", run=run)])
    assert fetch(tmp_path, "first").ref == "neptune:data#team/qa/QA-1"
    assert fetch(tmp_path, "my/3").ref == "neptune:data#team/qa/QA-3"
    assert fetch(tmp_path, "data#team/qa/my/3").ref == "neptune:data#team/qa/QA-3"
    with pytest.raises(TrackerError, match="'same' could be any of 2 runs"):
        fetch(tmp_path, "same")
    with pytest.raises(TrackerError, match="3 runs lie there"):
        fetch(tmp_path, "data")
    with pytest.raises(TrackerError, match="No run 'QA-4'"):
        fetch(tmp_path, "data#QA-4")


def test_the_export_that_the_settings_name(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    write_run(tmp_path / "elsewhere", [Row("lr", "float", 0.1)])
    write_run(root / "data", [Row("lr", "float", 0.2)])
    config = configure(root, export=str(tmp_path / "elsewhere"))
    run = neptune.fetch_run("QA-1", config)
    assert run.params == {"lr": 0.1}
    assert run.ref == f"neptune:{tmp_path.as_posix()}/elsewhere#team/qa/QA-1"
    assert neptune.fetch_run(run.ref.removeprefix("neptune:"), config) == run
    with pytest.raises(TrackerError, match="outside the project"):
        neptune.fetch_run(run.ref.removeprefix("neptune:"), configure(root))
    with pytest.raises(TrackerError, match="no export of Neptune at"):
        neptune.fetch_run("QA-1", configure(root, export="nowhere"))
    with pytest.raises(TrackerError, match=r"'trackers\.neptune\.export' is no path"):
        neptune.fetch_run("QA-1", configure(root, export=7))


def test_files_beside_and_elsewhere(tmp_path: Path) -> None:
    tree = [
        Row("cfg", "file", "team/qa/QA-1/cfg"),
        Row("img", "file_series", "team/qa/QA-1/img/10.png", step=10),
        Row("img", "file_series", "team/qa/QA-1/img/2.png", step=2),
        Row("code", "file_set", "team/qa/QA-1/code"),
        Row("data/train", "artifact", "team/qa/QA-1/data/train/files_list.json"),
        Row("finetuning/checkpoints", "file_set", "team/qa/QA-1/finetuning/checkpoints"),
        Row("out", "file", "../../../secret"),
        Row("abs", "file", "/etc/passwd"),
        Row("link", "file", "team/qa/QA-1/link"),
    ]
    write_run(tmp_path / "exports" / "data", tree)
    files = tmp_path / "exports" / "files" / safe_name("team/qa") / "team" / "qa" / "QA-1"
    for name, size in (("cfg", 3), ("img/10.png", 4), ("code/a/b.py", 5), ("code/c.py", 0)):
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_bytes(b"x" * size)
    (files / "data" / "train").mkdir(parents=True)
    tracked = [{"filePath": "train.jsonl", "fileHash": "ab12", "type": "Local", "size": 9}]
    (files / "data" / "train" / "files_list.json").write_text(json.dumps(tracked))
    (files / "link").symlink_to("/etc/passwd")
    (tmp_path / "secret").write_text("secret")
    expected = (
        RunFile(path="abs"),
        RunFile(path="cfg", size=3),
        RunFile(path="code/a/b.py", size=5),
        RunFile(path="code/c.py", size=0),
        RunFile(path="finetuning/checkpoints"),
        RunFile(path="img/10.png", size=4),
        RunFile(path="img/2.png"),
        RunFile(path="link"),
        RunFile(path="out"),
    )
    run = fetch(tmp_path)
    assert run.files == expected
    assert run.data == (
        Dataset(name="data/train", path="train.jsonl", digest="ab12", context="training"),
    )
    assert [model.path for model in run.output] == ["finetuning/checkpoints"]
    shutil.move(tmp_path / "exports" / "files", tmp_path / "cold")
    moved = neptune.fetch_run("QA-1", configure(tmp_path, files="cold"))
    assert moved.files == expected


def test_git_lfs(tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    write_run(tmp_path / "data", [Row("cfg", "file", "cfg")])
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "cfg").write_text(pointer)
    assert fetch(tmp_path).files == (RunFile(path="cfg", size=12345, digest=f"sha256:{'a' * 64}"),)
    part = next((tmp_path / "data").rglob("*.parquet"))
    part.write_text(pointer)
    (ref,) = neptune.find_runs(tmp_path, configure(tmp_path))
    with pytest.raises(TrackerError, match="git-lfs pointer"):
        neptune.fetch_run(ref.removeprefix("neptune:"), configure(tmp_path))


def test_a_broken_part_is_found_and_said(tmp_path: Path) -> None:
    good = write_run(tmp_path / "data", [Row("lr", "float", 0.1)])
    broken = good.with_name(f"{safe_name('QA-2')}_part_0.parquet")
    broken.write_bytes(good.read_bytes()[:-50])
    label = f"data/{broken.parent.name}/{broken.name}"
    assert neptune.find_runs(tmp_path, configure(tmp_path)) == (
        "neptune:data#team/qa/QA-1",
        f"neptune:{label}",
    )
    assert fetch(tmp_path).params == {"lr": 0.1}
    with pytest.raises(TrackerError, match="cannot be read as Parquet"):
        fetch(tmp_path, label)
    with pytest.raises(TrackerError, match="1 files there cannot be read"):
        fetch(tmp_path, "QA-2")


def test_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "data" / safe_name("team/qa") / f"{safe_name('QA-1')}_part_0.parquet"
    rows = [Row("lr", "float", 0.1), Row("n", "int", 3)]
    write_part(path, rows, {k: v for k, v in COLUMNS.items() if k not in ("step", "file_value")})
    assert fetch(tmp_path).params == {"lr": 0.1, "n": 3}
    write_part(path, rows, {**COLUMNS, "int_value": "VARCHAR", "bool_value": "DOUBLE"})
    assert fetch(tmp_path).params == {"lr": 0.1, "n": 3}
    write_part(path, rows, {**COLUMNS, "file_value": "VARCHAR"})
    with pytest.raises(TrackerError, match="cannot be read as Parquet of neptune-exporter"):
        fetch(tmp_path, "data#team/qa/QA-1")
    write_part(path, rows, {"run_id": "VARCHAR"})
    assert neptune.find_runs(tmp_path, configure(tmp_path)) == ()


def test_strange_names_reach_no_sql(tmp_path: Path) -> None:
    run = "'; DROP TABLE x; -- {files} ? \" # %"
    root = tmp_path / "it's [here] {files}"
    attribute = "eval/'); SELECT {columns} FROM read_text('/etc/passwd') --"
    rows = [Row(attribute, "float_series", 0.5, step=i, run=run, project="a/'b") for i in (1, 2)]
    write_run(root / "data", rows)
    (ref,) = neptune.find_runs(root, configure(root))
    found = neptune.fetch_run(ref.removeprefix("neptune:"), configure(root))
    assert found.checkpoints[1].metrics == {attribute: 0.5}


def test_duckdb_is_shut_in(tmp_path: Path) -> None:
    import duckdb

    path = write_run(tmp_path, [Row("lr", "float", 0.1)])
    other = write_run(tmp_path, [Row("lr", "float", 0.1, run="QA-2")])
    with parquet.open_parquet([path]) as table:
        for query in (
            "SELECT * FROM read_text('/etc/passwd')",
            f"SELECT * FROM read_parquet('{other}')",  # noqa: S608
            f"COPY (SELECT 1) TO '{tmp_path}/x.csv'",
            "SET memory_limit = '8GB'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
            "ATTACH ':memory:' AS x; ATTACH '/tmp/x.db'",
        ):
            with pytest.raises(duckdb.Error):
                list(table._connection.execute(query).fetchall())


def test_reading_has_a_deadline(tmp_path: Path) -> None:
    path = write_run(tmp_path, [Row("lr", "float", 0.1)])
    with (
        pytest.raises(TrackerError, match="took over"),
        parquet.open_parquet([path], seconds=0.2) as table,
    ):
        list(table.rows("SELECT count(*) FROM {files}, range(100000) a, range(1000000000) b"))


def test_without_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path / "data", [Row("lr", "float", 0.1)])
    monkeypatch.setitem(sys.modules, "duckdb", None)
    for call in (
        lambda: fetch(tmp_path),
        lambda: neptune.find_runs(tmp_path, configure(tmp_path)),
    ):
        with pytest.raises(TrackerError) as caught:
            call()
        assert "pip install 'cardgen[parquet]'" in str(caught.value)
    assert neptune.find_runs(tmp_path / "data", configure(tmp_path / "nothing")) == ()


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, pathlib; from cardgen.trackers import neptune;"
        "from cardgen.models import TrackerConfig as C; p = pathlib.Path('nothing-here');"
        "assert neptune.find_runs(p.absolute(), C(p)) == ();"
        "print([m for m in ('duckdb', 'neptune', 'pandas', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
