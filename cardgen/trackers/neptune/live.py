"""A run on a Neptune 2.x server of one's own, read with Neptune's client.

The client is an extra and is imported only here. It is opened read-only and says nothing; whatever
it raises becomes one sentence without the token.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from cardgen.errors import GoneError, TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers.neptune.client import read_open_run
from cardgen.trackers.neptune.mapping import Paths
from cardgen.trackers.neptune.record import Recorded
from cardgen.trackers.neptune.values import Value, clean_text, make_value

RETRIES = "5"
"""Seconds for which the client asks a server that does not answer; its own default is 60."""

MAX_RUNS = 100_000
"""Runs of a project that are listed."""

_SERVICE = "https://app.neptune.ai"
_HOSTED = re.compile(r"(?:.+\.)?neptune\.(?:ai|ml)")
_PROJECT = re.compile(r"[^/]+/[^/]+")
_ID = re.compile(r"[A-Za-z0-9]+-\d+")
_QUOTABLE = re.compile(r"[\w .:/#@+-]{1,200}")
_BANNER = re.compile(r"\s*(?:--.*--\s*)?")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_IMPORT = threading.Lock()
_SILENT = {
    "capture_stdout": False,
    "capture_stderr": False,
    "capture_hardware_metrics": False,
    "capture_traceback": False,
    "git_ref": False,
    "source_files": [],
}


class HostedServiceEnded(TrackerError):
    """The token belongs to the service that is gone."""


def has_token(config: TrackerConfig) -> bool:
    """Whether a server is named, by the token that Neptune's client uses."""
    return bool(config.environ.get("NEPTUNE_API_TOKEN", "").strip())


def fetch_recorded(locator: str, config: TrackerConfig, paths: Paths) -> Recorded:
    """Fetch a run by Neptune's id, its own id or its name; raises TrackerError where it cannot."""
    token = config.environ["NEPTUNE_API_TOKEN"].strip()
    address = find_address(token)
    project, run_id = split_locator(locator, config)
    neptune = _import_client()
    with _clear_errors(f"run {project}/{run_id}", address, token):
        with _open(neptune.init_project, project=project, api_token=token) as opened:
            number, found = _find_entry(opened, run_id)
        if number is None:
            raise GoneError(
                f"The server {address} has no run '{run_id}' in {project}.", "Correct the run ref."
            )
        with _open(
            neptune.init_run, with_id=number, project=project, api_token=token, **_SILENT
        ) as run:
            record = read_open_run(run, found, paths)
    return replace(record, ref=f"neptune:{project}/{number}", project=project, run_id=number)


def find_ids(project: str, config: TrackerConfig) -> tuple[str, ...]:
    """Neptune's ids of the runs of a project, oldest first and without its trash.

    Raises TrackerError where the server cannot be asked.
    """
    token = config.environ["NEPTUNE_API_TOKEN"].strip()
    address = find_address(token)
    neptune = _import_client()
    with (
        _clear_errors(f"runs of {project}", address, token),
        _open(neptune.init_project, project=project, api_token=token) as opened,
    ):
        table = opened.fetch_runs_table(
            columns=["sys/id", "sys/creation_time"],
            trashed=False,
            limit=MAX_RUNS,
            sort_by="sys/id",  # by any other column the client first asks for its type
            progress_bar=False,
        )
        found = sorted(map(_make_row, table.to_rows()))
    return tuple(run_id for _, _, run_id in found)


def _make_row(entry: Any) -> tuple[str, int, str]:
    """What orders runs: when it was created, then its number."""
    run_id = str(entry.get_attribute_value("sys/id"))
    try:
        created = str(make_value(entry.get_attribute_value("sys/creation_time")))
    except ValueError:
        created = ""
    return created, len(run_id), run_id


def find_address(token: str) -> str:
    """The server that a token belongs to; raises TrackerError where it is none, or the one that
    is gone."""
    try:
        anonymous = token == "ANONYMOUS"  # noqa: S105 - what Neptune's documents tell to use
        content = {"api_address": _SERVICE} if anonymous else json.loads(base64.b64decode(token))
        address = content["api_address"]
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except (ValueError, KeyError, TypeError, RecursionError):
        host = ""
    if not host:
        raise TrackerError(
            "NEPTUNE_API_TOKEN is no token of Neptune.", "Set it again, or unset it."
        )
    if _HOSTED.fullmatch(host):
        raise HostedServiceEnded(
            f"Neptune's hosted service ({host}) ended in March 2026 and deleted its data.",
            "Read an export of neptune-exporter: set 'trackers.neptune.export' in cardgen.yaml.",
        )
    return str(address)


def find_project(location: str, config: TrackerConfig) -> str:
    """The project that a location names, or else the settings or the environment.

    Raises TrackerError where none does.
    """
    named = location or config.options.get("project") or config.environ.get("NEPTUNE_PROJECT")
    if not isinstance(named, str) or not _PROJECT.fullmatch(named):
        raise TrackerError(
            f"'{location}' names no project of Neptune.",
            "Write neptune:workspace/project, or set 'trackers.neptune.project'.",
        )
    return named


def split_locator(locator: str, config: TrackerConfig) -> tuple[str, str]:
    """Project and run of a locator; raises TrackerError where nothing names the project."""
    parts = locator.split("/", 2)
    if len(parts) == 3:
        return f"{parts[0]}/{parts[1]}", parts[2]
    project = config.options.get("project") or config.environ.get("NEPTUNE_PROJECT") or ""
    if len(parts) != 1 or not isinstance(project, str) or not _PROJECT.fullmatch(project):
        raise TrackerError(
            f"It is not known which project of Neptune the run '{locator}' is in.",
            "Write neptune:workspace/project/RUN, or set 'trackers.neptune.project'.",
        )
    return project, locator


def _import_client() -> Any:
    """Neptune's client; quick to give up, since it reads its patience when it is imported."""
    with _IMPORT, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.environ.setdefault("NEPTUNE_RETRIES_TIMEOUT", RETRIES)
        try:
            import neptune  # noqa: PLC0415 - two seconds that only a server needs
        except ImportError:
            raise TrackerError(
                "Reading a Neptune server needs its client, which is not installed.",
                "Run: pip install 'cardgen[neptune]'.",
            ) from None
    for name in ("neptune", "neptune_no_prefix"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"neptune(?:\..*)?|cardgen\.trackers\._neptune\w*")
    return neptune


@contextmanager
def _open(opener: Any, **arguments: Any) -> Iterator[Any]:
    container = opener(mode="read-only", **arguments)
    try:
        yield container
    finally:
        container.stop()


@contextmanager
def _clear_errors(what: str, address: str, token: str) -> Iterator[None]:
    """The client and what it uses raise errors of a dozen libraries, with banners of many lines."""
    try:
        yield
    except TrackerError:
        raise
    except Exception as error:
        lines = _COLOURS.sub("", str(error)).replace(token, "…").splitlines()
        why = next((line.strip() for line in lines if not _BANNER.fullmatch(line)), "")
        why = f"{type(error).__name__}: {why}" if why else type(error).__name__
        hint = "Check the address, the token and the project."
        if type(error).__name__ == "InsecureTransportError":
            hint = "Give the server https, or set OAUTHLIB_INSECURE_TRANSPORT=1."
        raise TrackerError(
            f"The {what} could not be fetched from {address}: {clean_text(why, 300)}", hint
        ) from None


def _find_entry(project: Any, run_id: str) -> tuple[str | None, dict[str, Value]]:
    """Neptune's id of a run, and what only the table of runs tells: its state and its commit."""
    queries: list[dict[str, Any]] = [{"id": run_id}] if _ID.fullmatch(run_id) else []
    if _QUOTABLE.fullmatch(run_id):
        queries += [
            {"query": f'(`{path}`:string = "{run_id}")'}
            for path in ("sys/custom_run_id", "sys/name")
        ]
    columns = ["sys/id", "sys/state", "source_code/git"]
    for query in queries:
        table = project.fetch_runs_table(
            columns=columns, limit=2, sort_by="sys/id", progress_bar=False, **query
        )
        entries = list(table.to_rows())
        if len(entries) > 1:
            raise TrackerError(f"Several runs are called '{run_id}'.", "Name one by Neptune's id.")
        if entries:
            return str(entries[0].get_attribute_value("sys/id")), _read_entry(entries[0])
    return None, {}


def _read_entry(entry: Any) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for path, name in (("sys/state", "sys/state"), ("source_code/git", "source_code/git/commit")):
        try:
            value = make_value(entry.get_attribute_value(path))
        except ValueError:
            continue
        if value:
            found[name] = value
    return found | _read_git(entry)


def _read_git(entry: Any) -> dict[str, Value]:
    """Branch, remote and state of the work tree: the client hands out the commit alone."""
    attributes = getattr(entry, "_attributes", ())
    git = next((a.properties for a in attributes if a.path == "source_code/git"), None)
    if not isinstance(git, Mapping):
        return {}
    remotes = git.get("remotes")
    branch = git.get("currentBranch")
    values = {
        "branch": None if branch == "Detached HEAD" else branch,
        "remote": remotes[0] if isinstance(remotes, (list, tuple)) and remotes else None,
        "dirty": git.get("repositoryDirty"),
    }
    checked = ((name, make_value(value)) for name, value in values.items())
    return {f"source_code/git/{name}": value for name, value in checked if value is not None}
