"""A real tracking server on the loopback, with MLflow's own user and password check."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers._address import Server, make_basic
from cardgen.trackers.mlflow import fetch_run, find_remote_runs, outline_runs, rest
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


# Listing ---------------------------------------------------------------------------------------


def list_runs(site: Site, location: str = "", **environ: str) -> tuple[str, ...]:
    (site.folder / "project").mkdir(exist_ok=True)
    return find_remote_runs(location, TrackerConfig(site.folder / "project", environ=environ))


def named(site: Site) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": site.url, **PROOF}


def test_all_runs_are_listed_oldest_first(site: Site) -> None:
    refs = list_runs(site, **named(site))
    client = make_client(site.url)
    theirs = client.search_runs(
        [found.experiment_id for found in client.search_experiments()],
        order_by=["attributes.start_time ASC"],
    )
    assert set(refs) == {f"mlflow:{run.info.run_id}" for run in theirs}
    assert set(refs) == {f"mlflow:{run_id}" for run_id in site.recorded.active}, "none deleted"
    starts = {f"mlflow:{run.info.run_id}": run.info.start_time for run in theirs}
    assert list(refs) == sorted(refs, key=lambda ref: (starts[ref], ref))
    assert [site.fetch(ref.removeprefix("mlflow:"), **named(site)).ref for ref in refs] == [*refs]


def test_lists_come_in_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list_runs(site, **named(site))
    monkeypatch.setattr(rest, "_RUNS_AT_ONCE", 2)
    monkeypatch.setattr(rest, "_EXPERIMENTS_AT_ONCE", 1)
    assert list_runs(site, **named(site)) == whole
    assert len(whole) == 5
    monkeypatch.setattr(rest, "_MAX_PAGES", 2)
    with pytest.raises(TrackerError, match="more runs than 2 pages") as caught:
        list_runs(site, **named(site))
    assert "experiment" in caught.value.hint


def test_one_experiment_of_a_server(site: Site) -> None:
    whole = list_runs(site, **named(site))
    found = make_client(site.url).get_experiment_by_name("digits 1e-4")
    assert found is not None
    number = found.experiment_id
    for location in (
        *("#digits 1e-4", f"#{number}", f"{site.url}#digits 1e-4", f"{site.url}/#{number}"),
        f"{site.url}/#/experiments/{number}",
    ):
        assert list_runs(site, location, **named(site)) == whole, location
    for gone in ("nobody", "thrown away"):
        with pytest.raises(TrackerError, match=f"has no experiment '{gone}'") as caught:
            list_runs(site, f"#{gone}", **named(site))
        assert "digits 1e-4" in caught.value.hint
    with pytest.raises(TrackerError, match="No run of an experiment 'Default' is in"):
        list_runs(site, "#Default", **named(site))


def test_a_server_that_is_typed_is_not_told_the_password_of_another(site: Site) -> None:
    elsewhere = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", **PROOF}
    for environ in ({}, PROOF, elsewhere):
        with pytest.raises(TrackerError, match=r"does not let you in \(HTTP 401\)"):
            list_runs(site, site.url, **environ)


def test_a_server_that_goes_away_while_it_lists(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers up to the second page are the real server's; then nobody listens any more."""
    with open_relay(site.url, answers=2) as relay:
        monkeypatch.setattr(rest, "_RUNS_AT_ONCE", 2)
        with pytest.raises(TrackerError, match="cannot be reached"):
            list_runs(site, MLFLOW_TRACKING_URI=relay, **PROOF)


def test_outlines_are_the_runs_without_their_histories(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = list_runs(site, **named(site))
    monkeypatch.setattr(rest, "_IDS_AT_ONCE", 2)
    monkeypatch.setattr(rest, "_RUNS_AT_ONCE", 1)
    config = TrackerConfig(site.folder / "project", environ=named(site))
    ids = [ref.removeprefix("mlflow:") for ref in refs]
    outlines = {run.ref: run for run in outline_runs([*ids, "0" * 32], config)}
    assert outlines.keys() == set(refs)
    histories = {"checkpoints", "curves", "output", "unavailable"}
    for ref in refs:
        whole = site.fetch(ref.removeprefix("mlflow:"), **named(site))
        short = outlines[ref]
        assert (short.curves, short.checkpoints) == ((), ())
        assert short.model_dump_json(exclude=histories) == whole.model_dump_json(exclude=histories)


@contextlib.contextmanager
def open_relay(url: str, answers: int) -> Iterator[str]:
    """Hands questions on to a server, one a connection, and closes after some answers."""

    class Relay(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
            request = urllib.request.Request(url + self.path, body, headers)
            with urllib.request.urlopen(request, timeout=20) as response:
                answer = response.read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Relay) as server:

        def serve() -> None:
            for _ in range(answers):
                server.handle_request()
            server.server_close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        thread.join()
