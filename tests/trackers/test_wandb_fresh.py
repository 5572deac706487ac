"""Runs that W&B's own client records now, and records that its own definitions make."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Dataset, Model, Run, TrackerConfig
from cardgen.trackers import wandb
from tests.trackers import wandb_peer
from tests.trackers.damage import is_part_of, mutate, read_cut, read_mutated
from tests.trackers.test_wandb_peer import check_points, check_summary, collect, find_axes
from tests.trackers.wandb_peer import DATA, record, write_frames

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def fetch(root: Path, locator: str) -> Run:
    return wandb.fetch_run(locator, TrackerConfig(root))


def check(root: Path, folder: str) -> Run:
    """The run, compared with what the client's own reader finds in the same file."""
    run = fetch(root, folder)
    (log,) = (root / folder).glob("*.wandb")
    records = wandb_peer.inspect(log)
    rows = [r["history"]["item"] for r in records if r["type"] == "history"]
    check_points(run, rows, find_axes(records, list(collect(rows))))
    told = wandb_peer.inspect_summary(log)
    check_summary(run, told["summary"])
    assert run.params == told["config"]
    assert run.description == told["notes"]
    return run


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [(("--artifacts",), "finished", 0), (("--fail",), "failed", 1), (("--kill",), None, None)],
)
def test_a_fresh_run_is_what_its_client_reads(
    tmp_path: Path, arguments: tuple[str, ...], status: str | None, code: int | None
) -> None:
    done = record(tmp_path, *arguments)
    run_id = done.stdout.split()[0]
    (ref,) = wandb.find_runs(tmp_path, TrackerConfig(tmp_path))
    folder = ref.partition(":")[2]
    assert (done.returncode == -9) == ("--kill" in arguments)
    if status is None:
        run = fetch(tmp_path, folder)
        assert (run.finished, run.exit_status) == (None, None)
    else:
        run = check(tmp_path, folder)
        assert len(run.output) == ("--artifacts" in arguments)
        assert run.tags["polqa"] == ""
        assert (run.group, run.name) == ("sweep-a", "plT5 żółć")
        assert run.commands[0].line.endswith(f"wandb_writer.py {arguments[0]}")
    assert (run.status, run.exit_status) == (status, code)
    assert fetch(tmp_path, run_id).status == status


def test_a_fresh_run_that_is_resumed_goes_on(tmp_path: Path) -> None:
    record(tmp_path, "--fail", RUN_ID="again1")
    time.sleep(1.1)  # a folder is named by the second
    record(tmp_path, RUN_ID="again1", FIRST="5")
    refs = wandb.find_runs(tmp_path, TrackerConfig(tmp_path))
    assert len(refs) == 2
    for ref in refs:
        check(tmp_path, ref.partition(":")[2])
    run = fetch(tmp_path, "again1")
    curve = next(c for c in run.curves if c.metric == "train/loss")
    assert curve.values == tuple(1 / (step + 1) for step in range(10))
    assert run.status == "finished"


# Records that are rare, made by W&B's own definitions ----------------------------------------


@pytest.fixture
def pb() -> Any:
    from wandb.proto import wandb_internal_pb2

    return wandb_internal_pb2


def load(tmp_path: Path, *records: Any) -> Run:
    (tmp_path / "run-made.wandb").write_bytes(write_frames(list(records)))
    return fetch(tmp_path, "run-made.wandb")


def test_used_artifacts_are_model_and_data(tmp_path: Path, pb: Any) -> None:
    run = load(
        tmp_path,
        pb.Record(use_artifact={"id": "1", "type": "dataset", "name": "polqa:v3"}),
        pb.Record(use_artifact={"id": "2", "type": "model", "name": "plt5:best"}),
        pb.Record(use_artifact={"id": "2", "type": "job", "name": "job-x:v0"}),
    )
    assert run.data == (Dataset(name="polqa", version="v3"),)
    assert run.model == Model(name="plt5", version="best")


def test_a_sweep_and_a_fork_are_told(tmp_path: Path, pb: Any) -> None:
    fork = {"run": "parent1", "metric": "_step", "value": 10}
    run = load(
        tmp_path,
        pb.Record(
            run={
                "run_id": "made",
                "sweep_id": "sw1",
                "run_group": "g",
                "branch_point": fork,
                "forked": True,
            }
        ),
    )
    assert (run.group, run.tags, run.parent) == ("sw1", {"group": "g"}, "wandb:parent1")


def test_every_form_of_a_value_is_read(tmp_path: Path, pb: Any) -> None:
    items = [
        {"key": "integer", "integer": -7},
        {"key": "number", "number": 0.1},
        {"key": "text", "text": "x"},
        {"key": "boolean", "boolean": True},
        {"key": "json", "json": "2.5"},
        {"nested_key": ["a", "b"], "value_json": "3"},
        {"key": "broken", "value_json": "["},
    ]
    run = load(
        tmp_path,
        pb.Record(history={"item": items[:-1], "step": {"num": 4}}),
        pb.Record(history={"item": items, "step": {"num": 5}}),  # passed over
    )
    found = {name: (metric.value, metric.step) for name, metric in run.metrics.items()}
    assert found == {"integer": (-7, 4), "number": (0.1, 4), "json": (2.5, 4), "a.b": (3, 4)}


def test_settings_and_summaries_can_be_taken_back(tmp_path: Path, pb: Any) -> None:
    def change(kind: str, how: str, *items: tuple[str, str]) -> Any:
        listed = [{"nested_key": key.split("."), "value_json": value} for key, value in items]
        return pb.Record(**{kind: {how: listed}})

    run = load(
        tmp_path,
        change("config", "update", ("a", "1"), ("m.x", "2"), ("m.y", "3")),
        change("config", "remove", ("a", ""), ("m.x", ""), ("no.such", "")),
        change("summary", "update", ("s", "1"), ("t", "2")),
        change("summary", "remove", ("s", "")),
    )
    assert run.params == {"m": {"y": 3}}
    assert list(run.metrics) == ["t"]


def test_devices_of_a_log_are_told(tmp_path: Path, pb: Any) -> None:
    gpus = [{"name": "NVIDIA A100"}, {"name": "NVIDIA A100"}]
    run = load(tmp_path, pb.Record(environment={"gpu_nvidia": gpus, "gpu_count": 2}))
    assert run.environment is not None
    assert run.environment.accelerator == "2 x NVIDIA A100"
    run = load(tmp_path, pb.Record(environment={"apple": {"name": "M3"}, "os": "mac"}))
    assert run.environment is not None
    assert run.environment.accelerator == "M3"


def test_a_global_step_is_the_axis_and_the_epoch_stands_beside(tmp_path: Path, pb: Any) -> None:
    """As the Trainer's callback logs: everything over its own count of steps."""
    records = [
        pb.Record(metric={"name": "train/global_step", "options": {"defined": True}}),
        pb.Record(metric={"glob_name": "*", "step_metric": "train/global_step"}),
    ]
    for call, step in enumerate((100, 200, 300)):
        row = {"train/global_step": step, "train/epoch": step / 100, "eval/f1": step / 1000}
        items = [{"key": key, "value_json": json.dumps(value)} for key, value in row.items()]
        records.append(pb.Record(history={"item": items, "step": {"num": call}}))
    run = load(tmp_path, *records)
    assert [(row.step, row.epoch, row.metrics) for row in run.checkpoints] == [
        (100, 1.0, {"eval/f1": 0.1}),
        (200, 2.0, {"eval/f1": 0.2}),
        (300, 3.0, {"eval/f1": 0.3}),
    ]
    assert [curve.metric for curve in run.curves] == ["train/epoch"]


def test_rows_of_several_axes_stand_at_the_clients_own_step(tmp_path: Path, pb: Any) -> None:
    records = [pb.Record(metric={"glob_name": "val/*", "step_metric": "epoch"})]
    for call in range(1, 4):
        row = {"epoch": call * 10, "val/f1": call, "test/f1": call}
        items = [{"key": key, "value_json": json.dumps(value)} for key, value in row.items()]
        records.append(pb.Record(history={"item": items, "step": {"num": call}}))
    run = load(tmp_path, *records)
    assert [(row.step, row.epoch) for row in run.checkpoints] == [(1, 10.0), (2, 20.0), (3, 30.0)]
    assert run.metrics["val/f1"].step == 30


def test_a_long_record_is_put_together_again(tmp_path: Path, pb: Any) -> None:
    """A configuration larger than two blocks, as the real client writes it."""
    done = record(tmp_path, "--artifacts", LONG="100000")
    assert done.returncode == 0, done.stderr
    (ref,) = wandb.find_runs(tmp_path, TrackerConfig(tmp_path))
    run = check(tmp_path, ref.partition(":")[2])
    assert run.params["long"] == "ż" * 100_000


# Damage --------------------------------------------------------------------------------------


def without_summary(run: Run) -> Run:
    """The run with the values alone that were logged at a step; a summary may hold any other."""
    logged = {name: metric for name, metric in run.metrics.items() if metric.step is not None}
    return run.model_copy(update={"metrics": logged})


@pytest.mark.parametrize(
    "folder",
    [
        "v0.31/wandb/offline-run-20261121_113501-ubt3knka",
        "v0.9/wandb/dryrun-20261121_113443-skcm6vq2",
        "online18/wandb/run-20261121_113509-bm79aobc",
    ],
)
def test_no_cut_or_change_of_a_file_makes_anything_up(tmp_path: Path, folder: str) -> None:
    run = tmp_path / Path(folder).name
    shutil.copytree(DATA / folder, run)
    whole = fetch(tmp_path, run.name)
    for path in sorted(p for p in run.rglob("*") if p.is_file() and p.suffix != ".py"):
        text = path.suffix in (".txt", ".log", ".patch")
        for _, part in read_cut(path, lambda: fetch(tmp_path, run.name), 5 if text else 80):
            if path.name != "wandb-summary.json":
                is_part_of(without_summary(part), whole)
        for _, part in read_mutated(path, lambda: fetch(tmp_path, run.name), 3 if text else 40):
            assert part.ref == whole.ref


def test_a_cut_log_gives_all_before_the_cut(tmp_path: Path) -> None:
    """What is left of a log is a prefix of what was logged, and never has an end."""
    source = next((DATA / "digits").rglob("run-uhq8h2ja.wandb"))
    log = tmp_path / "run-x.wandb"
    shutil.copy(source, log)
    counts = []
    for size, run in read_cut(log, lambda: fetch(tmp_path, log.name)):
        counts.append(len(run.checkpoints))
        assert run.status is None, size
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}


def test_records_are_read_whatever_is_in_them(tmp_path: Path, pb: Any) -> None:
    """Records with a right checksum and changed bytes: none is trusted, none ends the reading."""
    source = next((DATA / "v0.31").rglob("run-ubt3knka.wandb"))
    bodies = [r.SerializeToString() for r in wandb_peer.parse(source)]
    last = pb.Record(run={"run_id": "last", "display_name": "last"})
    log = tmp_path / "run-x.wandb"

    class Raw:
        def __init__(self, data: bytes) -> None:
            self.data = data

        def SerializeToString(self) -> bytes:
            return self.data

    for seed, body in enumerate(body for body in bodies if len(body) < 3000):
        changed = [Raw(data) for data in mutate(body, count=8, seed=seed)]
        if sum(len(raw.data) + 7 for raw in changed) > 30_000:
            changed = changed[:2]
        log.write_bytes(write_frames([*changed, last]))
        try:
            assert fetch(tmp_path, log.name).name == "last"
        except TrackerError as error:
            assert error.hint  # noqa: PT017
