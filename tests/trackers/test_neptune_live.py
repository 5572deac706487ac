"""Runs on a server of one's own, with Neptune's real client; the server is a peer of ours."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Dataset, RunFile
from cardgen.trackers import neptune
from cardgen.trackers.neptune.live import find_address, split_locator
from tests.trackers.neptune_peer import Peer, serve
from tests.trackers.neptune_tree import configure

CLIENT = pytest.mark.skipif(
    find_spec("neptune") is None, reason="needs Neptune's client: pip install 'cardgen[neptune]'"
)
# The client and its libraries warn of what is deprecated in each other.
QUIET = pytest.mark.filterwarnings("ignore")
WRITER = Path(__file__).with_name("neptune_writer.py")


def token(address: str) -> str:
    return base64.b64encode(json.dumps({"api_address": address}).encode()).decode()


def write(folder: Path, mode: str, custom_id: str = "", **environ: str) -> None:
    """Log a run in a process of its own; the client looks for git where the script lies."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    shutil.copy(WRITER, folder / "train.py")
    for command in (
        [*git, "init", "-q", "-b", "main"],
        [*git, "remote", "add", "origin", "https://example.org/team/qa.git"],
        [*git, "commit", "-q", "--allow-empty", "-m", "x"],
        [sys.executable, "train.py", mode, *([custom_id] if custom_id else [])],
    ):
        subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environ},
            check=True,
            timeout=120,
            capture_output=True,
        )


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A server that holds one run which the real client logged."""
    with serve() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        folder = tmp_path_factory.mktemp("trainer")
        write(folder, "async", "my-id-7", NEPTUNE_API_TOKEN=running.token)
        yield running


@CLIENT
@QUIET
@pytest.mark.slow
def test_a_run_comes_back_as_it_was_logged(peer: Peer, tmp_path: Path) -> None:
    environ, before = {"NEPTUNE_API_TOKEN": peer.token}, len(peer.asked)
    run = neptune.fetch_run("team/qa/QA-1", configure(tmp_path, environ))
    assert run.ref == "neptune:team/qa/QA-1"
    assert run.url == f"{peer.address}/team/qa/e/QA-1"
    assert (run.name, run.experiment, run.author) == ("qa-1", "team/qa", "me")
    assert (run.status, run.finished) == ("running", None)
    assert run.params == {"lr": 3e-5, "epochs": 2, "fp16": True, "optim/name": "adamw"}
    assert run.tags == {"qa": "", "grp": "", "custom_run_id": "my-id-7"}
    assert [(row.step, row.metrics) for row in run.checkpoints] == [
        (0, {"eval/em": 0.25}),
        (1, {"eval/em": 0.5}),
        (10, {"eval/f1": 0.5}),
        (20, {"eval/f1": 0.75}),
    ]
    assert run.metrics["eval/final/f1"].value == 0.75
    assert run.metrics["train/loss"].step == 24990, "all pages of a long series"
    assert run.source is not None
    assert len(run.source.commit) == 40
    assert run.source.branch == "main"
    assert run.source.repository == "https://example.org/team/qa.git"
    assert run.environment is not None
    assert run.environment.packages == {"torch": "2.4.0", "numpy": "2.1.0"}
    digest = peer.find("team/qa/QA-1").attributes["data/train"][1]  # type: ignore[union-attr]
    (data,) = run.data
    assert data == Dataset(name="data/train", digest=digest, context="training", path=data.path)
    assert data.path.endswith("train.jsonl")
    assert run.files == (RunFile(path="source_code/requirements"),)
    assert "commands" in run.unavailable
    posted = {asked.rsplit("/", 2)[-2:][0] for asked in peer.asked[before:] if "POST" in asked}
    assert posted <= {"entries", "openid-connect"}, "it is only read"


@CLIENT
@QUIET
@pytest.mark.slow
def test_by_any_name(peer: Peer, tmp_path: Path) -> None:
    environ = {"NEPTUNE_API_TOKEN": peer.token}
    for locator in ("team/qa/my-id-7", "team/qa/qa-1"):
        run = neptune.fetch_run(locator, configure(tmp_path, environ))
        assert run.ref == "neptune:team/qa/QA-1"
    named = neptune.fetch_run("QA-1", configure(tmp_path, environ, project="team/qa"))
    assert named.ref == "neptune:team/qa/QA-1"
    both = configure(tmp_path, environ | {"NEPTUNE_PROJECT": "team/qa"})
    assert neptune.fetch_run("my-id-7", both) == named


@CLIENT
@QUIET
@pytest.mark.slow
def test_states(peer: Peer, tmp_path: Path) -> None:
    stored = peer.find("team/qa/QA-1")
    assert stored is not None
    config = configure(tmp_path, {"NEPTUNE_API_TOKEN": peer.token})
    later = ("datetime", "2099-01-01T00:00:00.000Z")
    before = dict(stored.attributes)
    stored.attributes |= {"sys/state": ("experimentState", "idle"), "sys/ping_time": later}
    ended = neptune.fetch_run("team/qa/QA-1", config)
    assert ended.status == "finished"
    assert ended.finished is not None
    assert ended.finished.year == 2099
    stored.attributes |= {"sys/failed": ("bool", True)}
    assert neptune.fetch_run("team/qa/QA-1", config).status == "failed"
    stored.attributes = before


@CLIENT
@QUIET
@pytest.mark.slow
@pytest.mark.parametrize(
    ("locator", "message"),
    [
        ("team/qa/QA-9", "has no run 'QA-9' in team/qa"),
        ('team/qa/what"ever', "has no run"),
        ("team/other/QA-1", "could not be fetched"),
    ],
)
def test_what_is_not_there(peer: Peer, tmp_path: Path, locator: str, message: str) -> None:
    with pytest.raises(TrackerError, match=message) as caught:
        neptune.fetch_run(locator, configure(tmp_path, {"NEPTUNE_API_TOKEN": peer.token}))
    assert peer.token not in str(caught.value)
    assert "\n" not in caught.value.message


@CLIENT
@QUIET
@pytest.mark.slow
def test_a_dead_server_is_given_up_soon(tmp_path: Path) -> None:
    """In a process of its own, since the client reads its patience when it is imported."""
    code = (
        "import sys, pathlib; from cardgen.trackers import neptune;"
        "from cardgen.models import TrackerConfig as C\n"
        f"c = C(pathlib.Path('.'), {{}}, {{'NEPTUNE_API_TOKEN': '{token('http://127.0.0.1:9')}'}})\n"
        "try: neptune.fetch_run('team/qa/QA-1', c)\n"
        "except Exception as e: print(type(e).__name__, e)"
    )
    environ = {name: v for name, v in os.environ.items() if name != "NEPTUNE_RETRIES_TIMEOUT"}
    environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert done.stdout.startswith("TrackerError The run team/qa/QA-1 could not be fetched"), done
    assert time.monotonic() - start < 50
    assert not (tmp_path / ".neptune").exists()


def test_without_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neptune", None)
    config = configure(tmp_path, {"NEPTUNE_API_TOKEN": token("http://127.0.0.1:9")})
    with pytest.raises(TrackerError) as caught:
        neptune.fetch_run("team/qa/QA-1", config)
    assert "pip install 'cardgen[neptune]'" in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://app.neptune.ai", "ui.neptune.ai", "https://neptune.ml"]
)
def test_the_hosted_service_is_gone(tmp_path: Path, address: str) -> None:
    config = configure(tmp_path, {"NEPTUNE_API_TOKEN": token(address)})
    with pytest.raises(TrackerError, match="ended in March 2026") as caught:
        neptune.fetch_run("team/qa/QA-1", config)
    assert "No run 'team/qa/QA-1' of Neptune lies in" in caught.value.message
    assert "trackers.neptune.export" in caught.value.hint
    with pytest.raises(TrackerError, match="ended in March 2026"):
        find_address("ANONYMOUS")


@pytest.mark.parametrize("text", ["", "garbage", "e30=", "WzFd", "bnVsbA==", token("")])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(TrackerError, match="no token of Neptune"):
        find_address(text)


def test_addresses() -> None:
    assert find_address(token("http://127.0.0.1:8080")) == "http://127.0.0.1:8080"
    assert find_address(token("neptune.example.org")) == "neptune.example.org"
    assert find_address(token("https://myneptune.ai")) == "https://myneptune.ai"


def test_projects(tmp_path: Path) -> None:
    assert split_locator("team/qa/a/b", configure(tmp_path)) == ("team/qa", "a/b")
    assert split_locator("QA-1", configure(tmp_path, project="a/b")) == ("a/b", "QA-1")
    environ = {"NEPTUNE_PROJECT": "c/d"}
    assert split_locator("QA-1", configure(tmp_path, environ)) == ("c/d", "QA-1")
    for config in (configure(tmp_path), configure(tmp_path, project="nonsense")):
        with pytest.raises(TrackerError, match="not known which project"):
            split_locator("QA-1", config)
    with pytest.raises(TrackerError, match="not known which project"):
        split_locator("qa/QA-1", configure(tmp_path, environ))


@CLIENT
@QUIET
@pytest.mark.slow
def test_the_runs_of_a_project_are_listed_oldest_first(peer: Peer, tmp_path: Path) -> None:
    config = configure(tmp_path, {"NEPTUNE_API_TOKEN": peer.token})
    stored = peer.find("team/qa/QA-1")
    assert stored is not None
    with pytest.MonkeyPatch.context() as patch:
        for number, year in ((10, 1999), (3, 1999), (2, 2001)):
            run_id = f"QA-{number}"
            attributes = {
                "sys/id": ("string", run_id),
                "sys/creation_time": ("datetime", f"{year}-01-01T00:00:00.000Z"),
            }
            identity = {**stored.identity, "id": run_id, "shortId": run_id}
            other = replace(stored, identity=identity, attributes=stored.attributes | attributes)
            patch.setitem(peer.runs, run_id, other)
        refs = neptune.find_remote_runs("team/qa", config)
        assert refs == tuple(f"neptune:team/qa/QA-{number}" for number in (3, 10, 2, 1))
    (ref,) = neptune.find_remote_runs("", configure(tmp_path, config.environ, project="team/qa"))
    assert neptune.fetch_run(ref.removeprefix("neptune:"), config).ref == ref
    named = configure(tmp_path, {**config.environ, "NEPTUNE_PROJECT": "team/qa"})
    assert neptune.find_remote_runs("", named) == (ref,)
    with pytest.raises(TrackerError, match="The runs of team/other could not be fetched") as caught:
        neptune.find_remote_runs("team/other", config)
    assert peer.token not in str(caught.value)


def test_listing_needs_a_token_and_a_project(tmp_path: Path) -> None:
    assert neptune.find_remote_runs("", configure(tmp_path)) == ()
    with pytest.raises(TrackerError, match="No server is known") as caught:
        neptune.find_remote_runs("team/qa", configure(tmp_path))
    assert "NEPTUNE_API_TOKEN" in caught.value.hint
    config = configure(tmp_path, {"NEPTUNE_API_TOKEN": token("http://127.0.0.1:9")})
    for location in ("", "qa", "team/qa/QA-1"):
        with pytest.raises(TrackerError, match="names no project of Neptune"):
            neptune.find_remote_runs(location, config)
    hosted = configure(tmp_path, {"NEPTUNE_API_TOKEN": token("https://app.neptune.ai")})
    with pytest.raises(TrackerError, match="ended in March 2026"):
        neptune.find_remote_runs("team/qa", hosted)


@CLIENT
@QUIET
@pytest.mark.slow
def test_offline_and_live_agree(peer: Peer, tmp_path: Path) -> None:
    """The same trainer, once offline and once on a server: what both hold is the same."""
    write(tmp_path, "offline")
    (ref,) = neptune.find_runs(tmp_path, configure(tmp_path))
    offline = neptune.fetch_run(ref.removeprefix("neptune:"), configure(tmp_path))
    environ = {"NEPTUNE_API_TOKEN": peer.token}
    live = neptune.fetch_run("team/qa/QA-1", configure(tmp_path, environ))
    for name in ("name", "description", "params", "checkpoints", "curves", "metrics", "model"):
        assert getattr(offline, name) == getattr(live, name), name
    assert offline.environment is not None
    assert offline.environment.packages.items() >= {("torch", "2.4.0"), ("numpy", "2.1.0")}
    assert offline.tags == {"qa": "", "grp": ""}
    assert [data.name for data in offline.data] == [data.name for data in live.data]
