"""Reads N local MLflow runs (5 metrics x 20 steps) with cardgen and with MLflow's own client.

Usage: python -m benchmarks.mlflow_runs [N]
Both stores are recorded by the real client. Each side is a process of its own that imports what it
needs, finds all runs, and reads each with every point of every metric; they take turns, three of
each. CPU seconds count, since machines are shared. The client alone, without its import, is
printed too: that is the ratio that grows least.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

METRICS = ("train/loss", "eval/loss", "eval/exact_match", "eval/f1", "lr")
STEPS = 20
TURNS = 3
QUIET = {
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}

OURS = """
import sys, time
from pathlib import Path
begun = time.process_time()
from cardgen.models import TrackerConfig
from cardgen.trackers import mlflow
config = TrackerConfig(Path.cwd())
runs = [mlflow.fetch_run(ref.removeprefix("mlflow:"), config)
        for ref in mlflow.find_runs(Path(sys.argv[1]).absolute(), config)]
points = sum(len(curve.values) for run in runs for curve in run.curves)
points += sum(len(row.metrics) for run in runs for row in run.checkpoints)
print(len(runs), points, time.process_time() - begun)
"""

THEIRS = """
import logging, sys, time
logging.disable(logging.CRITICAL)
from mlflow.tracking import MlflowClient
begun = time.process_time()
client = MlflowClient(sys.argv[1])
count = points = 0
token = None
while True:
    page = client.search_runs(["0"], max_results=1000, page_token=token)
    for run in page:
        count += 1
        points += sum(len(client.get_metric_history(run.info.run_id, name))
                      for name in run.data.metrics)
    token = page.token
    if not token:
        break
print(count, points, time.process_time() - begun)
"""


def main() -> None:
    """Record both stores, read each by turns, and print a line a store."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as scratch:
        print(f"{count} runs           cardgen s  client s   ratio  without imports")
        for name, location in (("SQLite", "mlflow.db"), ("files", "mlruns")):
            root = Path(scratch, name)
            root.mkdir()
            uri = f"sqlite:///{root}/{location}" if name == "SQLite" else location
            record(root, uri, count)
            ours, theirs = [], []
            for _ in range(TURNS):
                ours.append(measure(OURS, location, root, count))
                theirs.append(measure(THEIRS, uri, root, count))
            (own, own_inner), (peer, peer_inner) = map(find_medians, (ours, theirs))
            print(
                f"{name:16}{own:12.2f}{peer:10.2f}{peer / own:8.1f}{peer_inner / own_inner:17.1f}"
            )


def record(root: Path, uri: str, count: int) -> None:
    """Runs that the real client logs, a batch each; the same numbers every time."""
    os.environ.update(QUIET)
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient

    os.chdir(root)
    client = MlflowClient(uri)
    chance = random.Random(7)
    now = int(time.time() * 1000)
    for number in range(count):
        run = client.create_run("0", run_name=f"qa-{number}")
        points = [
            Metric(name, chance.random(), now + step, step)
            for step in range(STEPS)
            for name in METRICS
        ]
        params = [Param("lr", str(chance.random())), Param("seed", str(number))]
        client.log_batch(run.info.run_id, metrics=points, params=params)
        client.set_terminated(run.info.run_id)


def measure(script: str, location: str, root: Path, count: int) -> tuple[float, float]:
    """CPU seconds of a whole process, and those that the script counts after its imports."""
    command = [sys.executable, "-c", script, location]
    environ = {**os.environ, **QUIET, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, cwd=root, env=environ, stdout=subprocess.PIPE) as process:
        output, _ = process.communicate()
    found, points, inner = json.loads(f"[{','.join(output.decode().split())}]")
    if (found, points) != (count, count * len(METRICS) * STEPS):
        sys.exit(f"{found} runs with {points} points were read: {command[-1]}")
    return _last_cost(), inner


_spent = 0.0


def _last_cost() -> float:
    """CPU seconds of the children that ended since the last call."""
    global _spent  # the system only tells the sum over all children
    times = os.times()
    spent = times.children_user + times.children_system
    cost, _spent = spent - _spent, spent
    return cost


def find_medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The median of each of two columns."""
    first, second = zip(*pairs, strict=True)
    return statistics.median(first), statistics.median(second)


if __name__ == "__main__":
    main()
