"""The key for a server: of the environment, or of the file that ``wandb login`` writes it to."""

from __future__ import annotations

import netrc
from pathlib import Path
from urllib.parse import urlsplit

from cardgen.models import TrackerConfig

# Names of one service: a key for one is a key for the others.
_SERVICE = frozenset({"api.wandb.ai", "api.forge.coreweave.com"})


def find_key(config: TrackerConfig, server: str) -> str:
    """The key for that server and no other; empty where there is none."""
    key = config.environ.get("WANDB_API_KEY", "").strip()
    return key or _find_stored(config, urlsplit(server).hostname or "")


def _find_stored(config: TrackerConfig, host: str) -> str:
    hosts = (host, *sorted(_SERVICE - {host})) if host in _SERVICE else (host,)
    for path in _find_files(config):
        try:
            stored = netrc.netrc(str(path))
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            continue
        for name in hosts:
            # Not authenticators(): that would hand out the default entry, of any server.
            found = stored.hosts.get(name)
            if found and found[2]:
                return found[2]
    return ""


def _find_files(config: TrackerConfig) -> tuple[Path, ...]:
    named, home = config.environ.get("NETRC", ""), config.environ.get("HOME", "")
    if named:
        return (Path(named),)
    return tuple(Path(home) / name for name in (".netrc", "_netrc")) if home else ()
