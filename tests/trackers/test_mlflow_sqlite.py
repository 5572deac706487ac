"""The SQLite store: what the real client writes, in every version's tables, also meanwhile."""

from __future__ import annotations

import contextlib
import math
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers.mlflow import fetch_run, find_runs, tables
from cardgen.trackers.mlflow.sqlite import is_store, read_run
from tests.trackers.mlflow_runs import (
    DATA,
    STATUSES,
    Recorded,
    check_full,
    check_raw,
    make_client,
    record_runs,
)

RUN = "2b22fe22cdc847dab10d5a2233749e5e"
OLD_RUN = "8061b98e6c0f4b3d884af35841879e72"

pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass(frozen=True)
class Store:
    root: Path
    uri: str
    recorded: Recorded


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("sqlite")
    uri = f"sqlite:///{root}/mlflow.db"
    return Store(root, uri, record_runs(make_client(uri)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(DATA / "sqlite", tmp_path, dirs_exist_ok=True)
    return tmp_path


@contextlib.contextmanager
def change(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


# What the client of today writes ---------------------------------------------------------------


def test_every_value_is_what_the_client_reads(store: Store) -> None:
    client = make_client(store.uri)
    for run_id in store.recorded.active:
        check_raw(read_run(store.root / "mlflow.db", run_id, store.root), client)


def test_the_run_with_everything(store: Store) -> None:
    run = fetch_run(store.recorded.full, TrackerConfig(store.root))
    check_full(run, store.recorded)


def test_runs_are_found_without_deleted_ones(store: Store) -> None:
    refs = find_runs(store.root, TrackerConfig(store.root))
    assert refs[0] == f"mlflow:{store.recorded.full}"
    assert set(refs) == {f"mlflow:{run_id}" for run_id in store.recorded.active}
    assert len(refs) == len(set(refs))


def test_statuses_and_parents(store: Store) -> None:
    config, recorded = TrackerConfig(store.root), store.recorded
    client = make_client(store.uri)
    for run_id in (*recorded.active, recorded.deleted, recorded.thrown_away):
        run = fetch_run(run_id, config)
        assert run.status == STATUSES[client.get_run(run_id).info.status]
    assert fetch_run(recorded.child, config).parent == f"mlflow:{recorded.full}"


def test_reading_leaves_no_trace(store: Store) -> None:
    before = {path: path.stat().st_mtime_ns for path in store.root.iterdir()}
    fetch_run(store.recorded.full, TrackerConfig(store.root))
    assert {path: path.stat().st_mtime_ns for path in store.root.iterdir()} == before


def test_a_run_is_read_while_the_client_logs(store: Store, tmp_path: Path) -> None:
    shutil.copyfile(store.root / "mlflow.db", tmp_path / "mlflow.db")
    with change(tmp_path / "mlflow.db") as keeper:
        keeper.execute("PRAGMA journal_mode=WAL")
        client = make_client(f"sqlite:///{tmp_path}/mlflow.db")
        config, running = TrackerConfig(tmp_path), store.recorded.running
        for step in range(5):
            client.log_metric(running, "eval/live", step / 10, step=step)
            assert Path(tmp_path / "mlflow.db-wal").stat().st_size > 0
            run = fetch_run(running, config)
            assert run.metrics["eval/live"].step == step
        keeper.execute("BEGIN IMMEDIATE")
        keeper.execute("DELETE FROM metrics")
        assert fetch_run(running, config).metrics["eval/live"].step == 4
        keeper.execute("ROLLBACK")


# What was recorded, and what other versions wrote ----------------------------------------------


def test_the_recorded_run(project: Path) -> None:
    run = fetch_run(RUN, TrackerConfig(project))
    assert run.ref == f"mlflow:{RUN}"
    assert len(run.checkpoints) == 8
    curve = next(c for c in run.curves if c.metric == "bad")
    assert math.isnan(curve.values[0])
    assert curve.values[1] == math.inf
    (output,) = run.output
    assert (output.name, output.version, output.kind) == ("qa-digits", "1", "sklearn")
    assert output.path == "mlruns/1/models/m-5acf0a4134614971ab5837ab3ef5d205/artifacts"
    assert run.environment is not None
    assert run.environment.packages["skops"] == "0.16.0"
    assert [f.path for f in run.files][-2:] == ["notes.txt", "results.json"]
    assert [(d.name, d.digest, d.context) for d in run.data] == [
        ("digits-test", "bac1eb0c", "eval"),
        ("digits-train", "12170312", "training"),
    ]


@pytest.mark.parametrize("version", ["1.0.0", "1.8.0", "1.30.1", "2.22.0"])
def test_what_old_versions_wrote(version: str) -> None:
    root = DATA / "old" / version / "sqlite"
    config = TrackerConfig(root)
    runs = {run.name: run for run in (fetch_run(r[7:], config) for r in find_runs(root, config))}
    run = runs["first"]
    assert (run.experiment, run.status, run.tags) == (
        "old digits",
        "finished",
        {"stage": "baseline"},
    )
    assert len(runs) == 4
    assert runs["crashed"].status == "failed"
    assert runs["child"].parent == run.ref
    assert run.params["lr"] == 0.001
    assert [row.metrics["val/loss"] for row in run.checkpoints] == [1.0, 0.5, 1 / 3]
    assert run.metrics["final acc"].value == 0.75
    assert run.source is not None
    assert len(run.source.commit) == 40
    if version != "1.0.0":
        bad = next(curve for curve in run.curves if curve.metric == "bad")
        assert math.isnan(bad.values[0])
        assert bad.values[1:] == (math.inf, -math.inf)
    names = [(o.name, o.version, o.aliases) for o in run.output]
    assert names == {
        "1.30.1": [("old-model", "1", ("Staging",))],
        "2.22.0": [("old-model", "1", ("champion", "Staging"))],
    }.get(version, [])
    data = [(d.name, d.context, d.path) for d in run.data]
    assert data == ([("six", "training", "data/six.npy")] if version == "2.22.0" else [])


def test_a_table_without_steps_and_nan(tmp_path: Path) -> None:
    """The schema of 0.9, whose client no longer runs: made from that of 1.0."""
    path = tmp_path / "mlflow.db"
    shutil.copyfile(DATA / "old" / "1.0.0" / "sqlite" / "mlflow.db", path)
    with change(path) as connection:
        connection.execute("ALTER TABLE metrics RENAME TO newer")
        connection.execute(
            "CREATE TABLE metrics AS SELECT key, value, timestamp, run_uuid FROM newer"
        )
        connection.execute("DROP TABLE newer")
    refs = find_runs(tmp_path, TrackerConfig(tmp_path))
    run = fetch_run(refs[0].removeprefix("mlflow:"), TrackerConfig(tmp_path))
    curve = next(c for c in run.curves if c.metric == "val/loss")
    assert (curve.axis, curve.values) == ("order", (1.0, 0.5, 1 / 3))
    assert run.metrics["val/loss"].step is None


@pytest.mark.parametrize(
    "table", ["tags", "params", "metrics", "inputs", "datasets", "logged_models", "model_versions",
              "registered_model_aliases", "experiments", "input_tags"],
)  # fmt: skip
def test_a_table_that_is_missing_is_empty(project: Path, table: str) -> None:
    with change(project / "mlflow.db") as connection:
        connection.execute(f"DROP TABLE {table}")
    run = fetch_run(RUN, TrackerConfig(project))
    assert run.status == "finished"
    assert bool(run.params) == (table != "params")
    assert bool(run.metrics) == (table != "metrics")


def test_odd_values_are_passed_over(project: Path) -> None:
    with change(project / "mlflow.db") as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.execute(
            "UPDATE runs SET status='ODD', start_time='soon', end_time=9e99, name=x'ff41'"
        )
        connection.execute("INSERT INTO metrics VALUES ('odd', 'text', 1, ?, 1, 0)", (RUN,))
        connection.execute("INSERT INTO metrics VALUES ('odd', 0.5, 'x', ?, 'y', 0)", (RUN,))
        connection.execute("UPDATE params SET value=x'c328' WHERE key='code'")
        connection.execute("UPDATE datasets SET dataset_source='[1, 2'")
    run = fetch_run(RUN, TrackerConfig(project))
    assert (run.status, run.started, run.finished) == (None, None, None)
    assert run.name == "\ufffdA"
    assert run.params["code"] == "\ufffd("
    assert run.metrics["odd"].value == 0.5
    assert [d.name for d in run.data] == ["digits-test", "digits-train"]


def test_more_points_than_are_read_are_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_POINTS", 20)
    run = fetch_run(RUN, TrackerConfig(project))
    assert "metrics" in run.unavailable


def test_ids_that_no_client_makes_are_left_out(project: Path) -> None:
    with change(project / "mlflow.db") as connection:
        connection.execute("UPDATE runs SET run_uuid='../../etc' WHERE run_uuid=?", (RUN,))
        connection.execute("UPDATE runs SET run_uuid=x'00ff' WHERE name='qa-2'")
    refs = find_runs(project, TrackerConfig(project))
    assert len(refs) == 2
    assert all(len(ref) == 39 for ref in refs)


def test_a_deleted_experiment_hides_its_runs(project: Path) -> None:
    with change(project / "mlflow.db") as connection:
        connection.execute(
            "UPDATE experiments SET lifecycle_stage='deleted' WHERE name='qa digits'"
        )
    assert find_runs(project, TrackerConfig(project)) == ()


def test_databases_of_others_are_told_apart(tmp_path: Path) -> None:
    with change(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE runs(id INTEGER)")
    with change(tmp_path / "near.db") as connection:
        connection.execute("CREATE TABLE runs(run_uuid TEXT)")
    (tmp_path / "text.db").write_text("no database")
    (tmp_path / "empty.sqlite").touch()
    assert not any(is_store(path) for path in tmp_path.iterdir())
    assert find_runs(tmp_path, TrackerConfig(tmp_path)) == ()
    with pytest.raises(TrackerError, match="is no database of MLflow"):
        fetch_run(f"other.db#{RUN}", TrackerConfig(tmp_path))


def test_a_store_that_cannot_be_read_is_no_empty_store(project: Path) -> None:
    (project / "mlflow.db").write_bytes((project / "mlflow.db").read_bytes()[:5000])
    with pytest.raises(TrackerError, match=r"mlflow\.db cannot be read"):
        find_runs(project, TrackerConfig(project))
    shutil.copytree(DATA / "filestore", project / "other")
    assert len(find_runs(project, TrackerConfig(project))) == 4


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@settings(max_examples=60, deadline=None)
@given(
    places=st.lists(
        st.tuples(st.integers(0, 61_440), st.binary(min_size=1, max_size=60)), max_size=40
    ),
    end=st.integers(0, 70_000),
)
def test_damage_is_reported_and_never_more(
    damaged: Path, places: list[tuple[int, bytes]], end: int
) -> None:
    original = (DATA / "old" / "1.0.0" / "sqlite" / "mlflow.db").read_bytes()
    content = bytearray(original)
    for start, new in places:
        content[start : start + len(new)] = new
    (damaged / "mlflow.db").write_bytes(content[: max(end, 100)])
    config = TrackerConfig(damaged)
    refs: tuple[str, ...] = ()
    with contextlib.suppress(TrackerError):
        refs = find_runs(damaged, config)
    for locator in {
        *(ref.removeprefix("mlflow:") for ref in refs),
        "8061b98e6c0f4b3d884af35841879e72",
    }:
        with contextlib.suppress(TrackerError):
            assert fetch_run(locator, config).ref == f"mlflow:{locator}"
    assert [path.name for path in damaged.iterdir()] == ["mlflow.db"]
