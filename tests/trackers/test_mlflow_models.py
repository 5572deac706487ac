"""Models, data sets and sources: from what MLflow records to the parts of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.models import Dataset, RunFile, Source
from cardgen.trackers._series import Point
from cardgen.trackers.mlflow.artifacts import list_files, read_model_folder
from cardgen.trackers.mlflow.data import make_dataset
from cardgen.trackers.mlflow.raw import RawDataset, RawModel, RawRun, RawVersion
from cardgen.trackers.mlflow.run import make_run

ROOT = Path("/nowhere")
RUN = "a" * 32
HISTORY = [
    {"run_id": RUN, "artifact_path": "model", "flavors": {
        "python_function": {"python_version": "3.8.8"}, "keras": {"keras_version": "2.5.0"}}},
    {"run_id": RUN, "artifact_path": "best/model", "flavors": {"python_function": {}}},
]  # fmt: skip


def make(**fields: object):
    return make_run(RawRun(RUN, **fields), lambda run_id: f"mlflow:{run_id}", root=ROOT)


def outputs(**fields: object) -> list[tuple[str, str, str, str, str]]:
    return [(o.name, o.version, o.kind, o.path, o.url) for o in make(**fields).output]


# Models ----------------------------------------------------------------------------------------


def test_models_that_a_tag_lists() -> None:
    run = make(tags={"mlflow.log-model.history": json.dumps(HISTORY)})
    assert [(o.name, o.kind) for o in run.output] == [
        (f"runs:/{RUN}/best/model", "python_function"),
        (f"runs:/{RUN}/model", "keras"),
    ]
    assert run.environment is not None
    assert run.environment.python == "3.8.8"


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", '[{"artifact_path": 7}]', "[" * 9999])
def test_a_tag_that_lists_nothing(text: str) -> None:
    assert outputs(tags={"mlflow.log-model.history": text}) == []


def test_models_that_only_their_files_tell() -> None:
    files = (RunFile(path="model/MLmodel"), RunFile(path="MLmodel"), RunFile(path="x/model.pkl"))
    assert outputs(files=files) == [(f"runs:/{RUN}/model", "", "", "", "")]


@pytest.mark.parametrize(
    "source",
    [
        f"file:///home/x/mlruns/1/{RUN}/artifacts/model",
        f"C:\\mlruns\\1\\{RUN}\\artifacts\\model",
        f"runs:/{RUN}/model",
        f"mlflow-artifacts:/1/{RUN}/artifacts/model/",
    ],
)
def test_a_registered_version_takes_the_place_of_its_model(source: str) -> None:
    version = RawVersion("qa", "3", stage="Staging", aliases=("b", "a"), source=source)
    tags = {"mlflow.log-model.history": json.dumps(HISTORY[:1])}
    assert outputs(versions=(version,), tags=tags) == [("qa", "3", "keras", "", "")]
    (output,) = make(versions=(version,), tags=tags).output
    assert output.aliases == ("a", "b", "Staging")


@pytest.mark.parametrize("stage", ["", "None", "Deleted_Internal"])
def test_no_stage_is_no_alias(stage: str) -> None:
    version = RawVersion("qa", "3", stage=stage, source=f"runs:/{RUN}/model")
    (output,) = make(versions=(version,)).output
    assert output.aliases == ()


def test_a_model_registered_twice_is_there_twice() -> None:
    model = RawModel("models:/m-1", "m-1", kind="nli", location="s3://b/m-1/artifacts")
    versions = tuple(
        RawVersion(*nv, model_id="m-1") for nv in (("b", "10"), ("b", "9"), ("a", "1"))
    )
    assert [o[:3] for o in outputs(made=(model,), versions=versions)] == [
        ("a", "1", "nli"),
        ("b", "9", "nli"),
        ("b", "10", "nli"),
    ]


def test_where_a_model_is() -> None:
    made = (
        RawModel("models:/m-1", "m-1", location="s3://bucket/m-1"),
        RawModel("models:/m-2", "m-2", location="file:///home/x/m-2"),
        RawModel("models:/m-3", "m-3", location="mlflow-artifacts:/1/m-3"),
        RawModel("models:/m-4", "m-4", folder=ROOT / "mlruns" / "m-4", location="s3://other"),
    )
    assert [o[3:] for o in outputs(made=made)] == [
        ("", "s3://bucket/m-1"),
        ("/home/x/m-2", ""),
        ("", ""),
        ("mlruns/m-4", ""),
    ]


def test_a_checkpoint_has_the_model_of_its_step() -> None:
    points = {"eval/f1": tuple(Point(step / 10, step) for step in (1, 2, 3))}
    made = (RawModel("models:/m-2", "m-2", step=2, folder=ROOT / "mlruns" / "m-2"),)
    rows = make(points=points, made=made).checkpoints
    assert [row.path for row in rows] == ["", "mlruns/m-2", ""]


def test_the_model_that_a_run_began_with() -> None:
    params = {"_name_or_path": "org/bert", "model_type": "bert", "architectures": "['BertX', 'Y']"}
    model = make(params=params).model
    assert model is not None
    assert (model.name, model.kind) == ("org/bert", "BertX")
    used = make(params=params, used=(RawModel("models:/m-7", "m-7"),)).model
    assert used is not None
    assert used.name == "models:/m-7"
    assert make(params={"_name_or_path": "", "model": "x", "model_type": "bert"}).model is None


# Data sets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("http", {"url": "https://x.org/a.csv"}, {"url": "https://x.org/a.csv"}),
        ("local", {"uri": "/data/a.csv"}, {"path": "/data/a.csv"}),
        ("local", {"uri": "file:///data/a.csv"}, {"path": "/data/a.csv"}),
        ("local", {"uri": "file:data/a.csv"}, {"path": "data/a.csv"}),
        ("s3", {"uri": "s3://b/a.csv"}, {"url": "s3://b/a.csv"}),
        ("hugging_face", {"path": "org/squad", "revision": "abc", "data_files": None},
         {"url": "https://huggingface.co/datasets/org/squad", "version": "abc"}),
        ("hugging_face", {"path": "csv", "data_files": "a.csv"}, {"path": "csv"}),
        ("hugging_face", {"path": "./local/x"}, {"path": "./local/x"}),
        ("delta_table", {"delta_table_name": "a.b", "delta_table_version": 3},
         {"path": "a.b", "version": "3"}),
        ("code", {"tags": {"mlflow.user": "x"}}, {}),
    ],
)  # fmt: skip
def test_where_data_is(kind: str, source: dict[str, object], expected: dict[str, str]) -> None:
    dataset = make_dataset(RawDataset("qa", "d1", kind, json.dumps(source), "training"))
    assert dataset == Dataset(name="qa", digest="d1", context="training", **expected)


def test_a_data_set_without_a_name_has_that_of_the_hub() -> None:
    source = json.dumps({"path": "org/squad"})
    assert make_dataset(RawDataset("dataset", "", "hugging_face", source)).name == "org/squad"


@given(st.text(), st.text())
def test_any_source_is_a_data_set(kind: str, source: str) -> None:
    assert make_dataset(RawDataset("qa", "d1", kind, source)).digest == "d1"


# Source and environment ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"source_name": "Python Application", "user": "unknown"}, None),
        ({"source_name": "t.py", "source_version": "abc1234"},
         Source(entrypoint="t.py", commit="abc1234")),
        ({"source_name": "old.py", "tags": {"mlflow.source.name": "new.py"}},
         Source(entrypoint="new.py")),
        ({"tags": {"mlflow.source.name": "https://git.example.org/a.git#sub",
                   "mlflow.source.type": "PROJECT", "mlflow.project.entryPoint": "train"}},
         Source(repository="https://git.example.org/a.git", entrypoint="train")),
        ({"source_type": "3", "source_name": "git@example.org:a.git", "entry_point": "main",
          "tags": {"mlflow.gitRepoURL": "https://other.example.org", "mlflow.gitBranchName": "b"}},
         Source(repository="https://other.example.org", branch="b", entrypoint="main")),
        ({"tags": {"mlflow.source.git.dirty": "true"}}, Source(dirty=True)),
    ],
)  # fmt: skip
def test_where_the_code_is(fields: dict[str, object], expected: Source | None) -> None:
    run = make(**fields)
    assert run.source == expected
    assert ("source.dirty" in run.unavailable) == (expected is None or expected.dirty is None)


@pytest.mark.parametrize(
    ("params", "seed"),
    [({"seed": "7"}, 7), ({"random_state": "-1"}, -1), ({"random_seed": " 3 "}, 3),
     ({"seed": "None", "random_state": "5"}, 5), ({"seed": "1.5"}, None), ({"SEED": "7"}, None)],
)  # fmt: skip
def test_the_seed(params: dict[str, str], seed: int | None) -> None:
    environment = make(params=params).environment
    assert (environment.seed if environment else None) == seed


def test_what_a_models_folder_says(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_bytes(
        b"artifact_path: model\r\nflavors:\r\n  keras:\r\n    keras_version: 2.5\r\n"
        b"  python_function:\r\n    python_version: 3.8.8\r\nrun_id: x\r\n  odd: y\r\n"
    )
    (tmp_path / "conda.yaml").write_text(
        "dependencies:\n- python=3.7.3\n- pip\n- pip:\n  - mlflow\n  - torch[cuda]==1.9.0+cu111\n"
    )
    folder = read_model_folder(tmp_path)
    assert (folder.kind, folder.python) == ("keras", "3.8.8")
    assert folder.packages == {"torch": "1.9.0+cu111"}
    (tmp_path / "requirements.txt").write_text(
        "numpy==1.26.4 ; python_version > '3'\npandas>=2\n-r x\nscikit_learn == 1.5 # so\n"
    )
    (tmp_path / "python_env.yaml").write_text("python: 3.10\nbuild_dependencies:\n- pip==23\n")
    folder = read_model_folder(tmp_path)
    assert folder.python == "3.10"
    assert folder.packages == {"numpy": "1.26.4", "scikit_learn": "1.5"}


def test_files_are_listed_up_to_a_number(tmp_path: Path) -> None:
    for name in ("b/c/d.txt", "a.txt", "b/a.txt", ".DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [(f.path, f.size) for f in list_files(tmp_path)] == [
        ("a.txt", 1),
        ("b/a.txt", 1),
        ("b/c/d.txt", 1),
    ]
    for number in range(1200):
        (tmp_path / f"{number}.bin").touch()
    assert len(list_files(tmp_path)) == 1000


def test_half_characters_do_not_stop_a_run() -> None:
    run = make(
        name="a\ud800b",
        params={"\udfff": "\ud800"},
        tags={"x\ud800": "y\ud800", "mlflow.parentRunId": "p\ud800", "mlflow.user": "\ud800"},
        points={"m\ud800": (Point(1.0, 1),)},
        unreadable=("metrics.\ud800",),
    )
    assert run.name == "a?b"
    assert run.model_dump_json()
