"""TensorBoard: the folders of many libraries told apart, and what lies beside the events."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardgen.config import Config
from cardgen.errors import TrackerError
from cardgen.fetch import find_runs as find_all_runs
from cardgen.models import Model, Run, TrackerConfig
from cardgen.trackers import tensorboard
from cardgen.trackers.tensorboard.files import is_event_file
from cardgen.trackers.tensorboard.texts import parse_blocks, parse_params, parse_texts
from tests.trackers.damage import read_cut, read_mutated
from tests.trackers.tensorboard_writer import Writer, write

ONE = (0.5, 0.6)


def fetch(root: Path, locator: str) -> Run:
    return tensorboard.fetch_run(locator, TrackerConfig(root))


def find(root: Path) -> list[str]:
    refs = tensorboard.find_runs(root, TrackerConfig(root))
    return [ref.removeprefix("tensorboard:") for ref in refs]


# Folders -------------------------------------------------------------------------------------


def test_keras_writes_two_folders_of_one_run(tmp_path: Path) -> None:
    for role, values in (("train", (0.9, 0.5)), ("validation", (0.8, 0.6))):
        with Writer(tmp_path / "logs" / "20261121" / role, suffix=".v2") as writer:
            for step, value in enumerate(values):
                writer.tensor("epoch_loss", value, step)
                writer.tensor("epoch_accuracy", 1 - value, step)
    assert find(tmp_path) == ["logs/20261121"]
    run = fetch(tmp_path, "logs/20261121")
    assert run.name == "logs/20261121"
    assert [row.metrics for row in run.checkpoints] == [
        {"validation/epoch_accuracy": 0.2, "validation/epoch_loss": 0.8},
        {"validation/epoch_accuracy": 0.4, "validation/epoch_loss": 0.6},
    ]
    assert [curve.metric for curve in run.curves] == ["train/epoch_accuracy", "train/epoch_loss"]
    assert all("/" in file.path for file in run.files)


def test_an_estimator_writes_eval_inside_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "model", loss=(2.0, 1.0))
    write(tmp_path / "model" / "eval", accuracy=ONE)
    write(tmp_path / "model" / "eval_holdout", accuracy=ONE)
    assert find(tmp_path) == ["model"]
    run = fetch(tmp_path, "model")
    assert run.checkpoints[1].metrics == {"eval/accuracy": 0.6, "eval_holdout/accuracy": 0.6}
    assert run.metrics["loss"].value == 1.0


def test_runs_called_test_or_train_beside_others_are_runs(tmp_path: Path) -> None:
    for name in ("baseline", "test", "train"):
        write(tmp_path / "runs" / name, loss=ONE)
    write(tmp_path / "other" / "eval", loss=ONE)
    assert find(tmp_path) == ["other/eval", "runs/baseline", "runs/test", "runs/train"]


def test_train_at_the_root_is_a_run_by_itself(tmp_path: Path) -> None:
    write(tmp_path / "train", loss=ONE)
    write(tmp_path / "validation", loss=ONE)
    assert find(tmp_path) == ["train", "validation"]


def test_add_scalars_of_torch_writes_a_folder_a_line(tmp_path: Path) -> None:
    write(tmp_path / "run", lr=ONE)
    write(tmp_path / "run" / "loss_train", loss=(2.0, 1.0))
    write(tmp_path / "run" / "loss_val", loss=(2.5, 1.5))
    write(tmp_path / "run" / "f1_macro_val_a" / "b", f1__macro=ONE)
    write(tmp_path / "run" / "later", loss=ONE)
    assert find(tmp_path) == ["run", "run/later"]
    run = fetch(tmp_path, "run")
    assert run.checkpoints[0].metrics == {"loss/val": 2.5, "f1/macro/val_a/b": 0.5}
    assert run.metrics["loss/train"].value == 1.0
    assert run.metrics["f1/macro/val_a/b"].value == 0.6


def test_one_session_belongs_to_its_run_and_different_ones_do_not(tmp_path: Path) -> None:
    for lr in (0.1, 0.2):
        write(tmp_path / "several", loss=ONE)
        with Writer(tmp_path / "several" / f"17000000{lr * 100:.0f}.5") as writer:
            writer.start_like_torch({"lr": lr})
            writer.scalar("hparam/f1", lr, 0)
    write(tmp_path / "named", loss=ONE)
    with Writer(tmp_path / "named" / "best") as writer:
        writer.start_like_torch({"lr": 0.3})
        writer.scalar("hparam/f1", 0.9, 0)
    assert find(tmp_path) == ["named", "several", "several/1700000010.5", "several/1700000020.5"]
    assert fetch(tmp_path, "named").params == {"lr": 0.3}
    child = fetch(tmp_path, "several/1700000010.5")
    assert (child.params, child.parent) == ({"lr": 0.1}, "tensorboard:several")
    assert fetch(tmp_path, "several").params == {}


def test_a_sweep_of_keras_is_its_trials(tmp_path: Path) -> None:
    with Writer(tmp_path / "sweep") as writer:
        writer.experiment(name="sweep")
    with Writer(tmp_path / "sweep" / "run-0") as writer:
        writer.start({"units": 16}, group_name="a")
        writer.scalar("accuracy", 0.8, 1)
    assert find(tmp_path) == ["sweep/run-0"]
    run = fetch(tmp_path, "sweep/run-0")
    assert (run.params, run.group, run.parent) == ({"units": 16}, "a", "")


def test_lightning_has_its_params_beside_the_events(tmp_path: Path) -> None:
    folder = write(tmp_path / "lightning_logs" / "version_3", val_loss=(2.0, 1.0), epoch=(0.0, 1.0))
    (folder / "hparams.yaml").write_text(
        "lr: 1e-4\nbetas: !!python/tuple\n- 0.9\n- 0.999\nout: !!python/object/apply:os.system\n"
        "- touch hacked\nnet:\n  width: 8\n  act: !!python/name:torch.nn.ReLU\nname: qa\n"
    )
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "epoch=1-step=2.ckpt").write_bytes(b"not opened")
    run = fetch(tmp_path, "lightning_logs/version_3")
    assert run.name == "lightning_logs/version_3"
    assert run.params == {"lr": 1e-4, "betas": [0.9, 0.999], "name": "qa"}
    assert [(row.step, row.epoch) for row in run.checkpoints] == [(1, 0.0), (2, 1.0)]
    path = "lightning_logs/version_3/checkpoints/epoch=1-step=2.ckpt"
    assert run.output == (Model(path=path),)
    assert not (tmp_path / "hacked").exists()
    assert run.files[0].path == "checkpoints/epoch=1-step=2.ckpt"


def test_yolo_and_hydra_have_theirs(tmp_path: Path) -> None:
    folder = write(tmp_path / "runs" / "train" / "exp", metrics__precision=ONE)
    (folder / "opt.yaml").write_text("epochs: 3\nweights: yolov5s.pt\n")
    (folder / "hyp.yaml").write_text("lr0: 0.01\nepochs: 99\n")
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "config.yaml").write_text("model:\n  name: yolo\n")
    (folder / "weights").mkdir()
    for name in ("best.pt", "last.pt"):
        (folder / "weights" / name).write_bytes(b"x")
    assert find(tmp_path) == ["runs/train/exp"]
    run = fetch(tmp_path, "runs/train/exp")
    assert run.name == "train/exp"
    assert run.params == {
        "epochs": 3,
        "weights": "yolov5s.pt",
        "lr0": 0.01,
        "model": {"name": "yolo"},
    }
    assert run.output == (Model(path="runs/train/exp/weights/best.pt"),)


def test_several_checkpoints_without_a_best_are_their_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", loss=ONE)
    (folder / "checkpoints").mkdir()
    for name in ("a.ckpt", "b.ckpt"):
        (folder / "checkpoints" / name).write_bytes(b"x")
    assert fetch(tmp_path, "run").output == (Model(path="run/checkpoints"),)


def test_stores_of_others_environments_and_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    for name in ("mlruns/0/a/artifacts", "wandb/run-1/files", ".cache/x", "venv/lib/y", "ok"):
        write(tmp_path / name, loss=ONE)
    assert find(tmp_path) == ["ok"]


def test_the_runs_of_a_trainer_are_no_runs_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "out" / "runs" / "Nov21_vm", loss=ONE)
    (tmp_path / "out" / "trainer_state.json").write_text('{"global_step": 2, "log_history": []}')
    write(tmp_path / "plain", loss=ONE)
    refs = find_all_runs(Config(root=tmp_path), tmp_path)
    assert refs == ("hf:out", "tensorboard:plain")


def test_thousands_of_runs_are_found_once_each(tmp_path: Path) -> None:
    source = next(write(tmp_path / "x", loss=ONE).iterdir())
    for number in range(1500):
        folder = tmp_path / "logs" / f"run-{number:04}"
        folder.mkdir(parents=True)
        os.link(source, folder / source.name)
    assert len(find(tmp_path / "logs")) == 1500


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("events.out.tfevents.1700000000.host.1.0", True),
        ("events.out.tfevents.1700000000.host", True),
        ("events.out.tfevents.1700000000.host.1.0.v2", True),
        ("events.out.tfevents.1700000000.host.my_suffix", True),
        ("1700000000.tfevents", True),
        ("events.out.tfevents.1700000000.host.profile-empty", False),
        ("events.out.tfevents.1700000000.host.1.0.gz", False),
        ("events.out.tfevents.1700000000.host.1.0.dvc", False),
        ("model.ckpt", False),
    ],
)
def test_which_files_are_event_files(name: str, expected: bool) -> None:
    assert is_event_file(name) is expected


# Texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"lr": 1e-4, "on": true}', {"lr": 1e-4, "on": True}),
        ("```json\n{\n \"a\": 1\n}\n```", {"a": 1}),
        ("    {\"a\": 1}", {"a": 1}),
        ("<pre>a: 1\nb: no\n</pre>", {"a": 1, "b": "no"}),
        ("|param|value|\n|-|-|\n|lr|0.1|\n|seed|1|\n|x|None|\n|s|a b|", {"lr": 0.1, "seed": 1,
                                                                          "x": None, "s": "a b"}),
        ("a | b\n--- | ---\nlr | 0.1", {"lr": 0.1}),
        ("Namespace(lr=0.1, betas=(0.9, 0.99), dev=device(type='cpu'), n=None)",
         {"lr": 0.1, "betas": [0.9, 0.99], "dev": "device(type='cpu')", "n": None}),
        ("lr: 0.1\nmodel:\n  name: x", {"lr": 0.1, "model": {"name": "x"}}),
        ("A sentence about training.", {}),
        ("Namespace(" + "(" * 3000 + ")" * 3000 + ")", {}),
        ("Namespace(__import__('os').system('touch x'))", {}),
        ("[1, 2]", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_params_in_texts(text: str, expected: dict[str, object]) -> None:
    found = parse_texts({"config/text_summary": text})
    assert found.params == expected


def test_deep_and_long_texts_are_bounded() -> None:
    deep = parse_params('{"a": ' + "[" * 800 + "]" * 800 + ', "b": "\\ud800"}')
    assert deep["b"] == "?"
    assert len(json.dumps(deep)) < 200
    many = parse_blocks("\n".join(f"a{number}: &x 1" for number in range(5000)))
    assert many == {}
    mixed = parse_blocks("\n".join(["bad: &x 1", *(f"a{number}: 1" for number in range(50))]))
    assert len(mixed) == 50


def test_only_texts_that_say_what_they_are_are_taken() -> None:
    said = parse_texts(
        {
            "samples/text_summary": '{"lr": 1}',
            "hyperparameters/text_summary": '{"lr": 2}',
            "command": "python train.py\nand more",
            "cmd": "python train.py",
            "notes": "Goal: beat the baseline.",
            "model_config/text_summary": '{"_name_or_path": "allegro/plt5-base"}',
        }
    )
    assert said.params == {"lr": 2}
    assert said.commands == ("python train.py",)
    assert said.description == "Goal: beat the baseline."
    assert said.model == {"_name_or_path": "allegro/plt5-base"}


def test_the_model_of_a_trainer_without_its_folder(tmp_path: Path) -> None:
    with Writer(tmp_path / "run") as writer:
        writer.text("args", json.dumps({"seed": 7, "run_name": "x"}))
        config = {"_name_or_path": "allegro/plt5-base", "architectures": ["T5Model"]}
        writer.text("model_config", json.dumps(config))
        writer.scalars("eval/f1", ONE)
    run = fetch(tmp_path, "run")
    assert run.model == Model(name="allegro/plt5-base", kind="T5Model")
    assert run.environment is not None
    assert run.environment.seed == 7


@given(st.text(max_size=300))
def test_any_text_is_read_or_says_nothing(text: str) -> None:
    for parse in (parse_params, parse_blocks):
        assert isinstance(parse(text), dict)
    assert isinstance(parse_texts({"args": text, "command": text}).params, dict)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hparams.yaml", "lr: 1e-4\nbetas: !!python/tuple\n- 0.9\nnet:\n  width: 8\nname: 'qa'\n"),
        ("params.json", '{"lr": 0.0001, "net": {"width": [8, null]}, "name": "q\\u0105"}'),
    ],
    ids=["yaml", "json"],
)
def test_params_beside_the_events_can_be_damaged(tmp_path: Path, name: str, text: str) -> None:
    path = write(tmp_path / "run", loss=ONE) / name
    path.write_text(text)
    assert fetch(tmp_path, "run").params["net"]
    for _, run in (
        *read_cut(path, lambda: fetch(tmp_path, "run")),
        *read_mutated(path, lambda: fetch(tmp_path, "run"), count=60),
    ):
        assert run.metrics["loss"].value == 0.6
        run.model_dump_json()


# Strangers -----------------------------------------------------------------------------------


def test_links_out_of_the_project_are_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "run", loss=ONE)
    inside = tmp_path / "project"
    write(inside / "run", loss=ONE)
    (inside / "link").symlink_to(outside)
    (inside / "run" / "events.out.tfevents.1800000000.x").symlink_to(next(outside.iterdir()))
    (inside / "run" / "hparams.yaml").symlink_to("/etc/passwd")
    assert find(inside) == ["run"]
    assert len(fetch(inside, "run").files) == 1
    for locator in ("link", "../outside/run", str(outside)):
        with pytest.raises(TrackerError, match="outside the project"):
            fetch(inside, locator)
    with pytest.raises(TrackerError, match="outside the project"):
        tensorboard.find_runs(outside, TrackerConfig(inside))


def test_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", loss=ONE)
    os.mkfifo(folder / "events.out.tfevents.1800000000.pipe")
    (folder / "events.out.tfevents.1800000001.folder").mkdir()
    (folder / "args.yaml").mkdir()
    (folder / "hparams.yaml").write_bytes(b"\xff\xfe: [" * 100)
    (folder / "config.yaml").write_text("[" * 100_000)
    (folder / "opt.yaml").write_text("a: &a [x]\nb: *a\nc: 1\n")
    (folder / "params.json").write_text('{"deep": ' + "[" * 100_000)
    run = fetch(tmp_path, "run")
    assert run.metrics["loss"].value == 0.6
    assert run.params["c"] == 1


@pytest.mark.parametrize("locator", ["\0", "a" * 5000, "run/../../..", "run\n", "~"])
def test_odd_locators_are_refused(tmp_path: Path, locator: str) -> None:
    write(tmp_path / "run", loss=ONE)
    with pytest.raises(TrackerError):
        fetch(tmp_path, locator)


def test_odd_numbers_steps_and_tags(tmp_path: Path) -> None:
    with Writer(tmp_path / "run", at=-5.0) as writer:
        for step in (-3, 0, 2**62):
            writer.scalar("a/\x1b[31m\u202e", float("inf"), step)
        writer.scalar("", 1.0, 1)
        writer.scalar("big", 3.4e38, 1)
    run = fetch(tmp_path, "run")
    assert run.metrics[""].value == 1.0
    assert run.metrics["big"].value == 3.4e38
    (row, *_) = [row for row in run.checkpoints if row.step == -3]
    assert row.metrics == {"a/\x1b[31m\u202e": float("inf")}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["a", "a/train", "a/eval", "a/b", "a/loss_x", "a/1700000000.1", "c/train"]),
        max_size=6,
        unique=True,
    )
)
def test_each_folder_with_events_belongs_to_exactly_one_run(
    tmp_path_factory: pytest.TempPathFactory, folders: list[str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for folder in folders:
        write(root / folder, loss=ONE)
    read = [
        (Path(name) / file.path).parent.as_posix()
        for name in find(root)
        for file in fetch(root, name).files
    ]
    assert sorted(read) == sorted(folders)
