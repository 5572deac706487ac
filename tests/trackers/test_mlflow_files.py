"""The file store: what the real client writes, and what is left of it in a repository."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers import _mlflow_files
from cardgen.trackers._mlflow_files import parse_metric, read_run
from cardgen.trackers._mlflow_layout import find_active
from cardgen.trackers._series import Point
from cardgen.trackers.mlflow import fetch_run, find_runs
from tests.trackers.mlflow_runs import (
    DATA,
    STATUSES,
    Recorded,
    check_full,
    check_raw,
    make_client,
    record_runs,
)

RUN = "58f7d2f8562b4d21a205bb45b5e9cb48"
EXPERIMENT = "349526745298448012"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 18835\n"


@dataclass(frozen=True)
class Store:
    root: Path
    recorded: Recorded


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("files")
    return Store(root, record_runs(make_client((root / "mlruns").as_uri())))


@pytest.fixture(autouse=True, scope="module")
def _allow() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        yield


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the recorded store, as git gives it: no empty folder in it."""
    shutil.copytree(DATA / "filestore" / "mlruns", tmp_path / "mlruns")
    return tmp_path


pytestmark = pytest.mark.filterwarnings("ignore")


def fetch(root: Path, locator: str = RUN) -> object:
    return fetch_run(locator, TrackerConfig(root))


def find(root: Path) -> tuple[str, ...]:
    return find_runs(root, TrackerConfig(root))


# What the client of today writes ---------------------------------------------------------------


def test_every_value_is_what_the_client_reads(store: Store) -> None:
    client = make_client((store.root / "mlruns").as_uri())
    for run_id in store.recorded.active:
        check_raw(read_run(store.root / "mlruns", run_id, store.root), client)


def test_the_run_with_everything(store: Store) -> None:
    check_full(fetch_run(store.recorded.full, TrackerConfig(store.root)), store.recorded)


def test_runs_are_found_without_deleted_ones(store: Store) -> None:
    refs = find(store.root)
    assert refs[0] == f"mlflow:{store.recorded.full}"
    assert set(refs) == {f"mlflow:{run_id}" for run_id in store.recorded.active}


def test_statuses_and_parents(store: Store) -> None:
    config, recorded = TrackerConfig(store.root), store.recorded
    client = make_client((store.root / "mlruns").as_uri())
    for run_id in (*recorded.active, recorded.deleted):
        run = fetch_run(run_id, config)
        assert run.status == STATUSES[client.get_run(run_id).info.status]
    assert fetch_run(recorded.child, config).parent == f"mlflow:{recorded.full}"
    assert fetch_run(recorded.running, config).finished is None


def test_a_run_in_the_trash_is_read_where_it_is_named(store: Store) -> None:
    run = fetch_run(store.recorded.thrown_away, TrackerConfig(store.root))
    assert (run.name, run.experiment) == ("thrown away", "thrown away")


# What was recorded, and what other versions wrote ----------------------------------------------


def test_the_recorded_run(project: Path) -> None:
    run = fetch_run(RUN, TrackerConfig(project))
    assert run.ref == f"mlflow:{RUN}"
    assert [row.metrics["eval/accuracy"] for row in run.checkpoints][2] == 0.9511111111111111
    assert run.metrics["bad"].value == float("inf")
    (output,) = run.output
    assert (output.name, output.version, output.kind) == ("qa-digits", "1", "sklearn")
    folder = f"mlruns/{EXPERIMENT}/models/m-aa7c64b2399c4709b8c4ab5cdb6ead23/artifacts"
    assert output.path == folder
    assert run.environment is not None
    assert run.environment.python == "3.11.7"
    assert run.environment.packages["scikit-learn"] == "1.9.1"
    assert [(d.name, d.digest, d.context) for d in run.data] == [
        ("digits-test", "bac1eb0c", "eval"),
        ("digits-train", "12170312", "training"),
    ]
    assert [f.path for f in run.files][-2:] == ["notes.txt", "results.json"]
    assert run.source is not None
    assert run.source.repository == "https://git.example.com/team/qa-demo.git"


def test_every_file_of_the_recorded_run_is_listed(project: Path) -> None:
    listed = {file.path: file.size for file in fetch_run(RUN, TrackerConfig(project)).files}
    run = project / "mlruns" / EXPERIMENT / RUN / "artifacts"
    models = project / "mlruns" / EXPERIMENT / "models"
    expected = {p.relative_to(run).as_posix(): p.stat().st_size for p in run.rglob("*.*")}
    for path in models.glob("*/artifacts/*"):
        expected[f"models/{path.parts[-3]}/{path.name}"] = path.stat().st_size
    assert listed == expected


@pytest.mark.parametrize("version", ["0.8.2", "1.0.0", "1.30.1", "2.22.0"])
def test_what_old_versions_wrote(version: str) -> None:
    root = DATA / "old" / version / "files"
    config = TrackerConfig(root)
    runs = {run.name: run for run in (fetch_run(r[7:], config) for r in find_runs(root, config))}
    run = runs["first"]
    assert run.experiment == "old digits"
    assert run.status == "finished"
    assert runs["crashed"].status == "failed"
    assert [r.status for n, r in runs.items() if n not in ("first", "crashed", "child")] == [
        "running"
    ]
    assert run.description == "A note.\n\nSecond paragraph."
    assert run.params["lr"] == 0.001
    assert run.params["group/name"] == "a b"
    assert run.metrics["final acc"].value == 0.75
    assert [p for c in run.curves if c.metric == "loss" for p in c.values] == [2, 1, 2 / 3]
    assert run.source is not None
    assert len(run.source.commit) == 40
    assert run.source.entrypoint == "train.py"
    assert [file.path for file in run.files if "reports" in file.path] == ["reports/notes.txt"]
    if version == "0.8.2":
        return
    assert [row.metrics for row in run.checkpoints] == [
        {"val/loss": 1.0},
        {"val/loss": 0.5},
        {"val/loss": 1 / 3},
    ]
    assert runs["child"].parent == run.ref
