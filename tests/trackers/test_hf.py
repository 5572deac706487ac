from __future__ import annotations

import datetime as dt
import json
import math
import os
import pickle
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.masking import mask_run
from cardgen.models import Checkpoint, Dataset, Evidence, Metric, Model, Run, TrackerConfig
from cardgen.trackers import hf
from cardgen.trackers._series import MAX_POINTS
from cardgen.trackers.hf import files
from cardgen.trackers.hf import find as finding

DATA = Path(__file__).parents[1] / "data" / "hf"
SAMPLES = ("epochs", "killed", "nan", "old", "peft", "qa-1", "script", "st", "trl")
STATE = "trainer_state.json"

_opened: list[str] | None = None


def _record_opening(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None:
        _opened.append(str(arguments[0]))


sys.addaudithook(_record_opening)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The paths of all files that were opened by whatever means."""
    global _opened  # noqa: PLW0603
    _opened = []
    yield _opened
    _opened = None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's root with a real output in it, ``qa-1``."""
    shutil.copytree(DATA / "qa-1", tmp_path / "qa-1")
    return tmp_path


def fetch(root: Path, locator: str) -> Run:
    return hf.fetch_run(locator, TrackerConfig(root))


def find(root: Path, location: Path | None = None) -> tuple[str, ...]:
    return hf.find_runs(location or root, TrackerConfig(root))


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def survives(run: Run) -> None:
    """A run can become evidence and be read again."""
    text = format_evidence(Evidence(code="qa-1", runs=(run,)))
    assert format_evidence(parse_evidence(text)) == text


# What the real programs wrote ----------------------------------------------------------------


def test_a_real_output_is_read_whole() -> None:
    run = fetch(DATA, "qa-1")
    assert (run.ref, run.name, run.status) == ("hf:qa-1", "qa-1", "finished")
    assert run.started == dt.datetime(2026, 11, 21, 6, 15, 15, 510002, dt.UTC)
    assert run.finished == dt.datetime(2026, 11, 21, 6, 15, 24, 854301, dt.UTC)
    assert run.checkpoints == (
        Checkpoint(
            step=25,
            epoch=1.0,
            path="qa-1/checkpoint-25",
            metrics={"eval_accuracy": 0.095, "eval_loss": 2.3064842224121094},
        ),
        Checkpoint(
            step=50,
            epoch=2.0,
            path="qa-1/checkpoint-50",
            metrics={"eval_accuracy": 0.095, "eval_loss": 2.3074371814727783},
        ),
    )
    assert [c.metric for c in run.curves] == ["grad_norm", "learning_rate", "loss"]
    assert run.curves[2].steps == (10, 20, 30, 40, 50)
    assert run.params["learning_rate"] == 0.005
    assert run.params["metric_for_best_model"] == "accuracy"
    assert run.params["train_batch_size"] == 32  # the model card's name for it
    assert run.environment is not None
    assert (run.environment.seed, run.environment.host) == (7, "vm")
    assert run.environment.packages["torch"] == "2.13.0+cpu"
    assert run.model == Model(kind="BertForSequenceClassification")
    assert run.output == (Model(kind="BertForSequenceClassification", path="qa-1"),)
    assert run.data == (Dataset(name="sklearn digits"),)
    assert run.tags["digits"] == ""
    assert run.tags["license"] == "mit"
    assert run.tags["best_model_checkpoint"] == "qa-1/checkpoint-25"
    assert run.description == ""  # "More information needed"
    assert run.unavailable == ("commands", "source")
    assert (run.commands, run.source) == ((), None)


def test_the_final_evaluation_of_the_best_model_is_that_of_its_step() -> None:
    run = fetch(DATA, "qa-1")
    assert run.metrics["eval_loss"] == Metric(value=2.3064842224121094, step=25)
    assert run.metrics["best_metric"] == Metric(value=0.095, step=25)
    assert run.metrics["train_loss"] == Metric(value=2.305929412841797, step=50)
    assert run.metrics["loss"] == Metric(value=2.3095701217651365, step=50)
    assert not any("runtime" in name for row in run.checkpoints for name in row.metrics)
    assert run.metrics["eval_runtime"].value == 0.1334


def test_what_a_script_evaluates_after_training_is_the_last_step() -> None:
    run = fetch(DATA, "script")
    assert run.checkpoints == (
        Checkpoint(
            step=26,
            epoch=2.0,
            metrics={
                "eval_accuracy": 0.06,
                "eval_loss": 2.3070154190063477,
                "predict_accuracy": 0.11,
                "predict_loss": 2.3012423515319824,
            },
        ),
    )
    assert run.model == Model(name="bert-base-uncased", kind="BertForSequenceClassification")
    assert run.data == (Dataset(name="glue"),)


def test_weights_behind_a_pointer_give_their_digest() -> None:
    run = fetch(DATA, "script")
    digest = "sha256:637a6daf88d2ef8775d1665b9263b8375aa3750c4e3226f70e228fa0372af39a"
    assert run.output[0].digest == digest
    sizes = {file.path: (file.size, file.digest) for file in run.files}
    assert sizes["model.safetensors"] == (437958648, digest)
    assert sizes["all_results.json"] == (595, "")


def test_an_old_version_is_read_alike() -> None:
    run = fetch(DATA, "old")
    assert run.status == "finished"
    assert run.checkpoints[0].step == 26
    assert run.checkpoints[0].metrics["eval_accuracy"] == 0.06
    assert run.environment is not None
    assert run.environment.packages["transformers"] == "4.30.2"
    assert run.params["evaluation_strategy"] == "no"
    assert [c.metric for c in run.curves] == ["learning_rate", "loss"]


def test_checkpoints_alone_are_a_run() -> None:
    run = fetch(DATA, "epochs")
    assert [(row.step, row.epoch, row.path) for row in run.checkpoints] == [
        (13, 1.0, "epochs/checkpoint-13"),
        (26, 2.0, "epochs/checkpoint-26"),
        (39, 3.0, "epochs/checkpoint-39"),
    ]
    assert run.status == "finished"  # all of its steps
    assert (run.started, run.finished) == (None, None)
    assert run.params == {
        "num_train_epochs": 3,
        "max_steps": 39,
        "train_batch_size": 32,
        "logging_steps": 5,
        "eval_steps": 500,
        "save_steps": 500,
    }


def test_a_run_that_was_killed_before_its_first_checkpoint_is_read_from_its_log() -> None:
    run = fetch(DATA, "killed")
    assert run.status is None
    assert run.started is not None
    assert run.finished is None
    assert [(row.step, row.metrics["eval/loss"]) for row in run.checkpoints] == [
        (5, 2.307084),
        (10, 2.3053274),
    ]
    assert run.checkpoints[0].epoch == 0.3846154
    assert run.params["seed"] == 11
    assert [c.metric for c in run.curves] == [
        "train/grad_norm",
        "train/learning_rate",
        "train/loss",
    ]


def test_a_diverged_run_keeps_what_is_no_number() -> None:
    run = fetch(DATA, "nan")
    assert [row.step for row in run.checkpoints] == [13, 26]
    assert all(math.isnan(row.metrics["eval_loss"]) for row in run.checkpoints)
    assert run.status == "finished"  # stopped early: fewer steps than planned, and an end
    assert run.metrics["best_metric"] == Metric(value=0.13, step=13)


def test_an_adapter_names_its_base() -> None:
    run = fetch(DATA, "peft")
    assert run.model == Model(name="google/bert_uncased_L-2_H-128_A-2", kind="bert")
    assert run.output == (Model(kind="LORA", path="peft"),)
    assert set(run.checkpoints[0].metrics) == {
        "eval_near_loss",
        "eval_near_accuracy",
        "eval_far_loss",
        "eval_far_accuracy",
    }


def test_sentence_transformers_are_read() -> None:
    run = fetch(DATA, "st")
    assert run.name == "st"
    assert run.checkpoints[1].metrics["eval_sts-dev_pearson_cosine"] == 0.01118442486312518
    assert run.params["multi_dataset_batch_sampler"] == "proportional"
    assert run.params["warmup_ratio"] is None
    assert run.environment is not None
    assert run.environment.python == "3.11.7"
    assert run.environment.packages["sentence-transformers"] == "6.2.0"
    assert run.data == (Dataset(name="sts-dev", context="eval"),)
    assert run.description == ""  # a list that the program made


def test_what_trl_logs_while_training_is_no_row() -> None:
    run = fetch(DATA, "trl")
    assert [row.step for row in run.checkpoints] == [3, 6]
    assert "entropy" in {c.metric for c in run.curves}
    assert "eval_num_tokens" not in run.checkpoints[0].metrics
    assert run.metrics["eval_num_tokens"].value == 168
    assert run.environment is not None
    assert run.environment.packages["trl"] == "1.16.0"


def test_all_samples_are_found_and_become_evidence() -> None:
    assert find(DATA) == tuple(f"hf:{name}" for name in SAMPLES)
    for name in SAMPLES:
        run = fetch(DATA, name)
        survives(run)
        assert mask_run(run) is run
        assert fetch(DATA, name) == run


# Pickles and places --------------------------------------------------------------------------


class Trap:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_no_pickle_and_no_weight_is_ever_opened(project: Path, opened: list[str]) -> None:
    trap = pickle.dumps(Trap(project / "sprung"))
    names = ["training_args.bin", "pytorch_model.bin", "checkpoint-25/optimizer.pt"]
    names += ["checkpoint-50/rng_state.pth", "checkpoint-50/training_args.bin"]
    for name in names:
        (project / "qa-1" / name).write_bytes(trap + b"\0" * 2000)
    (project / "qa-1" / "checkpoint-25" / "scheduler.pt").write_bytes(trap)
    opened.clear()
    assert find(project) == ("hf:qa-1",)
    run = fetch(project, "qa-1")
    seen = {Path(path).name for path in opened if path.startswith(str(project))}
    assert STATE in seen
    assert not {n for n in seen if n.endswith((".bin", ".pt", ".pth", ".safetensors"))}
    assert not (project / "sprung").exists()
    assert "training_args.bin" in {file.path for file in run.files}


@pytest.mark.parametrize(
    "locator",
    ["nowhere", "../qa-1", "/etc", "..", "a\0b", "", "x" * 5000, "qa-1/trainer_state.json"],
)
def test_a_locator_that_names_no_output_inside_the_project_is_refused(
    project: Path, locator: str
) -> None:
    (project / "inner").mkdir()
    with pytest.raises(TrackerError) as caught:
        fetch(project / "inner", locator)
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def test_a_link_out_of_the_project_is_not_followed(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "linked").symlink_to(project / "qa-1")
    assert find(root) == ()
    with pytest.raises(TrackerError, match="outside the project"):
        fetch(root, "linked")
    write(root / "own" / "config.json", {"model_type": "bert"})
    (root / "own" / STATE).symlink_to(project / "qa-1" / STATE)
    (root / "own" / "checkpoint-25").symlink_to(project / "qa-1" / "checkpoint-25")
    assert find(root) == ()
    with pytest.raises(TrackerError, match="no output"):
        fetch(root, "own")


def test_a_link_inside_the_project_is_read_and_found_once(project: Path) -> None:
    (project / "latest").symlink_to(project / "qa-1")
    (project / "qa-1" / "self").symlink_to(project / "qa-1")
    assert find(project) == ("hf:qa-1",)
    assert fetch(project, "latest").ref == "hf:qa-1"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(project: Path) -> None:
    (project / "qa-1" / "config.json").unlink()
    os.mkfifo(project / "qa-1" / "config.json")
    assert fetch(project, "qa-1").checkpoints
    (project / "qa-1" / STATE).unlink()
    os.mkfifo(project / "qa-1" / STATE)
    assert len(fetch(project, "qa-1").checkpoints) == 2


# What strangers' folders hold ----------------------------------------------------------------


def test_where_the_state_is_cut_the_newest_checkpoint_speaks(project: Path) -> None:
    state = project / "qa-1" / STATE
    state.write_bytes(state.read_bytes()[:900])
    assert [row.step for row in fetch(project, "qa-1").checkpoints] == [25, 50]
    assert find(project) == ("hf:qa-1",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"log_history": [', "cut"),
        ("[1, 2]", "no JSON object"),
        ("{}", "no state of the Trainer"),
        ("", "cut"),
        ('{"a":' * 100_000, "no valid JSON"),
        ('{"global_step": ' + "9" * 6000 + "}", "no valid JSON"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 3\n",
            "lfs",
        ),
    ],
    ids=["cut", "list", "empty object", "empty", "deep", "long number", "pointer"],
)
def test_a_state_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, content: str, why: str
) -> None:
    write(tmp_path / "run" / STATE, content)
    with pytest.raises(TrackerError, match=why) as caught:
        fetch(tmp_path, "run")
    assert f"run/{STATE}" in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_huge_state_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_JSON", 1024 * 1024)
    write(tmp_path / "run" / STATE, '{"log_history": []}' + " " * 1024 * 1024)
    with pytest.raises(TrackerError, match="larger than 1 MB"):
        fetch(tmp_path, "run")


@pytest.mark.parametrize(
    "name", ["config.json", "all_results.json", "eval_results.json", "README.md"]
)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b"null", b"\x00" * 99])
def test_a_broken_file_beside_the_state_hides_nothing_else(
    project: Path, name: str, content: bytes
) -> None:
    (project / "qa-1" / name).write_bytes(content)
    run = fetch(project, "qa-1")
    assert len(run.checkpoints) == 2
    assert len(run.curves) == 3
    survives(run)


def test_a_hundred_thousand_entries_are_read(tmp_path: Path) -> None:
    log: list[dict[str, float]] = [
        {"step": i, "epoch": i / 100, "loss": 1 / (i + 1), "learning_rate": 1e-4}
        for i in range(100_000)
    ]
    log[50_000:50_000] = [{"step": 50_000, "eval_f1": 0.5}]
    write(tmp_path / "run" / STATE, {"global_step": 100_000, "log_history": log})
    run = fetch(tmp_path, "run")
    assert [len(curve.steps) <= MAX_POINTS for curve in run.curves] == [True, True]
    assert run.checkpoints == (Checkpoint(step=50_000, epoch=500.0, metrics={"eval_f1": 0.5}),)
    assert run.metrics["loss"].step == 99_999


def test_the_oldest_logs_had_epochs_and_no_steps(tmp_path: Path) -> None:
    log = [
        {"loss": 1.0, "epoch": 0.5},
        {"loss": 0.5, "epoch": 1.0, "total_flos": 1e9},
        {"eval_acc": 0.7, "eval_loss": 0.9, "epoch": 1.0},
        {"eval_acc": 0.8, "eval_loss": 0.8, "epoch": 2.0},
    ]
    write(tmp_path / "run" / STATE, {"log_history": log})
    run = fetch(tmp_path, "run")
    assert [(row.step, row.epoch, row.metrics["eval_acc"]) for row in run.checkpoints] == [
        (None, 1.0, 0.7),
        (None, 2.0, 0.8),
    ]
    assert run.metrics["eval_acc"] == Metric(value=0.8)
    assert run.curves[0].axis == "order"


def test_results_that_are_lines_of_text_are_read(tmp_path: Path) -> None:
    write(tmp_path / "run" / "config.json", {"architectures": ["BertModel"]})
    write(tmp_path / "run" / "eval_results_mrpc.txt", "acc = 0.84\neval_loss = 0.41\nmodel = x\n")
    assert find(tmp_path) == ("hf:run",)
    run = fetch(tmp_path, "run")
    assert {name: metric.value for name, metric in run.metrics.items()} == {
        "acc": 0.84,
        "eval_loss": 0.41,
    }
    assert run.status is None


def test_entries_of_any_kind_are_read(tmp_path: Path) -> None:
    log: list[Any] = [
        None,
        {"step": "ten", "loss": 1.0},
        {"step": float("nan"), "loss": True},
        {"step": 10.0, "eval_LOC": {"f1": 0.5, "number": 12}, "eval_report": "text"},
        {"step": 10, "eval_f1": float("inf"), "eval_big": 10**400, "eval_list": [1]},
        {"step": 12.5, "eval_f1": 0.1, "epoch": None},
    ]
    write(tmp_path / "run" / STATE, {"log_history": log, "global_step": "many", "epoch": []})
    run = fetch(tmp_path, "run")
    assert [(row.step, row.metrics) for row in run.checkpoints] == [
        (10, {"eval_LOC.f1": 0.5, "eval_LOC.number": 12.0, "eval_f1": math.inf}),
        (12.5, {"eval_f1": 0.1}),
    ]
    survives(run)


def test_checkpoints_of_another_training_in_the_same_folder_are_not_its_own(
    project: Path,
) -> None:
    run = project / "qa-1"
    shutil.copytree(DATA / "epochs" / "checkpoint-13", run / "checkpoint-13")
    shutil.copytree(DATA / "epochs" / "checkpoint-39", run / "checkpoint-500")
    state = json.loads((run / STATE).read_text())
    state["log_history"][0:0] = [{"step": 13, "epoch": 0.5, "eval_accuracy": 0.01}]
    write(run / STATE, state)
    shutil.rmtree(run / "checkpoint-25")
    shutil.rmtree(run / "checkpoint-50")
    assert [row.path for row in fetch(project, "qa-1").checkpoints] == ["", "", ""]
    assert fetch(project, "qa-1/checkpoint-500").metrics["epoch"].value == 3.0


def test_without_weights_at_the_top_the_best_checkpoint_is_the_output(project: Path) -> None:
    run = project / "qa-1"
    (run / "model.safetensors").unlink()
    assert fetch(project, "qa-1").output == ()
    for step in (25, 50):
        (run / f"checkpoint-{step}" / "model.safetensors").write_bytes(b"x" * 2000)
    assert fetch(project, "qa-1").output[0].path == "qa-1/checkpoint-25"


def test_logs_beside_the_output_are_its_own_where_the_arguments_say_so(project: Path) -> None:
    shutil.move(project / "qa-1" / "runs", project / "logs")
    run = fetch(project, "qa-1")
    assert run.params["learning_rate"] == 0.005
    assert run.environment is not None
    assert run.environment.seed == 7
    assert find(project) == ("hf:qa-1",)
    (project / "qa-1").rename(project / "other")
    assert "weight_decay" not in fetch(project, "other").params


def test_the_newest_start_gives_arguments_and_times(project: Path) -> None:
    runs = project / "qa-1" / "runs"
    shutil.copytree(DATA / "killed" / "runs" / "Nov21_08-03-40_vm", runs / "Nov21_08-03-40_vm")
    run = fetch(project, "qa-1")
    assert run.environment is not None
    assert run.environment.seed == 11
    assert run.started is not None
    assert run.started.hour == 8
    evaluation = next(runs.glob("*/*.1"))
    (runs / "later").mkdir()
    shutil.copy(evaluation, runs / "later" / "events.out.tfevents.1799999999.vm.1.0")
    assert fetch(project, "qa-1").environment == run.environment


def test_half_a_character_in_json_becomes_a_question_mark(project: Path) -> None:
    write(project / "qa-1" / "run_config.json", '{"note": "a\\ud800b", "\\udfff": ["\\ud800"]}')
    run = fetch(project, "qa-1")
    assert (run.params["note"], run.params["?"]) == ("a?b", ["?"])
    survives(run)


def test_params_that_are_no_numbers_survive(project: Path) -> None:
    write(project / "qa-1" / "training_args.json", '{"x": NaN, "deep": {"y": [Infinity, 1e999]}}')
    survives(fetch(project, "qa-1"))


def test_a_person_s_words_in_the_model_card_are_the_description(project: Path) -> None:
    card = project / "qa-1" / "README.md"
    text = card.read_text(encoding="utf-8")
    text = text.replace("More information needed", "Reads **digits**.\n\nNothing else.", 1)
    card.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert fetch(project, "qa-1").description == "Reads **digits**.\n\nNothing else."


def test_a_project_s_readme_is_no_model_card(tmp_path: Path) -> None:
    shutil.copy(DATA / "epochs" / "checkpoint-39" / STATE, tmp_path / STATE)
    write(
        tmp_path / "README.md",
        "# Digits\n\n## Model description\n\nOurs.\n\n## Hyperparameters\n\n- lr: 7\n",
    )
    run = fetch(tmp_path, ".")
    assert run.ref == "hf:."
    assert run.name == tmp_path.name
    assert run.description == ""
    assert "lr" not in run.params
    assert find(tmp_path) == ("hf:.",)


def test_a_card_without_anything_else_is_a_run(tmp_path: Path) -> None:
    write(tmp_path / "m" / "README.md", (DATA / "script" / "README.md").read_text())
    write(tmp_path / "m" / "config.json", {"architectures": ["T5"], "_name_or_path": "t5-small"})
    assert find(tmp_path) == ("hf:m",)
    run = fetch(tmp_path, "m")
    assert run.metrics == {"accuracy": Metric(value=0.06)}
    assert run.params["num_epochs"] == 2
    assert run.model == Model(name="bert-base-uncased", kind="T5")


# Finding -------------------------------------------------------------------------------------


def test_every_output_in_a_tree_is_found_and_nothing_else(tmp_path: Path) -> None:
    places = ["a/b/one", "a/two", "three", "three/four"]
    hidden = [".git/x", "node_modules/x", ".venv/x", "mlruns/0/x", "three/checkpoint-13/y"]
    for place in places + hidden:
        shutil.copytree(DATA / "epochs", tmp_path / place, dirs_exist_ok=True)
    write(tmp_path / "sport" / "all_results.json", [{"home": 1}])
    write(tmp_path / "model" / "config.json", {"model_type": "bert"})
    write(tmp_path / "model" / "training_args.bin", "")
    (tmp_path / "empty").mkdir()
    assert find(tmp_path) == tuple(f"hf:{place}" for place in sorted(places))
    assert find(tmp_path, tmp_path / "a") == ("hf:a/b/one", "hf:a/two")
    assert find(tmp_path, tmp_path / "empty") == ()
    assert find(tmp_path, tmp_path / "nowhere") == ()
    assert find(tmp_path, tmp_path / "three" / "checkpoint-26") == ("hf:three/checkpoint-26",)
    with pytest.raises(TrackerError, match="outside"):
        find(tmp_path / "a", tmp_path / "three")


def test_searching_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path.joinpath(*"abcdefghijklmnop")
    shutil.copytree(DATA / "epochs", deep)
    shutil.copytree(DATA / "epochs", tmp_path / "near")
    assert find(tmp_path) == ("hf:near",)
    monkeypatch.setattr(finding, "MAX_SEEN", 5)
    for index in range(20):
        (tmp_path / "near" / f"{index}").mkdir()
    assert len(find(tmp_path)) <= 1


def test_an_output_under_another_s_search_trial_is_a_run(tmp_path: Path) -> None:
    for trial in ("run-0", "run-1"):
        shutil.copytree(DATA / "epochs", tmp_path / "search" / trial)
        path = tmp_path / "search" / trial / "checkpoint-39" / STATE
        state = json.loads(path.read_text())
        state |= {"is_hyper_param_search": True, "trial_name": trial, "trial_params": {"lr": 0.1}}
        write(path, state)
    assert find(tmp_path) == ("hf:search/run-0", "hf:search/run-1")
    run = fetch(tmp_path, "search/run-1")
    assert (run.tags["trial_name"], run.params["lr"]) == ("run-1", 0.1)


# Mutation ------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
KEYS = sorted(json.loads((DATA / "qa-1" / STATE).read_text()))
FILES = sorted(p.relative_to(DATA / "qa-1").as_posix() for p in (DATA / "qa-1").rglob("*.json"))
SLOW = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read_or_refuse(root: Path) -> None:
    find(root)
    try:
        run = fetch(root, "qa-1")
    except TrackerError:
        return
    survives(run)


@SLOW
@given(st.sampled_from(FILES), st.integers(0, 3000), st.binary(max_size=4), st.booleans())
def test_any_bytes_in_any_file_are_read_or_refused(
    project: Path, name: str, at: int, data: bytes, cut: bool
) -> None:
    path = project / "qa-1" / name
    before = path.read_bytes()
    at %= len(before)
    path.write_bytes(before[:at] + data + (b"" if cut else before[at + len(data) :]))
    try:
        read_or_refuse(project)
    finally:
        path.write_bytes(before)


@SLOW
@given(st.sampled_from(KEYS), JSON)
@example("log_history", [{"step": 1e308, "eval_x": 1e308}, {"step": -1, "loss": 0}])
@example("best_model_checkpoint", "checkpoint-99999999999999999999")
def test_any_value_in_the_state_is_read_or_refused(project: Path, key: str, value: Any) -> None:
    path = project / "qa-1" / STATE
    before = path.read_text()
    write(path, json.loads(before) | {key: value})
    try:
        read_or_refuse(project)
    finally:
        path.write_text(before)


@SLOW
@given(st.lists(st.dictionaries(st.sampled_from(["step", "epoch", "eval_a", "loss", "b"]), JSON)))
def test_any_log_is_read(project: Path, log: list[dict[str, Any]]) -> None:
    path = project / "qa-1" / STATE
    write(path, {"log_history": log, "global_step": 50})
    read_or_refuse(project)


@SLOW
@given(st.dictionaries(st.sampled_from(["architectures", "_name_or_path", "__version__"]), JSON))
def test_any_configuration_is_read(project: Path, values: dict[str, Any]) -> None:
    for name in ("config.json", "adapter_config.json", "config_sentence_transformers.json"):
        write(project / "qa-1" / name, values)
    read_or_refuse(project)


@SLOW
@given(st.integers(0, 1444), st.text(max_size=12))
def test_any_model_card_is_read(project: Path, at: int, text: str) -> None:
    before = (DATA / "qa-1" / "README.md").read_text()
    changed = before[:at] + text + before[at:]
    (project / "qa-1" / "README.md").write_bytes(changed.encode("utf-8", "surrogatepass"))
    read_or_refuse(project)
