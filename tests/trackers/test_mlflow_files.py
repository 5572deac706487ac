"""The file store: what the real client writes, and what is left of it in a repository."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.evidence import format_evidence
from cardgen.models import Evidence, Run, TrackerConfig
from cardgen.trackers._series import Point
from cardgen.trackers.mlflow import fetch_run, files, find_runs, layout
from cardgen.trackers.mlflow.files import parse_metric, read_run
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


def fetch(root: Path, locator: str = RUN) -> Run:
    return fetch_run(locator, TrackerConfig(root))


def show(run: Run) -> str:
    """A run as evidence has it, in which NaN equals NaN."""
    return format_evidence(Evidence(code="x", runs=(run,)))


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
    assert run.tags == {"stage": "baseline"}
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


# What is left in strangers' repositories -------------------------------------------------------


def run_folder(project: Path) -> Path:
    return project / "mlruns" / EXPERIMENT / RUN


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def remove(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def test_a_run_without_meta_is_read_from_what_is_there(project: Path) -> None:
    remove("meta.yaml")(run_folder(project))
    assert f"mlflow:{RUN}" in find(project)
    run = fetch(project)
    assert run.status is None
    assert run.started is None
    assert run.name == "qa-1"
    assert run.params["alpha"] == 0.0001
    assert len(run.checkpoints) == 8
    assert len(run.output) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_meta_says_nothing(project: Path, text: str) -> None:
    write(run_folder(project) / "meta.yaml", text)
    assert f"mlflow:{RUN}" in find(project)
    assert fetch(project).status is None


def test_parts_that_are_missing_are_empty(project: Path) -> None:
    remove("metrics", "tags", "inputs", "outputs", "artifacts")(run_folder(project))
    run = fetch(project)
    assert run.name == "qa-1"
    assert run.status == "finished"
    assert (run.metrics, run.tags, run.data, run.files) == ({}, {}, (), ())
    assert [(o.name, o.version) for o in run.output] == [("qa-digits", "1")]


def test_the_experiments_own_meta_may_be_missing(project: Path) -> None:
    remove("meta.yaml")(project / "mlruns" / EXPERIMENT)
    assert len(find(project)) == 4
    assert fetch(project).experiment == ""


def test_folders_with_nothing_but_artifacts_are_no_runs(project: Path) -> None:
    remove("meta.yaml", "metrics", "tags", "params", "inputs", "outputs")(run_folder(project))
    assert f"mlflow:{RUN}" not in find(project)
    with pytest.raises(TrackerError, match=f"No run '{RUN}' is in mlruns"):
        fetch(project)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run_id: x\nstatus: !!python/object/apply:os.system ['true']\n", "YAML tags"),
        ("<<<<<<< HEAD\nstatus: 3\n=======\nstatus: 4\n>>>>>>> b\n", "meta.yaml:2: "),
        ("- a\n- b\n", "no list of 'key: value' lines"),
        (POINTER.format("0" * 64), "is a git-lfs pointer"),
        ("status: 3\nname: '" + "x" * 2_000_000 + "'\n", "too large"),
        ("name: [" * 5000, "nested too deeply|no valid YAML|longer than"),
        ("\0\1\2", "no valid YAML|is no list"),
    ],
)
def test_a_meta_that_cannot_be_read_says_so(project: Path, text: str, said: str) -> None:
    write(run_folder(project) / "meta.yaml", text)
    assert len(find(project)) == 4
    with pytest.raises(TrackerError, match=said) as caught:
        fetch(project)
    assert "meta.yaml" in caught.value.message
    assert caught.value.hint


def test_other_line_ends_and_what_desktops_leave(project: Path) -> None:
    before = fetch(project)
    for path in (project / "mlruns").rglob("*"):
        if path.is_file() and "artifacts" not in path.parts:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    for folder in [run_folder(project), *run_folder(project).iterdir()]:
        if folder.is_dir():
            write(folder / ".DS_Store", "\0Bud1")
            write(folder / "._meta.yaml", "x")
    assert show(fetch(project)) == show(before)
    assert len(find(project)) == 4


def test_values_with_a_closing_line_end_are_the_values(project: Path) -> None:
    before = fetch(project)
    for path in [*(run_folder(project) / "params").iterdir()]:
        path.write_bytes(path.read_bytes() + b"\r\n")
    assert show(fetch(project)) == show(before)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("3", "finished"), ("FAILED", "failed"), ("killed", "aborted"), ("2", "planned"),
     ("'1'", "running"), ("99", None), ("null", None), ("!!int 3", "finished"), ("[]", None)],
)  # fmt: skip
def test_statuses_of_all_times(project: Path, status: str, expected: str | None) -> None:
    meta = run_folder(project) / "meta.yaml"
    write(meta, meta.read_text().replace("status: 3", f"status: {status}"))
    assert fetch(project).status == expected


@pytest.mark.parametrize("time", ["", "null", "0", "-1", "99999999999999999", "soon", "1e400"])
def test_times_that_are_none(project: Path, time: str) -> None:
    meta = run_folder(project) / "meta.yaml"
    write(meta, meta.read_text().replace("end_time: 1795239909964", f"end_time: {time}"))
    run = fetch(project)
    assert run.finished is None
    assert run.started is not None


@pytest.mark.parametrize(
    "address",
    [
        "file:C:\\Users\\Ada L\\mlruns\\0\\x\\artifacts",
        "C:\\Users\\Ada\\mlruns",
        "file:///C:/Users/Ada%20L/mlruns/1/x/artifacts",
        "file:///etc",
        "../../../../../../etc",
        "s3://bucket/1/x/artifacts",
        "dbfs:/x",
        "mlflow-artifacts:/../../etc",
    ],
)
def test_addresses_of_other_machines_lead_nowhere(project: Path, address: str) -> None:
    meta = run_folder(project) / "meta.yaml"
    lines = [f"artifact_uri: {address}", *meta.read_text().splitlines()[1:]]
    write(meta, "\n".join(lines))
    remove("artifacts")(run_folder(project))
    paths = [file.path for file in fetch(project).files]
    assert paths
    assert all(path.startswith("models/m-aa7c") for path in paths)


def test_artifacts_of_a_server_are_found_beside_the_store(project: Path) -> None:
    meta = run_folder(project) / "meta.yaml"
    address = f"artifact_uri: mlflow-artifacts:/{EXPERIMENT}/{RUN}/artifacts"
    write(meta, "\n".join([address, *meta.read_text().splitlines()[1:]]))
    remove("artifacts")(run_folder(project))
    write(project / "mlartifacts" / EXPERIMENT / RUN / "artifacts" / "plots" / "a.png", "png")
    assert "plots/a.png" in [file.path for file in fetch(project).files]


def test_pointers_of_git_lfs_are_no_values(project: Path) -> None:
    pointer = POINTER.format("ab" * 32)
    for name in ("metrics/lr", "params/alpha", "tags/stage", "artifacts/model.pt"):
        write(run_folder(project) / name, pointer)
    run = fetch(project)
    assert "lr" not in run.metrics
    assert "alpha" not in run.params
    assert "stage" not in run.tags
    assert {"metrics.lr", "params.alpha", "tags.stage"} <= set(run.unavailable)
    (file,) = [file for file in run.files if file.path == "model.pt"]
    assert (file.size, file.digest) == (18835, f"sha256:{'ab' * 32}")


def test_metrics_of_all_times(project: Path) -> None:
    metrics = {
        "old": "1543000000 0.5\n1543000001 0.75\n",
        "new": "1543000000000 0.5 1\n1543000000001 nan 2\n1543000000002 -inf 3\n",
        "named": "1543000000000 0.5 7 qa-train d1ge5t\n",
        "cut": "1543000000000 0.5 1\n1543000000001 0.2",
        "torn": "1543000000000 0.5 1\n15430",
        "junk": "hello world again\n\0\xff\n",
        "empty": "",
    }
    for name, text in metrics.items():
        write(run_folder(project) / "metrics" / name, text)
    run = fetch(project)
    curves = {curve.metric: curve for curve in run.curves}
    assert (curves["old"].axis, curves["old"].values) == ("order", (0.5, 0.75))
    assert curves["new"].steps == (1, 2, 3)
    assert run.metrics["old"].step is None
    assert (run.metrics["named"].value, run.metrics["named"].step) == (0.5, 7)
    assert run.metrics["torn"].value == run.metrics["cut"].value == 0.5
    assert set(metrics) - set(run.metrics) == {"junk", "empty"}
    assert "metrics.junk" in run.unavailable
    assert "metrics.empty" not in run.unavailable


def test_links_out_of_the_project_are_not_followed(project: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    shutil.copytree(run_folder(project), outside / RUN)
    for name in ("params", "metrics", "tags", "inputs", "outputs", "artifacts"):
        remove(name)(run_folder(project))
        (run_folder(project) / name).symlink_to(outside / RUN / name)
    for name in ("datasets", "models"):
        remove(name)(project / "mlruns" / EXPERIMENT)
        (project / "mlruns" / EXPERIMENT / name).symlink_to(outside)
    run = fetch(project)
    assert run.name == "qa-1"
    assert (run.params, run.metrics, run.tags) == ({}, {}, {})
    assert (run.data, run.files, run.environment) == ((), (), None)


def test_files_that_are_links_are_not_read(project: Path, tmp_path: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.write_text("1543000000000 0.5 1\n")
    for name in ("params/alpha", "metrics/lr", "tags/stage", "artifacts/notes.txt"):
        remove(name)(run_folder(project))
        (run_folder(project) / name).symlink_to(secret)
    run = fetch(project)
    assert not {"alpha", "lr", "stage"} & {*run.params, *run.metrics, *run.tags}
    assert "notes.txt" not in [file.path for file in run.files]
    remove("meta.yaml")(run_folder(project))
    (run_folder(project) / "meta.yaml").symlink_to(secret)
    with pytest.raises(TrackerError, match="cannot be read"):
        fetch(project)


def test_a_pipe_in_the_store_does_not_stop_it(project: Path) -> None:
    remove("params/alpha")(run_folder(project))
    os.mkfifo(run_folder(project) / "params" / "alpha")
    assert "alpha" not in fetch(project).params
    remove("meta.yaml")(run_folder(project))
    os.mkfifo(run_folder(project) / "meta.yaml")
    assert fetch(project).status is None


def test_what_is_too_large_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_METRIC", 10_000)
    lines = "".join(f"1543000000000 0.5 {i}\n" for i in range(1000))
    write(run_folder(project) / "metrics" / "many", lines)
    run = fetch(project)
    assert "many" not in run.metrics
    assert "metrics.many" in run.unavailable


def test_all_that_is_too_large_together_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_TOTAL", 1000)
    run = fetch(project)
    read = {f"metrics.{name}" for name in run.metrics}
    named = {name for name in run.unavailable if name.startswith("metrics.")}
    assert read
    assert named
    assert len(read | named) == len(read) + len(named) == 6


def test_a_registry_of_mlflow_2_3_with_stages_and_aliases(project: Path) -> None:
    model = project / "mlruns" / "models" / "qa-digits"
    version = model / "version-1" / "meta.yaml"
    text = version.read_text().replace("current_stage: None", "current_stage: Production")
    write(version, text + "aliases:\n- best\n")
    (output,) = fetch(project).output
    assert (output.name, output.version) == ("qa-digits", "1")
    assert output.aliases == ("best", "Production")
    write(model / "aliases" / "champion", "1")
    write(model / "aliases" / "other", "2")
    (output,) = fetch(project).output
    assert output.aliases == ("champion", "Production")


def test_versions_of_other_runs_are_left_out(project: Path) -> None:
    version = project / "mlruns" / "models" / "qa-digits" / "version-1" / "meta.yaml"
    write(version, version.read_text().replace(RUN, "0" * 32).replace("m-aa7c", "m-bb7c"))
    (output,) = fetch(project).output
    assert output.name == "models:/m-aa7c64b2399c4709b8c4ab5cdb6ead23"


def test_a_data_set_whose_description_is_missing_is_left_out(project: Path) -> None:
    remove("020eeaf477e7b5b710ad7e6597d64d01")(project / "mlruns" / EXPERIMENT / "datasets")
    assert [d.name for d in fetch(project).data] == ["digits-test"]


# Any damage ------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_any_bytes_are_points_or_nothing(content: bytes) -> None:
    assert all(isinstance(point, Point) for point in parse_metric(content))


@given(
    st.lists(
        st.tuples(st.integers(0, 2**62), st.floats(), st.integers(-(2**63), 2**63)), max_size=20
    )
)
def test_points_are_read_as_the_client_writes_them(rows: list[tuple[int, float, int]]) -> None:
    content = "".join(f"{ts} {value} {step}\n" for ts, value, step in rows).encode()
    read = [(p.order, repr(p.value), p.step) for p in parse_metric(content)]
    assert read == [(ts, repr(value), step) for ts, value, step in rows]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("damaged")
    shutil.copytree(DATA / "filestore" / "mlruns", root / "mlruns")
    return root


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_is_reported_and_never_more(damaged: Path, data: st.DataObject) -> None:
    files = sorted(path for path in DATA.joinpath("filestore").rglob("*") if path.is_file())
    wanted = [path for path in files if RUN in path.parts or path.name == "meta.yaml"]
    chosen = data.draw(st.lists(st.sampled_from(wanted), min_size=1, max_size=8))
    whole = {damaged / path.relative_to(DATA / "filestore"): path for path in chosen}
    try:
        for path in whole:
            damage(path, data)
        for locator in {RUN, *(ref.removeprefix("mlflow:") for ref in find(damaged))}:
            with contextlib.suppress(TrackerError):
                assert fetch(damaged, locator).ref == f"mlflow:{locator}"
    finally:
        for path, original in whole.items():
            shutil.copyfile(original, path)


def damage(path: Path, data: st.DataObject) -> None:
    """Remove, cut, overwrite or replace a file."""
    content = path.read_bytes() if path.exists() else b""
    how = data.draw(st.sampled_from(["remove", "cut", "overwrite", "replace"]))
    if how == "remove":
        path.unlink(missing_ok=True)
    elif how == "replace":
        path.write_bytes(data.draw(st.binary(max_size=60)))
    else:
        place = data.draw(st.integers(0, max(len(content), 1)))
        new = b"" if how == "cut" else data.draw(st.binary(min_size=1, max_size=8))
        rest = b"" if how == "cut" else content[place + len(new) :]
        path.write_bytes(content[:place] + new + rest)


# What is kept between runs ----------------------------------------------------------------------


def fetch_settled(project: Path, *paths: Path) -> Run:
    """The run, as if these had lain there for long: what does not change is kept."""
    for path in paths:
        os.utime(path, (1e9, 1e9))
    return fetch(project)


def test_an_experiment_that_is_renamed_is_read_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_SETTLED", 0)
    meta = project / "mlruns" / EXPERIMENT / "meta.yaml"
    before = fetch_settled(project, meta).experiment
    layout._read_stamped.cache_clear()
    assert [fetch(project).experiment for _ in range(3)] == [before] * 3
    assert layout._read_stamped.cache_info().hits >= 2
    write(meta, meta.read_text().replace(f"name: {before}", "name: another"))
    assert fetch_settled(project, meta).experiment == "another"
    later = project / "later.yaml"
    write(later, meta.read_text().replace("another", "renamed"))
    later.replace(meta)
    assert fetch_settled(project, meta).experiment == "renamed"
    meta.unlink()
    assert fetch(project).experiment == ""


def test_a_run_that_moves_is_found_again(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_SETTLED", 0)
    store, new = project / "mlruns", project / "mlruns" / "777"
    assert fetch_settled(project, store).name
    new.mkdir()
    (store / EXPERIMENT / RUN).rename(new / RUN)
    assert fetch_settled(project, store).name
    outside = tmp_path_factory.mktemp("outside") / "777"
    new.rename(outside)
    new.symlink_to(outside)
    with pytest.raises(TrackerError, match="No run"):
        fetch(project)


def test_what_was_just_written_is_not_kept(project: Path) -> None:
    """Twice within a tick of the clock, with the same size: nothing would tell."""
    meta = project / "mlruns" / EXPERIMENT / "meta.yaml"
    before = fetch(project).experiment
    for name in ("a" * 9, "b" * 9):
        write(meta, meta.read_text().replace(f"name: {before}", f"name: {name}"))
        assert fetch(project).experiment == name
        before = name
