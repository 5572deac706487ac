"""Aim's own client: writes runs, and says what it reads of a repository.

``python aim_client.py write HOW REPO`` writes a run that ends as HOW says; ``python aim_client.py
read REPO`` prints what the client reads, one JSON object a line. In an environment of its own,
for Aim and the other trackers do not all get along.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from aim import Repo, Run

HPARAMS = {
    "alpha": 1e-4,
    "epochs": 8,
    "seed": 13,
    "opt": {"name": "sgd", "lrs": [0.1, 0.2], "empty": {}, "none": []},
    "flag": True,
    "none": None,
    "big": 2**60,
    "słowo": "zażółć",
    "rows": [{"a": 1}, {"a": [2, 3]}],
}


def write(how: str, repo: str) -> None:
    run = Run(
        repo=repo,
        experiment="qa-digits",
        log_system_params=True,
        capture_terminal_logs=False,
        system_tracking_interval=None,
    )
    run.name, run.description = f"qa-1 {how}", "Goal: see whether it is read."
    run.add_tag("baseline")
    run.add_tag("zażółć")
    if how != "bare":
        report(run, long=how == "long")
    print(run.hash, flush=True)
    if how == "kill":
        time.sleep(2)
        os._exit(9)
    if how == "fail":
        raise RuntimeError("simulated failure")
    if how == "ok":
        run.report_successful_finish()
    run.close()


def report(run: Run, *, long: bool) -> None:
    run["hparams"] = HPARAMS
    run["extra"] = 3
    run["model"] = {"name": "plT5", "old": 1}
    run["model"] = {"name": "plT5-base"}
    for step in range(20_000 if long else 8):
        run.track(
            1 / (step + 1), name="loss", step=step, epoch=step // 2, context={"subset": "train"}
        )
        run.track(
            0.5 + step / 20, name="accuracy", step=step, epoch=step // 2, context={"subset": "val"}
        )
        if not long:
            value = float("nan") if step == 3 else float("inf") if step == 4 else step
            run.track(value, name="lr", step=step * 10)
            run.track(step, name="f1", step=step, context={"subset": "val", "fold": 2})
    run.track(0.75, name="final", context={"subset": "test"})


def describe(run: Run) -> dict[str, Any]:
    series = []
    for metric in run.metrics():
        steps, (values, epochs, times) = metric.data.items_list()
        series.append([metric.name, metric.context.to_dict(), list(steps), values, epochs, times])
    try:
        attrs = run.meta_run_attrs_tree.collect()
    except KeyError:  # nothing was set
        attrs = {}
    attrs.get("__system_params", {}).pop("env_variables", None)
    return {
        "hash": run.hash,
        "name": run.name,
        "description": run.description,
        "experiment": run.experiment,
        "tags": run.tags,
        "archived": run.archived,
        "created": run.creation_time,
        "end": run.end_time,
        "active": run.active,
        "attrs": attrs,
        "series": series,
    }


def read(repo: str) -> None:
    aim = Repo(repo)
    aim._recreate_index()  # as 'aim up' does: the client shows what is in its index
    for run_hash in aim.list_all_runs():
        print(json.dumps(describe(Run(run_hash, repo=repo, read_only=True))), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(*sys.argv[2:4])
    else:
        read(sys.argv[2])
