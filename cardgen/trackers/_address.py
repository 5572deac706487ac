"""Servers and their addresses: read, compared and shown without what is secret in them."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from cardgen.errors import TrackerError


@dataclass(frozen=True)
class Server:
    """Where a server is and what proves who asks.

    ``url`` has no user, password or closing slash. ``verify`` is a file of certificates, or false
    to trust any; ``headers`` go along with every question.
    """

    url: str
    authorization: str = ""
    verify: bool | str = True
    headers: Mapping[str, str] = field(default_factory=dict)


def parse_url(text: str) -> tuple[str, str]:
    """An address without user and password, and these as an Authorization header (or empty).

    Raises TrackerError where it is no http or https address.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise TrackerError(
            f"'{hide_user(text)}' is no address of a server.", "Write it as https://host:port."
        )
    name = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
    if parts.username is None:
        return url, ""
    return url, make_basic(unquote(parts.username), unquote(parts.password or ""))


def hide_user(text: str) -> str:
    """An address as a message may show it: without user and password."""
    scheme, separator, rest = text.partition("://")
    place, slash, path = rest.partition("/")
    return scheme + separator + place.rpartition("@")[2] + slash + path


def make_basic(user: str, password: str) -> str:
    """The Authorization header of a user and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what two addresses share that belong to one server."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, (parts.hostname or "").lower(), port


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    host = origin(url)[1]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
