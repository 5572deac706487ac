"""Which runs a store holds: of the configured one, of one that is typed, of one experiment."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers._address import Server
from cardgen.trackers.mlflow import fetch_run, find_remote_runs, find_runs
from cardgen.trackers.mlflow.place import Place, find_listed
from tests.trackers.mlflow_runs import DATA

URL = "https://mlflow.example.org"
PROOF = {"MLFLOW_TRACKING_TOKEN": "t0ken"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without stores, and beside it one of each kind."""
    (tmp_path / "project").mkdir()
    shutil.copytree(DATA / "filestore" / "mlruns", tmp_path / "mlruns")
    shutil.copy(DATA / "sqlite" / "mlflow.db", tmp_path / "mlflow.db")
    return tmp_path / "project"


def list_runs(project: Path, location: str = "", **environ: str) -> tuple[str, ...]:
    config = TrackerConfig(project, environ=environ)
    refs = find_remote_runs(location, config)
    for ref in refs:
        assert fetch_run(ref.removeprefix("mlflow:"), config).ref == ref
    return refs


def find_experiments(project: Path, uri: str) -> dict[str, set[str]]:
    config = TrackerConfig(project, environ={"MLFLOW_TRACKING_URI": uri})
    found: dict[str, set[str]] = {}
    for ref in find_remote_runs("", config):
        run = fetch_run(ref.removeprefix("mlflow:"), config)
        found.setdefault(run.experiment, set()).add(ref)
    return found


def test_nothing_is_configured(project: Path) -> None:
    assert find_remote_runs("", TrackerConfig(project)) == ()
    shutil.copy(project.parent / "mlflow.db", project / "mlflow.db")
    assert find_remote_runs("", TrackerConfig(project)) == ()


@pytest.mark.parametrize("name", ["mlruns", "mlflow.db"])
def test_a_configured_store_outside_the_project(project: Path, name: str) -> None:
    store = project.parent / name
    uri = f"sqlite:///{store}" if name == "mlflow.db" else store.as_uri()
    refs = list_runs(project, MLFLOW_TRACKING_URI=uri)
    inside = find_runs(store, TrackerConfig(project.parent))
    assert refs == inside
    assert len(refs) > 1
    config = TrackerConfig(project, options={"uri": uri})
    assert find_remote_runs("", config) == refs
    assert find_remote_runs(uri, config) == refs


@pytest.mark.parametrize("name", ["mlruns", "mlflow.db", "old/mlruns", "old/x.db"])
def test_a_configured_store_in_the_project_has_the_same_refs(project: Path, name: str) -> None:
    """A run that is found both ways must not be imported twice."""
    store = project / name
    store.parent.mkdir(exist_ok=True)
    kind = "mlruns" if "mlruns" in name else "mlflow.db"
    (shutil.copytree if kind == "mlruns" else shutil.copy)(project.parent / kind, store)
    refs = list_runs(project, MLFLOW_TRACKING_URI=name)
    assert refs == find_runs(store, TrackerConfig(project))
    assert list_runs(project, f"{name}#") == refs


@pytest.mark.parametrize("name", ["mlruns", "mlflow.db"])
def test_one_experiment_by_name_or_id(project: Path, name: str) -> None:
    uri = str(project.parent / name)
    for experiment, refs in find_experiments(project, uri).items():
        assert set(list_runs(project, f"#{experiment}", MLFLOW_TRACKING_URI=uri)) == refs
    shutil.move(uri, project / name)
    for experiment, refs in find_experiments(project, name).items():
        assert set(list_runs(project, f"#{experiment}")) == refs, "of the stores at the root"
        assert set(list_runs(project, f"{name}#{experiment}")) == refs
    with pytest.raises(TrackerError, match="No run of an experiment 'nobody' is in") as caught:
        list_runs(project, f"{name}#nobody")
    assert "name or id" in caught.value.hint


def test_ids_of_experiments_are_told_from_names(project: Path) -> None:
    database = project.parent / "mlflow.db"
    uri = f"sqlite:///{database}"
    with closing(sqlite3.connect(database)) as connection:
        ids = [row[0] for row in connection.execute("SELECT DISTINCT experiment_id FROM runs")]
    each = [find_remote_runs(f"#{i}", _configure(project, uri)) for i in ids]
    assert sorted(ref for refs in each for ref in refs) == sorted(
        find_remote_runs("", _configure(project, uri))
    )


def _configure(project: Path, uri: str) -> TrackerConfig:
    return TrackerConfig(project, environ={"MLFLOW_TRACKING_URI": uri})


def test_a_store_outside_that_nobody_configured_is_refused(project: Path) -> None:
    with pytest.raises(TrackerError, match="lies outside the project"):
        list_runs(project, str(project.parent / "mlflow.db"))
    with pytest.raises(TrackerError, match="There is no MLflow store 'qa'"):
        list_runs(project, "qa")


def test_a_configured_store_that_cannot_be_read_says_so(project: Path) -> None:
    with pytest.raises(TrackerError, match="There is no MLflow store"):
        list_runs(project, MLFLOW_TRACKING_URI="sqlite:///gone.db")
    with pytest.raises(TrackerError, match="cannot be read from 'postgresql://db/x'"):
        list_runs(project, MLFLOW_TRACKING_URI="postgresql://u:p@db/x")


# Servers: which is asked, and with which proof --------------------------------------------------


def place_of(location: str, uri: str = "", **environ: str) -> tuple[Place, str]:
    environ = {**environ, "MLFLOW_TRACKING_URI": uri}
    (place,), experiment = find_listed(location, TrackerConfig(Path("/nowhere"), environ=environ))
    assert isinstance(place.store, Server)
    return place, experiment


def proof_of(place: Place) -> str:
    assert isinstance(place.store, Server)
    return place.store.authorization


@pytest.mark.parametrize("typed", ["", URL, f"{URL}/", f"{URL}/#", f"{URL}/#/experiments/3"])
def test_the_configured_server_has_short_refs_and_gets_the_proof(typed: str) -> None:
    place, experiment = place_of(typed, URL, **PROOF)
    assert place.ref_to("a") == "mlflow:a"
    assert proof_of(place) == "Bearer t0ken"
    assert experiment == ("3" if "experiments" in typed else "")


def test_another_path_of_the_configured_server_gets_the_proof_and_its_own_refs() -> None:
    place, experiment = place_of(f"{URL}/ui#qa runs", URL, **PROOF)
    assert (place.ref_to("a"), experiment) == (f"mlflow:{URL}/ui#a", "qa runs")
    assert proof_of(place) == "Bearer t0ken"


@pytest.mark.parametrize("uri", ["", URL, "mlruns", f"https://ada:secret@{URL[8:]}"])
@pytest.mark.parametrize(
    "typed", ["https://other.example.org", f"{URL}:8443", "http://mlflow.example.org"]
)
def test_a_server_that_is_typed_must_be_known_and_gets_no_proof_of_another(
    typed: str, uri: str
) -> None:
    with pytest.raises(TrackerError, match="no server that this project knows"):
        place_of(typed, uri, **PROOF)
    environ = {**PROOF, "MLFLOW_TRACKING_URI": uri}
    config = TrackerConfig(Path("/nowhere"), {"servers": [typed]}, environ)
    ((place,), _) = find_listed(typed, config)
    assert place.ref_to("a") == f"mlflow:{typed}#a"
    assert proof_of(place) == ""


def test_a_password_that_is_typed_is_refused() -> None:
    with pytest.raises(TrackerError, match="holds a password") as caught:
        place_of("https://ada:secret@other.example.org", URL)
    assert "secret" not in str(caught.value)
