"""Trackio: files that are damaged, locked, strange, or somewhere else."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers import _sqlite, trackio
from cardgen.trackers._numbers import make_float, make_step
from cardgen.trackers.trackio.values import clean_value, parse_time
from tests.trackers.damage import read_cut, read_mutated
from tests.trackers.test_trackio import DATA, fetch, unpack


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A new, empty database as the newest version makes it, at ``trackio/qa.db``."""
    unpack(tmp_path / "packed")
    (tmp_path / "trackio").mkdir()
    path = tmp_path / "trackio" / "qa.db"
    shutil.move(tmp_path / "packed" / "qadigits.db", path)
    shutil.rmtree(tmp_path / "packed")
    run(path, "PRAGMA journal_mode = DELETE")
    for table in ("metrics", "configs", "system_metrics", "alerts", "run_artifact_links"):
        run(path, f"DELETE FROM {table}")  # noqa: S608
    return path


def run(path: Path, query: str, *values: Any) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(query, values)


def log(path: Path, metrics: object, *, name: object = "r", step: object = 1) -> None:
    run(
        path,
        "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)",
        f"id-{name}",
        "2026-11-21T11:00:00+00:00",
        name,
        step,
        metrics,
    )


def configure(path: Path, config: object, name: str = "r") -> None:
    run(
        path,
        "INSERT INTO configs (run_id, run_name, config, created_at) VALUES (?, ?, ?, ?)",
        f"id-{name}",
        name,
        config,
        "2026-11-21T11:00:00+00:00",
    )


def read(path: Path, name: str = "r") -> Run:
    return fetch(f"trackio/qa.db#{name}", TrackerConfig(path.parents[1]))


# Values --------------------------------------------------------------------------------------


def test_json_of_odd_types_gives_what_is_a_number(database: Path) -> None:
    odd = {
        "list": [1, 2],
        "null": None,
        "true": True,
        "text": "1.5",
        "nan": "NaN",
        "huge": 10**400,
        "": 1,
        "deep": {"a": {"b": {"c": {"d": {"e": 1}}}}},
        "media": {"_type": "trackio.image", "file_path": "../../../etc/passwd"},
        "picture": {"_type": "trackio.image", "file_path": 7},
        "\ud800": 2,
    }
    log(database, json.dumps(odd), step="x")
    found = read(database)
    assert found.metrics.keys() == {"nan", "huge", "", "\ufffd"}
    assert found.metrics["huge"].value == float("inf")
    assert found.metrics[""].step is None
    assert [(file.path, file.size) for file in found.files] == [("media/../../../etc/passwd", None)]


@pytest.mark.parametrize("bad", ["[1]", "{", "", b"\xff\xfe", "[" * 100_000, 7, "null"])
def test_a_row_that_is_no_object_is_told(database: Path, bad: object) -> None:
    log(database, bad)
    with pytest.raises(TrackerError, match="no JSON object") as raised:
        read(database)
    assert raised.value.hint


def test_a_config_of_odd_values(database: Path) -> None:
    log(database, "{}")
    config = {"_Username": 7, "_Created": "yesterday", "_Group": ["a"], "_name_or_path": "a/b"}
    configure(database, json.dumps(config | {"seed": True, "x": "Infinity", "n": [float("nan")]}))
    found = read(database)
    assert (found.author, found.group, found.environment) == ("", "", None)
    assert found.started is not None
    assert found.params["x"] == float("inf")
    assert found.model is not None
    assert found.model.name == "a/b"


def test_the_author_and_the_space(database: Path) -> None:
    log(database, "{}")
    configure(database, '{"_Username": "ala"}')
    run(database, "INSERT INTO project_metadata VALUES ('space_id', 'ala/qa-space')")
    found = read(database)
    assert found.author == "ala"
    assert found.url == "https://huggingface.co/spaces/ala/qa-space"
    run(database, "UPDATE project_metadata SET value = 'javascript:alert(1)'")
    assert read(database).url == ""


def test_runs_that_only_other_tables_know(database: Path) -> None:
    configure(database, "{}", "configured")
    insert = "INSERT INTO run_artifact_links (run_id, run_name, artifact_version_id, direction,"
    insert += " created_at) VALUES (?, ?, 1, 'output', 'x')"
    run(database, insert, "id-linked", "linked")
    run(database, insert, None, "configured")
    config = TrackerConfig(database.parents[1])
    assert trackio.find_runs(database.parent, config) == (
        "trackio:trackio/qa.db#configured",
        "trackio:trackio/qa.db#linked",
    )
    assert [item.name for item in read(database, "linked").data] == ["digits-data"]
    assert [item.name for item in read(database, "configured").data] == ["digits-data"]


def test_an_artifact_of_another_project(database: Path) -> None:
    log(database, "{}")
    run(
        database,
        "INSERT INTO external_run_artifact_links (run_id, run_name, source_project,"
        " source_version_id, source_artifact, source_type, source_version, source_size_bytes,"
        " direction, created_at) VALUES ('id-r', 'r', 'other', 1, 'net', 'model', 4, 7, 'input',"
        " 'x')",
    )
    model = read(database).model
    assert model is not None
    assert (model.name, model.version) == ("other/net", "v4")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T11:00:00+00:00", "2026-11-21T11:00:00+00:00"),
        ("2026-11-21T12:00:00+01:00", "2026-11-21T11:00:00+00:00"),
        ("2026-11-21T11:00:00Z", "2026-11-21T11:00:00+00:00"),
        ("2026-11-21 11:00:00", "2026-11-21T11:00:00+00:00"),
        ("2026-11-21T11:00:00.5", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
    ],
)
def test_times(text: str, expected: str | None) -> None:
    found = parse_time(text)
    assert (found.isoformat() if found else None) == expected


def test_values_are_bounded_and_writable() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    json.dumps(clean_value(deep))
    assert clean_value(object).startswith("<class")
    assert (make_float(True), make_float(-(10**400)), make_step(float("nan"))) == (
        None,
        float("-inf"),
        None,
    )
    assert (make_step(3.0), make_step(2.5)) == (3, 2.5)


# Files ---------------------------------------------------------------------------------------


def test_a_database_that_is_being_written_is_read_with_its_wal(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        insert = "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics)"
        for step in range(3):
            row = ("id-r", "2026-11-21T11:00:00+00:00", "r", step, '{"loss": 1}')
            writer.execute(f"{insert} VALUES (?, ?, ?, ?, ?)", row)
            writer.commit()
        assert database.with_name("qa.db-wal").stat().st_size
        before = sorted(path.name for path in database.parent.iterdir())
        assert len(read(database).curves[0].steps) == 3
        assert sorted(path.name for path in database.parent.iterdir()) == before


def test_a_locked_database_is_told(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log(database, '{"loss": 1}')
    waits = getattr(_sqlite.open_readonly, "__wrapped__").__kwdefaults__  # noqa: B009
    monkeypatch.setitem(waits, "seconds", 0.3)
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackerError, match=r"locked|took longer"):
            read(database)
        config = TrackerConfig(database.parents[1])
        assert trackio.find_runs(database.parents[1], config) == ()
        writer.rollback()
    assert read(database).metrics


@pytest.mark.parametrize("missing", ["configs", "alerts", "run_artifact_links", "artifacts"])
def test_tables_that_are_missing_say_nothing(database: Path, missing: str) -> None:
    log(database, '{"loss": 1}')
    run(database, f"DROP TABLE {missing}")
    assert read(database).metrics["loss"].value == 1.0


def test_a_database_of_something_else_is_none(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    run(other, "CREATE TABLE metrics (key TEXT, value REAL, timestamp TEXT)")
    (tmp_path / "text.db").write_text("no database")
    config = TrackerConfig(tmp_path)
    assert trackio.find_runs(tmp_path, config) == ()
    for name in ("other.db", "text.db"):
        with pytest.raises(TrackerError, match="is no"):
            fetch(f"{name}#r", config)


def test_what_fits_nothing_or_too_much_is_listed(tmp_path: Path) -> None:
    unpack(tmp_path / "trackio")
    config = TrackerConfig(tmp_path)
    with pytest.raises(TrackerError, match="Several runs") as raised:
        fetch("trackio/qadigits.db#qa-2", config)
    assert raised.value.hint.count("trackio:trackio/qadigits.db#") == 2
    with pytest.raises(TrackerError, match="Several runs"):
        fetch("trackio/qadigits.db", config)
    with pytest.raises(TrackerError, match="No run of Trackio fits") as raised:
        fetch("trackio/qadigits.db#nobody", config)
    assert "trackio:trackio/qadigits.db#qa-1" in raised.value.hint
    with pytest.raises(TrackerError, match="There is no file"):
        fetch("nowhere.db#x", config)
    with pytest.raises(TrackerError, match="No run 'a/b' of Trackio lies in"):
        fetch("a/b", config)


@pytest.mark.parametrize("locator", ["\0", "a" * 5000, "#", "x#", "/", "../..", "trackio"])
def test_odd_locators_are_refused(tmp_path: Path, locator: str) -> None:
    unpack(tmp_path / "trackio")
    with pytest.raises(TrackerError):
        fetch(locator, TrackerConfig(tmp_path))


def test_places_outside_the_project_must_be_named_by_its_settings(tmp_path: Path) -> None:
    store, root = unpack(tmp_path / "store"), tmp_path / "project"
    root.mkdir()
    (root / "link.db").symlink_to(store / "qadigits.db")
    plain = TrackerConfig(root, environ={"HOME": str(tmp_path), "HF_HOME": str(tmp_path)})
    for locator in ("../store/qadigits.db#qa-1", f"{store}/qadigits.db#qa-1", "link.db#qa-1"):
        with pytest.raises(TrackerError, match="outside the project"):
            fetch(locator, plain)
    with pytest.raises(TrackerError, match="outside the project"):
        trackio.find_runs(store, plain)
    assert trackio.find_runs(root, plain) == ()
    with pytest.raises(TrackerError):
        fetch("qa digits/qa-1", plain)
    for config in (
        TrackerConfig(root, options={"dir": str(store)}),
        TrackerConfig(root, options={"dir": ["../store"]}),
        TrackerConfig(root, environ={"TRACKIO_DIR": str(store)}),
    ):
        found = fetch("qa digits/qa-1", config)
        assert found.ref == "trackio:qadigits/qa-1"
        assert fetch(found.ref.removeprefix("trackio:"), config) == found
        assert "trackio:qadigits/qa-1" in trackio.find_runs(store, config)


def test_backups_need_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DATA / "backup-0.43.0", tmp_path / "trackio")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    config = TrackerConfig(tmp_path)
    with pytest.raises(TrackerError, match="DuckDB") as raised:
        fetch("trackio/qadigits.parquet#qa-1", config)
    assert "cardgen[parquet]" in raised.value.hint
    assert trackio.find_runs(tmp_path, config) == ()


# Damage --------------------------------------------------------------------------------------


def damaged(name: str, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """The files of a store, each with the locator by which it is read."""
    if name == "0.43.0":
        path = tmp_path / "qadigits.db"
        path.write_bytes(gzip.decompress((DATA / name / "qadigits.db.gz").read_bytes()))
        yield path, "qadigits.db#qa-1"
        return
    shutil.copytree(DATA / name, tmp_path, dirs_exist_ok=True)
    for path in sorted(p for p in tmp_path.rglob("*") if p.suffix in (".db", ".parquet")):
        main = "qadigits.parquet" if path.suffix == ".parquet" else path.name
        run_name = "qa digits/qa-1" if name == "0.0.5" else "qa-1"
        yield path, f"{(path.parent / main).relative_to(tmp_path).as_posix()}#{run_name}"


@pytest.mark.parametrize("name", ["0.0.5", "0.2.9", "0.19.0", "0.43.0", "backup-0.43.0"])
def test_files_cut_or_changed_are_read_or_refused(name: str, tmp_path: Path) -> None:
    config = TrackerConfig(tmp_path)
    for path, locator in damaged(name, tmp_path):
        parquet = path.suffix == ".parquet"
        for _, found in read_cut(path, lambda at=locator: fetch(at, config), 25 if parquet else 60):
            assert found.tracker == "trackio"
        for _, found in read_mutated(
            path, lambda at=locator: fetch(at, config), 20 if parquet else 80
        ):
            assert found.tracker == "trackio"
            found.model_dump_json()


def test_a_wal_that_was_cut_gives_what_was_written_before(database: Path) -> None:
    copy = database.with_name("copy.db")
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        insert = "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics)"
        for step in range(5):
            row = ("id-r", "2026-11-21T11:00:00+00:00", "r", step, '{"loss": 1}')
            writer.execute(f"{insert} VALUES (?, ?, ?, ?, ?)", row)
            writer.commit()
        shutil.copy(database, copy)
        wal = Path(shutil.copy(f"{database}-wal", f"{copy}-wal"))
    config = TrackerConfig(database.parents[1])
    counts = []
    for _, found in read_cut(wal, lambda: fetch("trackio/copy.db#r", config), at_most=60):
        counts.append(len(found.curves[0].steps) if found.curves else 1)
    assert counts == sorted(counts)
    assert set(counts) <= {1, 2, 3, 4, 5}
    assert len(fetch("trackio/copy.db#r", config).curves[0].steps) == 5
