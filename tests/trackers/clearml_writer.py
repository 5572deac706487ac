"""Writes an offline session with ClearML's own client: python clearml_writer.py HOW OUT [ARGS].

HOW is ``ok``, ``fail``, ``kill`` or ``bare``. Prints the session's folder and, as JSON, what the
client itself says of the task. A process of its own, for the client leaves threads behind.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from clearml import OutputModel, Task
from clearml.backend_interface.metrics.events import MetricsEventAdapter

NESTED = {
    "optimizer": {"name": "sgd", "lr": 1e-4, "betas": [0.9, 0.999]},
    "layers": (1, 2),
    "empty": {},
    "none": None,
    "yes": True,
    "big": 2**60,
    "słowo": "zażółć",
}
CONFIGURATION = {
    "split": {"test": 0.25, "names": ["a", "b"], "deep": {"x": None, "y": False}},
    "text": 'a "quoted" \\ line\ttab',
    "long": "two\nlines",
    "rows": [{"k": 1}, {"k": 2.5}],
    "1e3": "key",
    "with space": -3,
}
PROPERTIES = {"conclusion": "fine", "score": 0.5}
YAML = "model:\n  name: plT5\n  lr: 1e-4\nno: yes\n"


def main() -> None:
    how, out = sys.argv[1], Path(sys.argv[2])
    task = Task.init(
        project_name="QA/digits",
        task_name=f"qa-1 {how}",
        tags=["baseline", "code:qa-1"],
        reuse_last_task_id=False,
        auto_connect_frameworks=False,
        auto_resource_monitoring=False,
    )
    folder = task.get_offline_mode_folder()
    if how != "bare":
        report(task, how, out)
    print(json.dumps({"folder": str(folder), **describe(task)}, default=lambda _: None), flush=True)
    if how != "bare":
        keep_properties(task, Path(folder) / "task.json")
    if how == "kill":
        task.flush()
        wait_for_files(folder)
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "fail":
        raise RuntimeError("simulated failure")
    task.close()


def report(task: Task, how: str, out: Path) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--alpha", type=float, default=1e-4)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--names", nargs="*", default=["x", "y z"])
    args = parser.parse_args(sys.argv[3:])
    task.set_comment("Goal: see whether it is read.")
    task.connect(NESTED, name="optim")
    task.connect({"warmup": 10, "alpha": "of General"})
    task.connect_configuration(CONFIGURATION, name="data")
    task.connect_configuration([1, "two", None], name="list")
    (out / "model.yaml").write_text(YAML, encoding="utf-8")
    (out / "model.json").write_text('{"depth": 3, "inner": {"k": [1]}}', encoding="utf-8")
    (out / "notes.txt").write_text("no form at all: { [", encoding="utf-8")
    for name in ("model.yaml", "model.json", "notes.txt"):
        task.connect_configuration(out / name, name=name)
    task.set_user_properties(**PROPERTIES)
    MetricsEventAdapter.default_nan_value = math.nan
    MetricsEventAdapter.default_inf_value = math.inf
    logger = task.get_logger()
    for step in range(args.epochs):
        logger.report_scalar("eval", "accuracy", 0.5 + step / 10, iteration=step)
        logger.report_scalar("train", "loss", math.nan if step == 1 else 1 / (step + 1), step)
        logger.report_scalar("lr", "lr", 1e-3 / (step + 1), iteration=step)
    logger.report_scalar(":monitor:machine", "cpu_usage", 3.5, iteration=30)
    logger.report_single_value("final_accuracy", 0.75)
    logger.report_table("results", "by step", iteration=3, table_plot=[["a"], ["1"]])
    task.upload_artifact("results", artifact_object={"accuracy": 0.7})
    model = OutputModel(task=task, name="qa-digits", framework="ScikitLearn", tags=["best"])
    model.report_scalar("eval", "accuracy", 0.99, iteration=2)
    (out / "model.bin").write_bytes(b"weights")
    try:
        model.update_weights(str(out / "model.bin"), auto_delete_file=False, iteration=2)
    except AttributeError as error:  # a fault of some clients offline
        print("update_weights:", error, file=sys.stderr)


def keep_properties(task: Task, path: Path) -> None:
    """Set them again where a thread of the client has written over them, as happens offline."""
    for _ in range(20):
        time.sleep(0.1)
        if not is_written(path, '"conclusion"'):
            task.set_user_properties(**PROPERTIES)


def wait_for_files(folder: Path) -> None:
    """Until the client has written what was reported, which threads of its own do later."""
    last = {"metrics.jsonl": "final_accuracy", "task.json": '"conclusion"'}
    for _ in range(300):
        if all(is_written(Path(folder) / name, text) for name, text in last.items()):
            return
        time.sleep(0.1)


def is_written(path: Path, text: str) -> bool:
    return path.is_file() and text in path.read_text(encoding="utf-8")


def describe(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "project": task.get_project_name(),
        "tags": task.get_tags(),
        "comment": task.comment,
        "parameters": task.get_parameters(cast=True),
        "configuration": {
            name: task.get_configuration_object_as_dict(name) for name in ("data", "list")
        }
        if task.get_configuration_object("data")
        else {},
        "script": task.data.script.to_dict() if task.data.script else {},
    }


if __name__ == "__main__":
    main()
