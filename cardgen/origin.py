"""Where this installation of cardgen comes from: what pip installs the same by, elsewhere."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cardgen import __version__
from cardgen.git import find_remote, run_git

_SSH = re.compile(r"(?:ssh://)?git@(?P<host>[\w.-]+)[:/](?P<path>[\w./-]+?)(?:\.git)?/?")
_GITHUB = re.compile(r"https://github\.com/(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")


@dataclass(frozen=True)
class Source:
    """A repository's address, without a user or a token, and a commit of it."""

    url: str = ""
    commit: str = ""

    @property
    def requirement(self) -> str:
        """What pip installs: the commit, or else the version from an index."""
        return f"cardgen @ git+{self.url}@{self.commit}" if self.url else f"cardgen=={__version__}"

    @property
    def action(self) -> str:
        """The action at that commit, as a workflow names it; empty where it is not on GitHub."""
        found = _GITHUB.fullmatch(self.url)
        return f"{found['name']}@{self.commit} # {__version__}" if found else ""


def find_source() -> Source:
    """The repository and commit that cardgen was installed from; empty for an index's version."""
    try:
        said = json.loads(distribution("cardgen").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError, OSError):
        return Source()
    commit = said.get("vcs_info", {}).get("commit_id", "")
    if commit:
        return _make(said.get("url", ""), commit)
    parts = urlsplit(said.get("url", ""))
    return _read_checkout(Path(unquote(parts.path))) if parts.scheme == "file" else Source()


def _read_checkout(folder: Path) -> Source:
    """The commit of a checkout, where its remote is at an address that others reach."""
    if not folder.is_dir():
        return Source()
    return _make(find_remote(folder), (run_git(folder, "rev-parse", "HEAD") or "").strip())


def _make(url: str, commit: str) -> Source:
    ssh = _SSH.fullmatch(url)
    parts = urlsplit(f"https://{ssh['host']}/{ssh['path']}" if ssh else url)
    if (
        parts.scheme != "https"
        or not parts.hostname
        or not re.fullmatch(r"[0-9a-f]{40,64}", commit)
    ):
        return Source()
    port = f":{parts.port}" if parts.port else ""
    return Source(f"https://{parts.hostname}{port}{parts.path.removesuffix('.git')}", commit)
