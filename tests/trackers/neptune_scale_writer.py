"""Logs a run with neptune-scale, offline; told so, it is killed before it is closed."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from importlib import import_module

Run = import_module("neptune_scale").Run
File = import_module("neptune_scale.types").File


def main(end: str) -> None:
    run = Run(project="team/qa", run_id="r-1", experiment_name="qa-1", mode="offline")
    run.log_configs({"parameters/lr": 1e-4, "parameters/epochs": 2, "parameters/fp16": True})
    run.log_configs({"parameters/when": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)})
    run.add_tags(["qa", "baseline"])
    run.remove_tags(["baseline"])
    for step in (0.5, 1, 2):
        run.log_metrics({"train/loss": 1 / (1 + step), "eval/f1": step / 10}, step=step)
    run.log_metrics({"eval/f1": 99.0}, step=3, preview=True)
    run.log_string_series({"notes": "started"}, step=0)
    run.assign_files({"cfg": File(b"a: 1\n", mime_type="text/plain")})
    if end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    run.close()


if __name__ == "__main__":
    main(sys.argv[1])
