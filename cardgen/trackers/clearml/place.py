"""Which server a task's id means, and what proves who asks.

The server is named by the environment, ``cardgen.yaml`` or ``clearml.conf``, never by a card.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers._address import Server, hide_user, make_basic, origin, parse_url
from cardgen.trackers.clearml.hocon import parse_hocon
from cardgen.trackers.clearml.values import Json, find_dict, find_text

MAX_CONF = 256 * 1024
"""Bytes of ``clearml.conf`` that are read."""

_NAMES = ("CLEARML_", "TRAINS_")
_FILES = ("clearml.conf", "trains.conf")
_PAGE = re.compile(r"https?://[^/]+/(?:.*/)?(?:experiments|tasks)/([0-9a-f]{32})(?:[/?#].*)?")
_ID = re.compile(r"[0-9a-f]{32}")
_FALSE = ("0", "false", "no", "off")
_HINT = (
    "Set CLEARML_API_HOST, CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY, "
    "or write 'uri' under trackers: clearml: in cardgen.yaml."
)


@dataclass(frozen=True)
class Place:
    """A server: its API, with what proves who asks, and its pages (empty where not known)."""

    api: Server
    web: str


def find_task_id(locator: str, config: TrackerConfig) -> str:
    """The id in a locator that names a task on the server; empty where it names none.

    The address of a task's page has it too, where it is a page of the configured server.
    """
    locator = locator.strip()
    if _ID.fullmatch(locator):
        return locator
    page = _PAGE.fullmatch(locator)
    if not page:
        return ""
    place = find_server(config)
    if origin(parse_url(locator)[0]) not in (origin(place.api.url), origin(place.web)):
        raise TrackerError(f"{hide_user(locator)} is no page of the server {place.api.url}.", _HINT)
    return page[1]


def find_server(config: TrackerConfig) -> Place:
    """The configured server; raises TrackerError where there is none or it cannot be used."""
    environ = config.environ
    conf = _load_conf(environ)
    address = _find_variable(environ, "API_HOST") or _find_option(config)
    address = address or find_text(conf, "api_server") or find_text(conf, "host")
    if not address:
        raise TrackerError("No ClearML server is named.", _HINT)
    url, given = parse_url(address)
    web = _find_variable(environ, "WEB_HOST") or _find_own(conf, "web_server", url)
    authorization = given or _find_authorization(environ, conf, url)
    if not authorization:
        raise TrackerError(f"There is no key for the ClearML server {url}.", _HINT)
    verify = _find_verify(environ, conf, url)
    return Place(Server(url, authorization, verify), _find_web(web, url))


def _find_variable(environ: Mapping[str, str], name: str) -> str:
    found = [environ.get(prefix + name, "").strip() for prefix in _NAMES]
    return next((value for value in found if value), "")


def _find_option(config: TrackerConfig) -> str:
    option = config.options.get("uri")
    if option is None:
        return ""
    if not isinstance(option, str):
        raise TrackerError("trackers.clearml.uri in cardgen.yaml is no text.", "Correct it.")
    return option.strip()


def _load_conf(environ: Mapping[str, str]) -> Json:
    """The part ``api`` of the configuration file that the environment or its home has."""
    named, home = _find_variable(environ, "CONFIG_FILE"), environ.get("HOME", "").strip()
    paths = [Path(named).expanduser()] if named else []
    paths += [Path(home) / name for name in _FILES] if home and not named else []
    for path in paths:
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(MAX_CONF)
        except (OSError, ValueError):
            continue
        return find_dict(_parse_conf(text), "api")
    return {}


def _parse_conf(text: str) -> object:
    """The file's values; of one that needs more of HOCON than is read, its first part ``api``."""
    try:
        return parse_hocon(text)
    except (ValueError, RecursionError):
        pass
    start = re.search(r"^\s*api\s*[:=]?\s*\{", text, re.MULTILINE)
    depth = 0
    for place in range(start.end() - 1 if start else len(text), len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0 and start:
            try:
                return {"api": parse_hocon(text[start.end() - 1 : place + 1])}
            except (ValueError, RecursionError):
                break
    return None


def _is_of(conf: Json, url: str) -> bool:
    """Whether the configuration file is about that server."""
    address = find_text(conf, "api_server") or find_text(conf, "host")
    try:
        return bool(address) and origin(parse_url(address)[0]) == origin(url)
    except TrackerError:
        return False


def _find_own(conf: Json, name: str, url: str) -> str:
    return find_text(conf, name) if _is_of(conf, url) else ""


def _find_authorization(environ: Mapping[str, str], conf: Json, url: str) -> str:
    """The keys of the environment; those of the configuration file for its own server alone."""
    key, secret = (_find_variable(environ, f"API_{name}_KEY") for name in ("ACCESS", "SECRET"))
    if key and secret:
        return make_basic(key, secret)
    token = environ.get("CLEARML_AUTH_TOKEN", "").strip()
    if token:
        return f"Bearer {token}"
    credentials = find_dict(conf, "credentials") if _is_of(conf, url) else {}
    key, secret = (find_text(credentials, f"{name}_key") for name in ("access", "secret"))
    return make_basic(key, secret) if key and secret else ""


def _find_verify(environ: Mapping[str, str], conf: Json, url: str) -> bool | str:
    value = _find_variable(environ, "API_HOST_VERIFY_CERT")
    if value:
        return value if os.sep in value else value.lower() not in _FALSE
    return not (_is_of(conf, url) and conf.get("verify_certificate") is False)


def _find_web(named: str, api: str) -> str:
    """Where the server's pages are: as it is named, or as ClearML itself derives it."""
    if named:
        try:
            return parse_url(named)[0]
        except TrackerError:
            return ""
    if "://api." in api:
        return api.replace("://api.", "://app.", 1)
    if "://demoapi." in api:
        return api.replace("://demoapi.", "://demoapp.", 1)
    return f"{api.removesuffix(':8008')}:8080" if api.endswith(":8008") else ""
