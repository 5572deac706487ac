"""Runs of a server, asked with W&B's own client.

The service cannot be had here: ``wandb_server`` stands in for it on the loopback. The client and
its sidecar process are real, and what they ask is answered as the service does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Checkpoint, Command, Dataset, Metric, Model, Run, RunFile, TrackerConfig
from cardgen.trackers import wandb
from cardgen.trackers.wandb import remote
from cardgen.trackers.wandb.keys import find_key
from cardgen.trackers.wandb.server import find_pages, find_server
from tests.trackers.test_wandb import DATA, FULL, survives
from tests.trackers.wandb_peer import WRITER
from tests.trackers.wandb_server import KEY, Service, make_artifact, make_run, serve

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

PROCESS = {
    "program": "/home/ada/train.py",
    "args": ["--name", "a b"],
    "executable": "/usr/bin/python3",
    "os": "Linux-6.1",
    "python": "CPython 3.11.7",
    "host": "gpu1",
    "codePath": "train.py",
    "git": {"remote": "https://git.example.com/team/qa.git", "commit": "0" * 40},
    "gpu": "NVIDIA A100",
    "gpu_count": 2,
}
CONFIG = {
    "seed": {"value": 7},
    "model": {"value": {"name": "plt5"}},
    "_wandb": {
        "value": {
            "e": {"one": PROCESS},
            "m": [{"1": "epoch"}, {"2": "eval/*", "5": 1}],
            "python_version": "3.11.7",
        }
    },
}
ROWS = [
    {"_step": step, "_timestamp": 1.0e9 + step, "train/loss": 1 / (step + 1), "epoch": step * 2}
    | ({"eval/f1": step / 10, "bad": "NaN"} if step % 2 else {})
    for step in range(6)
]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serve() as service:
        service.runs["full1"] = make_run(
            "full1",
            displayName="qa 1",
            tags=["polqa"],
            notes="See.",
            group="g",
            jobType="train",
            sweepName="sw1",
            commit="1" * 40,
            config=json.dumps(CONFIG),
            summaryMetrics=json.dumps(
                {"eval/f1": {"max": 0.5}, "best": 0.7, "train/loss": 1 / 6, "said": "fine"}
            ),
        )
        service.histories["full1"] = [json.dumps(row) for row in ROWS]
        service.artifacts["full1"] = {
            "used": [make_artifact("polqa", "dataset", 3, "latest")],
            "logged": [make_artifact("qa", "model", 0, "best", "latest")],
        }
        service.files["config.yaml"] = b"x"
        yield service


@pytest.fixture(autouse=True)
def clear(service: Service) -> Iterator[None]:
    service.asked.clear()
    yield
    service.answer = lambda _: None


def config(root: Path, service: Service, **options: Any) -> TrackerConfig:
    return TrackerConfig(root, {"uri": service.url, **options}, {"WANDB_API_KEY": KEY})


def fetch(root: Path, service: Service, locator: str = "team/qa/full1", **options: Any) -> Run:
    return wandb.fetch_run(locator, config(root, service, **options))


def test_a_run_of_a_server_is_read_whole(tmp_path: Path, service: Service) -> None:
    run = fetch(tmp_path, service)
    assert (run.ref, run.name, run.experiment) == ("wandb:team/qa/full1", "qa 1", "team/qa")
    assert run.url == f"{service.url}/team/qa/runs/full1"
    assert (run.status, run.author, run.group) == ("finished", "ada", "sw1")
    assert str(run.started) == "2026-11-20 10:00:00+00:00"
    assert str(run.finished) == "2026-11-20 10:05:00+00:00"
    assert run.tags == {"polqa": "", "job_type": "train", "group": "g", "said": "fine"}
    assert run.description == "See."
    assert run.params == {"seed": 7, "model": {"name": "plt5"}}
    line = "/usr/bin/python3 /home/ada/train.py --name 'a b'"
    assert run.commands == (Command(line=line),)
    assert run.source is not None
    assert (run.source.commit, run.source.entrypoint) == ("0" * 40, "train.py")
    assert run.environment is not None
    assert (run.environment.python, run.environment.seed) == ("3.11.7", 7)
    assert run.environment.accelerator == "2 x NVIDIA A100"
    assert run.checkpoints == tuple(
        Checkpoint(step=step * 2, epoch=step * 2, metrics={"eval/f1": step / 10})
        for step in (1, 3, 5)
    )
    curve = next(c for c in run.curves if c.metric == "train/loss")
    assert curve.values == tuple(row["train/loss"] for row in ROWS)
    assert run.metrics["eval/f1.max"] == Metric(value=0.5)
    assert run.metrics["best"] == Metric(value=0.7)
    assert run.data == (Dataset(name="polqa", version="v3", digest="digest-polqa-3"),)
    aliases = ("best", "latest")
    expected = Model(name="qa", version="v0", digest="digest-qa-0", aliases=aliases)
    assert run.output == (expected,)
    assert run.files == (RunFile(path="config.yaml", size=1),)
    survives(run)


@pytest.mark.parametrize(
    ("state", "status", "ended"),
    [
        ("running", "running", False),
        ("failed", "failed", True),
        ("crashed", "failed", False),
        ("killed", "aborted", True),
        ("pending", "planned", False),
        ("strange", None, False),
    ],
)
def test_a_state_is_a_status(
    tmp_path: Path, service: Service, state: str, status: str | None, ended: bool
) -> None:
    service.runs[state] = make_run(state, state=state, createdAt="2026-11-21T00:00:00Z")
    try:
        run = fetch(tmp_path, service, f"team/qa/{state}")
    finally:
        del service.runs[state]
    assert run.status == status
    assert (run.finished is not None) == ended


def test_what_the_locator_leaves_out_the_settings_say(tmp_path: Path, service: Service) -> None:
    settings = {"entity": "team", "project": "qa"}
    assert fetch(tmp_path, service, "full1", **settings).ref == "wandb:team/qa/full1"
    assert fetch(tmp_path, service, "qa/full1", entity="team").ref == "wandb:team/qa/full1"
    with pytest.raises(TrackerError, match="No run 'full1'"):
        fetch(tmp_path, service, "full1", entity="team")


def test_a_run_that_is_here_is_not_asked_for(service: Service) -> None:
    settings = {"entity": "team", "project": "qa", "dir": "v0.31"}
    assert fetch(DATA, service, "ubt3knka", **settings).name == "plT5 żółć"
    assert fetch(DATA, service, FULL, **settings).ref == f"wandb:{FULL}"
    assert service.asked == []


def test_all_runs_of_a_project_are_listed(tmp_path: Path, service: Service) -> None:
    for number in range(1200):
        name = f"many{number:04}"
        service.runs[name] = make_run(name, createdAt=f"2026-11-21T00:00:00.{number:06}Z")
    settings = config(tmp_path, service)
    try:
        refs = wandb.find_remote_runs("team/qa", settings)
    finally:
        for number in range(1200):
            del service.runs[f"many{number:04}"]
    assert refs[0] == "wandb:team/qa/full1"
    assert len(refs) == 1201 == len(set(refs))
    named = config(tmp_path, service, entity="team", project="qa")
    assert wandb.find_remote_runs("", named) == refs[:1]
    assert wandb.find_remote_runs("qa", named) == refs[:1]
    with pytest.raises(TrackerError, match="names no project"):
        wandb.find_remote_runs("a/b/c", named)
    with pytest.raises(TrackerError, match="names no project"):
        wandb.find_remote_runs("qa", settings)


# Where the token and the questions go --------------------------------------------------------


def test_no_question_and_no_token_leaves_for_another_server(
    tmp_path: Path, service: Service
) -> None:
    """The other listens on the same machine; files and redirects lead to it."""
    with serve() as other:
        service.runs["old1"] = make_run("old1", config='{"seed": {"value": 1}}')
        service.files["wandb-metadata.json"] = json.dumps(PROCESS).encode()
        service.file_urls["wandb-metadata.json"] = f"{other.url}/stored/wandb-metadata.json"
        try:
            run = fetch(tmp_path, service, "team/qa/old1")
            assert run.commands == ()
            assert {"commands", "environment"} <= set(run.unavailable)
            del service.file_urls["wandb-metadata.json"]
            redirect = (302, {"Location": f"{other.url}/stored/wandb-metadata.json"})
            service.answer = lambda what: redirect if what.startswith("/stored") else None
            assert fetch(tmp_path, service, "team/qa/old1").commands == ()
            service.answer = lambda _: None
            run = fetch(tmp_path, service, "team/qa/old1")  # now it is the server's own
            assert run.commands[0].line.startswith("/usr/bin/python3")
            assert run.environment is not None
            assert run.environment.host == "gpu1"
        finally:
            del service.runs["old1"], service.files["wandb-metadata.json"]
        assert other.asked == []
    tokens = {proof for _, _, proof in service.asked}
    assert len(tokens) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_server_that_moved_is_not_followed(tmp_path: Path, service: Service, status: int) -> None:
    with serve() as other:
        service.answer = lambda _: (status, {"Location": f"{other.url}/graphql"})
        remote._CLIENTS.clear()
        with pytest.raises(TrackerError, match="redirects to another server"):
            fetch(tmp_path, service)
        assert other.asked == []


@pytest.mark.parametrize(("status", "said"), [(401, "let you in"), (403, "let you in"), (404, "")])
def test_a_refusal_is_one_sentence_without_the_key(
    tmp_path: Path, service: Service, status: int, said: str
) -> None:
    remote._CLIENTS.clear()
    service.answer = lambda _: (status, {})
    with pytest.raises(TrackerError, match=said) as caught:
        fetch(tmp_path, service)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    service.answer = lambda what: (status, {}) if what == "Run" else None
    with pytest.raises(TrackerError, match="could not be fetched") as caught:
        fetch(tmp_path, service)
    assert KEY not in str(caught.value)
    assert caught.value.hint


def test_a_run_or_project_that_is_not_there_says_so(tmp_path: Path, service: Service) -> None:
    with pytest.raises(TrackerError, match="team/qa/none could not be fetched"):
        fetch(tmp_path, service, "team/qa/none")


def test_a_server_that_does_not_answer_says_so(tmp_path: Path) -> None:
    settings = TrackerConfig(tmp_path, {"uri": "http://127.0.0.1:9"}, {"WANDB_API_KEY": KEY})
    with pytest.raises(TrackerError, match="cannot be reached"):
        wandb.fetch_run("team/qa/full1", settings)


def test_without_a_key_nobody_is_asked(tmp_path: Path, service: Service) -> None:
    settings = TrackerConfig(tmp_path, {"uri": service.url}, {"HOME": str(tmp_path)})
    with pytest.raises(TrackerError, match="no key") as caught:
        wandb.fetch_run("team/qa/full1", settings)
    assert "WANDB_API_KEY" in caught.value.hint
    assert service.asked == []


def test_the_key_of_netrc_goes_to_its_own_host_only(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(
        f"machine lab.example login user password {'1' * 40}\n"
        f"machine api.wandb.ai login user password {'2' * 40}\n"
        f"default login user password {'3' * 40}\n"
    )
    settings = TrackerConfig(tmp_path, environ={"HOME": str(tmp_path)})
    assert find_key(settings, "https://lab.example:8080") == "1" * 40
    assert find_key(settings, "https://api.wandb.ai") == "2" * 40
    assert find_key(settings, "https://evil.example") == ""
    named = TrackerConfig(tmp_path, environ={"NETRC": str(tmp_path / "none")})
    assert find_key(named, "https://lab.example") == ""
    (tmp_path / ".netrc").write_text("machine\n\n login")
    assert find_key(settings, "https://lab.example") == ""


@pytest.mark.parametrize(
    ("environ", "server", "pages"),
    [
        ({}, "https://api.wandb.ai", "https://wandb.ai"),
        (
            {"WANDB_BASE_URL": "https://api.forge.coreweave.com"},
            "https://api.forge.coreweave.com",
            "https://forge.coreweave.com/wandb",
        ),
        ({"WANDB_BASE_URL": "http://lab:8080/"}, "http://lab:8080", "http://lab:8080"),
        ({"WANDB_BASE_URL": "https://api.lab.io"}, "https://api.lab.io", "https://app.lab.io"),
        ({"WANDB_APP_URL": "https://w.lab.io/"}, "https://api.wandb.ai", "https://w.lab.io"),
    ],
)
def test_the_pages_are_where_the_client_says(
    environ: dict[str, str], server: str, pages: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wandb.util import app_url

    settings = TrackerConfig(Path(), environ=environ)
    assert find_server(settings)[0] == server
    assert find_pages(settings) == pages
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    if environ:
        assert app_url(server) == pages


@pytest.mark.parametrize(
    "options",
    [
        {"uri": 5},
        {"uri": "ftp://x"},
        {"entity": ["a"]},
        {"dir": 7},
        {"dir": "\0"},
        {"uri": "https://"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    settings = TrackerConfig(tmp_path, options, {"WANDB_API_KEY": KEY})
    with pytest.raises(TrackerError) as caught:
        wandb.fetch_run("team/qa/full1" if "entity" not in options else "qa/full1", settings)
    assert caught.value.hint


def test_without_the_client_it_says_what_to_install(tmp_path: Path, service: Service) -> None:
    program = (
        "import sys; sys.modules['wandb'] = None\n"
        "from pathlib import Path; from cardgen.models import TrackerConfig\n"
        "from cardgen.trackers import wandb as ours\n"
        "try: ours.fetch_run('team/qa/x', TrackerConfig(Path(), {}, {'WANDB_API_KEY': 'k'}))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("TrackerError")
    assert "pip install 'cardgen[wandb]'" in done.stdout


def test_the_client_leaves_nothing_behind_and_the_environment_as_it_was(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wandb-dir").mkdir()
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "wandb-dir"))
    monkeypatch.chdir(tmp_path)
    fetch(tmp_path, service)
    assert os.environ["WANDB_DIR"] == str(tmp_path / "wandb-dir")
    assert [path.name for path in tmp_path.rglob("*")] == ["wandb-dir"]


def test_a_fresh_online_run_is_read_from_its_folder(tmp_path: Path, service: Service) -> None:
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith("WANDB_")},
        "WANDB_API_KEY": KEY,
        "WANDB_BASE_URL": service.url,
        "WANDB_DIR": str(tmp_path),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
        "ENTITY": "team",
    }
    command = [sys.executable, str(WRITER)]
    done = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    run = wandb.fetch_run(done.stdout.split()[0], config(tmp_path, service))
    assert (run.status, run.experiment) == ("finished", "team/qa")
    assert run.url == f"{service.url}/team/qa/runs/{done.stdout.split()[0]}"
    assert {"config.yaml", "wandb-summary.json"} <= {file.path for file in run.files}
