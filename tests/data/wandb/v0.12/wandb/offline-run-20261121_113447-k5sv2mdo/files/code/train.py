"""A small training that W&B's own client records; its arguments choose how it goes and ends.

Run it as a program with WANDB_MODE, WANDB_DIR and the like in its environment. It prints the
run's id. Clients from 0.9 on understand it.
"""

import math
import os
import pathlib
import sys
import time

import wandb


def start():
    known = {"id": os.environ["RUN_ID"], "resume": "allow"} if "RUN_ID" in os.environ else {}
    return wandb.init(
        project="qa",
        entity=os.environ.get("ENTITY"),
        name="plT5 żółć",
        group="sweep-a",
        job_type="train",
        notes="See whether\nit learns.",
        tags=["polqa", "baseline 1"],
        config={
            "lr": 1e-05,
            "seed": 13,
            "model": {"name": "allegro/plt5-base", "layers": 2},
            "list": [1, 2.5, "x"],
            "none": None,
            "flag": True,
            "text": "zażółć: 'x' 12:30",
            "no": "no",
        },
        **known
    )


def log(run, first):
    """Five steps: losses at each, an evaluation at every second."""
    for step in range(first, first + 5):
        row = {
            "train/loss": 1 / (step + 1),
            "opt": {"lr": 0.1 * step, "b.c": step},
            "nan": math.nan,
            "inf": -math.inf if step % 2 else math.inf,
            "word": "w%d" % step,
            "żółć": step / 3,
            "big": 2**60 + step,
        }
        if step % 2:
            row.update({"epoch": step // 2, "eval/f1": 0.1 * step, "eval/loss": 1 - 0.1 * step})
        run.log(row)


def log_artifacts(run):
    folder = pathlib.Path(run.dir).parent
    (folder / "m.bin").write_bytes(b"weights")
    (folder / "d.csv").write_text("a,b\n")
    model = wandb.Artifact("qa-model", type="model", metadata={"f1": 0.3})
    model.add_file(str(folder / "m.bin"))
    run.log_artifact(model, aliases=["best", "latest"])
    data = wandb.Artifact("qa-data", type="dataset")
    data.add_file(str(folder / "d.csv"))
    run.log_artifact(data)
    found = wandb.Artifact("qa-found", type="predictions")
    found.add_file(str(folder / "d.csv"))
    run.log_artifact(found)
    run.log({"table": wandb.Table(columns=["a"], data=[["x"]])})
    run.log({"histogram": wandb.Histogram([1, 2, 3])})


def main(arguments):
    run = start()
    print(run.id, flush=True)
    if hasattr(run, "define_metric"):
        run.define_metric("epoch")
        run.define_metric("eval/*", step_metric="epoch", summary="max")
        run.define_metric("eval/loss", step_metric="epoch", summary="min")
    log(run, int(os.environ.get("FIRST", "0")))
    run.config.update({"late": 2.5})
    if "--artifacts" in arguments:
        log_artifacts(run)
    run.summary["best"] = 0.5
    run.summary["train/loss"] = 0.125
    run.summary["conclusion"] = "fine"
    run.summary["deep"] = {"x": {"y": 1}}
    if "--kill" in arguments:
        time.sleep(float(os.environ.get("BEFORE_KILL", "1")))
        os.kill(os.getpid(), 9)
    if "--exit" in arguments:
        raise SystemExit(3)
    if "--fail" in arguments:
        raise RuntimeError("boom")
    getattr(run, "finish", lambda: None)()


if __name__ == "__main__":
    main(sys.argv[1:])
# changed
