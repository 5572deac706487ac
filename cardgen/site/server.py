"""The local web server: a folder's files, nothing else, and news of pages built again.

It answers only to names of this machine in the Host header (a page on the web could otherwise
read it by way of DNS), follows no link, lists no folder and lets nothing be cached. Pages get a
small script that waits for ``/__cardgen/events``, a stream of server-sent events.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from cardgen.errors import SiteError
from cardgen.site.filetypes import HTML, SCRIPT, SVG, TEXT, find_type
from cardgen.site.news import News

PRIVATE = "/__cardgen/"
DEFAULT_PORT = 8000
_PING = 15.0


@dataclass(frozen=True)
class Served:
    """What the server hands out, and to whom."""

    root: Path
    news: News
    mount: str
    hosts: frozenset[str]
    any_address: bool


class Server:
    """Serves a folder in threads of its own while used as a context manager."""

    def __init__(
        self, directory: Path, host: str = "127.0.0.1", port: int = DEFAULT_PORT, mount: str = "/"
    ) -> None:
        """Takes the first free port from ``port`` on (0: any); raises SiteError without one.

        ``mount`` is the path of the published site's address: what stands below it is also found
        there, since the page for missing pages has absolute links.
        """
        self.news = News()
        everywhere = host in {"0.0.0.0", "::"}  # noqa: S104
        served = Served(
            root=directory.resolve(),
            news=self.news,
            mount=mount if mount.endswith("/") else mount + "/",
            hosts=frozenset(
                {"localhost", "127.0.0.1", "::1", host.lower(), socket.gethostname().lower()}
            ),
            any_address=everywhere,
        )
        self._http = _listen(host, port, partial(_Handler, served=served))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), daemon=True)
        shown = "localhost" if everywhere else f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._http.server_address[1]}/"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.news.close()
        self._http.shutdown()
        self._http.server_close()


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no news."""


class _HTTPServer6(_HTTPServer):
    address_family = socket.AF_INET6


def _listen(host: str, port: int, handler: Any) -> _HTTPServer:
    kind = _HTTPServer6 if ":" in host else _HTTPServer
    for number in range(port, port + 20) if port else [0]:
        try:
            return kind((host, number), handler)
        except (OSError, OverflowError) as error:
            failure = error
    raise SiteError(
        f"Nothing can be served at {host}:{port}: {failure}.",
        "Stop the program that uses it, or give another --port.",
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "cardgen"
    sys_version = ""
    timeout = 60

    def __init__(self, *args: Any, served: Served) -> None:
        self.served = served
        super().__init__(*args)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not worth a line."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if not self._is_for_us():
            self._answer(HTTPStatus.FORBIDDEN, b"This host name is not served here.\n")
            return
        path = urlsplit(self.path).path
        if path == f"{PRIVATE}events":
            self._stream()
        elif path == f"{PRIVATE}reload.js":
            script = Path(__file__).with_name("reload.js").read_bytes()
            self._answer(HTTPStatus.OK, script, SCRIPT)
        else:
            self._send_file(path)

    def _is_for_us(self) -> bool:
        hosts = self.headers.get_all("Host") or []
        try:
            name = urlsplit(f"//{hosts[0]}").hostname or ""
        except (ValueError, IndexError):
            return False
        if len(hosts) != 1:
            return False
        return name in self.served.hosts or (self.served.any_address and _is_address(name))

    def _send_file(self, path: str) -> None:
        target = self._find(path)
        if target is not None and target.is_dir():
            if not path.endswith("/"):
                below = target.relative_to(self.served.root).as_posix()
                self._answer(HTTPStatus.MOVED_PERMANENTLY, b"", location=f"/{quote(below)}/")
                return
            target = self._find(f"{path}index.html")
        version = self.served.news.version  # before reading: what changes then is newer
        if target is not None and (data := _read(target)) is not None:
            self._answer(HTTPStatus.OK, self._add_script(data, target, version), find_type(target))
            return
        target = self._find("/404.html")
        data = _read(target) if target else None
        self._answer(
            HTTPStatus.NOT_FOUND, data or b"There is no such page.\n", HTML if data else TEXT
        )

    def _find(self, path: str) -> Path | None:
        """A file or folder below the root: no link on the way, nothing hidden, no way up."""
        try:
            text = unquote(path, errors="strict")
        except UnicodeDecodeError:
            return None
        if text.startswith(self.served.mount):
            text = text[len(self.served.mount) :]
        parts = [part for part in text.split("/") if part]
        if any(part.startswith(".") or "\0" in part or "\\" in part for part in parts):
            return None
        target = self.served.root.joinpath(*parts)
        try:
            return target if target.resolve(strict=True) == target else None
        except (OSError, RuntimeError):
            return None

    def _add_script(self, data: bytes, path: Path, version: int) -> bytes:
        if find_type(path) != HTML:
            return data
        tag = f'<script type="module" src="{PRIVATE}reload.js?since={version}"></script></head>'
        return data.replace(b"</head>", tag.encode(), 1)

    def _answer(
        self, status: HTTPStatus, body: bytes, kind: str = TEXT, location: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self._end_headers(location, kind)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _end_headers(self, location: str = "", kind: str = "") -> None:
        if location:
            self.send_header("Location", location)
        if kind == SVG:  # opened by itself a drawing is a page, and may hold a script
            self.send_header(
                "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"
            )
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()

    def _stream(self) -> None:
        """One event, sent when the page that asks is built anew; a comment now and then."""
        query = parse_qs(urlsplit(self.path).query)
        page = unquote(query.get("page", ["/"])[0]).removeprefix(self.served.mount).lstrip("/")
        page = page.removesuffix("index.html")
        since = query.get("since", [""])[0]
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self._end_headers()
        if not since.isdigit():
            return
        self.wfile.write(b"retry: 500\n\n")
        while not self.served.news.wait(page, int(since), _PING):
            if self.served.news.closed:
                return
            self.wfile.write(b": still here\n\n")
            self.wfile.flush()
        self.wfile.write(b"event: reload\ndata: now\n\n")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


def _is_address(name: str) -> bool:
    """Whether a host is written as a number: no name service can make it point elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
