"""Which store an MLflow locator means: a folder, an SQLite file or a server.

A locator comes from a card, perhaps a stranger's. So the folders and files it names lie inside
the project, and the servers are those that the project or the environment names, or this machine.
The root of a config is resolved wherever it is used here.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers._address import Server, hide_user, is_loopback, make_basic, origin, parse_url
from cardgen.trackers.mlflow.raw import RUN_ID

DEFAULTS = ("mlflow.db", "mlruns")
"""Where MLflow itself keeps runs if nobody says otherwise, relative to the project's root."""

_URI = "MLFLOW_TRACKING_URI"
_FORM = "Write mlflow:<run id>, or mlflow:<store>#<run id> with a path or http address as store."
_PAGE = re.compile(r"/?experiments/[^/]+/runs/([^/?]+).*")
_LISTED = re.compile(r"/?experiments/([^/?]+).*")
_REMOTE = re.compile(r"(?!file:|sqlite)(?:[A-Za-z][\w+.\-]*://|databricks\b|uc:|arn:).*", re.S)
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///([^?]*)(?:\?.*)?", re.S)
_FILE = re.compile(r"file:(?://(?:localhost)?(?=/))?(.*)")
_TRUE = ("1", "true", "yes")


@dataclass(frozen=True)
class Local:
    """A store on this machine; nothing outside ``area`` is read for it."""

    path: Path
    area: Path


@dataclass(frozen=True)
class Place:
    """A store; ``name`` is what a ref has before the ``#``, empty for the project's default.

    ``label`` is the store as a message names it.
    """

    name: str
    store: Local | Server
    label: str

    def ref_to(self, run_id: str) -> str:
        return f"mlflow:{self.name}#{run_id}" if self.name else f"mlflow:{run_id}"

    def url_of(self, experiment_id: str, run_id: str) -> str:
        """The run's page, where there is a server to show it."""
        if isinstance(self.store, Local):
            return ""
        return f"{self.store.url}/#/experiments/{experiment_id}/runs/{run_id}"


def find_root(root: Path) -> Path:
    """The project's root without links: found once for as long as the path leads to that folder."""
    try:
        found = root.stat()
    except OSError:
        return root.resolve()
    return _resolve(root, found.st_dev, found.st_ino) if root.is_absolute() else root.resolve()


@lru_cache(maxsize=16)
def _resolve(root: Path, device: int, inode: int) -> Path:
    return root.resolve()


def split_locator(locator: str) -> tuple[str, str]:
    """The store (empty for the default) and the run's id; raises TrackerError without an id.

    The address of a run's page in MLflow's own UI has this form too.
    """
    store, _, run_id = locator.strip().rpartition("#")
    page = _PAGE.fullmatch(run_id)
    run_id = page[1] if page else run_id.strip()
    if not RUN_ID.fullmatch(run_id):
        raise TrackerError(f"'{hide_user(locator)}' names no run of MLflow.", _FORM)
    return store.strip(), run_id


def find_places(config: TrackerConfig) -> tuple[list[Place], list[TrackerError]]:
    """The stores in which a run id alone is looked for, first the one that is named.

    ``MLFLOW_TRACKING_URI`` comes before ``uri`` of ``cardgen.yaml``, as MLflow's users expect;
    then come ``mlflow.db`` and ``mlruns`` at the root. What is named and cannot be used is an
    error beside them, for the run may still be found.
    """
    places: list[Place] = []
    errors: list[TrackerError] = []
    uri = _find_uri(config)
    if uri:
        try:
            places.append(replace(parse_place(uri, config, named=True), name=""))
        except TrackerError as error:
            errors.append(error)
    for name in DEFAULTS:
        try:
            default = _find_default(name, config)
        except TrackerError as error:
            errors.append(error)
        else:
            places += [default] if default and default not in places else []
    return places, errors


def find_listed(location: str, config: TrackerConfig) -> tuple[list[Place], str]:
    """The stores that ``STORE#EXPERIMENT`` means, and the experiment's name or id.

    Without a store they are the one that the environment or the settings name; where an experiment
    is all that is given, else those at the root. A server must be one that the project knows, since
    cards will name it. Raises TrackerError where a store cannot be read.
    """
    text, _, experiment = location.strip().partition("#")
    page, text, uri = _LISTED.fullmatch(experiment), text.strip(), _find_uri(config)
    experiment = page[1] if page else experiment.strip()
    if text and text != uri:
        return [_as_configured(parse_place(text, config), uri, config)], experiment
    if uri:
        return [_make_short(parse_place(uri, config, named=True), config.root)], experiment
    if not experiment:
        return [], ""
    places, errors = find_places(config)
    if errors and not places:
        raise errors[0]
    return places, experiment


def _as_configured(place: Place, uri: str, config: TrackerConfig) -> Place:
    """The place, as the configured one if it is that: a run has one ref, however it is found."""
    if isinstance(place.store, Server) and uri.lower().startswith(("http:", "https:")):
        short = _make_short(parse_place(uri, config, named=True), config.root)
        if isinstance(short.store, Server) and short.store.url == place.store.url:
            return short
    return place


def _make_short(place: Place, root: Path) -> Place:
    """The configured place as refs name it: by nothing, but by its path if it is in the project."""
    inside = isinstance(place.store, Local) and place.store.path.is_relative_to(root)
    return place if inside else replace(place, name="")


def _find_default(name: str, config: TrackerConfig) -> Place | None:
    """The store of that name at the root, if there is one: looked for again at each run."""
    try:
        is_link = stat.S_ISLNK(os.lstat(f"{config.root}/{name}").st_mode)
    except OSError:
        return None
    if is_link:
        return _find_local(name, config, named=False) if (config.root / name).exists() else None
    return make_local(config.root / name, name, config.root)


def _find_uri(config: TrackerConfig) -> str:
    """The store that the environment names, or else the settings."""
    uri = config.environ.get(_URI, "").strip()
    option = config.options.get("uri")
    if uri or option is None:
        return uri
    if not isinstance(option, str):
        raise TrackerError("trackers.mlflow.uri in cardgen.yaml is no text.", "Correct it.")
    return option.strip()


def parse_place(text: str, config: TrackerConfig, *, named: bool = False) -> Place:
    """The store that a path or URI means; raises TrackerError where it may not or cannot be read.

    ``named`` is for what the environment or the settings name: it may lie outside the project.
    """
    if text.lower().startswith(("http:", "https:")):
        return _find_server(text, config, named=named)
    if _REMOTE.fullmatch(text):
        raise TrackerError(
            f"Runs cannot be read from '{hide_user(text)}'.",
            "Readable are mlruns folders, SQLite files and http(s) servers: start 'mlflow server' "
            "for it and name its address.",
        )
    return _find_local(_find_path(text), config, named=named)


def _find_path(text: str) -> str:
    sqlite = _SQLITE.fullmatch(text)
    if sqlite:
        return sqlite[1].replace("\\", "/")
    file = _FILE.fullmatch(text)
    path = unquote(file[1]) if file else text
    return re.sub(r"^/(?=[A-Za-z]:)", "", path.replace("\\", "/"))


def _find_local(text: str, config: TrackerConfig, *, named: bool) -> Place:
    root = config.root
    try:
        path = (root / text).resolve()
        there = path.exists()
    except (OSError, ValueError, RuntimeError):
        raise TrackerError(f"'{text!r}' is no path of a store.", _FORM) from None
    inside = path.is_relative_to(root)
    if not (inside or named):
        raise TrackerError(
            f"The store '{text}' lies outside the project {root}.",
            f"Copy it into the project, or name it in {_URI} or as uri in cardgen.yaml.",
        )
    if not there:
        raise TrackerError(f"There is no MLflow store '{text}' in {root}.", "Check the path.")
    name = path.relative_to(root).as_posix() if inside else path.as_posix()
    return make_local(path, name, root if inside else path.parent)


def make_local(path: Path, name: str, area: Path) -> Place:
    """The store at a path; ``name`` is the path relative to the project's root, if it is in it."""
    return Place("" if name in DEFAULTS else name, Local(path, area), name)


def _find_server(text: str, config: TrackerConfig, *, named: bool) -> Place:
    url, authorization = parse_url(text)
    known, theirs = _find_known(config)
    if authorization and text != config.environ.get(_URI, "").strip():
        raise TrackerError(
            f"The address of {url} holds a password.",
            "Take it out and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
        )
    if not (named or is_loopback(url) or origin(url) in map(_find_origin, known)):
        raise TrackerError(
            f"{url} is no server that this project knows.",
            f"Name it in {_URI}, or under trackers: mlflow: servers: in cardgen.yaml.",
        )
    if not authorization and theirs and origin(url) == _find_origin(theirs):
        authorization = _find_authorization(theirs, config.environ)
    return Place(url, _make_server(url, authorization, config.environ), url)


def _find_known(config: TrackerConfig) -> tuple[list[str], str]:
    """The addresses that environment and project name, and the one that the password is for."""
    uri = _find_uri(config)
    servers = config.options.get("servers")
    listed = [servers] if isinstance(servers, str) else servers
    option = config.options.get("uri")
    known = [uri, option, *(listed if isinstance(listed, list) else ())]
    return [text for text in known if isinstance(text, str)], uri


def _find_origin(text: str) -> tuple[str, str, int] | None:
    try:
        return origin(parse_url(text)[0])
    except TrackerError:
        return None


def _find_authorization(address: str, environ: Mapping[str, str]) -> str:
    """The proof that the environment holds: in the address, as user and password, or a token."""
    given = parse_url(address)[1]
    user, password = (environ.get(f"MLFLOW_TRACKING_{x}", "") for x in ("USERNAME", "PASSWORD"))
    token = environ.get("MLFLOW_TRACKING_TOKEN", "").strip()
    if given:
        return given
    if user and password:
        return make_basic(user, password)
    return f"Bearer {token}" if token else ""


def _make_server(url: str, authorization: str, environ: Mapping[str, str]) -> Server:
    workspace = environ.get("MLFLOW_WORKSPACE", "").strip()
    insecure = environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in _TRUE
    return Server(
        url=url,
        authorization=authorization,
        verify=not insecure and (environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True),
        headers={"X-MLFLOW-WORKSPACE": workspace} if workspace else {},
    )
