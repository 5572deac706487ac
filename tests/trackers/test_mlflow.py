"""Locators and finding: which run a card means, and which runs lie in a folder."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.models import RunRef, TrackerConfig
from cardgen.trackers import find_trackers, load_tracker
from cardgen.trackers.mlflow import fetch_run, find_runs
from tests.trackers.mlflow_runs import DATA

FILES = "58f7d2f8562b4d21a205bb45b5e9cb48"
TABLES = "2b22fe22cdc847dab10d5a2233749e5e"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Both of MLflow's default stores at the root, and two more in sub-projects."""
    root = tmp_path / "project"
    shutil.copytree(DATA / "sqlite", root)
    shutil.copytree(DATA / "filestore", root, dirs_exist_ok=True)
    shutil.copytree(DATA / "old" / "2.22.0" / "files", root / "teams" / "a b")
    shutil.copytree(DATA / "old" / "2.22.0" / "sqlite", root / "teams" / "c" / "deep")
    (root / "teams" / "c" / "deep" / "mlflow.db").rename(root / "teams" / "c" / "runs.sqlite")
    return root


def fetch(root: Path, locator: str, **environ: str) -> str:
    return fetch_run(locator, TrackerConfig(root, environ=environ)).ref


def find(location: Path, root: Path) -> tuple[str, ...]:
    return find_runs(location, TrackerConfig(root))


def test_it_is_an_adapter() -> None:
    assert "mlflow" in find_trackers()
    assert load_tracker("mlflow").fetch_run is fetch_run


def test_reading_local_runs_loads_no_client() -> None:
    code = "import sys, cardgen.trackers.mlflow; print('requests' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# Locators --------------------------------------------------------------------------------------


@pytest.mark.parametrize("run_id", [FILES, TABLES])
def test_an_id_is_looked_for_in_both_default_stores(project: Path, run_id: str) -> None:
    assert fetch(project, run_id) == f"mlflow:{run_id}"
    assert fetch(project, f" {run_id} ") == f"mlflow:{run_id}"


@pytest.mark.parametrize(
    ("store", "run_id"),
    [
        ("mlruns", FILES),
        ("./mlruns/", FILES),
        ("teams/../mlruns", FILES),
        (".\\mlruns", FILES),
        ("file:mlruns", FILES),
        ("file:./mlruns", FILES),
        ("file://{root}/mlruns", FILES),
        ("{root}/mlruns", FILES),
        ("mlflow.db", TABLES),
        ("sqlite:///mlflow.db", TABLES),
        ("sqlite:///{root}/mlflow.db", TABLES),
        ("sqlite+pysqlite:///./mlflow.db?timeout=5", TABLES),
    ],
)
def test_a_default_store_has_one_ref_however_it_is_named(
    project: Path, store: str, run_id: str
) -> None:
    locator = f"{store.format(root=project)}#{run_id}"
    assert fetch(project, locator) == f"mlflow:{run_id}"


def test_other_stores_are_named_relative_to_the_root(project: Path) -> None:
    refs = [ref for ref in find(project, project) if "#" in ref]
    assert {ref.partition("#")[0] for ref in refs} == {
        "mlflow:teams/a b/mlruns",
        "mlflow:teams/c/runs.sqlite",
    }
    for ref in refs:
        locator = RunRef.parse(ref).locator
        assert fetch(project, locator) == ref
        assert fetch(project, f"{project}/{locator}") == ref


def test_a_parent_is_in_the_same_store(project: Path) -> None:
    config = TrackerConfig(project)
    for store in ("teams/a b/mlruns", "teams/c/runs.sqlite"):
        refs = [r for r in find(project, project) if r.startswith(f"mlflow:{store}#")]
        runs = {run.name: run for run in (fetch_run(ref[7:], config) for ref in refs)}
        assert runs["child"].parent == runs["first"].ref


def test_the_beginning_of_an_id_is_enough(project: Path) -> None:
    assert fetch(project, FILES[:6]) == f"mlflow:{FILES}"
    assert fetch(project, TABLES[:12]) == f"mlflow:{TABLES}"
    assert fetch(project, f"mlruns#{FILES[:8]}") == f"mlflow:{FILES}"


def test_too_little_of_an_id_is_refused(project: Path) -> None:
    with pytest.raises(TrackerError, match=r"No run '58f7d' is in mlflow.db or mlruns") as caught:
        fetch(project, FILES[:5])
    assert "at least 6 characters" in caught.value.hint


def test_a_beginning_that_several_share_is_refused(project: Path) -> None:
    experiment = project / "mlruns" / "349526745298448012"
    shutil.copytree(experiment / FILES, experiment / (FILES[:8] + "0" * 24))
    with pytest.raises(TrackerError, match=r"2 runs begin with '58f7d2', such as 58f7d20*"):
        fetch(project, FILES[:6])
    assert fetch(project, FILES) == f"mlflow:{FILES}"


def test_a_run_with_the_same_id_in_both_stores_is_one(project: Path) -> None:
    experiment = project / "mlruns" / "349526745298448012"
    shutil.copytree(experiment / FILES, experiment / TABLES)
    assert fetch(project, TABLES[:8]) == f"mlflow:{TABLES}"
    assert fetch_run(TABLES, TrackerConfig(project)).experiment == "qa digits"


@pytest.mark.parametrize(
    "locator", ["", "#", "mlruns#", "mlruns", "../x", "a/b", "mlruns#../..", "mlruns#a b", "x\ny"]
)
def test_what_names_no_run_is_refused(project: Path, locator: str) -> None:
    with pytest.raises(TrackerError) as caught:
        fetch(project, locator)
    assert caught.value.hint


def test_an_unknown_id_says_where_it_was_looked_for(project: Path) -> None:
    with pytest.raises(TrackerError, match=r"No run '0{32}' is in mlflow.db or mlruns\."):
        fetch(project, "0" * 32)
    with pytest.raises(TrackerError, match=r"No run '0{32}' is in teams/a b/mlruns\."):
        fetch(project, f"teams/a b/mlruns#{'0' * 32}")


def test_a_project_without_a_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match=r"no mlflow\.db and no mlruns") as caught:
        fetch(tmp_path, FILES)
    assert "MLFLOW_TRACKING_URI" in caught.value.hint


@pytest.mark.parametrize("store", ["nowhere", "sqlite:///nowhere.db", "file:nowhere", "mlruns/9/9"])
def test_a_store_that_is_not_there_is_refused(project: Path, store: str) -> None:
    with pytest.raises(TrackerError, match="There is no MLflow store"):
        fetch(project, f"{store}#{FILES}")


@pytest.mark.parametrize(
    "store", ["../outside/mlruns", "{outside}/mlruns", "file:{outside}/mlruns"]
)
def test_a_store_outside_the_project_is_refused(project: Path, store: str) -> None:
    outside = project.parent / "outside"
    shutil.copytree(DATA / "filestore", outside)
    locator = f"{store.format(outside=outside)}#{FILES}"
    with pytest.raises(TrackerError, match="lies outside the project") as caught:
        fetch(project, locator)
    assert "MLFLOW_TRACKING_URI" in caught.value.hint


def test_a_link_out_of_the_project_is_refused(project: Path) -> None:
    shutil.move(project / "mlruns", project.parent / "outside")
    (project / "mlruns").symlink_to(project.parent / "outside")
    with pytest.raises(TrackerError, match="lies outside the project"):
        fetch(project, FILES)
    assert fetch(project, TABLES) == f"mlflow:{TABLES}"
    assert not [ref for ref in find(project, project) if FILES in ref]


@pytest.mark.parametrize(
    "uri",
    ["databricks", "databricks://profile", "databricks-uc", "postgresql://me:secret@db/mlflow",
     "mysql+pymysql://me:secret@db/mlflow", "s3://bucket/mlruns", "azureml://x", "uc:http://h"],
)  # fmt: skip
def test_other_kinds_of_store_are_refused(tmp_path: Path, uri: str) -> None:
    for locator, environ in ((f"{uri}#{FILES}", {}), (FILES, {"MLFLOW_TRACKING_URI": uri})):
        with pytest.raises(TrackerError, match="Runs cannot be read from") as caught:
            fetch(tmp_path, locator, **environ)
        assert "mlflow server" in caught.value.hint
        assert "secret" not in str(caught.value)


# The store that is named -----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{0}/mlruns", "file://{0}/mlruns", "file:{0}/mlruns"])
def test_a_store_that_is_named_may_be_anywhere(project: Path, tmp_path: Path, form: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    uri = form.format(project)
    assert fetch(elsewhere, FILES, MLFLOW_TRACKING_URI=uri) == f"mlflow:{FILES}"
    config = TrackerConfig(elsewhere, options={"uri": uri})
    assert fetch_run(FILES, config).ref == f"mlflow:{FILES}"


def test_the_environment_comes_before_the_settings(project: Path) -> None:
    config = TrackerConfig(
        project,
        options={"uri": "teams/a b/mlruns"},
        environ={"MLFLOW_TRACKING_URI": "sqlite:///teams/c/runs.sqlite"},
    )
    refs = [ref for ref in find(project, project) if "#" in ref]
    files, tables = (next(r for r in refs if kind in r) for kind in ("mlruns", "sqlite"))
    run_id = tables.rpartition("#")[2]
    assert fetch_run(run_id, config).ref == f"mlflow:{run_id}"
    with pytest.raises(TrackerError, match=r"is in teams/c/runs.sqlite or mlflow.db or mlruns"):
        fetch_run(files.rpartition("#")[2], config)
    without = TrackerConfig(project, options=config.options)
    assert fetch_run(files.rpartition("#")[2], without).name == "first"


def test_a_run_that_the_named_store_lacks_is_found_at_the_root(project: Path) -> None:
    for uri in ("teams/a b/mlruns", "databricks", "nowhere"):
        assert fetch(project, FILES, MLFLOW_TRACKING_URI=uri) == f"mlflow:{FILES}"


def test_settings_that_are_no_text_are_refused(project: Path) -> None:
    with pytest.raises(TrackerError, match=r"trackers\.mlflow\.uri in cardgen\.yaml is no text"):
        fetch_run(FILES, TrackerConfig(project, options={"uri": 7}))


# Finding ---------------------------------------------------------------------------------------


def test_all_stores_of_a_project_are_found(project: Path) -> None:
    refs = find(project, project)
    assert len(refs) == len(set(refs)) == 16
    assert [ref for ref in refs if "#" not in ref] == [*refs[:8]]
    assert find(project, project) == refs


@pytest.mark.parametrize(
    ("location", "count"),
    [
        ("mlruns", 4),
        ("mlflow.db", 4),
        ("teams", 8),
        ("teams/a b", 4),
        ("teams/c/runs.sqlite", 4),
        ("mlruns/349526745298448012", 4),
        (f"mlruns/349526745298448012/{FILES}", 1),
        (f"mlruns/349526745298448012/{FILES}/artifacts", 0),
        ("mlruns/0", 0),
        ("teams/c/deep", 0),
    ],
)
def test_a_part_of_a_project(project: Path, location: str, count: int) -> None:
    refs = find(project / location, project)
    assert len(refs) == count
    assert set(refs) <= set(find(project, project))


def test_a_folder_without_runs_gives_none(tmp_path: Path) -> None:
    (tmp_path / "0" / "1").mkdir(parents=True)
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "meta.yaml").write_text("x: y")
    assert find(tmp_path, tmp_path) == ()
    assert find(tmp_path / "nowhere", tmp_path) == ()


def test_folders_of_images_by_number_are_no_store(tmp_path: Path) -> None:
    for number in range(10):
        folder = tmp_path / "mnist" / str(number)
        folder.mkdir(parents=True)
        (folder / "1.png").touch()
    assert find(tmp_path, tmp_path) == ()


def test_hidden_folders_and_environments_are_left_out(project: Path) -> None:
    for name in (".cache", "node_modules", "venv"):
        shutil.copytree(DATA / "filestore", project / name)
    (project / "venv" / "pyvenv.cfg").touch()
    assert len(find(project, project)) == 16


def test_links_are_not_followed(project: Path) -> None:
    (project / "loop").symlink_to(project)
    (project / "again").symlink_to(project / "teams")
    assert len(find(project, project)) == 16


def test_a_location_outside_the_project_is_refused(project: Path) -> None:
    with pytest.raises(TrackerError, match="lies outside the project"):
        find(project.parent, project)


def test_a_store_that_is_the_project_itself(project: Path) -> None:
    root = project / "mlruns"
    (ref, *others) = find(root, root)
    assert ref == f"mlflow:.#{FILES}"
    assert len(others) == 3
    assert fetch(root, RunRef.parse(ref).locator) == ref


@given(st.text(max_size=40))
def test_any_locator_is_a_run_or_is_refused(text: str) -> None:
    for locator in (text, f"mlruns#{text}", f"{text}#{FILES}"):
        with contextlib.suppress(TrackerError):
            assert fetch(DATA / "filestore", locator).startswith("mlflow:")
