"""Value by value: what cardgen reads, and what W&B's own code reads from the same file."""

from __future__ import annotations

import datetime as dt
import json
import math
import shlex
import warnings
from pathlib import Path

import pytest

from cardgen.models import Run, TrackerConfig
from cardgen.trackers import wandb
from cardgen.trackers.wandb.framing import read_records
from cardgen.trackers.wandb.values import flatten
from tests.trackers import wandb_peer
from tests.trackers.wandb_peer import DATA, Json, find_logs

LOGS = find_logs()
by_log = pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)


def fetch(path: Path) -> Run:
    return wandb.fetch_run(path.name, TrackerConfig(path.parent))


def as_number(value: object) -> float | None:
    words = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    if isinstance(value, str):
        return words.get(value)
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if numeric else None  # type: ignore[arg-type]


def same(first: float, second: float) -> bool:
    return first == second or (math.isnan(first) and math.isnan(second))


def collect(rows: list[Json]) -> dict[str, list[tuple[float, float]]]:
    """Points by metric: W&B's step, value; without what is W&B's own and without media."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        media = {name.rpartition(".")[0] for name in row if name.endswith("._type")}
        for name, value in flatten(row):
            number = as_number(value)
            inside = any(name.startswith(f"{m}.") for m in media)
            if number is not None and not name.startswith("_") and not inside:
                found.setdefault(name, []).append((row["_step"], number))
    return found


def check_points(run: Run, rows: list[Json], declared: dict[str, str]) -> None:
    """Every point is in the run, and the run holds no other."""
    expected = collect(rows)
    shown = {
        curve.metric: dict(zip(curve.steps, curve.values, strict=True)) for curve in run.curves
    }
    for row in run.checkpoints:
        for name, value in row.metrics.items():
            assert row.step is not None
            shown.setdefault(name, {})[row.step] = value
    for name, points in expected.items():
        axis = declared.get(name, "")
        placed = {place(step, expected[axis]) if axis else step: value for step, value in points}
        last = run.metrics[name]
        if name in shown:
            assert shown[name].keys() == placed.keys(), name
            assert all(same(shown[name][step], placed[step]) for step in placed), name
        elif last.step is not None:
            assert same(last.value, points[-1][1]), name
    assert shown.keys() <= expected.keys()
    assert expected.keys() <= run.metrics.keys()


def place(step: float, scale: list[tuple[float, float]]) -> float:
    return [value for at, value in scale if at <= step][-1]


def find_axes(records: list[Json], names: list[str]) -> dict[str, str]:
    exact: dict[str, str] = {}
    globs: dict[str, str] = {}
    for record in records:
        metric = record.get("metric", {})
        if metric.get("name"):
            exact[metric["name"]] = metric.get("step_metric", "")
        elif metric.get("glob_name"):
            globs[metric["glob_name"][:-1]] = metric["step_metric"]
    axes = {}
    for name in names:
        matching = [axis for start, axis in globs.items() if name.startswith(start)]
        axis = exact.get(name, matching[0] if matching else "")
        axes[name] = "" if axis == name else axis
    return axes


@by_log
def test_the_framing_gives_the_records_that_protobuf_can_parse(path: Path) -> None:
    with path.open("rb") as stream:
        own = list(read_records(stream))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = wandb_peer.parse(path)
    assert len(own) == len(theirs) > 0
    assert [record.SerializeToString(deterministic=True) for record in theirs] == [
        type(record).FromString(data).SerializeToString(deterministic=True)
        for record, data in zip(theirs, own, strict=True)
    ]


@by_log
def test_every_point_is_the_one_that_the_client_reads(path: Path) -> None:
    records = wandb_peer.inspect(path)
    rows = [
        record["history"]["item"] | {"_step": record["history"]["item"]["_step"]}
        for record in records
        if record["type"] == "history"
    ]
    assert rows
    names = list(collect(rows))
    check_points(fetch(path), rows, find_axes(records, names))


@by_log
def test_every_other_field_is_the_one_that_the_client_reads(path: Path) -> None:
    told, run = wandb_peer.inspect_summary(path), fetch(path)
    assert run.params == told["config"]
    assert run.description == told["notes"]
    assert run.name == told["name"]
    assert run.experiment == "/".join(p for p in (told["entity"], told["project"]) if p)
    assert [tag for tag, value in run.tags.items() if not value] == told["tags"]
    ended = told["state"] in ("finished", "failed")
    assert run.status == (told["state"] if ended else None)
    assert run.exit_status == (told["exit_code"] if ended else None)
    check_summary(run, told["summary"])


def check_summary(run: Run, summary: Json) -> None:
    texts = {}
    for name, value in flatten(summary):
        number = as_number(value)
        if name.startswith("_"):
            continue
        if number is not None:
            assert same(run.metrics[name].value, number), name
        elif isinstance(value, str):
            texts[name] = value
    logged = {"word"}
    assert {name: v for name, v in texts.items() if name not in logged}.items() <= run.tags.items()


@by_log
def test_process_and_machine_are_those_that_the_client_reads(path: Path) -> None:
    environments = [
        r["environment"] for r in wandb_peer.inspect(path) if r["type"] == "environment"
    ]
    run = fetch(path)
    if not environments:  # clients before 0.19 wrote them beside the log
        assert run.commands == ()
        return
    told: Json = {}
    for environment in environments:
        told |= environment
    assert run.environment is not None
    assert run.source is not None
    assert run.environment.os == told["os"]
    assert run.environment.host == told["host"]
    assert f"CPython {run.environment.python}" == told["python"]
    assert run.source.commit == told["git"]["commit"]
    assert run.source.repository == told["git"]["remote_url"]
    assert run.source.entrypoint == told["code_path_local"]
    assert run.started == dt.datetime.fromisoformat(told["started_at"])
    words = [told["executable"], told["program"], *told.get("args", [])]
    assert shlex.split(run.commands[0].line) == words


@by_log
def test_artifacts_are_those_that_the_client_reads(path: Path) -> None:
    told = [r["artifact"] for r in wandb_peer.inspect(path) if r["type"] == "artifact"]
    run = fetch(path)
    models = [a for a in told if a["type"] == "model"]
    assert [(m.name, m.digest, list(m.aliases)) for m in run.output] == [
        (a["name"], a["digest"], a["aliases"]) for a in models
    ]
    data = [a for a in told if a["type"] == "dataset"]
    assert [(d.name, d.digest) for d in run.data] == [(a["name"], a["digest"]) for a in data]
    others = [a for a in told if a["type"] == "predictions"]
    assert [(f.path, f.digest) for f in run.files] == [
        (f"{a['type']}/{a['name']}", a["digest"]) for a in others
    ]


def test_all_versions_are_among_the_data() -> None:
    producers = set()
    for path in LOGS:
        run = next(r for r in wandb_peer.inspect(path) if r["type"] == "run")["run"]
        producers.add(run["telemetry"]["cli_version"].rpartition(".")[0])
    assert producers == {"0.12", "0.15", "0.18", "0.31"}
    assert json.loads(next(DATA.rglob("dryrun-*/wandb-metadata.json")).read_text())["exitcode"] == 0
