"""The table of attribute paths: patterns, a project's own patterns, and what they do to a run."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.models import Dataset, Environment, Model, RunFile
from cardgen.trackers._series import Point
from cardgen.trackers.neptune.mapping import PATHS, load_paths, parse_pattern
from cardgen.trackers.neptune.record import Recorded
from cardgen.trackers.neptune.run import make_run, parse_requirements

TABLE = load_paths({})


def points(*values: float, steps: tuple[float, ...] | None = None) -> tuple[Point, ...]:
    numbers = steps if steps is not None else tuple(float(i) for i in range(len(values)))
    pairs = enumerate(zip(values, numbers, strict=True))
    return tuple(Point(value, int(step), float(i)) for i, (value, step) in pairs)


@pytest.mark.parametrize(
    ("pattern", "path", "called"),
    [
        ("parameters/*", "parameters/lr", "lr"),
        ("parameters/*", "parameters/optim/name", "optim/name"),
        ("parameters/*", "Parameters/LR", "LR"),
        ("parameters/*", "parameters", None),
        ("parameters/*", "my/parameters/lr", None),
        ("**/trainer_parameters/*", "finetuning/trainer_parameters/a/b", "a/b"),
        ("**/trainer_parameters/*", "trainer_parameters/a", "a"),
        ("**/trainer_parameters/*", "a/b/c/trainer_parameters/x", "x"),
        ("monitoring/*/hostname", "monitoring/1a/hostname", "monitoring/1a/hostname"),
        ("monitoring/*/hostname", "monitoring/1a/b/hostname", None),
        ("**/*loss", "a/b/val_loss", "a/b/val_loss"),
        ("**/*loss", "loss", "loss"),
        ("**/*loss", "loss/x", None),
        ("metrics/mAP50(B)", "metrics/mAP50(B)", "metrics/mAP50(B)"),
        ("metrics/m[a]", "metrics/m[a]", "metrics/m[a]"),
        ("fold_?/auc", "fold_3/auc", "fold_3/auc"),
        ("fold_?/auc", "fold_/auc", None),
        ("a*b*c", "aXbYc", "aXbYc"),
        ("a*b*c", "abc", "abc"),
        ("a*b*c", "a/b/c", None),
        ("*", "any/thing", "any/thing"),
        ("**/*", "any/thing", "any/thing"),
    ],
)
def test_pattern(pattern: str, path: str, called: str | None) -> None:
    assert parse_pattern(pattern).match(path) == called


@pytest.mark.parametrize("text", ["", "  ", "a//b", "/", "x" * 400, "*a" * 20])
def test_pattern_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(TrackerError, match="no pattern"):
        parse_pattern(text)


@given(st.text(alphabet="ab*?/", min_size=1, max_size=40), st.text(alphabet="ab/", max_size=1000))
def test_pattern_takes_no_time(pattern: str, path: str) -> None:
    """Whatever a stranger's cardgen.yaml says, no path makes it hang."""
    try:
        parsed = parse_pattern(pattern)
    except TrackerError:
        return
    start = time.process_time()
    parsed.match(path)
    assert time.process_time() - start < 5


def test_every_pattern_of_the_table_matches_something_it_names() -> None:
    for name, patterns in PATHS.items():
        for text in patterns:
            path = text.replace("**/", "a/").replace("*", "x")
            assert parse_pattern(text).match(path) is not None, (name, text)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ({"parms": ["x/*"]}, "'parms'"),
        ({"params": [1]}, "no list of patterns"),
        ({"params": {"a": 1}}, "no list of patterns"),
        (["x"], "no mapping"),
        ({"params": ["a//b"]}, "no pattern"),
    ],
)
def test_wrong_settings_are_said(paths: object, message: str) -> None:
    with pytest.raises(TrackerError, match=message) as caught:
        load_paths({"paths": paths})
    assert caught.value.hint


def test_own_patterns_come_first() -> None:
    paths = load_paths({"paths": {"params": ["hp/*"], "model.name": "base_net", "metrics": "hp/m"}})
    record = Recorded(
        ref="neptune:x",
        attributes={"hp/lr": 0.1, "hp/m": 0.5, "base_net": "plt5", "model/name": "bert"},
    )
    run = make_run(record, paths)
    assert run.params == {"lr": 0.1, "m": 0.5, "model/name": "bert"}
    assert run.model == Model(name="plt5")


def test_what_a_field_takes_is_shown_there() -> None:
    record = Recorded(
        ref="neptune:x",
        attributes={
            "model/type": "bert",
            "dataset/version": "v2",
            "python_version": "3.11",
            "labels": frozenset(["a"]),
            "environment/gpu": "A100",
        },
    )
    run = make_run(record, load_paths({"paths": {"tags": ["labels"]}}))
    assert run.params == {}
    assert run.model == Model(kind="bert")
    assert run.data == (Dataset(version="v2"),)
    assert run.tags == {"a": ""}
    assert run.environment == Environment(python="3.11", accelerator="A100")


def test_own_metrics_win_over_the_tables_params() -> None:
    paths = load_paths({"paths": {"metrics": ["config/best_f1"]}})
    record = Recorded(ref="neptune:x", attributes={"config/best_f1": 0.5, "config/lr": 0.1})
    run = make_run(record, paths)
    assert run.params == {"lr": 0.1}
    assert run.metrics["config/best_f1"].value == 0.5


def test_own_ignore_and_own_monitoring() -> None:
    own = {"ignore": ["finetuning/model_parameters/*"], "curves": ["monitoring/gpu/*"]}
    record = Recorded(
        ref="neptune:x",
        attributes={"finetuning/model_parameters/hidden_size": 16},
        series={"monitoring/gpu/load": points(1, 2), "monitoring/x/cpu": points(1, 2)},
    )
    run = make_run(record, load_paths({"paths": own}))
    assert run.params == {}
    assert [curve.metric for curve in run.curves] == ["monitoring/gpu/load"]


def test_params_of_two_namespaces_keep_apart() -> None:
    record = Recorded(
        ref="neptune:x",
        attributes={
            "parameters/lr": 0.1,
            "training/hyperparams/lr": 0.2,
            "params/bs": 8,
            "note": "x",
        },
    )
    run = make_run(record, TABLE)
    assert run.params == {
        "parameters/lr": 0.1,
        "training/hyperparams/lr": 0.2,
        "bs": 8,
        "note": "x",
    }


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("eval/final/f1", "metrics"),
        ("best_val_acc", "metrics"),
        ("training/model/best_model_score", "metrics"),
        ("optuna/best/value", "metrics"),
        ("lr", "params"),
        ("data/ratio", "params"),
        ("training/model/optimizer_config/decay", "params"),
    ],
)
def test_single_numbers(path: str, field: str) -> None:
    run = make_run(Recorded(ref="neptune:x", attributes={path: 0.5}), TABLE)
    assert len(getattr(run, field)) == 1
    assert len(run.params) + len(run.metrics) == 1


def test_lightning() -> None:
    """Names of PyTorch Lightning's NeptuneLogger, whose base namespace is called training."""
    record = Recorded(
        ref="neptune:x",
        attributes={
            "sys/failed": False,
            "training/status": "success",
            "training/hyperparams/lr": 0.1,
            "training/hyperparams/seed": 13,
            "training/model/best_model_path": "ckpt/epoch=3.ckpt",
            "training/model/best_model_score": 0.25,
            "source_code/integrations/pytorch-lightning": "2.4.0",
        },
        series={
            "training/val_loss": points(0.9, 0.4, steps=(10, 20)),
            "training/train_loss": points(3, 2, 1, steps=(5, 10, 15)),
            "training/accuracy": points(0.1, 0.2, steps=(5, 10)),
            "training/epoch": points(0, 1, steps=(10, 20)),
        },
        files={"training/model/checkpoints/epoch=3": (RunFile(path="epoch=3", size=9),)},
    )
    run = make_run(record, TABLE)
    assert run.status == "finished"
    assert run.params == {"lr": 0.1, "seed": 13}
    assert run.environment is not None
    assert (run.environment.seed, run.environment.packages) == (13, {"pytorch-lightning": "2.4.0"})
    assert [(r.step, r.epoch, r.metrics) for r in run.checkpoints] == [
        (10, 0, {"training/val_loss": 0.9}),
        (20, 1, {"training/val_loss": 0.4}),
    ]
    assert {c.metric for c in run.curves} == {"training/accuracy", "training/train_loss"}
    assert run.metrics["training/model/best_model_score"].value == 0.25
    assert run.metrics["training/epoch"].value == 1
    assert [model.path for model in run.output] == ["ckpt/epoch=3.ckpt", "epoch=3"]


def test_keras_and_yolo() -> None:
    record = Recorded(
        ref="neptune:x",
        attributes={"training/fit_params/epochs": 2, "Configuration/Hyperparameters/lr0": 0.01},
        series={
            "training/train/epoch/loss": points(2, 1),
            "training/train/batch/loss": points(3, 2, 1),
            "training/validation/epoch/accuracy": points(0.5, 0.6),
            "training/validation/batch/accuracy": points(0.4, 0.5, 0.6),
            "metrics/mAP50(B)": points(0.1, 0.2),
            "metrics/loss": points(0.1, 0.2),
            "val/box_loss": points(0.3, 0.4),
        },
    )
    run = make_run(record, TABLE)
    assert run.params == {"epochs": 2, "lr0": 0.01}
    assert run.checkpoints[1].metrics == {
        "metrics/mAP50(B)": 0.2,
        "training/validation/epoch/accuracy": 0.6,
        "val/box_loss": 0.4,
    }
    assert "metrics/loss" in {curve.metric for curve in run.curves}


def test_names_that_are_judged_alike_stay_apart() -> None:
    series = {"training/val_loss": points(1, 2), "val_loss": points(3, 4), "1": points(5, 6)}
    run = make_run(Recorded(ref="neptune:x", series=series), TABLE)
    assert run.checkpoints[0].metrics == {"training/val_loss": 1, "val_loss": 3}
    assert {name: metric.value for name, metric in run.metrics.items()} == {
        "training/val_loss": 2,
        "val_loss": 4,
        "1": 6,
    }


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"sys/failed": True, "training/status": "success"}, "failed"),
        ({"sys/failed": False}, None),
        ({}, None),
        ({"sys/failed": False, "sys/state": "inactive"}, "finished"),
        ({"sys/state": "idle"}, "finished"),
        ({"sys/state": "Active"}, "running"),
        ({"status": "interrupted"}, "aborted"),
        ({"status": "blue"}, None),
    ],
)
def test_status(attributes: dict[str, bool | str], status: str | None) -> None:
    run = make_run(Recorded(ref="neptune:x", attributes=attributes), TABLE)
    assert run.status == status
    assert ("status" in run.unavailable) == (status is None)
    assert run.params == ({"status": "blue"} if attributes == {"status": "blue"} else {})


def test_parse_requirements() -> None:
    text = "torch==2.4.0\n- numpy=1.26.0=py311h1\nfoo[bar]==1.0 ; x\n# c==1\n-e git+https://x\na>=1"
    assert parse_requirements(text) == {"torch": "2.4.0", "numpy": "1.26.0", "foo": "1.0"}
    assert len(parse_requirements("a==1\n" * 100_000)) == 1
