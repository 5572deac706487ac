"""DuckDB over a few files of strangers, and over nothing else.

It may read the files it is given, may not write, reach the network or load an extension, and has
a limit of memory and of time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CONFIG: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 1,
    "memory_limit": "256MB",
    "temp_directory": "",
}


@contextmanager
def open_duckdb(files: list[str], seconds: float) -> Iterator[DuckDBPyConnection]:
    """A connection that reads ``files`` alone, and is interrupted after ``seconds``."""
    import duckdb  # noqa: PLC0415  # 70 ms that Parquet alone needs

    connection = duckdb.connect(":memory:", config=_CONFIG)
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    try:
        connection.execute("SET allowed_paths = ?", [files])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        timer.start()
        yield connection
    finally:
        timer.cancel()
        connection.close()
