"""Foreign SQLite files: read whatever their state, and left exactly as they were."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.trackers import _sqlite
from cardgen.trackers._sqlite import is_sqlite, open_readonly


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    _sqlite.close_idle()


def make_database(path: Path, mode: str = "delete", rows: int = 100) -> sqlite3.Connection:
    """A database with ``rows`` rows, its writer still connected."""
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute(f"PRAGMA journal_mode={mode}")
    writer.execute("CREATE TABLE points(x INTEGER)")
    writer.execute("BEGIN")
    writer.executemany("INSERT INTO points VALUES (?)", [(i,) for i in range(rows)])
    writer.execute("COMMIT")
    return writer


@lru_cache
def make_content(mode: str) -> bytes:
    """The bytes of a database of a thousand rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.db")
        make_database(path, mode, rows=1000).close()
        return path.read_bytes()


def count(path: Path, **options: float) -> int:
    with open_readonly(path, **options) as connection:
        return int(connection.execute("SELECT count(*) FROM points").fetchone()[0])


def look(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def copy_beside(path: Path, folder: Path, *suffixes: str) -> Path:
    """What a killed writer leaves: the files as they are, and nobody who holds them."""
    folder.mkdir()
    for suffix in ("", *suffixes):
        shutil.copyfile(f"{path}{suffix}", folder / f"{path.name}{suffix}")
    return folder / path.name


def test_rows_are_read_and_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a b#?%.db"
    make_database(path).close()
    before = look(tmp_path)
    assert count(path) == 100
    with pytest.raises(TrackerError, match="readonly"), open_readonly(path) as connection:
        connection.execute("DELETE FROM points")
    assert look(tmp_path) == before


def test_a_closed_wal_database_gets_no_files_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make_database(path, "wal").close()
    before = look(tmp_path)
    assert list(before) == ["a.db"]
    assert count(path) == 100
    assert look(tmp_path) == before


def test_what_a_live_writer_committed_is_read_from_the_wal(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with contextlib.closing(make_database(path, "wal")) as writer:
        assert Path(f"{path}-wal").stat().st_size > 0
        writer.execute("BEGIN")
        writer.execute("INSERT INTO points VALUES (-1)")
        before = look(tmp_path)
        assert count(path) == 100
        assert look(tmp_path) == before
        writer.execute("COMMIT")
        assert count(path) == 101


def test_a_live_wal_too_large_to_copy_is_read_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sqlite, "MAX_COPY", 10)
    path = tmp_path / "a.db"
    with contextlib.closing(make_database(path, "wal")) as writer:
        assert count(path) == 100
        writer.execute("INSERT INTO points VALUES (-1)")
        assert count(path) == 101


@pytest.mark.parametrize("left", [("-wal",), ("-wal", "-shm")])
def test_a_killed_writers_wal_is_read_and_stays(tmp_path: Path, left: tuple[str, ...]) -> None:
    with contextlib.closing(make_database(tmp_path / "a.db", "wal")):
        path = copy_beside(tmp_path / "a.db", tmp_path / "killed", *left)
    before = look(path.parent)
    assert count(path) == 100
    assert look(path.parent) == before


def test_a_killed_writers_transaction_is_rolled_back_in_a_copy(tmp_path: Path) -> None:
    with contextlib.closing(make_database(tmp_path / "a.db")) as writer:
        writer.execute("PRAGMA cache_size=5")
        writer.execute("BEGIN")
        writer.executemany("INSERT INTO points VALUES (?)", [("x" * 1000,) for _ in range(500)])
        path = copy_beside(tmp_path / "a.db", tmp_path / "killed", "-journal")
    before = look(path.parent)
    assert count(path) == 100
    assert look(path.parent) == before


def test_a_locked_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with contextlib.closing(make_database(path)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackerError, match="is locked by a program") as caught:
            count(path, seconds=0.2)
        assert "Try again" in caught.value.hint


def test_an_endless_query_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make_database(path).close()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with (
        pytest.raises(TrackerError, match=r"took longer than 0\.2 s"),
        open_readonly(path, seconds=0.2) as connection,
    ):
        connection.execute(endless).fetchone()
    assert count(path) == 100


def test_a_block_reads_one_moment_and_the_next_reads_on(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make_database(path).close()
    for expected in (100, 101, 102):
        assert count(path) == expected
        with contextlib.closing(sqlite3.connect(path)) as writer, writer:
            writer.execute("INSERT INTO points VALUES (-1)")


def test_a_file_put_in_its_place_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make_database(path).close()
    assert count(path) == 100
    make_database(tmp_path / "new.db", "wal", rows=7).close()
    (tmp_path / "new.db").replace(path)
    assert count(path) == 7
    assert sorted(look(tmp_path)) == ["a.db"]


def test_few_connections_are_kept(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / f"{number}.db"
        make_database(path, rows=number).close()
        assert count(path) == number
    assert len(_sqlite._IDLE) == _sqlite._MAX_IDLE


def test_threads_read_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make_database(path).close()
    found: list[int] = []
    threads = [Thread(target=lambda: found.append(count(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [100] * 8


def test_text_that_is_no_utf8_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with contextlib.closing(make_database(path)) as writer:
        writer.execute("CREATE TABLE names(name TEXT)")
        writer.execute("INSERT INTO names VALUES (CAST(x'61ff62' AS TEXT))")
    with open_readonly(path) as connection:
        assert connection.execute("SELECT name FROM names").fetchall() == [("a\ufffdb",)]


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("no database at all, but long enough to look at" * 10)


def _pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (_empty, "is no SQLite database"),
        (_text, "is no SQLite database"),
        (_pointer, "is a git-lfs pointer"),
    ],
)
def test_what_is_no_database_is_refused(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "a.db"
    make(path)
    assert not is_sqlite(path)
    with pytest.raises(TrackerError, match=said) as caught:
        count(path)
    assert caught.value.hint


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mode=st.sampled_from(["delete", "wal"]),
    places=st.lists(st.tuples(st.integers(0, 12_000), st.binary(min_size=1, max_size=40))),
    end=st.integers(0, 13_000),
)
def test_damage_is_reported_and_never_more(
    tmp_path_factory: pytest.TempPathFactory,
    mode: str,
    places: list[tuple[int, bytes]],
    end: int,
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "a.db"
    content = bytearray(make_content(mode))
    for start, new in places:
        content[start : start + len(new)] = new
    path.write_bytes(content[: max(end, 20)])
    before = look(folder)
    with contextlib.suppress(TrackerError), open_readonly(path, seconds=2) as connection:
        connection.execute("SELECT x FROM points").fetchmany(2000)
    assert look(folder) == before
    shutil.rmtree(folder)
