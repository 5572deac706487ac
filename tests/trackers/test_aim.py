"""Aim's repositories: what its real client wrote, compared with what it reads."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.models import Command, Evidence, Metric, Run, Source, TrackerConfig
from cardgen.trackers import aim
from cardgen.trackers.aim.run import make_params
from cardgen.trackers.aim.series import make_name
from tests.trackers.aim_environment import find_python

HERE = Path(__file__).parent
DATA = HERE.parent / "data" / "aim"
CLIENT = HERE / "aim_client.py"
OK = "b76a32dcc6a04fc9b138cec8"
KILLED = "074c6b692ba0464e86dc9d24"
BARE = "500c7f64317f41a687fd3726"


def fetch(root: Path, locator: str) -> Run:
    return aim.fetch_run(locator, TrackerConfig(root))


def find(root: Path, location: Path | None = None) -> tuple[str, ...]:
    return aim.find_runs(location or root, TrackerConfig(root))


def survives(run: Run) -> None:
    """A run can become evidence and be read again."""
    text = format_evidence(Evidence(code="qa-1", runs=(run,)))
    assert format_evidence(parse_evidence(text)) == text


def load_expected(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


EXPECTED = {said["hash"]: said for said in load_expected((DATA / "expected.jsonl").read_text())}


def is_what_the_client_reads(run: Run, said: dict[str, Any]) -> None:
    """Compare a run value by value with what Aim's client says of it."""
    assert (run.name, run.description, run.experiment) == (
        said["name"],
        said["description"],
        said["experiment"],
    )
    assert sorted(run.tags) == sorted(said["tags"])
    assert run.started == dt.datetime.fromtimestamp(said["created"], dt.UTC)
    ended = said["end"] and dt.datetime.fromtimestamp(said["end"], dt.UTC)
    assert run.finished == ended
    assert (run.status == "running") == said["active"]
    attrs = dict(said["attrs"])
    system = attrs.pop("__system_params", {})
    params = make_params(attrs)
    assert run.params == params
    assert len(params) >= sum(len(v) if isinstance(v, dict) else 1 for v in attrs.values())
    if system:
        packages = run.environment.packages if run.environment else {}
        assert packages == system["packages"]
        git = system.get("git_info", {})
        assert run.source is not None
        assert run.source.commit == (git.get("commit", {}).get("hash") or "")
        assert (run.source.branch, run.source.repository) == (
            git.get("branch") or "",
            git.get("remote_origin_url") or "",
        )
        assert run.commands[0].line.split() == ["python", *system["arguments"]]
    has_the_same_points(run, said["series"])


def has_the_same_points(run: Run, series: list[list[Any]]) -> None:
    curves = {c.metric: dict(zip(c.steps, c.values, strict=True)) for c in run.curves}
    epochs = {row.step: row.epoch for row in run.checkpoints}
    for row in run.checkpoints:
        for metric, value in row.metrics.items():
            curves.setdefault(metric, {})[row.step] = value  # type: ignore[index]
    assert {make_name(name, context) for name, context, *_ in series} == set(run.metrics)
    for name, context, steps, values, found, _ in series:
        label = make_name(name, context)
        assert repr(run.metrics[label].value) == repr(float(values[-1]))
        if len(steps) > 400:
            points = dict(zip(steps, values, strict=True))
            assert all(points[step] == value for step, value in curves[label].items())
        elif len(steps) > 1:
            assert repr(curves[label]) == repr(dict(zip(steps, map(float, values), strict=True)))
            for step, epoch in zip(steps, found, strict=True):
                assert step not in epochs or math.isnan(epoch) or epochs[step] == epoch


# Data that was written before ----------------------------------------------------------------


@pytest.mark.parametrize("name", [OK, KILLED, BARE])
def test_a_committed_run_is_what_the_client_read(name: str) -> None:
    run = fetch(DATA, name)
    is_what_the_client_reads(run, EXPECTED[name])
    survives(run)


def test_a_real_run_is_read_whole() -> None:
    run = fetch(DATA, OK)
    assert (run.ref, run.name, run.status) == (f"aim:{OK}", "qa-1 ok", "finished")
    assert run.params == {
        "alpha": 1e-4,
        "big": str(2**60),
        "epochs": 8,
        "extra": 3,
        "flag": True,
        "model/name": "plT5-base",
        "none": None,
        "opt/empty": {},
        "opt/lrs": [0.1, 0.2],
        "opt/name": "sgd",
        "opt/none": [],
        "rows": [{"a": 1}, {"a": [2, 3]}],
        "seed": 13,
        "słowo": "zażółć",
    }
    assert run.commands == (Command(line="python train.py write ok ."),)
    assert run.source == Source(
        repository="https://git.example.com/team/qa.git",
        branch="main",
        commit="2b7def0",  # Aim keeps it short
        entrypoint="train.py",
    )
    assert [(row.step, row.epoch) for row in run.checkpoints] == [(n, n // 2) for n in range(8)]
    assert run.checkpoints[2].metrics == {"val/accuracy": 0.6, "fold=2/val/f1": 2.0}
    assert [curve.metric for curve in run.curves] == ["lr", "train/loss"]
    assert run.curves[0].steps == (0, 10, 20, 30, 40, 50, 60, 70)
    assert math.isnan(run.curves[0].values[3])
    assert run.curves[0].values[4] == math.inf
    assert run.metrics["test/final"] == Metric(value=0.75, step=0)
    assert run.environment is not None
    assert run.environment.seed == 13
    assert run.environment.packages["aim"] == "3.29.1"
    assert run.tags == {"baseline": "", "zażółć": ""}
    assert run.unavailable == (
        "author",
        "environment.accelerator",
        "environment.host",
        "environment.os",
        "environment.python",
        "source.dirty",
    )


def test_no_variable_of_the_environment_is_kept() -> None:
    text = fetch(DATA, OK).model_dump_json()
    assert "env_variables" not in text
    assert "/usr/bin:/bin" not in text


def test_a_killed_run_is_still_running_to_aim_and_is_read_from_its_log() -> None:
    run = fetch(DATA, KILLED)
    assert (run.status, run.finished) == ("running", None)
    assert run.metrics.keys() == fetch(DATA, OK).metrics.keys()
    assert run.params == fetch(DATA, OK).params


def test_an_end_alone_does_not_say_how_it_ended() -> None:
    run = fetch(DATA, BARE)
    assert run.finished is not None
    assert run.status is None
    assert "status" in run.unavailable


def test_a_hash_may_be_shortened_and_a_folder_named(tmp_path: Path) -> None:
    shutil.copytree(DATA / ".aim", tmp_path / "old" / ".aim")
    run = fetch(tmp_path, f"old#{OK[:6]}")
    assert run.ref == f"aim:old#{OK}"
    assert repr(fetch(tmp_path, f"old/.aim#{OK}")) == repr(run)
    assert fetch(DATA, OK[:8]).ref == f"aim:{OK}"
    (tmp_path / "old" / ".aim").rename(tmp_path / "copy")
    assert fetch(tmp_path, f"copy#{OK}").ref == f"aim:copy#{OK}"
    assert find(tmp_path)[0] == f"aim:copy#{OK}"


@pytest.mark.parametrize(
    ("locator", "said"),
    [
        ("", "names no run"),
        ("#", "names no run"),
        ("a b", "names no run"),
        (f"none#{OK}", "no Aim repository"),
        (f"..#{OK}", "outside the project"),
        (f"/etc#{OK}", "outside the project"),
        (f"aim://host:53800#{OK}", "tracking server is not read"),
        (f"a\0b#{OK}", "no Aim repository"),
        ("b76a3", "holds no run"),
        ("ffffffff", "holds no run"),
    ],
)
def test_a_locator_of_nothing_is_a_sentence(locator: str, said: str) -> None:
    with pytest.raises(TrackerError, match=said) as caught:
        fetch(DATA, locator)
    assert caught.value.hint


def test_runs_are_listed_oldest_first_and_only_those_that_are_there() -> None:
    assert find(DATA) == (f"aim:{OK}", f"aim:{KILLED}", f"aim:{BARE}")
    assert find(DATA, DATA / ".aim" / "meta") == find(DATA)


def test_what_git_left_out_leaves_a_gap_and_no_more(tmp_path: Path) -> None:
    shutil.copytree(DATA / ".aim", tmp_path / ".aim")
    (tmp_path / ".aim" / "run_metadata.sqlite").unlink()
    shutil.rmtree(tmp_path / ".aim" / "seqs")
    shutil.rmtree(tmp_path / ".aim" / "check_ins")
    run = fetch(tmp_path, OK)
    assert (run.name, run.started, run.metrics, run.status) == ("", None, {}, None)
    assert run.params["alpha"] == 1e-4
    assert find(tmp_path) == tuple(sorted(f"aim:{name}" for name in (OK, KILLED, BARE)))


def test_reading_leaves_everything_as_it_was(tmp_path: Path) -> None:
    shutil.copytree(DATA / ".aim", tmp_path / ".aim")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for ref in find(tmp_path):
        fetch(tmp_path, ref.removeprefix("aim:"))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


# Fresh, by the client itself -----------------------------------------------------------------


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """A repository that the client wrote just now, and what it reads of a copy of it, by name."""
    try:
        python = find_python()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"Aim cannot be installed here: {error}")
    root = tmp_path_factory.mktemp("aim") / "qa"
    root.mkdir()
    own = {"PATH": os.environ["PATH"], "HOME": str(root.parent)}

    def start(*arguments: str, folder: Path = root) -> subprocess.CompletedProcess[str]:
        command = [str(python), str(CLIENT), *arguments]
        return subprocess.run(
            command, cwd=folder, env=own, capture_output=True, text=True, timeout=120, check=False
        )

    for how in ("ok", "fail", "kill", "closed", "bare", "long"):
        done = start("write", how, ".")
        assert done.returncode == {"fail": 1, "kill": 9}.get(how, 0), done.stderr
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    done = start("read", ".", folder=copy)
    assert done.returncode == 0, done.stderr
    return root, {said["name"].split()[-1]: said for said in load_expected(done.stdout)}


@pytest.mark.parametrize("how", ["ok", "fail", "kill", "closed", "bare", "long"])
def test_a_fresh_run_is_what_the_client_reads(
    written: tuple[Path, dict[str, dict[str, Any]]], how: str
) -> None:
    root, said = written
    run = fetch(root, said[how]["hash"])
    said[how]["attrs"].get("__system_params", {}).pop("env_variables", None)
    arguments = said[how]["attrs"]["__system_params"]["arguments"]
    assert arguments[1:] == ["write", how, "."]
    is_what_the_client_reads(run, said[how])
    survives(run)


def test_all_that_was_written_is_listed_in_order(
    written: tuple[Path, dict[str, dict[str, Any]]],
) -> None:
    root, said = written
    ordered = sorted(said.values(), key=lambda each: float(each["created"]))
    assert find(root) == tuple(f"aim:{each['hash']}" for each in ordered)
