"""Runs that MLflow's own client records, and what the same client reads back."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cardgen.models import Run
from cardgen.trackers.mlflow.raw import RawRun

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATA = Path(__file__).parent.parent / "data" / "mlflow"
STATUSES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "aborted", "RUNNING": "running"}
ODD = "łoss: žá/日本 a-b_c.d"


@dataclass(frozen=True)
class Recorded:
    """Ids of the runs that ``record_runs`` made."""

    full: str
    child: str
    failed: str
    killed: str
    running: str
    deleted: str
    thrown_away: str

    @property
    def active(self) -> set[str]:
        return {self.full, self.child, self.failed, self.killed, self.running}


def make_client(uri: str) -> MlflowClient:
    """MLflow's client; a test that calls this ignores its warnings."""
    from mlflow import MlflowClient

    return MlflowClient(uri)


def record_runs(client: MlflowClient) -> Recorded:
    """One run with everything, and one of each kind that a store can hold."""
    with pytest.MonkeyPatch.context() as patch:
        # The local registries ask the store that the environment names, whatever the client's.
        patch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
        return _record_all(client)


def _record_all(client: MlflowClient) -> Recorded:
    experiment = client.create_experiment("digits 1e-4")
    full = _start(client, experiment, "1e-4", **{"mlflow.source.git.commit": "12e4567890"})
    _record_full(client, full)
    _record_model(client, experiment, full)
    child = _start(client, experiment, "fold 1", **{"mlflow.parentRunId": full})
    client.log_metric(child, "accuracy", 0.5)
    client.set_terminated(child)
    failed, killed, running, deleted = (
        _start(client, experiment, name) for name in ("failed", "killed", "running", "deleted")
    )
    client.set_terminated(failed, "FAILED")
    client.set_terminated(killed, "KILLED")
    client.delete_run(deleted)
    other = client.create_experiment("thrown away")
    thrown_away = _start(client, other, "thrown away")
    client.delete_experiment(other)
    return Recorded(full, child, failed, killed, running, deleted, thrown_away)


def _start(client: MlflowClient, experiment: str, name: str, **tags: str) -> str:
    tags = {"mlflow.user": "ada", **tags}
    return str(client.create_run(experiment, tags=tags, run_name=name).info.run_id)


def _record_full(client: MlflowClient, run_id: str) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

    values = [1.5, math.nan, math.inf, -math.inf, -0.0, 1e-300, 0.1 + 0.2]
    points = [
        *(Metric("eval/f1", i / 7, 1_700_000_000_000 + i, i) for i in range(30)),
        *(Metric("train/loss", 1 / (i + 1), 1_700_000_000_000 + i, i) for i in range(60)),
        *(Metric(ODD, value, 1_700_000_000_000, i) for i, value in enumerate(values)),
        *(Metric("no step", i / 3, 1_700_000_000_000 + i, 0) for i in range(5)),
        Metric("negative", 1.0, 1_700_000_000_000, -3),
        Metric("once", 42.0, 1_700_000_000_000, 0),
    ]
    params = {
        "lr": "1e-05", "layers": "12", "seed": "7", "empty": "", "version": "1.10", "amp": "True",
        "none": "None", "text": "two\nlines", "long": "x" * 5000, "group/inner": "[1, 2]",
        "architectures": "['BertForQuestionAnswering']", "_name_or_path": "org/bert", "zero": "007",
    }  # fmt: skip
    tags = {
        "stage": "baseline",
        "mlflow.note.content": "Goal: **reach** 0.9.\n\nSecond ąę.",
        "mlflow.source.name": "train.py",
        "mlflow.source.git.branch": "exp/qa",
        "mlflow.source.git.repoURL": "https://git.example.org/team/qa.git",
    }
    client.log_batch(run_id, points, [Param(k, v) for k, v in params.items()])
    client.log_batch(run_id, tags=[RunTag(k, v) for k, v in tags.items()])
    source = json.dumps({"uri": "https://data.example.org/qa.csv"})
    profile = json.dumps({"rows": 5, "about": "many words " * 300})
    train = Dataset("qa-train", "d1ge5t", "http", source, schema="{}", profile=profile)
    test = Dataset("qa-test", "12e45", "local", json.dumps({"uri": "data/test.csv"}))
    inputs = [(train, "training"), (test, "eval"), (train, "validation")]
    for dataset, context in inputs:
        entry = DatasetInput(dataset, [InputTag("mlflow.data.context", context)])
        client.log_inputs(run_id, [entry])


def _record_model(client: MlflowClient, experiment: str, run_id: str) -> None:
    from mlflow.entities import LoggedModelOutput

    kept = client.create_logged_model(experiment, "kept", source_run_id=run_id, model_type="nli")
    other = client.create_logged_model(experiment, "other", source_run_id=run_id)
    for model in (kept, other):
        client.finalize_logged_model(model.model_id, "READY")
    outputs = [LoggedModelOutput(kept.model_id, 5), LoggedModelOutput(other.model_id, 9)]
    client.log_outputs(run_id, outputs)
    client.create_registered_model("qa-model")
    source = f"models:/{kept.model_id}"
    client.create_model_version("qa-model", source, run_id=run_id, model_id=kept.model_id)
    client.set_registered_model_alias("qa-model", "champion", "1")
    client.set_terminated(run_id)


def check_raw(raw: RawRun, client: MlflowClient) -> None:
    """What was read is, value by value, what the client reads."""
    theirs = client.get_run(raw.run_id)
    assert raw.params == theirs.data.params
    assert raw.tags == theirs.data.tags
    assert raw.name == theirs.info.run_name
    assert raw.user in (theirs.info.user_id, "")
    assert str(raw.started or "") == str(theirs.info.start_time or "")
    assert str(raw.finished or "") == str(theirs.info.end_time or "")
    assert raw.experiment == client.get_experiment(theirs.info.experiment_id).name
    assert set(raw.points) == set(theirs.data.metrics)
    for key, points in raw.points.items():
        ours = sorted((p.step, p.order, _show(p.value)) for p in points)
        history = client.get_metric_history(raw.run_id, key)
        assert ours == sorted((m.step, m.timestamp, _show(m.value)) for m in history)
    ours_in = [(d.name, d.digest, d.context, json.loads(d.source)) for d in raw.datasets]
    their_in = [
        (i.dataset.name, i.dataset.digest, i.tags[0].value, json.loads(i.dataset.source))
        for i in theirs.inputs.dataset_inputs
    ]
    assert sorted(ours_in, key=str) == sorted(their_in, key=str)
    made = [(model.model_id, model.step) for model in raw.made]
    assert sorted(made) == sorted((m.model_id, m.step) for m in theirs.outputs.model_outputs)


def _show(value: float) -> str:
    """Text that tells NaN and -0.0 apart; the largest double is MLflow's SQL for infinity."""
    if abs(value) >= 1.7976931348623157e308:
        value = math.copysign(math.inf, value)
    return repr(value)


def check_full(run: Run, recorded: Recorded) -> None:
    """The run that has everything, as a card's evidence will have it."""
    assert run.tracker == "mlflow"
    assert (run.name, run.experiment, run.author) == ("1e-4", "digits 1e-4", "ada")
    assert run.status == "finished"
    assert run.started is not None
    assert run.finished is not None
    assert run.started <= run.finished
    assert run.description == "Goal: **reach** 0.9.\n\nSecond ąę."
    assert run.tags == {"stage": "baseline"}
    assert run.source is not None
    assert run.source.model_dump(exclude_defaults=True) == {
        "repository": "https://git.example.org/team/qa.git",
        "branch": "exp/qa",
        "commit": "12e4567890",
        "entrypoint": "train.py",
    }
    assert run.params == {
        "lr": 1e-05, "layers": 12, "seed": 7, "empty": "", "version": "1.10", "amp": True,
        "none": "None", "text": "two\nlines", "long": "x" * 5000, "group/inner": "[1, 2]",
        "architectures": "['BertForQuestionAnswering']", "_name_or_path": "org/bert", "zero": "007",
    }  # fmt: skip
    assert [row.step for row in run.checkpoints] == list(range(30))
    assert run.checkpoints[7].metrics == {"eval/f1": 1.0}
    assert {c.metric: c.axis for c in run.curves}["no step"] == "order"
    assert {c.metric for c in run.curves} == {"train/loss", "no step", ODD}
    assert math.isnan(next(c for c in run.curves if c.metric == ODD).values[1])
    assert run.metrics["negative"].step == -3
    assert run.metrics["once"].value == 42
    data = [(d.name, d.digest, d.context, d.url, d.path) for d in run.data]
    assert data == [
        ("qa-test", "12e45", "eval", "", "data/test.csv"),
        *_train_data(run),
    ]
    assert run.model is not None
    assert (run.model.name, run.model.kind) == ("org/bert", "BertForQuestionAnswering")
    (version, other) = run.output
    assert (version.name, version.version, version.kind) == ("qa-model", "1", "nli")
    assert version.aliases == ("champion",)
    assert other.name.startswith("models:/m-")
    assert run.environment is not None
    assert run.environment.seed == 7
    assert run.commands == ()
    assert {"commands", "source.dirty"} <= set(run.unavailable)
    assert run.parent == ""
    assert recorded.full in run.ref


def _train_data(run: Run) -> list[tuple[str, str, str, str, str]]:
    """MLflow keeps one input a data set and run; which context stays depends on the store."""
    contexts = [d.context for d in run.data if d.name == "qa-train"]
    assert contexts in (["training"], ["validation"], ["training", "validation"])
    url = "https://data.example.org/qa.csv"
    return [("qa-train", "d1ge5t", context, url, "") for context in contexts]
