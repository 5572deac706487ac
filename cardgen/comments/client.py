"""Asking the host of a repository: its own API alone, with patience and a limit."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cardgen.errors import CardgenError

MAX_BYTES = 8 * 1024 * 1024
"""Size of one answer."""

MAX_PAGES = 20
_SECONDS = (5.0, 20.0)
_RETRY = Retry(
    total=4,
    backoff_factor=0.5,
    backoff_jitter=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET", "PATCH", "PUT"),  # a comment that is posted twice would stand twice
    respect_retry_after_header=True,
    raise_on_status=False,
)


class CommentError(CardgenError):
    """The comment could not be written."""


class Client:
    """Talks to one API with one token, which is sent nowhere else."""

    def __init__(self, api: str, headers: dict[str, str]) -> None:
        parts = urlsplit(api)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CommentError(f"'{api}' is no address of an API.", "See the pipeline's variables.")
        self._api = api.rstrip("/")
        self._session = requests.Session()
        self._session.auth = _keep  # or requests would send what ~/.netrc has for the host
        self._session.headers.update({"User-Agent": "cardgen", **headers})
        self._session.mount(f"{parts.scheme}://", HTTPAdapter(max_retries=_RETRY))

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer as values; raises CommentError with what the host said."""
        try:
            answer = self._session.request(
                method,
                f"{self._api}{path}",
                json=body,
                timeout=_SECONDS,
                allow_redirects=False,
                stream=True,
            )
            content = answer.raw.read(MAX_BYTES + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise CommentError(
                f"{self._api} could not be asked: {type(error).__name__}.", "Run the job again."
            ) from None
        if not 200 <= answer.status_code < 300 or len(content) > MAX_BYTES:
            raise _refusal(method, path, answer.status_code)
        try:
            return json.loads(content or b"null")
        except ValueError:
            raise CommentError(f"{self._api} answered with no JSON.", "See its address.") from None

    def ask_all(self, path: str) -> list[Any]:
        """All entries of a list that the host gives page by page, of a bounded number."""
        found: list[Any] = []
        mark = "&" if "?" in path else "?"
        for page in range(1, MAX_PAGES + 1):
            entries = self.ask("GET", f"{path}{mark}per_page=100&page={page}")
            if not isinstance(entries, list):
                break
            found += [entry for entry in entries if isinstance(entry, dict)]
            if len(entries) < 100:
                break
        return found


def _keep(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _refusal(method: str, path: str, status: int) -> CommentError:
    hints = {
        401: "The token is not valid: see where it is set.",
        403: "The token may not do that: see the job's permissions, or the token's scope.",
        404: "It is not there, or the token may not see it.",
    }
    hint = hints.get(status, "Run the job again.")
    return CommentError(f"{method} {path} was answered with {status}.", hint)
