"""Trackio: databases of many versions and their backups, beside what Trackio itself reads."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cardgen.models import Dataset, Environment, Metric, Model, Run, RunFile, TrackerConfig
from cardgen.trackers import trackio

DATA = Path(__file__).parents[1] / "data" / "trackio"
FIRST = "ae930b0dbc3249339c00cc60c3fbb748"
TWINS = ("893ce4fdaa1346e2a0633a3ea54e0ac2", "f6e80f89547645319285b08f6c2ec0ae")
PICTURE = "media/qadigits/qa-1/5/38889660-53dd-43f8-952f-44ed867f244b.png"


def unpack(target: Path) -> Path:
    """The newest databases and their media, as they lie in a project."""
    shutil.copytree(DATA / "0.43.0", target)
    for packed in target.glob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    return target


@pytest.fixture
def project(tmp_path: Path) -> TrackerConfig:
    unpack(tmp_path / ".trackio")
    return TrackerConfig(tmp_path)


def fetch(locator: str, config: TrackerConfig) -> Run:
    return trackio.fetch_run(locator, config)


def test_a_run_with_everything_is_read_whole(project: TrackerConfig) -> None:
    run = fetch(".trackio/qadigits.db#qa-1", project)
    assert run.ref == "trackio:.trackio/qadigits.db#qa-1"
    assert (run.name, run.experiment, run.group) == ("qa-1", "qadigits", "sweep")
    assert run.started == dt.datetime(2026, 11, 21, 11, 7, 46, 554802, dt.UTC)
    assert run.finished == dt.datetime(2026, 11, 21, 11, 7, 46, 583148, dt.UTC)
    assert run.description == "# Report\n\nGoal met."
    assert run.tags == {"alert: Loss is high": "warn, step 5: 0.9 after 3 epochs"}
    assert math.isnan(run.params["bad"])  # type: ignore[arg-type]
    assert {name: value for name, value in run.params.items() if name != "bad"} == {
        "lr": 0.0001,
        "epochs": 3,
        "seed": 13,
        "optimizer": {"name": "sgd"},
    }
    assert [(row.step, row.epoch, row.metrics) for row in run.checkpoints] == [
        (1, 1.0, {"eval/accuracy": 0.6001}),
        (2, 2.0, {"eval/accuracy": 0.7001}),
        (3, 3.0, {"eval/accuracy": 0.8001}),
    ]
    assert [curve.metric for curve in run.curves] == ["train/loss"]
    assert run.curves[0].values == (1.0, 0.5, 1 / 3)
    assert math.isnan(run.metrics["bad"].value)
    assert run.metrics["worse"] == Metric(value=-math.inf, step=4)
    assert run.metrics["nested.f1"] == Metric(value=0.5, step=4)
    assert not {"note", "flag", "hist", "table"} & run.metrics.keys()
    digest = "c59a980888e4b81fedc5224e814fdc79e7e6af60f470b6dade293a46c578c59e"
    assert run.data == (Dataset(name="digits-data", version="v0", digest=f"sha256:{digest}"),)
    assert run.output == (
        Model(
            name="qa-model",
            version="v0",
            digest="sha256:eeea5a417eae89d9efd53ce7be174670fec0f1f6559c235e30d5e11832179bfa",
            aliases=("best", "latest"),
        ),
    )
    assert run.environment == Environment(seed=13)
    assert [(file.path, file.size) for file in run.files] == [
        ("digits-data:v0/data.csv", 8),
        (PICTURE, 78),
        ("qa-model:v0/model.bin", 7),
    ]
    assert run.status is None
    assert run.unavailable == ("commands", "source", "status")


def test_runs_of_one_name_are_told_apart_by_their_ids(project: TrackerConfig) -> None:
    assert trackio.find_runs(project.root, project) == (
        "trackio:.trackio/qa-digits.db#qa-1",
        "trackio:.trackio/qa-digits.db#qa-2",
        *(f"trackio:.trackio/qadigits.db#{run_id}" for run_id in TWINS),
        "trackio:.trackio/qadigits.db#qa-1",
    )
    runs = [fetch(f".trackio/qadigits.db#{run_id}", project) for run_id in TWINS]
    assert [run.params["lr"] for run in runs] == [0.0003, 0.0002]
    assert [run.name for run in runs] == ["qa-2", "qa-2"]
    assert runs[1].model is not None
    assert runs[1].model.name == "qa-model"
    assert runs[0].model is None


@pytest.mark.parametrize(
    "locator", [".trackio/qadigits.db#qa-1", f".trackio/qadigits.db#{FIRST}", "qa digits/qa-1"]
)
def test_each_way_to_name_a_run_gives_the_same(locator: str, project: TrackerConfig) -> None:
    assert fetch(locator, project).ref == "trackio:.trackio/qadigits.db#qa-1"


# Old versions --------------------------------------------------------------------------------


def test_the_oldest_kept_all_projects_in_one_database(tmp_path: Path) -> None:
    shutil.copytree(DATA / "0.0.5", tmp_path, dirs_exist_ok=True)
    config = TrackerConfig(tmp_path)
    refs = trackio.find_runs(tmp_path, config)
    assert refs == (
        "trackio:.trackio/trackio.db#qa digits/qa-1",
        "trackio:.trackio/trackio.db#qa digits/qa-2",
    )
    run = fetch(".trackio/trackio.db#qa digits/qa-2", config)
    assert fetch("qa digits/qa-2", config) == run
    assert (run.name, run.experiment) == ("qa-2", "qa digits")
    assert run.params == {"lr": 0.0002, "epochs": 3, "optimizer": {"name": "sgd"}}
    assert run.started == dt.datetime(2026, 11, 21, 11, 7, 39, tzinfo=dt.UTC)
    curves = {curve.metric: (curve.axis, curve.values) for curve in run.curves}
    assert curves["eval/accuracy"] == ("order", (0.6002, 0.7001999999999999, 0.8002))


def test_a_local_clock_without_a_zone_gives_no_time(tmp_path: Path) -> None:
    shutil.copytree(DATA / "0.2.9", tmp_path, dirs_exist_ok=True)
    run = fetch("qadigits.db#qa-1", TrackerConfig(tmp_path))
    assert (run.started, run.finished) == (None, None)
    assert run.params == {}
    assert [row.step for row in run.checkpoints] == [1, 2, 3]
    assert math.isnan(run.metrics["bad"].value)


def test_runs_that_are_known_by_name(tmp_path: Path) -> None:
    shutil.copytree(DATA / "0.19.0", tmp_path / "trackio")
    config = TrackerConfig(tmp_path)
    assert trackio.find_runs(tmp_path, config) == (
        "trackio:trackio/qadigits.db#qa-1",
        "trackio:trackio/qadigits.db#qa-2",
    )
    run = fetch("qa digits/qa-1", config)
    assert run.group == "sweep"
    assert run.started == dt.datetime(2026, 11, 21, 11, 14, 19, 284684, dt.UTC)
    assert run.tags == {"alert: Loss is high": "warn, step 4: 0.9"}


# Backups -------------------------------------------------------------------------------------

# What a backup does not hold: alerts, sizes and digests of an artifact's files.
LEFT_OUT = {"ref", "tags", "files", "finished", "experiment", "params", "metrics"}


@pytest.mark.parametrize("place", ["backup-0.43.0/qadigits", "static-0.43.0/metrics"])
@pytest.mark.parametrize("name", ["qa-1", *TWINS])
def test_a_backup_says_what_its_database_says(
    place: str, name: str, project: TrackerConfig
) -> None:
    shutil.copytree(DATA, project.root / "data")
    run = fetch(f"data/{place}.parquet#{name}", project)
    same = fetch(f".trackio/qadigits.db#{name}", project)
    assert run.model_dump(exclude=LEFT_OUT) == same.model_dump(exclude=LEFT_OUT)
    assert repr(run.params) == repr(same.params)
    assert repr(run.metrics) == repr(same.metrics)
    assert run.experiment == ("qadigits" if place.startswith("backup") else "")


def test_backups_are_found_and_databases_before_them(tmp_path: Path) -> None:
    shutil.copytree(DATA / "backup-0.43.0", tmp_path / "trackio")
    shutil.copytree(DATA / "static-0.43.0", tmp_path / "static")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.parquet").write_bytes(b"PAR1 a data set that is not opened")
    (tmp_path / "data" / "other.txt").write_text("x")
    config = TrackerConfig(tmp_path)
    names = [*TWINS, "qa-1"]
    assert trackio.find_runs(tmp_path, config) == (
        *(f"trackio:static/metrics.parquet#{name}" for name in names),
        *(f"trackio:trackio/qadigits.parquet#{name}" for name in names),
    )
    assert fetch("qa digits/qa-1", config).ref == "trackio:trackio/qadigits.parquet#qa-1"
    packed = (DATA / "0.43.0" / "qadigits.db.gz").read_bytes()
    (tmp_path / "trackio" / "qadigits.db").write_bytes(gzip.decompress(packed))
    assert "trackio:trackio/qadigits.db#qa-1" in trackio.find_runs(tmp_path / "trackio", config)
    assert len(trackio.find_runs(tmp_path / "trackio", config)) == 3


def test_a_backup_by_an_old_version(tmp_path: Path) -> None:
    shutil.copytree(DATA / "backup-0.19.0", tmp_path, dirs_exist_ok=True)
    run = fetch("qadigits.parquet#qa-2", TrackerConfig(tmp_path))
    assert run.params == {"lr": 0.0002, "epochs": 3, "optimizer": {"name": "sgd"}}
    assert [row.metrics for row in run.checkpoints] == [
        {"eval/accuracy": 0.6002},
        {"eval/accuracy": 0.7001999999999999},
        {"eval/accuracy": 0.8002},
    ]
    assert run.metrics["worse"].value == -math.inf


# Beside Trackio itself -----------------------------------------------------------------------

DUMP = """
import json
from trackio.sqlite_storage import SQLiteStorage as S
found = {}
for project in S.get_projects():
    for run in S.get_run_records(project):
        found[f"{project}#{run['id']}"] = {
            "name": run["name"],
            "config": S.get_run_config(project, run["name"], run_id=run["id"]),
            "logs": S.get_logs(project, run["name"], run_id=run["id"]),
            "artifacts": S.get_run_artifacts(project, run["name"], run["id"]),
            "alerts": S.get_alerts(project, run_name=run["name"], run_id=run["id"]),
        }
print(json.dumps(found))
"""

TRAIN = """
import sys
import trackio
for name, lr, group in (("alpha", 0.1, "g"), ("beta # 2", 0.01, None)):
    run = trackio.init(project="zażółć gęślą", name=name, group=group, embed=False,
                       config={"lr": lr, "deep": {"a": [1, {"b": None}]}, "inf": float("inf")})
    for step in range(30):
        trackio.log({"train/loss": 1 / (step + 1), "val_acc": step / 30}, step=step * 5)
    trackio.log({"nan": float("nan"), "big": 2**60, "text": "x"})
    trackio.alert(title="Alert", text="look", level=trackio.AlertLevel.ERROR)
    artifact = trackio.Artifact("weights", type="model")
    artifact.add_file(sys.argv[1])
    trackio.log_artifact(artifact, aliases=[name[:4]])
    trackio.finish()
"""


def run_client(script: str, folder: Path, *arguments: str) -> str:
    """Run the real client in a process of its own, without network or server."""
    environ = {
        **os.environ,
        "TRACKIO_DIR": str(folder),
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONUTF8": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def assert_same(run: Run, peer: dict[str, Any]) -> None:
    own = {"_Username", "_Created", "_Group"}
    config = peer["config"] or {}
    params = {name: value for name, value in config.items() if name not in own}
    assert repr(sorted(run.params.items())) == repr(sorted(params.items()))
    assert run.group == (config.get("_Group") or "")
    logged: dict[str, list[tuple[int, float]]] = {}
    for entry in peer["logs"]:
        for name, value in entry.items():
            if name not in ("timestamp", "step") and type(value) in (int, float):
                logged.setdefault(name, []).append((entry["step"], float(value)))
    flat = {name for name in run.metrics if not name.startswith("nested.")}
    assert flat == logged.keys()
    for name, points in logged.items():
        found = [(row.step, row.metrics[name]) for row in run.checkpoints if name in row.metrics]
        for curve in run.curves:
            if curve.metric == name:
                found = list(zip(curve.steps, curve.values, strict=True))
        if found:
            assert repr(found) == repr(points)
        last = run.metrics[name]
        assert repr((last.step, last.value)) == repr(points[-1])
    made = {(a["name"], f"v{a['version']}") for a in peer["artifacts"]["output"]}
    used = {(a["name"], f"v{a['version']}") for a in peer["artifacts"]["input"]}
    outputs = {(model.name, model.version) for model in run.output}
    inputs = {(item.name, item.version) for item in (*run.data, run.model) if item}
    assert outputs <= made
    assert made | used == outputs | inputs
    assert sorted(run.tags) == sorted(f"alert: {alert['title']}" for alert in peer["alerts"])


def test_committed_databases_hold_what_trackio_reads(project: TrackerConfig) -> None:
    read = {
        f"{run.experiment}#{ref}": run
        for project_name in ("qadigits", "qa-digits")
        for ref, run in fetch_all(project_name, project).items()
    }
    peers = json.loads(run_client(DUMP, project.root / ".trackio"))
    assert read.keys() == peers.keys()
    for key, peer in peers.items():
        assert_same(read[key], peer)
        assert read[key].name == peer["name"]


def fetch_all(name: str, config: TrackerConfig) -> dict[str, Run]:
    """The runs of a project, by the ids that Trackio gives them."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(config.root / ".trackio" / f"{name}.db")) as connection:
        ids = [row[0] for row in connection.execute("SELECT DISTINCT run_id FROM metrics")]
    return {run_id: fetch(f".trackio/{name}.db#{run_id}", config) for run_id in ids}


def test_a_fresh_training_holds_what_trackio_reads(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    folder = tmp_path / "store"
    run_client(TRAIN, folder, str(tmp_path / "model.bin"))
    config = TrackerConfig(tmp_path, environ={"TRACKIO_DIR": str(folder)})
    peers = {peer["name"]: peer for peer in json.loads(run_client(DUMP, folder)).values()}
    refs = trackio.find_runs(tmp_path, config)
    assert refs == (
        "trackio:store/zażółćgęślą.db#alpha",
        "trackio:store/zażółćgęślą.db#beta # 2",
    )
    for ref in refs:
        run = fetch(ref.removeprefix("trackio:"), config)
        assert_same(run, peers[run.name])
        assert run.ref == ref
    assert fetch("zażółć gęślą/beta # 2", config).name == "beta # 2"
    last = fetch("zażółć gęślą/alpha", config)
    assert last.metrics["big"] == Metric(value=float(2**60), step=146)
    assert last.files == (
        RunFile(
            path="weights:v0/model.bin",
            size=7,
            digest="sha256:9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
        ),
    )
