"""DuckDB over a few Parquet files of strangers, and over nothing else.

It may read the files it is given, may not write, reach the network or load an extension, and has
a limit of memory and of time. Names and values reach it as parameters only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardgen.errors import TrackerError
from cardgen.trackers._duckdb import open_duckdb

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SECONDS = 300.0
"""How long one reading may take in all."""

_BATCH = 10_000
_TABLE = "read_parquet(?, union_by_name=true, filename=true)"


class NoDuckDB(TrackerError):
    """DuckDB is not installed."""


class Parquet:
    """Some Parquet files as one table; a column that none of them has is null."""

    def __init__(self, connection: DuckDBPyConnection, files: Sequence[str]) -> None:
        self._connection = connection
        self._files = list(files)
        described = self.rows("DESCRIBE SELECT * FROM {files}")
        self.columns = frozenset(str(row[0]) for row in described)

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a query over ``{files}`` or ``{footers}``, never all in memory."""
        query = query.format(files=_TABLE, footers="parquet_metadata(?)")
        found = self._connection.execute(query, [self._files, *values])
        while batch := found.fetchmany(_BATCH):
            yield from batch


@contextmanager
def open_parquet(files: Sequence[Path], *, seconds: float = SECONDS) -> Iterator[Parquet]:
    """The files as a table; all that DuckDB raises, here or in the block, is a TrackerError."""
    try:
        import duckdb  # noqa: PLC0415 - 70 ms that only an export needs
    except ImportError:
        raise NoDuckDB(
            "An export of Neptune is Parquet, which needs DuckDB, and DuckDB is not installed.",
            "Run: pip install 'cardgen[parquet]'.",
        ) from None
    label = files[0] if len(files) == 1 else f"an export in {files[0].parent}"
    try:
        with open_duckdb([str(path) for path in files], seconds) as connection:
            yield Parquet(connection, [str(path) for path in files])
    except duckdb.InterruptException:
        raise TrackerError(f"Reading {label} took over {seconds:g} s.", "Export less.") from None
    except (duckdb.Error, ValueError, OverflowError) as error:
        why = " ".join(str(error).split())[:200]
        raise TrackerError(
            f"{label} cannot be read as Parquet of neptune-exporter: {why}", "Restore the file."
        ) from None
