"""A real tracking server on the loopback, with MLflow's own user and password check."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers._address import Server, make_basic
from cardgen.trackers.mlflow import fetch_run, rest
from tests.trackers.mlflow_runs import (
    DATA,
    ODD,
    STATUSES,
    Recorded,
    check_full,
    check_raw,
    make_client,
    record_runs,
)

NEEDED = ("flask", "flask_cors", "flask_wtf", "aiohttp", "pandas")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
USER, PASSWORD = "admin", "not-the-default-1"
PROOF = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(bool(MISSING), reason=f"'mlflow server' needs {', '.join(MISSING)}"),
]


@dataclass(frozen=True)
class Site:
    url: str
    folder: Path
    recorded: Recorded

    def fetch(self, locator: str, **environ: str) -> Run:
        (self.folder / "project").mkdir(exist_ok=True)
        return fetch_run(locator, TrackerConfig(self.folder / "project", environ=environ))

    def fetch_named(self, run_id: str) -> Run:
        return self.fetch(run_id, MLFLOW_TRACKING_URI=self.url, **PROOF)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("server")
    with run_server(folder) as url, pytest.MonkeyPatch.context() as patch:
        for name, value in PROOF.items():
            patch.setenv(name, value)
        yield Site(url, folder, record_runs(make_client(url)))


@contextlib.contextmanager
def run_server(folder: Path) -> Iterator[str]:
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{folder}/users.db\n"
        f"admin_username = {USER}\nadmin_password = {PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder}/server.db"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")},
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only for this test",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}", process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=5):
            return
        time.sleep(0.2)
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


def test_every_value_is_what_the_client_reads(site: Site) -> None:
    client = make_client(site.url)
    server = Server(site.url, make_basic(USER, PASSWORD))
    for run_id in (site.recorded.full, site.recorded.child):
        check_raw(rest.read_run(server, run_id), client)


def test_the_run_with_everything(site: Site) -> None:
    run = site.fetch_named(site.recorded.full)
    check_full(run, site.recorded)
    assert run.ref == f"mlflow:{site.recorded.full}"
    assert run.url.startswith(f"{site.url}/#/experiments/")
    assert run.url.endswith(f"/runs/{site.recorded.full}")
    assert {"files", "environment.packages"} <= set(run.unavailable)
    assert [repr(v) for v in next(c for c in run.curves if c.metric == ODD).values[:4]] == [
        "1.5",
        "nan",
        "inf",
        "-inf",
    ]


def test_statuses_and_parents(site: Site) -> None:
    client = make_client(site.url)
    for run_id in (*site.recorded.active, site.recorded.deleted):
        run = site.fetch_named(run_id)
        assert run.status == STATUSES[client.get_run(run_id).info.status]
    assert site.fetch_named(site.recorded.child).parent == f"mlflow:{site.recorded.full}"


def test_the_address_in_the_locator(site: Site) -> None:
    run_id = site.recorded.child
    named = {"MLFLOW_TRACKING_URI": site.url + "/", **PROOF}
    run = site.fetch(f"{site.url}/#{run_id}", **named)
    assert run.ref == f"mlflow:{site.url}#{run_id}"
    assert run.parent == f"mlflow:{site.url}#{site.recorded.full}"
    assert site.fetch(run.url, **named).ref == run.ref
    assert site.fetch(f"{site.url}#{run_id[:10]}", **named).ref == run.ref


def test_the_password_in_the_environments_address(site: Site) -> None:
    address = site.url.replace("://", f"://{USER}:{PASSWORD}@")
    run = site.fetch(site.recorded.child, MLFLOW_TRACKING_URI=address)
    assert run.name == "fold 1"
    assert PASSWORD not in run.model_dump_json()


def test_the_server_that_the_settings_name(site: Site) -> None:
    config = TrackerConfig(site.folder, options={"uri": site.url}, environ=PROOF)
    assert fetch_run(site.recorded.child, config).name == "fold 1"


@pytest.mark.parametrize(
    "environ",
    [{}, {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": "wrong"},
     {"MLFLOW_TRACKING_TOKEN": "wrong"}],
)  # fmt: skip
def test_who_may_not_ask_is_told(site: Site, environ: dict[str, str]) -> None:
    with pytest.raises(TrackerError, match=r"does not let you in \(HTTP 401\)") as caught:
        site.fetch(site.recorded.full, MLFLOW_TRACKING_URI=site.url, **environ)
    assert "password" in caught.value.hint


def test_the_password_goes_to_no_other_server(site: Site) -> None:
    named = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", **PROOF}
    with pytest.raises(TrackerError, match=r"does not let you in \(HTTP 401\)"):
        site.fetch(f"{site.url}#{site.recorded.full}", **named)


def test_the_beginning_of_an_id_is_enough(site: Site) -> None:
    assert site.fetch_named(site.recorded.full[:8]).ref == f"mlflow:{site.recorded.full}"


def test_an_unknown_id_says_where_it_was_looked_for(site: Site) -> None:
    with pytest.raises(TrackerError, match=rf"No run '0{{32}}' is in {site.url}\."):
        site.fetch_named("0" * 32)


def test_long_histories_come_in_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_PAGE", 25)
    run = site.fetch_named(site.recorded.full)
    assert len(next(c for c in run.curves if c.metric == "train/loss").values) == 60
    assert not math.isnan(run.metrics["eval/f1"].value)


def test_a_local_run_is_found_while_the_server_is_away(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        away = f"http://127.0.0.1:{listener.getsockname()[1]}"
    root = DATA / "sqlite"
    run_id = "2b22fe22cdc847dab10d5a2233749e5e"
    config = TrackerConfig(root, environ={"MLFLOW_TRACKING_URI": away})
    assert fetch_run(run_id, config).name == "qa-1"
    with pytest.raises(TrackerError, match="cannot be reached"):
        fetch_run("0" * 32, config)
