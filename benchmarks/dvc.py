"""Reads N experiments of a DVC project with cardgen and with 'dvc exp show --json'.

Usage: python -m benchmarks.dvc [N]
The experiments are commits below refs/exps, as DVC writes them: each has its own params, lock and
points of DVCLive. DVC must list them all, and both must say the same metrics. Each side is a whole
process; they take turns. DVC is asked as it is, when it has all experiments in its own cache, and
with --force, when it reads them from git as cardgen always does. CPU seconds count, those of git
included, since machines are shared.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

METRICS = ("train/loss", "eval/f1", "eval/exact_match")
STEPS = 20
TURNS = 5

OURS = """
import json
from pathlib import Path
from cardgen.models import TrackerConfig
from cardgen.trackers import dvc
config = TrackerConfig(Path.cwd())
found = dvc.find_runs(Path.cwd(), config)
runs = [dvc.fetch_run(ref.removeprefix("dvc:"), config) for ref in found]
print(json.dumps({run.name: run.metrics["eval/f1"].value for run in runs}))
"""

PIPELINE = """\
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py]
    params: [prepare]
    outs: [data]
  train:
    cmd: python train.py
    deps: [data, train.py]
    params: [train]
    outs: [model.pt]
params: [dvclive/params.yaml]
metrics: [dvclive/metrics.json]
plots: [dvclive/plots/metrics: {x: step}]
"""


def main() -> None:
    """Make the project, read it by turns, and print the medians with their ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "project")
        make_project(root, count)
        ours = (sys.executable, "-c", OURS)
        theirs = (sys.executable, "-m", "dvc", "exp", "show", "--json")
        commands = {"cardgen": ours, "dvc": theirs, "dvc --force": (*theirs, "--force")}
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(TURNS):
            for name, command in commands.items():
                seconds, printed = measure(command, root)
                check(printed, count, ours=name == "cardgen")
                times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{count} experiments, {len(METRICS)} metrics x {STEPS} steps; {TURNS} runs of each")
    for name, seconds in medians.items():
        print(f"{name:12} {seconds:6.2f} s   ratio to cardgen {seconds / medians['cardgen']:5.1f}")


# The project -------------------------------------------------------------------------------------


def make_project(root: Path, count: int) -> None:
    """A project with a base commit, and ``count`` experiments on it."""
    root.mkdir()
    run(root, "git", "init", "-q", "-b", "main", ".")
    run(root, sys.executable, "-m", "dvc", "init", "-q")
    for name, text in make_files(0).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "-qm", "The base")
    base = run(root, "git", "rev-parse", "HEAD").strip()
    stream = "".join(format_commit(base, number) for number in range(1, count + 1))
    run(root, "git", "fast-import", "--quiet", stdin=stream)


def make_files(number: int) -> dict[str, str]:
    """A project's files after a run; params, lock and numbers differ from run to run."""
    train = f"lr: {number / 1000}\n  epochs: {STEPS}\n  seed: {number}\n"
    files = {
        "dvc.yaml": PIPELINE,
        "prepare.py": "print('prepared')\n",
        "train.py": "print('trained')\n",
        "params.yaml": f"prepare: {{size: 100}}\ntrain:\n  {train}",
        "dvclive/params.yaml": f"optimizer: sgd\ntrain.lr: {number / 1000}\n",
        ".gitignore": "/data\n/model.pt\n",
    }
    values = {name: [hash_unit(name, number, step) for step in range(STEPS)] for name in METRICS}
    for name, points in values.items():
        rows = "".join(f"{step}\t{value}\n" for step, value in enumerate(points))
        files[f"dvclive/plots/metrics/{name}.tsv"] = f"step\t{name.split('/')[-1]}\n{rows}"
    summary: dict[str, object] = {"step": STEPS - 1}
    for name, points in values.items():
        group, _, last = name.partition("/")
        summary[group] = {**summary.get(group, {}), last: points[-1]}  # type: ignore[dict-item]
    files["dvclive/metrics.json"] = json.dumps(summary, indent=4)
    files["dvc.lock"] = make_lock(files, number)
    return files


def make_lock(files: dict[str, str], number: int) -> str:
    """The lock that DVC writes of such a run."""

    def entry(path: str, text: str) -> str:
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return (
            f"    - path: {path}\n      hash: md5\n      md5: {digest}\n      size: {len(text)}\n"
        )

    params = files["params.yaml"].partition("train:\n")[2].replace("  ", "          ")
    return (
        "schema: '2.0'\nstages:\n  prepare:\n    cmd: python prepare.py\n    deps:\n"
        + entry("prepare.py", files["prepare.py"])
        + "    params:\n      params.yaml:\n        prepare:\n          size: 100\n    outs:\n"
        + entry("data", "data")
        + "  train:\n    cmd: python train.py\n    deps:\n"
        + entry("data", "data")
        + entry("train.py", files["train.py"])
        + f"    params:\n      params.yaml:\n        train:\n{params}    outs:\n"
        + entry("model.pt", f"model {number}")
    )


def hash_unit(*parts: object) -> float:
    """A number between 0 and 1 that is always the same."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:6]) / 2**48


def format_commit(base: str, number: int) -> str:
    """An experiment's commit for 'git fast-import', below the ref that DVC gives it."""
    files = make_files(number)
    changed = ("params.yaml", "dvc.lock", *(name for name in files if name.startswith("dvclive/")))
    message = f"Number {number}"
    lines = [
        f"commit refs/exps/{base[:2]}/{base[2:]}/exp-{number:04}",
        f"committer Ann Example <ann@example.org> {1_790_000_000 + number} +0000",
        f"data {len(message)}\n{message}",
        f"from {base}",
        *(f"M 100644 inline {name}\ndata {len(files[name])}\n{files[name]}" for name in changed),
    ]
    return "\n".join(lines) + "\n\n"


# The processes -----------------------------------------------------------------------------------


def make_environ() -> dict[str, str]:
    """An environment in which DVC asks nobody, and git knows who commits."""
    who = {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER")
           for part, text in (("NAME", "Ann Example"), ("EMAIL", "ann@example.org"))}  # fmt: skip
    quiet = {"DVC_NO_ANALYTICS": "1", "DVC_STUDIO_OFFLINE": "1"}
    return {**os.environ, **who, **quiet, "PYTHONPATH": str(Path(__file__).parents[1])}


def run(root: Path, *command: str, stdin: str = "") -> str:
    done = subprocess.run(
        command, cwd=root, env=make_environ(), input=stdin, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout


def measure(command: tuple[str, ...], root: Path) -> tuple[float, str]:
    """CPU seconds of a whole process and its children, and what it printed."""
    before = os.times()
    printed = run(root, *command)
    after = os.times()
    spent = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return spent, printed


def check(printed: str, count: int, *, ours: bool) -> None:
    """End unless all experiments were listed with the values that were written."""
    said = json.loads(printed)
    if not ours:
        said = {
            item["name"]: item["revs"][0]["data"]["metrics"]["dvclive/metrics.json"]["data"][
                "eval"
            ]["f1"]
            for state in said
            for item in state["experiments"] or ()
        }
    for number in range(1, count + 1):
        if said.get(f"exp-{number:04}") != hash_unit("eval/f1", number, STEPS - 1):
            sys.exit(f"exp-{number:04} was not read: {said.get(f'exp-{number:04}')}")


if __name__ == "__main__":
    main()
