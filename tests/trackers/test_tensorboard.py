"""TensorBoard: what is read of real event files, beside what TensorBoard itself reads of them."""

from __future__ import annotations

import datetime as dt
import math
import shutil
import struct
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

from cardgen.errors import TrackerError
from cardgen.models import Command, Environment, Metric, Model, Run, RunFile, TrackerConfig
from cardgen.trackers import tensorboard
from cardgen.trackers._series import MAX_POINTS
from tests.trackers.damage import read_cut, read_mutated
from tests.trackers.tensorboard_writer import Writer, write

DATA = Path(__file__).parents[1] / "data" / "tensorboard"


@pytest.fixture
def project(tmp_path: Path) -> TrackerConfig:
    """A project with the runs that real clients wrote."""
    shutil.copytree(DATA / "runs", tmp_path / "runs")
    shutil.copytree(DATA / "tensorboardx", tmp_path / "tensorboardx")
    return TrackerConfig(tmp_path)


def fetch(locator: str, config: TrackerConfig) -> Run:
    return tensorboard.fetch_run(locator, config)


def single(number: float) -> float:
    """The number as 32 bits keep it."""
    (kept,) = struct.unpack("<f", struct.pack("<f", number))
    return float(kept)


def test_a_training_of_torch_is_read_whole(project: TrackerConfig) -> None:
    run = fetch("runs/qa-1", project)
    assert run.name == "qa-1"
    assert run.status == "finished"
    assert run.started == dt.datetime(2026, 11, 21, 6, 16, 24, 321913, dt.UTC)
    assert run.finished == dt.datetime(2026, 11, 21, 6, 16, 25, 879120, dt.UTC)
    assert run.description == "Goal: see whether **SGD** reaches 0.95"
    line = "train/t_tb.py --logdir /home/lab/exp/data/tensorboard/runs --code qa-1"
    assert run.commands == (Command(line=f"{line} --alpha 0.0001 --nan"),)
    assert run.params == {
        "alpha": 0.0001,
        "batch_size": 64,
        "code": "qa-1",
        "epochs": 8,
        "fail_at": -1,
        "logdir": "/home/lab/exp/data/tensorboard/runs",
        "nan": 1,
        "out": "out",
        "seed": 13,
    }
    assert [row.step for row in run.checkpoints] == list(range(1, 9))
    assert run.checkpoints[6].metrics == {
        "eval/accuracy": 0.95111114,
        "eval/f1_macro": 0.9518654,
        "eval/loss": 0.2507472,
    }
    assert [curve.metric for curve in run.curves] == ["lr", "train/loss"]
    assert math.isnan(run.metrics["bad"].value)
    assert run.metrics["hparam/accuracy"] == Metric(value=0.9355556, step=0)
    assert run.environment == Environment(host="vm", seed=13)
    assert run.files == (
        RunFile(path="1795241785.878303/events.out.tfevents.1795241785.vm.13429.1", size=696),
        RunFile(path="events.out.tfevents.1795241784.vm.13429.0", size=2300),
    )
    assert run.unavailable == ("source",)


def test_a_training_of_tensorboardx_that_was_started_again(project: TrackerConfig) -> None:
    run = fetch("tensorboardx/qa-1", project)
    assert run.status is None
    assert run.commands == (Command(line="python train.py --lr 1e-4"),)
    assert run.params == {
        "amp": True,
        "epochs": 3,
        "fp16": True,
        "lr": 0.0001,
        "name": "plT5",
        "opt": "sgd",
    }
    assert [row.metrics["eval/f1"] for row in run.checkpoints] == [
        0.51,
        0.52,
        0.53,
        0.64,
        0.65,
        0.66,
    ]
    assert [row.metrics.get("acc/val") for row in run.checkpoints][:2] == [0.51, 0.52]
    curves = {curve.metric: curve.values for curve in run.curves}
    assert curves["acc/train"] == (0.61, 0.62, 0.63, 0.64, 0.65)
    assert curves["train/loss"] == (1.0, 0.5, 0.33333334, 0.5, 0.4, 0.33333334)
    assert run.metrics["hparams/eval/f1"] == Metric(value=0.55, step=0)
    assert run.metrics["hparam/best"] == Metric(value=0.56, step=0)


def test_runs_are_found_and_their_parts_are_none(project: TrackerConfig) -> None:
    assert tensorboard.find_runs(project.root, project) == (
        "tensorboard:runs/qa-1",
        "tensorboard:runs/qa-2",
        "tensorboard:tensorboardx/qa-1",
        "tensorboard:tensorboardx/sweep/1795259707.0230396",
        "tensorboard:tensorboardx/sweep/1795259707.035916",
        "tensorboard:tensorboardx/sweep/1795259707.0477889",
    )
    assert tensorboard.find_runs(project.root / "runs" / "qa-2", project) == (
        "tensorboard:runs/qa-2",
    )


def test_a_sweep_by_one_writer_is_several_runs(project: TrackerConfig) -> None:
    run = fetch("tensorboardx/sweep/1795259707.035916", project)
    assert run.name == "sweep/1795259707.035916"
    assert run.params == {"lr": 0.1, "bsize": 1}
    assert run.metrics == {
        "hparam/accuracy": Metric(value=10.0, step=0),
        "hparam/loss": Metric(value=10.0, step=0),
    }
    assert run.status is None


# Beside TensorBoard itself -------------------------------------------------------------------

REAL = sorted({path.parent.relative_to(DATA).as_posix() for path in DATA.rglob("*tfevents*")})


def read_peer(folder: Path) -> EventAccumulator:
    limits = dict.fromkeys(("scalars", "tensors", "images", "histograms"), 0)
    return EventAccumulator(str(folder), size_guidance=limits).Reload()


def assert_same_points(run: Run, peer: EventAccumulator, names: dict[str, str]) -> None:
    """Each point that TensorBoard reads is a row, a point of a curve or a last value, and back."""
    for tag in peer.Tags()["scalars"]:
        name = names.get(tag, tag)
        expected = [(event.step, repr(event.value)) for event in peer.Scalars(tag)]
        found = [(row.step, row.metrics[name]) for row in run.checkpoints if name in row.metrics]
        for curve in run.curves:
            if curve.metric == name:
                found = list(zip(curve.steps, curve.values, strict=True))
        last = run.metrics[name]
        found = found or [(last.step, last.value)]
        assert [(step, repr(single(value))) for step, value in found] == expected, tag
        assert (last.step, repr(single(last.value))) == expected[-1]


@pytest.mark.parametrize("below", REAL)
def test_each_folder_holds_what_tensorboard_reads_in_it(below: str, project: TrackerConfig) -> None:
    for source in (project.root / below).iterdir():
        if source.is_dir():
            shutil.rmtree(source)  # what TensorBoard shows as runs of their own
    run, peer = fetch(below, project), read_peer(project.root / below)
    assert_same_points(run, peer, {})
    assert set(run.metrics) == set(peer.Tags()["scalars"])
    assert run.started is not None
    # TensorBoard gives the time of the first event in the file, which need not be the earliest.
    assert run.started.timestamp() <= peer.FirstEventTimestamp() + 1e-5
    content = find_content(peer, "_hparams_/session_start_info")
    if content:
        data = plugin_data_pb2.HParamsPluginData.FromString(content)
        hparams = data.session_start_info.hparams
        assert run.params == {n: getattr(v, v.WhichOneof("kind")) for n, v in hparams.items()}


def find_content(peer: EventAccumulator, tag: str) -> bytes:
    try:
        return bytes(peer.PluginTagToContent("hparams").get(tag, b""))
    except KeyError:
        return b""


def test_fresh_files_in_every_form_hold_what_tensorboard_reads(tmp_path: Path) -> None:
    with Writer(tmp_path / "run") as writer:
        for step in range(1, 40):
            writer.scalar("train/loss", 1 / step, step * 10)
            writer.tensor("eval/f1", step / 40, step * 10, named=step == 1)
            writer.tensor("lr", 1e-4 * step, step * 10)
        writer.text("args", '{"lr": 0.0001, "none": null, "layers": [1, 2]}')
    config = TrackerConfig(tmp_path)
    run, peer = fetch("run", config), read_peer(tmp_path / "run")
    assert_same_points(run, peer, {})
    tensors = [(event.step, event.tensor_proto.float_val[0]) for event in peer.Tensors("eval/f1")]
    rows = [(row.step, single(row.metrics["eval/f1"])) for row in run.checkpoints]
    assert rows == tensors
    lrs = [(event.step, event.tensor_proto.float_val[0]) for event in peer.Tensors("lr")]
    curve = next(curve for curve in run.curves if curve.metric == "lr")
    pairs = zip(curve.steps, curve.values, strict=True)
    assert [(step, single(value)) for step, value in pairs] == lrs
    assert run.params == {"lr": 0.0001, "none": None, "layers": [1, 2]}


def test_a_long_curve_keeps_its_extremes(tmp_path: Path) -> None:
    values = [math.sin(step) for step in range(3000)]
    values[1234] = 7.0
    write(tmp_path / "run", train__loss=values)
    (curve,) = fetch("run", TrackerConfig(tmp_path)).curves
    assert len(curve.steps) <= MAX_POINTS
    assert dict(zip(curve.steps, curve.values, strict=True))[1235] == 7.0


# Sessions ------------------------------------------------------------------------------------


def test_a_session_of_the_hparams_plugin_says_all_it_knows(tmp_path: Path) -> None:
    with Writer(tmp_path / "run") as writer:
        writer.experiment(name="qa", user="ala", description="A sweep over lr.")
        writer.start(
            {"lr": 0.1, "layers": 3, "amp": True, "opt": "sgd"},
            model_uri="models/qa.keras",
            monitor_url="https://monitor.example/run",
            group_name="lr-sweep",
            start_time_secs=1_600_000_000.0,
        )
        writer.scalars("eval/f1", [0.5, 0.6])
        writer.end(api_pb2.STATUS_FAILURE, 1_600_000_060.0)
    run = fetch("run", TrackerConfig(tmp_path))
    assert run.params == {"lr": 0.1, "layers": 3, "amp": True, "opt": "sgd"}
    assert (run.experiment, run.author, run.description) == ("qa", "ala", "A sweep over lr.")
    assert (run.group, run.url) == ("lr-sweep", "https://monitor.example/run")
    assert run.status == "failed"
    assert run.started == dt.datetime.fromtimestamp(1_600_000_000, dt.UTC)
    assert run.finished == dt.datetime.fromtimestamp(1_600_000_060, dt.UTC)
    assert run.output == (Model(path="models/qa.keras"),)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (api_pb2.STATUS_SUCCESS, "finished"),
        (api_pb2.STATUS_FAILURE, "failed"),
        (api_pb2.STATUS_RUNNING, "running"),
        (api_pb2.STATUS_UNKNOWN, None),
    ],
)
def test_each_status(tmp_path: Path, status: int, expected: str | None) -> None:
    with Writer(tmp_path / "run") as writer:
        writer.start({"lr": 0.1})
        writer.scalars("loss", [2.0, 1.0])
        writer.end(status, 1_700_000_100.0)
    assert fetch("run", TrackerConfig(tmp_path)).status == expected


def test_success_that_was_written_before_the_training_is_no_end(tmp_path: Path) -> None:
    with Writer(tmp_path / "lightning") as writer:
        writer.start_like_torch({"lr": 0.1, "name": "x"})
        writer.scalars("val_loss", [2.0, 1.0])
    with Writer(tmp_path / "empty") as writer:
        writer.start_like_torch({"lr": 0.1})
    with Writer(tmp_path / "ended") as writer:
        writer.scalars("val_loss", [2.0, 1.0])
        writer.start_like_torch({"lr": 0.1})
    config = TrackerConfig(tmp_path)
    statuses = [fetch(name, config).status for name in ("lightning", "empty", "ended")]
    assert statuses == [None, None, "finished"]


# Restarts ------------------------------------------------------------------------------------


def test_a_restart_voids_later_steps_as_tensorboard_does(tmp_path: Path) -> None:
    with Writer(tmp_path / "run") as writer:
        writer.scalars("loss", [9.0, 8.0, 7.0, 6.0, 5.0])
        writer.scalars("eval/f1", [0.1, 0.2, 0.3, 0.4])
    with Writer(tmp_path / "run", suffix=".b", at=1_700_001_000.0) as writer:
        writer.restart(3)
        writer.scalars("loss", [1.0, 0.5], start=3)
    config = TrackerConfig(tmp_path)
    run, peer = fetch("run", config), read_peer(tmp_path / "run")
    assert_same_points(run, peer, {})
    (curve,) = run.curves
    assert (curve.steps, curve.values) == ((1, 2, 3, 4), (9.0, 8.0, 1.0, 0.5))
    assert [row.step for row in run.checkpoints] == [1, 2]


def test_a_later_file_replaces_the_steps_that_it_logs_again(tmp_path: Path) -> None:
    with Writer(tmp_path / "run") as writer:
        writer.scalars("loss", [9.0, 8.0, 7.0, 6.0])
        writer.scalars("once", [1.0])
    with Writer(tmp_path / "run", suffix=".b", at=1_700_001_000.0) as writer:
        writer.scalars("loss", [3.0, 2.0], start=2)
    run = fetch("run", TrackerConfig(tmp_path))
    curve = next(curve for curve in run.curves if curve.metric == "loss")
    assert (curve.steps, curve.values) == ((1, 2, 3), (9.0, 3.0, 2.0))
    assert run.metrics["once"].value == 1.0


def test_files_of_processes_that_wrote_together_void_nothing(tmp_path: Path) -> None:
    with Writer(tmp_path / "run") as writer:
        writer.scalars("a", [9.0, 8.0, 7.0])
    with Writer(tmp_path / "run", suffix=".b") as writer:
        writer.scalars("a", [5.0], start=2)
    run = fetch("run", TrackerConfig(tmp_path))
    assert run.metrics["a"] == Metric(value=7.0, step=3)


def test_points_without_a_step_stay_in_order(tmp_path: Path) -> None:
    for suffix, at in (("", 1_700_000_000.0), (".b", 1_700_001_000.0)):
        with Writer(tmp_path / "run", suffix=suffix, at=at) as writer:
            for value in (3.0, 2.0):
                writer.scalar("loss", value, 0)
    (curve,) = fetch("run", TrackerConfig(tmp_path)).curves
    assert (curve.axis, curve.values) == ("order", (3.0, 2.0, 3.0, 2.0))


# Damage --------------------------------------------------------------------------------------


def test_a_file_cut_anywhere_gives_a_part_of_the_truth(project: TrackerConfig) -> None:
    path = next((project.root / "runs" / "qa-1").glob("events*"))
    whole = fetch("runs/qa-1", project)
    known = {(row.step, n): v for row in whole.checkpoints for n, v in row.metrics.items()}
    for _, run in read_cut(path, lambda: fetch("runs/qa-1", project), at_most=250):
        for row in run.checkpoints:
            assert all(known[row.step, name] == value for name, value in row.metrics.items())


@pytest.mark.parametrize("below", ["runs/qa-1", "tensorboardx/qa-1"])
def test_a_file_with_bytes_changed_is_read_or_refused(below: str, project: TrackerConfig) -> None:
    for path in sorted((project.root / below).rglob("*tfevents*")):
        for _, run in read_mutated(path, lambda: fetch(below, project), count=60):
            assert run.ref == f"tensorboard:{below}"


def test_records_of_the_hparams_plugin_can_be_any_bytes(tmp_path: Path) -> None:
    with Writer(tmp_path / "run") as writer:
        for content in (b"\xff", b"\x1a\x02\x0a\xff", b"\x1a\x02\x2a\x00", b"\x22\x02\x10\x01"):
            writer.record("session_start_info", content)
        writer.scalars("loss", [2.0, 1.0])
    assert fetch("run", TrackerConfig(tmp_path)).params == {}


# What is no run ------------------------------------------------------------------------------


def test_what_is_missing_is_said_with_what_there_is(project: TrackerConfig) -> None:
    with pytest.raises(TrackerError, match="There is no folder 'nowhere'"):
        fetch("nowhere", project)
    with pytest.raises(TrackerError) as raised:
        fetch("runs", project)
    assert raised.value.hint == ("Runs lie below it: tensorboard:runs/qa-1, tensorboard:runs/qa-2.")
    (project.root / "empty").mkdir()
    with pytest.raises(TrackerError, match="no event files"):
        fetch("empty", project)
    assert tensorboard.find_runs(project.root / "empty", project) == ()


def test_one_event_file_can_be_named(project: TrackerConfig) -> None:
    name = "runs/qa-1/events.out.tfevents.1795241784.vm.13429.0"
    run = fetch(name, project)
    assert run.ref == f"tensorboard:{name}"
    assert "hparam/accuracy" not in run.metrics
    assert len(run.checkpoints) == 8


def test_a_pointer_of_git_lfs_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
    (folder / "events.out.tfevents.1700000000.vm.1.0").write_bytes(pointer)
    config = TrackerConfig(tmp_path)
    assert tensorboard.find_runs(tmp_path, config) == ("tensorboard:run",)
    with pytest.raises(TrackerError, match="git-lfs") as raised:
        fetch("run", config)
    assert "git lfs pull" in raised.value.hint
