"""Repositories on the web: from any address that git takes to the pages of its host.

Nothing here asks the network, and an address leads to http and https only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

_SECRET = re.compile(
    r"(?<=://)[^/@\s]*:[^/@\s]*@|(?<=http://)[^/@\s]*@|(?<=https://)[^/@\s]*@", re.I
)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_HOST = re.compile(r"(?:[a-z0-9-]+\.)*[a-z0-9-]+|\[[0-9a-f:]+\]", re.IGNORECASE)
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[A-Za-z0-9.-]+\.[A-Za-z]{2,}):(?!//)(?P<path>[^\s]+)")


@dataclass(frozen=True)
class Repository:
    """A repository's page on the web: its address and the host's name."""

    url: str
    host: str


def safe_url(text: str) -> str:
    """An http or https address without user and password; empty for anything else."""
    parts = _split(text.strip())
    if parts is None or parts.scheme not in ("http", "https"):
        return ""
    host = _host(parts)
    return urlunsplit(parts._replace(netloc=host)) if host else ""


def without_password(address: str) -> str:
    """An address as it may be shown: without a password, or a token, which is a user of its own."""
    return _SECRET.sub("", address)


def parse_repository(address: str) -> Repository | None:
    """The web page of a repository from any address that git takes; None for a local one."""
    address = address.strip()
    scp = _SCP.fullmatch(address) if "://" not in address else None
    parts = _split(f"ssh://{scp['host']}/{scp['path'].lstrip('/')}" if scp else address)
    if parts is None or parts.scheme not in ("http", "https", "ssh", "git", "git+ssh"):
        return None
    host = _host(parts) if parts.scheme.startswith("http") else _host(parts).partition(":")[0]
    path = parts.path.strip("/").removesuffix(".git")
    if not host or not path or ".." in path.split("/"):
        return None
    scheme = "http" if parts.scheme == "http" else "https"
    return Repository(f"{scheme}://{host}/{quote(path, safe='/~@:+,%')}", host.casefold())


def commit_url(address: str, commit: str) -> str:
    """The page of a commit; empty where the repository is local or the commit is no hash."""
    repository = parse_repository(address)
    commit = commit.strip().lower()
    if repository is None or not _COMMIT.fullmatch(commit):
        return ""
    return f"{repository.url}{_commit_path(repository)}{commit}"


def _commit_path(repository: Repository) -> str:
    name = repository.host.partition(":")[0]
    if "gitlab" in name:
        return "/-/commit/"
    if "bitbucket" in name:
        return "/commits/"
    return "/commit/"  # GitHub, Gitea, Forgejo, Gogs, SourceHut, Azure, and GitLab redirects it


def _split(text: str) -> SplitResult | None:
    if any(ord(character) <= 32 or character in '\\<>"`\x7f' for character in text):
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    """Host and port, without user and password; empty where it is no host."""
    host = parts.netloc.rpartition("@")[2]
    name, _, port = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "")
    if not _HOST.fullmatch(name):
        return ""
    return f"{name}:{port}" if port else name
