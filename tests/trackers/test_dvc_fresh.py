"""Projects that the installed DVC and DVCLive run in the test, compared with what both say."""

from __future__ import annotations

import math
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Command, Dataset, Metric, Model
from tests.trackers.dvc_projects import (
    ask_api,
    commit_all,
    dvc,
    fetch,
    find,
    flatten,
    git,
    make_project,
    run,
    show_experiments,
    write_files,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fresh") / "project"
    root.mkdir()
    make_project(root)
    return root


def test_commands_come_in_the_order_of_the_graph_as_the_lock_has_them(project: Path) -> None:
    assert fetch(project, "v1.0").commands == tuple(
        Command(line=line, kind=kind)  # type: ignore[arg-type]
        for line, kind in (
            ("python src/step.py head small 1 4", "other"),
            ("python src/step.py head large 2 4", "other"),
            ("python src/step.py sweep 1 x", "other"),
            ("python src/step.py sweep 2 x", "other"),
            ("python src/step.py prepare", "other"),
            ("python ../src/step.py train --lr 0.01", "train"),
            ("echo trained", "train"),
            ("python src/step.py predict model/model.pt", "predict"),
        )
    )


def test_experiments_and_what_is_on_disk_are_found(project: Path) -> None:
    assert find(project) == ("dvc:exp-half", "dvc:exp-temp", "dvc:.")
    half, temp = fetch(project, "exp-half"), fetch(project, "exp-temp")
    assert (half.status, temp.status) == ("finished", "finished")
    assert half.description == "half the rate"
    assert temp.description == ""  # DVC's own message says nothing
    assert half.tags["base_commit"] == git(project, "rev-parse", "v1.0").strip()
    assert half.finished is not None
    assert half.source is not None
    assert half.source.entrypoint == "src/step.py"
    assert half.params["train.lr"] == 0.5
    assert temp.params["prepare.seed"] == 9
    assert half.environment is not None
    assert half.environment.seed == 7


def test_params_of_every_format_are_read(project: Path) -> None:
    params = dict(fetch(project, "v1.0").params)
    assert math.isnan(params.pop("nan"))  # type: ignore[arg-type]
    assert params == {
        "defaults.dropout": 0.1,
        "defaults.layers": [1, 2],
        "prepare.seed": 3,
        "train.dropout": 0.1,
        "train.layers": [1, 2],
        "train.lr": 0.01,
        "train.seed": 7,
        "train.none": None,
        "train.on": "no",
        "j.k": [1, 2],
        "a.b": 3,
        "SIZES": [1, 2],
        "Train.lr": 5,
        "depth": 4,
    }


def test_metrics_plots_and_words_are_read(project: Path) -> None:
    found = fetch(project, "v1.0")
    bad = found.metrics.pop("eval.bad")
    loss = found.metrics.pop("loss")
    assert math.isnan(bad.value)
    assert (math.isnan(loss.value), loss.step) == (True, 2)
    assert found.metrics == {
        "acc": Metric(value=0.99),
        "eval.f1": Metric(value=0.01),
        "ok": Metric(value=1.0),
        "rouge": Metric(value=0.01),
        "count": Metric(value=7.0),
        "eval.bleu": Metric(value=0.02),  # in DVC's cache alone
        "out/small/score.json:score": Metric(value=0.1),
        "out/large/score.json:score": Metric(value=0.2),
        "outside": Metric(value=0.25),
        "val_acc": Metric(value=0.3, step=2),
        "grad": Metric(value=2.5, step=2),
    }
    assert found.tags["note"] == "fine"
    assert [row.metrics for row in found.checkpoints] == [
        {"val_acc": 0.1},
        {"val_acc": 0.2},
        {"val_acc": 0.3},
    ]
    assert [curve.metric for curve in found.curves] == ["grad", "loss"]  # no curve of fpr


def test_data_and_models_have_their_digests(project: Path) -> None:
    found = fetch(project, "v1.0")
    raw, prepared = found.data
    assert raw == Dataset(
        name="data/raw.csv", path="data/raw.csv", digest="md5:e5ebd4c02cefbe7955977c67ada242b7"
    )
    assert (prepared.path, prepared.context) == ("data/prepared", "training")
    assert prepared.digest.endswith(".dir")
    assert found.model == Model(
        name="model/start.pt",
        path="model/start.pt",
        digest="md5:ea2b2676c28c0db26d39331a336c6b92",
    )
    assert [(model.name, model.kind, model.path) for model in found.output] == [
        ("qa", "torch", "model/model.pt")
    ]
    assert set(found.tags) >= {"tiny", "polish", "artifact.qa", "stage.train"}


def same_values(expected: dict[str, Any], found: dict[str, Any]) -> None:
    """Each value of each file under its own name, or after its file's where several have it."""
    seen = set()
    for path, content in expected.items():
        for name, value in flatten(content["data"]).items():
            label = name if name in found else f"{path}:{name}"
            assert repr(found[label]) == repr(value), (path, name)
            seen.add(label)
    assert seen == set(found)


@pytest.fixture(scope="module")
def shown(project: Path) -> dict[str, dict[str, Any]]:
    return show_experiments(project)


@pytest.mark.parametrize("name", ["exp-half", "exp-temp", "v1.0"])
def test_every_value_is_the_one_that_dvc_shows(
    project: Path, shown: dict[str, dict[str, Any]], name: str
) -> None:
    found = fetch(project, name)
    assert found.source is not None
    data = shown[name if name in shown else found.source.commit]
    same_values(data["params"], dict(found.params))
    values = flatten({path: item["data"] for path, item in data["metrics"].items()}, "\0")
    plotted = {"loss", "val_acc", "grad"}
    numbers = {key: m.value for key, m in found.metrics.items() if key not in plotted}
    words = {key: word for key, word in found.tags.items() if key == "note"}
    listed = {key.replace("\0", ":", 1).replace("\0", "."): v for key, v in values.items()}
    assert len(listed) == len(numbers) + len(words)
    for label, value in listed.items():
        short = label.partition(":")[2]
        mine = {**numbers, **words}[short if short in numbers or short in words else label]
        assert mine == value or (math.isnan(mine) and math.isnan(value))
    entries = {**data["deps"], **data["outs"]}
    for item in (*found.data, *found.output, found.model):
        assert item is not None
        assert item.digest == f"md5:{entries[item.path]['hash']}"


def test_the_api_names_the_same_params(project: Path) -> None:
    said = ask_api(project, "exp-half", "v1.0")
    for name in ("exp-half", "v1.0"):
        found = dict(fetch(project, name).params)
        listed = flatten({k.rpartition(":")[2]: v for k, v in said["params"][name].items()})
        assert {key for key in listed if key not in found} == set()


def test_what_is_on_disk_is_the_last_run(project: Path) -> None:
    found, main = fetch(project, "."), fetch(project, "main")
    assert (found.status, found.source and found.source.dirty) == ("finished", False)
    assert found.commands == main.commands
    assert repr(found.params) == repr(main.params)
    assert repr(found.metrics) == repr(main.metrics)
    assert (found.data, found.output) == (main.data, main.output)


def test_a_run_that_failed_leaves_no_experiment(project: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(project, own, symlinks=True)
    dvc(own, "exp", "run", "-q", "-n", "exp-bad", "-S", "train.lr=10", check=False)
    with pytest.raises(TrackerError, match=r"model/scores\.json is no valid JSON in line 1"):
        fetch(own, ".")
    with pytest.raises(TrackerError, match="'exp-bad' is no experiment"):
        fetch(own, "exp-bad")
    assert fetch(own, "exp-half").status == "finished"
    (own / "model" / "scores.json").unlink()
    found = fetch(own, ".")
    assert found.status is None
    assert "train" in found.tags["changed"]
    assert found.params["train.lr"] == 0.01  # what the lock says was run; the file says 10
    assert found.metrics["acc"] == Metric(value=0.99)  # of that run too, from DVC's cache
    assert found.source is not None
    assert found.source.dirty is True


def test_a_clone_reads_experiments_that_were_fetched(project: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "-q", str(project), str(clone))
    assert find(clone) == ("dvc:.",)
    git(clone, "fetch", "-q", "origin", "refs/exps/*:refs/exps/*")
    assert find(clone) == ("dvc:exp-half", "dvc:exp-temp", "dvc:.")
    found = fetch(clone, "exp-half")
    # What DVC keeps outside of git is not in a clone: nothing is made up for it.
    assert "eval.bleu" not in found.metrics
    assert found.metrics["acc"] == Metric(value=0.5)
    assert found.status == "finished"


# DVCLive -----------------------------------------------------------------------------------------

LIVE = """\
import sys
from dvclive import Live
with Live(sys.argv[1], save_dvc_exp="save" in sys.argv, exp_name="live-one", report=None,
          exp_message="by hand", dvcyaml=None if "bare" in sys.argv else "dvc.yaml") as live:
    live.log_params({"lr": 0.1, "nested": {"a": [1, 2]}, "text": "ż: #"})
    for step in range(4):
        live.log_metric("train/loss", 1 / (step + 1), timestamp=True)
        live.log_metric("eval/f1", float("nan") if step == 2 else step / 4, timestamp=True)
        live.log_metric("deep/er/x y", float("inf"))
        if "die" in sys.argv and step == 2:
            import os
            os._exit(9)
        live.next_step()
    live.log_metric("test/f1", 0.75, plot=False)
    live.log_metric("verdict", "good", plot=False)
    if "save" in sys.argv:
        open("net.pt", "w").write("net")
        live.log_artifact("net.pt", type="model", name="net", labels=["x"], cache=False)
"""


def log(root: Path, *arguments: str, check: bool = True) -> None:
    write_files(root, {"log.py": LIVE})
    run(root, sys.executable, "log.py", *arguments, check=check)


def test_a_folder_of_dvclive_alone_is_read(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    log(root, "experiments/qa-1/dvclive", "bare")
    folder = root / "experiments" / "qa-1"
    assert find(root, folder) == ("dvc:experiments/qa-1/dvclive",)
    found = fetch(root, "experiments/qa-1/dvclive")
    assert repr(fetch(root, "experiments/qa-1")) == repr(found)
    assert (found.name, found.status, found.source) == ("qa-1", None, None)
    assert found.params == {"lr": 0.1, "nested.a": [1, 2], "text": "ż: #"}
    assert [row.step for row in found.checkpoints] == [0, 1, 2, 3]
    assert [row.metrics["eval/f1"] for row in found.checkpoints][:2] == [0.0, 0.25]
    assert math.isnan(found.checkpoints[2].metrics["eval/f1"])
    assert {curve.metric for curve in found.curves} == {"train/loss", "deep/er/x y"}
    assert found.metrics["deep/er/x y"] == Metric(value=math.inf, step=3)
    assert found.metrics["test/f1"] == Metric(value=0.75)
    assert found.tags["verdict"] == "good"
    assert found.started is not None
    assert found.finished is None
    assert found.unavailable == ("commands", "source")


def test_a_training_that_was_killed_keeps_its_points(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    log(root, "dvclive", "bare", "die", check=False)
    found = fetch(root, "dvclive")
    assert found.metrics["train/loss"] == Metric(value=1 / 3, step=2)
    assert found.curves[-1].values == (1.0, 0.5, 1 / 3)
    assert found.status is None


def test_an_experiment_that_dvclive_saved_is_read(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main", ".")
    dvc(root, "init", "-q")
    write_files(root, {"log.py": LIVE, ".gitignore": "net.pt\n"})
    commit_all(root, "Start")
    log(root, "dvclive", "save")
    assert find(root) == ("dvc:live-one", "dvc:.")
    found = fetch(root, "live-one")
    assert found.description == "by hand"
    assert found.status is None  # it is saved also when the training raises
    assert found.params["nested.a"] == [1, 2]
    assert found.metrics["train/loss"] == Metric(value=0.25, step=3)
    assert [(model.name, model.path) for model in found.output] == [("net", "net.pt")]
    assert found.tags["x"] == ""
    assert found.source is not None
    assert (found.source.dirty, found.commands) == (False, ())
    shown = show_experiments(root)["live-one"]
    values = flatten(shown["metrics"]["dvclive/metrics.json"]["data"], "/")
    for name, metric in found.metrics.items():
        assert str(metric.value) == str(values[name]).replace("Infinity", "inf")
    assert fetch(root, ".").metrics["test/f1"] == Metric(value=0.75)
