"""Runs of a Weights & Biases server, asked with W&B's own client.

The client is an extra and is imported only here, never asks for a key, and reports nothing to its
makers. Histories come sampled by the server; what lies at another address than the server's
(exported histories, files in cloud storage) is not fetched.
"""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cardgen.errors import TrackerError
from cardgen.models import RunFile, TrackerConfig
from cardgen.trackers._address import Server, make_basic, origin
from cardgen.trackers._http import Client
from cardgen.trackers.wandb.files import MAX_FILES
from cardgen.trackers.wandb.folder import MACHINE
from cardgen.trackers.wandb.keys import find_key
from cardgen.trackers.wandb.record import MAX_ITEMS, PRIVATE, Artifact, Record
from cardgen.trackers.wandb.server import find_name, find_server, make_url
from cardgen.trackers.wandb.values import as_dict, as_texts, clean_text, parse_time

SECONDS = 20
"""How long one question to the server may take."""

SAMPLES = 10_000
"""Rows of a history that are asked for; of a longer one the server picks as many."""

MAX_RUNS = 100_000

_LOCK = threading.RLock()
_CLIENTS: dict[tuple[str, str], Any] = {}
_QUIET = {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off"}
_ENDED = ("finished", "failed", "killed")


def fetch_record(locator: str, config: TrackerConfig) -> Record:
    """What the server tells of the run ``entity/project/run_id``; raises TrackerError."""
    parts = [*locator.split("/")]
    given = [find_name(config, option) for option in ("entity", "project")]
    entity, project, run_id = (*given[: 3 - len(parts)], *parts)
    path = f"{entity}/{project}/{run_id}"
    server, key = _find_access(config)
    with _ask(server, key, f"The run {path}") as client:
        run = client.run(path)
        record = _make_record(run, config, (entity, project, run_id))
        for row in run.history(samples=SAMPLES, pandas=False):
            record.history.add_row(as_dict(row))
        record.artifacts = [*_list(run.used_artifacts(), used=True), *_list(run.logged_artifacts())]
        record.files = _list_files(run)
        if not record.machine.get("program"):
            _add_machine(record, run, Server(server, make_basic("api", key)))
    record.end_part()
    return record


def find_runs(location: str, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs of ``entity/project``, the oldest first; raises TrackerError."""
    parts = [part for part in location.strip("/").split("/") if part]
    given = [find_name(config, option) for option in ("entity", "project")]
    entity, project = (*given, "", "")[:2] if not parts else (*given[: 2 - len(parts)], *parts)[:2]
    if not (entity and project) or len(parts) > 2:
        raise TrackerError(
            f"'{location}' names no project of Weights & Biases.", "Write wandb:entity/project."
        )
    server, key = _find_access(config)
    with _ask(server, key, f"The runs of {entity}/{project}") as client:
        found = client.runs(f"{entity}/{project}", order="+created_at", per_page=500)
        ids = [clean_text(run.id) for run, _ in zip(found, range(MAX_RUNS), strict=False)]
    return tuple(f"wandb:{entity}/{project}/{run_id}" for run_id in dict.fromkeys(ids) if run_id)


def _find_access(config: TrackerConfig) -> tuple[str, str]:
    """The server's address and the key for it; raises TrackerError where there is none."""
    server, own = find_server(config)
    key = own or find_key(config, server)
    if not key:
        raise TrackerError(
            f"There is no key for the Weights & Biases server {server}.",
            "Set WANDB_API_KEY, or run 'wandb login'.",
        )
    return server, key


@contextmanager
def _ask(server: str, key: str, what: str) -> Iterator[Any]:
    """The client, for one caller at a time; whatever it raises becomes one sentence."""
    with _LOCK, _scratch(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            client = _open_client(server, key)
            client.flush()  # it would hand out what it was told before
            yield client
        except TrackerError:
            raise
        except Exception as error:
            why = " ".join(str(error).replace(key, "…").split())[:300].rstrip(".")
            raise TrackerError(
                f"{what} could not be fetched from {server}: {why or type(error).__name__}.",
                "Check the name, the key and that the server is reachable.",
            ) from None


@contextmanager
def _scratch() -> Iterator[None]:
    """The client makes a folder for every run that it is told of: below one that is thrown away."""
    before = os.environ.get("WANDB_DIR")
    with tempfile.TemporaryDirectory(prefix="cardgen-") as folder:
        os.environ["WANDB_DIR"] = folder
        try:
            yield
        finally:
            os.environ.pop("WANDB_DIR")
            os.environ |= {} if before is None else {"WANDB_DIR": before}


def _open_client(server: str, key: str) -> Any:
    """The client for a server and key, made once, after asking whether the server lets it in.

    The client tries for long where it is refused, and follows a redirect to any server.
    """
    wandb = _import_client()
    if (server, key) not in _CLIENTS:
        with Client(Server(server, make_basic("api", key)), seconds=SECONDS) as http:
            http.post_json("/graphql", {"query": "query Viewer { viewer { id } }"})
        overrides = {"base_url": server}
        _CLIENTS[server, key] = wandb.Api(overrides, timeout=SECONDS, api_key=key)
    return _CLIENTS[server, key]


def _import_client() -> Any:
    """W&B's client, told to be quiet before it reads its settings."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import wandb  # noqa: PLC0415  # half a second that only a server needs
    except ImportError:
        raise TrackerError(
            "Reading a Weights & Biases server needs its client, which is not installed.",
            "Run: pip install 'cardgen[wandb]'.",
        ) from None
    return wandb


def _make_record(run: Any, config: TrackerConfig, name: tuple[str, str, str]) -> Record:
    entity, project, run_id = name
    attributes: Mapping[str, Any] = as_dict(getattr(run, "_attrs", {}))
    user = as_dict(attributes.get("user"))
    record = Record(
        ref=f"wandb:{entity}/{project}/{run_id}",
        run_id=run_id,
        entity=entity,
        project=project,
        name=clean_text(run.name),
        notes=clean_text(attributes.get("notes")),
        group=clean_text(attributes.get("group")),
        job_type=clean_text(attributes.get("jobType")),
        sweep=clean_text(attributes.get("sweepName")),
        author=clean_text(user.get("username")) or clean_text(user.get("name")),
        url=make_url(config, entity, project, run_id),
        state=clean_text(run.state),
        commit=clean_text(attributes.get("commit")),
        tags=as_texts(attributes.get("tags")),
        started=parse_time(attributes.get("createdAt")),
        remote=True,
        config=dict(as_dict(run.config)),
        summary=dict(as_dict(run.summary_metrics)),
    )
    if record.state in _ENDED:
        record.finished = parse_time(attributes.get("heartbeatAt"))
    record.add_private(as_dict(as_dict(run.rawconfig).get(PRIVATE)))
    return record


def _list(artifacts: Any, used: bool = False) -> Iterator[Artifact]:
    for item, _ in zip(artifacts, range(MAX_ITEMS), strict=False):
        name, _, version = clean_text(item.name).partition(":")
        size = item.size
        yield Artifact(
            name=name,
            kind=clean_text(item.type),
            version=clean_text(item.version) or version,
            digest=clean_text(item.digest),
            aliases=as_texts(item.aliases),
            size=size if type(size) is int else None,
            used=used,
        )


def _list_files(run: Any) -> tuple[RunFile, ...]:
    found = {}
    for file, _ in zip(run.files(per_page=200), range(MAX_FILES), strict=False):
        size = file.size
        path = clean_text(file.name)
        found[path] = RunFile(path=path, size=size if type(size) is int else None)
    return tuple(found[path] for path in sorted(found) if path)


def _add_machine(record: Record, run: Any, server: Server) -> None:
    """What clients before 0.19 wrote of process and machine: a file, where the server has it."""
    if any(file.path == MACHINE for file in record.files):
        url = str(run.file(MACHINE).url)
        if url.startswith(f"{server.url}/") and origin(url) == origin(server.url):
            try:
                with Client(server, seconds=SECONDS) as client:
                    record.add_machine(as_dict(client.get_json(url.removeprefix(server.url))))
                return
            except TrackerError:
                pass  # it lies elsewhere: a token goes to no other server
    record.unavailable = ("commands", "environment")
