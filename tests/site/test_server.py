"""The local server, asked over real sockets."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cardgen.errors import SiteError
from cardgen.site.news import News
from cardgen.site.server import Server

PAGE = "<html><head><title>x</title></head><body>Hello</body></html>"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "public" / "site"
    (folder / "cards" / "qa-1").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "404.html").write_text("<html><head></head>gone astray</html>")
    (folder / "cards" / "qa-1" / "index.html").write_text(PAGE)
    (folder / "żółw.txt").write_text("żółw", encoding="utf-8")
    (folder / "x.wasm").write_bytes(b"\0asm")
    (folder / "x.svg").write_text("<svg/>")
    (folder / "x.js").write_text("1")
    (folder / "wasm.en.pagefind").write_bytes(b"\0")
    (folder / ".hidden").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    return folder


@pytest.fixture
def server(site: Path) -> Iterator[Server]:
    with Server(site, port=0) as running:
        yield running


def ask(
    server: Server, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_a_page_is_served_uncached_with_the_reloading_script(server: Server) -> None:
    status, headers, body = ask(server, "/cards/qa-1/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b'<script type="module" src="/__cardgen/reload.js?since=' in body
    assert b"Hello" in body
    assert ask(server, "/__cardgen/reload.js")[0] == 200


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/x.wasm", "application/wasm"),
        ("/x.svg", "image/svg+xml"),
        ("/x.js", "text/javascript; charset=utf-8"),
        ("/%C5%BC%C3%B3%C5%82w.txt", "text/plain; charset=utf-8"),
        ("/wasm.en.pagefind", "application/octet-stream"),
    ],
)
def test_content_types(server: Server, path: str, kind: str) -> None:
    status, headers, _ = ask(server, path)
    assert (status, headers["Content-Type"]) == (200, kind)


def test_a_drawing_opened_by_itself_runs_nothing(server: Server) -> None:
    assert "default-src 'none'" in ask(server, "/x.svg")[1]["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "", "localhost.evil", "["])
def test_other_names_are_forbidden(server: Server, host: str) -> None:
    for path in ("/", "/__cardgen/events?since=0&page=/", "/__cardgen/reload.js"):
        status, _, body = ask(server, path, Host=host)
        assert status == 403
        assert b"Hello" not in body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:8000"])
def test_names_of_this_machine_are_served(server: Server, host: str) -> None:
    assert ask(server, "/", Host=host)[0] == 200


def test_two_host_headers_are_forbidden(server: Server) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert b" 403 " in raw.recv(100)


@pytest.mark.parametrize(
    "path",
    [
        "/../../secret.txt",
        "/%2e%2e/%2e%2e/secret.txt",
        "/..%2f..%2fsecret.txt",
        "/cards/..%5c..%5csecret.txt",
        "/link.txt",
        "/up/secret.txt",
        "/.hidden",
        "//etc/passwd",
        "/%00",
        "/%ff",
        "/cards/",
        "/nowhere",
        "/" + "a" * 5000,
    ],
)
def test_nothing_but_the_sites_files_is_served(server: Server, path: str) -> None:
    status, _, body = ask(server, path)
    assert status == 404
    assert b"gone astray" in body
    assert b"secret" not in body


def test_a_folder_is_redirected_to_its_page_and_not_elsewhere(server: Server) -> None:
    status, headers, _ = ask(server, "/cards/qa-1")
    assert (status, headers["Location"]) == (301, "/cards/qa-1/")
    status, headers, _ = ask(server, "//cards/qa-1")
    assert headers["Location"] == "/cards/qa-1/"


def test_head_has_no_body_and_other_methods_are_not_there(server: Server) -> None:
    status, headers, body = ask(server, "/", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > len(PAGE)
    for method in ("POST", "PUT", "DELETE"):
        assert ask(server, "/", method)[0] == 501


def test_what_stands_below_the_published_path_is_found(site: Path) -> None:
    with Server(site, port=0, mount="/team/runs") as server:
        assert ask(server, "/team/runs/x.js")[0] == 200
        assert ask(server, "/x.js")[0] == 200
        assert ask(server, "/team/x.js")[0] == 404


def test_the_next_port_is_taken_and_none_is_one_sentence(site: Path) -> None:
    with Server(site, port=0) as first:
        port = urlsplit(first.url).port
        assert port is not None
        with Server(site, port=port) as second:
            assert port < (urlsplit(second.url).port or 0) < port + 20
            assert ask(second, "/")[0] == 200
    with pytest.raises(SiteError, match=r"Nothing can be served at 203\.0\.113\.1:8000"):
        Server(site, host="203.0.113.1")


def listen(server: Server, page: str, since: int, into: list[bytes]) -> threading.Thread:
    def work() -> None:
        into.append(ask(server, f"/__cardgen/events?since={since}&page={page}")[2])

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_page_hears_of_its_own_changes_only(server: Server) -> None:
    heard: list[bytes] = []
    others: list[bytes] = []
    since = server.news.version
    mine = listen(server, "/cards/qa-1/", since, heard)
    other = listen(server, "/cards/qa-2/", since, others)
    time.sleep(0.2)
    server.news.publish(["cards/qa-1/"])
    mine.join(10)
    assert b"event: reload" in heard[0]
    assert other.is_alive()
    server.news.publish(None)
    other.join(10)
    assert b"event: reload" in others[0]


def test_a_change_before_one_listens_is_heard(server: Server) -> None:
    since = server.news.version
    server.news.publish(["cards/ż/"])
    heard: list[bytes] = []
    listen(server, "/cards/%25C5%25BC/index.html", since, heard).join(10)
    assert b"event: reload" in heard[0]


def test_a_stream_without_a_number_ends(server: Server) -> None:
    assert ask(server, "/__cardgen/events?since=x&page=/")[2] == b""


def test_streams_end_with_the_server(site: Path) -> None:
    heard: list[bytes] = []
    with Server(site, port=0) as server:
        thread = listen(server, "/", server.news.version, heard)
        time.sleep(0.2)
    thread.join(10)
    assert not thread.is_alive()
    assert b"reload" not in heard[0]


def test_a_later_server_is_newer_than_pages_of_an_earlier_one() -> None:
    earlier = News().version
    time.sleep(0.01)
    assert News().wait("x/", earlier, timeout=0)
