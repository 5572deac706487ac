"""Strangers' data, cut and mutated: a run or one clear sentence, never anything else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.models import Evidence, Run
from cardgen.trackers import neptune
from cardgen.trackers._series import Point
from cardgen.trackers.neptune.mapping import load_paths
from cardgen.trackers.neptune.record import Recorded
from cardgen.trackers.neptune.replay import _HANDLERS
from cardgen.trackers.neptune.run import make_run
from cardgen.trackers.neptune.sort import split_named
from tests.trackers.neptune_tree import DATA, configure

FEW = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MUTATIONS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=30
)
LOG = ".neptune/offline/run__104e2c25-feb7-4a03-94d3-751abe91f4d9/data-1.log"


def read_all(root: Path) -> list[Run]:
    """Every run that can be read; whatever fails must say so in one sentence."""
    runs: list[Run] = []
    failures: list[TrackerError] = []
    for ref in neptune.find_runs(root, configure(root)):
        try:
            runs.append(neptune.fetch_run(ref.removeprefix("neptune:"), configure(root)))
        except TrackerError as error:
            failures.append(error)
    assert all(error.message and error.hint for error in failures)
    for run in runs:
        text = format_evidence(Evidence(code="x", runs=(run,)))
        assert parse_evidence(text).runs[0].ref == run.ref
        text.encode()
    return runs


def mutate(data: bytes, changes: list[tuple[float, int]]) -> bytes:
    mutated = bytearray(data)
    for place, byte in changes:
        mutated[int(place * len(data))] = byte
    return bytes(mutated)


@pytest.fixture
def place(tmp_path: Path) -> Callable[[str, str], Path]:
    """Copies a folder of the data and returns the file that is to be spoilt."""

    def copy(folder: str, pattern: str) -> Path:
        shutil.copytree(DATA / folder, tmp_path / "p", dirs_exist_ok=True)
        return next(iter(sorted((tmp_path / "p").rglob(pattern))))

    return copy


def test_a_log_cut_at_every_byte(place: Callable[[str, str], Path]) -> None:
    path = place("clients/1.8.6", "data-1.log")
    data = b"".join(path.read_bytes().splitlines(keepends=True)[7:22])
    points = []
    for length in range(len(data)):
        path.write_bytes(data[:length])
        (run,) = read_all(path.parents[3])
        points.append(len(run.params) + len(run.metrics) + len(run.checkpoints))
    assert points == sorted(points), "a longer log never holds less"
    assert points[-1] > 5


def test_a_database_cut_anywhere(place: Callable[[str, str], Path]) -> None:
    path = place("neptune3_offline", "*.sqlite3")
    data = path.read_bytes()
    for length in sorted({*range(0, len(data), 509), *range(0, 200, 7)}):
        path.write_bytes(data[:length])
        for run in read_all(path.parents[1]):
            assert run.name


def test_an_export_cut_anywhere(place: Callable[[str, str], Path]) -> None:
    pytest.importorskip("duckdb")
    path = place("exporter_handmade_neptune3", "*.parquet")
    data = path.read_bytes()
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        assert read_all(path.parents[1]) == []


@FEW
@given(changes=MUTATIONS)
def test_mutated_logs(place: Callable[[str, str], Path], changes: list[tuple[float, int]]) -> None:
    path = place("clients/1.8.6", "data-1.log")
    path.write_bytes(mutate(path.read_bytes(), changes))
    read_all(path.parents[3])


@FEW
@given(changes=MUTATIONS)
def test_mutated_metadata(
    place: Callable[[str, str], Path], changes: list[tuple[float, int]]
) -> None:
    path = place("clients/1.8.6", "metadata.json")
    path.write_bytes(mutate(path.read_bytes(), changes))
    read_all(path.parents[3])


@FEW
@given(changes=MUTATIONS)
def test_mutated_databases(
    place: Callable[[str, str], Path], changes: list[tuple[float, int]]
) -> None:
    path = place("neptune3_offline", "*.sqlite3")
    path.write_bytes(mutate(path.read_bytes(), changes))
    read_all(path.parents[1])


@FEW
@given(changes=MUTATIONS, tail=st.booleans())
def test_mutated_exports(
    place: Callable[[str, str], Path], changes: list[tuple[float, int]], tail: bool
) -> None:
    """Half of the changes hit the footer, which is where Parquet's structure is."""
    pytest.importorskip("duckdb")
    path = place("exporter_handmade_neptune3", "*.parquet")
    data = path.read_bytes()
    if tail:
        path.write_bytes(data[:-3000] + mutate(data[-3000:], changes))
    else:
        path.write_bytes(mutate(data, changes))
    read_all(path.parents[1])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
OPERATIONS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(sorted(_HANDLERS)),
        "path": st.lists(st.sampled_from(["sys", "tags", "eval", "a", "", "\ud800"]), max_size=3),
    },
    optional=dict.fromkeys(
        [
            "value",
            "values",
            "hash",
            "entries",
            "file_globs",
            "file_paths",
            "tmp_file_name",
            "reset",
        ],
        JSON,
    )
    | {"file_content": JSON, "ext": JSON, "file_path": JSON},
)


@FEW
@given(operations=st.lists(OPERATIONS, max_size=8), at=JSON, version=JSON)
def test_operations_of_any_shape(
    tmp_path: Path, operations: list[object], at: object, version: object
) -> None:
    folder = tmp_path / "offline" / "run__x"
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"obj": o, "at": at, "version": version}) + "\n" for o in operations)
    (folder / "data-1.log").write_text("".join(lines))
    read_all(tmp_path)


@FEW
@given(locator=st.text(min_size=1, max_size=60))
def test_any_locator(tmp_path: Path, locator: str) -> None:
    (tmp_path / "exports").mkdir(exist_ok=True)
    with pytest.raises(TrackerError) as caught:
        neptune.fetch_run(locator, configure(tmp_path))
    assert caught.value.hint


PATHS = st.text(alphabet="/evaltrin#1é", min_size=1, max_size=12)
SERIES = st.dictionaries(
    PATHS,
    st.lists(
        st.builds(Point, st.floats(), st.none() | st.integers() | st.floats(allow_nan=False)),
        min_size=1,
        max_size=5,
    ).map(tuple),
    max_size=8,
)


@FEW
@given(series=SERIES)
def test_no_series_is_lost_or_renamed(series: dict[str, tuple[Point, ...]]) -> None:
    split = split_named(series, load_paths({}))
    assert set(split.metrics) == set(series)
    assert {curve.metric for curve in split.curves} <= set(series)
    assert {name for row in split.checkpoints for name in row.metrics} <= set(series)


@FEW
@given(attributes=st.dictionaries(PATHS, st.booleans() | st.integers() | st.floats() | PATHS))
def test_no_attribute_is_lost(attributes: dict[str, bool | int | float | str]) -> None:
    run = make_run(Recorded(ref="neptune:x", attributes=attributes), load_paths({}))
    shown = len(run.params) + len(run.metrics)
    assert shown == len(attributes)
