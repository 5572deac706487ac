"""Asking servers: real ones on the loopback, that fail in every way a server can."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.trackers import _http
from cardgen.trackers._address import Server, hide_user, is_loopback, make_basic, origin, parse_url
from cardgen.trackers._http import Client, HttpError

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the next of the server's answers; the last one stays."""

    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        self.server.bodies.append(self.rfile.read(length))
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


class Site(ThreadingHTTPServer):
    """A server on the loopback that remembers what it was asked."""

    daemon_threads = True
    answers: list[Answer]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, address: object) -> None:
        """A client that hangs up is part of the tests."""


@contextlib.contextmanager
def run_site(*answers: Answer) -> Iterator[Site]:
    site = Site()
    site.answers = list(answers)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()


def say(body: object, status: int = 200, **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def ask(site: Site, path: str = "/x", *, seconds: float = 20.0, token: str = "") -> object:
    server = Server(site.url, authorization=token)
    with Client(server, seconds=seconds, pause=0.001) as client:
        return client.get_json(path)


def test_json_is_fetched_with_the_token_and_the_headers() -> None:
    with run_site(say({"a": [1, None]})) as site:
        server = Server(site.url, "Bearer secret", headers={"X-Place": "lab"})
        with Client(server) as client:
            assert client.get_json("/api", {"q": "a b&c"}) == {"a": [1, None]}
            assert client.post_json("/api", {"filter": "x"}) == {"a": [1, None]}
    (_, path, headers), (method, *_) = site.asked
    assert path == "/api?q=a+b%26c"
    assert method == "POST"
    assert json.loads(site.bodies[1]) == {"filter": "x"}
    assert headers["Authorization"] == "Bearer secret"
    assert headers["X-Place"] == "lab"


@pytest.mark.parametrize("failure", [say({}, 503), say({}, 429), say(b"", 502), hang_up])
def test_what_fails_in_passing_is_tried_again(failure: Answer) -> None:
    with run_site(failure, failure, failure, say({"ok": 1})) as site:
        assert ask(site) == {"ok": 1}
    assert len(site.asked) == 4


@pytest.mark.parametrize("failure", [say({"message": "busy now"}, 503), hang_up])
def test_four_tries_are_enough(failure: Answer) -> None:
    with run_site(failure) as site, pytest.raises(TrackerError) as caught:
        ask(site)
    assert len(site.asked) == 4
    assert site.url in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_longer_wait_than_there_is_time_ends_at_once(form: str) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    wait = "3600" if form == "seconds" else format_datetime(later, usegmt=True)
    with (
        run_site(say({"message": "Too many questions."}, 429, Retry_After=wait)) as site,
        pytest.raises(HttpError, match=r"could not answer \(HTTP 429\) and says: Too many"),
    ):
        ask(site)
    assert len(site.asked) == 1


def test_the_wait_that_the_server_asks_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(_http.time, "sleep", waits.append)
    with run_site(say({}, 503, Retry_After="7"), say({}, 503), say({"ok": 1})) as site:
        assert ask(site) == {"ok": 1}
    assert waits[0] == 7
    assert 0 < waits[1] < 1


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "nan", "Wed, 99 Foo 2026 00:00:00 GMT"])
def test_a_wait_that_cannot_be_read_is_none(value: str | None) -> None:
    assert _http._find_retry_after(value) == 0


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "does not let you in"), (403, "does not let you in"), (404, "does not have that")],
)
def test_a_refusal_is_not_tried_again(status: int, said: str) -> None:
    with (
        run_site(say({"error_code": "X", "message": "No\n such\trun."}, status)) as site,
        pytest.raises(
            HttpError, match=rf"{said} \(HTTP {status}\) and says: No such run\. "
        ) as caught,
    ):
        ask(site)
    assert caught.value.status == status
    assert len(site.asked) == 1


@pytest.mark.parametrize("body", [b"<html>Log in</html>", b"", b"[" * 100_000, b'{"a": 1'])
def test_an_answer_that_is_no_json_says_so(body: bytes) -> None:
    with run_site(say(body)) as site, pytest.raises(TrackerError, match="no JSON"):
        ask(site)


def test_a_token_goes_to_no_other_host() -> None:
    with run_site(say({"stolen": 1})) as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost") + "/x"
        with (
            run_site(say({}, 302, Location=elsewhere)) as site,
            pytest.raises(TrackerError, match="redirects to another server, http://localhost"),
        ):
            ask(site, token="Bearer secret")
    assert other.asked == []


def test_a_redirect_on_the_same_server_is_followed() -> None:
    with run_site(say({}, 308, Location="/new/x"), say({"ok": 1})) as site:
        assert ask(site, token="Bearer secret") == {"ok": 1}
    assert [path for _, path, _ in site.asked] == ["/x", "/new/x"]


def test_a_circle_of_redirects_ends() -> None:
    with (
        run_site(say({}, 302, Location="/x")) as site,
        pytest.raises(TrackerError, match="redirects in a circle"),
    ):
        ask(site)


def test_a_question_that_was_posted_is_not_turned_into_another() -> None:
    with (
        run_site(say({}, 302, Location="/y")) as site,
        Client(Server(site.url)) as client,
        pytest.raises(TrackerError, match="answers with a redirect"),
    ):
        client.post_json("/x", {})
    assert len(site.asked) == 1


def test_passwords_of_netrc_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    # Off the loopback requests would look there.
    monkeypatch.setattr(_http, "is_loopback", lambda url: False)
    with run_site(say({"ok": 1})) as site:
        assert ask(site) == {"ok": 1}
    assert "Authorization" not in site.asked[0][2]


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with run_site(say({"ok": 1})) as site:
        assert ask(site) == {"ok": 1}


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "MAX_BYTES", 2**20)

    def pour(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(b"[" * 65536)

    with run_site(pour) as site, pytest.raises(TrackerError, match="more than 1 MB"):
        ask(site)


def test_a_server_that_only_listens_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with (
            Client(server, seconds=0.3, pause=0.001) as client,
            pytest.raises(TrackerError, match=r"does not answer in time|took longer"),
        ):
            client.get_json("/x")


@pytest.mark.parametrize("chunk", [b" ", b"1\r\n \r\n"])
def test_a_server_that_drips_is_given_up(chunk: bytes) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        if len(chunk) > 1:
            handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(chunk)
                time.sleep(0.01)

    with run_site(drip) as site, pytest.raises(TrackerError, match=r"took longer than 0\.3 s"):
        ask(site, seconds=0.3)


def test_a_packed_answer_is_unpacked() -> None:
    body = gzip.compress(json.dumps({"a": "b" * 100_000}).encode())
    with run_site(say(body, Content_Encoding="gzip")) as site:
        assert ask(site) == {"a": "b" * 100_000}


def test_a_packed_bomb_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "MAX_BYTES", 2**20)
    body = gzip.compress(b"[" * 50_000_000)
    with (
        run_site(say(body, Content_Encoding="gzip")) as site,
        pytest.raises(TrackerError, match="more than 1 MB"),
    ):
        ask(site)


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    def break_off(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"a": ')
        hang_up(handler)

    with run_site(break_off, say({"ok": 1})) as site:
        assert ask(site) == {"ok": 1}


def test_a_port_where_nobody_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}")
    with (
        Client(server, pause=0.001) as client,
        pytest.raises(TrackerError, match=rf"127\.0\.0\.1:{port} cannot be reached: .*refused"),
    ):
        client.get_json("/x")


def test_a_host_that_does_not_exist_is_named() -> None:
    with (
        Client(Server("http://no-such-host.invalid"), pause=0.001, seconds=3) as client,
        pytest.raises(TrackerError, match="no-such-host") as caught,
    ):
        client.get_json("/x")
    assert caught.value.message.count("(") == caught.value.message.count(")")
    assert "Errno" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "url", "authorization"),
    [
        ("http://localhost:5000/", "http://localhost:5000", ""),
        (" HTTPS://Lab.example.org/mlflow/ ", "https://lab.example.org/mlflow", ""),
        ("http://me:a%40b@h:1/x", "http://h:1/x", make_basic("me", "a@b")),
        ("http://[::1]:5000", "http://[::1]:5000", ""),
    ],
)
def test_addresses_are_read(text: str, url: str, authorization: str) -> None:
    assert parse_url(text) == (url, authorization)


@pytest.mark.parametrize(
    "text", ["", "localhost:5000", "ftp://h", "http://", "http://h:x", "http://[1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(TrackerError, match="is no address of a server"):
        parse_url(text)


@given(st.text())
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    for prefix in ("", "http://"):
        with contextlib.suppress(TrackerError):
            url, _ = parse_url(prefix + text)
            assert parse_url(url) == (url, "")


def test_origins_and_this_machine() -> None:
    assert origin("https://a.b/c") == origin("https://a.b:443") != origin("http://a.b")
    assert is_loopback("http://localhost:1")
    assert is_loopback("http://127.9.9.9")
    assert is_loopback("http://[::1]:5000")
    assert not is_loopback("http://localhost.example.org")
    assert not is_loopback("http://169.254.169.254")
    assert hide_user("http://me:secret@h:1/x@y") == "http://h:1/x@y"
