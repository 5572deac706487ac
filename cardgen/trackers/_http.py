"""Asking a tracker's server for JSON: bounded in time and size, and to that server alone.

A token is sent to the server it was given for and nowhere else: no redirect to another host is
followed. What fails in passing is tried again, four times in all, within one deadline. Importing
this module imports requests: do it only where there is a server to ask.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import time
import warnings
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import requests
from urllib3.exceptions import (
    HTTPError,
    InsecureRequestWarning,
    ProtocolError,
    ReadTimeoutError,
)

from cardgen.errors import TrackerError
from cardgen.trackers._address import Server, is_loopback, origin

SECONDS = 60.0
"""How long all questions to one server may take together."""

MAX_BYTES = 64 * 1024 * 1024
"""Size of one answer."""

TRIES = 4
_CONNECT, _READ = 5.0, 20.0
_REDIRECTS = 3
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_PASSING_ERRORS = (requests.Timeout, requests.ConnectionError, ProtocolError, ReadTimeoutError)
_SAID = 200


class HttpError(TrackerError):
    """The server answered, and not with success; ``status`` is the HTTP status."""

    def __init__(self, message: str, hint: str, status: int) -> None:
        super().__init__(message, hint)
        self.status = status


class Client:
    """Asks one server; close it or use it in a ``with`` block.

    ``seconds`` is the time for all questions together, ``pause`` the first wait before a second
    try; it doubles with each, give or take a half.
    """

    def __init__(self, server: Server, *, seconds: float = SECONDS, pause: float = 0.5) -> None:
        self._server = server
        self._pause = pause
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(server.url)  # no proxy to oneself
        self._session.auth = _keep  # or requests would send what ~/.netrc has for the host
        self._session.headers.update({"User-Agent": "cardgen", "Accept": "application/json"})
        self._session.headers.update(server.headers)
        if server.authorization:
            self._session.headers["Authorization"] = server.authorization

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def get_json(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The answer to GET; raises HttpError or TrackerError."""
        return self._fetch("GET", path, params=params)

    def post_json(self, path: str, body: object) -> Any:
        """The answer to POST of a question that may be asked twice; errors as ``get_json``."""
        return self._fetch("POST", path, json=body)

    def _fetch(self, method: str, path: str, **question: Any) -> Any:
        for left in reversed(range(TRIES)):
            try:
                return self._ask(method, self._server.url + path, question)
            except _PassingError as failure:
                wait = self._find_wait(failure, TRIES - 1 - left)
                if not left or time.monotonic() + wait >= self._deadline:
                    raise failure.error from None
                time.sleep(wait)
        raise AssertionError("unreachable")

    def _ask(self, method: str, url: str, question: Mapping[str, Any]) -> Any:
        try:
            for _ in range(_REDIRECTS + 1):
                with self._send(method, url, question) as response:
                    if not response.is_redirect:
                        return self._read(response)
                    url = self._find_redirect(response, url, method)
        except requests.exceptions.SSLError as error:
            raise self._refuse(f"has a certificate that is not trusted: {_name(error)}") from None
        except (*_PASSING_ERRORS, TimeoutError, ConnectionError) as error:
            raise _PassingError(self._refuse(_describe(error))) from None
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise self._refuse(f"cannot be asked: {_name(error)}") from None
        raise self._refuse("redirects in a circle")

    def _send(self, method: str, url: str, question: Mapping[str, Any]) -> requests.Response:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._refuse(f"took longer than {self._seconds:g} s")
        with warnings.catch_warnings():
            # Whoever turned the check of certificates off needs no reminder at every question.
            warnings.simplefilter("ignore", InsecureRequestWarning)
            return self._session.request(
                method,
                url,
                timeout=(min(_CONNECT, left), min(_READ, left)),
                allow_redirects=False,
                stream=True,
                verify=self._server.verify,
                **question,
            )

    def _find_redirect(self, response: requests.Response, url: str, method: str) -> str:
        target = urljoin(url, response.headers.get("Location", ""))
        old, new = origin(url), origin(target)
        upgraded = old[1] == new[1] and old[0] == "http" and new[0] == "https"
        if new != old and not upgraded:
            shown = f"{new[0]}://{new[1]}"
            raise self._refuse(f"redirects to another server, {shown}", "Name that one.")
        if method != "GET" and response.status_code not in (307, 308):
            raise self._refuse("answers with a redirect", "Name the address it leads to.")
        return target

    def _read(self, response: requests.Response) -> Any:
        body = self._read_body(response)
        if response.status_code >= 400:
            error = self._make_error(response.status_code, body)
            if response.status_code in _PASSING:
                raise _PassingError(error, _find_retry_after(response.headers.get("Retry-After")))
            raise error
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise self._refuse(
                "answers with something that is no JSON", "Check that the address is the API's."
            ) from None

    def _read_body(self, response: requests.Response) -> bytes:
        body = bytearray()
        # What is there at once: iter_content would wait for a whole part, however slow it comes.
        while part := response.raw.read1(64 * 1024, decode_content=True):
            body += part
            if len(body) > MAX_BYTES:
                raise self._refuse(f"answers with more than {MAX_BYTES // 2**20} MB")
            if time.monotonic() > self._deadline:
                raise self._refuse(f"took longer than {self._seconds:g} s")
        return bytes(body)

    def _make_error(self, status: int, body: bytes) -> HttpError:
        said = _find_message(body)
        if status in (401, 403):
            what, hint = "does not let you in", "Set the user and password, or the token, for it."
        elif status == 404:
            what, hint = "does not have that", "Check the name."
        else:
            what, hint = "could not answer", "Try again later."
        said = f" and says: {said}" if said else ""
        return HttpError(f"{self._server.url} {what} (HTTP {status}){said}.", hint, status)

    def _refuse(self, what: str, hint: str = "Check that it is up and reachable.") -> TrackerError:
        return TrackerError(f"{self._server.url} {what}.", hint)

    def _find_wait(self, failure: _PassingError, tried: int) -> float:
        # Jitter keeps many readers from coming back at once; it is no secret.
        wait = self._pause * 2.0**tried * random.uniform(0.5, 1.5)  # noqa: S311
        return max(wait, failure.retry_after)


class _PassingError(Exception):
    """A failure that may pass; ``error`` is what to raise where it does not."""

    def __init__(self, error: TrackerError, retry_after: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after


def _keep(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _find_retry_after(value: str | None) -> float:
    """Seconds to wait, from a number of seconds or a date; 0 where there is neither."""
    if not value:
        return 0.0
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]*)?", value.strip()):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    date = date if date.tzinfo else date.replace(tzinfo=dt.UTC)
    left: dt.timedelta = date - dt.datetime.now(dt.UTC)
    return max(0.0, left.total_seconds())


def _find_message(body: bytes) -> str:
    """The server's own sentence, where its answer is JSON with one; on one line and short."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    said = answer.get("message") or answer.get("error") if isinstance(answer, dict) else None
    if not said and isinstance(answer, dict) and isinstance(answer.get("meta"), dict):
        said = answer["meta"].get("result_msg")
    return " ".join(said.split())[:_SAID].rstrip(".") if isinstance(said, str) else ""


def _describe(error: Exception) -> str:
    if isinstance(error, (requests.Timeout, ReadTimeoutError, TimeoutError)):
        return "does not answer in time"
    return f"cannot be reached: {_name(error)}"


def _name(error: BaseException) -> str:
    """The innermost reason, without the object names that urllib3 puts around it."""
    while isinstance(getattr(error, "reason", None), BaseException):
        error = error.reason  # type: ignore[attr-defined]
    inner = error.args[0] if error.args else error
    while isinstance(inner, BaseException) and not isinstance(inner, OSError) and inner.args:
        inner = getattr(inner, "reason", None) or inner.args[0]
    said = re.sub(r"\[Errno -?\d+\] ", "", str(inner).rpartition(": ")[2]).strip(" .'\")(")
    return f"{said})" if said.count("(") > said.count(")") else said or type(error).__name__
