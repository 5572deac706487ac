"""Files of one's own. sacred's and Hydra's are theirs; those of heavier programs are written by
hand in the form that their documentation gives (``tests/data/json/README.md``)."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.models import (
    Checkpoint,
    Command,
    Curve,
    Dataset,
    Environment,
    Evidence,
    Metric,
    Model,
    Run,
    Source,
    TrackerConfig,
)
from cardgen.trackers import json as adapter
from tests.trackers.damage import is_part_of, read_cut, read_mutated

DATA = Path(__file__).parents[1] / "data" / "json"
COMMIT = "579b8ad1dfe91e5bcd0658d63db5e41187371462"
FIELDS = {
    "command": "meta.json:command",
    "commit": "meta.json:git.commit",
    "branch": "meta.json:git.branch",
    "status": "meta.json:status",
    "started": "meta.json:start",
    "finished": "meta.json:end",
    "author": "meta.json:who",
    "model": "params.json:model",
}


def fetch(root: Path, locator: str, **options: Any) -> Run:
    return adapter.fetch_run(locator, TrackerConfig(root, options))


def find(root: Path, location: Path | None = None, **options: Any) -> tuple[str, ...]:
    return adapter.find_runs(location or root, TrackerConfig(root, options))


def write(path: Path, text: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return path


def survives(run: Run) -> None:
    """A run can become evidence and be read again."""
    text = format_evidence(Evidence(code="qa-1", runs=(run,)))
    assert format_evidence(parse_evidence(text)) == text


# What programs write -------------------------------------------------------------------------


def test_every_run_is_found_and_nothing_else() -> None:
    assert find(DATA) == (
        "json:fastai",
        "json:harness/EleutherAI__pythia-160m",
        "json:hydra/2026-11-21/11-09-15",
        "json:keras",
        "json:lightning/version_0",
        "json:lightning/version_1",
        "json:mmdet",
        "json:plain/run7",
        "json:sacred/1",
        "json:sacred/2",
        "json:sweep/2026-11-21/11-09-16/0",
        "json:sweep/2026-11-21/11-09-16/1",
        "json:timm/20230809-101500-resnet18-224",
        "json:yolo",
    )
    assert find(DATA, DATA / "sacred") == ("json:sacred/1", "json:sacred/2")
    for ref in find(DATA):
        run = fetch(DATA, ref.removeprefix("json:"))
        assert run.ref == ref
        assert run.metrics
        survives(run)


def test_sacred_is_read_whole() -> None:
    run = fetch(DATA, "sacred/1")
    assert (run.name, run.experiment, run.status) == ("1", "qa-digits", "finished")
    assert run.started == dt.datetime(2026, 11, 21, 11, 9, 15, 44704, dt.UTC)
    assert run.finished == dt.datetime(2026, 11, 21, 11, 9, 15, 48203, dt.UTC)
    assert run.source == Source(
        repository="https://github.com/team/qa.git",
        commit=COMMIT,
        dirty=False,
        entrypoint="train_sacred.py",
    )
    assert run.params["model"] == {"hidden": [64, 32], "name": "mlp"}
    assert run.checkpoints == tuple(
        Checkpoint(step=step, metrics={"val.accuracy": value})
        for step, value in ((0, 0.5), (10, 0.6), (20, 0.7))
    )
    loss = Curve(metric="train.loss", steps=(0, 10, 20), values=(1.0, 0.5, 0.3333333333333333))
    assert run.curves == (loss,)
    assert run.metrics["test_accuracy"] == Metric(value=0.75)
    assert math.isnan(run.metrics["bad"].value)
    assert run.environment == Environment(
        python="3.11.7",
        os="Linux-6.18.44-fc-v669-x86_64-with-glibc2.36",
        host="vm",
        seed=367633082,
        packages={"sacred": "0.8.7"},
    )
    assert run.unavailable == ("commands",)


def test_every_value_of_sacreds_files_is_kept() -> None:
    for number in ("1", "2"):
        run, folder = fetch(DATA, f"sacred/{number}"), DATA / "sacred" / number
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        assert run.params == config
        logged = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        for name, series in logged.items():
            points = {
                row.step: row.metrics[name] for row in run.checkpoints if name in row.metrics
            } or {
                step: value
                for curve in run.curves
                if curve.metric == name
                for step, value in zip(curve.steps, curve.values, strict=True)
            }
            points = points or {run.metrics[name].step: run.metrics[name].value}
            assert repr(points) == repr(dict(zip(series["steps"], series["values"], strict=True)))
    assert (run.status, run.params["fail"]) == ("failed", True)


def test_a_job_of_hydra() -> None:
    run = fetch(DATA, "hydra/2026-11-21/11-09-15")
    assert run.experiment == "train_hydra"
    assert run.params == {
        "lr": 0.2, "seed": 13, "model": {"name": "mlp", "layers": [64, 32]}, "extra": "x"
    }  # fmt: skip
    assert run.tags == {"overrides": "lr=0.2 +extra=x"}
    assert run.metrics == {"eval/accuracy": Metric(value=0.81), "eval/loss": Metric(value=0.4)}
    assert run.environment == Environment(seed=13, packages={"hydra-core": "1.3.8"})
    assert (run.group, run.unavailable) == ("", ("commands", "source"))


def test_jobs_of_a_multirun_belong_together() -> None:
    runs = [fetch(DATA, f"sweep/2026-11-21/11-09-16/{number}") for number in (0, 1)]
    assert {run.group for run in runs} == {"sweep/2026-11-21/11-09-16"}
    assert [run.params["lr"] for run in runs] == [0.2, 0.3]


def test_a_job_of_hydra_without_metrics_is_a_run(tmp_path: Path) -> None:
    shutil.copytree(DATA / "hydra", tmp_path / "hydra")
    for path in tmp_path.rglob("metrics.json"):
        path.unlink()
    (ref,) = find(tmp_path)
    run = fetch(tmp_path, ref.removeprefix("json:"))
    assert (run.params["lr"], run.metrics) == (0.2, {})


def test_keras_logs_and_history_are_one() -> None:
    run = fetch(DATA, "keras")
    assert [row.epoch for row in run.checkpoints] == [0.0, 1.0, 2.0]
    assert run.checkpoints[1].metrics == {
        "val_accuracy": 0.8666666746139526, "val_loss": 0.5367059111595154
    }  # fmt: skip
    curves = {curve.metric: curve for curve in run.curves}
    assert curves["loss"].steps == (0, 1)  # NA is no number
    assert math.isnan(run.metrics["val_loss"].value)


def test_sparse_rows_of_lightning_share_their_steps() -> None:
    run = fetch(DATA, "lightning/version_0")
    assert run.checkpoints == (
        Checkpoint(step=49, epoch=0.0, metrics={"val_acc": 0.71, "val_loss": 0.93}),
        Checkpoint(step=99, epoch=1.0, metrics={"val_acc": 0.83, "val_loss": 0.55}),
    )
    assert run.curves == (Curve(metric="train_loss", steps=(49, 99), values=(1.25, 0.62)),)
    assert run.params == {"batch_size": 32, "hidden": 64, "lr": 0.001, "name": None}
    assert run.metrics["lr-Adam"] == Metric(value=0.001, step=0)


def test_a_header_that_is_repeated_is_no_row() -> None:
    run = fetch(DATA, "fastai")
    assert [row.metrics for row in run.checkpoints] == [
        {"valid_loss": 0.4412}, {"valid_loss": 0.3375}, {"valid_loss": 0.3012}
    ]  # fmt: skip
    assert "time" not in run.metrics  # 00:12 is no number


def test_padded_names_are_names() -> None:
    run = fetch(DATA, "yolo")
    assert run.metrics["metrics/mAP50(B)"] == Metric(value=0.57701, step=2)
    assert [row.step for row in run.checkpoints] == [1, 2]
    assert (run.params["model"], run.params["classes"]) == ("yolov8n.pt", None)


def test_timm_is_read() -> None:
    run = fetch(DATA, "timm/20230809-101500-resnet18-224")
    assert run.checkpoints[1].metrics == {"eval_loss": 5.61, "eval_top1": 5.9, "eval_top5": 16.3}
    assert run.environment == Environment(seed=42)


def test_a_column_says_what_was_evaluated() -> None:
    run = fetch(DATA, "mmdet")
    assert [(row.step, row.metrics) for row in run.checkpoints] == [
        (1, {"val/bbox_mAP": 0.21}),  # 'iter' begins anew each epoch and counts nothing
        (2, {"val/bbox_mAP": 0.27}),
    ]
    assert run.params == {"lr": 0.02, "seed": 3}


def test_logs_of_mmengine_lie_deeper(tmp_path: Path) -> None:
    lines = '{"loss": 0.9, "iter": 50, "step": 50}\n{"coco/bbox_mAP": 0.2, "step": 1}\n'
    write(tmp_path / "work" / "20230809_101500" / "vis_data" / "scalars.json", lines)
    shutil.copy(DATA / "mmdet" / "train_log.json", tmp_path / "work" / "20220809_101500.log.json")
    assert find(tmp_path) == ("json:work", "json:work/20230809_101500")
    run = fetch(tmp_path, "work/20230809_101500")
    assert {name: (m.step, m.value) for name, m in run.metrics.items()} == {
        "coco/bbox_mAP": (1, 0.2), "loss": (50, 0.9)
    }  # fmt: skip


def test_the_harness_is_read() -> None:
    run = fetch(DATA, "harness/EleutherAI__pythia-160m")
    assert run.metrics == {
        "arc_easy/acc": Metric(value=0.4356),
        "arc_easy/acc_norm": Metric(value=0.4011),
        "arc_easy/acc_norm_stderr": Metric(value=0.0101),
        "arc_easy/acc_stderr": Metric(value=0.0102),
        "gsm8k/exact_match,flexible-extract": Metric(value=0.0221),
        "gsm8k/exact_match,strict-match": Metric(value=0.0152),
    }
    assert run.model == Model(name="EleutherAI/pythia-160m", version="step143000")
    assert run.data == (
        Dataset(name="allenai/ai2_arc", context="eval"), Dataset(name="gsm8k", context="eval")
    )  # fmt: skip
    assert run.source == Source(commit="0a1b2c3d")
    assert run.started == dt.datetime(2024, 7, 10, 10, 15, 12, 123456, dt.UTC)
    assert (run.status, run.finished) == ("finished", None)
    assert run.params["n-shot"] == {"arc_easy": 0, "gsm8k": 5}
    assert run.environment == Environment(seed=0, packages={"transformers": "4.42.3"})


def test_the_newest_of_several_evaluations_counts(tmp_path: Path) -> None:
    shutil.copytree(DATA / "harness", tmp_path / "out")
    (first,) = tmp_path.rglob("results_*.json")
    content = json.loads(first.read_text(encoding="utf-8"))
    content["results"] = {"arc_easy": {"acc,none": 0.5}}
    write(first.with_name("results_2024-08-01T00-00-00.000000.json"), content)
    run = fetch(tmp_path, "out/EleutherAI__pythia-160m")
    assert run.metrics["arc_easy/acc"].value == 0.5
    assert run.metrics["gsm8k/exact_match,strict-match"].value == 0.0152


# One's own files -----------------------------------------------------------------------------


def test_a_scripts_own_files() -> None:
    run = fetch(DATA, "plain/run7", fields=FIELDS)
    assert run.params == {
        "lr": 0.0001, "model": "allegro/plt5-base", "layers": [64, 32], "seed": 13,
        "nested": {"dropout": 0.1}, "done": True,
    }  # fmt: skip
    row = Checkpoint(step=3, epoch=3.0, metrics={"eval/f1": 0.81, "eval/exact_match": 0.72})
    assert run.checkpoints == (row,)
    assert run.metrics["best"] == Metric(value=math.inf, step=3)
    assert set(run.metrics) == {"best", "epoch", "eval/exact_match", "eval/f1", "train/loss"}
    assert run.commands == (Command(line="python train.py --lr 1e-4 '--out dir'"),)
    assert run.source == Source(commit=COMMIT, branch="main")
    assert run.started == dt.datetime(2023, 8, 9, 8, tzinfo=dt.UTC)
    assert run.finished == dt.datetime(2023, 8, 9, 10, tzinfo=dt.UTC)
    assert (run.status, run.author) == ("finished", "anna")
    assert run.model == Model(name="allegro/plt5-base")
    assert run.unavailable == ()
    assert {file.path for file in run.files} == {"meta.json", "metrics.json", "params.json"}


def test_files_that_say_nothing_of_a_run_are_none() -> None:
    assert find(DATA, DATA / "others") == ()
    run = fetch(DATA, "others")  # asked for by name, it is what it is
    assert (run.params, run.metrics) == ({"hidden_size": 768}, {})


def test_a_file_may_be_a_run() -> None:
    assert find(DATA, runs="plain/results/*.json") == (
        "json:plain/results/a.json", "json:plain/results/b.json"
    )  # fmt: skip
    run = fetch(DATA, "plain/results/b.json")
    assert (run.ref, run.name) == ("json:plain/results/b.json", "b")
    assert (run.params, run.metrics) == ({"lr": 0.2}, {"metrics/acc": Metric(value=0.6)})


def test_settings_name_folders_and_files(tmp_path: Path) -> None:
    for name in ("run1", "run2"):
        write(tmp_path / "out" / name / "eval" / "dev.json", {"f1": 0.5})
        write(tmp_path / "out" / name / "my.toml", "lr = 0.1\n[model]\nname = 'x'\n")
        write(tmp_path / "out" / name / "log.tsv", "round\tval_f1\n1\t0.4\n2\t0.5\n")
    options: dict[str, Any] = {
        "runs": "out/*", "metrics": ["eval/*.json", "log.tsv"], "params": "my.toml",
        "step": "round",
    }  # fmt: skip
    assert find(tmp_path, **options) == ("json:out/run1", "json:out/run2")
    assert find(tmp_path, tmp_path / "out" / "run2", **options) == ("json:out/run2",)
    run = fetch(tmp_path, "out/run2", **options)
    assert run.params == {"lr": 0.1, "model": {"name": "x"}}
    assert [row.step for row in run.checkpoints] == [1, 2]
    assert run.metrics["f1"] == Metric(value=0.5)
    assert find(tmp_path, **{**options, "runs": "**/run*"}) == ("json:out/run1", "json:out/run2")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("metrics.yaml", "acc: 0.5\nloss: .nan\nnote: x\n", {"acc": 0.5, "loss": math.nan}),
        ("metrics.toml", "acc = 0.5\n[eval]\nf1 = inf\n", {"acc": 0.5, "eval/f1": math.inf}),
        ("metrics.csv", "acc,loss\n0.5,0.1\n", {"acc": 0.5, "loss": 0.1}),
        ("metrics.csv", "acc;loss\n0,5;0.1\n", {"loss": 0.1}),  # a decimal comma is not guessed
        ("metrics.csv", "a_b\n1_000\n", {}),
        ("metrics.csv", "model,f1\nbase,0.1\nlarge,0.2\n", {"base/f1": 0.1, "large/f1": 0.2}),
        ("metrics.csv", "metric,value\nf1,0.1\nem,0.2\n", {"f1": 0.1, "em": 0.2}),
        ("results.json", [{"name": "f1", "value": 0.1}], {"f1": 0.1}),
        ("scores.json", {"f1": 0.1, "em": "0.2", "n": 10**400}, {"f1": 0.1}),
        ("eval.json", {"f1": "NaN", "x": "-Infinity"}, {"f1": math.nan, "x": -math.inf}),
        ("metrics.json", '\ufeff{"f1": 1}', {"f1": 1.0}),
        ("metrics.json", {"per_class": [0.1, 0.2], "f1": 0.3}, {"f1": 0.3}),
        ("results.json", {"folds": [{"f1": 0.1}], "f1": 0.2}, {"f1": 0.2, "folds/f1": 0.1}),
        ("results.json", '{"f1": 0.1}\n{"em": 0.2}\n', {"f1": 0.1, "em": 0.2}),
        ("log.jsonl", 'started\n{"f1": 0.1}\n{"f1": 0.2', {"f1": 0.1}),
        ("metrics.json", {"timestamp": 1.7e9, "random_seed": 3, "f1": 0.1}, {"f1": 0.1}),
    ],
)
def test_forms_of_final_metrics(
    tmp_path: Path, name: str, text: object, expected: dict[str, float]
) -> None:
    write(tmp_path / "run" / name, text)
    metrics = fetch(tmp_path, "run").metrics
    assert repr({k: m.value for k, m in metrics.items()}) == repr(dict(sorted(expected.items())))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metrics.csv", "step,val_f1\n10,0.1\n20,0.2\n"),
        ("metrics.csv", "# step,val_f1\n1e1,0.1\n2e1,0.2\n"),
        ("metrics.tsv", "\tstep\tval_f1\n0\t10\t0.1\n1\t20\t0.2\n"),
        ("metrics.jsonl", '{"step": 10, "val_f1": 0.1}\n\n{"step": 20, "val_f1": 0.2}\n'),
        ("log.jsonl", '{"val_f1": 0.1, "global_step": 10}\r\n{"val_f1": 0.2, "global_step": 20}'),
        ("log.json", [{"iteration": 10, "val_f1": 0.1}, {"iteration": 20, "val_f1": 0.2}]),
        ("history.json", {"step": [10, 20], "val_f1": [0.1, 0.2]}),
        ("metrics.csv", "step,metric,value\n10,val_f1,0.1\n20,val_f1,0.2\n"),
        ("log.jsonl", '{"epoch": "10", "val_f1": "0.1"}\n{"epoch": "20", "val_f1": "0.2"}\n'),
        ("metrics.csv", "step,split,f1\n10,val,0.1\n20,val,0.2\n"),
    ],
)
def test_forms_of_rows_over_time(tmp_path: Path, name: str, text: object) -> None:
    write(tmp_path / "run" / name, text)
    rows = fetch(tmp_path, "run").checkpoints
    assert [row.step for row in rows] == [10, 20]
    assert [list(row.metrics.values()) for row in rows] == [[0.1], [0.2]]


def test_the_final_value_stands_beside_the_history(tmp_path: Path) -> None:
    write(tmp_path / "run" / "metrics.json", {"val_f1": 0.3, "test_f1": 0.25})
    write(tmp_path / "run" / "metrics.csv", "step,val_f1\n1,0.1\n2,0.3\n3,0.2\n")
    run = fetch(tmp_path, "run")
    assert run.metrics == {
        "val_f1": Metric(value=0.3, step=2), "test_f1": Metric(value=0.25)
    }  # fmt: skip
    assert [row.metrics["val_f1"] for row in run.checkpoints] == [0.1, 0.3, 0.2]


def test_a_table_that_a_killed_process_left_open_loses_its_last_row(tmp_path: Path) -> None:
    path = tmp_path / "run" / "metrics.csv"
    rows = "".join(f"{step},{step / 7:.15f}\n" for step in range(400))
    write(path, f"step,val_f1\n{rows}"[:4096])
    whole = fetch(tmp_path, "run")
    assert whole.checkpoints[-1].metrics["val_f1"] == round(len(whole.checkpoints[:-1]) / 7, 15)
    write(path, "step,val_f1,val_loss\n1,0.25,3\n2,0.5,2.")
    last = fetch(tmp_path, "run").checkpoints[-1]
    assert (last.step, last.metrics) == (2, {"val_f1": 0.5})


def test_fresh_files_of_pythons_own_writers(tmp_path: Path) -> None:
    logged = [{"epoch": e, "train_loss": 1 / (e + 1), "val_acc": e / 10} for e in range(5)]
    with (tmp_path / "metrics.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["epoch", "train_loss", "val_acc"])
        writer.writeheader()
        writer.writerows(logged)
    write(tmp_path / "args.json", {"lr": 0.1, "tags": ["a", None]})
    run = fetch(tmp_path, ".")
    assert run.params == {"lr": 0.1, "tags": ["a", None]}
    assert [row.metrics["val_acc"] for row in run.checkpoints] == [r["val_acc"] for r in logged]
    assert run.curves[0].values == tuple(row["train_loss"] for row in logged)


# What cannot be --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"metric": "x"}, {"runs": 3}, {"metrics": [1]}, {"metrics": [""]}, {"step": {"a": 1}},
        {"params": "../x.json"}, {"runs": "/etc/*"}, {"runs": ["~/x"]}, {"fields": ["a"]},
        {"fields": {"colour": "a:b"}}, {"fields": {"commit": "run.json"}},
        {"fields": {"commit": "../run.json:x"}}, {"fields": {"commit": 3}},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_cannot_be_are_told(options: dict[str, Any]) -> None:
    for call in (lambda: fetch(DATA, "yolo", **options), lambda: find(DATA, **options)):
        with pytest.raises(TrackerError, match=r"^cardgen\.yaml: ") as caught:
            call()
        assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("metrics.json", '{"a": 1', "is no valid JSON in line 1"),
        ("metrics.json", "3", "holds no JSON object"),
        ("metrics.json", "[" * 100_000, "is no valid JSON"),
        ("metrics.json", '{"a": ' + "1" * 5000 + "}", "is no valid JSON"),
        ("metrics.jsonl", '{"a": 1}\n{"a": \n{"a": 3}\n', "no valid JSON in line 2"),
        ("metrics.yaml", "a: &x 1\n", "anchors"),
        ("metrics.toml", "a = 1 1\n", "is no valid TOML"),
        ("metrics.csv", "a,1\n" + '"' + "x" * 200_000 + '"', "is no table"),
        ("metrics.csv", ",".join(map(str, range(6000))) + "\n1", "columns"),
        ("metrics.json", "version https://git-lfs.github.com/spec/v1\noid 1", "git-lfs pointer"),
    ],
)
def test_files_that_cannot_be_read_are_told(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    write(tmp_path / "run" / name, text)
    with pytest.raises(TrackerError, match=message) as caught:
        fetch(tmp_path, "run", metrics=[name])
    assert f"run/{name}" in caught.value.message
    assert caught.value.hint


def test_places_that_cannot_be_are_told(tmp_path: Path) -> None:
    write(tmp_path / "project" / "notes.md", "x")
    root = tmp_path / "project"
    for locator in ("nothing", "..", "a\0b", "/etc"):
        with pytest.raises(TrackerError) as caught:
            fetch(root, locator)
        assert caught.value.hint
    with pytest.raises(TrackerError, match="no metrics"):
        fetch(root, ".")
    with pytest.raises(TrackerError, match="is not opened"):
        fetch(root, "notes.md")
    with pytest.raises(TrackerError, match="outside"):
        find(root, tmp_path)


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    root = tmp_path / "project"
    outside = write(tmp_path / "secret" / "metrics.json", {"secret": 1.0})
    (root / "run").mkdir(parents=True)
    (root / "run" / "metrics.json").symlink_to(outside)
    (root / "linked").symlink_to(outside.parent)
    (root / "again").symlink_to(root)
    assert find(root) == ()
    assert find(root, runs=["linked", "*", "linked/metrics.json"], metrics="*.json") == ()
    with pytest.raises(TrackerError, match="outside"):
        fetch(root, "linked")
    with pytest.raises(TrackerError, match="no metrics"):
        fetch(root, "run")
    with pytest.raises(TrackerError, match="outside"):
        fetch(root, "run/metrics.json")


def test_hostile_values_become_no_run_or_a_harmless_one(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(200):
        deep = {"a": deep}
    values = {
        "deep": deep, "many": {str(n): n for n in range(6000)}, "odd": "\ud83d", "": 5,
        "big": 10**300, "epoch": "NaN", "list": [[1]], "a\x00b": 1,
    }  # fmt: skip
    write(tmp_path / "run" / "metrics.json", values)
    write(tmp_path / "run" / "params.json", values)
    write(tmp_path / "run" / "run.json", {"experiment": 3, "host": [], "status": {}})
    run = fetch(tmp_path, "run")
    assert len(run.metrics) <= 5000
    survives(run)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    os.mkfifo(tmp_path / "run" / "metrics.json")
    assert find(tmp_path) == ()
    with pytest.raises(TrackerError, match="no regular file"):
        fetch(tmp_path, "run", metrics="metrics.json")


@pytest.mark.parametrize(
    "name",
    [
        "sacred/1/run.json", "sacred/1/metrics.json", "sacred/1/config.json",
        "hydra/2026-11-21/11-09-15/.hydra/overrides.yaml", "lightning/version_0/hparams.yaml",
        "mmdet/train_log.json", "yolo/results.csv", "plain/run7/metrics.json",
        "harness/EleutherAI__pythia-160m/results_2024-07-10T10-15-12.123456.json",
    ],
)  # fmt: skip
def test_damaged_files_say_nothing_that_is_not_so(tmp_path: Path, name: str) -> None:
    root = tmp_path / "project"
    shutil.copytree(DATA, root)
    locator = name.partition("/.hydra")[0] if ".hydra" in name else name.rpartition("/")[0]
    whole = fetch(root, locator)
    for _, run in read_cut(root / name, lambda: fetch(root, locator), 100):
        if name.endswith(".json") and not name.startswith("mmdet"):  # an epoch's last counts there
            is_part_of(run, whole)
        survives(run)
    for _, run in read_mutated(root / name, lambda: fetch(root, locator), 60):
        survives(run)


def test_thousands_of_runs_are_found(tmp_path: Path) -> None:
    for number in range(2000):
        write(tmp_path / f"runs/{number:04}/metrics.json", '{"f1": 0.5}')
    found = find(tmp_path)
    assert len(found) == 2000
    assert found[:2] == ("json:runs/0000", "json:runs/0001")


def test_a_folder_of_dvclive_is_no_run_of_this_tracker(tmp_path: Path) -> None:
    write(tmp_path / "dvclive" / "metrics.json", {"f1": 0.3})
    (tmp_path / "dvclive" / "plots" / "metrics").mkdir(parents=True)
    write(tmp_path / "own" / "metrics.json", {"f1": 0.3})
    assert find(tmp_path) == ("json:own",)
