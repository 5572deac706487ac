"""Many runs at once and without their histories: the same values that reading each one gives."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cardgen.config import Config
from cardgen.errors import TrackerError
from cardgen.fetch import outline_runs as outline_any
from cardgen.models import Run, TrackerConfig
from cardgen.trackers.mlflow import fetch_run, find_runs, outline_runs, sqlite
from tests.trackers.mlflow_runs import DATA, make_client, record_runs

HISTORY = {"checkpoints": (), "curves": (), "output": (), "files": (), "unavailable": ()}


def outline(root: Path, refs: tuple[str, ...], **environ: str) -> dict[str, Run]:
    config = TrackerConfig(root, environ=environ)
    found = outline_runs([ref.removeprefix("mlflow:") for ref in refs], config)
    return {run.ref: run for run in found}


def shorten(run: Run) -> Run:
    """What an outline has of a run; packages come from a model that the run put out."""
    return run.model_copy(update=HISTORY)


def find_seed(run: Run) -> int | None:
    return run.environment.seed if run.environment else None


def as_text(run: Run) -> str:
    """For comparing: NaN is not equal to itself."""
    return run.model_dump_json(exclude={"environment"})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all that a run can hold, from MLflow's own client."""
    root = tmp_path_factory.mktemp("outline")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        record_runs(make_client(f"sqlite:///{root}/mlflow.db"))
    return root


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["written", "sqlite", "old"])
def test_an_outline_is_the_run_without_its_histories(
    name: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue("written") if name == "written" else DATA / name
    stores = sorted(root.rglob("*.db"))
    refs = tuple(ref for store in stores for ref in find_runs(store, TrackerConfig(root)))
    outlines = outline(root, refs)
    assert refs
    assert outlines.keys() == set(refs)
    for ref in refs:
        whole = fetch_run(ref.removeprefix("mlflow:"), TrackerConfig(root))
        assert as_text(shorten(outlines[ref])) == as_text(shorten(whole))
        assert (outlines[ref].curves, outlines[ref].checkpoints) == ((), ())
        assert find_seed(outlines[ref]) == find_seed(whole)


def test_no_history_is_read(tmp_path: Path) -> None:
    shutil.copy(DATA / "sqlite" / "mlflow.db", tmp_path)
    refs = find_runs(tmp_path, TrackerConfig(tmp_path))
    before = outline(tmp_path, refs)
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        connection.execute("DELETE FROM metrics")
        connection.commit()
    assert outline(tmp_path, refs) == before
    assert any(run.metrics for run in before.values())


def test_more_runs_than_are_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    refs = find_runs(DATA / "sqlite", TrackerConfig(DATA / "sqlite"))
    whole = outline(DATA / "sqlite", refs)
    monkeypatch.setattr(sqlite, "_AT_ONCE", 2)
    assert outline(DATA / "sqlite", refs) == whole
    assert len(whole) > 2


def test_what_cannot_be_outlined_is_left_out(tmp_path: Path) -> None:
    shutil.copy(DATA / "sqlite" / "mlflow.db", tmp_path)
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\0 and no more")
    known = find_runs(tmp_path / "mlflow.db", TrackerConfig(tmp_path))
    others = (
        "mlflow:00000000000000000000000000000000",
        "mlflow:broken.db#00000000000000000000000000000000",
        "mlflow:nowhere.db#00000000000000000000000000000000",
        "mlflow:../outside.db#00000000000000000000000000000000",
        "mlflow:two words",
        "mlflow:",
    )
    assert outline(tmp_path, (*others, *known)).keys() == set(known)


def test_the_runs_of_a_file_store_are_read_one_by_one() -> None:
    root = DATA / "filestore"
    refs = find_runs(root, TrackerConfig(root))
    assert refs
    assert outline(root, refs) == {}


def test_a_run_comes_from_the_store_that_holds_it(tmp_path: Path) -> None:
    """With a configured store that is away or lacks it, as for reading it whole."""
    shutil.copy(DATA / "sqlite" / "mlflow.db", tmp_path)
    refs = find_runs(tmp_path, TrackerConfig(tmp_path))
    for uri in ("http://127.0.0.1:9", "sqlite:////nowhere/mlflow.db"):
        assert outline(tmp_path, refs, MLFLOW_TRACKING_URI=uri).keys() == set(refs)


def test_outlines_are_masked(tmp_path: Path) -> None:
    shutil.copy(DATA / "sqlite" / "mlflow.db", tmp_path)
    refs = find_runs(tmp_path, TrackerConfig(tmp_path))
    run_id = refs[0].removeprefix("mlflow:")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        connection.execute(
            "INSERT INTO params VALUES ('api_key', 'Zx81kQpL0vWm29Xy', ?)", (run_id,)
        )
        connection.commit()
    found = outline_any(Config(root=tmp_path), [*refs, "hf:nowhere", "strange:x", "no ref"])
    assert found.keys() == set(refs)
    assert "Zx81kQpL0vWm29Xy" not in found[refs[0]].model_dump_json()
    assert "masked" in str(found[refs[0]].params["api_key"])


def test_an_unreadable_store_raises_for_whoever_reads_the_run(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\0 and no more")
    locator = "broken.db#" + "0" * 32
    assert list(outline_runs([locator], TrackerConfig(tmp_path))) == []
    with pytest.raises(TrackerError, match=r"broken\.db"):
        fetch_run(locator, TrackerConfig(tmp_path))
