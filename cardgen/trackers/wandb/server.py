"""Which server is meant, and where its pages are: no client is needed to know."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers._address import parse_url

SERVICE = "https://api.wandb.ai"
"""The public service, where neither settings nor environment name a server."""

_HOSTS = {"api.wandb.ai": "https://wandb.ai"}
_FORGE = "forge.coreweave.com"


def find_server(config: TrackerConfig) -> tuple[str, str]:
    """The address of the API and a key that stands in it (or empty); raises TrackerError."""
    option = config.options.get("uri")
    if option is not None and not isinstance(option, str):
        raise TrackerError("'trackers.wandb.uri' is no address.", "Write it as https://host:port.")
    text = option or config.environ.get("WANDB_BASE_URL", "").strip() or SERVICE
    return parse_url(text)[0], urlsplit(text.strip()).password or ""


def find_pages(config: TrackerConfig) -> str:
    """Where the pages of that server are, as W&B's own client finds it."""
    named = config.environ.get("WANDB_APP_URL", "").strip()
    if named:
        return parse_url(named)[0]
    server = find_server(config)[0]
    host = urlsplit(server).hostname or ""
    if host in (_FORGE, f"api.{_FORGE}"):
        return f"https://{_FORGE}/wandb"
    if host in _HOSTS:
        return _HOSTS[host]
    new = "://" if "://api.wandb." in server else "://app."
    return server.replace("://api.", new, 1)


def make_url(config: TrackerConfig, entity: str, project: str, run_id: str) -> str:
    """The page of a run; empty where it is not known whose it is."""
    if not (entity and project and run_id):
        return ""
    return "/".join((find_pages(config), *map(quote, (entity, project)), "runs", quote(run_id)))


def find_name(config: TrackerConfig, option: str) -> str:
    """The entity or project that settings or environment name; raises TrackerError."""
    value = config.options.get(option)
    if value is not None and not isinstance(value, str):
        raise TrackerError(f"'trackers.wandb.{option}' is no name.", "Write it as text.")
    return value or config.environ.get(f"WANDB_{option.upper()}", "").strip()
