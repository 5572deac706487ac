"""Logs a run with Neptune's real client, as a trainer would: ``MODE`` and, if any, a custom id."""

from __future__ import annotations

import sys

import neptune
from neptune.types import File


def main(mode: str, custom_id: str | None = None) -> None:
    run = neptune.init_run(
        project="team/qa",
        mode=mode,
        custom_run_id=custom_id,
        name="qa-1",
        description="Does a longer context help?",
        tags=["qa", "baseline"],
        source_files=[],
        capture_hardware_metrics=False,
        capture_stdout=False,
        capture_stderr=False,
    )
    run["parameters"] = {"lr": 3e-5, "epochs": 2, "fp16": True, "optim": {"name": "adamw"}}
    run["model/name"] = "bert-base-uncased"
    for step in range(0, 2500 * 10, 10):
        run["train/loss"].append(1 / (1 + step), step=step)
    for step, value in ((10, 0.5), (20, 0.75)):
        run["eval/f1"].append(value, step=step)
    run["eval/em"].append(0.25)
    run["eval/em"].append(0.5)
    run["eval/final/f1"] = 0.75
    run["sys/tags"].remove("baseline")
    run["sys/group_tags"].add("grp")
    run["gone"] = 1
    del run["gone"]
    content = File.from_content("torch==2.4.0\nnumpy==2.1.0\n", extension="txt")
    run["source_code/requirements"].upload(content)
    with open("train.jsonl", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("{}\n")
    run["data/train"].track_files("train.jsonl")
    run.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
