"""Tasks on a ClearML server, which is a stand-in here: see ``clearml_server.py``.

What it holds was put there by ClearML's own client, which imported offline sessions into it, and
what is read is compared with what the client reads back, and with the sessions themselves.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Model, Run, RunFile, TrackerConfig
from cardgen.trackers import clearml
from cardgen.trackers.clearml import rest
from cardgen.trackers.clearml.events import make_name
from cardgen.trackers.clearml.place import find_server
from tests.trackers.clearml_server import KEY, SECRET, Store, serve
from tests.trackers.test_clearml import (
    DATA,
    DONE,
    FAILED,
    expected_params,
    fetch,
    locate,
    scalar,
    survives,
    written,
)

__all__ = ["written"]  # the fixture

PEER = Path(__file__).parent / "clearml_peer.py"
TASK = "0" * 31 + "1"


def environ(store: Store) -> dict[str, str]:
    return {
        "CLEARML_API_HOST": store.url,
        "CLEARML_WEB_HOST": store.url,
        "CLEARML_FILES_HOST": store.url,
        "CLEARML_API_ACCESS_KEY": KEY,
        "CLEARML_API_SECRET_KEY": SECRET,
    }


@pytest.fixture(scope="module")
def imported(
    written: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, dict[str, dict[str, Any]]]]:
    """A server into which the client imported sessions, and what it reads of each, by session."""
    home = tmp_path_factory.mktemp("home")
    sessions = {
        "done": str(DATA / DONE),
        "failed": str(DATA / FAILED),
        "zip": str(DATA / f"{DONE}.zip"),
        "fresh": written["ok"]["folder"],
        "killed": written["kill"]["folder"],
    }
    with serve() as store:
        own = {"PATH": os.environ["PATH"], "HOME": str(home), "CLEARML_CACHE_DIR": str(home)}
        done = subprocess.run(
            [sys.executable, str(PEER), *sessions.values()],
            env=own | environ(store),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        lines = [line[4:] for line in done.stdout.splitlines() if line.startswith("PEER")]
        yield store, dict(zip(sessions, map(json.loads, lines), strict=True))


@pytest.fixture
def store() -> Iterator[Store]:
    """A server with one small task."""
    with serve() as empty:
        empty.projects["p1"] = {"id": "p1", "name": "QA/digits"}
        empty.tasks[TASK] = {
            "id": TASK,
            "name": "a",
            "project": "p1",
            "status": "in_progress",
            "created": "2026-01-01",
        }
        yield empty


def config(store: Store, **more: str) -> TrackerConfig:
    return TrackerConfig(Path.cwd(), {}, environ(store) | more)


def read(store: Store, task_id: str = TASK) -> Run:
    return clearml.fetch_run(task_id, config(store))


NAMES = ("done", "failed", "zip", "fresh", "killed")


@pytest.mark.parametrize("name", NAMES)
def test_each_point_is_what_the_client_reads(
    imported: tuple[Store, dict[str, dict[str, Any]]], name: str
) -> None:
    store, peers = imported
    peer = peers[name]
    run = read(store, peer["id"])
    curves = {c.metric: dict(zip(c.steps, c.values, strict=True)) for c in run.curves}
    for row in run.checkpoints:
        for metric, value in row.metrics.items():
            curves.setdefault(metric, {})[row.step] = value
    count = 0
    for metric, variants in peer["scalars"].items():
        for variant, series in variants.items():
            single = series["x"] == [-(2**31)]
            own = make_name(metric, variant, single=single)
            assert run.metrics[own].value == series["y"][-1]
            points = dict(zip(series["x"], series["y"], strict=True))
            if len(points) > 1:
                assert curves[own] == points
            count += 1
    assert len(run.metrics) == count
    assert {n: run.metrics[n].value for n in peer["single"]} == peer["single"]
    survives(run)


@pytest.mark.parametrize("name", NAMES)
def test_all_else_is_what_the_client_reads(
    imported: tuple[Store, dict[str, dict[str, Any]]], name: str
) -> None:
    store, peers = imported
    peer = peers[name]
    run = read(store, peer["id"])
    assert (run.ref, run.name, run.experiment) == (
        f"clearml:{peer['id']}",
        peer["name"],
        peer["project"],
    )
    assert (run.description, run.url, run.author) == (peer["comment"], peer["url"], "Ada")
    assert (peer["status"], run.status) == ("completed", "finished")
    assert run.started is not None
    assert run.finished is not None
    assert sorted(tag for tag, value in run.tags.items() if not value) == sorted(peer["tags"])
    assert {k: run.tags[k] for k in peer["properties"]} == peer["properties"]
    assert {file.path: file.size for file in run.files} == peer["artifacts"]
    assert [[model.name, model.kind] for model in run.output] == peer["models"]
    script = peer["script"]
    assert (run.source.commit if run.source else "") == script.get("version_num", "")
    assert (run.source.repository if run.source else "") == script.get("repository", "")
    assert run.unavailable == ("commands",)


def test_the_server_says_what_the_session_said(
    imported: tuple[Store, dict[str, dict[str, Any]]], written: dict[str, dict[str, Any]]
) -> None:
    store, peers = imported
    for name, root, place in (
        ("done", DATA, DONE),
        ("failed", DATA, FAILED),
        ("fresh", written["ok"]["root"], locate(written["ok"])),
    ):
        there, here = read(store, peers[name]["id"]), fetch(root, place)
        assert (there.params, there.tags) == (here.params, here.tags)
        assert there.source == here.source
        assert there.metrics == here.metrics
        assert [row.metrics for row in there.checkpoints] == [r.metrics for r in here.checkpoints]
        finite = [c for c in here.curves if all(map(math.isfinite, c.values))]
        assert [c for c in there.curves if c.metric in {f.metric for f in finite}] == finite
    fresh = {k: v for k, v in expected_params(written["ok"]).items() if not k.startswith("model.")}
    assert fresh.items() <= read(store, peers["fresh"]["id"]).params.items()


def test_a_project_lists_its_tasks(imported: tuple[Store, dict[str, dict[str, Any]]]) -> None:
    store, peers = imported
    refs = {f"clearml:{peer['id']}" for peer in peers.values()}
    assert set(clearml.find_remote_runs("QA/digits", config(store))) == refs
    assert set(clearml.find_remote_runs("QA", config(store))) >= refs
    assert set(clearml.find_remote_runs("", config(store))) >= refs
    with pytest.raises(TrackerError, match="has no project 'QA/dig'"):
        clearml.find_remote_runs("QA/dig", config(store))


# What servers answer -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("created", "planned"),
        ("queued", "planned"),
        ("in_progress", "running"),
        ("stopped", "aborted"),
        ("failed", "failed"),
        ("closed", "finished"),
        ("published", "finished"),
        ("unknown", None),
    ],
)
def test_statuses(store: Store, theirs: str, ours: str | None) -> None:
    store.tasks[TASK]["status"] = theirs
    assert read(store).status == ours


def test_all_pages_of_events_are_read(store: Store) -> None:
    store.page = 7
    steps = [0, *range(-3, 40), 0, 0]
    store.events = [
        scalar("a", name, step / 3, step, task=TASK) for step in steps for name in ("x", "y", "z")
    ]
    store.events += [scalar("Summary", "f1", 0.5, -(2**31), task=TASK)]
    run = read(store)
    assert [row.step for row in run.checkpoints] == list(range(-3, 40))
    assert run.checkpoints[3].metrics == {"a/x": 0.0, "a/y": 0.0, "a/z": 0.0}
    assert run.metrics["f1"].step is None
    assert sum(name == "events.get_task_events" for name, _ in store.asked) > 3


def test_pages_that_begin_again_at_iteration_0_lose_nothing_and_end(store: Store) -> None:
    for page in range(1, 8):
        store.page = page
        store.events = [scalar("a", "x", 1.0, step, task=TASK) for step in range(-2, 4)]
        assert [row.step for row in read(store).checkpoints] == list(range(-2, 4))
    assert len(store.asked) < 150


def test_tasks_are_listed_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_TASKS", 3)
    store.tasks = {
        f"{n:032x}": {"id": f"{n:032x}", "project": "p1", "created": f"2026-{n:02}"}
        for n in range(8)
    }
    store.tasks[f"{5:032x}"]["system_tags"] = ["archived"]
    expected = tuple(f"clearml:{n:032x}" for n in range(8) if n != 5)
    assert clearml.find_remote_runs("", config(store)) == expected


def test_models_of_new_and_old_servers(store: Store) -> None:
    store.models = {
        "m1": {"id": "m1", "name": "plT5", "framework": "PyTorch", "uri": "s3://b/m", "tags": []},
        "m2": {"id": "m2", "name": "qa", "framework": "PyTorch", "tags": ["prod"]},
    }
    base = Model(name="plT5", version="m1", kind="PyTorch", url="s3://b/m")
    made = Model(name="qa", version="m2", kind="PyTorch", aliases=("prod",))
    store.tasks[TASK]["models"] = {
        "input": [{"name": "x", "model": "m1"}],
        "output": [{"name": "y", "model": "m2"}, {"name": "gone", "model": "m3"}],
    }
    run = read(store)
    assert (run.model, run.output) == (base, (made, Model(version="m3")))
    store.tasks[TASK] |= {"models": None, "execution": {"model": "m1"}, "output": {"model": "m2"}}
    run = read(store)
    assert (run.model, run.output) == (base, (made,))


def test_artifacts_elsewhere_are_listed_by_name_and_not_fetched(store: Store) -> None:
    artifacts = [
        {"key": "preds", "uri": "https://evil.example/x", "content_size": 5, "hash": "ab" * 32},
        {"key": "odd", "content_size": -1, "hash": "md5"},
    ]
    store.tasks[TASK]["execution"] = {"artifacts": artifacts}
    assert read(store).files == (
        RunFile(path="odd", digest="md5"),
        RunFile(path="preds", size=5, digest="sha256:" + "ab" * 32),
    )


def test_a_task_that_is_not_there(store: Store) -> None:
    with pytest.raises(TrackerError, match=f"holds no task '{'f' * 32}'"):
        read(store, "f" * 32)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("tasks.get_by_id", (200, b"[]")),
        ("tasks.get_by_id", (200, b"<html>")),
        ("tasks.get_by_id", (200, b'{"data": {"task": []}}')),
        ("tasks.get_by_id", (403, b"{}")),
        ("auth.login", (200, b"{}")),
        ("auth.login", (200, b'{"data": {"token": "a\\nb"}}')),
        ("auth.login", (404, b"")),
        ("events.get_task_events", (400, b"{}")),
        ("events.get_task_events", (200, b'{"data": ')),
    ],
)
def test_odd_answers_are_a_sentence(store: Store, name: str, answer: tuple[int, bytes]) -> None:
    store.broken[name] = answer
    with pytest.raises(TrackerError) as caught:
        read(store)
    assert store.url in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["projects.get_by_id", "tasks.get_by_id_ex", "models.get_by_id"])
def test_what_is_kept_from_one_leaves_a_gap_and_no_more(store: Store, name: str) -> None:
    store.tasks[TASK]["models"] = {"input": [{"name": "x", "model": "m1"}]}
    store.broken[name] = (403, b'{"meta": {"result_msg": "no"}}')
    assert read(store).name == "a"


# Which server, and who is told what ----------------------------------------------------------


def test_keys_are_sent_once_and_a_token_after_that(store: Store) -> None:
    read(store)
    assert [name for name, said in store.asked if said.startswith("Basic ")] == ["auth.login"]
    others = {said for name, said in store.asked if name != "auth.login"}
    assert others == {f"Bearer {store.token}"}


def test_a_wrong_key_is_said_without_the_key(store: Store) -> None:
    wrong = config(store, CLEARML_API_SECRET_KEY="wrong-secret")
    with pytest.raises(TrackerError, match="does not let you in") as caught:
        clearml.fetch_run(TASK, wrong)
    assert "Unauthorized (invalid credentials)" in caught.value.message
    assert "CLEARML_API_ACCESS_KEY" in caught.value.hint
    assert "wrong-secret" not in str(caught.value)


def test_a_token_takes_the_place_of_keys(store: Store) -> None:
    own = {"CLEARML_API_HOST": store.url, "CLEARML_AUTH_TOKEN": store.token}
    run = clearml.fetch_run(TASK, TrackerConfig(Path.cwd(), {}, own))
    assert run.name == "a"
    assert "auth.login" not in dict(store.asked)


def test_the_configuration_file_names_server_and_keys(store: Store, tmp_path: Path) -> None:
    conf = f"""
# ClearML SDK configuration file
api {{
    # Notice: 'host' is the api server (default port 8008), not the web server.
    api_server: {store.url}
    web_server: {store.url}
    files_server: http://files
    credentials {{"access_key" = "{KEY}", "secret_key" = "{SECRET}"}}
}}
sdk {{ storage {{ cache {{ default_base_dir: "~/.clearml/cache" }} }} odd = ${{HOME}}/x }}
"""
    (tmp_path / "clearml.conf").write_text(conf)
    for own in (
        {"HOME": str(tmp_path)},
        {"CLEARML_CONFIG_FILE": str(tmp_path / "clearml.conf"), "HOME": "/nowhere"},
        {"HOME": str(tmp_path), "CLEARML_API_HOST": store.url},
    ):
        run = clearml.fetch_run(TASK, TrackerConfig(Path.cwd(), {}, own))
        assert run.url == f"{store.url}/projects/p1/experiments/{TASK}/output/log"


def test_keys_of_the_file_are_for_its_own_server_alone(store: Store, tmp_path: Path) -> None:
    keys = f'credentials {{ access_key: "{KEY}", secret_key: "{SECRET}" }}'
    (tmp_path / "clearml.conf").write_text(f"api {{ api_server: http://other:1\n{keys} }}")
    own = {"HOME": str(tmp_path)}
    for options, extra in (({"uri": store.url}, {}), ({}, {"CLEARML_API_HOST": store.url})):
        with pytest.raises(TrackerError, match="no key for the ClearML server"):
            clearml.fetch_run(TASK, TrackerConfig(Path.cwd(), options, own | extra))
    assert store.asked == []


def test_the_environment_goes_before_the_settings_and_these_before_the_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "clearml.conf").write_text('api { api_server: "https://api.file.example" }')
    keys = {"CLEARML_API_ACCESS_KEY": "a", "CLEARML_API_SECRET_KEY": "b", "HOME": str(tmp_path)}
    options = {"uri": "https://api.settings.example"}
    named = keys | {"CLEARML_API_HOST": "http://env.example:8008"}
    places = [
        find_server(TrackerConfig(tmp_path, options, named)),
        find_server(TrackerConfig(tmp_path, options, keys)),
        find_server(TrackerConfig(tmp_path, {}, keys)),
    ]
    assert [(place.api.url, place.web) for place in places] == [
        ("http://env.example:8008", "http://env.example:8080"),
        ("https://api.settings.example", "https://app.settings.example"),
        ("https://api.file.example", "https://app.file.example"),
    ]


@pytest.mark.parametrize(
    ("options", "own", "said"),
    [
        ({}, {}, "No ClearML server is named"),
        ({"uri": 5}, {}, "is no text"),
        ({"uri": "api.clear.ml"}, {}, "is no address"),
        ({"uri": "https://api.clear.ml"}, {}, "no key"),
    ],
)
def test_without_a_server_or_key_there_is_a_sentence(
    tmp_path: Path, options: dict[str, Any], own: dict[str, str], said: str
) -> None:
    with pytest.raises(TrackerError, match=said):
        clearml.fetch_run(TASK, TrackerConfig(tmp_path, options, own))


def test_the_page_of_a_task_names_it_on_the_known_server_alone(store: Store) -> None:
    page = f"{store.url}/projects/p1/experiments/{TASK}/output/log"
    run = clearml.fetch_run(page, config(store))
    assert run.ref == f"clearml:{TASK}"
    assert clearml.fetch_run(page.replace("experiments", "tasks"), config(store)) == run
    store.asked.clear()
    with pytest.raises(TrackerError, match="no page of the server"):
        clearml.fetch_run(f"https://evil.example/projects/*/tasks/{TASK}", config(store))
    assert store.asked == []


def test_a_server_that_is_gone_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_SECONDS", 1.0)
    with serve() as store:
        own = config(store)
    with pytest.raises(TrackerError, match="cannot be reached"):
        clearml.fetch_run(TASK, own)


@pytest.mark.parametrize("text", ["", "api {", "api = 5", "\0", "{" * 9999, "api { x = ${y} }"])
def test_a_damaged_configuration_file_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "clearml.conf").write_text(text)
    with pytest.raises(TrackerError, match="No ClearML server"):
        find_server(TrackerConfig(tmp_path, {}, {"HOME": str(tmp_path)}))
