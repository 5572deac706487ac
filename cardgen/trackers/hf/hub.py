"""The Hugging Face Hub, asked whether a model or data set is still there.

The Hub is huggingface.co, or what ``HF_ENDPOINT`` names. A token (``HF_TOKEN``) goes to that
server alone, and only where nobody on the way can read it. Without one, the Hub answers for what
is not there as for what is private.
"""

from __future__ import annotations

from urllib.parse import quote

from cardgen.errors import GoneError
from cardgen.models import Presence, TrackerConfig
from cardgen.references import Reference
from cardgen.trackers._address import Server, is_loopback, parse_url

HUB = "https://huggingface.co"
SECONDS = 30.0
"""How long all tries of one question may take."""

_HIDDEN = (401, 403)
_FOLDERS = {"model": "models", "dataset": "datasets"}


def find_registered(reference: Reference, config: TrackerConfig) -> Presence:
    """Whether the Hub has a repository, and the revision that is named.

    Raises GoneError where it has not, TrackerError where it cannot be asked.
    """
    from cardgen.trackers._http import Client, HttpError  # noqa: PLC0415  # requests

    server = find_server(config)
    folder = _FOLDERS.get(reference.subject, "models")
    name = quote(reference.name, safe="/")
    revision = quote(reference.version, safe="")
    path = f"/api/{folder}/{name}" + (f"/revision/{revision}" if revision else "")
    with Client(server, seconds=SECONDS) as client:
        try:
            client.get_json(path)
        except HttpError as error:
            if error.status in _HIDDEN:
                return "hidden"
            if error.status == 404:
                raise _explain(reference, server.url, error.message) from None
            raise
    return "there"


def find_server(config: TrackerConfig) -> Server:
    """The Hub and the token for it; raises TrackerError where ``HF_ENDPOINT`` is no address."""
    environ = config.environ
    url, authorization = parse_url(environ.get("HF_ENDPOINT", "").strip() or HUB)
    token = (environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN") or "").strip()
    safe = url.startswith("https:") or is_loopback(url)
    usable = token.isascii() and token.isprintable()
    if token and safe and usable and not authorization:
        authorization = f"Bearer {token}"
    return Server(url, authorization)


def _explain(reference: Reference, url: str, said: str) -> GoneError:
    what = "data set" if reference.subject == "dataset" else "model"
    if reference.version and ("revision" in said.lower() or "invalid rev" in said.lower()):
        return GoneError(
            f"{url} has no revision '{reference.version}' of the {what} '{reference.name}'.",
            "Name a commit that its history still has.",
        )
    version = f"@{reference.version}" if reference.version else ""
    return GoneError(f"{url} has no {what} '{reference.name}{version}'.", "Correct its name.")
